"""Brings the index to a state of the repo, examining only the files it does not know yet.

The examination itself (parse, schemas, rules) is handed in: it is composed by the room
above, and may run in other processes.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ruleengine.model.values import Object
from ruleengine.validation.facts import FactRows, FileKey
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.problems import Key, keys_of_paths, refresh_problems
from ruleengine.validation.renders import update_renders
from ruleengine.validation.states import History, TreeState, difference

_ROOM_FOR_UNUSED = 2
"""So many times the current number of entries are kept before unused ones are deleted."""


class Learner(Protocol):
    """Learns facts; composed by the room above."""

    def examine(self, keys: Sequence[FileKey]) -> Iterable[FactRows]:
        """Read files and yield their facts, in any order."""

    def render(self, key: FileKey, applications: Sequence[Object]) -> FactRows:
        """Render the applications of a file and return what is learnt as facts of ``key``."""


class Contexts(Protocol):
    """Knows which files are documents and what applies to them.

    ``whole`` digests what applies everywhere (configuration, rules, schemas).
    """

    whole: str

    def of(self, path: str) -> str | None:
        """Return the digest of what applies to a path, ``None`` for files that are no documents."""

    def reach(self, path: str) -> str | None:
        """Return the folder below which a change of ``path`` matters, ``None`` for plain files."""


class Updated(NamedTuple):
    """What bringing the index to a state took, and how much there is now."""

    examined: int
    files: int
    documents: int
    recorded: int


@dataclass(slots=True)
class _Work:
    """What an update has found so far. ``old`` and ``new`` are entries that leave and come."""

    changed: set[str]
    moved: set[str]
    old: dict[str, int]
    new: dict[str, int | None]


def update(
    index: ValidationIndex,
    state: TreeState,
    history: History,
    contexts: Callable[[ValidationIndex], Contexts],
    learner: Learner,
) -> Updated:
    """Bring the index to ``state``. It has to be called inside a transaction.

    ``contexts`` is called when the index knows all paths of the state, because rules and
    defaults are among them.
    """
    work = _update_files(index, state, history)
    applying = contexts(index)
    examined = _update_entries(index, applying, learner, work)
    renewed = {*work.old, *work.new}
    rendered = update_renders(index, work.changed, renewed, applying.whole, learner.render)
    entries = rendered | {
        one for one in (*work.old.values(), *work.new.values()) if one is not None
    }
    keys: set[Key] = keys_of_paths(work.moved) if work.moved else set()
    for table in ("identities", "definitions", "pointers"):
        keys |= index.keys_of(entries, table)
    refresh_problems(index, keys)
    index.remember(state=json.dumps([state.commit, dict(state.overlay)]))
    return _count(index, examined, work)


def remembered_state(index: ValidationIndex) -> TreeState | None:
    """Return the state that the index was last brought to."""
    text = index.remembered("state")
    if not text:
        return None
    commit, overlay = json.loads(text)
    return TreeState(commit=commit, overlay=overlay)


def _update_files(index: ValidationIndex, state: TreeState, history: History) -> _Work:
    named, anew = difference(remembered_state(index), state, history)
    known: Mapping[str, tuple[str, int | None] | None]
    if anew:
        known = {path: (blob, entry) for path, blob, entry in index.files_below()}
        named = {**dict.fromkeys(known), **named}
    else:
        known = {path: index.file(path) for path in named}
    work = _Work(set(), set(), {}, {})
    put: list[tuple[str, str]] = []
    for path, blob in named.items():
        before = known.get(path)
        if blob == (before[0] if before else None):
            continue
        work.changed.add(path)
        if before is None or blob is None:
            work.moved.add(path)
        if before and before[1] is not None:
            work.old[path] = before[1]
        if blob is not None:
            put.append((path, blob))
    index.put_files(put)
    index.remove_files(path for path, blob in named.items() if blob is None)
    return work


def _update_entries(
    index: ValidationIndex, contexts: Contexts, learner: Learner, work: _Work
) -> int:
    """Find, or learn, the facts of every file that may need others, and assign them."""
    missing: dict[int, FileKey] = {}
    for path, blob, entry in _files_to_look_at(index, contexts, work):
        context = contexts.of(path)
        key = FileKey(path, blob, context) if context is not None else None
        number = key.number if key else None
        if number == entry:
            continue
        work.new[path] = number
        if entry is not None:
            work.old[path] = entry
        if key and number is not None:
            missing[number] = key
    for number in index.known_entries(missing):
        del missing[number]
    if missing:
        index.store(learner.examine(list(missing.values())))
    index.assign((number, path) for path, number in work.new.items())
    return len(missing)


def _files_to_look_at(
    index: ValidationIndex, contexts: Contexts, work: _Work
) -> Iterable[tuple[str, str, int | None]]:
    if contexts.whole != index.remembered("whole"):
        index.remember(whole=contexts.whole)
        return index.files_below()
    found: dict[str, tuple[str, str, int | None]] = {}
    for path in work.changed:
        file = index.file(path)
        if file:
            found[path] = (path, *file)
        folder = contexts.reach(path)
        if folder is not None:
            found.update((row[0], row) for row in index.files_below(folder))
    return found.values()


def _count(index: ValidationIndex, examined: int, work: _Work) -> Updated:
    """Keep the totals by what came and went, so that nothing has to be counted."""
    files = int(index.remembered("files") or 0)
    documents = int(index.remembered("documents") or 0)
    recorded = int(index.remembered("recorded") or 0)
    for sign, entries in ((-1, work.old.values()), (1, work.new.values())):
        numbers = [number for number in entries if number is not None]
        held, only_recorded = index.documents_in(numbers)
        files += sign * len(numbers)
        documents += sign * held
        recorded += sign * only_recorded
    stored = int(index.remembered("stored") or 0) + examined
    if stored > _ROOM_FOR_UNUSED * files + 1000:
        index.forget_unused()
        stored = files
    index.remember(
        files=str(files), documents=str(documents), recorded=str(recorded), stored=str(stored)
    )
    return Updated(examined=examined, files=files, documents=documents, recorded=recorded)
