"""Connections: what a kubeconfig says, what a server says, and what is said when none answers."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.cluster.errors import UnauthorizedError
from ruleengine.cluster.kubeconfig import read_access
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.model.http import HttpRequest
from tests.programs import kubectl


class Handler(BaseHTTPRequestHandler):
    """Answers ``/version`` to who has the token, and a watch with two chunks."""

    def do_GET(self) -> None:
        """Answer a request."""
        if self.headers.get("Authorization") != "Bearer right":
            return self._answer(401, b'{"reason":"Unauthorized"}')
        if "watch=true" in self.path:
            return self._answer(200, b'{"a":1}\n{"b":2}\n')
        return self._answer(200, json.dumps({"gitVersion": "v1", "path": self.path}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Run a server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def kubeconfig(folder: Path, server: str, **user: object) -> Path:
    """Write a kubeconfig with one context."""
    path = folder / "config"
    value = {
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(value))
    return path


def test_the_token_of_the_kubeconfig_is_sent(tmp_path: Path, server: str) -> None:
    """A plain kubeconfig needs nothing but itself."""
    client = Client(connect(kubeconfig(tmp_path, server, token="right")))
    assert client.version()["gitVersion"] == "v1"


def test_the_timeout_of_a_request_is_told_to_the_server(tmp_path: Path, server: str) -> None:
    """So that the server gives it up at the same time; other parameters are kept."""
    transport = connect(kubeconfig(tmp_path, server, token="right"))
    request = HttpRequest(method="GET", path="/version", query=(("a", "b"),), timeout=7)
    assert b"/version?a=b&timeout=7s" in transport.send(request).body


def test_a_token_file_is_read_anew(tmp_path: Path, server: str) -> None:
    """Tokens that are renewed on disk are picked up."""
    (tmp_path / "token").write_text("wrong")
    client = Client(connect(kubeconfig(tmp_path, server, tokenFile="token")))
    with pytest.raises(UnauthorizedError):
        client.version()
    (tmp_path / "token").write_text("right\n")
    assert client.version()


def test_a_wrong_token_is_unauthorized(tmp_path: Path, server: str) -> None:
    """401 has an error of its own that does not show the token."""
    client = Client(connect(kubeconfig(tmp_path, server, token="wr0ng")))
    with pytest.raises(UnauthorizedError) as caught:
        client.version()
    assert "wr0ng" not in str(caught.value)


def test_a_watch_is_streamed(tmp_path: Path, server: str) -> None:
    """The answer to a watch has a stream in place of a body."""
    transport = connect(kubeconfig(tmp_path, server, token="right"))
    request = HttpRequest(method="GET", path="/api/v1/pods", query=(("watch", "true"),))
    response = transport.send(request)
    assert response.stream is not None
    assert b"".join(response.stream) == b'{"a":1}\n{"b":2}\n'


def test_a_missing_cluster_is_unreachable(tmp_path: Path) -> None:
    """The message names server and context, and what to do."""
    path = kubeconfig(tmp_path, "http://127.0.0.1:9")
    client = Client(connect(path), Retrying(sleep=lambda _: None, jitter=lambda: 0.0))
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9.*'one'") as caught:
        client.version()
    assert caught.value.remedy


def test_a_token_that_cannot_be_sent_is_not_a_server_that_is_silent(
    tmp_path: Path, server: str
) -> None:
    """The message says what is wrong, and never the token."""
    transport = connect(kubeconfig(tmp_path, server, token="in two\nlines"))
    with pytest.raises(UnreachableError, match=r"a header has .* cannot be sent") as caught:
        transport.send(HttpRequest(method="GET", path="/version"))
    assert "in two" not in caught.value.message


def test_plain_http_behind_an_https_address_is_a_tls_failure(tmp_path: Path, server: str) -> None:
    """A failed handshake is told apart from silence."""
    transport = connect(kubeconfig(tmp_path, server.replace("http:", "https:")))
    with pytest.raises(UnreachableError, match="TLS"):
        transport.send(HttpRequest(method="GET", path="/version"))


def test_an_unknown_context_lists_those_there_are(tmp_path: Path) -> None:
    """The remedy holds the names to choose from."""
    with pytest.raises(UsageError) as caught:
        connect(kubeconfig(tmp_path, "http://127.0.0.1:9"), "two")
    assert "one" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "a: [b", "[]", "kind: Config"])
def test_a_broken_kubeconfig_is_wrong_usage(tmp_path: Path, text: str) -> None:
    """Whatever is in the file, it is an error with a remedy."""
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(UsageError):
        connect(path)


def test_a_missing_kubeconfig_is_wrong_usage(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(UsageError, match="nowhere"):
        connect(tmp_path / "nowhere")


def test_a_broken_certificate_is_wrong_usage(tmp_path: Path) -> None:
    """Material that cannot be used is refused before anything is sent."""
    path = kubeconfig(
        tmp_path,
        "https://127.0.0.1:9",
        **{"client-certificate-data": "AAAA", "client-key-data": "AAAA"},
    )
    with pytest.raises(UsageError, match="certificates"):
        connect(path)


def kubeconfigs(folder: Path) -> list[Path]:
    """Write three files that share names: contexts in one, tokens beside another."""
    values = {
        "a/first": {"contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]},
        "b/second": {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "other"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
            "users": [{"name": "u", "user": {"client-certificate": "mine.pem"}}],
        },
        "c/third": {
            "current-context": "y",
            "contexts": [{"name": "y", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [
                {"name": "c", "cluster": {"server": "https://third", "tls-server-name": "t"}}
            ],
            "users": [{"name": "u", "user": {"client-key": "theirs.pem"}}],
        },
    }
    for name, value in values.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(json.dumps({"kind": "Config", "apiVersion": "v1", **value}))
    (folder / "b" / "mine.pem").write_text("mine")
    return [folder / name for name in values]


def test_several_kubeconfigs_count_as_one(tmp_path: Path) -> None:
    """Of one name the first entry counts, whole; its paths start at its own file."""
    paths = kubeconfigs(tmp_path)
    access = read_access(paths)
    assert (access.context, access.server, access.server_name) == ("x", "https://127.0.0.1:9", "")
    assert (access.certificate, access.key) == (b"mine", None)
    assert read_access(paths, "y").server == "https://127.0.0.1:9"


def test_several_kubeconfigs_mean_what_they_mean_to_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is missing is passed over."""
    paths = [tmp_path / "missing", *kubeconfigs(tmp_path)]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, paths)))
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9.*'x'"):
        connect().send(HttpRequest(method="GET", path="/version"))
    command = [kubectl(), "config", "view", "--raw", "--minify", "-o", "json"]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert seen["current-context"] == "x"
    assert seen["clusters"][0]["cluster"] == {"server": "https://127.0.0.1:9"}
    (user,) = seen["users"]
    assert list(user["user"]) == ["client-certificate"]
    assert user["user"]["client-certificate"].endswith("mine.pem")


