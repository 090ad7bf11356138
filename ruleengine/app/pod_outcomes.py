"""Outcomes of pods that would have to run: nothing runs in a simulation, so a person says them.

A pod whose outputs somebody waits for is never simulated as if it had made them. With an
outcome it runs for its time and ends as it was told; without one it fails at once, and the
message says how to give one.
"""

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ruleengine.app.timeline import TimeLine
from ruleengine.app.virtual_feed import Onlooker
from ruleengine.cluster.client import Client
from ruleengine.formats import json_text
from ruleengine.local.runtime.needs import is_process
from ruleengine.local.store import Event, EventType
from ruleengine.model.actions import Target
from ruleengine.model.errors import UsageError
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.observing import MAIN, REPORTED, WAIT
from ruleengine.pipelines.pods import NODE_ID, NODE_NAME

_MANAGER: Final = "simulated-outcomes"
_FORMS: Final = (
    "write NAME=succeeded, NAME=failed or NAME=JSON with any of exitCode, seconds, result and "
    "parameters; NAME is a step, an image, or * for all others"
)
_FIELDS: Final = frozenset({"exitCode", "seconds", "result", "parameters"})
_SOON: Final = 1.0
_LONGEST: Final = 1e9
"""Seconds that a pod runs at most: what is beyond a lifetime is a slip."""


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
        return self.whose in ("*", step_of(pod), *images)


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
    seconds = float(value.get("seconds", _SOON))
    if not whose or value.keys() - _FIELDS or not 0 <= seconds <= _LONGEST:
        raise ValueError(whose)
    return PodOutcome(
        whose=whose,
        exit_code=int(value.get("exitCode", 0)),
        seconds=seconds,
        outputs=_outputs(value),
    )


def _outputs(value: Object) -> Object:
    """Return the outputs of a step as its executor reports them."""
    made = dict(value.get("parameters") or {})
    outputs: Object = {}
    if made:
        outputs["parameters"] = [{"name": name, "value": str(one)} for name, one in made.items()]
    if "result" in value:
        outputs["result"] = str(value["result"])
    return outputs


class PodOutcomes(Onlooker):
    """Plays the kubelet and the executor of pods that would have to run."""

    def __init__(self, client: Client, line: TimeLine, outcomes: tuple[PodOutcome, ...]) -> None:
        self._client = client
        self._line = line
        self._now = line.now
        self._outcomes = outcomes
        self._agenda: list[tuple[datetime, str, Target]] = []

    def see(self, event: Event) -> None:
        """Look at a pod: it begins when it appears, and goes when it is told to."""
        pod = event.object
        if event.key.resource != "pods" or event.type is EventType.DELETED or not is_process(pod):
            return
        if lookup(pod, "metadata", "deletionTimestamp"):
            self._client.delete(Target.of(pod), grace=0)
        elif event.type is EventType.ADDED:
            self._begin(Target.of(pod), pod)

    def next_time(self) -> datetime | None:
        """Return when the next pod ends."""
        return self._agenda[0][0] if self._agenda else None

    def act(self, now: datetime) -> None:
        """Let those pods end whose time has come."""
        while self._agenda and self._agenda[0][0] <= now:
            _, uid, target = heapq.heappop(self._agenda)
            pod = self._client.get(target)
            if pod is not None and pod["metadata"]["uid"] == uid:
                self._end(target, pod)

    def _of(self, pod: Object) -> PodOutcome | None:
        return next((one for one in self._outcomes if one.is_of(pod)), None)

    def _begin(self, target: Target, pod: Object) -> None:
        outcome, now = self._of(pod), self._now()
        if outcome is None:
            message = (
                "its outputs are needed, and nothing runs in a simulation; say what becomes of it: "
                f"--outcome {step_of(pod) or '*'}=succeeded"
            )
            self._tell(target, {"phase": "Failed", "reason": "NotRun", "message": message})
            self._line.pod(target, f"not run: {message}")
            return
        state = {"running": {"startedAt": format_time(now)}}
        status = {"phase": "Running", "startTime": format_time(now)}
        self._tell(target, {**status, **_containers(pod, state)})
        end = now + timedelta(seconds=outcome.seconds)
        heapq.heappush(self._agenda, (end, pod["metadata"]["uid"], target))

    def _end(self, target: Target, pod: Object) -> None:
        outcome = self._of(pod) or PodOutcome(whose="*")
        self._report(pod, outcome)
        failed = outcome.exit_code != 0
        terminated = {
            "exitCode": outcome.exit_code,
            "reason": "Error" if failed else "Completed",
            "startedAt": lookup(pod, "status", "startTime"),
            "finishedAt": format_time(self._now()),
        }
        phase = "Failed" if failed else "Succeeded"
        self._line.pod(target, f"{phase}, as --outcome says (exit code {outcome.exit_code})")
        self._tell(target, {"phase": phase, **_containers(pod, {"terminated": terminated})})

    def _report(self, pod: Object, outcome: PodOutcome) -> None:
        """Write down what a step made, as the executor beside it does."""
        metadata = pod["metadata"]
        containers = lookup(pod, "spec", "containers", default=())
        if not any(one.get("name") == WAIT for one in containers):
            return
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
        if outcome.outputs:
            value["outputs"] = outcome.outputs
        self._client.apply(value, _MANAGER)

    def _tell(self, target: Target, status: Object) -> None:
        self._client.merge_patch(target, {"status": status}, _MANAGER, subresource="status")


def step_of(pod: Object) -> str:
    """Return the name of the step that a pod runs; empty for a pod of no workflow."""
    node = str(lookup(pod, "metadata", "annotations", NODE_NAME, default=""))
    return node.rpartition(".")[2].partition("(")[0]


def _containers(pod: Object, state: Object) -> Object:
    """Return the status of all containers of a pod, in one state."""
    statuses = [
        {"name": one["name"], "image": one.get("image", ""), "ready": False, "state": state}
        for one in lookup(pod, "spec", "containers", default=())
    ]
    return {"containerStatuses": statuses}
