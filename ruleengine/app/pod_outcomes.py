"""Outcomes of pods that would have to run: nothing runs in a simulation, so a person says them.

A pod whose outputs somebody waits for is never simulated as if it had made them. With an
outcome it runs for its time and ends as it was told, a daemon and a deadline as they do anywhere;
without one it fails at once, and the message says how to give one.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ruleengine.app.timeline import TimeLine
from ruleengine.app.virtual_feed import Onlooker
from ruleengine.cluster.client import Client
from ruleengine.formats import json_text
from ruleengine.local.pod_simulation import address_of
from ruleengine.local.runtime.needs import is_process
from ruleengine.local.store import Event, EventType
from ruleengine.model.actions import Target
from ruleengine.model.errors import UsageError
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.executing import PLAN_VARIABLE, TEMPLATE_VARIABLE
from ruleengine.pipelines.observing import MAIN, REPORTED
from ruleengine.pipelines.pods import NODE_ID, NODE_NAME
from ruleengine.step.plan import made, reported

_MANAGER: Final = "simulated-outcomes"
_FORMS: Final = (
    "write NAME=succeeded, NAME=failed or NAME=JSON with any of exitCode (0 to 255), seconds, "
    "result and parameters; NAME is a step, an image, or * for all others"
)
_FIELDS: Final = frozenset({"exitCode", "seconds", "result", "parameters"})
_SOON: Final = 1.0
_LONGEST: Final = 1e9
"""Seconds that a pod runs at most: what is beyond a lifetime is a slip."""
_OTHERS: Final = "*"
"""Who has the outcome of pods that no other outcome is of."""
_MOST: Final = 255
"""The highest exit code that a process has."""
_TOO_LONG: Final = "Pod was active on the node longer than the specified deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodOutcome:
    """What becomes of pods: of a step by its name, of an image, or (``*``) of all others."""

    whose: str
    exit_code: int = 0
    seconds: float = _SOON
    outputs: Object = field(default_factory=dict)

    def is_of(self, pod: Object) -> bool:
        """Tell whether it is the outcome of a pod."""
        containers = lookup(pod, "spec", "containers", default=())
        images = [one.get("image") for one in containers if one.get("name") == MAIN]
        return self.whose in (_OTHERS, step_of(pod), *images)


def parse_outcome(text: str) -> PodOutcome:
    """Return the outcome that a text means. Raises ``UsageError``."""
    whose, _, told = text.partition("=")
    if whose and told in ("succeeded", "failed"):
        return PodOutcome(whose=whose, exit_code=int(told == "failed"))
    try:
        return _read_outcome(whose, json_text.loads(told))
    except (ValueError, TypeError, AttributeError):
        raise UsageError(f"{text!r} is no outcome", _FORMS) from None


def _read_outcome(whose: str, value: Object) -> PodOutcome:
    seconds, code = value.get("seconds", _SOON), value.get("exitCode", 0)
    if not whose or value.keys() - _FIELDS or isinstance(seconds, bool):
        raise ValueError(whose)
    seconds = float(seconds)
    if type(code) is not int or not (0 <= code <= _MOST and 0 <= seconds <= _LONGEST):
        raise ValueError(whose)
    return PodOutcome(
        whose=whose,
        exit_code=code,
        seconds=seconds,
        outputs=_outputs(value),
    )


def _outputs(value: Object) -> Object:
    """Return the outputs of a step as its executor reports them."""
    made = lookup(value, "parameters", default={})
    if not isinstance(made, dict):
        raise TypeError(made)
    outputs: Object = {}
    if made:
        outputs["parameters"] = [{"name": name, "value": _text(one)} for name, one in made.items()]
    if "result" in value:
        outputs["result"] = _text(value["result"])
    return outputs


def _text(value: Value) -> str:
    """Return what a step would have written: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json_text.dumps(value)


