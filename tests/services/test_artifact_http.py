"""Artifacts over HTTP: who is asked, with which credentials, and who is not."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ruleengine.model.values import Object
from ruleengine.services.artifacts.http import HttpStore
from ruleengine.services.artifacts.opening import load, save
from ruleengine.services.artifacts.store import ArtifactError, ArtifactMissingError
from tests.services.servers import tree
from tests.services.test_artifact_stores import Keys, selector

KEYS = Keys(user="me", word="hunter22", id="client", secret="s3cret")


class _Handler(http.server.BaseHTTPRequestHandler):
    """Keeps what is sent, redirects where it is told, and notes what it is asked."""

    kept: ClassVar[dict[str, bytes]]
    redirects: ClassVar[dict[str, str]]
    asked: ClassVar[list[tuple[str, str, dict[str, str]]]]

    def _note(self) -> bytes:
        self.asked.append((self.command, self.path, dict(self.headers)))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Return what is kept."""
        self._note()
        if self.path in self.redirects:
            self._answer(302, Location=self.redirects[self.path])
        elif self.path in self.kept:
            self._answer(200, self.kept[self.path])
        else:
            self._answer(404)

    def do_PUT(self) -> None:
        """Keep what is sent."""
        body = self._note()
        self.kept[self.path] = body
        self._answer(403 if self.path == "/refused" else 201)

    def do_DELETE(self) -> None:
        """Keep it no longer."""
        self._note()
        self._answer(404 if self.kept.pop(self.path, None) is None else 204)

    def do_POST(self) -> None:
        """Give a token."""
        self.kept["/asked"] = self._note()
        self._answer(200, json.dumps({"access_token": "given"}).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def serving() -> Iterator[tuple[str, Any]]:
    """Serve until the end of the block; yield the address and what is known."""
    handler = type("Handler", (_Handler,), {"kept": {}, "redirects": {}, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[tuple[str, Any]]:
    """Return a server's address and what it knows."""
    with serving() as found:
        yield found


def loaded(location: Object, tmp_path: Path) -> str:
    """Load an artifact; return its text."""
    target = tmp_path / "target"
    load({"location": location}, target, KEYS)
    return target.read_text()


def test_an_artifact_is_kept_loaded_and_deleted(server: tuple[str, Any], tmp_path: Path) -> None:
    """A tree as one file for each of its files."""
    address, known = server
    folder = tree(tmp_path / "t", x="x", d__y="y")
    save({"location": {"http": {"url": f"{address}/file"}}}, folder / "x", KEYS)
    assert loaded({"http": {"url": f"{address}/file"}}, tmp_path) == "x"
    save({"location": {"artifactory": {"url": f"{address}/tree/"}}}, folder, KEYS)
    assert sorted(known.kept) == ["/file", "/tree/d/y", "/tree/x"]
    store = HttpStore({}, KEYS)
    for _ in range(2):
        store.delete(f"{address}/file")
    with pytest.raises(ArtifactMissingError, match="/file answered 404"):
        loaded({"http": {"url": f"{address}/file?token=hidden"}}, tmp_path)
    with pytest.raises(ArtifactError, match="cannot be listed over HTTP"):
        store.list(address)


BASIC = "Basic bWU6aHVudGVyMjI="
LOGIN = {"usernameSecret": selector("user"), "passwordSecret": selector("word")}
LOGINS: list[tuple[str, Object, str]] = [
    ("http", {"auth": {"basicAuth": LOGIN}}, BASIC),
    ("artifactory", LOGIN, BASIC),
    ("http", {"headers": [{"name": "Authorization", "value": "mine"}]}, "mine"),
]


@pytest.mark.parametrize(("kind", "stated", "expected"), LOGINS)
def test_whoever_is_asked_learns_who_we_are(
    server: tuple[str, Any], tmp_path: Path, kind: str, stated: Object, expected: str
) -> None:
    """As the location says; where it redirects to another host, that host learns nothing."""
    address, known = server
    known.kept["/x"] = b"x"
    assert loaded({kind: {"url": f"{address}/x", **stated}}, tmp_path) == "x"
    assert known.asked[-1][2]["Authorization"] == expected
    with serving() as (other, others):
        others.kept["/y"] = b"y"
        known.redirects.update({"/same": "/x", "/away": f"{other}/y"})
        assert loaded({kind: {"url": f"{address}/same", **stated}}, tmp_path) == "x"
        assert known.asked[-1][2]["Authorization"] == expected
        assert loaded({kind: {"url": f"{address}/away", **stated}}, tmp_path) == "y"
        assert "Authorization" not in others.asked[-1][2]


def test_a_token_is_asked_for_where_the_location_says_so(
    server: tuple[str, Any], tmp_path: Path
) -> None:
    """With the credentials of the client, its scopes and whatever else is stated."""
    address, known = server
    known.kept["/x"] = b"x"
    keys = Keys(id="client", secret="s3cret", url=f"{address}/token")
    oauth = {
        "clientIDSecret": selector("id"),
        "clientSecretSecret": selector("secret"),
        "tokenURLSecret": selector("url"),
        "scopes": ["a", "b"],
        "endpointParams": [{"key": "audience", "value": "me"}],
    }
    location = {"http": {"url": f"{address}/x", "auth": {"oauth2": oauth}}}
    load({"location": location}, tmp_path / "x", keys)
    assert known.asked[-1][2]["Authorization"] == "Bearer given"
    assert known.kept["/asked"] == b"grant_type=client_credentials&scope=a+b&audience=me"
    assert known.asked[0][2]["Authorization"] == "Basic Y2xpZW50OnMzY3JldA=="


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "is no address of the kinds http and https"),
        ("ftp://127.0.0.1/x", "is no address of the kinds http and https"),
        ("http://[hunter22/x", "an address that is none cannot be reached"),
        ("http://127.0.0.1:1/x", "cannot be reached"),
        ("http://user:hunter22@127.0.0.1:1/x", "http://127.0.0.1:1/x cannot be reached"),
    ],
)
def test_an_address_that_cannot_be_is_told(tmp_path: Path, url: str, message: str) -> None:
    """Without what might be secret in it."""
    with pytest.raises(ArtifactError, match=message) as caught:
        loaded({"http": {"url": url}}, tmp_path)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "100.100.100.200"]
)
def test_where_clouds_tell_about_machines_nothing_is_asked(
    server: tuple[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Whatever name leads there: the connection itself is looked at."""
    import socket

    monkeypatch.setattr(socket.socket, "getpeername", lambda _: (address, 80))
    with pytest.raises(ArtifactError, match="is not allowed"):
        loaded({"http": {"url": f"{server[0]}/x"}}, tmp_path)
    assert server[1].asked == []


def test_a_refusal_is_told(server: tuple[str, Any], tmp_path: Path) -> None:
    """With the server's own word for it."""
    (tmp_path / "x").touch()
    with pytest.raises(ArtifactError, match="/refused answered 403 Forbidden"):
        save({"location": {"http": {"url": f"{server[0]}/refused"}}}, tmp_path / "x", KEYS)


def test_a_certificate_that_is_none_is_told() -> None:
    """Without its key."""
    stated = {"clientCertSecret": selector("user"), "clientKeySecret": selector("word")}
    with pytest.raises(ArtifactError, match="certificate and key of clientCert are none"):
        HttpStore({"auth": {"clientCert": stated}}, KEYS)
