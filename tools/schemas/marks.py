"""Makes ``schemas/marks.json``: per kind, the places that valid documents are looked at again.

A mark is a deprecated field, fields that are doubtful together, or a whole object inside another.
Each kind with any gets a small schema that holds nothing but the ways to its marks and that
*refuses* them: the errors of a validation against it are the places.
"""

from collections.abc import Iterator
from typing import Any

from tools.schemas.primitives import EMBEDDED

_REF = "$ref"
_NOTES = ("x-ruleengine-instead", EMBEDDED)
_DOUBTFUL = "x-ruleengine-doubtful-together"


class Marks:
    """Finds marks in schemas whose references are all of the form ``area/definitions.json#``."""

    def __init__(self, files: dict[str, Any]) -> None:
        self._types: dict[str, Any] = {
            f"{path.partition('/')[0]}.{name}": schema
            for path, content in files.items()
            if path.endswith("/definitions.json")
            for name, schema in content["$defs"].items()
        }
        self._live = self._reaching()

    def of(self, path: str, schema: dict[str, Any]) -> dict[str, Any] | None:
        """Return the schema of marks below one schema, or ``None`` where there are none."""
        area = path.partition("/")[0]
        body = self._skeleton(schema, area)
        if body is None:
            return None
        needed: dict[str, Any] = {}
        waiting = list(_references(body))
        while waiting:
            name = waiting.pop().rpartition("/")[2]
            if name not in needed:
                skeleton = self._skeleton(self._types[name], name.partition(".")[0]) or {}
                needed[name] = skeleton
                waiting += _references(skeleton)
        return {**body, "$defs": needed} if needed else body

    def _reaching(self) -> set[str]:
        """Return the types from which a mark can be reached."""
        targets = {
            name: {_target(one, name.partition(".")[0]) for one in _references(schema)}
            for name, schema in self._types.items()
        }
        live = {name for name, schema in self._types.items() if _is_marked(schema)}
        while True:
            more = {name for name, reached in targets.items() if reached & live} - live
            if not more:
                return live
            live |= more

    def _skeleton(self, node: Any, area: str) -> dict[str, Any] | None:
        if not isinstance(node, dict):
            return None
        found: dict[str, Any] = {key: node[key] for key in _NOTES if key in node}
        if found:
            return {**found, "not": {}}
        if _DOUBTFUL in node:
            found["allOf"] = [_together(group) for group in node[_DOUBTFUL]]
        if _REF in node and (name := _target(node[_REF], area)) in self._live:
            found[_REF] = f"#/$defs/{name}"
        properties = {
            name: below
            for name, one in node.get("properties", {}).items()
            if (below := self._skeleton(one, area)) is not None
        }
        if properties:
            found["properties"] = properties
        for key in ("items", "additionalProperties"):
            if (below := self._skeleton(node.get(key), area)) is not None:
                found[key] = below
        return found or None


def _together(group: list[str]) -> dict[str, Any]:
    each = [{"required": [name]} for name in group]
    return {"oneOf": [*each, {"not": {"anyOf": each}}]}


def _target(reference: str, area: str) -> str:
    file, _, fragment = reference.partition("#")
    place = file.removeprefix("../").partition("/")[0] if "/" in file else area
    return f"{place}.{fragment.rpartition('/')[2]}"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == _REF and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for one in node:
            yield from _references(one)


def _is_marked(node: Any) -> bool:
    if isinstance(node, dict):
        marked = any(key in node for key in (*_NOTES, _DOUBTFUL))
        return marked or any(_is_marked(value) for value in node.values())
    return isinstance(node, list) and any(_is_marked(one) for one in node)
