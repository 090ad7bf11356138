"""What a Sensor asks for, read once (reference, Events 7, 10, 12 and 16).

The messages about wrong values are Argo's own where it has one. What is not honoured is
told by the table of all fields, and the sensor is then left alone as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.digests import short_digest
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object
from ruleengine.triggers.combinations import Combination, CombinationError, read_combination
from ruleengine.triggers.creation import KINDS, Creation, read_creation
from ruleengine.triggers.filter_context import ContextFilter
from ruleengine.triggers.filter_time import TimeFilter
from ruleengine.triggers.filters import AND, OR, Filters
from ruleengine.triggers.problems import UNSUPPORTED, WrongError, unsupported
from ruleengine.triggers.resets import Reset
from ruleengine.triggers.source_specification import DEFAULT_BUS
from ruleengine.triggers.values import mapping, maps, text

_OPERATORS: Final = ("", AND, OR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """An event that a sensor waits for. ``digest`` is that of all that it asks for."""

    name: str
    source: str
    event: str
    digest: str
    filters: Filters | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What a sensor starts. ``digest`` tells its conditions from any others."""

    name: str
    combination: Combination
    digest: str
    resets: tuple[Reset, ...] = ()
    creation: Creation = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpecification:
    """What a Sensor asks for."""

    bus: str
    dependencies: tuple[Dependency, ...]
    triggers: tuple[Trigger, ...]

    def of(self, trigger: Trigger) -> tuple[Dependency, ...]:
        """Return the dependencies of a trigger, in the order of the sensor."""
        return tuple(one for one in self.dependencies if one.name in trigger.combination.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorReading:
    """A specification, or what is wrong with the dependencies, or with the triggers."""

    specification: SensorSpecification | None = None
    dependencies: Problem | None = None
    triggers: Problem | None = None

    @property
    def problem(self) -> Problem | None:
        """What is said first."""
        return self.dependencies or self.triggers


def read_sensor(value: Object) -> SensorReading:
    """Return what a Sensor asks for; never raises for wrong data."""
    try:
        spec = mapping(value, "spec", "")
        dependencies = tuple(_dependencies(spec))
        bus = text(spec, "eventBusName", "spec") or DEFAULT_BUS
    except WrongError as error:
        return SensorReading(dependencies=error.problem)
    try:
        triggers = tuple(_triggers(spec, tuple(one.name for one in dependencies)))
    except WrongError as error:
        return SensorReading(triggers=error.problem)
    for problem in unsupported("Sensor", spec):
        if problem.message.startswith("spec.dependencies"):
            return SensorReading(dependencies=problem)
        return SensorReading(triggers=problem)
    for one in triggers:
        if not one.creation.resource:
            message = f"what {one.name} starts is not honoured yet"
            return SensorReading(triggers=Problem(code=UNSUPPORTED, message=message))
    return SensorReading(
        specification=SensorSpecification(bus=bus, dependencies=dependencies, triggers=triggers)
    )


def _dependencies(spec: Object) -> Iterator[Dependency]:
    found = maps(spec, "dependencies", "spec")
    if not found:
        raise WrongError("no event dependencies found")
    names = [text(one, "name", f"spec.dependencies[{at}]") for at, one in enumerate(found)]
    for index, one in enumerate(found):
        where = f"spec.dependencies[{index}]"
        if not names[index]:
            raise WrongError("event dependency must define a name")
        if names.count(names[index]) > 1:
            raise WrongError(f"{where}.name is that of another dependency: {names[index]}")
        yield _dependency(one, names[index], where)


def _dependency(value: Object, name: str, where: str) -> Dependency:
    source, event = (text(value, one, where) for one in ("eventSourceName", "eventName"))
    if not source:
        raise WrongError("event dependency must define the EventSourceName")
    if not event:
        raise WrongError("event dependency must define the EventName")
    return Dependency(
        name=name,
        source=source,
        event=event,
        digest=short_digest(value),
        filters=_filters(value, where),
    )


def _filters(value: Object, where: str) -> Filters | None:
    operator = _operator(value, "filtersLogicalOperator", where)
    if value.get("filters") is None:
        return None
    filters = mapping(value, "filters", where)
    where = f"{where}.filters"
    context, time = filters.get("context"), filters.get("time")
    return Filters(
        operator=operator,
        context=None
        if context is None
        else ContextFilter.read(mapping(filters, "context", where), f"{where}.context"),
        time=None
        if time is None
        else TimeFilter.read(mapping(filters, "time", where), f"{where}.time"),
    )


def _operator(value: Object, name: str, where: str) -> str:
    found = text(value, name, where)
    if found not in _OPERATORS:
        raise WrongError(f"logical operator {found} not supported")
    return found or AND


def _triggers(spec: Object, dependencies: tuple[str, ...]) -> Iterator[Trigger]:
    found = maps(spec, "triggers", "spec")
    if not found:
        raise WrongError("no triggers found")
    seen: set[str] = set()
    for index, one in enumerate(found):
        where = f"spec.triggers[{index}].template"
        if not one.get("template"):
            raise WrongError("trigger template can't be nil")
        template = mapping(one, "template", f"spec.triggers[{index}]")
        name = text(template, "name", where)
        if not name:
            raise WrongError("trigger must define a name")
        if name in seen:
            raise WrongError(f"duplicate trigger name: {name}")
        seen.add(name)
        yield _trigger(template, name, where, dependencies)


def _trigger(template: Object, name: str, where: str, dependencies: tuple[str, ...]) -> Trigger:
    conditions = text(template, "conditions", where)
    try:
        combination = read_combination(conditions, dependencies)
    except CombinationError as error:
        raise WrongError(f"{where}.conditions: {error}") from error
    kind = next((one for one in KINDS if template.get(one) is not None), "")
    creation = Creation(kind="")  # of a kind that is not honoured; the table of fields says which
    if kind:
        creation = read_creation(kind, mapping(template, kind, where), f"{where}.{kind}", name)
    resets = maps(template, "conditionsReset", where)
    return Trigger(
        name=name,
        resets=tuple(
            Reset.read(one, f"{where}.conditionsReset[{at}]") for at, one in enumerate(resets)
        ),
        combination=combination,
        digest=short_digest([conditions, list(combination.names)]),
        creation=creation,
    )
