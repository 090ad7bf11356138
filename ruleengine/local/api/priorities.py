"""PriorityClasses: which priority a pod has (reference, Kubernetes API section 8, "Priority").

Pure: a pod and the classes. Nothing is preempted on the one node; the numbers are as on a cluster.
"""

from collections.abc import Iterable
from typing import Final

from ruleengine.apimachinery.access_validating import SYSTEM_PRIORITIES
from ruleengine.model.values import Object

RESOURCE: Final = "priorityclasses.scheduling.k8s.io"
_PREEMPT: Final = "PreemptLowerPriority"


class PriorityError(ValueError):
    """A pod cannot have the priority that it asks for."""


def first_classes() -> list[Object]:
    """Return the classes that every server has."""
    return [
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
            "description": "Used for system critical pods.",
            "preemptionPolicy": _PREEMPT,
        }
        for name, value in SYSTEM_PRIORITIES.items()
    ]


def default_of(classes: Iterable[Object]) -> Object | None:
    """Return the class of pods that name none: of several the one with the lowest value."""
    marked = (one for one in classes if one.get("globalDefault"))
    return min(marked, key=lambda one: int(one["value"]), default=None)


def with_priority(spec: Object, classes: Iterable[Object]) -> Object:
    """Return the spec of a pod with its priority. Raises ``PriorityError``."""
    known = {one["metadata"]["name"]: one for one in classes}
    name = spec.get("priorityClassName") or ""
    chosen = known.get(name) if name else default_of(known.values())
    if name and chosen is None:
        raise PriorityError(f"no PriorityClass with name {name} was found")
    value = int(chosen["value"]) if chosen else 0
    stated = spec.get("priority")
    if stated is not None and stated != value:
        raise PriorityError(
            f"the integer value of priority ({stated}) must not be provided in pod spec; priority "
            f"admission controller computed {value} from the given PriorityClass name"
        )
    policy = (chosen or {}).get("preemptionPolicy") or _PREEMPT
    if spec.get("preemptionPolicy") not in (None, policy):
        raise PriorityError(
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be "
            f"provided in pod spec; priority admission controller computed {policy} from the "
            "given PriorityClass name"
        )
    names = {"priorityClassName": chosen["metadata"]["name"]} if chosen else {}
    return {**spec, **names, "priority": value, "preemptionPolicy": policy}
