"""Processes that evaluate jq, because its library can neither count nor be interrupted.

A program that never ends is ended with its process; the next one gets a new process. Processes
are started when they are first needed, kept for later, and end with this one. They see no
environment and no files, and their memory is limited.
"""

import atexit
import contextlib
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

_PROGRAM: Final = Path(__file__).parent / "serving.py"
_CHUNK: Final = 1 << 16
_MOST_KEPT: Final = 4


class WorkerError(Exception):
    """A request that was not answered: too slow, too large, or the end of the process."""


class _Worker:
    """One process, and the two pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-X", "utf8", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd=Path(_PROGRAM.anchor),
        )

    def ask(self, request: bytes, seconds: float, size: int) -> bytes:
        """Return the line that answers another. Raises ``WorkerError``."""
        pipes = self._process.stdin, self._process.stdout
        if pipes[0] is None or pipes[1] is None:
            raise WorkerError("the process has no pipes")
        deadline = time.monotonic() + seconds
        try:
            pipes[0].write(request)
        except OSError:
            raise WorkerError("the process has ended") from None
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(pipes[1], selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise WorkerError(f"it takes more than {seconds:g} seconds")
                chunk = pipes[1].read(_CHUNK)
                if not chunk:
                    raise WorkerError("it takes more memory or depth than there is")
                answer += chunk
                if len(answer) > size:
                    raise WorkerError("its output is too large")
        return bytes(answer)

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


class Workers:
    """The processes that wait for requests. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def ask(self, request: bytes, seconds: float, size: int) -> bytes:
        """Return the answer to a request. Raises ``WorkerError``."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker()
        try:
            answer = worker.ask(request, seconds, size)
        except BaseException:  # an interrupt too leaves it in the middle of an answer
            worker.end()
            raise
        with self._lock:
            keep = len(self._idle) < _MOST_KEPT
            if keep:
                self._idle.append(worker)
        if not keep:
            worker.end()
        return answer

    def close(self) -> None:
        """End all processes that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()


WORKERS: Final = Workers()
atexit.register(WORKERS.close)
