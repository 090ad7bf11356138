"""A tree of files at one revision: what a commit, the index or the working tree holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding


class Entry(NamedTuple):
    """One regular file of a tree: its Git blob id and its size in bytes."""

    blob: str
    size: int


class Tree(Protocol):
    """The files of one revision. Paths are relative to the root, with ``/`` between parts.

    Symbolic links, submodules and paths that leave the repo are not among the files: they
    are in ``findings``. ``revision`` is a commit id, empty where there is none yet;
    ``dirty`` tells that the files differ from that commit.
    """

    @property
    def revision(self) -> str:
        """The commit id, or an empty text."""

    @property
    def dirty(self) -> bool:
        """Whether the files differ from the commit."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was met and not followed: links, submodules, unreadable files."""

    def files(self) -> Mapping[str, Entry]:
        """Return every regular file by path, in the order of the paths."""

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises ``KeyError`` for a path that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The documents of one tree, and what was wrong with reading them.

    ``files`` maps every path of the tree (not only documents) to its blob id.
    """

    documents: tuple[Document, ...]
    findings: tuple[Finding, ...] = ()
    revision: str = ""
    dirty: bool = False
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