class PodOutcomes(Onlooker):
    """Plays the kubelet and the executor of pods that would have to run."""

    def __init__(self, client: Client, line: TimeLine, outcomes: tuple[PodOutcome, ...]) -> None:
        self._client = client
        self._line = line
        self._now = line.now
        self._outcomes = sorted(outcomes, key=lambda one: one.whose == _OTHERS)
        self._met: set[str] = set()
        self._agenda: list[tuple[datetime, str, Target]] = []

    @property
    def idle(self) -> list[str]:
        """Whose outcomes were told although there was no such pod; there may be no others."""
        return [one.whose for one in self._outcomes if one.whose not in {*self._met, _OTHERS}]

    def see(self, event: Event) -> None:
        """Look at a pod: it begins when it appears, and goes when it is told to."""
        pod = event.object
        if event.key.resource != "pods" or event.type is EventType.DELETED or not is_process(pod):
            return
        if lookup(pod, "metadata", "deletionTimestamp"):
            self._client.delete(Target.of(pod), grace=0)
        elif event.type is EventType.ADDED:
            self._begin(Target.of(pod), pod)
        elif lookup(pod, "status", "phase") == "Running":
            self._expect(Target.of(pod), pod)

    def next_time(self) -> datetime | None:
        """Return when the next pod ends."""
        return self._agenda[0][0] if self._agenda else None

    def act(self, now: datetime) -> None:
        """Let those pods end whose time has come."""
        while self._agenda and self._agenda[0][0] <= now:
            _, uid, target = heapq.heappop(self._agenda)
            pod = self._client.get(target)
            lives = pod is not None and lookup(pod, "status", "phase") == "Running"
            if pod is not None and lives and pod["metadata"]["uid"] == uid:
                self._end(target, pod)

    def _of(self, pod: Object) -> PodOutcome | None:
        return next((one for one in self._outcomes if one.is_of(pod)), None)

    def _begin(self, target: Target, pod: Object) -> None:
        self._met.update(one.whose for one in self._outcomes if one.is_of(pod))
        outcome, now = self._of(pod), self._now()
        if outcome is None:
            message = (
                "its outputs are needed, and nothing runs in a simulation; say what becomes of it: "
                f"--outcome {step_of(pod) or _OTHERS}=succeeded"
            )
            self._tell(target, {"phase": "Failed", "reason": "NotRun", "message": message})
            self._line.pod(target, f"not run: {message}")
            return
        state = {"running": {"startedAt": format_time(now)}}
        status = {"phase": "Running", "startTime": format_time(now), "podIP": address_of(pod)}
        self._tell(target, {**status, **_containers(pod, state, ready=True)})

    def _expect(self, target: Target, pod: Object) -> None:
        """Note when a running pod ends: by itself, or by the deadline that it has now."""
        ends = [one for one in self._ends(pod) if one is not None]
        if ends:
            entry = (max(min(ends), self._now()), pod["metadata"]["uid"], target)
            if entry not in self._agenda:
                heapq.heappush(self._agenda, entry)

    def _ends(self, pod: Object) -> tuple[datetime | None, datetime | None]:
        """Return when a pod ends by itself, which a daemon never does, and its deadline."""
        begun = parse_time(lookup(pod, "status", "startTime"))
        outcome, limit = self._of(pod), lookup(pod, "spec", "activeDeadlineSeconds")
        own = None
        if outcome is not None and not _is_daemon(pod):
            own = begun + timedelta(seconds=outcome.seconds)
        return own, None if limit is None else begun + timedelta(seconds=int(limit))

    def _end(self, target: Target, pod: Object) -> None:
        outcome = self._of(pod) or PodOutcome(whose=_OTHERS)
        own, limit = self._ends(pod)
        if limit is not None and (own is None or limit < own):
            self._line.pod(target, f"Failed: {_TOO_LONG}")
            failure = {"phase": "Failed", "reason": "DeadlineExceeded", "message": _TOO_LONG}
            self._tell(target, failure)
            return
        untold = self._report(pod, outcome)
        failed = outcome.exit_code != 0
        terminated = {
            "exitCode": outcome.exit_code,
            "reason": "Error" if failed else "Completed",
            "startedAt": lookup(pod, "status", "startTime"),
            "finishedAt": format_time(self._now()),
        }
        phase = "Failed" if failed else "Succeeded"
        silent = f"; it says nothing of its {', '.join(untold)}" if untold else ""
        self._line.pod(
            target, f"{phase}, as --outcome says (exit code {outcome.exit_code}){silent}"
        )
        state = {"terminated": terminated}
        self._tell(target, {"phase": phase, **_containers(pod, state, ready=False)})

    def _report(self, pod: Object, outcome: PodOutcome) -> list[str]:
        """Write down what a step made, as its executor does; return of what nothing was told."""
        metadata, plan = pod["metadata"], _plan_of(pod)
        if not plan.get("reports", bool(plan)):
            return []
        workflow = lookup(metadata, "labels", ARGO_WORKFLOW)
        owner = {"name": metadata["name"], "uid": metadata["uid"]}
        value: Object = {
            "apiVersion": ARGO_API_VERSION,
            "kind": "WorkflowTaskResult",
            "metadata": {
                "name": lookup(metadata, "annotations", NODE_ID),
                "namespace": metadata["namespace"],
                "labels": {ARGO_WORKFLOW: workflow, REPORTED: "true"},
                "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", **owner}],
            },
        }
        outputs = _made(plan, outcome)
        if outputs:
            value["outputs"] = outputs
        self._client.apply(value, _MANAGER)
        return [] if outcome.exit_code else list(_untold(plan, outputs))

    def _tell(self, target: Target, status: Object) -> None:
        self._client.merge_patch(target, {"status": status}, _MANAGER, subresource="status")


