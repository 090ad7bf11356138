"""Programs in a running container, started there or its own, with what they read and write.

Without a terminal there are three pipes. With one there is a terminal of the host, of which the
program has one end; both of its outputs come by the other, and what is typed goes there too.
"""

import contextlib
import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ruleengine.local.runtime.launching import Contained

_PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A program to start in a container, and which of its streams somebody is there for.

    Without ``arguments`` it is the container's own process.
    """

    arguments: Sequence[str] = ()
    stdin: bool = False
    stderr: bool = True
    tty: bool = False


@dataclass(slots=True)
class Execution:
    """A program that was started. The descriptors are whoever's started it.

    ``stdin`` is where it can be written to, ``None`` where nobody is; ``outputs`` where it
    can be read: its output, and its errors unless both are one.
    """

    stdin: int | None
    outputs: tuple[int, ...]
    terminal: bool = False
    code: int | None = None
    over: threading.Event = field(default_factory=threading.Event)
    ended: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None
    hang_up: Callable[[], None] = lambda: None

    def finish(self, code: int) -> None:
        """Take in that it has ended; from any thread."""
        self.code = code
        self.over.set()
        self.ended()

    def resize(self, width: int, height: int) -> None:
        """Tell a terminal its size."""
        if self.terminal:
            size = struct.pack("HHHH", height, width, 0, 0)
            place = self.outputs[0] if self.stdin is None else self.stdin
            with contextlib.suppress(OSError):
                fcntl.ioctl(place, termios.TIOCSWINSZ, size)

    def end_input(self) -> None:
        """Say that nothing more is written."""
        if self.stdin is not None:
            os.close(self.stdin)
            self.stdin = None
            self.hang_up()

    def close(self) -> None:
        """Close what is still open."""
        ends = {*self.outputs, *(() if self.stdin is None else (self.stdin,))}
        self.stdin, self.outputs = None, ()
        for one in ends:
            with contextlib.suppress(OSError):
                os.close(one)


def execute(found: Contained, wanted: Wanted) -> Execution:
    """Start a program in a container. Raises ``OSError``."""
    if wanted.tty:
        master, terminal = pty.openpty()
        execution = Execution(master if wanted.stdin else None, (master,), terminal=True)
        return _started(found, wanted, execution, (terminal,))
    out, out_end = os.pipe()
    err, err_end = os.pipe() if wanted.stderr else (out, out_end)
    reading = os.open(os.devnull, os.O_RDONLY)
    writing = None
    if wanted.stdin:
        os.close(reading)
        reading, writing = os.pipe()
    outputs = (out, err) if wanted.stderr else (out,)
    streams = (reading, out_end, err_end)
    return _started(found, wanted, Execution(writing, outputs), streams)


def attach(found: Contained, wanted: Wanted, patience: float = _PATIENCE) -> Execution:
    """Be there for the container's own process from now on. Raises ``OSError``.

    ``patience`` is for how many seconds its answer is waited for.
    """
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    outputs = (out,) if wanted.tty else (out, err)
    execution = Execution(None, outputs, terminal=wanted.tty)
    answered, given_up = threading.Event(), threading.Event()

    def ready(place: int | None) -> None:
        if not given_up.is_set():
            execution.stdin = place
        elif place is not None:
            os.close(place)
        answered.set()

    try:
        number = found.attach(
            (out_end, err_end), ready, lambda _: execution.finish(0), stdin=wanted.stdin
        )
    except OSError:
        execution.close()
        raise
    finally:
        for one in (out_end, err_end, *((err,) if wanted.tty else ())):
            os.close(one)
    execution.stop = lambda: found.detach(number)
    execution.hang_up = lambda: found.hang_up(number)
    if not answered.wait(patience):
        given_up.set()
        execution.stop()
        execution.close()
        raise TimeoutError("the container did not answer")
    return execution


def _started(
    found: Contained, wanted: Wanted, execution: Execution, streams: Sequence[int]
) -> Execution:
    try:
        execution.stop = found.execute(wanted.arguments, streams, execution.finish)
    except OSError:
        execution.close()
        raise
    finally:
        for one in set(streams):
            os.close(one)
    return execution
