"""Artifacts behind a driver: a real server on a socket, with a directory behind it."""

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.apimachinery.protobuf_wire import ProtobufError
from ruleengine.model.values import Object
from ruleengine.services.artifacts import drivers
from ruleengine.services.artifacts.driver_messages import read_answer, read_listing, read_piece
from ruleengine.services.artifacts.drivers import DriverStore
from ruleengine.services.artifacts.opening import load, open_store, save
from ruleengine.services.artifacts.store import (
    ArtifactError,
    ArtifactMissingError,
    DriverPlace,
)
from ruleengine.step.access import PodAccess
from tests.services import artifact_driver
from tests.services.artifact_driver import DirectoryDriver, serve
from tests.services.servers import tree


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short path: that of a socket must not be long."""
    with tempfile.TemporaryDirectory(prefix="drv-") as made:
        yield Path(made)


Serve = Callable[[DirectoryDriver], DirectoryDriver]


@pytest.fixture
def serving(folder: Path) -> Iterator[Serve]:
    """Return what starts a driver called ``mine``."""
    servers = []

    def begin(driver: DirectoryDriver) -> DirectoryDriver:
        (folder / "mine").mkdir()
        servers.append(serve(driver, str(folder / "mine" / "socket")))
        return driver

    yield begin
    for one in servers:
        one.stop(None).wait()


class Kept:
    """A driver that runs, what it keeps, and the store that asks it."""

    def __init__(self, folder: Path, *, shares: bool = True) -> None:
        self.root = folder / "kept"
        self.place = DriverPlace(folder / "mine", shares=shares)
        self.body: Object = {"name": "mine", "configuration": str(self.root), "key": "k"}

    def store(self, **more: Any) -> DriverStore:
        """Return the store."""
        return DriverStore({**self.body, **more}, self.place, {"name": "a"}, lambda _: None)

    def put(self, key: str, text: str) -> None:
        """Lay a file into what it keeps."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_file_comes_back_as_it_was(serving: Serve, folder: Path, tmp_path: Path) -> None:
    """And nothing of it stays where it was handed over."""
    serving(DirectoryDriver())
    store = Kept(folder).store()
    (tmp_path / "file").write_text("content")
    store.save(tmp_path / "file", "a folder/ä+b.txt")
    assert (folder / "kept" / "a folder" / "ä+b.txt").read_text() == "content"
    store.load("a folder/ä+b.txt", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "content"
    assert [one.name for one in (folder / "mine").iterdir()] == ["socket"]


def test_a_tree_comes_back_as_it_was(serving: Serve, folder: Path, tmp_path: Path) -> None:
    """Its files may be read by a driver that runs as another user."""
    serving(DirectoryDriver())
    store = Kept(folder).store()
    made = tree(tmp_path / "made", a="1", deep__b="2")
    (made / "a").chmod(0o600)
    store.save(made, "t")
    kept = [one for one in (folder / "kept" / "t").rglob("*") if one.is_file()]
    assert all(one.stat().st_mode & 0o004 for one in kept)
    store.load("t", tmp_path / "back")
    files = [
        {one.relative_to(root): one.read_bytes() for one in root.rglob("*") if one.is_file()}
        for root in (made, tmp_path / "back")
    ]
    assert files[0] == files[1]
    assert len(files[0]) > 1


def test_a_driver_is_told_what_argo_tells_it(serving: Serve, folder: Path, tmp_path: Path) -> None:
    """The location, and what is said of the artifact; with the path that the step knows."""
    driver = serving(DirectoryDriver())
    kept = Kept(folder)
    kept.put("k", "x")
    artifact: Object = {
        "name": "a",
        "path": "/argo/inputs/artifacts/a",
        "stepPath": "/in/a",
        "mode": 0o644,
        "optional": True,
        "recurseMode": True,
        "location": {"plugin": {**kept.body, "connectionTimeoutSeconds": 300}},
    }
    access = PodAccess(drivers=folder)
    load(artifact, tmp_path / "back", access)
    save({"name": "o", "location": artifact["location"]}, tmp_path / "back", access)
    (_, loaded), (_, saved) = driver.asked
    told = loaded.input_artifact
    assert (told.name, told.path, told.mode) == ("a", "/in/a", 0o644)
    assert (told.optional, told.recurse_mode, told.deleted) == (True, True, False)
    plugin = told.plugin
    assert (plugin.name, plugin.configuration, plugin.key) == ("mine", str(kept.root), "k")
    assert plugin.connection_timeout_seconds == 300
    assert (saved.output_artifact.name, saved.output_artifact.plugin.key) == ("o", "k")
    assert (saved.output_artifact.path, saved.output_artifact.mode) == ("", 0)


def test_keys_are_listed_and_deleted(serving: Serve, folder: Path) -> None:
    """What is not there any more is no error."""
    serving(DirectoryDriver())
    kept = Kept(folder)
    for key in ("rows/a", "rows/b", "other"):
        kept.put(key, "x")
    store, key = open_store({"plugin": {**kept.body, "key": "rows"}}, PodAccess(drivers=folder))
    assert list(store.list(key)) == ["rows/a", "rows/b"]
    store.delete(key)
    store.delete(key)
    assert list(store.list(key)) == []
    assert list(store.list("other")) == ["other"]


def test_what_is_missing_is_told_from_what_is_wrong(
    serving: Serve, folder: Path, tmp_path: Path
) -> None:
    """A driver says by a status that there is nothing; whatever else it says is an error."""
    driver = serving(DirectoryDriver())
    store = Kept(folder).store()
    with pytest.raises(ArtifactMissingError, match="'mine' failed at Load: NOT_FOUND: no such"):
        store.load("gone", tmp_path / "back")
    driver.load = lambda _: {"error": "no such key"}  # type: ignore[method-assign]
    with pytest.raises(ArtifactError, match="'mine' cannot load 'gone': no such key") as told:
        store.load("gone", tmp_path / "back")
    assert not isinstance(told.value, ArtifactMissingError)


class Wrong(DirectoryDriver):
    """Answers whatever a test says."""

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        for name, answer in answers.items():
            setattr(self, name, answer)


def _fails(request: Any) -> dict[str, Any]:
    raise RuntimeError(f"out of order for {type(request).__name__}")


WRONG: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "a lie": ("load", lambda _: {"success": True}, "cannot load 'k': it says that it has, and"),
    "no word of a load": ("load", lambda _: {}, "cannot load 'k': it does not say why"),
    "a fault": ("load", _fails, "failed at Load: UNKNOWN: .*out of order for LoadArtifactRequest"),
    "not kept": ("save", lambda _: {"error": "full"}, "cannot keep 'k': full"),
    "no word of a save": ("save", lambda _: {}, "cannot keep 'k': it does not say why"),
    "not deleted": ("delete", lambda _: {"error": "locked"}, "cannot delete 'k': locked"),
    "not listed": ("list_objects", lambda _: {"error": "no rights"}, "cannot list 'k': no rights"),
    "a fault of a list": ("list_objects", _fails, "failed at ListObjects: UNKNOWN"),
}


