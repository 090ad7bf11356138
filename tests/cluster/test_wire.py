"""The wire: requests over connections that stay open, whatever a server does with them."""

import gc
import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from ruleengine.cluster import wire as wires
from ruleengine.cluster.wire import Reply, Times, Wire, WireError

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HANG_UP = b""
TIMES = Times(connect=5, read=5)


@contextmanager
def server(
    *connections: Sequence[bytes], host: str = "127.0.0.1", ended: threading.Event | None = None
) -> Iterator[tuple[Wire, list[bytes]]]:
    """Give its answers to the requests of one connection after another.

    Yields a wire to it and what was asked. After ``HANG_UP`` it ends a connection; else the wire
    has to. ``ended`` tells that a connection has.
    """
    asked: list[bytes] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        given = (listening, connections, asked, ended or threading.Event())
        thread = threading.Thread(target=_serve, args=given)
        thread.start()
        named = f"[{host}]" if ":" in host else host
        wire = Wire(f"http://{named}:{listening.getsockname()[1]}/root/")
        try:
            yield wire, asked
        finally:
            wire.close()
            thread.join()


def _serve(
    listening: socket.socket,
    connections: Sequence[Sequence[bytes]],
    asked: list[bytes],
    ended: threading.Event,
) -> None:
    listening.settimeout(10)
    for answers in connections:
        line, _ = listening.accept()
        line.settimeout(10)
        with line, suppress(ConnectionError):  # of an answer that is too long the wire hears a part
            for answer in answers:
                if answer is not HANG_UP:
                    asked.append(line.recv(1 << 16))
                    line.sendall(answer)
            if answers[-1] is not HANG_UP:
                line.recv(1)
        ended.set()


def get(wire: Wire, *, streamed: bool = False, times: Times = TIMES) -> Reply:
    """Ask for something."""
    return wire.send("GET", "/x?a=b", {"accept": "*/*"}, b"", times, streamed=streamed)


def test_one_connection_carries_many_requests() -> None:
    """The root of the server's address is part of each path, and its address is named."""
    with server([PLAIN, PLAIN]) as (wire, asked):
        assert [get(wire).body, get(wire).body] == [b"ok", b"ok"]
    assert all(one.startswith(b"GET /root/x?a=b HTTP/1.1\r\nhost: 127.0.0.1:") for one in asked)
    assert len(asked) == 2


def test_an_answer_is_freed_as_soon_as_nobody_needs_it() -> None:
    """What takes it in makes no circle with its parser, which would stay until looked for."""
    with server([PLAIN, PLAIN]) as (wire, _):
        get(wire)
        gc.collect()
        gc.disable()
        try:
            assert get(wire).body == b"ok"
            assert gc.collect() == 0
        finally:
            gc.enable()


def test_a_body_is_sent_with_its_length() -> None:
    """What has none says so too, where its method has one as a rule."""
    with server([PLAIN, PLAIN]) as (wire, asked):
        wire.send("POST", "/x", {}, b"hello", TIMES)
        wire.send("POST", "/x", {}, b"", TIMES)
    assert b"content-length: 5\r\n" in asked[0]
    assert asked[0].endswith(b"\r\n\r\nhello")
    assert b"content-length: 0\r\n" in asked[1]


def test_a_server_may_have_an_address_of_version_6() -> None:
    """It is named as it is written in an address."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with server([PLAIN], host="::1") as (wire, asked):
        assert get(wire).body == b"ok"
    assert b"\r\nhost: [::1]:" in asked[0]


CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nX-A: 2\r\n\r\n"
    b"2\r\nok\r\n3\r\nay!\r\n0\r\nX-A: 3\r\n\r\n"
)


@pytest.mark.parametrize("at_once", [1 << 14, 1])
@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (CHUNKED, 201, b"okay!"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + PLAIN, 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", 304, b""),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, b""),
    ],
)
def test_every_way_to_answer_is_understood(
    answer: bytes, status: int, body: bytes, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts, after a word before, and without a body; the connection stays open."""
    monkeypatch.setattr(wires, "_CHUNK", at_once)
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
        [PLAIN + PLAIN.replace(b"200 OK", b"408 Request Timeout")],
        [PLAIN + b"HTTP/1.1 100 Continue\r\n\r\n"],
        [PLAIN, HANG_UP],
    ],
)
def test_a_connection_that_is_over_or_out_of_step_is_not_used_again(
    answers: Sequence[bytes],
) -> None:
    """An answer that nobody asked for would be taken for that to the next request."""
    ended = threading.Event()
    with server(answers, [PLAIN], ended=ended) as (wire, asked):
        first = get(wire)
        assert ended.wait(10) or HANG_UP not in answers
        assert (first.status, first.body, get(wire).body) == (200, b"ok", b"ok")
    assert len(asked) == 2


def test_who_refuses_a_request_need_not_hear_all_of_it() -> None:
    """What it says is its answer, also where it closes the connection with that."""
    refusal = PLAIN.replace(b"200 OK", b"413 Content Too Large")
    with server([refusal, HANG_UP], [PLAIN]) as (wire, _):
        assert wire.send("POST", "/x", {}, bytes(1 << 24), TIMES).status == 413
        assert get(wire).body == b"ok"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([HANG_UP], ConnectionError),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", HANG_UP], ConnectionError),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok", HANG_UP], OSError),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], WireError),
        ([b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"], WireError),
        ([b"HTTP/1.1 200 OK\r\nx-a: " + bytes(1 << 19).replace(b"\0", b"a"), HANG_UP], WireError),
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


def test_no_request_is_sent_whose_time_is_over() -> None:
    """Somebody else may write meanwhile."""
    wire = Wire("http://127.0.0.1:9")
    with pytest.raises(TimeoutError):
        get(wire, times=Times(connect=5, read=5, total=1e-9))


def test_the_time_of_a_request_bounds_it_whatever_comes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that goes on and on, each of its bytes in good time, is not waited for."""
    seconds = itertools.count()
    monkeypatch.setattr(wires, "_CHUNK", 1)
    monkeypatch.setattr(wires, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    with server([PLAIN]) as (wire, _), pytest.raises(TimeoutError, match="is over"):
        get(wire, times=Times(connect=5, read=5, total=20))


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
