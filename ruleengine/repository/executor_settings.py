"""``executor`` of ``ruleengine.yaml``: how our own containers run in the pods of workflows.

As far as Argo's controller lets its own be set: their image, when it is pulled, and what they ask
for, which namespaces with a quota want to know of every container.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from ruleengine.apimachinery.quantities import QuantityError, parse_quantity
from ruleengine.model.values import Object, Path, Value

FIELDS: Final = ("image", "imagePullPolicy", "resources")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_RESOURCE_FIELDS: Final = ("requests", "limits")
_QUANTITIES: Final = "write quantities such as `cpu: 100m` and `memory: 64Mi`"


class Wrong(NamedTuple):
    """What is wrong at a path below ``executor``, and what to write there."""

    path: Path
    message: str
    remedy: str


def read_executor(stated: Object) -> tuple[Object, tuple[Wrong, ...]]:
    """Return the fields of our containers that are stated, and what is wrong with the others.

    Names that are no fields are passed over.
    """
    problems = {key: (*_problems(key, stated[key]),) for key in FIELDS if key in stated}
    right: Object = {key: stated[key] for key, found in problems.items() if not found}
    return right, tuple(one for found in problems.values() for one in found)


def _problems(key: str, value: Value) -> Iterator[Wrong]:
    if key == "resources":
        yield from _problems_of_resources(value)
    elif not isinstance(value, str):
        yield Wrong((key,), f"executor.{key} must be a text", "write a text")
    elif key == "imagePullPolicy" and value not in _PULL_POLICIES:
        names = ", ".join(_PULL_POLICIES)
        message = f"executor.imagePullPolicy is one of {names}, not {value!r}"
        yield Wrong((key,), message, f"write one of {names}")


def _problems_of_resources(value: Value) -> Iterator[Wrong]:
    known = " and ".join(_RESOURCE_FIELDS)
    if not isinstance(value, dict) or not value.keys() <= {*_RESOURCE_FIELDS}:
        message = f"executor.resources is a mapping of {known}"
        yield Wrong(("resources",), message, f"write {known}, as in a container")
        return
    for kind, amounts in value.items():
        if not isinstance(amounts, dict):
            message = f"executor.resources.{kind} must be a mapping"
            yield Wrong(("resources", kind), message, _QUANTITIES)
            continue
        for name, amount in amounts.items():
            try:
                parse_quantity(str(amount))
            except QuantityError:
                message = f"executor.resources.{kind}.{name} is no quantity: {amount!r}"
                yield Wrong(("resources", kind, name), message, _QUANTITIES)
