"""Objects inside documents: a workflow in a sensor's trigger, the manifest of a resource step.

Each is a document of its own at another place. What something else still fills in (a
trigger's parameters, a patch that is merged, tags in a manifest) is not held against it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from ruleengine.formats import yaml_reader
from ruleengine.model.documents import Document, Locator
from ruleengine.model.findings import Finding
from ruleengine.model.values import Object, Path, Value, lookup

MARK: Final = "x-ruleengine-embedded"
_TAG: Final = "{{"
_FILLED_IN: Final = ("schema-field-missing",)
_COMPLETE: Final = ("create", "submit", "")


class _Below(NamedTuple):
    """Positions of an object inside a document."""

    outer: Locator
    prefix: Path

    def key(self, path: Path) -> tuple[int, int]:
        """Return the position of a key, as seen from the object."""
        return self.outer.key((*self.prefix, *path))

    def value(self, path: Path) -> tuple[int, int]:
        """Return the position of a value, as seen from the object."""
        return self.outer.value((*self.prefix, *path))


class _InText(NamedTuple):
    """Positions in a block of text that begins on the line after ``start``."""

    inner: Locator
    start: tuple[int, int]
    inline: bool

    def _moved(self, position: tuple[int, int]) -> tuple[int, int]:
        return self.start if self.inline else (self.start[0] + position[0], position[1])

    def key(self, path: Path) -> tuple[int, int]:
        """Return the position of a key in the outer file."""
        return self._moved(self.inner.key(path))

    def value(self, path: Path) -> tuple[int, int]:
        """Return the position of a value in the outer file."""
        return self._moved(self.inner.value(path))


class Embedded(NamedTuple):
    """An object inside a document, as a document; ``complete`` if nothing else fills it in."""

    document: Document
    complete: bool

    def keeps(self, finding: Finding, value: Value) -> bool:
        """Tell whether a finding about the object counts, given the value it is about."""
        if isinstance(value, str) and _TAG in value:
            return False
        return self.complete or finding.code not in _FILLED_IN


def items_of_list(document: Document) -> Iterator[Embedded]:
    """Yield the objects of a document of kind ``List``."""
    items = document.value.get("items")
    for index, value in enumerate(items if isinstance(items, list) else ()):
        if isinstance(value, dict):
            yield Embedded(_inside(document, ("items", index), value), complete=True)


def embedded(document: Document, path: Path, how: str) -> Iterator[Embedded]:
    """Yield the objects at a marked place; ``how`` is the mark's value: ``object`` or ``text``."""
    value = lookup(document.value, *path)
    if how == "object" and isinstance(value, dict):
        yield Embedded(_inside(document, path, value), complete=_is_complete(document, path))
    elif how == "text" and isinstance(value, str):
        yield from _manifests(document, path, value)


def _inside(document: Document, path: Path, value: Object) -> Document:
    locator = _Below(document.locator, path)
    return replace(document, value=value, line=locator.key(())[0], locator=locator)


def _is_complete(document: Document, path: Path) -> bool:
    """A trigger's object is complete when it is created and no parameter goes into it."""
    action = lookup(document.value, *path[:-2], default={})
    created = action.get("operation", "") in _COMPLETE
    return created and not action.get("parameters")


def _manifests(document: Document, path: Path, text: str) -> Iterator[Embedded]:
    parsed = yaml_reader.read(text.encode("utf-8", "surrogatepass"), document.path)
    if parsed.findings:
        return  # tags may stand where YAML allows none; they are gone when it is read
    start = document.locator.value(path)
    for one in parsed.documents:
        if isinstance(one.value, dict):
            locator = _InText(one.locator, start, inline="\n" not in text)
            inner = replace(document, value=one.value, line=locator.key(())[0], locator=locator)
            yield Embedded(inner, complete=False)
