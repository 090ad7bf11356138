"""The reconciler of Argo's CronWorkflow: it makes a Workflow when a time is due.

The name of the Workflow holds that time, so that no time is run twice (reference, Workflows 24).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Decision, Next, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, CONSIDERED, PIPELINES_MANAGER
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import conditions
from ruleengine.pipelines.labels import COMPLETED_LABEL, CRON_LABEL
from ruleengine.pipelines.phases import COMPLETED, Phase
from ruleengine.pipelines.problems import NodeError, WorkflowError
from ruleengine.pipelines.schedules import Schedules, since
from ruleengine.pipelines.substituting import evaluate, substitute
from ruleengine.pipelines.variables import NOW, SCHEDULED_TIME

_KIND: Final = "CronWorkflow"
_ENDED: Final = "Terminate"
_REFUSED: Final = "SubmissionError"
_USED: Final = "cronworkflows.argoproj.io/last-used-schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """The workflows that a CronWorkflow made: those on their way, and those that ended."""

    active: tuple[Object, ...]
    ended: tuple[Object, ...]


class CronWorkflowReconciler:
    """Decides for CronWorkflows."""

    area = "pipelines"
    api_version = ARGO_API_VERSION
    kind = _KIND
    manager = PIPELINES_MANAGER

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one CronWorkflow; ``memo`` is not needed."""
        del memo
        if lookup(value, "metadata", "deletionTimestamp"):
            return Decision()
        runs = _runs_of(value, world)
        try:
            schedules = Schedules(value["spec"])
            return _decide(value, runs, schedules, world, now)
        except (WorkflowError, NodeError) as error:
            status = _status(value, runs, problem=str(error))
            return Decision(status=status, next=Next(stop=Stop.FOR, message=str(error)))


def _runs_of(value: Object, world: World) -> _Runs:
    uid = str(lookup(value, "metadata", "uid", default=""))
    found = world.list(ARGO_API_VERSION, "Workflow", index=("owner", uid))
    ended = [one for one in found if lookup(one, "status", "phase") in COMPLETED]
    return _Runs(
        active=tuple(one for one in found if one not in ended),
        ended=tuple(sorted(ended, key=lambda one: str(lookup(one, "status", "finishedAt")))),
    )


def _decide(
    value: Object, runs: _Runs, schedules: Schedules, world: World, now: datetime
) -> Decision:
    spec = value["spec"]
    status = _status(value, runs)
    tidied = tuple(_beyond_history(spec, runs))
    if _is_stopped(value, status):
        stopped = {**status, "phase": "Stopped"}
        following = Next(stop=Stop.FOR, message="its stop strategy has ended it")
        completed = _mark(value, "labels", {COMPLETED_LABEL: "true"}, "stopped by its strategy")
        return Decision(actions=(*completed, *tidied), status=stopped, next=following)
    annotations = lookup(value, "metadata", "annotations", default={})
    noted = {**value, "status": status}
    due = schedules.due(now, since(noted, str(annotations.get(CONSIDERED) or "")))
    actions: tuple[Action, ...] = ()
    if annotations.get(_USED, schedules.text) != schedules.text:
        marks = {_USED: schedules.text, CONSIDERED: format_time(now)}
        actions = _mark(value, "annotations", marks, "the schedule is another")
    elif due is not None:
        used = _mark(value, "annotations", {_USED: schedules.text}, "the schedule is used")
        actions, status = _at(value, runs, due, status, world, now)
        actions = (*actions, *used)
    coming = schedules.next(now)
    when = "there is no next time" if coming is None else f"next run at {format_time(coming)}"
    message = "suspended" if spec.get("suspend") else when
    return Decision(
        actions=(*actions, *tidied),
        status=status,
        next=Next(stop=Stop.FOR, time=coming, message=message),
    )


