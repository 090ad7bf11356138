"""A state is exported while it runs, imported elsewhere, and several run side by side."""

import gzip
import io
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text
from ruleengine.local import moving, process
from ruleengine.local.sqlite_store import open_store
from ruleengine.local.store import Key
from ruleengine.model.errors import StoreError, UsageError
from ruleengine.model.http import HttpRequest

MAPS = "/api/v1/namespaces/default/configmaps"
BUS = "bus.sqlite"


class Api:
    """Calls a running control plane."""

    def __init__(self, running: process.Running) -> None:
        self._transport = connect(running.kubeconfig)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the answer."""
        data = b"" if body is None else json_text.dump_bytes(body)
        headers = {"content-type": "application/json"}
        request = HttpRequest(method=method, path=path, headers=headers, body=data)
        return json_text.loads(self._transport.send(request).body)

    def make(self, name: str) -> int:
        """Create a ConfigMap and return its revision."""
        made = self("POST", MAPS, {"metadata": {"name": name}, "data": {"name": name}})
        return int(made["metadata"]["resourceVersion"])

    def names(self) -> set[str]:
        """Return which ConfigMaps there are."""
        return {one["metadata"]["name"] for one in self("GET", MAPS)["items"]}


def stored(state: Path, *names: str) -> None:
    """Store some objects without a server."""
    store = open_store(state)
    for name in names:
        store.write(Key("things", "", name), {"metadata": {"name": name}}, expected=0)
    store.close()


def test_a_running_state_is_exported_whole_and_goes_on_elsewhere(tmp_path: Path) -> None:
    """Every write that was acknowledged before is in it, none is torn, and revisions go on."""
    one, other, file = tmp_path / "one", tmp_path / "other", tmp_path / "state.tar.gz"
    acknowledged: list[int] = []
    stop = threading.Event()
    with process.ensure(one) as running:
        api = Api(running)

        def write() -> None:
            while not stop.is_set():
                acknowledged.append(api.make(f"m{len(acknowledged)}"))

        writer = threading.Thread(target=write)
        writer.start()
        while len(acknowledged) < 20:
            stop.wait(0.01)
        (one / "claims").mkdir(exist_ok=True)
        (one / "claims" / "kept").write_text("of a volume")
        before = len(acknowledged)
        exported = moving.export_state(one, file)
        stop.set()
        writer.join()
        imported = moving.import_state(other, file)
        assert (imported.objects, imported.revision) == (exported.objects, exported.revision)
        assert exported.revision >= acknowledged[before - 1]
        with process.ensure(other) as second:
            assert second.url != running.url
            elsewhere = Api(second)
            found = {name for name in elsewhere.names() if name.startswith("m")}
            assert found == {f"m{number}" for number in range(len(found))}
            assert len(found) >= before
            assert elsewhere.make("new") > exported.revision
            api.make("here-only")
            assert "new" not in api.names()
            assert "here-only" not in elsewhere.names()
        process.stop(other)
    process.stop(one)
    assert (other / "claims" / "kept").read_text() == "of a volume"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (one / "token").read_text() != (other / "token").read_text()


def test_what_holds_a_state_is_given_up_only_when_asked(tmp_path: Path) -> None:
    """Its keys stay, so that kubeconfigs go on; other files of the state are moved too."""
    one, other, file = tmp_path / "one", tmp_path / "other", tmp_path / "state.tar.gz"
    stored(one, "a")
    with closing(sqlite3.connect(one / BUS)) as bus:
        bus.execute("CREATE TABLE t (x)")
    moving.export_state(one, file, [BUS])
    stored(other, "b")
    (other / "token").write_text("t")
    (other / "claims").mkdir()
    with pytest.raises(UsageError, match="holds a state already") as refused:
        moving.import_state(other, file)
    assert "--replace" in refused.value.remedy
    moving.import_state(other, file, [BUS], replace=True)
    store = open_store(other)
    assert store.get(Key("things", "", "a"))
    assert store.get(Key("things", "", "b")) is None
    store.close()
    assert (other / "token").read_text() == "t"
    assert (other / BUS).exists()
    assert not (other / "claims").exists()
    assert not list(other.glob(".import-*"))


def test_a_running_one_is_left_alone_unless_asked(tmp_path: Path) -> None:
    """Then it is stopped first."""
    state, file = tmp_path / "state", tmp_path / "state.tar.gz"
    stored(tmp_path / "one", "a")
    moving.export_state(tmp_path / "one", file)
    with process.ensure(state):
        with pytest.raises(UsageError, match="runs in"):
            moving.import_state(state, file)
        moving.import_state(state, file, replace=True)
        assert process.status(state) is None


def packed(**members: bytes) -> bytes:
    """Return an archive of some files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(data.getvalue())


def test_a_file_that_is_none_of_ours_changes_nothing(tmp_path: Path) -> None:
    """Nor one that is damaged, newer, or would write elsewhere; what there was stays."""
    state, file = tmp_path / "state", tmp_path / "file"
    stored(state, "a")
    moving.export_state(state, file)
    good = file.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(good)) as archive:
        parts = {name.name: archive.extractfile(name).read() for name in archive if name.isreg()}  # type: ignore[union-attr]
    described, store = parts["export.json"], parts["store.sqlite"]
    newer = store[:60] + (99).to_bytes(4, "big") + store[64:]
    wrong = {
        "cannot be read": good[: len(good) // 2],
        "no exported state": packed(other=b"x"),
        "has format 99": packed(export_json=described, store_sqlite=newer),
        "not a database": packed(export_json=described, store_sqlite=b"x" * 4096),
        "leads out": packed(**{"../x": b"x"}),
    }
    for text, content in wrong.items():
        file.write_bytes(content)
        with pytest.raises(StoreError) as refused:
            moving.import_state(state, file, replace=True)
        assert text in refused.value.message
    found = open_store(state)
    assert found.get(Key("things", "", "a"))
    found.close()


def test_there_has_to_be_something_to_export(tmp_path: Path) -> None:
    """And the file appears whole or not at all."""
    with pytest.raises(StoreError, match="nothing is stored"):
        moving.export_state(tmp_path, tmp_path / "x")
    stored(tmp_path, "a")
    with pytest.raises(StoreError, match="cannot be read or written"):
        moving.export_state(tmp_path, tmp_path / "no" / "folder")
    assert not (tmp_path / "no").exists()
