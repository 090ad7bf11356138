"""The wire: requests over connections that stay open, whatever a server does with them."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from ruleengine.cluster.wire import Reply, Times, Wire, WireError

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HANG_UP = b""
TIMES = Times(connect=5, read=5)


@contextmanager
def server(*connections: Sequence[bytes]) -> Iterator[tuple[Wire, list[bytes]]]:
    """Give its answers to the requests of one connection after another.

    Yields a wire to it and what was asked. After ``HANG_UP`` it ends a connection; else the wire
    has to.
    """
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, connections, asked))
        thread.start()
        wire = Wire(f"http://127.0.0.1:{listening.getsockname()[1]}/root/")
        try:
            yield wire, asked
        finally:
            wire.close()
            thread.join()


def _serve(
    listening: socket.socket, connections: Sequence[Sequence[bytes]], asked: list[bytes]
) -> None:
    for answers in connections:
        line, _ = listening.accept()
        with line:
            for answer in answers:
                if answer is not HANG_UP:
                    asked.append(line.recv(1 << 16))
                    line.sendall(answer)
            if answers[-1] is not HANG_UP:
                line.recv(1)


def get(wire: Wire, *, streamed: bool = False, times: Times = TIMES) -> Reply:
    """Ask for something."""
    return wire.send("GET", "/x?a=b", {"accept": "*/*"}, b"", times, streamed=streamed)


def test_one_connection_carries_many_requests() -> None:
    """The root of the server's address is part of each path, and its address is named."""
    with server([PLAIN, PLAIN]) as (wire, asked):
        assert [get(wire).body, get(wire).body] == [b"ok", b"ok"]
    assert all(one.startswith(b"GET /root/x?a=b HTTP/1.1\r\nhost: 127.0.0.1:") for one in asked)
    assert len(asked) == 2


def test_a_body_is_sent_with_its_length() -> None:
    """What has none says so too, where its method has one as a rule."""
    with server([PLAIN, PLAIN]) as (wire, asked):
        wire.send("POST", "/x", {}, b"hello", TIMES)
        wire.send("POST", "/x", {}, b"", TIMES)
    assert b"content-length: 5\r\n" in asked[0]
    assert asked[0].endswith(b"\r\n\r\nhello")
    assert b"content-length: 0\r\n" in asked[1]


CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nX-A: 2\r\n\r\n"
    b"2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (CHUNKED, 201, b"okay!"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + PLAIN, 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, b""),
    ],
)
def test_every_way_to_answer_is_understood(answer: bytes, status: int, body: bytes) -> None:
    """In parts, after a word before, and without a body; the connection stays open."""
    with server([answer, PLAIN]) as (wire, asked):
        reply = get(wire)
        assert (reply.status, reply.body) == (status, body)
        assert "link" not in reply.headers
        assert reply.headers.get("x-a", "1, 2") == "1, 2"
        assert get(wire).body == b"ok"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "answers",
    [
        [b"HTTP/1.0 200 OK\r\n\r\nok", HANG_UP],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"],
        [PLAIN + PLAIN],
        [PLAIN, HANG_UP],
    ],
)
def test_a_connection_that_is_over_or_out_of_step_is_not_used_again(
    answers: Sequence[bytes],
) -> None:
    """An answer that nobody asked for would be taken for that to the next request."""
    with server(answers, [PLAIN]) as (wire, asked):
        assert [get(wire).body, get(wire).body] == [b"ok", b"ok"]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([HANG_UP], ConnectionError),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", HANG_UP], ConnectionError),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok", HANG_UP], OSError),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], WireError),
    ],
)
def test_half_an_answer_is_none(answers: Sequence[bytes], error: type[OSError]) -> None:
    """Nor is what is no HTTP; the next request has a connection of its own."""
    with server(answers, [PLAIN]) as (wire, _):
        with pytest.raises(error):
            get(wire)
        assert get(wire).body == b"ok"


def test_a_stream_is_given_on_as_it_comes_and_ends_its_connection() -> None:
    """What is no success has a body like any other answer."""
    failure = PLAIN.replace(b"200 OK", b"410 Gone")
    with server([failure, CHUNKED], [PLAIN]) as (wire, _):
        assert get(wire, streamed=True).body == b"ok"
        reply = get(wire, streamed=True)
        assert reply.stream is not None
        assert b"".join(reply.stream) == b"okay!"
        assert get(wire).body == b"ok"


def test_the_time_of_a_request_bounds_it_whatever_comes_meanwhile() -> None:
    """Where none is left, nothing is even sent."""
    wire = Wire("http://127.0.0.1:9")
    with pytest.raises(TimeoutError):
        get(wire, times=Times(connect=5, read=5, total=1e-9))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/x y", {}),
        ("/x\r\nhost: other", {}),
        ("/x", {"a": "b\r\nc: d"}),
        ("/x", {"a\nb": "c"}),
    ],
)
def test_nothing_is_slipped_into_a_request(path: str, headers: dict[str, str]) -> None:
    """What would end a line early is refused before anything is sent."""
    with pytest.raises(WireError):
        Wire("http://127.0.0.1:9").send("GET", path, headers, b"", TIMES)
