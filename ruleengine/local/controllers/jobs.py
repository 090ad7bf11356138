"""Runs the pods of Jobs until enough have succeeded, or too many failed (reference, section 9)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.job_finishing import (
    COMPLETE,
    FAILED,
    MET,
    SUSPENDED,
    TARGET,
    condition_of,
    deadline_of,
)
from ruleengine.local.controllers.job_pods import is_tracked, sort_pods, untracked
from ruleengine.local.controllers.job_scaling import scale
from ruleengine.local.controllers.job_status import JobStep, next_status
from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    Tell,
    Write,
    controller_uid,
    is_deleting,
    owner_keys,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "jobs.batch"
_COMPONENT: Final = "job-controller"
_MANAGED: Final = "kubernetes.io/job-controller"
_NAME: Final = "batch.kubernetes.io/job-name"


class Jobs:
    """The controller of Jobs."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A Job is looked at when it or one of its pods changes, even one that it has lost."""
        del reader
        if event.key.resource == RESOURCE:
            return [event.key]
        if event.key.resource != "pods":
            return []
        found = list(owner_keys(event, "Job", RESOURCE))
        name = lookup(event.object, "metadata", "labels", _NAME)
        if not found and name and is_tracked(event.object):
            found = [Key(RESOURCE, event.key.namespace, name)]
        return found

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Count what has ended, say what becomes of the Job, and make or end pods."""
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled(tuple(_let_go(key, reader)))
        if lookup(live, "spec", "managedBy", default=_MANAGED) != _MANAGED:
            return Reconciled()
        pods = sort_pods(live, reader.owned(live["metadata"]["uid"], "pods"))
        over = condition_of(live, COMPLETE, FAILED)
        if over is not None:
            left: list[Write] = [untracked(one) for one in pods.every if is_tracked(one)]
            return _expired(live, over, left, now)
        step = next_status(live, pods, now)
        writes: list[Write] = []
        if step.status != live.get("status"):
            writes.append(SetStatus(live, step.status))
        writes += [untracked(one) for one in step.counted]
        again: list[datetime | None] = [None]
        if condition_of({"status": step.status}, MET, TARGET):
            writes += [Delete(one) for one in pods.active]
        else:
            made, later = scale(live, pods, step.tally, now)
            writes += made
            again = [later, deadline_of({**live, "status": step.status})]
        writes += _told(live, step)
        return Reconciled(tuple(writes), min((at for at in again if at), default=None))


def _let_go(key: Key, reader: Reader) -> Iterable[Write]:
    """Take the finalizer from the pods of a Job that goes or is gone: nobody counts them."""
    live = reader.get(key)
    for pod in reader.pods(key.namespace, {_NAME: key.name}):
        ours = live is None or controller_uid(pod) in ("", live["metadata"]["uid"])
        if ours and is_tracked(pod):
            yield untracked(pod)


def _expired(live: Object, over: Object, writes: list[Write], now: datetime) -> Reconciled:
    """Delete a Job that was over long enough, with what it owns."""
    life = live["spec"].get("ttlSecondsAfterFinished")
    if life is None:
        return Reconciled(tuple(writes))
    end = parse_time(over.get("lastTransitionTime") or format_time(now)) + timedelta(
        seconds=int(life)
    )
    if now < end:
        return Reconciled(tuple(writes), end)
    return Reconciled((*writes, Delete(live, "Foreground")))


def _told(live: Object, step: JobStep) -> Iterable[Write]:
    known = lookup(live, "status", "conditions") or ()
    before = {(one.get("type"), one.get("status")) for one in known}
    for one in step.status.get("conditions") or ():
        kind = one.get("type")
        if (kind, one.get("status")) in before:
            continue
        if kind == COMPLETE:
            yield _tell(live, "Completed", "Job completed")
        elif kind == FAILED:
            yield _tell(live, one["reason"], one["message"], warning=True)
        elif kind == SUSPENDED:
            reason = "Suspended" if one["status"] == "True" else "Resumed"
            yield _tell(live, reason, one["message"])


def _tell(live: Object, reason: str, message: str, *, warning: bool = False) -> Tell:
    return Tell(about=live, reason=reason, message=message, component=_COMPONENT, warning=warning)
