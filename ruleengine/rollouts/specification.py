"""What a Rollout asks for, read once and with Argo's defaults (reference, Rollouts 1.1).

A field that is not honoured, or that has no usable value, becomes a problem: the rollout
is then left alone. What is honoured is listed here and nowhere else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.formats.go_durations import DurationError
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object, Value, lookup
from ruleengine.rollouts.arithmetic import WHOLE, Limits, Threshold, limits
from ruleengine.rollouts.hashes import pod_template_hash, step_hash
from ruleengine.rollouts.problems import invalid, unsupported

_SPEC: Final = frozenset(
    {
        "minReadySeconds",
        "paused",
        "progressDeadlineSeconds",
        "replicas",
        "revisionHistoryLimit",
        "selector",
        "strategy",
        "template",
    }
)
_CANARY: Final = frozenset({"maxSurge", "maxUnavailable", "replicaProgressThreshold", "steps"})
_STEP: Final = frozenset({"pause", "setWeight"})
_QUARTER: Final = "25%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a canary: a weight, or a pause (without a duration: for a human)."""

    weight: int | None = None
    pause: bool = False
    duration: timedelta | None = None

    @property
    def text(self) -> str:
        """The step in a few words."""
        if self.weight is not None:
            return f"setWeight: {self.weight}"
        return f"pause: {self.duration}" if self.duration is not None else "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a Rollout asks for. ``template`` and ``selector`` are as they were written."""

    replicas: int
    template: Object = field(repr=False)
    selector: Object = field(repr=False)
    bounds: Limits
    steps: tuple[Step, ...] = ()
    step_hash: str = ""
    template_hash: str = ""
    threshold: Threshold | None = None
    min_ready: int = 0
    history: int = 10
    deadline: timedelta = timedelta(seconds=600)
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A Specification, or the problems for which there is none."""

    specification: Specification | None = None
    problems: tuple[Problem, ...] = ()


class _WrongError(Exception):
    """A value that cannot be used, carrying its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_specification(value: Object) -> Reading:
    """Return what a Rollout asks for; never raises for wrong data."""
    spec = value.get("spec")
    if not isinstance(spec, dict):
        return Reading(problems=(invalid("spec", "must be a map"),))
    problems = tuple(_unsupported(spec))
    if problems:
        return Reading(problems=problems)
    try:
        return Reading(specification=_specification(spec, _collisions(value)))
    except _WrongError as error:
        return Reading(problems=(error.problem,))


def _collisions(value: Object) -> int | None:
    found = lookup(value, "status", "collisionCount")
    return found if isinstance(found, int) else None


def _unsupported(spec: Object) -> Iterator[Problem]:
    """Return the fields that are set and not honoured."""
    yield from _outside(spec, _SPEC, "spec")
    strategy = spec.get("strategy")
    if not isinstance(strategy, dict):
        return
    yield from _outside(strategy, frozenset({"canary"}), "spec.strategy")
    canary = strategy.get("canary")
    if not isinstance(canary, dict):
        return
    yield from _outside(canary, _CANARY, "spec.strategy.canary")
    steps = canary.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            yield from _outside(step, _STEP, f"spec.strategy.canary.steps[{index}]")


def _outside(value: Object, known: frozenset[str], where: str) -> Iterable[Problem]:
    """Return a problem for each field with a value that is not among the known ones."""
    return [
        unsupported(f"{where}.{name}")
        for name, one in value.items()
        if name not in known and one not in (None, False, [], "")
    ]


