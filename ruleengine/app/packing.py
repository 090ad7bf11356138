"""How workflows that grow large are stored, as the settings of a config repo say."""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruleengine.app.clusters import Connected, database_path
from ruleengine.model.configuration import Configuration
from ruleengine.model.errors import StoreError, UnreachableError
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines import packing

if TYPE_CHECKING:
    from ruleengine.services.archives.nodes import OffloadedNodes

_LARGEST_LOCAL: Final = 2 * packing.LARGEST_OBJECT
"""From how many bytes on a workflow is packed locally: a request takes three megabytes."""

_MOST_REMEMBERED: Final = 64
"""Of how many workflows the unpacked nodes are remembered."""


class WorkflowPacking:
    """Packs workflows beyond ``limit`` bytes.

    With ``offload`` what is too large even then goes to the database of the archive.
    """

    def __init__(self, database: str, path: Path, *, limit: int, offload: bool) -> None:
        self._database = database
        self._path = path
        self._limit = limit
        self._offload = offload
        self._nodes: OffloadedNodes | None = None
        self._known: OrderedDict[str, tuple[str, Object]] = OrderedDict()

    def unpack(self, value: Object) -> Object:
        """Return a workflow with its nodes where they are read. Raises ``StoreError``."""
        if value.get("kind") != "Workflow" or not packing.is_packed(value):
            return value
        uid, version = uid_of(value), packing.version_of_nodes(value)
        text = version or str(lookup(value, "status", packing.COMPRESSED, default=""))
        known = self._known.get(uid)
        if known is not None and known[0] == text:
            return packing.with_nodes(value, known[1])
        nodes = self._load(uid, version) if version else packing.decompressed(text)
        self._remember(uid, text, nodes)
        return packing.with_nodes(value, nodes)

    def pack(self, value: Object, status: Object) -> Object:
        """Return the status of a workflow as it is stored. Raises ``StoreError``."""
        if value.get("kind") != "Workflow" or not status.get("nodes"):
            return status
        if packing.size_of({**value, "status": status}) <= self._limit:
            return status
        packed = packing.with_compressed(status)
        uid = uid_of(value)
        if (
            not (self._offload and uid)
            or packing.size_of({**value, "status": packed}) <= self._limit
        ):
            self._remember(uid, packed[packing.COMPRESSED], status["nodes"])
            return packed
        packed, version, text = packing.offloaded(status)
        namespace = str(lookup(value, "metadata", "namespace", default=""))
        before = packing.version_of_nodes(value)
        try:
            self._opened().save(uid, namespace, version, text, before)
        except UnreachableError as error:
            raise StoreError(error.message, error.remedy) from error
        self._remember(uid, version, status["nodes"])
        return packed

    def _load(self, uid: str, version: str) -> Object:
        try:
            return self._opened().load(uid, version)
        except UnreachableError as error:
            raise StoreError(error.message, error.remedy) from error

    def _remember(self, uid: str, text: str, nodes: Object) -> None:
        self._known[uid] = (text, nodes)
        self._known.move_to_end(uid)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _opened(self) -> "OffloadedNodes":
        from ruleengine.services.archives.opening import open_nodes

        if self._nodes is None:
            self._nodes = open_nodes(self._database, self._path)
        return self._nodes


def make_packing(configuration: Configuration, cluster: Connected, state: Path) -> WorkflowPacking:
    """Return how workflows are stored: by the settings, else as what serves them needs it.

    The local control plane takes objects of any size, but no request of any: what begins
    thousands of nodes at once has to be packed there too, and has a file to go to.
    """
    settings = configuration.node_status
    usual = _LARGEST_LOCAL if cluster.local else packing.LARGEST_OBJECT
    limit = usual if settings.largest is None else settings.largest
    database = configuration.archive.database if configuration.archive else ""
    path = database_path(cluster, state)
    offload = cluster.local if settings.offload is None else settings.offload
    return WorkflowPacking(database, path, limit=limit, offload=offload)
