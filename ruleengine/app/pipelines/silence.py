"""Why the logs of a workflow say nothing: each reason is told once, when it has stood a while."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import Phase

_QUIET: Final = 3.0
"""Seconds after which a reason is told: most steps begin sooner."""

Note = Callable[[str], None]


class Silence:
    """Tells with ``note`` what keeps logs from being written or read; ``clock`` gives seconds."""

    def __init__(self, note: Note, clock: Callable[[], float] = time.monotonic) -> None:
        self._note = note
        self._clock = clock
        self._since: dict[str, float] = {}
        self._told: set[str] = set()

    def look(self, reasons: Iterable[str]) -> None:
        """Take note of the reasons that there are now; those that are gone are forgotten."""
        now = self._clock()
        self._since = {one: self._since.get(one, now) for one in reasons}
        for reason, since in self._since.items():
            if now - since >= _QUIET and reason not in self._told:
                self._told.add(reason)
                self._note(reason)


def has_not_begun(node: Object) -> str:
    """Return what is told of a step of which there is no log yet; empty where it has begun."""
    if node["phase"] != Phase.PENDING:
        return ""
    return f"{node['displayName']}: it has not begun{_because(node.get('message'))}"


def reasons_in(workflow: Object, nodes: Iterable[Object]) -> Iterator[str]:
    """Yield why a workflow has not begun, or some of its steps have not."""
    status = workflow.get("status") or {}
    if lookup(status, "phase", default=Phase.PENDING) == Phase.PENDING:
        yield f"{workflow['metadata']['name']}: it has not begun{_because(status.get('message'))}"
    yield from filter(None, map(has_not_begun, nodes))


def _because(message: str | None) -> str:
    return f": {message}" if message else ""
