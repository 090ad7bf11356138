"""Programs that are started inside a running container, with what they read and write.

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

from ruleengine.local.runtime.launching import Contained


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A program to start in a container, and which of its streams somebody is there for."""

    arguments: Sequence[str]
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

    def finish(self, code: int) -> None:
        """Take in that it has ended; from any thread."""
        self.code = code
        self.over.set()
        self.ended()

    def resize(self, width: int, height: int) -> None:
        """Tell a terminal its size."""
        if self.terminal:
            size = struct.pack("HHHH", height, width, 0, 0)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self.outputs[0], termios.TIOCSWINSZ, size)

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


def _started(
    found: Contained, wanted: Wanted, execution: Execution, streams: Sequence[int]
) -> Execution:
    try:
        execution.stop = found.execute(wanted.arguments, streams, execution.finish)
    finally:
        for one in set(streams):
            os.close(one)
    return execution
