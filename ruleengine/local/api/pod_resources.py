"""What a pod asks for and is limited to, as a whole: amounts by the name of the resource.

Source: Kubernetes' effective requests: the larger of what the containers ask for together and of
what any init container needs while the sidecars before it run, and the overhead.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from ruleengine.apimachinery.quantities import Format, Quantity, QuantityError, parse_quantity
from ruleengine.model.values import Object, lookup

Amounts = Mapping[str, Quantity]
NONE: Final = Quantity(Fraction(0), Format.DECIMAL)
ONE: Final = Quantity(Fraction(1), Format.DECIMAL)
_FIELDS: Final = ("requests", "limits")
_COUNTED: Final = {"cpu", "memory"}


def amounts_of(stated: Object | None) -> Amounts:
    """Return amounts as they are stated; what is no quantity is left out."""
    found = {}
    for name, text in (stated or {}).items():
        try:
            found[str(name)] = parse_quantity(str(text))
        except QuantityError:
            continue
    return found


def together(parts: Iterable[Amounts]) -> Amounts:
    """Return the sums of amounts."""
    found: dict[str, Quantity] = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = found[name] + amount if name in found else amount
    return found


def largest(parts: Iterable[Amounts]) -> Amounts:
    """Return the largest of the amounts, one by one."""
    found: dict[str, Quantity] = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = max(found[name], amount) if name in found else amount
    return found


def containers_of(pod: Object) -> list[Object]:
    """Return the containers of a pod that resources are counted of."""
    kinds = ("initContainers", "containers")
    return [one for kind in kinds for one in lookup(pod, "spec", kind, default=())]


def amounts_of_pod(pod: Object, field: str) -> Amounts:
    """Return the ``requests`` or ``limits`` of a pod as a whole."""
    sidecars: list[Amounts] = []
    needed: list[Amounts] = []
    for one in lookup(pod, "spec", "initContainers", default=()):
        stated = amounts_of(lookup(one, "resources", field))
        if one.get("restartPolicy") == "Always":
            sidecars.append(stated)
            needed.append(together(sidecars))
        else:
            needed.append(together([*sidecars, stated]))
    mains = [
        amounts_of(lookup(one, "resources", field))
        for one in lookup(pod, "spec", "containers", default=())
    ]
    overhead = amounts_of(lookup(pod, "spec", "overhead"))
    return together([largest([*needed, together([*sidecars, *mains])]), overhead])


def quality_of(spec: Object) -> str:
    """Return the quality-of-service class of a pod: what CPU and memory it states amounts to.

    Where the pod states resources as a whole, those of its containers do not count.
    """
    whole = spec.get("resources") or {}
    stated = [whole] if any(whole.get(field) for field in _FIELDS) else _resources(spec)
    requests, limits = ([_counted(one.get(field)) for one in stated] for field in _FIELDS)
    if not any(requests) and not any(limits):
        return "BestEffort"
    limited = all(one.keys() == _COUNTED for one in limits)
    return "Guaranteed" if limited and together(requests) == together(limits) else "Burstable"


def _resources(spec: Object) -> list[Object]:
    return [one.get("resources") or {} for one in containers_of({"spec": spec})]


def _counted(stated: Object | None) -> Amounts:
    found = amounts_of(stated)
    return {name: amount for name, amount in found.items() if name in _COUNTED and amount > NONE}
