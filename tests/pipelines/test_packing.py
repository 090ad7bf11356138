"""Large workflows: nodes compressed as Argo compresses them, or kept in a database."""

import base64
import gzip
import json

import pytest

from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object
from ruleengine.pipelines import packing

NODES: Object = {
    f"wf-{number}": {"id": f"wf-{number}", "phase": "Succeeded"} for number in range(99)
}


def test_compressed_nodes_are_those_of_argo() -> None:
    """JSON, gzip, base64; the same nodes give the same text."""
    text = packing.compressed(NODES)
    assert json.loads(gzip.decompress(base64.b64decode(text))) == NODES
    assert packing.compressed(dict(NODES)) == text
    argo = base64.b64encode(gzip.compress(json.dumps(NODES).encode())).decode()
    assert packing.decompressed(argo) == NODES


def test_a_status_has_its_nodes_in_one_place_only() -> None:
    """Compressed, elsewhere, or where they are read."""
    status: Object = {"phase": "Running", "nodes": NODES, "offloadNodeStatusVersion": "fnv:1"}
    packed = packing.with_compressed(status)
    assert packed.keys() == {"phase", "compressedNodes"}
    assert packing.decompressed(packed["compressedNodes"]) == NODES
    assert packing.decompressed(packing.with_compressed({})["compressedNodes"]) == {}
    assert packing.offloaded({})[2] == "{}"
    away, version, text = packing.offloaded(status)
    assert away == {"phase": "Running", "offloadNodeStatusVersion": version}
    assert json.loads(text) == NODES
    assert packing.with_nodes({"status": packed}, NODES) == {
        "status": {"phase": "Running", "nodes": NODES}
    }
    assert packing.is_packed({"status": packed})
    assert packing.is_packed({"status": away})
    assert not packing.is_packed({"status": {"nodes": NODES}})
    assert not packing.is_packed({})


@pytest.mark.parametrize(
    "text",
    [
        "no base64!",
        base64.b64encode(b"no gzip").decode(),
        base64.b64encode(gzip.compress(b"no json", mtime=0)).decode(),
        base64.b64encode(gzip.compress(b"[1]", mtime=0)).decode(),
    ],
    ids=("no base64", "no gzip", "no json", "no object"),
)
def test_what_holds_no_nodes_says_so(text: str) -> None:
    """In place of a workflow without any."""
    with pytest.raises(StoreError, match="compressedNodes of a workflow"):
        packing.decompressed(text)


def test_nodes_beyond_any_size_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much memory is never taken; those that just fit are read."""
    text = packing.compressed(NODES)
    size = packing.size_of(NODES)
    monkeypatch.setattr(packing, "_LARGEST_NODES", size)
    assert packing.decompressed(text) == NODES
    monkeypatch.setattr(packing, "_LARGEST_NODES", size - 1)
    with pytest.raises(StoreError, match="cannot be read: it is too large"):
        packing.decompressed(text)
