"""Patience with reconcilers: a decision that never returns is interrupted, and only that.

What decides is pure: it holds nothing, so it can be left at any of its lines. A thread beside
the deciding one looks now and then how much processor time the decision has used, and raises
in it once that is beyond all reason. Processor time, because a machine that is busy, or asleep,
is no endless loop. Code that is not Python's own is not interrupted before it returns.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ruleengine.model.decisions import Decision, Reconciler, World
from ruleengine.model.values import Object

LONGEST_DECISION: Final = 30.0
"""Seconds of processor time that one decision may take."""

_LOOKS: Final = 5
"""How often, within the time that a decision may take, it is looked at."""


class EndlessError(Exception):
    """A decision that did not come to an end, and where it was."""


class _InterruptionError(BaseException):
    """Raised in the thread that decides; no ``except Exception`` of a reconciler holds it."""


class Patience:
    """Asks reconcilers of one thread, and waits for each at most ``longest`` seconds.

    A context manager: the thread that looks on ends with it.
    """

    def __init__(self, longest: float = LONGEST_DECISION) -> None:
        self._longest = longest
        self._thread = threading.get_ident()
        self._clock = _processor_clock(self._thread)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._asked = 0
        self._deciding = False
        self._struck = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._look_on, name="patience", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()

    def ask(
        self, reconciler: Reconciler, value: Object, world: World, now: datetime, memo: object
    ) -> Decision:
        """Return the decision of a reconciler.

        Raises ``EndlessError``, ``TypeError`` for what is no decision, and whatever the
        reconciler raises.
        """
        self._asked += 1
        self._deciding = True
        try:
            decision = self._decided(reconciler.decide, value, world, now, memo)
        except _InterruptionError as error:
            self._stop()
            raise EndlessError(self._words(error)) from None
        if not isinstance(decision, Decision):
            raise TypeError(f"{type(decision).__name__} is no decision")
        return decision

    def _decided(self, decide: Callable[..., Decision], *observed: object) -> Decision:
        try:
            return decide(*observed)
        except _InterruptionError:
            self._stop()
            raise
        finally:
            with self._lock:
                self._deciding = False
            while self._struck:
                pass  # the decision returned just then: what was raised arrives here

    def _stop(self) -> None:
        with self._lock:
            self._deciding = self._struck = False

    def _look_on(self) -> None:
        """Look now and then whether it is still the same decision, and how long that took."""
        asked, since = 0, 0.0
        while not self._over.wait(self._longest / _LOOKS):
            with self._lock:
                if not self._deciding or self._asked != asked:
                    asked, since = self._asked, self._clock()
                elif self._clock() - since >= self._longest and not self._struck:
                    self._struck = True
                    _raise_in(self._thread, _InterruptionError)

    def _words(self, error: BaseException) -> str:
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return f"its reconciler came to no end within {self._longest:g} s; it was at {where}"


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise an error in a thread as soon as it runs Python again."""
    import ctypes

    raised = ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)


def _processor_clock(thread: int) -> Callable[[], float]:
    """Return the clock of a thread's processor time; where there is none, that of the world."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)
