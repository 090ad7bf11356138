"""Artifacts behind a driver: a server beside us that knows a store which we do not.

Argo Workflows 4 calls them artifact plugins: a driver serves ``artifact.ArtifactService`` by gRPC
on a socket, and copies between its store and a path that it is told. What is handed over lies
beside the socket, in a folder that both see, so a driver sees nothing else of a step. A driver
that does not see our files, or whose files we may not read, is asked for their content instead.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from ruleengine.apimachinery.protobuf_wire import ProtobufError
from ruleengine.model.artifact_places import SOCKET
from ruleengine.model.values import Object
from ruleengine.services.artifacts.driver_messages import (
    SERVICE,
    Answer,
    Listing,
    Piece,
    artifact_message,
    load_request,
    read_answer,
    read_listing,
    read_piece,
    request_about,
    save_request,
)
from ruleengine.services.artifacts.objects import library, place_below
from ruleengine.services.artifacts.store import (
    ArtifactError,
    ArtifactMissingError,
    DriverPlace,
)

_Reply = TypeVar("_Reply")

_USUAL_SECONDS: Final = 5
"""For how long a driver may take to answer at all, where nobody states it; as with Argo."""

_HOUR: Final = 3600.0
"""For how many seconds a driver may be about anything but a content, which may be of any size."""

_PAUSE: Final = 0.1
_REMEDY: Final = "run both as one user, by `securityContext.runAsUser` of the workflow"
_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", -1),  # a list of keys may be long
    ("grpc.keepalive_time_ms", 330_000),  # servers in Go hang up on whom asks every five minutes
    ("grpc.keepalive_timeout_ms", 60_000),
)


class DriverStore:
    """What one driver keeps. ``artifact`` is what is said of an artifact besides its location."""

    def __init__(
        self,
        body: Object,
        place: DriverPlace,
        artifact: Object,
        sleep: Callable[[float], None] = time.sleep,
        seconds: float = _HOUR,
    ) -> None:
        self._grpc = library("grpc", "grpc", "behind a driver")
        self._name = str(body["name"])
        self._body = body
        self._place = place
        self._artifact = artifact
        self._sleep = sleep
        self._seconds = seconds

    def load(self, key: str, target: Path) -> None:
        """Write what lies under a key to a path: what the driver wrote, or what it says."""
        with self._talking() as talk:
            if self._place.shares:
                self._load(talk, key, target)
            else:
                self._read(talk, key, target)

    def save(self, source: Path, key: str) -> None:
        """Have the driver keep a file or a tree, of which it gets a copy that it may read."""
        with self._talking() as talk, self._between() as folder:
            copy = folder / "content"
            _copy(source, copy)
            _open_to_all(copy)
            answer = talk.copy("Save", save_request(self._message(key), str(copy)))
            self._require(answer, f"keep {key!r}")

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a path, as the driver lists them."""
        with self._talking() as talk:
            found = self._listing(talk, prefix)
        if found.error:
            raise self._refused(f"list {prefix!r}", found.error)
        yield from found.keys

    def delete(self, key: str) -> None:
        """Have the driver delete what lies under a key."""
        with self._talking() as talk:
            try:
                answer = talk.ask("Delete", request_about(self._message(key)))
            except ArtifactMissingError:
                return
            self._require(answer, f"delete {key!r}")

    def _message(self, key: str) -> bytes:
        return artifact_message(self._artifact, {**self._body, "key": key})

    def _refused(self, what: str, said: str) -> ArtifactError:
        why = said.strip() or "it does not say why"
        return ArtifactError(f"the artifact plugin {self._name!r} cannot {what}: {why}")

    def _require(self, answer: Answer, what: str) -> None:
        if not answer.yes:
            raise self._refused(what, answer.error)

    def _listing(self, talk: "_Talk", key: str) -> Listing:
        return talk.read("ListObjects", request_about(self._message(key)), read_listing)

    def _load(self, talk: "_Talk", key: str, target: Path) -> None:
        with self._between() as folder:
            loaded = folder / "content"
            answer = talk.copy("Load", load_request(self._message(key), str(loaded)))
            self._require(answer, f"load {key!r}")
            if loaded.is_symlink() or not loaded.exists():
                said = f"it says that it has, and wrote nothing to {loaded}"
                raise self._refused(f"load {key!r}", said)
            try:
                _copy(loaded, target)
            except PermissionError:
                _remove(target)
                self._read_instead(talk, key, target)

    def _read_instead(self, talk: "_Talk", key: str, target: Path) -> None:
        """Ask for the content of what only the user of the driver may read."""
        try:
            self._read(talk, key, target)
        except ArtifactError as error:
            raise ArtifactError(
                f"what the artifact plugin {self._name!r} loads can be read by its own user alone, "
                f"and it does not tell the content ({error}): {_REMEDY}"
            ) from error

    def _read(self, talk: "_Talk", key: str, target: Path) -> None:
        """Write what the driver tells of the content under a key."""
        about = request_about(self._message(key))
        found = talk.ask("IsDirectory", about)
        if found.error:
            raise self._refused(f"load {key!r}", found.error)
        if not found.yes:
            self._stream(talk, key, target)
            return
        prefix = f"{key.rstrip('/')}/"
        target.mkdir()
        listing = self._listing(talk, key)
        if listing.error:
            raise self._refused(f"load {key!r}", listing.error)
        for one in listing.keys:
            if one.startswith(prefix) and not one.endswith("/"):
                inner = place_below(target, one.removeprefix(prefix))
                inner.parent.mkdir(parents=True, exist_ok=True)
                self._stream(talk, one, inner)

    def _stream(self, talk: "_Talk", key: str, target: Path) -> None:
        with target.open("wb") as file:
            for one in talk.pieces("OpenStream", request_about(self._message(key))):
                if one.error:
                    raise self._refused(f"load {key!r}", one.error)
                file.write(one.data)
                if one.is_end:
                    break

    @contextmanager
    def _between(self) -> Iterator[Path]:
        """Make a folder that the driver may write to, gone afterwards."""
        with tempfile.TemporaryDirectory(
            prefix="handed-over-", dir=self._place.folder, ignore_cleanup_errors=True
        ) as made:
            Path(made).chmod(0o777)  # the driver may run as another user
            yield Path(made)

    @contextmanager
    def _talking(self) -> Iterator["_Talk"]:
        """Connect to the driver, which may still be on its way. Raises ``ArtifactError``."""
        socket = self._place.folder / SOCKET
        self._await(socket)
        seconds = int(self._body.get("connectionTimeoutSeconds") or _USUAL_SECONDS)
        with self._grpc.insecure_channel(f"unix:{socket}", options=_OPTIONS) as channel:
            try:
                self._grpc.channel_ready_future(channel).result(timeout=seconds)
            except self._grpc.FutureTimeoutError as error:
                why = (
                    f"took no connection within {seconds} seconds; see the logs of its container, "
                    "or state more `connectionTimeoutSeconds`"
                    if os.access(socket, os.W_OK)
                    else f"lets its own user alone use it: {_REMEDY}"
                )
                told = f"the artifact plugin {self._name!r} does not answer on {socket}"
                raise ArtifactError(f"{told}: its driver {why}") from error
            yield _Talk(self._grpc, channel, self._name, self._seconds)

    def _await(self, socket: Path) -> None:
        for _ in range(round(self._place.patience / _PAUSE)):
            if socket.exists():
                return
            self._sleep(_PAUSE)
        if not socket.exists():
            raise ArtifactError(
                f"the artifact plugin {self._name!r} is not there: its driver, started with the "
                f"one argument {socket}, made no such socket within {self._place.patience:g} "
                "seconds; see the logs of its container"
            )


