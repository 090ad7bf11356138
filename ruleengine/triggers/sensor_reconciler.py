"""The reconciler of Argo's Sensor: events in, objects out, each firing once.

Each trigger has its own place in the log. A decision reads what arrived after it, and what
that starts: first the objects are created, and only when they are there (or were refused) is
the new place recorded. A process that dies in between repeats the creation under the same
name; so an event that is delivered at least once starts one thing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ruleengine.model.actions import Action, Target
from ruleengine.model.decisions import Decision, Next, Request, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, CONTROL_NAMESPACE, TRIGGERS_MANAGER
from ruleengine.model.records import keep_record, read_record
from ruleengine.model.values import Object, lookup
from ruleengine.triggers.buses import bus_problem
from ruleengine.triggers.conditions import (
    DEPLOYED,
    INVALID,
    Condition,
    fails,
    holds,
    make_status,
    refused,
)
from ruleengine.triggers.creation import Events, FiringError, is_made_by, make_action
from ruleengine.triggers.happenings import filter_failed, trigger_failed
from ruleengine.triggers.requests import Arrived, EventsWanted
from ruleengine.triggers.sensor_progress import PURPOSE, Progress, as_content, known_content
from ruleengine.triggers.sensor_specification import (
    SensorReading,
    SensorSpecification,
    Trigger,
    read_sensor,
)
from ruleengine.triggers.sensor_turn import Turn, take_turn

DEPENDENCIES: Final = "DependenciesProvided"
TRIGGERS: Final = "TriggersProvided"


class SensorReconciler:
    """Decides for Sensors. ``control_namespace`` is where their records lie."""

    area = "triggers"
    api_version = ARGO_API_VERSION
    kind = "Sensor"
    manager = TRIGGERS_MANAGER
    watches = ()

    def __init__(self, control_namespace: str = CONTROL_NAMESPACE) -> None:
        self._control_namespace = control_namespace

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one sensor; ``memo`` spares reading its spec again."""
        if lookup(value, "metadata", "deletionTimestamp"):
            return Decision()
        known = memo if isinstance(memo, _Memo) and memo.spec == value.get("spec") else None
        reading = known.reading if known else read_sensor(value)
        memo = known or _Memo(spec=value.get("spec"), reading=reading)
        if reading.specification is None:
            return _refused(value, reading, now, memo)
        problem = bus_problem(world, Target.of(value).namespace, reading.specification.bus)
        if problem:
            status = make_status(value, _conditions(fails(problem, INVALID)), now)
            following = Next(stop=Stop.FOR, message=problem)
            return Decision(status=status, next=following, memo=memo)
        round_ = _Round(value, reading.specification, world, self._control_namespace)
        return round_.decision(now, memo)


@dataclass(frozen=True, slots=True)
class _Memo:
    """A spec and what was read from it."""

    spec: object = field(repr=False)
    reading: SensorReading = field(repr=False)


def _conditions(deployed: Condition) -> dict[str, Condition]:
    return {DEPENDENCIES: holds(), TRIGGERS: holds(), DEPLOYED: deployed}


def _refused(value: Object, reading: SensorReading, now: datetime, memo: _Memo) -> Decision:
    problem = reading.problem
    message = problem.text if problem is not None else ""
    conditions = {
        DEPENDENCIES: refused(reading.dependencies) if reading.dependencies else holds(),
        TRIGGERS: refused(reading.triggers) if reading.triggers else holds(),
        DEPLOYED: fails("no event is handled", INVALID),
    }
    return Decision(
        status=make_status(value, conditions, now),
        next=Next(stop=Stop.FOR, message=message),
        memo=memo,
    )


