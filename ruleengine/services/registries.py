"""What an image starts, asked of its registry (the OCI distribution API, version 1.1).

Nothing but descriptions is read, no layers, and nobody signs in: an image that is not public is
an error that says so.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from ruleengine.model.values import Object, lookup
from ruleengine.services.http_calls import Call, CallError, Reply, send

_DOCKER: Final = "docker.io"
_DOCKER_REGISTRY: Final = "registry-1.docker.io"
_LIBRARY: Final = "library"
_LATEST: Final = "latest"
_KINDS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')
_SECONDS: Final = 20.0
_UNAUTHORIZED: Final = 401


class RegistryError(Exception):
    """What an image starts cannot be told; says why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image: its registry, its name there, and a tag or digest."""

    registry: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Started:
    """What an image starts: its entrypoint, and the arguments where none are given."""

    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]


def parse_reference(image: str) -> Reference:
    """Return where an image lies, what is usually left out filled in.

    >>> parse_reference("alpine:3.20")
    Reference(registry='docker.io', name='library/alpine', version='3.20')
    """
    rest, _, digest = image.partition("@")
    first, slash, path = rest.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first):
        first, path = _DOCKER, rest
    path, _, tag = path.partition(":")
    if first == _DOCKER and "/" not in path:
        path = f"{_LIBRARY}/{path}"
    return Reference(first, path, digest or tag or _LATEST)


class Registry:
    """Asks one registry about one image; ``architecture`` is that of Go."""

    def __init__(
        self,
        reference: Reference,
        architecture: str = "amd64",
        ask: Callable[[Call], Reply] = send,
    ) -> None:
        host = _DOCKER_REGISTRY if reference.registry == _DOCKER else reference.registry
        name = urlsplit(f"//{host}").hostname or ""
        plain = name in ("localhost", "127.0.0.1", "::1")
        self._root = f"{'http' if plain else 'https'}://{host}/v2/{reference.name}"
        self._reference = reference
        self._architecture = architecture
        self._ask = ask
        self._token = ""

    def started(self) -> Started:
        """Return what the image starts. Raises ``RegistryError``."""
        manifest = self._read(f"manifests/{self._reference.version}", _KINDS)
        if "manifests" in manifest:
            digest = self._chosen(manifest["manifests"])
            manifest = self._read(f"manifests/{digest}", _KINDS)
        digest = lookup(manifest, "config", "digest")
        if not digest:
            raise RegistryError("its manifest names no configuration")
        config = self._read(f"blobs/{digest}", ("*/*",)).get("config") or {}
        return Started(_texts(config.get("Entrypoint")), _texts(config.get("Cmd")))

    def _chosen(self, manifests: list[Object]) -> str:
        """Return the digest of the manifest for Linux on our architecture, else for Linux."""
        linux = [one for one in manifests if lookup(one, "platform", "os") == "linux"]
        fitting = [
            one for one in linux if lookup(one, "platform", "architecture") == self._architecture
        ]
        for one in (*fitting, *linux):
            return str(one.get("digest"))
        raise RegistryError("it has no variant for Linux")

    def _read(self, path: str, kinds: tuple[str, ...]) -> Object:
        reply = self._get(path, kinds)
        if reply.status == _UNAUTHORIZED and not self._token:
            self._sign_in(reply)
            reply = self._get(path, kinds)
        if reply.status != 200:
            raise RegistryError(_refused(reply))
        return _object(reply)

    def _get(self, path: str, kinds: tuple[str, ...]) -> Reply:
        headers = [("Accept", ", ".join(kinds))]
        if self._token:
            headers.append(("Authorization", f"Bearer {self._token}"))
        return self._send(Call(url=f"{self._root}/{path}", headers=headers, seconds=_SECONDS))

    def _sign_in(self, reply: Reply) -> None:
        """Get the token that a registry gives to anybody, as its challenge says."""
        stated = reply.headers.get("Www-Authenticate", [""])[0]
        challenge = dict(_CHALLENGE.findall(stated))
        if not stated.lower().startswith("bearer ") or "realm" not in challenge:
            raise RegistryError("its registry wants a password, which we have none of")
        asked = {key: challenge[key] for key in ("service", "scope") if key in challenge}
        answer = self._send(Call(url=f"{challenge['realm']}?{urlencode(asked)}", seconds=_SECONDS))
        if answer.status != 200:
            raise RegistryError(_refused(answer))
        given = _object(answer)
        self._token = str(given.get("token") or given.get("access_token") or "")
        if not self._token:
            raise RegistryError("its registry gave no token")

    def _send(self, call: Call) -> Reply:
        try:
            return self._ask(call)
        except CallError as error:
            raise RegistryError(str(error)) from error


def _refused(reply: Reply) -> str:
    said = " ".join(_said(reply))
    return f"its registry answered {reply.status}" + (f": {said}" if said else "")


def _said(reply: Reply) -> Iterator[str]:
    try:
        errors = json.loads(reply.body).get("errors") or ()
    except (ValueError, AttributeError):
        return
    for one in errors:
        yield str(one.get("message") or one.get("code"))


def _object(reply: Reply) -> Object:
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RegistryError("its registry answered with something that is no JSON object")
    return found


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value or ()))
