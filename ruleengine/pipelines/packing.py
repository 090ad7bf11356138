"""The nodes of large workflows: compressed in the status, or kept in a database besides.

An API server takes objects up to about a megabyte. Argo writes ``status.compressedNodes`` in
place of ``status.nodes`` then, the nodes as JSON, packed with gzip, in base64; where even that is
too large the nodes are kept in a database, and ``status.offloadNodeStatusVersion`` says in which
version (reference, Workflows 23). This is the one place that knows it.
"""

import base64
import binascii
import zlib
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.digests import fnv1a
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object, lookup

COMPRESSED: Final = "compressedNodes"
OFFLOADED: Final = "offloadNodeStatusVersion"

LARGEST_OBJECT: Final = 1024 * 1024
"""From how many bytes on a workflow is packed, as Argo's controller does it."""

_LARGEST_NODES: Final = 1 << 30
"""How many bytes of nodes are unpacked at most: what is larger was not packed by us or Argo."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 3


def is_packed(workflow: Object) -> bool:
    """Tell whether the nodes of a workflow are not where they are read."""
    status = workflow.get("status") or {}
    return bool(status.get(COMPRESSED) or status.get(OFFLOADED))


def version_of_nodes(workflow: Object) -> str:
    """Return in which version the nodes of a workflow are kept in a database; empty: in none."""
    return str(lookup(workflow, "status", OFFLOADED, default=""))


def with_nodes(workflow: Object, nodes: Object) -> Object:
    """Return a workflow whose nodes are where they are read."""
    return {**workflow, "status": {**without_packed(workflow["status"]), "nodes": nodes}}


def without_packed(status: Object) -> Object:
    """Return a status without nodes that are packed or kept elsewhere."""
    return {key: value for key, value in status.items() if key not in (COMPRESSED, OFFLOADED)}


def size_of(value: Object) -> int:
    """Return how many bytes a value takes as JSON."""
    return len(json_text.dump_bytes(value))


def compressed(nodes: Object) -> str:
    """Return nodes in the form of ``compressedNodes``; the same nodes give the same text."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    data = packer.compress(json_text.dump_bytes(nodes)) + packer.flush()
    return base64.b64encode(data).decode()


def decompressed(text: str) -> Object:
    """Return the nodes of a ``compressedNodes``. Raises ``StoreError`` for one that is none."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), _LARGEST_NODES)
        if unpacker.unconsumed_tail:
            raise ValueError("it is too large")  # noqa: TRY301 - told with the other ways to fail
        found = json_text.loads(data)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise StoreError(
            f"status.{COMPRESSED} of a workflow cannot be read: {error}",
            "resubmit the workflow, or delete it",
        ) from error
    if not isinstance(found, dict):
        raise StoreError(
            f"status.{COMPRESSED} of a workflow holds no nodes",
            "resubmit the workflow, or delete it",
        )
    return found


def with_compressed(status: Object) -> Object:
    """Return a status with its nodes compressed."""
    rest = {key: value for key, value in without_packed(status).items() if key != "nodes"}
    return {**rest, COMPRESSED: compressed(status.get("nodes") or {})}


def offloaded(status: Object) -> tuple[Object, str, str]:
    """Return a status without its nodes, the version of these, and they as JSON."""
    text = json_text.dumps(status.get("nodes") or {})
    version = f"fnv:{fnv1a(text.encode())}"
    rest = {key: value for key, value in without_packed(status).items() if key != "nodes"}
    return {**rest, OFFLOADED: version}, version, text
