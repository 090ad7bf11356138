"""HTTP calls: what is sent and answered, where redirects lead, what is never reached."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ruleengine.services.addresses import AddressError, connect, is_allowed
from ruleengine.services.http_calls import Call, CallError, send, shown
from tests.repository.servers import server_context


class Handler(BaseHTTPRequestHandler):
    """Answers with what it was asked, or as its path says."""

    seen: list[tuple[str, str, dict[str, str], bytes]]
    elsewhere = ""

    def do_GET(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append((self.command, self.path, dict(self.headers), body))
        if self.path.startswith("/to/"):
            self.send_response(int(self.path.split("/")[2]))
            self.send_header("Location", self.elsewhere + "/there")
            self.end_headers()
            return
        if self.path == "/circle":
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
            return
        if self.path == "/large":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * (5 * 1024 * 1024))
            return
        if self.path == "/drops":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _ in range(60):
                    self.wfile.write(b"x")
                    threading.Event().wait(0.05)
            return
        if self.path == "/slow":
            threading.Event().wait(3)
        self.send_response(int(self.path.split("/")[-1]) if self.path[1:].isdigit() else 200)
        self.send_header("x-seen-by", "the server")
        self.end_headers()
        self.wfile.write(b"answer")

    def do_POST(self) -> None:
        """Answer."""
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Served:
    """A server on loopback, and what it was asked."""

    def __init__(self) -> None:
        self.handler = type("Own", (Handler,), {"seen": []})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def seen(self) -> list[tuple[str, str, dict[str, str], bytes]]:
        """Method, path, headers and body of each request."""
        return self.handler.seen

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def served() -> Iterator[Served]:
    """Return a server on loopback."""
    made = Served()
    yield made
    made.close()


def test_a_call_is_sent_as_stated_and_answered(served: Served) -> None:
    """Method, path with query, headers and body; names of headers are written as Go does."""
    reply = send(
        Call(url=f"{served.url}/a?b=c", method="POST", headers=[("X-Who", "me")], body=b"data")
    )
    assert (reply.status, reply.body) == (200, b"answer")
    assert reply.headers["X-Seen-By"] == ["the server"]
    ((method, path, headers, body),) = served.seen
    assert (method, path, body) == ("POST", "/a?b=c", b"data")
    assert headers["X-Who"] == "me"


@pytest.mark.parametrize(
    ("method", "status", "after"),
    [("POST", 302, ("GET", b"")), ("POST", 307, ("POST", b"data")), ("GET", 301, ("GET", b""))],
)
def test_redirects_are_followed(
    served: Served, method: str, status: int, after: tuple[str, bytes]
) -> None:
    """Some turn a call into a GET, others keep what it is."""
    body = b"data" if method == "POST" else b""
    send(Call(url=f"{served.url}/to/{status}", method=method, body=body))
    assert (served.seen[-1][0], served.seen[-1][3]) == after
    assert served.seen[-1][1] == "/there"


def test_credentials_do_not_follow_to_another_host(served: Served) -> None:
    """Other headers do."""
    other = Served()
    served.handler.elsewhere = other.url
    headers = [("Authorization", "secret"), ("X-Plain", "1")]
    send(Call(url=f"{served.url}/to/302", headers=headers))
    other.close()
    assert "Authorization" in served.seen[0][2]
    assert "Authorization" not in other.seen[0][2]
    assert other.seen[0][2]["X-Plain"] == "1"


def test_credentials_do_not_follow_out_of_tls(tmp_path: Path) -> None:
    """Also where the host and the port are the same."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        plain: list[bytes] = []

        def serve() -> None:
            connection, _ = listening.accept()
            with server_context(tmp_path).wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                where = f"Location: http://127.0.0.1:{port}/there"
                secure.sendall(f"HTTP/1.1 302 Found\r\n{where}\r\n\r\n".encode())
            connection, _ = listening.accept()
            with connection:
                plain.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        serving = threading.Thread(target=serve)
        serving.start()
        headers = [("Authorization", "secret"), ("X-Plain", "1")]
        url = f"https://127.0.0.1:{port}/here"
        assert send(Call(url=url, headers=headers, verifies=False)).status == 200
        serving.join()
    assert b"X-Plain: 1" in plain[0]
    assert b"secret" not in plain[0]


def test_a_redirect_to_an_address_that_is_none_is_told(served: Served) -> None:
    """As an error of the call."""
    served.handler.elsewhere = "http://[x"
    with pytest.raises(CallError, match="leads to an address that is none"):
        send(Call(url=f"{served.url}/to/302"))


@pytest.mark.parametrize(
    ("path", "seconds", "told"),
    [
        ("/circle", 30, "more than 10 redirects"),
        ("/large", 30, "more than 4194304 bytes"),
        ("/slow", 0.2, "did not answer within 0.2 s"),
        ("/drops", 0.2, "did not answer within 0.2 s"),
    ],
)
def test_what_does_not_end_is_ended(served: Served, path: str, seconds: float, told: str) -> None:
    """Circles, floods, silence, and drops."""
    with pytest.raises(CallError, match=told):
        send(Call(url=served.url + path, seconds=seconds))


@pytest.mark.parametrize("url", ["ftp://host/x", "nothing", "http://", "file:///etc/passwd"])
def test_only_http_is_spoken(url: str) -> None:
    """Other kinds of addresses are refused."""
    with pytest.raises(CallError, match="no address of the kinds"):
        send(Call(url=url))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:port/x", "http://127.0.0.1:port/x cannot be reached"),
        ("http://[x/", "an address that is none cannot be reached"),
    ],
)
def test_an_address_that_is_none_is_told(url: str, message: str) -> None:
    """As an error like any other, be it the port that is wrong."""
    with pytest.raises(CallError) as told:
        send(Call(url=url))
    assert str(told.value).startswith(message)


def test_nobody_there_is_told_without_secrets() -> None:
    """The address is shown without its query and its user."""
    with pytest.raises(CallError) as told:
        send(Call(url="http://user:secret@127.0.0.1:1/x?token=secret", seconds=5))
    assert "http://127.0.0.1:1/x cannot be reached" in str(told.value)
    assert "secret" not in str(told.value)
    assert shown("https://u:p@h/p?q#f") == "https://h/p"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("fd00:ec2::254", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("127.0.0.1", True),
        ("10.0.0.1", True),
        ("2001:db8::1", True),
    ],
)
def test_some_addresses_are_never_reached(address: str, allowed: bool) -> None:
    """Those of metadata and of the link, in whatever dress."""
    assert is_allowed(address) is allowed


def test_a_name_is_judged_by_what_it_leads_to(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the allowed one of its addresses is taken."""
    port = served.server.server_port

    def leads_to(*found: str) -> None:
        answers = [(2, 1, 6, "", (one, port)) for one in found]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answers)

    leads_to("169.254.169.254")
    with pytest.raises(AddressError, match=r"leads to 169\.254\.169\.254, which nobody may"):
        connect("innocent.example.com", port, 5)
    leads_to("169.254.169.254", "127.0.0.1")
    assert send(Call(url=f"http://innocent.example.com:{port}/")).status == 200
