"""Artifacts in HDFS, against a fake of its client: no server of it runs on loopback here."""

import io
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ruleengine.services.artifacts.opening import open_store
from ruleengine.services.artifacts.store import ArtifactError, ArtifactMissingError
from tests.services.servers import tree
from tests.services.test_artifact_stores import KEYS


@dataclass
class Options:
    """How a file is written."""

    overwrite: bool = False


@dataclass
class Status:
    """A file or folder."""

    path: str
    isdir: bool


class Writer(io.BytesIO):
    """A file that is kept when it is closed."""

    def __init__(self, files: dict[str, bytes], path: str) -> None:
        super().__init__()
        self.files, self.path = files, path

    def close(self) -> None:
        """Keep what was written."""
        if not self.closed:
            self.files[self.path] = self.getvalue()
        super().close()


class Client:
    """Keeps files in memory, with the methods and errors of the real one."""

    files: dict[str, bytes]
    made: list[tuple[str, dict[str, str]]]

    def __init__(self, url: str, config: dict[str, str]) -> None:
        self.made.append((url, config))

    def get_file_info(self, path: str) -> Status:
        """Return what is at a path."""
        if path in self.files:
            return Status(path, isdir=False)
        if any(one.startswith(f"{path}/") for one in self.files):
            return Status(path, isdir=True)
        raise FileNotFoundError(path)

    def read(self, path: str) -> io.BytesIO:
        """Open a file."""
        return io.BytesIO(self.files[path])

    def mkdirs(self, path: str) -> None:
        """Folders are there by themselves."""

    def create(self, path: str, options: Options) -> Writer:
        """Open a new file."""
        if path in self.files and not options.overwrite:
            raise FileExistsError(path)
        return Writer(self.files, path)

    def list_status(self, path: str, *, recursive: bool) -> Iterator[Status]:
        """Yield what is below a path."""
        assert recursive
        self.get_file_info(path.rstrip("/"))
        return iter([Status(one, isdir=False) for one in sorted(self.files)])

    def delete(self, path: str, recursive: bool) -> bool:
        """Delete a file."""
        assert not recursive
        return self.files.pop(path, None) is not None


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Put the fake in place of the library; return its class."""
    module = types.ModuleType("hdfs_native")
    fake = type("Client", (Client,), {"files": {}, "made": []})
    vars(module).update(Client=fake, WriteOptions=Options)
    monkeypatch.setitem(sys.modules, "hdfs_native", module)
    monkeypatch.delenv("HADOOP_USER_NAME", raising=False)
    return fake


BODY = {"addresses": ["one:8020", "two:8020"], "path": "/a/k", "force": True}


def test_artifacts_are_kept_loaded_listed_and_deleted(made: Any, tmp_path: Path) -> None:
    """Files and trees, at absolute paths."""
    store, key = open_store({"hdfs": BODY}, KEYS)
    folder = tree(tmp_path / "t", x="x", d__y="y")
    store.save(folder, key)
    store.save(folder / "x", "/a/k-other")
    assert list(store.list("/a/k")) == ["/a/k-other", "/a/k/d/y", "/a/k/x"]
    store.load(key, tmp_path / "back")
    assert (tmp_path / "back/d/y").read_text() == "y"
    store.delete(key)
    store.delete(key)
    assert list(made.files) == ["/a/k-other"]
    with pytest.raises(ArtifactMissingError):
        store.load("/none/k", tmp_path / "x")


def test_name_nodes_are_tried_until_one_is_active(made: Any) -> None:
    """They are named in the client's settings; the user in the environment, where it looks."""
    import os

    open_store({"hdfs": {**BODY, "hdfsUser": "me", "dataTransferProtection": "privacy"}}, KEYS)
    assert os.environ["HADOOP_USER_NAME"] == "me"
    assert made.made == [
        (
            "hdfs://artifacts",
            {
                "dfs.ha.namenodes.artifacts": "n0,n1",
                "dfs.namenode.rpc-address.artifacts.n0": "one:8020",
                "dfs.namenode.rpc-address.artifacts.n1": "two:8020",
                "dfs.data.transfer.protection": "privacy",
            },
        )
    ]


def test_a_file_is_replaced_only_where_that_is_forced(made: Any, tmp_path: Path) -> None:
    """And that is told."""
    made.files["/a/k"] = b"old"
    (tmp_path / "x").write_text("new")
    store, key = open_store({"hdfs": {**BODY, "force": False}}, KEYS)
    with pytest.raises(ArtifactError, match="cannot keep '/a/k' in HDFS"):
        store.save(tmp_path / "x", key)
    open_store({"hdfs": BODY}, KEYS)[0].save(tmp_path / "x", key)
    assert made.files == {"/a/k": b"new"}


def test_kerberos_is_refused_plainly(made: Any) -> None:
    """Nothing is tried without it."""
    with pytest.raises(ArtifactError, match="Kerberos are not honoured"):
        open_store({"hdfs": {**BODY, "krbKeytabSecret": {"name": "s", "key": "k"}}}, KEYS)
    assert made.made == []
