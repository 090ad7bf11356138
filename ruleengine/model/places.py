"""Where the values of an object stand in the document that it was made of.

Expressions yield what they take from a document untouched: the very map or list that was
read. So a value of a derived object is looked up by its identity. Equal texts may be one
object: a text is looked up by its key as well, and has to be the only one. Where that fails,
the path is tried, which a full document shares with the object.
"""

from ruleengine.model.documents import Document, Form
from ruleengine.model.findings import Place
from ruleengine.model.values import Object, Path, Value

_Paths = dict[int | tuple[str, str], Path | None]
"""Paths by the identity of a map or list, or by key and text; none for what is there twice."""


class Places:
    """Finds places in one document. What it needs is made on the first question."""

    __slots__ = ("_document", "_full", "_paths", "whole")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._full = document.form is Form.FULL
        self._paths: _Paths | None = None
        self.whole = Place(document.path, document.line, 1)
        """Where the document begins."""

    def key(self, derived: Object, path: Path) -> Place:
        """Return where the key at ``path`` of an object stands, or its nearest parent."""
        written = self._written(derived, path)
        document = self._document
        return Place(document.path, *document.locator.key(written)) if written else self.whole

    def value(self, derived: Object, path: Path) -> Place:
        """Return where the value at ``path`` of an object begins, or its nearest parent."""
        written = self._written(derived, path)
        document = self._document
        return Place(document.path, *document.locator.value(written)) if written else self.whole

    def _written(self, derived: Object, path: Path) -> Path:
        """Return the path in the document for one of an object; empty where there is none."""
        written = self._document.value
        if self._full and derived.get("kind") == written.get("kind"):
            known = _known(written, path)
            if len(known) == len(path) or derived is written:
                return known
            return self._identical(derived, path) or known
        if found := self._identical(derived, path):
            return found
        known = _known(written, path)
        if len(known) < len(path) and path[:1] == ("spec",):
            # A short form leaves `spec` out.
            hoisted = _known(written, path[1:])
            return hoisted if len(hoisted) > len(known) else known
        return known

    def _identical(self, derived: Object, path: Path) -> Path:
        """Return where the innermost value on the way was read, with the rest of the way."""
        paths = self._paths
        if paths is None:
            paths = self._paths = {}
            _note(self._document.value, (), paths)
        value: Value = derived
        known: Path = ()
        depth = met = 0
        for step in path:
            if not (step in value if type(value) is dict else _has(value, step)):
                break
            value = value[step]
            depth += 1
            written = paths.get((str(step), value) if type(value) is str else id(value))
            if written is not None:
                known, met = written, depth
        return known + path[met:depth] if met else ()


def _note(value: Value, path: Path, paths: _Paths) -> None:
    """Note where a map or list stands, and every map, list and text inside."""
    paths.setdefault(id(value), path)  # an alias repeats it: the anchor tells more
    step: str | int
    for step, inner in value.items() if type(value) is dict else enumerate(value):
        kind = type(inner)
        if kind is str:
            key = (str(step), inner)
            paths[key] = None if key in paths else (*path, step)
        elif kind is dict or kind is list:
            _note(inner, (*path, step), paths)


def _has(value: Value, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _known(value: Value, path: Path) -> Path:
    """Return the longest beginning of ``path`` that exists in ``value``."""
    for length, step in enumerate(path):
        if not (step in value if type(value) is dict else _has(value, step)):
            return path[:length]
        value = value[step]
    return path