def _at(
    value: Object, runs: _Runs, due: datetime, status: Object, world: World, now: datetime
) -> tuple[tuple[Action, ...], Object]:
    """Return what is done at a time that is due, and the status after it.

    A time has run once its workflow is there: one that the server refuses is told by a condition,
    and asked for again while it is due, unless the answer would be the same.
    """
    spec, made = value["spec"], workflow_at(value, due)
    live = world.get(Target.of(made))
    replaced = _replaced(spec, runs, made)
    if live is not None:
        told = _with_run(_with_problem(status, _REFUSED, ""), live, due)
        return (replaced, status) if replaced else ((), told)
    marks = {CONSIDERED: format_time(due)}
    passed_over = _mark(value, "annotations", marks, f"passed over {format_time(due)}")
    if spec.get("suspend") or not _may_run(value, status, now):
        return passed_over, status
    policy = spec.get("concurrencyPolicy") or "Allow"
    if policy == "Forbid" and runs.active:
        return passed_over, status
    refusal = world.refusal(Target.of(made))
    if refusal is not None:
        status = _with_problem(status, _REFUSED, f"{made['metadata']['name']}: {refusal.message}")
        if refusal.final:
            return passed_over, status
    create = Action(
        verb=Verb.CREATE,
        target=Target.of(made),
        manager=PIPELINES_MANAGER,
        object=made,
        reason=f"scheduled for {format_time(due)}",
    )
    return (*replaced, create), status


def _with_run(status: Object, made: Object, due: datetime) -> Object:
    """Return a status with a run that is new to it."""
    reference = _reference(made)
    listed = [one for one in status["active"] if one["name"] != reference["name"]]
    return {**status, "lastScheduledTime": format_time(due), "active": [*listed, reference]}


def _mark(value: Object, kind: str, marks: Object, reason: str) -> tuple[Action, ...]:
    """Return the patch of labels or annotations of a CronWorkflow; none where it has them."""
    if marks.items() <= lookup(value, "metadata", kind, default={}).items():
        return ()
    patch = Action(
        verb=Verb.PATCH,
        target=Target.of(value),
        manager=PIPELINES_MANAGER,
        object={"metadata": {kind: marks}},
        reason=reason,
    )
    return (patch,)


def _replaced(spec: Object, runs: _Runs, made: Object) -> tuple[Action, ...]:
    """Return what ends the runs that another one replaces, as far as they are not told yet."""
    if spec.get("concurrencyPolicy") != "Replace":
        return ()
    name = made["metadata"]["name"]
    others = (one for one in runs.active if lookup(one, "metadata", "name") != name)
    return tuple(_terminate(one) for one in others if lookup(one, "spec", "shutdown") != _ENDED)


def _terminate(workflow: Object) -> Action:
    return Action(
        verb=Verb.PATCH,
        target=Target.of(workflow),
        manager=PIPELINES_MANAGER,
        object={"spec": {"shutdown": _ENDED}},
        reason="replaced by the next run",
    )


