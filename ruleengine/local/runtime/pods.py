"""The controller of process pods: looks, decides, makes it so, and writes the status.

Nothing is remembered here: what runs is asked of the runner each time, so that a lost
status write or a restart of the server does no harm.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    is_deleting,
)
from ruleengine.local.runtime.deciding import Decision, decide, ends_of
from ruleengine.local.runtime.planning import plan_container
from ruleengine.local.runtime.values import ContainerPlan, Runner
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.names import RUN
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

PROCESS: Final = "process"
_OVER: Final = ("Succeeded", "Failed")


def is_process(pod: Object) -> bool:
    """Tell whether a pod asks to run as processes of this machine."""
    return bool(lookup(pod, "metadata", "annotations", RUN) == PROCESS)


class ProcessPods:
    """Runs the pods annotated ``local.ruleengine.dev/run: process`` that are on ``node``."""

    manager: ClassVar[str] = "kubelet"

    def __init__(self, runner: Runner, node: str) -> None:
        self._runner = runner
        self._node = node

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Every process pod on the node has a key; a pod that is gone leaves nothing."""
        del reader
        if event.key.resource != "pods" or not is_process(event.object):
            return []
        if event.type is EventType.DELETED:
            self._runner.forget(event.object["metadata"]["uid"])
            return []
        return [event.key]

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Bring the processes of a pod, and its status, one step on."""
        pod = reader.get(key)
        if pod is None or pod["spec"].get("nodeName") != self._node or not is_process(pod):
            return Reconciled()
        if is_deleting(pod):
            return self._ending(pod, now)
        before = pod.get("status") or {}
        if before.get("phase") in _OVER:
            return Reconciled()
        decision = self._decide(pod, reader, now)
        if decision.starts or decision.ends:
            self._perform(pod, decision, now)
            decision = self._decide(pod, reader, now)
        writes = (SetStatus(pod, decision.status),) if decision.status != before else ()
        return Reconciled(writes, decision.again)

    def _decide(self, pod: Object, reader: Reader, now: datetime) -> Decision:
        namespace = pod["metadata"]["namespace"]

        def find(resource: str, name: str) -> Object | None:
            return reader.get(Key(resource, namespace, name))

        def plan(container: Object, attempt: int) -> ContainerPlan:
            return plan_container(pod, container, attempt, find)

        seen = self._runner.look(pod["metadata"]["uid"], now)
        return decide(pod, seen, plan, now, self._runner.problem())

    def _perform(self, pod: Object, decision: Decision, now: datetime) -> None:
        for name, kill in decision.ends:
            self._runner.end(pod["metadata"]["uid"], name, kill=kill)
        for plan in decision.starts:
            self._runner.start(plan, now)

    def _ending(self, pod: Object, now: datetime) -> Reconciled:
        """Ask the processes of a deleted pod to end, force them at the end of its grace."""
        metadata = pod["metadata"]
        uid = metadata["uid"]
        grace = int(metadata.get("deletionGracePeriodSeconds") or 0)
        seen = self._runner.look(uid, now)
        if not any(one.finished is None for one in seen.values()):
            return Reconciled((Delete(pod, "", 0),)) if grace else Reconciled()
        told_at = parse_time(metadata["deletionTimestamp"]) - timedelta(seconds=grace)
        ends, again = ends_of(pod, seen, told_at, grace, now)
        for name, kill in ends:
            self._runner.end(uid, name, kill=kill)
        return Reconciled(again=again)
