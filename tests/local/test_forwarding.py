"""A port leads to whoever is behind it at the moment of each connection."""

import errno
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ruleengine.local.forwarding import Place, forward, listen


class Loud(socketserver.StreamRequestHandler):
    """Says everything again in capitals once the other side has finished."""

    def handle(self) -> None:
        """Answer one connection."""
        self.wfile.write(self.rfile.read().upper())


@pytest.fixture
def place() -> Iterator[Place]:
    """Return where a server listens."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Loud) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[:2]  # type: ignore[misc]
        server.shutdown()
        thread.join()


@contextmanager
def forwarded(places: list[Place | None]) -> Iterator[int]:
    """Forward each connection to the next place; yield the port."""
    listener, stop = listen(0), threading.Event()
    port: int = listener.getsockname()[1]
    found = iter(places)
    thread = threading.Thread(target=forward, args=(listener, lambda: next(found), stop))
    thread.start()
    try:
        yield port
    finally:
        stop.set()
        thread.join()


def say(port: int, text: bytes) -> bytes:
    """Say something to a port; return the answer to its end, none where that came before."""
    with socket.create_connection(("127.0.0.1", port), 20) as one:
        try:
            one.sendall(text)
            one.shutdown(socket.SHUT_WR)
            with one.makefile("rb") as answer:
                return answer.read()
        except OSError as error:
            if error.errno not in (errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE):
                raise
            return b""


def test_both_sides_hear_each_other_to_the_end(place: Place) -> None:
    """Also more than fits into one piece."""
    with forwarded([place, place]) as port:
        assert say(port, b"hello") == b"HELLO"
        assert say(port, b"x" * 300_000) == b"X" * 300_000


def test_where_nobody_is_a_connection_ends(place: Place) -> None:
    """And the next one is tried anew."""
    gone = ("127.0.0.1", 1)
    with forwarded([None, gone, place]) as port:
        assert say(port, b"hello") == b""
        assert say(port, b"hello") == b""
        assert say(port, b"hello") == b"HELLO"


def test_a_port_that_is_taken_is_refused(place: Place) -> None:
    """Before anything is promised."""
    with pytest.raises(OSError, match="in use"):
        listen(place[1])
