"""The status of a workflow, in Argo's own shape (reference, Workflows 9)."""

from datetime import datetime
from typing import TYPE_CHECKING

from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import estimating
from ruleengine.pipelines.beginning import claimed
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.tree import DURATIONS

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine


def make_status(machine: "Machine", phase: Phase, message: str) -> Object:
    """Return the whole status of a workflow."""
    before = machine.value.get("status") or {}
    over = phase in (Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)
    status: Object = {
        **before,
        "phase": str(phase),
        "startedAt": format_time(machine.started),
        "finishedAt": machine.moment if over else None,
        "progress": progress(machine),
        "estimatedDuration": _estimated(machine, before),
        "message": message or None,
        DURATIONS: dict(machine.tree.tally.used) or None,
        "nodes": machine.tree.nodes,
        "conditions": conditions(before, over=over, wrong=machine.metering.condition),
        "outputs": machine.outputs or None,
        "persistentVolumeClaims": claimed(machine) or None,
        "artifactRepositoryRef": machine.definitions.repositories.reference,
        "synchronization": None if over else machine.locks.status() or None,
        "storedTemplates": machine.definitions.stored or None,
        "storedWorkflowTemplateSpec": machine.definitions.stored_spec,
    }
    return {key: value for key, value in status.items() if value is not None}


def _estimated(machine: "Machine", before: Object) -> int | None:
    """Return how long the workflow was thought to take when it began, in seconds."""
    if before.get("startedAt"):
        return before.get("estimatedDuration")
    return estimating.estimate(machine)


def pending_status(machine: "Machine", message: str) -> Object:
    """Return the status of a workflow that may not begin yet."""
    before = machine.value.get("status") or {}
    status: Object = {
        **before,
        "phase": str(Phase.PENDING),
        "message": message or None,
        "conditions": conditions(before, over=False),
        "synchronization": machine.locks.status() or None,
        "storedWorkflowTemplateSpec": machine.definitions.stored_spec,
    }
    return {key: value for key, value in status.items() if value is not None}


def refused_status(value: Object, phase: Phase, message: str, now: datetime) -> Object:
    """Return the status of a workflow that cannot be run at all; it holds no lock any more."""
    before = {k: v for k, v in (value.get("status") or {}).items() if k != "synchronization"}
    return {
        **before,
        "phase": str(phase),
        "startedAt": before.get("startedAt") or format_time(now),
        "finishedAt": before.get("finishedAt") or format_time(now),
        "message": message,
        "conditions": conditions(before, over=True),
    }


def conditions(before: Object, *, over: bool, wrong: Object | None = None) -> list[Object]:
    """Return the conditions of a workflow, others than ours as they are, and what is ``wrong``."""
    wanted = {"Completed": "True" if over else "False"}
    found = {one.get("type"): one for one in before.get("conditions") or ()}
    for kind, state in wanted.items():
        if lookup(found.get(kind), "status") != state:
            found[kind] = {"type": kind, "status": state}
    if wrong is not None:
        found[wrong["type"]] = wrong
    return list(found.values())


def progress(machine: "Machine") -> str:
    """Return how much of the work of the leaves that are known is done, ``N/M``."""
    tally = machine.tree.tally
    return f"{tally.done}/{tally.whole}"
