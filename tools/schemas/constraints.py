"""Reads ``schemas/constraints/``: what upstream refuses beyond the facts, and descriptions.

One file per kind says it in YAML, by type and field::

    types:
      Template:
        description: One step of work.
        required: [name]
        exactly_one: [container, script]
        fields:
          name: {description: How others call it., pattern: "^[a-z]+$"}

A group is a list of fields, or a list of such lists: ``exactly_one``, ``at_most_one``,
``at_least_one``, and ``doubtful_together``, of which more than one is accepted upstream and
rarely meant. With ``several_in_part`` a partial object may have several of the fields that a
whole one has exactly one of.

A field may have ``description``, keywords of JSON Schema (``pattern``, ``enum``,
``minimum``, ...), ``items`` and ``values`` (keywords for the elements of a list or map),
``type`` (in place of the fact), ``deprecated`` (what to write in its place), ``templated``
(Argo renders tags below it), ``partial`` (it is completed elsewhere, so nothing below is
required), ``embedded: text`` (a text that holds an object of any kind) and ``form`` (what a
pattern means, in words).

``support`` names, by path, the test that proves a field honoured, and ``unwritten`` lists the
fields of a status that we leave out.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tools.schemas.facts import AREAS, Facts

_PREFIXES = {area: prefix for prefix, area in AREAS.items()}
_TYPE_KEYS = {
    "at_least_one",
    "at_most_one",
    "description",
    "doubtful_together",
    "exactly_one",
    "fields",
    "not_required",
    "required",
    "several_in_part",
    "together",
}


_SHORT = "short"
_GROUPS = ("exactly_one", "at_most_one", "at_least_one", "doubtful_together")
_FIELD_KEYS = {
    "deprecated",
    "description",
    "embedded",
    "enum",
    "form",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "partial",
    "pattern",
    "templated",
    "type",
    "values",
}


@dataclass(slots=True)
class TypeRules:
    """What is written by hand about one type."""

    description: str = ""
    required: list[str] = field(default_factory=list)
    not_required: list[str] = field(default_factory=list)
    several_in_part: bool = False
    exactly_one: list[list[str]] = field(default_factory=list)
    at_most_one: list[list[str]] = field(default_factory=list)
    at_least_one: list[list[str]] = field(default_factory=list)
    doubtful_together: list[list[str]] = field(default_factory=list)
    together: dict[str, list[str]] = field(default_factory=dict)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Constraints:
    """All hand-written rules: by full type name, and the description of each kind."""

    types: dict[str, TypeRules] = field(default_factory=dict)
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, type_name: str) -> TypeRules:
        """Return the rules of a type; empty ones where nothing is written."""
        return self.types.get(type_name) or TypeRules()


def load(folder: Path, facts: Facts) -> Constraints:
    """Read every file. Raises ``ValueError`` for a type, field or key that does not exist."""
    found = Constraints()
    for path in sorted(folder.glob("*/*.yaml")):
        content = yaml.safe_load(path.read_text())
        area = path.parent.name
        if area == _SHORT:
            continue
        if "kind" in content:
            found.kinds[content["kind"]] = {**content, "area": area}
        for name, written in (content.get("types") or {}).items():
            full = name if "." in name else f"{_PREFIXES[area]}.{name}"
            if full in found.types:
                raise ValueError(f"{path}: {full} is constrained twice")
            _check(path, full, written, facts)
            found.types[full] = _rules(written)
    return found


def _rules(written: dict[str, Any]) -> TypeRules:
    groups = {key: _groups(written.get(key) or []) for key in _GROUPS}
    return TypeRules(
        description=written.get("description", ""),
        required=written.get("required") or [],
        not_required=written.get("not_required") or [],
        several_in_part=bool(written.get("several_in_part")),
        together=written.get("together") or {},
        fields=written.get("fields") or {},
        **groups,
    )


def _groups(written: list[Any]) -> list[list[str]]:
    return written if not written or isinstance(written[0], list) else [written]


def _check(path: Path, type_name: str, written: dict[str, Any], facts: Facts) -> None:
    if type_name not in facts:
        raise ValueError(f"{path}: there is no type {type_name}")
    if unknown := set(written) - _TYPE_KEYS:
        raise ValueError(f"{path}: {type_name}: unknown keys {sorted(unknown)}")
    rules = _rules(written)
    for name, about in rules.fields.items():
        if unknown := set(about) - _FIELD_KEYS:
            raise ValueError(f"{path}: {type_name}.{name}: unknown keys {sorted(unknown)}")
    named = {*rules.required, *rules.not_required, *rules.together, *rules.fields}
    for key in _GROUPS:
        named.update(name for group in getattr(rules, key) for name in group)
    if missing := named - set(facts.fields(type_name)):
        raise ValueError(f"{path}: {type_name} has no field {sorted(missing)}")