def step_of(pod: Object) -> str:
    """Return the name of the step that a pod runs; empty for a pod of no workflow."""
    node = str(lookup(pod, "metadata", "annotations", NODE_NAME, default=""))
    return node.rpartition(".")[2].partition("(")[0]


def _plan_of(pod: Object) -> Object:
    """Return what the executor in a pod is told; nothing where there is none."""
    return _told_as(PLAN_VARIABLE, pod)


def _is_daemon(pod: Object) -> bool:
    """Tell whether a step is one that runs beside those after it."""
    return bool(_told_as(TEMPLATE_VARIABLE, pod).get("daemon"))


def _told_as(variable: str, pod: Object) -> Object:
    """Return what a container of a pod is told as JSON in a variable; nothing where none is."""
    stated = [
        one["value"]
        for container in lookup(pod, "spec", "containers", default=())
        for one in container.get("env") or ()
        if one["name"] == variable
    ]
    return dict(json_text.loads(stated[0])) if stated else {}


def _made(plan: Object, outcome: PodOutcome) -> Object:
    """Return the outputs of a step: what was told, and what follows from its template.

    A parameter that nobody speaks of is what it is by default, and a step that succeeded left
    its artifacts. Its standard output is kept where somebody reads it, and nowhere else.
    """
    told = {one["name"]: one for one in outcome.outputs.get("parameters", ())}
    for declared in plan.get("parameters") or ():
        name, default = declared["name"], declared.get("default")
        if name in told or default is not None:
            value = told[name]["value"] if name in told else str(default)
            told[name] = made(declared, value)
    artifacts = [] if outcome.exit_code else map(reported, plan.get("artifacts") or ())
    outputs = {**outcome.outputs, "parameters": list(told.values()), "artifacts": list(artifacts)}
    if not plan.get("result"):
        outputs.pop("result", None)
    return {name: value for name, value in outputs.items() if value or name == "result"}


def _untold(plan: Object, outputs: Object) -> Iterator[str]:
    """Yield what a step would have made that nobody told."""
    if plan.get("result") and "result" not in outputs:
        yield "result"
    known = {one["name"] for one in outputs.get("parameters", ())}
    for declared in plan.get("parameters") or ():
        if declared["name"] not in known:
            yield f"output parameter '{declared['name']}'"


def _containers(pod: Object, state: Object, *, ready: bool) -> Object:
    """Return the status of all containers of a pod, in one state."""
    statuses = [
        {"name": one["name"], "image": one.get("image", ""), "ready": ready, "state": state}
        for one in lookup(pod, "spec", "containers", default=())
    ]
    return {"containerStatuses": statuses}
