"""The wire to one API server: HTTP/1.1 over connections that stay open.

Whoever drives sends thousands of small requests, each of which waits for the one before. What a
general HTTP library does besides for each of them (addresses, redirects, cookies, headers as mail)
costs several times what the request itself does, so here is no more than an API server needs. The
bytes of the answers are read by the parser of ``httptools``.
"""

import re
import select
import socket
import ssl
import time
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httptools

from ruleengine.model.immutable import immutable

_MOST_IDLE: Final = 16
"""How many connections stay open while nobody uses them."""

_CHUNK: Final = 1 << 14
"""How many bytes are read at once: TLS hands out no more."""

_LONGEST_HEAD: Final = 1 << 18
"""How many bytes may come before the headers of an answer end."""

_UNFIT: Final = re.compile(r"[^\x21-\x7e]")
_UNFIT_IN_HEADERS: Final = re.compile(r"[\r\n\x00]")


class WireError(OSError):
    """What came is no answer, or what was to be sent is no request."""


@immutable(frozen=True, slots=True, kw_only=True)
class Times:
    """How long to wait, in seconds: for a connection, for bytes to go on, and ``total`` in all.

    A ``total`` of 0 means that there is no such bound.
    """

    connect: float
    read: float
    total: float = 0.0


@dataclass(slots=True)
class Reply:
    """The answer to a request while it is taken in; a ``stream`` ends with its connection."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Iterator[bytes] | None = None


class Wire:
    """Sends requests to one server. Safe to use from several threads.

    ``context`` says whom to trust (``None``: it speaks without TLS), ``server_name`` which name
    its certificate has to show where that is not its host.
    """

    def __init__(
        self, server: str, context: ssl.SSLContext | None = None, server_name: str = ""
    ) -> None:
        self._server = server
        self._context = context
        self._server_name = server_name
        self._idle: deque[socket.socket] = deque()
        weakref.finalize(self, _close, self._idle)  # not every client is closed by its user

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        times: Times,
        *,
        streamed: bool = False,
    ) -> Reply:
        """Perform a request; with ``streamed`` the body of a success comes as a stream.

        Raises ``OSError`` (``ssl.SSLError`` and ``TimeoutError`` among them) where the server
        does not answer, ``ValueError`` for an address that is none.
        """
        clock = _Clock(times)
        data = self._head(method, path, headers, body) + body
        line = self._line(clock)
        try:
            _wait_at_most(line, clock.left())
            reading = _Reading(line, clock)
            try:
                line.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                reading.cut_short()  # who refuses a request need not hear all of it to say so
            reading.take_head()
            reply = Reply(reading.status, reading.headers)
            if streamed and reply.status < 300:
                reply.stream = reading.stream()
                return reply
            reply.body = b"".join(reading.rest())
        except BaseException:
            line.close()
            raise
        if reading.leaves_open:
            self._keep(line)
        else:
            line.close()
        return reply

    def close(self) -> None:
        """Close every connection that nobody uses."""
        _close(self._idle)

    def _head(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        place = urlsplit(self._server)
        path = place.path.rstrip("/") + path
        if _UNFIT.search(path):
            raise WireError(f"{path!r} is no path of a request")
        lines = {
            "host": place.netloc.rpartition("@")[2],
            "accept-encoding": "identity",
            **headers,
            **({"content-length": str(len(body))} if body or method in _WITH_BODY else {}),
        }
        if _UNFIT_IN_HEADERS.search("".join([*lines, *lines.values()])):
            raise WireError("a header has a name or a value that cannot be sent")
        listed = "".join([f"{name}: {text}\r\n" for name, text in lines.items()])
        return f"{method} {path} HTTP/1.1\r\n{listed}\r\n".encode("latin-1", "replace")

    def _line(self, clock: "_Clock") -> socket.socket:
        """Return a connection that the server has not closed meanwhile, or a new one."""
        while self._idle:
            try:
                line = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            if _is_open(line):
                return line
            line.close()
        return self._opened(clock)

    def _keep(self, line: socket.socket) -> None:
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(line)
        else:
            line.close()

    def _opened(self, clock: "_Clock") -> socket.socket:
        place = urlsplit(self._server)
        host = place.hostname or ""
        port = place.port or (80 if self._context is None else 443)
        line = socket.create_connection((host, port), clock.left(connecting=True))
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                return line
            return self._context.wrap_socket(line, server_hostname=self._server_name or host)
        except BaseException:
            line.close()
            raise


def _close(lines: deque[socket.socket]) -> None:
    while lines:
        lines.pop().close()


_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class _Clock:
    """Tells how long may still be waited."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._end = time.monotonic() + times.total if times.total else None

    def left(self, *, connecting: bool = False) -> float:
        """Return the seconds to wait now. Raises ``TimeoutError`` where none are left."""
        longest = self._times.connect if connecting else self._times.read
        if self._end is None:
            return longest
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time of the request is over")
        return min(longest, left)


