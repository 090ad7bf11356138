"""Learns facts for the index: of files by examining them, of applications by rendering them."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ruleengine.app.checkouts import Checkout
from ruleengine.app.contents import Contents
from ruleengine.app.setup_trees import SetupTree
from ruleengine.app.setups import Setup
from ruleengine.app.tree_states import mode_of
from ruleengine.model.actions import Target
from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding, Place
from ruleengine.model.names import ARGO_HOOK, HELM_HOOK
from ruleengine.model.references import Definition
from ruleengine.model.values import Object, lookup
from ruleengine.reporting.progress import Progress
from ruleengine.validation.facts import FactRows, FileFacts, FileKey, rows_of
from ruleengine.validation.identities import Identity, rendered_identity
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.problems import unread_at
from ruleengine.validation.renders import PREFIX, source_folder


class _Declared(NamedTuple):
    """An object that a source renders: what it is and where it stands."""

    target: Target
    place: Place
    hook: bool


class _Rendered(NamedTuple):
    """What one source renders to for one namespace, and what is wrong with it."""

    findings: Sequence[Finding]
    declared: Sequence[_Declared]


class RepoLearner:
    """The :class:`ruleengine.validation.updating.Learner` of one checkout."""

    def __init__(
        self,
        index: ValidationIndex,
        setup: Setup,
        checkout: Checkout,
        jobs: int | None,
        progress: Progress,
    ) -> None:
        self._index = index
        self._setup = setup
        self._contents = checkout.contents
        self._jobs = jobs or _cores()
        self._progress = progress
        self._rendered: dict[str, _Rendered] = {}
        self._checked: dict[tuple[str, str], dict[int, tuple[Finding, ...]]] = {}

    def examine(
        self, keys: Sequence[FileKey], contents: Contents | None = None
    ) -> Iterable[FactRows]:
        """Read files, from other ``contents`` where given, and yield their facts."""
        from ruleengine.app.examining import Task, examine_all

        task = Task(contents=contents or self._contents, setup=self._setup.tree_for(keys))
        return examine_all(
            task,
            keys,
            self._jobs,
            lambda done, total: self._progress.advance("checking", done, total),
            memory=self._index,
        )

    def evaluate(self, keys: Sequence[FileKey]) -> list[str]:
        """Return how files evaluate, as the data that is remembered of each."""
        from ruleengine.app.examining import Examiner, Task

        task = Task(contents=self._contents, setup=self._setup.tree_for(keys))
        examiner = Examiner(task, self._index)
        return [examiner.evaluate(one) for one in keys]

    def render(self, key: FileKey, applications: Sequence[Object]) -> FactRows:
        """Render the applications of a file: what is wrong with them, what they declare."""
        findings: list[Finding] = []
        definitions: list[Definition] = []
        identities: list[Identity] = []
        for application in applications:
            place = Place(key.path.removeprefix(PREFIX), application["line"], 1)
            for source in application["sources"]:
                # Many environments show one folder: equal questions are asked once.
                question = json.dumps([source, application["namespace"]], sort_keys=True)
                if question not in self._rendered:
                    self._rendered[question] = self._render(source, application)
                    self._progress.advance("rendering", len(self._rendered))
                wrong, declared = self._rendered[question]
                findings += wrong
                for target, manifest, hook in declared:
                    definitions.append(_definition(target, manifest))
                    if not hook and target.name:  # hooks come and go with each sync
                        there = target._replace(cluster=application["cluster"])
                        identities.append(rendered_identity(there, place, manifest))
        return rows_of(
            FileFacts(
                key=key,
                documents=0,
                findings=tuple(findings),
                identities=tuple(identities),
                definitions=tuple(definitions),
            )
        )

    def _render(self, source: Object, application: Object) -> _Rendered:
        from ruleengine.rendering.rendering import render

        folder = source_folder(source)
        if not self._index.exists(folder) or unread_at(self._index, folder):
            return _Rendered((), ())  # the reference check says so, at the line of the path
        tree = self._tree(folder)
        rendered = render(source, tree, application)
        findings = list(rendered.findings)
        declared = []
        for one in rendered.objects:
            findings += self._wrong(tree, one.path, one.line)
            target = _target(one.object, application["namespace"])
            declared.append(_Declared(target, Place(one.path, one.line, 1), _is_hook(one.object)))
        return _Rendered(findings, declared)

    def _wrong(self, tree: SetupTree, path: str, line: int) -> tuple[Finding, ...]:
        """Return what the schemas say about the document at a line of a rendered file."""
        known = (path, tree.contents[path][0]) if path in tree.contents else None
        if known is None:
            return ()
        if known not in self._checked:
            checker = self._setup.loaded.checker
            self._checked[known] = {
                document.line: checker.check(document)
                for document in _documents(tree, path, known[1])
            }
        checked = self._checked[known]
        # An item of a List stands further down than the document that it belongs to.
        start = max((one for one in checked if one <= line), default=line)
        return checked.get(start, ())

    def _tree(self, folder: str) -> SetupTree:
        from ruleengine.repository.entries import entry_finding

        contents: dict[str, tuple[str, bytes]] = {}
        findings: list[Finding] = []
        own = self._index.file(folder)  # what stands in its place
        below = [(path, blob) for path, blob, _ in self._index.files_below(folder)]
        for path, blob in [*([(folder, own[0])] if own else []), *below]:
            unread = entry_finding(mode_of(blob), path) if mode_of(blob) else None
            if unread is not None:
                findings.append(unread)
                continue
            try:
                contents[path] = (blob, self._contents.read(path, blob))
            except KeyError:
                continue  # it was removed meanwhile
        return SetupTree(contents=contents, findings=tuple(findings))


def _cores() -> int:
    """Return how many cores this process may use; not every platform tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _documents(tree: SetupTree, path: str, blob: str) -> Iterator[Document]:
    from ruleengine.repository.snapshots import read_file

    yield from read_file(tree, path, blob)[0]


def _target(value: Object, destination: str) -> Target:
    """Return where an object ends up that is rendered for a namespace."""
    from ruleengine.apimachinery.kinds import KindTable

    target = Target.of(value)
    info = KindTable.built_in().find(target.api_version, target.kind)
    namespaced = info.namespaced if info else not target.kind.startswith("Cluster")
    return target._replace(namespace=(target.namespace or destination) if namespaced else "")


def _is_hook(value: Object) -> bool:
    noted = lookup(value, "metadata", "annotations", default={})
    return ARGO_HOOK in noted or HELM_HOOK in noted


def _definition(target: Target, place: Place) -> Definition:
    return Definition(kind=target.kind, namespace=target.namespace, name=target.name, place=place)
