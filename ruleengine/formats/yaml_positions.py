"""Where keys and values stand in a file.

Who keeps many documents and points at few reads them without positions: a locator then
keeps the text and parses it a second time when it is first asked, for all documents of its
file at once. Who points at every document and forgets it reads the positions at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ruleengine.formats.yaml_builder import Built, Position, position_of
from ruleengine.model.values import Path, Value


class Positions:
    """The positions of all documents of one file, found on first use."""

    __slots__ = ("_find", "_found")

    def __init__(self, find: Callable[[], tuple[Built, ...]]) -> None:
        self._find: Callable[[], tuple[Built, ...]] | None = find
        self._found: tuple[Built, ...] = ()

    def document(self, index: int) -> Built:
        """Return the document with its positions."""
        if self._find is not None:
            self._found = self._find()
            self._find = None
        return self._found[index]


@dataclass(frozen=True, slots=True)
class FileLocator:
    """The :class:`ruleengine.model.documents.Locator` of one document of a file."""

    positions: Positions
    index: int

    def key(self, path: Path) -> Position:
        """Return line and column of the last key (or list item) of ``path``.

        Where the path leaves the document, the nearest parent that exists is meant.
        """
        return self._position(path, 0)

    def value(self, path: Path) -> Position:
        """Return line and column where the value at ``path`` begins."""
        return self._position(path, 1)

    def _position(self, path: Path, side: int) -> Position:
        built = self.positions.document(self.index)
        container: Value = built.value
        spot = None
        try:
            for step in path:
                spot = built.spots[id(container)][step]
                container = container[step]
        except (LookupError, TypeError):
            pass  # the path leaves the document
        return position_of(spot[side]) if spot else built.position
