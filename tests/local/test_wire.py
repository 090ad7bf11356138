"""What a socket sees: HTTP/1.1 over TLS, kept open, and whatever comes in its place."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruleengine.local import process
from tests.local.planes import configmap
from tests.local.test_process import eventually

MAPS = "/api/v1/namespaces/default/configmaps"


@dataclass(frozen=True)
class Server:
    """A running control plane, as far as a socket is concerned."""

    running: process.Running

    def connect(self) -> "Line":
        """Open a connection over TLS."""
        state = self.running.kubeconfig.parent
        trust = ssl.create_default_context(cafile=str(state / "ca.crt"))
        return Line(
            trust.wrap_socket(self.plain(), server_hostname="localhost"),
            (state / "token").read_text(),
        )

    def plain(self) -> socket.socket:
        """Open a connection without TLS."""
        place = urlsplit(self.running.url)
        return socket.create_connection((place.hostname or "", place.port or 0), timeout=30)


class Line:
    """One connection."""

    def __init__(self, plain: ssl.SSLSocket, token: str) -> None:
        self.socket = plain
        self._token = token
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/1.1", "host: x", f"authorization: Bearer {self._token}"]
        lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        if body:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def head(self) -> tuple[int, dict[str, str]]:
        """Return status and headers of an answer."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = [line.lower().partition(": ")[::2] for line in lines]
        return int(first.split()[1]), dict(pairs)

    def answer(self) -> tuple[int, bytes]:
        """Return status and body of an answer."""
        status, headers = self.head()
        length = int(headers["content-length"])
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return status, body

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request and return status and body of the answer."""
        self.send(method, path, body)
        return self.answer()

    def chunk(self) -> bytes:
        """Return the next chunk of a stream."""
        while b"\r\n" not in self._rest:
            self._more()
        size, _, self._rest = self._rest.partition(b"\r\n")
        length = int(size, 16)
        while len(self._rest) < length + 2:
            self._more()
        data, self._rest = self._rest[:length], self._rest[length + 2 :]
        return data

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("hung up")
        self._rest += data


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that stops after the tests of this file."""
    state = tmp_path_factory.mktemp("state")
    with process.ensure(state) as found:
        yield Server(found)
    process.stop(state)


def test_a_connection_serves_many_requests(server: Server) -> None:
    """Also after refusals, and with paths as clients spell them."""
    with server.connect() as line:
        for path, status in (
            ("/version", 200),
            ("/version/", 200),
            (f"{MAPS}/none", 404),
            (f"{MAPS}/kube%2Droot-ca.crt", 200),
            ("/nowhere", 404),
            ("/readyz?verbose", 200),
            (f"{MAPS}?limit=x", 400),
            ("/livez", 200),
        ):
            assert line.ask("GET", path)[0] == status, path


def test_a_head_has_no_body(server: Server) -> None:
    """And says how long it would be, or that it would not end."""
    with server.connect() as line:
        line.send("HEAD", f"{MAPS}/kube-root-ca.crt")
        status, headers = line.head()
        assert (status, int(headers["content-length"]) > 0) == (200, True)
        assert line.ask("GET", "/livez") == (200, b"ok")


def test_each_event_leaves_at_once(server: Server) -> None:
    """A watch begins with its headers, before there is anything to tell."""
    with server.connect() as watch, server.connect() as line:
        _, listed = line.ask("GET", MAPS)
        at = json.loads(listed)["metadata"]["resourceVersion"]
        watch.send("GET", f"{MAPS}?watch=1&resourceVersion={at}&timeoutSeconds=60")
        status, headers = watch.head()
        assert (status, headers["transfer-encoding"]) == (200, "chunked")
        for name in ("one", "two"):
            line.ask("POST", MAPS, json.dumps(configmap(name)).encode())
            assert json.loads(watch.chunk())["object"]["metadata"]["name"] == name


def test_a_watch_ends_with_its_time(server: Server) -> None:
    """Properly, so that the connection can go on, and with a bookmark for who asked."""
    with server.connect() as line:
        line.send("GET", f"{MAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true")
        line.head()
        chunks = []
        while chunk := line.chunk():
            chunks.append(chunk)
        assert json.loads(chunks[-1].splitlines()[-1])["type"] == "BOOKMARK"
        assert line.ask("GET", "/livez") == (200, b"ok")


def test_bodies_beyond_the_limit_are_refused(server: Server) -> None:
    """The client is told, whatever it was that it wanted to send."""
    with server.connect() as line:
        status, refused = line.ask("POST", MAPS, b"x" * (4 << 20))
        assert (status, json.loads(refused)["reason"]) == (413, "RequestEntityTooLarge")


def test_a_request_that_is_cut_off_does_nothing(server: Server) -> None:
    """Neither a create whose body is not whole, nor a delete whose options are missing."""
    with server.connect() as line:
        assert line.ask("POST", MAPS, json.dumps(configmap("kept")).encode())[0] == 201
        body = json.dumps(configmap("half")).encode()
        for method, path in (("POST", MAPS), ("DELETE", f"{MAPS}/kept")):
            with server.connect() as cut:
                cut.send(method, path, content_length=str(len(body)), content_type="x/y")
                cut.socket.sendall(body[:10] if method == "POST" else b"")
        assert eventually(lambda: line.ask("GET", "/livez") == (200, b"ok"))
        assert line.ask("GET", f"{MAPS}/kept")[0] == 200
        assert line.ask("GET", f"{MAPS}/half")[0] == 404


@pytest.mark.parametrize(
    "data",
    [
        b"NONSENSE\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_bad_request(server: Server, data: bytes) -> None:
    """And the connection is over; a first word that is no verb is one that nobody knows."""
    with server.connect() as line:
        line.socket.sendall(data)
        status, _ = line.head()
        assert status in (400, 401, 405)


def test_who_speaks_no_tls_is_hung_up_on(server: Server) -> None:
    """Nothing is answered in plain text."""
    with server.plain() as plain:
        plain.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        try:
            answer = plain.recv(1000)
        except ConnectionResetError:
            answer = b""
        assert b"HTTP" not in answer


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=300), beginning=st.sampled_from([b"", b"GET /api HTTP/1.1\r\n"]))
def test_whatever_is_sent_the_next_client_is_served(
    server: Server, data: bytes, beginning: bytes
) -> None:
    """One connection's noise is its own."""
    with server.connect() as noisy:
        noisy.socket.sendall(beginning + data)
    with server.connect() as line:
        assert line.ask("GET", "/livez") == (200, b"ok")


def test_nothing_of_that_was_a_failure_of_ours(server: Server) -> None:
    """No report was written, and the log holds no traceback."""
    state = server.running.kubeconfig.parent
    assert [one.name for one in Path(state).glob("report-*")] == []
    assert "Traceback" not in (state / "server.log").read_text()
