"""How many pods are created a second, those of all workflows together (reference, Workflows 17).

``resourceRateLimit`` of the controller's ConfigMap says it. A pod that is to be created asks when
its turn is: a standing request, whose performer counts the pods of all workflows. No more nodes
of one workflow than ``burst`` are in line; the others do not begin, so that a workflow of ten
thousand tasks costs no more than another, and is not before it.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.values import Object, Value
from ruleengine.pipelines.admitting import CONTROLLER, controller_settings, read_settings
from ruleengine.pipelines.phases import Phase

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

POD_TURN: Final = "pod-turn"
"""The kind of request: payload ``{"pod", "limit", "burst"}``, answer ``{"at", "asked"}``.

Times are seconds since 1970.
"""

LIMITED: Final = "resource creation rate-limit reached"
"""The message of a node whose turn is still to come, as Argo's."""

_MOST: Final = 2**31 - 1
"""As many pods at once as Argo's field holds."""

_KEY: Final = "resourceRateLimit"
_REMEDY: Final = f"state a limit above 0 and a burst of 1 or more in the ConfigMap {CONTROLLER}"


@dataclass(frozen=True, slots=True)
class Rate:
    """``limit`` pods a second, of which ``burst`` may be created at once.

    A ``problem`` says why it lets no pod through.
    """

    limit: float
    burst: int
    problem: str = ""

    @classmethod
    def of(cls, stated: Object) -> "Rate":
        """Return the rate that a map of settings states; what it leaves out is 0, as in Argo."""
        limit, burst = _number(stated.get("limit")), _number(stated.get("burst"))
        if not (0 < limit < math.inf and 1 <= burst < math.inf):
            told = f"limit {stated.get('limit')!r}, burst {stated.get('burst')!r}"
            return cls(0.0, 1, f"{_KEY} lets no pod through ({told}); {_REMEDY}")
        return cls(limit, int(min(burst, _MOST)))


def turn_of(pod: Target, rate: Rate) -> Request:
    """Return the request that asks when the turn of a pod is."""
    whose = [pod.namespace, pod.name]
    payload: Object = {"pod": whose, "limit": rate.limit, "burst": rate.burst}
    return Request(kind=POD_TURN, payload=payload, standing=True)


def rate_of(request: Request) -> Rate:
    """Return the rate at which a pod's turn is asked for."""
    return Rate(float(request.payload["limit"]), int(request.payload["burst"]))


def turn_at(moment: float, asked: float) -> Answer:
    """Return the answer that a pod may be created from a moment on, as it was told when asked."""
    return Answer(value={"at": moment, "asked": asked})


class Turns:
    """Which nodes of one workflow wait for the turn of their pods, during one decision."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine

    @cached_property
    def _rate(self) -> Rate | None:
        machine = self._machine
        settings = controller_settings(machine.world, machine.definitions.around.control_namespace)
        stated = settings.get(_KEY)
        if not stated:
            return None
        rate: Rate = machine.memory.latest("rate", stated, lambda: Rate.of(read_settings(stated)))
        return rate

    @cached_property
    def _in_line(self) -> set[str]:
        nodes = self._machine.tree.unfulfilled()
        return {one["id"] for one in nodes if str(one.get("message")).startswith(LIMITED)}

    @property
    def waits(self) -> bool:
        """Whether nodes are in line."""
        return self._rate is not None and bool(self._in_line)

    def has_room(self) -> bool:
        """Tell whether one more node may get in line, or need not."""
        return self._rate is None or len(self._in_line) < self._rate.burst

    def hold_up(self, node: Object, pod: Target) -> Object | None:
        """Return a node whose pod may not be created yet; ``None`` where it may."""
        if self._rate is None:
            return None
        why = self._why_not(self._rate, pod)
        if not why:
            self._in_line.discard(node["id"])
            return None
        self._in_line.add(node["id"])
        return self._machine.tree.update(node, phase=str(Phase.PENDING), message=why)

    def _why_not(self, rate: Rate, pod: Target) -> str:
        """Return why a pod has to wait, and have its workflow decided again when it need not."""
        if rate.problem:
            return f"{LIMITED}: {rate.problem}"
        machine, request = self._machine, turn_of(pod, rate)
        machine.requests.append(request)
        answer = machine.world.answer(request)
        if answer is None or not isinstance(answer.value, dict):
            return f"{LIMITED}: {answer.error}; {answer.remedy}" if answer else LIMITED
        moment, asked = (_time(answer.value[one]) for one in ("at", "asked"))
        set_back = machine.now < asked  # what a clock told that was ahead is past
        if set_back or machine.now >= moment:
            return ""
        machine.wake(moment, "the next pod has its turn")
        return LIMITED


def _time(told: Value) -> datetime:
    return datetime.fromtimestamp(float(str(told)), UTC)


def _number(stated: Value) -> float:
    try:
        return float(str(stated))
    except ValueError:
        return 0.0