@pytest.mark.parametrize(("method", "answer", "said"), WRONG.values(), ids=WRONG)
def test_what_a_driver_did_not_do_is_told_in_its_words(
    serving: Serve, folder: Path, tmp_path: Path, method: str, answer: Any, said: str
) -> None:
    """Not even what it says that it did, and did not."""
    serving(Wrong(**{method: answer}))
    kept = Kept(folder)
    kept.put("k", "x")
    store, file = kept.store(), tmp_path / "file"
    file.write_text("x")
    calls: dict[str, Callable[[], object]] = {
        "load": lambda: store.load("k", tmp_path / "back"),
        "save": lambda: store.save(file, "k"),
        "delete": lambda: store.delete("k"),
        "list_objects": lambda: list(store.list("k")),
    }
    with pytest.raises(ArtifactError, match=f"'mine' {said}") as told:
        calls[method]()
    assert not isinstance(told.value, ArtifactMissingError)
    assert not (tmp_path / "back").exists()


def test_an_answer_of_another_protocol_is_told(folder: Path, tmp_path: Path) -> None:
    """Its bytes are no message of a driver."""
    (folder / "mine").mkdir()
    server = grpc.server(ThreadPoolExecutor(1))
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"\xff\xff")
    service = grpc.method_handlers_generic_handler("artifact.ArtifactService", {"Load": handler})
    server.add_generic_rpc_handlers((service,))
    server.add_insecure_port(f"unix:{folder}/mine/socket")
    server.start()
    try:
        with pytest.raises(ArtifactError, match="'mine' answered Load with something else than"):
            Kept(folder).store().load("k", tmp_path / "back")
    finally:
        server.stop(None).wait()


