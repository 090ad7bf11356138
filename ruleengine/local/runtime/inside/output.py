"""What a container writes becomes a log in the format of the container runtimes.

Each line is ``TIME STREAM TAG TEXT``: when it was written (RFC 3339 with nanoseconds), ``stdout``
or ``stderr``, and ``F`` for a full line, ``P`` for the beginning of one. So a log can be asked
for times and streams, and gives back exactly what was written.
"""

import os
import select
import time
from typing import Final

_CHUNK: Final = 1 << 16
_PATIENCE: Final = 1.0
"""Seconds that a container waits for somebody who is shown its output and does not read it."""

_LONGEST: Final = 1 << 14
"""A line is cut after so many bytes; its parts are put together again when it is read."""


_FULL: Final = b"the log is full; what follows is not kept"


class Log:
    """The log of a container. It takes so many bytes and no more, so that no disk is filled."""

    def __init__(self, descriptor: int, most: int = 100 << 20) -> None:
        self._descriptor = descriptor
        self._left = most
        self._is_torn = False

    def write(self, stream: bytes, data: bytes) -> None:
        """Write lines. What is too much, or finds the disk full, is lost to the log alone."""
        if self._left <= 0:
            return
        self._left -= len(data)
        if self._left <= 0:
            data += b"%b%b F %b\n" % (_now(), stream, _FULL)
        whole = len(data)
        try:
            if self._is_torn:
                os.write(self._descriptor, b"\n")
                self._is_torn = False
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self._is_torn = self._is_torn or len(data) < whole


class Output:
    """One stream of a container on its way into the log."""

    def __init__(self, source: int, log: Log, stream: str) -> None:
        os.set_blocking(source, False)
        self.source = source
        self._log = log
        self._stream = stream.encode()
        self._rest = b""
        self._copies: dict[int, int] = {}

    def copy_to(self, number: int, target: int) -> None:
        """Write what comes from now on to a descriptor too, which is ours from here.

        ``number`` is who reads it: a descriptor that was closed may come again for another.
        """
        os.set_blocking(target, False)
        self._copies[number] = target

    def drop(self, number: int) -> None:
        """Write no more to whoever has this number."""
        target = self._copies.pop(number, None)
        if target is not None:
            os.close(target)

    def pump(self) -> bool:
        """Move what is there; return false once there will be nothing more."""
        try:
            chunk = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False  # a terminal that its last user has closed
        if not chunk:
            return False
        for number, target in list(self._copies.items()):
            if not _gives(target, chunk):
                self.drop(number)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        head = _now() + self._stream
        parts = [part for line in lines for part in _parts(head, line)]
        while len(self._rest) >= _LONGEST:
            parts.append(b"%b P %b\n" % (head, self._rest[:_LONGEST]))
            self._rest = self._rest[_LONGEST:]
        self._log.write(self._stream, b"".join(parts))
        return True

    def finish(self) -> None:
        """Move everything that is left, also a line without its end."""
        while _has_more(self):
            pass
        if self._rest:
            self._log.write(self._stream, b"%b%b P %b\n" % (_now(), self._stream, self._rest))
        os.close(self.source)


def _gives(target: int, data: bytes) -> bool:
    """Write to a descriptor; return false where nobody reads it, or not in time."""
    try:
        while data:
            if not select.select([], [target], [], _PATIENCE)[1]:
                return False
            data = data[os.write(target, data) :]
    except OSError:
        return False
    return True


def _has_more(output: Output) -> bool:
    return bool(select.select([output.source], [], [], 0)[0]) and output.pump()


def _parts(head: bytes, line: bytes) -> list[bytes]:
    found = []
    while len(line) > _LONGEST:
        found.append(b"%b P %b\n" % (head, line[:_LONGEST]))
        line = line[_LONGEST:]
    found.append(b"%b F %b\n" % (head, line))
    return found


def _now() -> bytes:
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return b"%b.%09dZ " % (text.encode(), rest)
