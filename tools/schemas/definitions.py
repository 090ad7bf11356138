"""Turns types into JSON Schema definitions, one ``definitions.json`` per area.

A type may be needed in several modes: ``templated`` (texts may hold Argo's tags) and ``partial``
(nothing is required, because something else completes it). Each mode in use is a definition of
its own, named with a prefix.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.schemas.constraints import Constraints, TypeRules
from tools.schemas.facts import KUBERNETES, Facts, area_of, package
from tools.schemas.primitives import ALIASES, EMBEDDED, FORM, PRIMITIVES, templated

BASE = "https://ruleengine.dev/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
OUTSIDE = ""
ALWAYS_TEMPLATED = "pipelines"
"""The area whose every text may hold tags: workflows are templates through and through."""

_ELEMENT_KEYS = {"items": "items", "values": "additionalProperties"}
_OWN_KEYS = {"deprecated", "embedded", "form", "partial", "templated", "type"}


class Mode(NamedTuple):
    """How a definition differs from the plain one."""

    templated: bool = False
    partial: bool = False


class Definitions:
    """Makes definitions on demand: whatever is referred to gets defined."""

    def __init__(self, facts: Facts, constraints: Constraints) -> None:
        self._facts = facts
        self._constraints = constraints
        self._wanted: list[tuple[str, Mode]] = []
        self._seen: set[tuple[str, Mode]] = set()

    def reference(self, type_name: str, mode: Mode, from_area: str) -> dict[str, Any]:
        """Return a ``$ref`` to a type's definition.

        ``from_area`` is the area whose ``definitions.json`` the reference stands in, or
        ``OUTSIDE`` for any other file in a folder of ``schemas``.
        """
        area = area_of(type_name)
        if (type_name, mode) not in self._seen:
            self._seen.add((type_name, mode))
            self._wanted.append((type_name, mode))
        file = "" if area == from_area else f"../{area}/definitions.json"
        return {"$ref": f"{file}#/$defs/{name_of(type_name, mode)}"}

    def pending(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield area, name and definition of everything referred to, until nothing is new."""
        while self._wanted:
            type_name, mode = self._wanted.pop()
            area = area_of(type_name)
            yield area, name_of(type_name, mode), self.define(type_name, mode, area)

    def define(self, type_name: str, mode: Mode, area: str) -> dict[str, Any]:
        """Return the schema of a type with fields, for a file as in :meth:`reference`."""
        rules = self._constraints.of(type_name)
        properties = {
            name: self._field(one.type, one.values, rules.fields.get(name, {}), mode, area)
            for name, one in sorted(self._facts.fields(type_name).items())
        }
        if self._facts.is_root(type_name):
            properties = {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                **properties,
            }
        schema: dict[str, Any] = {"type": "object", "additionalProperties": False}
        if rules.description:
            schema["description"] = rules.description
        schema["properties"] = properties
        if required := self._required(type_name, rules, mode):
            schema["required"] = required
        schema.update(groups(rules, partial=mode.partial))
        return schema

    def _required(self, type_name: str, rules: TypeRules, mode: Mode) -> list[str]:
        if mode.partial:
            return []
        needed = set(rules.required)
        if area_of(type_name) == KUBERNETES:
            fields = self._facts.fields(type_name)
            needed |= {name for name, one in fields.items() if one.required}
        return sorted(needed - set(rules.not_required))

    def _field(
        self, type_name: str, values: list[str], rules: dict[str, Any], mode: Mode, area: str
    ) -> dict[str, Any]:
        mode = Mode(
            templated=mode.templated or bool(rules.get("templated")),
            partial=mode.partial or bool(rules.get("partial")),
        )
        schema = self._typed(rules.get("type", type_name), mode, area, values)
        keywords = {
            key: value
            for key, value in rules.items()
            if key not in _OWN_KEYS and key not in _ELEMENT_KEYS
        }
        if "form" in rules:
            keywords[FORM] = rules["form"]
        _merge(schema, keywords, mode)
        for key, keyword in _ELEMENT_KEYS.items():
            if key in rules:
                _merge(schema[keyword], rules[key], mode)
        if "embedded" in rules:
            schema[EMBEDDED] = rules["embedded"]
        if "deprecated" in rules:
            schema["deprecated"] = True
            schema["x-ruleengine-instead"] = rules["deprecated"]
        return schema

    def _typed(
        self, type_name: str, mode: Mode, area: str, values: list[str] | None = None
    ) -> dict[str, Any]:
        type_name = ALIASES.get(type_name, type_name)
        if type_name == "[]byte":
            return {"type": "string"}
        if type_name.startswith("[]"):
            return {"type": "array", "items": self._typed(type_name[2:], mode, area, values)}
        if type_name.startswith("map[string]"):
            inner = self._typed(type_name[len("map[string]") :], mode, area, values)
            return {"type": "object", "additionalProperties": inner}
        if type_name in PRIMITIVES:
            schema = dict(PRIMITIVES[type_name])
            if values:
                schema["enum"] = values
            return templated(schema) if mode.templated else schema
        return self.reference(type_name, mode, area)


def name_of(type_name: str, mode: Mode) -> str:
    """Return the name of a definition, such as ``core.v1.PodSpec``."""
    area = area_of(type_name)
    short = type_name.rpartition(".")[2]
    name = f"{package(type_name).replace('/', '.')}.{short}" if area == KUBERNETES else short
    if mode.templated and area != ALWAYS_TEMPLATED:
        name = f"templated.{name}"
    return f"partial.{name}" if mode.partial else name


def groups(rules: TypeRules, *, partial: bool) -> dict[str, Any]:
    """Return the keywords that say which fields exclude or need one another."""
    exactly = [] if partial and rules.several_in_part else rules.exactly_one
    parts = [_at_most_one(group) if partial else {"oneOf": _each(group)} for group in exactly]
    parts += [_at_most_one(group) for group in rules.at_most_one]
    if not partial:
        parts += [{"anyOf": _each(group)} for group in rules.at_least_one]
    keywords: dict[str, Any] = {}
    if rules.doubtful_together:
        keywords["x-ruleengine-doubtful-together"] = rules.doubtful_together
    if rules.together and not partial:
        keywords["dependentRequired"] = rules.together
    if len(parts) == 1:
        keywords.update(parts[0])
    elif parts:
        keywords["allOf"] = parts
    return keywords


def _each(group: list[str]) -> list[dict[str, Any]]:
    return [{"required": [name]} for name in group]


def _at_most_one(group: list[str]) -> dict[str, Any]:
    return {"oneOf": [*_each(group), {"not": {"anyOf": _each(group)}}]}


def _merge(schema: dict[str, Any], keywords: dict[str, Any], mode: Mode) -> None:
    """Put hand-written keywords into a schema, in place; texts with tags stay allowed."""
    restricting = {"enum", "pattern"} & set(keywords)
    if not (mode.templated and restricting):
        schema.update(keywords)
        return
    inner = schema.pop("anyOf")[0] if "anyOf" in schema else dict(schema)
    description = {key: keywords[key] for key in ("description",) if key in keywords}
    rest = {key: value for key, value in keywords.items() if key not in description}
    schema.clear()
    schema.update(templated({**inner, **rest}), **description)
