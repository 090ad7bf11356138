"""Learns the facts of files: parse, schemas, rules. In this process, or in several.

Worker processes are spawned, never forked, and only where there is enough to do to pay
for starting them.
"""

import gc
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ruleengine.app.contents import Contents
from ruleengine.app.loaded_setups import load_setup
from ruleengine.app.setup_trees import SetupTree
from ruleengine.app.setups import is_setup
from ruleengine.app.tree_states import PATH_INVALID, mode_of
from ruleengine.formats import json_text, yaml_reader
from ruleengine.formats.yaml_reader import Parsed
from ruleengine.model.actions import Action
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import CONFIGURATION_FILE, FOLDERS, Derived, Document
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from ruleengine.repository.defaults import read_defaults
from ruleengine.repository.entries import entry_finding, repository_finding, unreadable
from ruleengine.repository.snapshots import (
    DEFAULTS_FILE,
    is_document_path,
    read_file,
    unread_finding,
)
from ruleengine.rules import records
from ruleengine.rules.evaluation import evaluate_document
from ruleengine.rules.loading import is_rule_file
from ruleengine.validation.derived import check_derived
from ruleengine.validation.facts import FactRows, FileFacts, FileKey, rows_of
from ruleengine.validation.graphs import output_reads
from ruleengine.validation.identities import Identity, identity_of
from ruleengine.validation.renders import described
from ruleengine.validation.schema_catalog import Memory
from ruleengine.validation.support import unsupported

_WORTH_A_WORKER = 1500
"""So many files take longer than starting a process does, which imports and loads everything."""

_CHUNK = 100

Advance = Callable[[int, int], None]
"""Told how many files of how many are done."""


class Task(NamedTuple):
    """What a worker needs to learn facts: where files are read and what applies to them."""

    contents: Contents
    setup: SetupTree


class Examiner:
    """Learns the facts of one file after the other."""

    def __init__(self, task: Task, memory: Memory | None = None) -> None:
        self._contents = task.contents
        self._setup = load_setup(task.setup, memory)
        self._defaults = read_defaults(task.setup)

    def examine(self, key: FileKey) -> FileFacts:
        """Return the facts of one file. Whatever its bytes are, nothing is raised."""
        mode = mode_of(key.blob)
        wrong = _not_regular(mode, key.path) if mode else self._unread(key.path)
        if wrong is not None:
            return FileFacts(key=key, documents=0, findings=(wrong,))
        try:
            data = self._contents.read(key.path, key.blob)
        except KeyError:
            return FileFacts(key=key, documents=0, findings=(unreadable(key.path),))
        alone = SetupTree(contents={key.path: (key.blob, data)})
        documents, findings = read_file(alone, key.path, key.blob, _located)
        if key.path == CONFIGURATION_FILE or is_rule_file(key.path):
            # What is wrong with these is told by reading the setup, which every run does.
            return FileFacts(key=key, documents=len(documents))
        if key.path.endswith(f"/{DEFAULTS_FILE}"):
            findings += read_defaults(alone, {}).findings
        return self._facts(key, documents, findings)

    def evaluate(self, key: FileKey) -> str:
        """Return how the documents of a file evaluate, as the data that is remembered of it.

        A file that is not read declares nothing; its facts say why.
        """
        folders = (*FOLDERS, *self._setup.rules.folders)
        if mode_of(key.blob) or not is_document_path(key.path, folders):
            return "[]"
        try:
            data = self._contents.read(key.path, key.blob)
        except KeyError:
            return "[]"
        alone = SetupTree(contents={key.path: (key.blob, data)})
        documents, _ = read_file(alone, key.path, key.blob)
        return json_text.dumps(
            [
                records.to_data(
                    evaluate_document(
                        one,
                        self._defaults(key.path),
                        self._setup.configuration,
                        self._setup.rules,
                    )
                )
                for one in documents
            ]
        )

    def _unread(self, path: str) -> Finding | None:
        folders = (*FOLDERS, *self._setup.rules.folders)
        return None if is_document_path(path, folders) else unread_finding(path, folders)

    def _facts(
        self, key: FileKey, documents: Sequence[Document], findings: Sequence[Finding]
    ) -> FileFacts:
        found = list(findings)
        evaluations = []
        for document in documents:
            defaults = self._defaults(key.path)
            wrong = self._setup.checker.check(document, defaults=defaults)
            found += wrong
            if is_setup(key.path) or any(one.severity is Severity.ERROR for one in wrong):
                continue
            if self._setup.configuration.engine is Engine.NATIVE:
                found += unsupported(document)
            evaluation = evaluate_document(
                document, defaults, self._setup.configuration, self._setup.rules
            )
            found += evaluation.findings
            found += check_derived(evaluation.derived, self._setup.checker)
            evaluations.append(evaluation)
        return FileFacts(
            key=key,
            documents=len(documents),
            findings=tuple(found),
            identities=tuple(
                identity
                for evaluation in evaluations
                for action in evaluation.actions
                for identity in _identity(action)
            ),
            definitions=tuple(one for each in evaluations for one in each.definitions),
            references=tuple(
                one
                for each in evaluations
                for one in (*each.references, *output_reads(each.derived))
            ),
            applications=tuple(
                application
                for each in evaluations
                for one in each.derived
                if (application := self._application(one)) is not None
            ),
        )

    def _application(self, derived: Derived) -> Object | None:
        value = derived.object
        if value.get("kind") != "Application" or value.get("apiVersion") != ARGO_API_VERSION:
            return None
        return described(value, derived.origin.line, self._setup.configuration.repo)


