"""The controller of process pods: looks, decides, makes it so, and writes the status.

Nothing is remembered here: what runs is asked of the runner each time, so that a lost
status write or a restart of the server does no harm.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    Tell,
    Wakeups,
    Write,
    is_deleting,
)
from ruleengine.local.node import NODE_KEY, is_lost, pods_to_look_at
from ruleengine.local.runtime.deciding import Decision, decide
from ruleengine.local.runtime.health_calls import is_available
from ruleengine.local.runtime.images import Images
from ruleengine.local.runtime.needs import is_process
from ruleengine.local.runtime.planning import plan_container
from ruleengine.local.runtime.refreshing import (
    current_mounts,
    minted_at,
    next_token,
    refers_to,
)
from ruleengine.local.runtime.situation import Observed
from ruleengine.local.runtime.steps import Told
from ruleengine.local.runtime.storage import INTERVAL, bounds_of
from ruleengine.local.runtime.surroundings import Engine, Surroundings, TokenRequest
from ruleengine.local.runtime.values import ContainerPlan, ProcessHost
from ruleengine.local.runtime.volumes import require_volumes
from ruleengine.local.service_accounts import ServiceAccountTokens
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object

_OVER: Final = ("Succeeded", "Failed")
_SOURCES: Final = ("configmaps", "secrets")
_CLAIMS: Final = "persistentvolumeclaims"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What the node knows beyond its pods: its name, the table of images, where the API is."""

    name: str
    images: Callable[[], Images]
    tokens: ServiceAccountTokens
    api: tuple[str, int] | None = None


class ProcessPods:
    """Runs the pods of a node that are processes."""

    manager: ClassVar[str] = "kubelet"

    def __init__(self, runner: ProcessHost, node: NodeSettings, wakeups: Wakeups) -> None:
        self._runner = runner
        self._node = node
        self._wakeups = wakeups
        self._keys: dict[str, Key] = {}
        runner.changed = self._look_at

    def _look_at(self, uid: str) -> None:
        """Have the pod looked at; from any thread."""
        key = self._keys.get(uid)
        if key is not None:
            self._wakeups.add(self, key)

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Every process pod on the node has a key; what is gone leaves nothing."""
        if event.key == NODE_KEY:
            return pods_to_look_at(event, reader)
        if event.key.resource == _CLAIMS and event.type is EventType.DELETED:
            self._runner.forget_claim(event.object["metadata"]["uid"])
        if event.key.resource in _SOURCES:
            return list(self._users(event.key, reader))
        if event.key.resource != "pods" or not is_process(event.object):
            return []
        uid = event.object["metadata"]["uid"]
        if event.type is EventType.DELETED:
            self._keys.pop(uid, None)
            self._runner.forget(uid)
            return []
        self._keys[uid] = event.key
        return [event.key]

    def _users(self, key: Key, reader: Reader) -> Iterable[Key]:
        """Return the pods that have files of a ConfigMap or Secret."""
        for pod_key in self._keys.values():
            pod = reader.get(pod_key) if pod_key.namespace == key.namespace else None
            if pod is not None and refers_to(pod, key.resource, key.name):
                yield pod_key

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Bring the processes of a pod, and its status, one step on."""
        pod = reader.get(key)
        if pod is None or pod["spec"].get("nodeName") != self._node.name or not is_process(pod):
            return Reconciled()
        if is_lost(reader):
            return Reconciled()
        before = pod.get("status") or {}
        is_over = before.get("phase") in _OVER
        if is_over and not is_deleting(pod):
            return Reconciled()
        decision = self._decide(pod, reader, now)
        if decision.starts or decision.ends or decision.checks:
            self._perform(pod, decision)
            decision = replace(self._decide(pod, reader, now), told=decision.told)
        again = self._refresh(pod, reader, now)
        writes: list[Write] = [_tell(pod, one) for one in decision.told]
        if not is_over and decision.status != before:
            writes.append(SetStatus(pod, decision.status))
        if decision.over and is_deleting(pod) and pod["metadata"].get("deletionGracePeriodSeconds"):
            writes.append(Delete(pod, "", 0))
        times = [at for at in (decision.again, again, self._weigh(pod, now)) if at is not None]
        return Reconciled(tuple(writes), min(times, default=None))

    def _weigh(self, pod: Object, now: datetime) -> datetime | None:
        """Have it found out what a pod uses of the disk, where it has bounds; return when again."""
        bounds = bounds_of(pod)
        if not bounds:
            return None
        self._runner.weigh(pod["metadata"]["uid"], bounds)
        return now + INTERVAL

    def _refresh(self, pod: Object, reader: Reader, now: datetime) -> datetime | None:
        """Bring the files of running containers up to date; return when to do so again."""
        around = self._surroundings(pod, reader, now)
        uid = pod["metadata"]["uid"]
        self._runner.refresh(uid, current_mounts(pod, self._runner.look(uid), around))
        return next_token(pod, now)

    def _decide(self, pod: Object, reader: Reader, now: datetime) -> Decision:
        around = self._surroundings(pod, reader, now)

        uid = pod["metadata"]["uid"]
        seen, checked = self._runner.look(uid), self._runner.checked(uid)

        def plan(container: Object, attempt: int) -> ContainerPlan:
            if not seen:
                require_volumes(pod, around)
            return plan_container(pod, container, attempt, around)

        observed = Observed(
            seen=seen,
            checked=checked,
            problem=self._runner.problem(),
            excess=self._runner.excess(uid),
        )
        return decide(pod, observed, plan, now)

    def _surroundings(self, pod: Object, reader: Reader, now: datetime) -> Surroundings:
        namespace, uid = pod["metadata"]["namespace"], pod["metadata"]["uid"]

        def find(resource: str, name: str) -> Object | None:
            return reader.get(Key(resource, namespace, name))

        def token(asked: TokenRequest) -> Secret:
            begin = minted_at(asked.life, now)
            return self._node.tokens.mint(asked.account, begin, asked.life, asked.audience)

        return Surroundings(
            find=find,
            token=token,
            images=self._node.images(),
            engine=Engine(has=self._runner.has_image, pull=lambda one: self._runner.pull(uid, one)),
            api=self._node.api,
            grpc=is_available(),
        )

    def _perform(self, pod: Object, decision: Decision) -> None:
        uid = pod["metadata"]["uid"]
        for end in decision.ends:
            self._runner.end(uid, end.container, kill=end.kill)
        for plan in decision.starts:
            self._runner.start(plan)
        for check in decision.checks:
            self._runner.check(uid, check)


def _tell(pod: Object, told: Told) -> Tell:
    return Tell(
        about=pod,
        reason=told.reason,
        message=told.message,
        component="kubelet",
        warning=told.warning,
        of=told.of,
    )
