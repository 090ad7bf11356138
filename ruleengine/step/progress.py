"""How far a step says that it is: told while it runs, whenever that has changed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ruleengine.step.leaving import read_left
from ruleengine.step.plan import Plan, StepError

FILE: Final = "progress"
_PAUSE: Final = 10.0
"""Seconds between two looks: each word is a write, and one more of the workflow's status."""

_LONGEST: Final = 64


def progress_of(plan: Plan) -> str:
    """Return the last that a step has said; empty where it said nothing."""
    said = (read_left(plan.directory, FILE, last=_LONGEST) or b"") if plan.progress else b""
    lines = said.decode("utf-8", errors="replace").split()
    return lines[-1] if lines else ""


@contextmanager
def telling(plan: Plan, tell: Callable[[str], None], pause: float = _PAUSE) -> Iterator[None]:
    """Tell how far a step is until the block ends; nothing is told any more afterwards."""
    over = threading.Event()

    def run() -> None:
        before = ""
        while not over.wait(pause):
            said = progress_of(plan)
            if said not in ("", before):
                with suppress(StepError):  # it is told again, or with everything else at the end
                    tell(said)
                    before = said

    if not (plan.progress and plan.reports):
        yield
        return
    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