def examine_all(
    task: Task,
    keys: Sequence[FileKey],
    jobs: int,
    advance: Advance,
    *,
    worth: int = _WORTH_A_WORKER,
    memory: Memory | None = None,
) -> Iterable[FactRows]:
    """Yield the facts of files as rows, in no particular order.

    ``jobs`` is the largest number of processes; each gets at least ``worth`` files. Only
    this process uses ``memory``: it cannot be sent to another.
    """
    workers = min(jobs, len(keys) // worth)
    rows = _spread(task, keys, workers) if workers > 1 else _alone(task, keys, memory)
    for done, row in enumerate(rows, 1):
        yield row
        advance(done, len(keys))


def _alone(task: Task, keys: Sequence[FileKey], memory: Memory | None) -> Iterator[FactRows]:
    examiner = Examiner(task, memory)
    for key in keys:
        yield rows_of(examiner.examine(key))


def _spread(task: Task, keys: Sequence[FileKey], workers: int) -> Iterator[FactRows]:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    chunks = [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(task,)
    ) as pool:
        with _uninterrupted():
            waiting = [pool.submit(_work, chunk) for chunk in chunks]
        try:
            for future in as_completed(waiting):
                yield from future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach; here it comes when they are started.

    A terminal sends it to all of them, and each would end with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_worker: Examiner | None = None
"""The examiner of a worker process, which lives as long as the process."""


def _start_worker(task: Task) -> None:
    gc.disable()  # a worker is short-lived, and documents hold no cycles worth looking for
    global _worker  # noqa: PLW0603 - a worker process has one examiner and no other place for it
    _worker = Examiner(task)


def _work(keys: Sequence[FileKey]) -> list[FactRows]:
    if _worker is None:
        raise RuntimeError("the worker process was not started by _start_worker")
    return [rows_of(_worker.examine(key)) for key in keys]


def _located(path: str, _: str, load: Callable[[], bytes]) -> Parsed:
    """Read a file with its positions: what it declares and points at has places."""
    return yaml_reader.read(load(), path, locate=True)


def _identity(action: Action) -> Iterator[Identity]:
    """Yield what an action declares; what gets its name later is no identity yet."""
    if action.target.name and action.object is not None and action.origin:
        yield identity_of(action.target, Place(action.origin.path, action.origin.line, 1))


def _not_regular(mode: str, path: str) -> Finding | None:
    if mode == PATH_INVALID:
        return repository_finding(
            "repository-path-invalid",
            "the path is no UTF-8, so the file is not read",
            "rename the file",
            path,
        )
    return entry_finding(mode, path)
