"""Reads ``schemas/constraints/short/``: schemas of documents that have no types of their own.

Those are the short forms, ``ruleengine.yaml``, ``_defaults.yaml`` and rules. They are written
as JSON Schema in YAML, with three words more: ``hoist: ApplicationSpec`` gives a schema the
fields of a type (or of several; ``without`` some), ``type of: Parameter`` stands for a
reference to a type's definition, and ``sources of: EventSourceSpec`` gives one field for each
kind of event source, of which exactly one (``or`` another field) must be there. ``partial ``
before a type's name requires nothing of it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.schemas.definitions import (
    ALWAYS_TEMPLATED,
    BASE,
    DIALECT,
    OUTSIDE,
    Definitions,
    Mode,
)
from tools.schemas.facts import AREAS, Facts

_PREFIXES = {area: prefix for prefix, area in AREAS.items()}
_PARTIAL = "partial "
_MAP = "map[string]"


def make(
    schemas: Path, facts: Facts, definitions: Definitions
) -> Iterator[tuple[list[tuple[str, str]], str, dict[str, Any]]]:
    """Yield the entries of the index (section and name), path and schema of each document."""
    maker = _Maker(facts, definitions)
    for path in sorted((schemas / "constraints" / "short").glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        target = content["path"]
        body = maker.resolve(content["schema"], target.partition("/")[0])
        names = [(content["section"], content["name"])]
        names += [("kinds", one) for one in (*content.get("also", []), content.get("kind")) if one]
        yield names, target, {"$schema": DIALECT, "$id": f"{BASE}/{target}", **body}


class _Maker:
    """Replaces the words that plain JSON Schema does not have."""

    def __init__(self, facts: Facts, definitions: Definitions) -> None:
        self._facts = facts
        self._definitions = definitions

    def resolve(self, value: Any, area: str) -> Any:
        """Return a schema without those words; ``area`` is where plain type names are from."""
        if isinstance(value, list):
            return [self.resolve(one, area) for one in value]
        if not isinstance(value, dict):
            return value
        if "type of" in value:
            full, mode = _full(value["type of"], area)
            rest = {key: one for key, one in value.items() if key != "type of"}
            return {**self._definitions.reference(full, mode, OUTSIDE), **rest}
        if "hoist" in value:
            return self._hoisted(value, area)
        if "sources of" in value:
            return self._sources(value, area)
        return {key: self.resolve(one, area) for key, one in value.items()}

    def _hoisted(self, value: dict[str, Any], area: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        names = [value["hoist"]] if isinstance(value["hoist"], str) else value["hoist"]
        for name in names:
            full, mode = _full(name, area)
            fields.update(self._definitions.define(full, mode, OUTSIDE)["properties"])
        return self._closed(value, area, fields, "hoist")

    def _sources(self, value: dict[str, Any], area: str) -> dict[str, Any]:
        full, mode = _full(value["sources of"], area)
        whole = self._definitions.define(full, mode, OUTSIDE)["properties"]
        names = [
            name for name, one in self._facts.fields(full).items() if one.type.startswith(_MAP)
        ]
        choices = [*sorted(names), *value.get("or", [])]
        fields = {
            name: {
                **whole[name]["additionalProperties"],
                "description": whole[name].get("description", ""),
            }
            for name in names
        }
        closed = self._closed(value, area, fields, "sources of")
        return {**closed, "oneOf": [{"required": [name]} for name in choices]}

    def _closed(
        self, value: dict[str, Any], area: str, fields: dict[str, Any], word: str
    ) -> dict[str, Any]:
        own = self.resolve(value.get("properties", {}), area)
        hidden = value.get("without", [])
        fields = {name: one for name, one in fields.items() if name not in hidden}
        words = (word, "or", "properties", "without")
        rest = {key: one for key, one in value.items() if key not in words}
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {**fields, **own},
            **self.resolve(rest, area),
        }


def _full(name: str, area: str) -> tuple[str, Mode]:
    short = name.removeprefix(_PARTIAL)
    full = short if "/" in short else f"{_PREFIXES[area]}.{short}"
    templated = ALWAYS_TEMPLATED in (area, AREAS.get(full.rpartition(".")[0]))
    return full, Mode(templated=templated, partial=name.startswith(_PARTIAL))
