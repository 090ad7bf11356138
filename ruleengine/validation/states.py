"""A tree told as a difference, so that 10,000 files that did not change cost nothing.

The index remembers the state it was last brought to. The next run asks only for what
differs between the two commits and for the few paths that differ from their commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """A commit and the paths that differ from it.

    ``commit`` is empty where there is none yet: then ``overlay`` holds every file.
    ``overlay`` maps a path to its blob id, or to ``None`` where the path is gone.
    """

    commit: str = ""
    overlay: Mapping[str, str | None] = field(default_factory=dict)


class History(Protocol):
    """Answers what is in a commit. An empty commit holds nothing."""

    def listing(self, commit: str, paths: Sequence[str] = ()) -> Mapping[str, str]:
        """Return every regular file of a commit, or those of ``paths``, with its blob id."""

    def changes(self, old: str, new: str) -> Mapping[str, str | None]:
        """Return the paths that differ from ``old`` to ``new``, with their new blob ids.

        Raises ``KeyError`` where ``old`` is no longer known.
        """


def difference(
    known: TreeState | None, wanted: TreeState, history: History
) -> tuple[Mapping[str, str | None], bool]:
    """Return the paths that may differ between two states, and whether to start anew.

    A path may be named although it does not differ; none that differs is missing. Starting
    anew means that every path that is not named is gone.
    """
    if known is not None:
        try:
            return _since(known, wanted, history), False
        except KeyError:
            pass
    return {**history.listing(wanted.commit), **wanted.overlay}, True


def _since(known: TreeState, wanted: TreeState, history: History) -> Mapping[str, str | None]:
    moved = {} if known.commit == wanted.commit else history.changes(known.commit, wanted.commit)
    left = [path for path in known.overlay if path not in wanted.overlay and path not in moved]
    # What the last run saw changed and is as committed again: only the commit knows its blob.
    restored: Mapping[str, str | None] = {}
    if left:
        listing = history.listing(wanted.commit, left)
        restored = {path: listing.get(path) for path in left}
    return {**moved, **restored, **wanted.overlay}