def workflow_at(value: Object, due: datetime) -> Object:
    """Return the workflow that a CronWorkflow runs at a time; its name holds the time."""
    metadata, spec = value["metadata"], value["spec"]
    stated = spec.get("workflowMetadata") or {}
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {
            "name": f"{metadata['name']}-{int(due.timestamp())}",
            "namespace": metadata.get("namespace", ""),
            "labels": {**(stated.get("labels") or {}), CRON_LABEL: metadata["name"]},
            "annotations": {
                **(stated.get("annotations") or {}),
                SCHEDULED_TIME: format_time(due),
            },
            **{key: stated[key] for key in ("finalizers",) if stated.get(key)},
            "ownerReferences": [
                {
                    "apiVersion": ARGO_API_VERSION,
                    "kind": _KIND,
                    "name": metadata["name"],
                    "uid": metadata.get("uid", ""),
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": spec["workflowSpec"],
    }


def _variables(value: Object, status: Object) -> dict[str, Any]:
    """Return what conditions of a CronWorkflow see."""
    metadata = value["metadata"]
    last = status.get("lastScheduledTime")
    found: dict[str, Any] = {
        "cronworkflow.name": metadata["name"],
        "cronworkflow.namespace": metadata.get("namespace", ""),
        "cronworkflow.failed": int(status.get("failed") or 0),
        "cronworkflow.succeeded": int(status.get("succeeded") or 0),
        "cronworkflow.lastScheduledTime": parse_time(last) if last else None,
    }
    for kind in ("labels", "annotations"):
        for name, text in (metadata.get(kind) or {}).items():
            found[f"cronworkflow.{kind}.{name}"] = text
    return found


def _may_run(value: Object, status: Object, now: datetime) -> bool:
    """Tell whether the condition of a CronWorkflow holds. Raises ``NodeError``."""
    condition = str(value["spec"].get("when") or "")
    if not condition:
        return True
    variables = {**_variables(value, status), NOW: now}
    for name, known in variables.items():
        if not isinstance(known, str):
            text = format_time(known) if isinstance(known, datetime) else str(known)
            tag = rf"\{{\{{\s*{re.escape(name)}\s*\}}\}}"
            condition = re.sub(tag, "nil" if known is None else text, condition)
    return conditions.holds(str(substitute(condition, variables)))


def _is_stopped(value: Object, status: Object) -> bool:
    expression = lookup(value["spec"], "stopStrategy", "expression")
    if not expression:
        return False
    return evaluate(str(expression), _variables(value, status)) is True


def _status(value: Object, runs: _Runs, problem: str = "") -> Object:
    """Return the status: who is on their way, and how many ended well or not.

    A run that was over before anybody noted it counts as well, and its time has been run: it may
    go now, and the clock may be set back.
    """
    before = value.get("status") or {}
    known = {one.get("name") for one in before.get("active") or ()}
    last = str(before.get("lastScheduledTime") or "")
    new = [one for one in runs.ended if _scheduled(one) > last]
    ended = [one for one in runs.ended if one in new or lookup(one, "metadata", "name") in known]
    good = sum(lookup(one, "status", "phase") == Phase.SUCCEEDED for one in ended)
    if new:
        before = {
            **_with_problem(before, _REFUSED, ""),
            "lastScheduledTime": max(map(_scheduled, new)),
        }
    counted = {
        **before,
        "phase": "Active",
        "active": [_reference(one) for one in runs.active],
        "succeeded": int(before.get("succeeded") or 0) + good,
        "failed": int(before.get("failed") or 0) + len(ended) - good,
    }
    return _with_problem(counted, "SpecError", problem)


def _scheduled(workflow: Object) -> str:
    """Return the time for which a workflow was made, as it is written; later ones are greater."""
    return str(lookup(workflow, "metadata", "annotations", SCHEDULED_TIME, default=""))


def _with_problem(status: Object, kind: str, message: str) -> Object:
    """Return a status with a condition that tells what is wrong; without a message without it."""
    told = [one for one in status.get("conditions") or () if one.get("type") != kind]
    if message:
        told.append({"type": kind, "status": "True", "message": message})
    return {**status, "conditions": told}


def _reference(workflow: Object) -> Object:
    metadata = workflow["metadata"]
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "name": metadata["name"],
        "namespace": metadata.get("namespace", ""),
        **({"uid": metadata["uid"]} if metadata.get("uid") else {}),
    }


def _beyond_history(spec: Object, runs: _Runs) -> list[Action]:
    """Return the deletion of ended runs beyond the limits, the oldest first.

    It is late: a run that went before the status counts it would never be counted.
    """
    good = [one for one in runs.ended if lookup(one, "status", "phase") == Phase.SUCCEEDED]
    bad = [one for one in runs.ended if one not in good]
    limits = ((good, "successfulJobsHistoryLimit", 3), (bad, "failedJobsHistoryLimit", 1))
    gone = []
    for found, field, usual in limits:
        kept = int(usual if spec.get(field) is None else spec[field])
        gone += found[: max(len(found) - kept, 0)]
    return [
        Action(
            verb=Verb.DELETE,
            target=Target.of(one),
            manager=PIPELINES_MANAGER,
            uid=str(lookup(one, "metadata", "uid", default="")),
            reason="beyond the history limits",
            late=True,
        )
        for one in gone
    ]