def test_a_driver_that_does_not_come_is_an_error_in_words(folder: Path) -> None:
    """It is waited for, as long as a pod may take; the error says what it was to do."""
    pauses: list[float] = []
    access = PodAccess(drivers=folder)
    store = DriverStore({"name": "mine"}, access.driver("mine"), {}, pauses.append)
    where = folder / "mine" / "socket"
    with pytest.raises(ArtifactError, match="'mine' is not there") as told:
        store.delete("k")
    assert f"the one argument {where}, made no such socket within 120 seconds" in str(told.value)
    assert sum(pauses) == pytest.approx(120)


def test_a_driver_is_waited_for_until_it_listens(serving: Serve, folder: Path) -> None:
    """It begins when we do."""
    kept = Kept(folder)
    kept.put("k", "x")

    def pause(_: float) -> None:
        serving(DirectoryDriver())

    store = DriverStore(kept.body, DriverPlace(folder / "mine", patience=1), {}, pause)
    assert list(store.list("k")) == ["k"]


def test_a_driver_that_never_answers_is_an_error_in_words(folder: Path) -> None:
    """After as many seconds as the artifact or the driver's entry states."""
    (folder / "mine").mkdir()
    place = folder / "mine" / "socket"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(place))
        silent.listen()
        with pytest.raises(ArtifactError, match="'mine' does not answer on") as told:
            Kept(folder).store(connectionTimeoutSeconds=1).delete("k")
    assert "took no connection within 1 seconds" in str(told.value)
    assert "connectionTimeoutSeconds" in str(told.value)


def test_a_driver_that_does_not_see_our_files_tells_the_content(
    serving: Serve, folder: Path, tmp_path: Path
) -> None:
    """Files and trees, piece by piece; no key leads out of its folder."""
    driver = serving(DirectoryDriver())
    kept = Kept(folder, shares=False)
    kept.put("file", "a longer text")
    kept.put("tree/in/a", "1")
    kept.put("tree/b", "")
    kept.store().load("file", tmp_path / "file")
    kept.store().load("tree", tmp_path / "tree")
    assert (tmp_path / "file").read_text() == "a longer text"
    assert (tmp_path / "tree" / "in" / "a").read_text() == "1"
    assert (tmp_path / "tree" / "b").read_text() == ""
    assert "Load" not in [name for name, _ in driver.asked]
    driver.list_objects = lambda _: {"objects": ["tree/../out"]}  # type: ignore[method-assign]
    with pytest.raises(ArtifactError, match="leads out of its folder"):
        kept.store().load("tree", tmp_path / "other")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"is_directory": lambda _: {"error": "no rights"}}, "no rights"),
        ({"open_stream": lambda _: iter([{"error": "torn"}])}, "torn"),
    ],
)
def test_a_content_that_is_not_told_is_an_error(
    serving: Serve, folder: Path, tmp_path: Path, answers: Object, said: str
) -> None:
    """In the driver's words."""
    serving(Wrong(**answers))
    kept = Kept(folder, shares=False)
    kept.put("k", "x")
    with pytest.raises(ArtifactError, match=f"'mine' cannot load 'k': {said}"):
        kept.store().load("k", tmp_path / "back")


