"""Progress and interruption of work that takes a while.

The first Ctrl-C, or SIGTERM, asks the work to stop where everything is consistent; the second
ends it at once.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

from ruleengine.app.observing import Observers
from ruleengine.model.actions import Outcome
from ruleengine.reporting.progress import progress_for


def say_beside(text: str) -> None:
    """Print a line beside the result."""
    click.echo(text, err=True)


@contextmanager
def observed(
    show: Callable[[Outcome], None] | None = None, say: Callable[[str], None] = say_beside
) -> Iterator[Observers]:
    """Show progress on a terminal and turn the first Ctrl-C into a request to stop.

    With ``show`` each outcome is shown by that in place of the progress. ``say`` tells that the
    request was heard.
    """
    cancel = threading.Event()
    progress = progress_for(sys.stderr, time.monotonic)
    done = 0

    def tell(outcome: Outcome) -> None:
        nonlocal done
        if show is not None:
            show(outcome)
            return
        done += 1
        progress.advance(f"{outcome.result.value} {outcome.planned.action.target}", done)

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        if cancel.is_set():
            raise KeyboardInterrupt
        say("stopping at the next safe point; Ctrl-C again to stop at once")
        cancel.set()

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield Observers(progress=tell, cancel=cancel)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        progress.finish()
