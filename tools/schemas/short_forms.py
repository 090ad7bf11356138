"""Reads ``schemas/constraints/short/``: schemas of documents that have no types of their own.

Those are the short forms, ``ruleengine.yaml``, ``_defaults.yaml`` and rules. They are written as
JSON Schema in YAML, with two words more: ``hoist: ApplicationSpec`` gives a schema the fields of a
type, and ``{"type of": Parameter}`` stands for a reference to a type's definition.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.schemas.definitions import ALWAYS_TEMPLATED, BASE, DIALECT, OUTSIDE, Definitions, Mode
from tools.schemas.facts import AREAS, Facts, area_of

_PREFIXES = {area: prefix for prefix, area in AREAS.items()}


def make(
    schemas: Path, facts: Facts, definitions: Definitions
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield section of the index, name there, path and schema of each document."""
    del facts
    for path in sorted((schemas / "constraints" / "short").glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        target = content.pop("path")
        area = target.partition("/")[0]
        body = _resolve(content.pop("schema"), area, definitions)
        yield (
            content["section"],
            content["name"],
            target,
            {"$schema": DIALECT, "$id": f"{BASE}/{target}", **body},
        )


def _resolve(value: Any, area: str, definitions: Definitions) -> Any:
    if isinstance(value, list):
        return [_resolve(one, area, definitions) for one in value]
    if not isinstance(value, dict):
        return value
    if "type of" in value:
        rest = {key: one for key, one in value.items() if key != "type of"}
        return {**_reference(value["type of"], area, definitions), **rest}
    if "hoist" in value:
        return _hoisted(value, area, definitions)
    return {key: _resolve(one, area, definitions) for key, one in value.items()}


def _full(name: str, area: str) -> tuple[str, Mode]:
    partial, _, short = name.rpartition("partial ")
    full = short if "/" in short else f"{_PREFIXES[area]}.{short}"
    return full, Mode(
        templated=area == ALWAYS_TEMPLATED or area_of(full) == ALWAYS_TEMPLATED,
        partial=bool(partial) or name.startswith("partial "),
    )


def _reference(name: str, area: str, definitions: Definitions) -> dict[str, Any]:
    full, mode = _full(name, area)
    return definitions.reference(full, mode, OUTSIDE)


def _hoisted(value: dict[str, Any], area: str, definitions: Definitions) -> dict[str, Any]:
    full, mode = _full(value["hoist"], area)
    base = definitions.define(full, mode, OUTSIDE)
    rest = {key: one for key, one in value.items() if key not in ("hoist", "properties", "without")}
    own = _resolve(value.get("properties", {}), area, definitions)
    hidden = set(value.get("without", []))
    kept = {name: one for name, one in base["properties"].items() if name not in hidden}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**kept, **own},
        **_resolve(rest, area, definitions),
    }
