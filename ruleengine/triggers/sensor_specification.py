"""What a Sensor asks for, read once (reference, Events 7, 10, 12 and 16).

The messages about wrong values are Argo's own where it has one. What is not honoured is
told by the table of all fields, and the sensor is then left alone as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ruleengine.model.digests import short_digest
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object
from ruleengine.triggers.combinations import Combination, CombinationError, read_combination
from ruleengine.triggers.creation import Template
from ruleengine.triggers.filters import Filters
from ruleengine.triggers.parameters import read_parameters
from ruleengine.triggers.problems import UNSUPPORTED, WrongError, unsupported
from ruleengine.triggers.resets import Reset
from ruleengine.triggers.sections import read_operator
from ruleengine.triggers.source_specification import DEFAULT_BUS
from ruleengine.triggers.values import mapping, maps, text


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
    template: Template = field(repr=False)


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
        if not one.template.creation().resource:
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
    operator = read_operator(value, "filtersLogicalOperator", where)
    if value.get("filters") is None:
        return None
    return Filters.read(mapping(value, "filters", where), operator, f"{where}.filters")


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
        parameters = read_parameters(one, "template parameter")
        read = Template(name=name, value=template, where=where, parameters=parameters)
        read.creation()  # what is wrong with it is told before any event comes
        yield _trigger(read, dependencies)


def _trigger(template: Template, dependencies: tuple[str, ...]) -> Trigger:
    value, where = template.value, template.where
    conditions = text(value, "conditions", where)
    try:
        combination = read_combination(conditions, dependencies)
    except CombinationError as error:
        raise WrongError(f"{where}.conditions: {error}") from error
    resets = maps(value, "conditionsReset", where)
    return Trigger(
        name=template.name,
        resets=tuple(
            Reset.read(one, f"{where}.conditionsReset[{at}]") for at, one in enumerate(resets)
        ),
        combination=combination,
        digest=short_digest([conditions, list(combination.names)]),
        template=template,
    )
