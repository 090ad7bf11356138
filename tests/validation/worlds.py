"""A repo in memory for tests of the index: every file is a line of small words.

``object=web`` declares an object, ``offers=Kind/name`` a definition, ``needs=Kind/name`` a
pointer, ``path=apps/web`` a pointer at a path, ``wrong`` is a finding of the file itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ruleengine.model.actions import Target
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.references import Definition, Reference
from ruleengine.model.values import Object
from ruleengine.validation.checks import Selection, stored_findings
from ruleengine.validation.facts import FactRows, FileFacts, FileKey, rows_of
from ruleengine.validation.identities import identity_of
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.states import TreeState
from ruleengine.validation.updating import Updated, update


@dataclass
class World:
    """Commits by name, each with its files; the content of a file is its blob id."""

    commits: dict[str, Mapping[str, str]] = field(default_factory=lambda: {"": {}})
    examined: list[str] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)

    def listing(self, commit: str, paths: Sequence[str] = ()) -> Mapping[str, str]:
        """Return the files of a commit."""
        files = self.commits[commit]
        return {path: blob for path, blob in files.items() if not paths or path in paths}

    def changes(self, old: str, new: str) -> Mapping[str, str | None]:
        """Return what differs between commits."""
        if old in self.forgotten:
            raise KeyError(old)
        before, after = self.commits[old], self.commits[new]
        return {
            path: after.get(path)
            for path in {*before, *after}
            if before.get(path) != after.get(path)
        }

    def examine(self, keys: Sequence[FileKey]) -> Iterable[FactRows]:
        """Learn the facts of files, and remember which ones were asked for."""
        self.examined += [key.path for key in keys]
        return [rows_of(facts_of(key)) for key in keys]

    def render(self, key: FileKey, applications: Sequence[Object]) -> FactRows:
        """Render nothing: no file of these worlds declares an application."""
        raise AssertionError((key, applications))

    def bring(
        self, index: ValidationIndex, commit: str, overlay: Mapping[str, str | None] | None = None
    ) -> Updated:
        """Bring an index to a state of this world."""
        with index.transaction():
            state = TreeState(commit=commit, overlay=overlay or {})
            return update(index, state, self, FakeContexts, self)


class FakeContexts:
    """Text files are documents; ``_defaults`` reaches its folder, ``rules`` everything."""

    def __init__(self, index: ValidationIndex) -> None:
        self._index = index
        rules = index.file("rules")
        self.whole = rules[0] if rules else ""

    def of(self, path: str) -> str | None:
        """Return the blob of the defaults beside a document."""
        if not path.endswith(".txt"):
            return None
        folder = self.reach(path.rpartition("/")[0] + "/_defaults")
        defaults = self._index.file(f"{folder}/_defaults")
        return f"{self.whole} {defaults[0] if defaults else ''}"

    def reach(self, path: str) -> str | None:
        """Return the folder of a ``_defaults`` file."""
        folder, _, name = path.rpartition("/")
        return folder if name == "_defaults" else None


def facts_of(key: FileKey) -> FileFacts:
    """Return what a file of small words says."""
    place = Place(key.path, 1, 1)
    words = [word.partition("=") for word in key.blob.split()]
    named = {name: [value for one, _, value in words if one == name] for name, _, _ in words}
    split = {name: [value.split("/") for value in named.get(name, [])] for name in named}
    return FileFacts(
        key=key,
        documents=1,
        findings=tuple(
            Finding(
                severity=Severity.ERROR,
                code="schema-field-unknown",
                message=f"wrong in {key.context}",
                remedy="mend it",
                place=place,
            )
            for _ in named.get("wrong", [])
        ),
        identities=tuple(
            identity_of(Target("v1", "ConfigMap", "shop", name), place)
            for name in named.get("object", [])
        ),
        definitions=tuple(
            Definition(kind=kind, namespace="", name=name, place=place)
            for kind, name in split.get("offers", [])
        ),
        references=tuple(
            Reference(kind=kind, namespace="", name=name, place=place)
            for kind, name in (
                *split.get("needs", []),
                *(("Path", path) for path in named.get("path", [])),
            )
        ),
    )


def findings_in(index: ValidationIndex) -> list[tuple[str, str, str]]:
    """Return path, code and message of all findings, ordered."""
    return sorted(
        (one.place.path, one.code, one.message) for one in stored_findings(index, Selection())
    )