class _Talk:
    """Calls of one connection to a driver; every method raises ``ArtifactError``.

    There is nothing where a driver answers with the status ``NOT_FOUND``, and nowhere else: what
    it says of an error is for people, and a key that it lists nothing under may be a file.
    """

    def __init__(self, grpc: Any, channel: Any, name: str, seconds: float) -> None:
        self._grpc = grpc
        self._channel = channel
        self._name = name
        self._seconds = seconds

    def copy(self, method: str, request: bytes) -> Answer:
        """Return whether a content was copied; that takes as long as it takes."""
        return self._answer(method, request, read_answer, None)

    def ask(self, method: str, request: bytes) -> Answer:
        """Return the answer of yes or no to a call."""
        return self.read(method, request, read_answer)

    def read(self, method: str, request: bytes, reader: Callable[[bytes], _Reply]) -> _Reply:
        """Return what a call is answered with."""
        return self._answer(method, request, reader, self._seconds)

    def _answer(
        self,
        method: str,
        request: bytes,
        reader: Callable[[bytes], _Reply],
        seconds: float | None,
    ) -> _Reply:
        with self._understanding(method):
            call = self._channel.unary_unary(f"/{SERVICE}/{method}")
            return reader(call(request, timeout=seconds))

    def pieces(self, method: str, request: bytes) -> Iterator[Piece]:
        """Yield the pieces that a call is answered with."""
        with self._understanding(method):
            for one in self._channel.unary_stream(f"/{SERVICE}/{method}")(request):
                yield read_piece(one)

    @contextmanager
    def _understanding(self, method: str) -> Iterator[None]:
        try:
            yield
        except self._grpc.RpcError as error:
            code, said = error.code(), f"{error.code().name}: {error.details()}"
            kind = ArtifactError
            if code is self._grpc.StatusCode.NOT_FOUND:
                kind = ArtifactMissingError
            raise kind(f"the artifact plugin {self._name!r} failed at {method}: {said}") from error
        except ProtobufError as error:
            raise ArtifactError(
                f"the artifact plugin {self._name!r} answered {method} with something else than "
                f"a driver answers: {error}"
            ) from error


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a tree. Raises ``PermissionError`` for what may not be read."""
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    try:
        shutil.copytree(source, target, symlinks=True)
    except shutil.Error as error:
        told = [str(one[2]) for one in error.args[0]]
        kind = PermissionError if all("Permission denied" in one for one in told) else OSError
        raise kind("; ".join(told[:3])) from error


def _open_to_all(content: Path) -> None:
    for path in (content, *content.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _remove(content: Path) -> None:
    if content.is_dir():
        shutil.rmtree(content)
    else:
        content.unlink(missing_ok=True)