class _Reading:
    """Takes in one answer from a connection; what the parser finds is told to its methods."""

    def __init__(self, line: socket.socket, clock: _Clock) -> None:
        self._line = line
        self._clock = clock
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._has_head = self._is_whole = self._is_over = self._lasts = False
        self.status = 0
        self.headers: dict[str, str] = {}

    @property
    def leaves_open(self) -> bool:
        """Whether the connection can carry another request."""
        return self._lasts and not self._is_over

    def cut_short(self) -> None:
        """Note that the request was not taken in: nothing after its answer counts."""
        self._is_over = True

    def take_head(self) -> None:
        """Read until the headers are there."""
        taken = 0
        while not self._has_head:
            if taken > _LONGEST_HEAD:
                raise WireError("the headers of the answer do not end")
            taken += self._read()

    def rest(self) -> list[bytes]:
        """Read the rest of the answer; return its body in parts."""
        while not self._is_whole:
            self._read()
        del self._parser  # it refers back: only a search for circles would free the answer
        return self._parts

    def stream(self) -> Iterator[bytes]:
        """Yield the body as it comes; the connection ends with it."""
        try:
            while True:
                if self._parts:
                    parts, self._parts = self._parts, []
                    yield b"".join(parts)
                elif self._is_whole:
                    return
                else:
                    self._read()
        finally:
            self._line.close()

    def _read(self) -> int:
        """Read once; return how many bytes came. Raises ``OSError``."""
        _wait_at_most(self._line, self._clock.left())
        data = self._line.recv(_CHUNK)
        if not data:
            bounded = {"content-length", "transfer-encoding"} & self.headers.keys()
            if not self._has_head or bounded:
                raise ConnectionResetError("the server closed the connection before it answered")
            self._is_whole = True
            return 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise WireError("the server turns to another protocol than HTTP") from error
        except httptools.HttpParserError as error:
            raise WireError(f"what the server answers is no HTTP: {error}") from error
        return len(data)

    def on_message_begin(self) -> None:
        """Begin an answer; a second one is one that nobody asked for."""
        self._is_over = self._is_over or self._is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in one header; what comes after the body is none."""
        if self._has_head:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """Note that the headers are there; those of an answer before the answer do not count."""
        if not self._has_head:
            self.status = int(self._parser.get_status_code())
            self._has_head = self.status >= 200

    def on_body(self, data: bytes) -> None:
        """Take in a part of the body."""
        if not self._is_whole:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self._is_whole:
            return
        if self._has_head:
            self._is_whole = True
            self._lasts = bool(self._parser.should_keep_alive())
        else:
            self.headers.clear()


def _wait_at_most(line: socket.socket, seconds: float) -> None:
    """Bound how long a connection is waited for; where that is so already, nobody is asked."""
    if line.gettimeout() != seconds:
        line.settimeout(seconds)


def _is_open(line: socket.socket) -> bool:
    """Tell whether a connection that nobody used is still open, and nothing waits in it.

    Where nothing has come, its end would have, too. What has come may be of TLS itself.
    """
    if not _has_come(line):
        return True
    line.settimeout(0)
    try:
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False


def _has_come(line: socket.socket) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0)) or (isinstance(line, ssl.SSLSocket) and line.pending() > 0)
