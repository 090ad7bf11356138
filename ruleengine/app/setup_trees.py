"""The few files of a repo that say how the others are read: settings, rules, schemas, defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruleengine.model.findings import Finding
from ruleengine.model.trees import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupTree:
    """A :class:`ruleengine.model.trees.Tree` of a handful of files that are held in memory.

    It can be sent to another process.
    """

    contents: Mapping[str, tuple[str, bytes]] = field(repr=False)
    revision: str = ""
    dirty: bool = False
    findings: tuple[Finding, ...] = ()

    def files(self) -> Mapping[str, Entry]:
        """Return the files with their blob ids."""
        return {
            path: Entry(blob, len(data)) for path, (blob, data) in sorted(self.contents.items())
        }

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises ``KeyError`` for a path that is not there."""
        return self.contents[path][1]
