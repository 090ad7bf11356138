"""Node-field selectors: which nodes of a workflow a person means (reference, Workflows 13).

``displayName=approve,phase!=Succeeded`` names fields of nodes; all of its parts have to hold.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruleengine.model.errors import UsageError
from ruleengine.model.suggestions import near
from ruleengine.model.values import Object, lookup

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "displayName": ("displayName",),
    "id": ("id",),
    "name": ("name",),
    "phase": ("phase",),
    "templateName": ("templateName",),
    "templateRef.name": ("templateRef", "name"),
    "templateRef.template": ("templateRef", "template"),
    "type": ("type",),
}
_PARAMETER: Final = re.compile(r"inputs\.parameters\.([-\w]+)\.value")
_PART: Final = re.compile(r"([^=!]+?)\s*(==|=|!=)\s*(.*)")


@dataclass(frozen=True, slots=True)
class _Requirement:
    """A field, the value it has to have, or must not have."""

    field: str
    value: str
    equal: bool

    def holds(self, node: Object) -> bool:
        return (_value(node, self.field) == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class NodeSelector:
    """Which nodes are meant; without requirements every node is."""

    requirements: tuple[_Requirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def matches(self, node: Object) -> bool:
        """Tell whether a node is meant."""
        return all(one.holds(node) for one in self.requirements)


def parse_selector(text: str) -> NodeSelector:
    """Return the selector that a text states. Raises ``UsageError``.

    >>> parse_selector("phase=Running").matches({"phase": "Running"})
    True
    """
    return NodeSelector(tuple(_requirements(text)))


def _requirements(text: str) -> Iterator[_Requirement]:
    for part in filter(None, (one.strip() for one in text.split(","))):
        found = _PART.fullmatch(part)
        if found is None:
            raise UsageError(
                f"{part!r} selects no nodes", "write FIELD=VALUE or FIELD!=VALUE, with commas"
            )
        name, operator, value = found.groups()
        if name not in _FIELDS and not _PARAMETER.fullmatch(name):
            meant = near(name, _FIELDS)
            known = ", ".join([*_FIELDS, "inputs.parameters.NAME.value"])
            raise UsageError(
                f"nodes have no field {name!r} to select by",
                f"did you mean {meant}?" if meant else f"known: {known}",
            )
        yield _Requirement(name, value, operator != "!=")


def _value(node: Object, name: str) -> str:
    parameter = _PARAMETER.fullmatch(name)
    if parameter is None:
        return str(lookup(node, *_FIELDS[name], default=""))
    listed = lookup(node, "inputs", "parameters", default=())
    values = (one.get("value") for one in listed if one.get("name") == parameter[1])
    return str(next(values, ""))


def selected(workflow: Object, selector: NodeSelector) -> Object:
    """Return a workflow with the nodes that are meant and no others."""
    nodes: Object = lookup(workflow, "status", "nodes", default={})
    if not selector or not nodes:
        return workflow
    kept = {key: one for key, one in nodes.items() if selector.matches(one)}
    return {**workflow, "status": {**workflow["status"], "nodes": kept}}
