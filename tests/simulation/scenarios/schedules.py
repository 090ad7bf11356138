"""The real reconcilers of CronWorkflows and Workflows under faults; runs are mere suspensions.

One schedule runs beside what is on its way, one is passed over while it is, one replaces it, and
one has a single time, which may be late. Each stops by its strategy. Which times are run depends
on when somebody was there and on what the clock showed; but none is run twice, the policies hold,
every run is counted once, and all come to the end that they have without faults.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from ruleengine.cluster.client import Client
from ruleengine.expressions import cron
from ruleengine.formats import yaml_reader
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.store import Key
from ruleengine.model.actions import Target
from ruleengine.model.data import data_folder
from ruleengine.model.decisions import DONE, Decision, Next, Reconciler, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, CONTROL_NAMESPACE
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.cron_reconciler import CronWorkflowReconciler
from ruleengine.pipelines.labels import COMPLETED_LABEL, CRON_LABEL
from ruleengine.pipelines.phases import COMPLETED, Phase
from ruleengine.pipelines.reconciler import WorkflowReconciler
from ruleengine.pipelines.variables import SCHEDULED_TIME
from tests.reconcile.kit import config_map
from tests.simulation.invariants import (
    Invariant,
    OthersAreLeftAlone,
    ViolationError,
    Write,
    created,
)
from tests.simulation.scenario import Act, Process, Scenario

NAMESPACE: Final = "pipelines"
_CRONS: Final = "cronworkflows.argoproj.io"
_WORKFLOWS: Final = "workflows.argoproj.io"
_WATCHED: Final = "watched"
_SHORTEST_WINDOW: Final = timedelta(minutes=1)
_WRITING: Final = timedelta(seconds=20)
"""Within which a write that was decided is done, however often it has to be repeated."""


def cron_workflow(name: str, lasts: str, expression: str, **spec: Any) -> Object:
    """Return a CronWorkflow whose runs last so long, and that an expression stops."""
    template = {"name": "main", "suspend": {"duration": lasts}}
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "schedules": ["* * * * *"],
            "stopStrategy": {"expression": f"cronworkflow.{expression}"},
            "workflowSpec": {"entrypoint": "main", "templates": [template]},
            **spec,
        },
    }


SCHEDULES: Final = (
    cron_workflow("beside", "20s", "succeeded >= 3", successfulJobsHistoryLimit=0),
    cron_workflow("careful", "90s", "succeeded >= 2", concurrencyPolicy="Forbid"),
    cron_workflow(
        "hasty", "150s", "failed >= 2", schedules=["*/2 * * * *"], concurrencyPolicy="Replace"
    ),
    cron_workflow(
        "late", "5s", "succeeded >= 1", schedules=["7 3 * * *"], startingDeadlineSeconds=7200
    ),
)
"""The clock shows 03:04:05 when they come."""

_COUNTED: Final = {"careful": "succeeded", "late": "succeeded"}
"""Who has only one run at a time that is counted so, and hence stops at the same number."""


class Watchman:
    """Stands for a controller that stays: a run does not end before every schedule is over."""

    area = "watchman"
    api_version = "v1"
    kind = "ConfigMap"
    manager = "watchman"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Wait for those that go on."""
        del now, memo
        if value["metadata"]["name"] != _WATCHED:
            return Decision()
        crons = world.list(ARGO_API_VERSION, "CronWorkflow", NAMESPACE)
        open_ones = [Target.of(one) for one in crons if lookup(one, "status", "phase") != "Stopped"]
        following = Next(stop=Stop.ON, targets=tuple(sorted(open_ones)))
        return Decision(next=following if open_ones else DONE)


def _retime(client: Client) -> None:
    target = Target(ARGO_API_VERSION, "CronWorkflow", NAMESPACE, "beside")
    client.merge_patch(target, {"spec": {"schedules": ["*/1 * * * *"]}}, "user")