def _specification(spec: Object, collisions: int | None) -> Specification:
    strategy = _map(spec.get("strategy"), "spec.strategy")
    if not isinstance(strategy.get("canary"), dict):
        raise _WrongError(invalid("spec.strategy", "must hold canary"))
    canary = strategy["canary"]
    replicas = _number(spec.get("replicas"), "spec.replicas", 1)
    template = _map(spec.get("template"), "spec.template")
    selector = _map(spec.get("selector"), "spec.selector")
    _check_selector(selector, template)
    steps = canary.get("steps") or []
    read = _steps(steps)
    min_ready = _number(spec.get("minReadySeconds"), "spec.minReadySeconds", 0)
    deadline = _number(spec.get("progressDeadlineSeconds"), "spec.progressDeadlineSeconds", 600)
    if deadline <= min_ready:
        what = "must be greater than spec.minReadySeconds"
        raise _WrongError(invalid("spec.progressDeadlineSeconds", what))
    return Specification(
        replicas=replicas,
        template=template,
        selector=selector,
        bounds=_bounds(canary, replicas),
        steps=read,
        step_hash=_hashed(steps),
        template_hash=_template_hash(template, collisions),
        threshold=_threshold(canary.get("replicaProgressThreshold")),
        min_ready=min_ready,
        history=_number(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit", 10),
        deadline=timedelta(seconds=deadline),
        paused=spec.get("paused") is True,
    )


def _map(value: Value, where: str) -> Object:
    if not isinstance(value, dict) or not value:
        raise _WrongError(invalid(where, "is missing"))
    return value


def _number(value: Value, where: str, default: int) -> int:
    """Return a number that is not negative."""
    if value is None:
        return default
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _WrongError(invalid(where, f"must be a number that is not negative, not {value!r}"))
    return value


def _check_selector(selector: Object, template: Object) -> None:
    where = "spec.selector"
    try:
        found = label_selector_from_object(selector)
        labels = lookup(template, "metadata", "labels", default={})
        matches = found.matches(labels)
    except (SelectorError, AttributeError, KeyError, TypeError) as error:
        raise _WrongError(invalid(where, f"cannot be read: {error}")) from error
    if not str(found):
        raise _WrongError(invalid(where, "is empty and would select every pod"))
    if not matches:
        raise _WrongError(invalid(where, "does not match the labels of spec.template"))


def _template_hash(template: Object, collisions: int | None) -> str:
    containers = lookup(template, "spec", "containers")
    if not isinstance(containers, list) or not containers:
        raise _WrongError(invalid("spec.template.spec.containers", "must name a container"))
    try:
        return pod_template_hash(template, collisions)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _WrongError(invalid("spec.template", f"cannot be read: {error}")) from error


def _hashed(steps: Value) -> str:
    try:
        return step_hash(steps)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _WrongError(invalid("spec.strategy.canary.steps", "cannot be read")) from error


def _bounds(canary: Object, replicas: int) -> Limits:
    """Return surge and unavailable, each a quarter where it is left out."""
    where = "spec.strategy.canary.maxSurge and maxUnavailable"
    surge = canary.get("maxSurge", _QUARTER)
    unavailable = canary.get("maxUnavailable", _QUARTER)
    if any(isinstance(one, bool) or not isinstance(one, int | str) for one in (surge, unavailable)):
        raise _WrongError(invalid(where, "must be numbers or percentages"))
    try:
        found = limits(replicas, surge, unavailable)
    except ValueError as error:
        raise _WrongError(invalid(where, f"cannot be read: {error}")) from error
    if all(str(one).rstrip("%") == "0" for one in (surge, unavailable)):
        raise _WrongError(invalid(where, "must not both be 0: nothing could ever move"))
    if found.surge < 0 or found.unavailable < 0:
        raise _WrongError(invalid(where, "must not be negative"))
    return found


def _threshold(value: Value) -> Threshold | None:
    where = "spec.strategy.canary.replicaProgressThreshold"
    if value is None:
        return None
    kind = lookup(value, "type")
    if kind not in ("Percent", "Pods"):
        raise _WrongError(invalid(f"{where}.type", "must be Percent or Pods"))
    return Threshold(kind=kind, value=_number(lookup(value, "value"), f"{where}.value", 0))


def _steps(value: Value) -> tuple[Step, ...]:
    where = "spec.strategy.canary.steps"
    if not isinstance(value, list):
        raise _WrongError(invalid(where, "must be a list"))
    return tuple(_step(one, f"{where}[{index}]") for index, one in enumerate(value))


def _step(value: Value, where: str) -> Step:
    fields = value.items() if isinstance(value, dict) else ()
    found = [name for name, one in fields if one is not None and name in _STEP]
    if len(found) != 1:
        raise _WrongError(invalid(where, "must hold exactly one of setWeight and pause"))
    if "setWeight" in found:
        weight = _number(value["setWeight"], f"{where}.setWeight", 0)
        if weight > WHOLE:
            raise _WrongError(invalid(f"{where}.setWeight", f"must not be more than {WHOLE}"))
        return Step(weight=weight)
    if not isinstance(value["pause"], dict):
        raise _WrongError(invalid(f"{where}.pause", "must be a map"))
    return Step(pause=True, duration=_duration(value["pause"].get("duration"), where))


def _duration(value: Value, where: str) -> timedelta | None:
    """Return how long a pause lasts in whole seconds, ``None`` where it is for a human."""
    if value is None:
        return None
    where = f"{where}.pause.duration"
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _WrongError(invalid(where, "must be seconds, or a text such as 10m"))
    try:
        found = parse_argo_duration(value)
    except DurationError as error:
        raise _WrongError(invalid(where, f"cannot be read: {error}")) from error
    seconds = int(found.total_seconds())
    if seconds < 0:
        raise _WrongError(invalid(where, "must be greater than 0"))
    return timedelta(seconds=seconds)