class _Round:
    """One decision about a sensor whose spec is honoured."""

    def __init__(
        self,
        value: Object,
        specification: SensorSpecification,
        world: World,
        control_namespace: str,
    ) -> None:
        self._value = value
        self._target = Target.of(value)
        self._created = str(lookup(value, "metadata", "creationTimestamp", default=""))
        self._uid = str(lookup(value, "metadata", "uid", default=""))
        self._specification = specification
        self._world = world
        self._control_namespace = control_namespace
        record = read_record(world, self._target, PURPOSE, control_namespace)
        self._content = known_content(record, self._uid)
        self._requests: list[Request] = []
        self._creations: list[Action] = []
        self._events: list[Object] = []
        self._progress: dict[str, Progress] = {}
        self._changed = False
        self._problem = ""

    def decision(self, now: datetime, memo: _Memo) -> Decision:
        """Return what is to be done about every trigger."""
        for trigger in self._specification.triggers:
            self._look(trigger)
        deployed = holds(reason="Listening")
        if self._problem:
            deployed = fails(self._problem, "NoEvents")
        status = make_status(self._value, _conditions(deployed), now)
        actions = (*self._creations, *self._kept())
        return Decision(
            actions=actions,
            requests=tuple(self._requests),
            status=status,
            events=tuple(self._events),
            next=self._following(),
            memo=memo,
        )

    def _look(self, trigger: Trigger) -> None:
        dependencies = self._specification.of(trigger)
        progress = Progress.of(self._content, trigger, dependencies)
        wanted = EventsWanted(
            bus=f"{self._target.namespace}/{self._specification.bus}",
            reader=f"{self._target.namespace}/{self._target.name}/{trigger.name}",
            subjects=tuple(dict.fromkeys((one.source, one.event) for one in dependencies)),
            log=progress.log,
            after=progress.after,
            since="" if progress.log or self._content else self._created,
            held=tuple(sorted(progress.held.values())),
        )
        answer = self._world.answer(wanted.request)
        self._progress[trigger.name] = progress
        if answer is None:
            self._requests.append(wanted.request)
        elif answer.error:
            self._problem = f"{answer.error}; {answer.remedy}"
        else:
            arrived = Arrived.of(answer.value)
            turn = take_turn(trigger, dependencies, progress, arrived)
            self._act(trigger, progress, turn, full=arrived.full)

    def _act(self, trigger: Trigger, progress: Progress, turn: Turn, *, full: bool) -> None:
        """Have created what fires; where it all is done, go on from there."""
        for name, error in turn.errors:
            self._events.append(filter_failed(self._value, name, error))
        pending = list(self._pending(trigger, turn))
        self._creations.extend(pending)
        if pending:
            return
        moved = turn.progress.log != progress.log or turn.progress.held != progress.held
        if turn.firings or moved or full:
            self._progress[trigger.name] = turn.progress
            self._changed = True

    def _pending(self, trigger: Trigger, turn: Turn) -> Iterator[Action]:
        """Yield the creations of a turn that are neither done nor refused."""
        for events in turn.firings:
            try:
                action = make_action(trigger.template, self._target, events)
            except FiringError as error:
                self._failed(trigger, events, str(error))
                continue
            live = self._world.get(action.target)
            problem = self._refusal(action)
            if live is not None:
                problem = "" if is_made_by(action, live) else f"{action.target} exists already"
            if problem:
                self._failed(trigger, events, problem)
            elif live is None:
                yield action

    def _failed(self, trigger: Trigger, events: Events, problem: str) -> None:
        self._events.append(trigger_failed(self._value, trigger.name, events, problem))

    def _refusal(self, action: Action) -> str:
        """Return why the server will never create an object; empty where it may."""
        refusal = self._world.refusal(action.target)
        return refusal.message if refusal is not None and refusal.final else ""

    def _kept(self) -> Iterable[Action]:
        """Return the record of how far every trigger is, where that is new."""
        if not self._changed:
            return ()
        content = as_content(self._uid, self._progress)
        return (
            keep_record(self._target, PURPOSE, content, TRIGGERS_MANAGER, self._control_namespace),
        )

    def _following(self) -> Next:
        if self._creations:
            targets = tuple(one.target for one in self._creations)
            return Next(stop=Stop.ON, targets=targets, message=f"creating {targets[0]}")
        if self._problem:
            return Next(stop=Stop.FOR, message=self._problem)
        subjects = {f"{one.source}/{one.event}" for one in self._specification.dependencies}
        return Next(stop=Stop.FOR, message=f"waiting for events of {', '.join(sorted(subjects))}")
