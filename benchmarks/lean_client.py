"""Clients that cost little: bytes made beforehand, on one connection that stays open.

Each client is a process of its own, so that it takes nothing from the server but a core. It says
how many answers it got; the server's processor time is read from outside.
"""

import multiprocessing
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

from ruleengine.local import process

_HEADER_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients got from a server in some time."""

    answers: int
    seconds: float
    server_seconds: float

    @property
    def rate(self) -> float:
        """Answers a second, by the clock on the wall."""
        return self.answers / self.seconds

    @property
    def microseconds(self) -> float:
        """Processor time of the server for one answer."""
        return self.server_seconds / self.answers * 1e6

    @property
    def on_a_free_core(self) -> float:
        """Answers a second that the server could give with one core to itself."""
        return self.answers / self.server_seconds


class Connection:
    """One connection over TLS as the administrator."""

    def __init__(self, running: process.Running) -> None:
        state = running.kubeconfig.parent
        place = urlsplit(running.url)
        trust = ssl.create_default_context(cafile=str(state / "ca.crt"))
        plain = create_connection((place.hostname or "", place.port or 0))
        self._line = trust.wrap_socket(plain, server_hostname="localhost")
        self._token = (state / "token").read_text()
        self._rest = b""

    def request(self, method: str, path: str, body: bytes = b"", media: str = "") -> bytes:
        """Return the bytes of a request."""
        lines = [
            f"{method} {path} HTTP/1.1",
            "host: localhost",
            f"authorization: Bearer {self._token}",
            "user-agent: lean/1",
            "accept: application/json",
        ]
        if body:
            lines += [
                f"content-type: {media or 'application/json'}",
                f"content-length: {len(body)}",
            ]
        return "\r\n".join(lines).encode() + _HEADER_END + body

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body of the answer."""
        self._line.sendall(request)
        while (end := self._rest.find(_HEADER_END)) < 0:
            self._rest += self._received()
        head = self._rest[:end].lower()
        begin = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[begin:].split(b"\r", 1)[0])
        parts = [self._rest[end + len(_HEADER_END) :]]
        missing = length - len(parts[0])
        while missing > 0:
            parts.append(self._received())
            missing -= len(parts[-1])
        self._rest = b""
        return int(head[9:12]), b"".join(parts)

    def lines(self, request: bytes) -> Iterator[bytes]:
        """Send a request and yield the lines of its stream as they come, without the framing."""
        self._line.sendall(request)
        rest = b""
        while True:
            rest += self._received()
            *whole, rest = rest.split(b"\n")
            yield from (line for line in whole if line.startswith(b"{"))

    def _received(self) -> bytes:
        data = self._line.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        return data

    def close(self) -> None:
        """Hang up."""
        self._line.close()


Requests = Callable[[Connection, int], Iterator[bytes]]
"""Yields the requests of one client, by its number."""


def load(running: process.Running, clients: int, seconds: float, requests: Requests) -> Load:
    """Let clients ask one request after the other for some seconds.

    Raises ``RuntimeError`` where an answer is none of success.
    """
    ready, go = _FORK.Barrier(clients + 1), _FORK.Event()
    results: multiprocessing.SimpleQueue[int] = _FORK.SimpleQueue()

    def client(number: int) -> None:
        connection = Connection(running)
        asked = requests(connection, number)
        connection.ask(next(asked))
        ready.wait()
        go.wait()
        results.put(_ask_until(connection, asked, time.monotonic() + seconds))

    processes = [_FORK.Process(target=client, args=(one,)) for one in range(clients)]
    for one in processes:
        one.start()
    ready.wait()
    used, begin = processor_seconds(running.pid), time.monotonic()
    go.set()
    answers = [results.get() for _ in processes]
    took, spent = time.monotonic() - begin, processor_seconds(running.pid) - used
    for one in processes:
        one.join()
    if min(answers) < 0:
        raise RuntimeError("an answer was a failure")
    return Load(sum(answers), took, spent)


def _ask_until(connection: Connection, requests: Iterator[bytes], end: float) -> int:
    count = 0
    for request in requests:
        status, body = connection.ask(request)
        if status >= 300:
            print(status, body[:300])
            return -1
        count += 1
        if time.monotonic() >= end:
            break
    return count


def processor_seconds(pid: int) -> float:
    """Return the processor time that all threads of a process have used so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9