def test_what_only_the_driver_may_read_is_told_by_it(
    serving: Serve, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it may run as another user; where it does not tell it, the error names the remedy."""
    driver = serving(DirectoryDriver())
    kept = Kept(folder)
    kept.put("k", "secret")
    _refuse_copies(monkeypatch)
    kept.store().load("k", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "secret"
    driver.open_stream = _fails  # type: ignore[method-assign]
    with pytest.raises(ArtifactError, match="its own user alone") as told:
        kept.store().load("k", tmp_path / "again")
    assert "securityContext.runAsUser" in str(told.value)


def _refuse_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to read what was handed over, as the system does; whoever runs this may read all."""

    def refused(source: Path, target: Path) -> None:
        raise PermissionError(13, os.strerror(13), str(source), None, str(target))

    monkeypatch.setattr(drivers, "_copy", refused)


def test_without_its_library_the_error_names_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with every store."""
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(ArtifactError, match="artifacts behind a driver need a library") as told:
        Kept(folder).store()
    assert "pip install 'ruleengine[grpc]'" in str(told.value)


def test_a_driver_that_shuts_us_out_is_told_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is open to its own user alone; whoever runs this may open all."""
    (folder / "mine").mkdir()
    (folder / "mine" / "socket").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ArtifactError, match="its driver lets its own user alone use it") as told:
        Kept(folder).store(connectionTimeoutSeconds=1).delete("k")
    assert "securityContext.runAsUser" in str(told.value)


def test_a_driver_that_is_about_a_key_for_ever_is_given_up(serving: Serve, folder: Path) -> None:
    """It took the call, and never answers; so no workflow is kept by it when it is to go."""
    over = Event()
    serving(Wrong(delete=lambda _: {"success": over.wait(5)}))
    kept = Kept(folder)
    store = DriverStore(kept.body, kept.place, {}, seconds=0.2)
    with pytest.raises(ArtifactError, match="'mine' failed at Delete: DEADLINE_EXCEEDED"):
        store.delete("k")
    over.set()


READERS = [
    (read_answer, "LoadArtifactResponse"),
    (read_answer, "IsDirectoryResponse"),
    (read_listing, "ListObjectsResponse"),
    (read_piece, "OpenStreamResponse"),
]
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "success": st.booleans(),
        "is_directory": st.booleans(),
        "is_end": st.booleans(),
        "error": st.text(),
        "data": st.binary(),
        "objects": st.lists(st.text(), max_size=4),
    },
)


@pytest.mark.parametrize(("reader", "name"), READERS, ids=[name for _, name in READERS])
@given(values=VALUES)
def test_answers_are_read_as_their_own_library_writes_them(
    reader: Callable[[bytes], Any], name: str, values: Object
) -> None:
    """Field by field; what is not there is empty."""
    made = artifact_driver.types()[name]
    told = {key: value for key, value in values.items() if key in made.DESCRIPTOR.fields_by_name}
    found = reader(made(**told).SerializeToString())
    assert found.error == told.get("error", "")
    expected = {
        "yes": told.get("success", told.get("is_directory", False)),
        "keys": tuple(told.get("objects", ())),
        "data": told.get("data", b""),
        "is_end": told.get("is_end", False),
    }
    for field in found._fields:
        assert field == "error" or getattr(found, field) == expected[field]


@pytest.mark.parametrize(("reader", "name"), READERS, ids=[name for _, name in READERS])
@given(data=st.binary(max_size=40))
def test_whatever_a_driver_answers_is_read_or_refused(
    reader: Callable[[bytes], Any], name: str, data: bytes
) -> None:
    """With no other error than that of its protocol."""
    del name
    with contextlib.suppress(ProtobufError):
        reader(data)