def test_a_program_that_logs_in_is_left_to_the_kubernetes_package(
    tmp_path: Path, server: str
) -> None:
    """The token that an exec program prints is sent."""
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "right"},
    }
    login = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": [json.dumps(credential)],
        "interactiveMode": "Never",
    }
    client = Client(connect(kubeconfig(tmp_path, server, exec=login)))
    assert client.version()["gitVersion"] == "v1"


def test_a_token_that_was_renewed_in_the_kubeconfig_is_used_once_the_old_one_is_refused(
    tmp_path: Path, server: str
) -> None:
    """The request that was refused is sent again; nobody notices."""
    client = Client(connect(kubeconfig(tmp_path, server, token="old")))
    with pytest.raises(UnauthorizedError):
        client.version()
    kubeconfig(tmp_path, server, token="right")
    assert client.version()["gitVersion"] == "v1"
    kubeconfig(tmp_path, server, token="never asked for")
    assert client.version()["gitVersion"] == "v1"


@pytest.mark.parametrize("text", [None, "{"], ids=["gone", "half written"])
def test_a_kubeconfig_that_cannot_be_read_any_more_changes_nothing(
    tmp_path: Path, server: str, text: str | None
) -> None:
    """What the server says is what is told; and it is read again after the next refusal."""
    path = kubeconfig(tmp_path, server, token="old")
    client = Client(connect(path))
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(UnauthorizedError):
        client.version()
    kubeconfig(tmp_path, server, token="right")
    assert client.version()


def test_credentials_of_another_server_are_sent_to_none(tmp_path: Path, server: str) -> None:
    """A kubeconfig that leads elsewhere by now names a cluster that nobody chose."""
    client = Client(connect(kubeconfig(tmp_path, server, token="old")))
    kubeconfig(tmp_path, f"{server}/elsewhere", token="right")
    with pytest.raises(UnauthorizedError):
        client.version()


def test_another_current_context_leads_nowhere_else(tmp_path: Path, server: str) -> None:
    """The context that was current when the connection was made stays the one that is meant."""
    path = kubeconfig(tmp_path, server, token="old")
    client = Client(connect(path))
    value = json.loads(path.read_text())
    value["current-context"] = "two"
    value["contexts"].append({"name": "two", "context": {"cluster": "c", "user": "other"}})
    value["users"].append({"name": "other", "user": {"token": "right"}})
    path.write_text(json.dumps(value))
    with pytest.raises(UnauthorizedError):
        client.version()
