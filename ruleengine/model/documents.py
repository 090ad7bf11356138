"""Documents: one YAML or JSON document of the config repo, with where it stands."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from ruleengine.model.findings import Place
from ruleengine.model.values import Object, Path

FOLDERS = ("environments", "pipelines", "rollouts", "triggers")
"""The four folders of a config repo, in the order in which we show them."""

SETUP_FOLDERS = ("rules", "schemas")
"""The folders of a team's own rules and schemas."""

CONFIGURATION_FILE = "ruleengine.yaml"
"""The file of settings; it marks the root of a config repo, wherever that lies."""


class Form(StrEnum):
    """``FULL`` has ``apiVersion`` and ``kind`` and is taken as it is; ``SHORT`` is expanded."""

    FULL = "full"
    SHORT = "short"


class Locator(Protocol):
    """Knows where every key and value of one document stands in its file."""

    def key(self, path: Path) -> tuple[int, int]:
        """Return line and column of the last key (or list item) of ``path``.

        Where the path leaves the document, the nearest parent that exists is meant.
        """

    def value(self, path: Path) -> tuple[int, int]:
        """Return line and column where the value at ``path`` begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as it was read: plain data, where it stands, and its Git blob id.

    ``path`` is relative to the root of the repo, ``index`` counts the documents of the
    file from 0, ``line`` is the line of the document's first key.
    """

    path: str
    index: int
    line: int
    blob: str
    value: Object
    locator: Locator = field(compare=False, repr=False)

    @property
    def form(self) -> Form:
        """Full when both ``apiVersion`` and ``kind`` are written."""
        return Form.FULL if "apiVersion" in self.value and "kind" in self.value else Form.SHORT

    @property
    def folder(self) -> str:
        """The top-level folder, or an empty text for a file at the root."""
        first, slash, _ = self.path.partition("/")
        return first if slash else ""

    def place(self, *path: str | int) -> Place:
        """Return where the key at ``path`` stands (the document's start without a path)."""
        line, column = self.locator.key(path)
        return Place(self.path, line, column)

    def place_of_value(self, *path: str | int) -> Place:
        """Return where the value at ``path`` begins."""
        line, column = self.locator.value(path)
        return Place(self.path, line, column)


class Origin(NamedTuple):
    """Where something derived came from: document, rule, and what came before.

    ``rule`` is empty for a document that was taken as it is; ``rule_place`` names the
    rule's file and line. ``parent`` is the origin of the document that the rule matched,
    where that one was itself emitted. ``commit`` is empty for an uncommitted tree.
    """

    path: str
    line: int
    blob: str = ""
    commit: str = ""
    rule: str = ""
    rule_place: str = ""
    parent: "Origin | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """An object that the rules made of a document: what will be applied, and from where."""

    object: Object
    origin: Origin
    source: Document = field(repr=False)
