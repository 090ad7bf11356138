"""``ruleengine.yaml`` as a value: what applies to the whole config repo."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from ruleengine.model.findings import Place
from ruleengine.model.names import CONTROL_NAMESPACE, HANDOVER_NAMESPACE
from ruleengine.model.values import Object


class Engine(StrEnum):
    """Who reconciles: our own reconcilers, or Argo's controllers."""

    NATIVE = "native"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding that a team accepts: which code, where, why, and until when (a date).

    ``place`` is where the waiver itself stands, if it was read from a file.
    """

    code: str
    path: str = "**"
    reason: str
    expires: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """Where workflows that are over are kept: which ones, and for how long (``None``: for ever).

    ``database`` is the URL of a PostgreSQL database; empty means a file of the state folder.
    """

    database: str = ""
    selector: str = ""
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatusSettings:
    """How the nodes of large workflows are stored.

    Beyond ``largest`` bytes an object is packed. With ``offload`` what is too large even so goes
    to the database of the archive. ``None`` leaves either to what serves the object.
    """

    largest: int | None = None
    offload: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SynchronizationSettings:
    """Where the locks lie that workflows ask a database for, and as whom they are asked for.

    ``database`` is the URL of a PostgreSQL database; empty means that of the archive, or a file of
    the state folder. ``controller`` is empty where the cluster gives the name.
    """

    database: str = ""
    controller: str = ""


MOST_PODS: Final = 110
"""How many pods run as processes at a time unless told otherwise, as on a kubelet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """Of the local control plane: what it runs for an image, by the image's name, and how many.

    ``most_pods`` run as processes at a time; those beyond wait for one of them to end.
    """

    images: dict[str, Object] = field(default_factory=dict)
    most_pods: int = MOST_PODS


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings of one config repo, defaults filled in.

    ``context`` and ``kubeconfig`` name a cluster; both empty means the local control plane.
    ``repo`` is the URL that stands for an omitted ``repoURL`` where one is needed.
    ``namespace`` is where pipelines live; ``control_namespace`` where applications and
    records live. ``clusters`` maps an environment's name to the name of its cluster.
    ``artifact_repository`` is where artifacts go for which nothing else says it.
    ``executor`` are fields of the containers of our image in the pods of workflows on a cluster.
    ``local`` is for the local control plane alone.
    ``archive`` is absent where workflows that are over are not archived. ``node_status`` says
    how large workflows are stored, ``synchronization`` where the locks of a database lie.
    """

    engine: Engine = Engine.NATIVE
    repo: str = ""
    context: str = ""
    kubeconfig: str = ""
    namespace: str = CONTROL_NAMESPACE
    control_namespace: str = CONTROL_NAMESPACE
    clusters: dict[str, str] = field(default_factory=dict)
    defaults: Object = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    executor: Object = field(default_factory=dict)
    local: LocalSettings = LocalSettings()
    artifact_repository: Object | None = None
    archive: ArchiveSettings | None = None
    node_status: NodeStatusSettings = NodeStatusSettings()
    synchronization: SynchronizationSettings = SynchronizationSettings()

    @staticmethod
    def control_namespace_for(engine: Engine) -> str:
        """Return the control namespace that an engine uses unless told otherwise."""
        return HANDOVER_NAMESPACE if engine is Engine.HANDOVER else CONTROL_NAMESPACE
