"""Explains why a document fails its schema, from the errors of the validator.

Of several schemas that a value might have met, the one that it comes nearest to is
explained; what follows from another mistake is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ruleengine.model.values import Object, Value, lookup
from ruleengine.validation.schema_names import nearest
from ruleengine.validation.schema_wording import (
    MISSING,
    WORDING,
    Fault,
    Problem,
    exclusive,
    inside,
    invalid,
    listed,
)


class Explainer:
    """Explains errors of one whole schema."""

    def __init__(self, schema: Object) -> None:
        self._schema = schema

    def problems(self, errors: Iterable[Any], document: Value) -> tuple[Problem, ...]:
        """Return what is wrong, once per place and reason."""
        found = [
            problem
            for error in errors
            for problem in self._explain(self._fault(error, document), document)
        ]
        return tuple(dict.fromkeys(_without_consequences(found)))

    def _fault(self, error: Any, document: Value) -> Fault:
        nodes = [self._schema]
        node: Any = self._schema
        for step in list(error.evaluation_path)[:-1]:
            node = self._target(node["$ref"]) if step == "$ref" else node[step]
            if isinstance(node, dict):
                nodes.append(node)
        path = tuple(error.instance_path)
        value = lookup(document, *path) if path else document
        parents = tuple(one for one in nodes[:-1] if "properties" in one)
        return Fault(error.kind, path, nodes[-1], parents, value)

    def _target(self, reference: str) -> Object:
        node: Any = self._schema
        for step in reference.removeprefix("#").strip("/").split("/"):
            node = node[step.replace("~1", "/").replace("~0", "~")] if step else node
        return node if isinstance(node, dict) else {}

    def _explain(self, fault: Fault, document: Value) -> Iterator[Problem]:
        name = fault.name
        if name in ("additionalProperties", "unevaluatedProperties"):
            yield from self._unknown_fields(fault, fault.kind.unexpected)
        elif name == "falseSchema" and fault.node.get("additionalProperties") is False:
            yield from self._unknown_fields(fault, list(fault.value))
        elif name == "anyOf" or name.startswith("oneOf"):
            yield from self._alternatives(fault, document)
        else:
            yield WORDING.get(name, invalid)(fault)

    def _unknown_fields(self, fault: Fault, unexpected: Sequence[str]) -> Iterator[Problem]:
        known = self._fields(fault.node)
        unused = [name for name in known if name not in (fault.value or {})]
        for name in unexpected:
            yield Problem(
                code="schema-field-unknown",
                path=(*fault.path, name),
                message=f"there is no field '{name}'{inside(fault.path)}",
                remedy=self._suggestion(name, fault, known, unused),
            )

    def _suggestion(self, name: str, fault: Fault, known: dict[str, Any], unused: list[str]) -> str:
        if meant := nearest(name, unused):
            return f"did you mean '{meant}'?"
        if fault.parents and name in self._fields(fault.parents[-1]):
            return f"move it one level up: '{name}' belongs{inside(fault.path[:-1]) or ' there'}"
        for child, below in known.items():
            if name in self._fields(below):
                return f"move it below '{child}'"
        if meant := nearest(name, known):
            return f"did you mean '{meant}', which is there already?"
        return f"remove it; fields here are {listed(sorted(known))}" if known else "remove it"

    def _fields(self, node: Any) -> dict[str, Any]:
        """Return the fields that a schema knows, through references and lists."""
        found: dict[str, Any] = {}
        while isinstance(node, dict):
            found.update(node.get("properties", {}))
            node = self._target(node["$ref"]) if "$ref" in node else node.get("items")
        return found

    def _alternatives(self, fault: Fault, document: Value) -> Iterator[Problem]:
        keyword = "anyOf" if fault.name == "anyOf" else "oneOf"
        branches = fault.node.get(keyword, [])
        names = [_required_name(branch) for branch in branches if "not" not in branch]
        if names and all(names):
            if not isinstance(fault.value, dict):
                return  # that it is no map is an error of its own
            yield exclusive(fault, [name for name in names if name], keyword)
            return
        context = getattr(fault.kind, "context", None) or []
        best = min(context, key=_weight, default=None)
        if not best:
            yield invalid(fault)
            return
        for error in best:
            yield from self._explain(self._nested(fault, error, document), document)

    def _nested(self, fault: Fault, error: Any, document: Value) -> Fault:
        node: Any = self._schema
        nodes = []
        for step in list(error.schema_path)[:-1]:
            node = node[step]
            if isinstance(node, dict):
                nodes.append(node)
        path = tuple(error.instance_path)
        value = lookup(document, *path) if path else document
        return Fault(error.kind, path, nodes[-1] if nodes else fault.node, fault.parents, value)


def _weight(branch: Sequence[Any]) -> tuple[int, int, int]:
    """Order alternatives by how near they are: deepest error first, closed sets before patterns."""
    depth = max((len(list(error.instance_path)) for error in branch), default=0)
    wrong_type = sum(error.kind.name == "type" for error in branch)
    return (-depth, wrong_type, len(branch))


def _required_name(branch: Any) -> str:
    required = branch.get("required") if isinstance(branch, dict) and len(branch) == 1 else None
    return required[0] if isinstance(required, list) and len(required) == 1 else ""


def _without_consequences(problems: list[Problem]) -> Iterator[Problem]:
    """Leave out what a misspelt field explains: that the field it stands for is missing."""
    meant = {
        (problem.path[:-1], problem.remedy.split("'")[1])
        for problem in problems
        if problem.code == "schema-field-unknown" and problem.remedy.startswith("did you mean")
    }
    for problem in problems:
        missing = problem.code == MISSING
        if missing and any(
            path == problem.path and f"'{name}'" in problem.remedy for path, name in meant
        ):
            continue
        yield problem
