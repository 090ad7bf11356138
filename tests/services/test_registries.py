"""What images start, asked of a small registry on loopback."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ruleengine.app.entrypoints import make_entrypoints
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Request
from ruleengine.services.registries import (
    Reference,
    Registry,
    RegistryError,
    Started,
    parse_reference,
)

INDEX = {
    "manifests": [
        {"digest": "sha256:windows", "platform": {"os": "windows", "architecture": "amd64"}},
        {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
    ]
}
CONTENT: dict[str, Any] = {
    "team/tool/manifests/v1": INDEX,
    "team/tool/manifests/sha256:amd": {"config": {"digest": "sha256:config"}},
    "team/tool/manifests/sha256:arm": {"config": {"digest": "sha256:other"}},
    "team/tool/blobs/sha256:config": {"config": {"Entrypoint": ["/tool"], "Cmd": ["--help"]}},
    "team/tool/blobs/sha256:other": {"config": {"Entrypoint": ["/arm"]}},
    "team/plain/manifests/latest": {"config": {"digest": "sha256:config"}},
    "team/plain/blobs/sha256:config": {"config": {"Cmd": ["sh"]}},
    "team/empty/manifests/latest": {"config": {"digest": "sha256:config"}},
    "team/empty/blobs/sha256:config": {},
    "team/broken/manifests/latest": [],
    "team/foreign/manifests/latest": {"manifests": INDEX["manifests"][:1]},
    "team/bare/manifests/latest": {},
}


class Handler(BaseHTTPRequestHandler):
    """A registry that wants a token, which it gives to anybody."""

    scheme = "Bearer"

    def do_GET(self) -> None:
        """Answer."""
        host = f"http://127.0.0.1:{self.server.server_address[1]}"
        if self.path.startswith("/token"):
            assert "scope=all" in self.path
            self._say(200, {"token": "for-anybody"})
        elif self.headers.get("Authorization") != "Bearer for-anybody":
            said = f'{self.scheme} realm="{host}/token",service="s",scope="all"'
            self._say(401, {}, ("WWW-Authenticate", said))
        elif (found := CONTENT.get(self.path.removeprefix("/v2/"))) is None:
            self._say(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown tag"}]})
        else:
            self._say(200, found)

    def _say(self, status: int, value: Any, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """Return the host of a registry on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("alpine", Reference("docker.io", "library/alpine", "latest")),
        ("team/tool:v1", Reference("docker.io", "team/tool", "v1")),
        ("quay.io/a/b/c:x", Reference("quay.io", "a/b/c", "x")),
        ("localhost:5000/a", Reference("localhost:5000", "a", "latest")),
        ("ghcr.io/a/b:t@sha256:1", Reference("ghcr.io", "a/b", "sha256:1")),
    ],
)
def test_an_image_is_named_as_people_do(image: str, reference: Reference) -> None:
    """What is left out is what it usually is."""
    assert parse_reference(image) == reference


def test_an_image_is_asked_for_its_variant_and_that_for_what_it_starts(registry: str) -> None:
    """With a token that the registry gives to anybody."""
    reference = parse_reference(f"{registry}/team/tool:v1")
    assert Registry(reference).started() == Started(("/tool",), ("--help",))
    assert Registry(reference, "arm64").started() == Started(("/arm",), ())
    assert Registry(reference, "riscv64").started() == Started(("/arm",), ())
    plain = parse_reference(f"{registry}/team/plain")
    assert Registry(plain).started() == Started((), ("sh",))


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("team/none", "answered 404: unknown tag"),
        ("team/broken", "no JSON object"),
        ("team/foreign", "no variant for Linux"),
        ("team/bare", "names no configuration"),
    ],
)
def test_what_cannot_be_told_is_said(registry: str, image: str, told: str) -> None:
    """In the words of the registry where it has any."""
    with pytest.raises(RegistryError, match=told):
        Registry(parse_reference(f"{registry}/{image}")).started()


def test_a_registry_that_wants_a_password_is_an_error(
    registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody signs in for a step."""
    monkeypatch.setattr(Handler, "scheme", "Basic")
    with pytest.raises(RegistryError, match="wants a password"):
        Registry(parse_reference(f"{registry}/team/tool:v1")).started()
    with pytest.raises(RegistryError, match="cannot be reached"):
        Registry(parse_reference("127.0.0.1:1/a")).started()


def test_on_a_cluster_the_registry_says_what_a_step_runs(registry: str) -> None:
    """Else the node says why, and what to do."""
    perform = make_entrypoints(Configuration(), local=False)

    def ask(image: str) -> Any:
        return perform(Request(kind="image-entrypoint", payload={"image": f"{registry}/{image}"}))

    assert ask("team/tool:v1").value == {"entrypoint": ["/tool"], "cmd": ["--help"]}
    assert "runs nothing by itself" in ask("team/empty").error
    assert "unknown tag" in ask("team/none").error
    assert ask("team/none").remedy == "write the command of the step"