class Schedules(Scenario):
    """Four schedules until each has stopped; the words of one change on the way."""

    seeds: ClassVar[int] = 40
    writes: ClassVar[int] = 60
    patience: ClassVar[float] = 4000.0
    longest_wait: ClassVar[float] = 60.0
    pauses: ClassVar[int] = 60
    acts: ClassVar[Sequence[Act]] = (_retime,)

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        for name in (CONTROL_NAMESPACE, NAMESPACE):
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            client.create(namespace, "user")
        for kind in ("cronworkflows", "workflows", "workflowtaskresults"):
            definition = data_folder("schemas") / "crds" / f"{kind}.yaml"
            value = yaml_reader.read(definition.read_bytes(), "crd").documents[0].value
            client.create(value, "user")
        client.create(config_map(_WATCHED, NAMESPACE), "user")
        client.discover(again=True)
        for one in SCHEDULES:
            client.apply(one, "user")

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconcilers of a new process, and who has it stay."""
        del process
        return [self.scheduler(), WorkflowReconciler(), Watchman()]

    def scheduler(self) -> Reconciler:
        """Return who decides for CronWorkflows; broken variants return another."""
        return CronWorkflowReconciler()

    def invariants(self) -> Sequence[Invariant]:
        """Return what a schedule promises."""
        ours = ("CronWorkflow", "Workflow", "Lease", "Event")
        return (
            NoTimeRunsTwice(),
            OnlyTimesThatAreDueRun(),
            PoliciesAreKept(),
            WhatHasStoppedStaysSo(),
            EveryRunIsCountedOnce(),
            OthersAreLeftAlone(lambda value: value["kind"] in ours),
            *super().invariants(),
        )

    def normalise(self, value: Object) -> Object | None:
        """Return how the schedules ended, and the run of the one that has a single time."""
        metadata = value["metadata"]
        if value["kind"] == "Workflow":
            is_late = lookup(metadata, "labels", CRON_LABEL) == "late"
            return {"phase": lookup(value, "status", "phase")} if is_late else None
        if value["kind"] != "CronWorkflow":
            return value
        counted = _COUNTED.get(metadata["name"], "phase")
        return {
            "spec": value["spec"],
            "phase": lookup(value, "status", "phase"),
            "completed": lookup(metadata, "labels", COMPLETED_LABEL),
            counted: lookup(value, "status", counted),
        }


def runs_of(plane: ControlPlane, name: str) -> list[Object]:
    """Return the stored runs of a CronWorkflow."""
    found = plane.store.list(_WORKFLOWS, NAMESPACE).items
    return [one for one in found if one["metadata"]["labels"].get(CRON_LABEL) == name]


def is_over(run: Object) -> bool:
    """Tell whether a run has ended."""
    return lookup(run, "status", "phase") in COMPLETED


def _begun(write: Write) -> list[tuple[Object, Object]]:
    """Return the runs that a write created, each with its CronWorkflow as it is stored."""
    return [(_schedule_of(write, one), one) for one in created(write, "Workflow")]


def _schedule_of(write: Write, run: Object) -> Object:
    name = run["metadata"]["labels"][CRON_LABEL]
    return write.plane.store.get(Key(_CRONS, NAMESPACE, name)) or {}


def _time_of(run: Object) -> datetime:
    return parse_time(run["metadata"]["annotations"][SCHEDULED_TIME])


class NoTimeRunsTwice(Invariant):
    """One workflow at most is ever created for one time of a schedule."""

    def __init__(self) -> None:
        self._run: set[tuple[str, datetime]] = set()

    def written(self, write: Write) -> None:
        """Raise for a second one."""
        for value, run in _begun(write):
            time = (value["metadata"]["name"], _time_of(run))
            if time in self._run:
                raise ViolationError(f"{time[0]} ran twice for {time[1]:%H:%M}")
            self._run.add(time)


class OnlyTimesThatAreDueRun(Invariant):
    """What is run is a time of the schedule, which has come, and that not too long ago."""

    def __init__(self) -> None:
        self._latest: datetime | None = None

    def written(self, write: Write) -> None:
        """Raise for a run that nobody wanted then."""
        now = write.plane.clock.now()
        self._latest = max(now, self._latest or now)
        for value, run in _begun(write):
            spec, time = value["spec"], _time_of(run)
            told = f"{run['metadata']['name']} was run at {now:%H:%M:%S}"
            schedule = cron.compile(spec["schedules"][0])
            deadline = timedelta(seconds=spec.get("startingDeadlineSeconds", 0))
            if schedule.next(time - timedelta(seconds=1)) != time:
                raise ViolationError(f"{told}, which is no time of its schedule")
            if time > self._latest:
                raise ViolationError(f"{told}, before its time")
            if now - time > max(deadline, _SHORTEST_WINDOW) + _WRITING:
                raise ViolationError(f"{told}, which is too late")


class PoliciesAreKept(Invariant):
    """A run that others forbid does not begin; one that replaces others has ended them.

    It has once it is noted as the last one: that they could not be told at first is no reason
    to keep it back.
    """

    def written(self, write: Write) -> None:
        """Raise where runs are side by side that must not be."""
        for value, run in _begun(write):
            others = [one for one in _others(write, run) if not is_over(one)]
            if others and value["spec"].get("concurrencyPolicy") == "Forbid":
                raise ViolationError(f"{run['metadata']['name']} began beside another run")
        for event in write.events:
            if event.object["kind"] == "CronWorkflow":
                self._replaces(write, event.object)
            elif lookup(event.object, "spec", "shutdown") and not is_over(event.object):
                _is_replaced(write, event.object)

    def _replaces(self, write: Write, value: Object) -> None:
        """Raise where the last run was noted while another one goes on."""
        last = lookup(value, "status", "lastScheduledTime")
        if value["spec"].get("concurrencyPolicy") != "Replace" or last is None:
            return
        for one in runs_of(write.plane, value["metadata"]["name"]):
            is_last = _time_of(one) >= parse_time(last)
            if not (is_last or is_over(one) or lookup(one, "spec", "shutdown")):
                raise ViolationError(f"{one['metadata']['name']} goes on, though it was replaced")


def _is_replaced(write: Write, run: Object) -> None:
    """Raise where a run was ended that nothing replaces."""
    value = _schedule_of(write, run)
    if value["spec"].get("concurrencyPolicy") != "Replace":
        raise ViolationError(f"{run['metadata']['name']} was ended, though nothing replaces it")


def _others(write: Write, run: Object) -> list[Object]:
    metadata = run["metadata"]
    found = runs_of(write.plane, metadata["labels"][CRON_LABEL])
    return [one for one in found if one["metadata"]["name"] != metadata["name"]]


class WhatHasStoppedStaysSo(Invariant):
    """Nothing begins once a schedule is over."""

    def written(self, write: Write) -> None:
        """Raise for a run of a schedule whose status says that it has stopped."""
        for value, run in _begun(write):
            if lookup(value, "status", "phase") == "Stopped":
                raise ViolationError(f"{run['metadata']['name']} began after its schedule stopped")


class EveryRunIsCountedOnce(Invariant):
    """The status never counts more ended runs than there were, and in the end no fewer."""

    def __init__(self) -> None:
        self._ended: dict[str, dict[str, str]] = {}

    def written(self, write: Write) -> None:
        """Raise for a status that counts a run that has not ended, or twice."""
        for event in write.events:
            metadata = event.object["metadata"]
            if event.object["kind"] == "Workflow" and is_over(event.object):
                ended = self._ended.setdefault(metadata["labels"][CRON_LABEL], {})
                ended[metadata["name"]] = event.object["status"]["phase"]
        for name, counted, ended in self._counts(write.plane):
            if any(counted[phase] > ended[phase] for phase in counted):
                raise ViolationError(f"{name} counts {dict(counted)}, there were {dict(ended)}")

    def finished(self, plane: ControlPlane) -> None:
        """Raise for a run that was never counted."""
        for name, counted, ended in self._counts(plane):
            if +counted != ended:
                raise ViolationError(f"{name} counted {dict(counted)}, there were {dict(ended)}")

    def _counts(self, plane: ControlPlane) -> list[tuple[str, Counter[str], Counter[str]]]:
        return [
            (name, _counted(value), Counter(self._ended.get(name, {}).values()))
            for value in plane.store.list(_CRONS, NAMESPACE).items
            for name in [value["metadata"]["name"]]
        ]


def _counted(value: Object) -> Counter[str]:
    status: Mapping[str, Any] = value.get("status") or {}
    good, bad = int(status.get("succeeded") or 0), int(status.get("failed") or 0)
    return Counter({Phase.SUCCEEDED.value: good, Phase.FAILED.value: bad})


SCENARIO = Schedules()
