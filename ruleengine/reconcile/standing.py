"""Standing requests: reads whose answers come later, and may change.

Events that have not happened yet, a port that somebody else has: the answer is there when it
is there. Whoever performs such requests tells the *news* from any thread, and the loop asks
again for what is still read. A standing request lasts exactly as long as some decision reads
it; then its performer is told that it is over, so that a port is closed when the last
document that wants it is gone.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from ruleengine.model.decisions import Answer, Request
from ruleengine.reconcile.asking import answered


class StandingPerformer(Protocol):
    """Performs standing requests of one kind. Called from the loop's thread only."""

    @property
    def exclusive(self) -> bool:
        """Whether only who drives the area may ask: a port is opened by one process."""

    def answer(self, request: Request) -> Answer | None:
        """Return the answer as it is now; ``None`` while there is none."""

    def end(self, request: Request) -> None:
        """Note that nobody reads the answer any more."""


class News:
    """The kinds of standing requests that have something new. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: set[str] = set()
        self._wake: Callable[[], None] = _nobody

    def tell(self, kind: str) -> None:
        """Say that requests of a kind may have other answers now."""
        with self._lock:
            self._kinds.add(kind)
            wake = self._wake
        wake()

    def take(self) -> frozenset[str]:
        """Return the kinds that were told of since the last call."""
        if not self._kinds:
            return frozenset()
        with self._lock:
            kinds = frozenset(self._kinds)
            self._kinds.clear()
        return kinds

    def wakes(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called with all news: it ends the waiting of the loop."""
        with self._lock:
            self._wake = wake


class Standing:
    """The standing requests of one loop, by the key of each."""

    def __init__(
        self, performers: Mapping[str, StandingPerformer], answers: dict[str, Answer]
    ) -> None:
        self._performers = performers
        self._answers = answers
        self._requests: dict[str, Request] = {}

    def performer(self, request: Request) -> StandingPerformer | None:
        """Return who performs a request; ``None`` where nobody does in this run."""
        return self._performers.get(request.kind)

    def ask(self, request: Request) -> bool:
        """Ask for the first time, or for as long as there is no answer; tell if one came."""
        if request.key in self._answers:
            return False
        self._requests[request.key] = request
        return self._look(request)

    def ask_again(self, kind: str) -> Iterator[str]:
        """Ask everything of a kind again; yield the keys whose answer is another now."""
        for key, request in list(self._requests.items()):
            if request.kind == kind and self._look(request):
                yield key

    def look_anew(self) -> None:
        """Drop the answers that only who drives may ask for: others drove since they came."""
        for key, request in self._requests.items():
            if self._performers[request.kind].exclusive:
                self._answers.pop(key, None)

    def end(self, key: str) -> None:
        """Forget a request that nobody reads any more."""
        request = self._requests.pop(key, None)
        if request is not None:
            self._answers.pop(key, None)
            self._performers[request.kind].end(request)

    def _look(self, request: Request) -> bool:
        answer = answered(request, self._performers[request.kind].answer)
        if answer is None or answer == self._answers.get(request.key):
            return False
        self._answers[request.key] = answer
        return True


def _nobody() -> None:
    """Wake nobody: no loop waits yet."""
