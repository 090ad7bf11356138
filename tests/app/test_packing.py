"""Workflows that grow large are stored packed, and read as if they were not."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ruleengine.app.clusters import LOCAL_NAME, Connected
from ruleengine.app.packing import WorkflowPacking, make_packing
from ruleengine.cluster.client import Client
from ruleengine.formats.json_text import dump_bytes
from ruleengine.model.configuration import Configuration, NodeStatusSettings
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object
from ruleengine.services.archives.nodes import OffloadedNodes
from ruleengine.services.archives.opening import open_nodes
from tests.cluster.fake_api import FakeApi
from tests.services.postgresql import server


def workflow(count: int) -> Object:
    """Return a workflow with so many nodes."""
    nodes = {f"wf-{one}": {"id": f"wf-{one}", "message": "m" * 99} for one in range(count)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf", "namespace": "ci", "uid": "u"},
        "spec": {},
        "status": {"phase": "Running", "nodes": nodes},
    }


def packed(packing: WorkflowPacking, value: Object) -> Object:
    """Return a workflow as it is stored."""
    return {**value, "status": packing.pack(value, value["status"])}


def test_each_size_has_its_form_and_all_read_the_same(tmp_path: Path) -> None:
    """Small ones as they are, larger ones compressed, the largest in the database."""
    path = tmp_path / "archive.sqlite"
    writing = WorkflowPacking("", path, limit=2000, offload=True)
    forms = []
    for count in (1, 30, 3000):
        value = workflow(count)
        stored = packed(writing, value)
        forms.append(stored["status"].keys() - {"phase"})
        reading = WorkflowPacking("", path, limit=2000, offload=True)
        assert reading.unpack(stored) == value
        assert writing.unpack(stored) == value
        assert reading.unpack(reading.unpack(stored)) == value
    assert forms == [{"nodes"}, {"compressedNodes"}, {"offloadNodeStatusVersion"}]


def test_without_a_database_the_largest_are_compressed_too(tmp_path: Path) -> None:
    """Other kinds never are."""
    path = tmp_path / "archive.sqlite"
    value = workflow(3000)
    assert (
        "compressedNodes"
        in packed(WorkflowPacking("", path, limit=2000, offload=False), value)["status"]
    )
    other = {**value, "kind": "Other"}
    assert packed(WorkflowPacking("", path, limit=1, offload=True), other) == other
    assert not path.exists()


def test_nodes_that_are_nowhere_are_an_error(tmp_path: Path) -> None:
    """A workflow without its nodes would begin anew."""
    stored = packed(
        WorkflowPacking("", tmp_path / "one.sqlite", limit=2000, offload=True), workflow(3000)
    )
    with pytest.raises(StoreError, match="are not in the database"):
        WorkflowPacking("", tmp_path / "two.sqlite", limit=2000, offload=True).unpack(stored)
    with pytest.raises(StoreError, match="does not answer"):
        WorkflowPacking("postgresql://127.0.0.1:1/x", tmp_path, limit=1, offload=True).unpack(
            stored
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OffloadedNodes]:
    """Return an empty database of either kind."""
    if request.param == "sqlite":
        yield open_nodes("", tmp_path / "nodes.sqlite")
        return
    with server() as url:
        made = open_nodes(url, tmp_path)
        yield made
        made.close()


def test_the_version_before_stays_and_older_ones_go(nodes: OffloadedNodes) -> None:
    """Whoever reads the status of a moment ago still finds its nodes."""
    versions = ["", "fnv:1", "fnv:2", "fnv:3"]
    for before, version in pairwise(versions):
        nodes.save("u", "ci", version, f'{{"{version}": {{}}}}', before)
    assert nodes.load("u", "fnv:3") == {"fnv:3": {}}
    assert nodes.load("u", "fnv:2") == {"fnv:2": {}}
    with pytest.raises(StoreError):
        nodes.load("u", "fnv:1")


@pytest.mark.parametrize(
    ("local", "settings", "forms"),
    [
        (True, NodeStatusSettings(), ["nodes", "nodes", "compressedNodes"]),
        (False, NodeStatusSettings(), ["nodes", "compressedNodes", "compressedNodes"]),
        (
            True,
            NodeStatusSettings(largest=20_000),
            ["compressedNodes", "offloadNodeStatusVersion", "offloadNodeStatusVersion"],
        ),
        (
            True,
            NodeStatusSettings(largest=20_000, offload=False),
            ["compressedNodes", "compressedNodes", "compressedNodes"],
        ),
    ],
)
def test_what_serves_workflows_says_from_what_size_on_they_are_packed(
    tmp_path: Path, settings: NodeStatusSettings, forms: list[str], *, local: bool
) -> None:
    """Unless the settings do; a request takes no more than three megabytes anywhere."""
    cluster = Connected(client=Client(FakeApi()), local=local, name=LOCAL_NAME)
    packing = make_packing(Configuration(node_status=settings), cluster, tmp_path)
    found = []
    for count in (1_000, 9_000, 16_000):
        stored = packed(packing, workflow(count))
        assert len(dump_bytes(stored)) < 3 * 1024 * 1024
        found += stored["status"].keys() - {"phase"}
    assert found == forms
