"""``status`` and ``get``: what the objects that a repo declared have become."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ruleengine.app.clusters import ClusterChoice, Connected, connected
from ruleengine.app.declaring import Declared, declare
from ruleengine.app.remembered_settings import settings
from ruleengine.app.workspace import config_repo
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import NotFoundError
from ruleengine.environments.health import health_of
from ruleengine.environments.health.argo import workflow as workflow_health
from ruleengine.environments.operations import OperationPhase, OperationState, ResultStatus
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Origin
from ruleengine.model.errors import UsageError
from ruleengine.model.findings import Finding
from ruleengine.model.names import ARGO_API_VERSION, SIMULATED
from ruleengine.model.suggestions import near
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.reasons import reason_of
from ruleengine.reconcile.inventory import Inventory, is_run
from ruleengine.reconcile.planning import is_recorded
from ruleengine.reconcile.records import InventoryStore
from ruleengine.reconcile.runs import GONE, is_past

_OURS = "+ruleengine"
"""How the version of a local control plane ends, also of one that is named like a cluster."""

_BAD_HEALTH = ("Degraded", "Unknown")
_BAD_PHASES = ("Failed", "Error")
_SAYING_PHASE = ("AnalysisRun", "Experiment", "Rollout", "Workflow")
_STATUS_FREE = (
    "AnalysisTemplate",
    "AppProject",
    "ClusterAnalysisTemplate",
    "ClusterWorkflowTemplate",
    "WorkflowTemplate",
)
"""Kinds that Argo's controllers write no status of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a document stands: ``missing``, ``recorded``, ``handed over``, ``applied``, ``done``.

    A run that is gone is ``done``. For an Application ``sync``, ``health`` and ``revision`` come
    from its status, for a Rollout phase and pod hash, for a Workflow the health that its phase
    means, for what events need that of the conditions; ``message`` tells what keeps it from being
    healthy. What is handed over is Argo's to act on: only what Argo wrote about it is told.
    """

    target: Target
    origin: Origin
    state: str
    sync: str = ""
    health: str = ""
    revision: str = ""
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether somebody has to look at it."""
        return self.state == "failed" or self.health in _BAD_HEALTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """How many of the pods that are there were only simulated."""

    simulated: int = 0
    pods: int = 0

    def __str__(self) -> str:
        """Return ``simulated N of M pods``."""
        return f"simulated {self.simulated} of {self.pods} pods"

    def data(self) -> Object:
        """Return both numbers, as structured output has them."""
        return {"simulated": self.simulated, "total": self.pods}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a repo declared, as it stands on its cluster; ``findings`` are of what it is read from.

    What a file with errors would declare stands nowhere.
    """

    cluster: str
    standings: tuple[Standing, ...]
    pods: Simulated | None
    findings: tuple[Finding, ...] = ()


def status(directory: Path, choice: ClusterChoice) -> Status:
    """Return how everything that a repo declares stands. Reads only."""
    workspace = config_repo(directory)
    declared = declare(workspace)
    with connected(choice, declared.configuration, workspace) as cluster:
        client = cluster.client
        return Status(
            cluster=cluster.name,
            standings=tuple(standings(declared, client)),
            pods=count_simulated(cluster),
            findings=declared.findings,
        )


def count_simulated(cluster: Connected) -> Simulated | None:
    """Return how many pods there are, and how many of them are simulated.

    ``None`` for a cluster of Kubernetes: it runs all of them, and most are not ours to look at.
    """
    if not cluster.local and not str(cluster.client.version().get("gitVersion")).endswith(_OURS):
        return None
    return simulated_among(cluster.client.list("v1", "Pod").items)


def simulated_among(pods: Sequence[Object]) -> Simulated:
    """Return how many of some pods are simulated."""
    marked = sum(lookup(pod, "metadata", "annotations", SIMULATED) == "true" for pod in pods)
    return Simulated(simulated=marked, pods=len(pods))


def list_objects(
    directory: Path, choice: ClusterChoice, kind: str, namespace: str
) -> Sequence[Object]:
    """Return live objects of a kind, named as kubectl names it (``deploy``, ``applications``).

    Raises ``UsageError`` for a kind that the cluster does not know, ``FailedError`` where
    ``ruleengine.yaml`` has errors.
    """
    workspace = config_repo(directory)
    with connected(choice, settings(workspace), workspace) as cluster:
        known = tuple(cluster.client.discover().resources())
        for info in known:
            if info.is_called(kind):
                return cluster.client.list(info.api_version, info.kind, namespace=namespace).items
        names = (one for info in known for one in (info.kind.lower(), info.plural))
        meant = near(kind.lower(), names)
        hint = f"did you mean {meant}?" if meant else "correct its name;"
        raise UsageError(
            f"{cluster.name} knows no kind {kind!r}",
            f"{hint} `ruleengine apply` brings the kinds of Argo",
        )


def health_word(live: Object) -> str:
    """Return the health of a live object, as it is told of one; empty where nobody judges it."""
    judged = health_of(live)
    if judged is not None:
        return str(judged.status)
    target = Target.of(live)
    if target.api_version != ARGO_API_VERSION:
        return ""
    return _of_argo(target, Origin(path="", line=0), live).health


def standings(declared: Declared, client: Client) -> Iterable[Standing]:
    """Yield how every object that a repo declares stands."""
    namespace = declared.configuration.control_namespace
    inventory: Inventory | None = None
    for one in declared.derived:
        target = Target.of(one.object)
        try:
            live = client.get(target)
        except NotFoundError:
            live = None
        if live is None and is_run(target):
            inventory = inventory or InventoryStore(client, declared.repo, namespace).read()
            if is_past(target, inventory):
                yield Standing(target=target, origin=one.origin, state="done", message=GONE)
                continue
        yield _standing(target, one.origin, live, declared.configuration.engine)


def _standing(target: Target, origin: Origin, live: Object | None, engine: Engine) -> Standing:
    if live is None:
        return Standing(target=target, origin=origin, state="missing", message="not applied yet")
    if engine is Engine.HANDOVER and target.api_version == ARGO_API_VERSION:
        return _handed_over(target, origin, live)
    if target.api_version == ARGO_API_VERSION:
        return _of_argo(target, origin, live)
    return Standing(target=target, origin=origin, state="applied")


def _of_argo(target: Target, origin: Origin, live: Object) -> Standing:
    found = lookup(live, "status", default={})
    match target.kind:
        case "Application":
            return _application(target, origin, found)
        case "Rollout":
            return _rollout(target, origin, found)
        case "Workflow":
            return _workflow(target, origin, live)
        case "CronWorkflow":
            return _of_events(target, origin, _problems(found))
        case "EventBus" | "EventSource" | "Sensor":
            return _of_events(target, origin, lookup(found, "conditions", default=[]))
    state = "recorded" if is_recorded(target) else "applied"
    return Standing(target=target, origin=origin, state=state)


def _handed_over(target: Target, origin: Origin, live: Object) -> Standing:
    found = lookup(live, "status", default={})
    if target.kind == "Application" and found:
        told = _application(target, origin, found)
    elif target.kind in _SAYING_PHASE and found:
        told = _rollout(target, origin, found)
    else:
        silent = target.kind in _STATUS_FREE or bool(found)
        message = "" if silent else "no controller of Argo has looked at it yet"
        told = Standing(target=target, origin=origin, state="", message=message)
    return replace(told, state=told.state if told.state == "failed" else "handed over")


def _workflow(target: Target, origin: Origin, live: Object) -> Standing:
    status = lookup(live, "status", default={})
    progress = f"{status.get('phase', '')} {status.get('progress', '')}".strip()
    return Standing(
        target=target,
        origin=origin,
        state="applied",
        health=str(workflow_health(live).status),
        message=reason_of(status) or progress,
    )


def _problems(found: Object) -> Sequence[Object]:
    """Return the conditions of a CronWorkflow as others state theirs: false where it is bad."""
    bad = [one for one in lookup(found, "conditions", default=[]) if one.get("status") == "True"]
    return [{**one, "status": "False"} for one in bad] or ([{"status": "True"}] if found else [])


def _rollout(target: Target, origin: Origin, found: Object) -> Standing:
    message = "" if found else "no controller has looked at it yet"
    return Standing(
        target=target,
        origin=origin,
        state="applied",
        health=str(lookup(found, "phase", default="")),
        revision=str(lookup(found, "currentPodHash", default="")),
        message=str(lookup(found, "message", default=message)),
    )


def _of_events(target: Target, origin: Origin, conditions: Sequence[Object]) -> Standing:
    """Return how an object stands whose status is nothing but conditions."""
    bad = next((one for one in conditions if one.get("status") == "False"), None)
    message = "" if conditions else "no controller has looked at it yet"
    return Standing(
        target=target,
        origin=origin,
        state="applied",
        health="Degraded" if bad else "Healthy" if conditions else "",
        message=str(bad.get("message", "")) if bad else message,
    )


def _application(target: Target, origin: Origin, found: Object) -> Standing:
    if not found:
        message = "no controller has looked at it yet"
        return Standing(
            target=target, origin=origin, state="applied", sync="Unknown", message=message
        )
    failure = _failure(found)
    conditions = lookup(found, "conditions", default=[])
    messages = [str(one.get("message", "")) for one in conditions if isinstance(one, dict)]
    messages.append(str(lookup(found, "health", "message", default="")))
    if failure:
        messages.insert(0, failure)
    return Standing(
        target=target,
        origin=origin,
        state="failed" if failure else "applied",
        sync=str(lookup(found, "sync", "status", default="Unknown")),
        health=str(lookup(found, "health", "status", default="Unknown")),
        revision=str(lookup(found, "sync", "revision", default="")),
        message=next((text for text in messages if text), ""),
    )


def _failure(found: Object) -> str:
    """Return what the last sync of an application failed with, or an empty text.

    One that is tried again failed too. One that was given up because its resources
    are as they should be at a later revision did not, unless a hook of it failed.
    """
    state = OperationState.of(found)
    if state is None:
        return ""
    refused = any(one.status == ResultStatus.SYNC_FAILED for one in state.results)
    if state.superseded and lookup(found, "sync", "status", default="") == "Synced":
        hook_failed = any(
            one.hook_type and one.phase == OperationPhase.FAILED for one in state.results
        )
        return state.message if hook_failed else ""
    failed = state.phase in _BAD_PHASES or (state.running and (refused or state.retry_count > 0))
    return (state.message or f"its last sync is {state.phase}") if failed else ""
