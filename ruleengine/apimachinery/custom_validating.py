"""Whether a custom object fits the OpenAPI schema of its definition.

Types, formats, patterns, closed sets, bounds, required fields, the four combinations of
schemas, and unique items of sets and maps; with the API's words (reference, Kubernetes API
section 8). What an update leaves as it was is not held against it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from ruleengine.apimachinery.causes import (
    Cause,
    Reason,
    duplicate,
    format_field,
    invalid,
    not_supported,
    required,
)
from ruleengine.apimachinery.custom_formats import FORMATS
from ruleengine.apimachinery.custom_languages import Languages
from ruleengine.apimachinery.list_items import hashable
from ruleengine.apimachinery.whole_numbers import bounds, is_whole
from ruleengine.formats import json_text
from ruleengine.model.values import Object, Path, Value, equal

ABSENT: Final = object()
"""Stands for the old value where there was none."""

_SORTS: Final[dict[type, str]] = {
    bool: "boolean",
    str: "string",
    list: "array",
    dict: "object",
}
_LEAST, _MOST = bounds("int64")
_COMBINATIONS: Final = frozenset({"allOf", "anyOf", "oneOf", "not"})
_BOUNDS: Final = frozenset({"minimum", "maximum", "multipleOf"})
_SIZES: Final = ("minProperties", "maxProperties", "properties")
_Causes: TypeAlias = Iterator[Cause]


def check_values(
    value: Value, openapi: Object, languages: Languages, old: Value = ABSENT
) -> Iterator[Cause]:
    """Yield what is wrong with a custom object, or a value of one.

    ``old`` is what an update replaces; what equals it is not looked at.
    """
    yield from _Checker(languages.matches).check(value, openapi, (), old)


def correlated(old: Value, step: str | int, openapi: Object, item: Value) -> Value:
    """Return the old value that a field, entry or item of a map-like list succeeds.

    Items of other lists have no identity and succeed nothing.
    """
    if isinstance(step, str):
        return old.get(step, ABSENT) if isinstance(old, dict) else ABSENT
    if openapi.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return ABSENT
    name = _map_key(item, openapi)
    return next((one for one in old if _map_key(one, openapi) == name), ABSENT)


def _map_key(item: Value, openapi: Object) -> Object | None:
    if not isinstance(item, dict):
        return None
    properties = _mapping(_mapping(openapi.get("items")).get("properties"))
    found = {}
    for key in openapi.get("x-kubernetes-list-map-keys") or ():
        if key in item:
            found[key] = item[key]
        elif "default" in _mapping(properties.get(key)):
            found[key] = properties[key]["default"]
    return found


def _mapping(value: Value) -> Object:
    return value if isinstance(value, dict) else {}


def _sort(value: Value) -> str:
    """Return the type of a value as JSON schemas call it, and an API server with them.

    What does not fit into 64 bits is no integer to it, nor a float that may have been rounded.
    """
    if type(value) in (int, float):
        return "integer" if is_whole(value) and _LEAST <= value <= _MOST else "number"
    return _SORTS.get(type(value), "null")


class _Checker:
    """Walks a value beside its schema."""

    def __init__(self, matches: Callable[[str, str], bool]) -> None:
        self._matches = matches

    def check(self, value: Value, openapi: Object, path: Path, old: Value) -> _Causes:
        if old is not ABSENT and equal(value, old):
            return
        wanted = _types(openapi)
        if value is None and openapi.get("nullable"):
            return
        sort = _sort(value)
        if wanted and sort not in wanted and not (sort == "integer" and "number" in wanted):
            yield _wrong_type(path, sort, ",".join(wanted))
            yield from self._enum(value, openapi, path)
            return
        if "enum" in openapi:
            yield from self._enum(value, openapi, path)
        if isinstance(value, str):
            yield from self._text(value, openapi, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if not _BOUNDS.isdisjoint(openapi):
                yield from _number(value, openapi, path)
        elif isinstance(value, list):
            yield from self._list(value, openapi, path, old)
        elif isinstance(value, dict):
            yield from self._object(value, openapi, path, old)
        if not _COMBINATIONS.isdisjoint(openapi):
            yield from self._combinations(value, openapi, path)

    def _enum(self, value: Value, openapi: Object, path: Path) -> _Causes:
        choices = openapi.get("enum")
        if isinstance(choices, list) and not any(equal(value, one) for one in choices):
            listed = [one if isinstance(one, str) else json_text.dumps(one) for one in choices]
            yield not_supported(path, value, listed)

    def _text(self, value: str, openapi: Object, path: Path) -> _Causes:
        place = format_field(path)
        least, most = openapi.get("minLength"), openapi.get("maxLength")
        if isinstance(most, int) and len(value) > most:
            text = f"Too long: may not be more than {most} bytes"
            yield Cause(place, Reason.TOO_LONG, text)
        if isinstance(least, int) and len(value) < least:
            yield invalid(path, value, f"{place} in body should be at least {least} chars long")
        pattern = openapi.get("pattern")
        if isinstance(pattern, str) and not self._fits(pattern, value):
            yield invalid(path, value, f"{place} in body should match '{pattern}'")
        name = openapi.get("format")
        check = FORMATS.get(name) if isinstance(name, str) else None
        if check is not None and not check(value):
            text = (
                f"{invalid_text(value)}: {place} in body must be of type {name}: {_quoted(value)}"
            )
            yield Cause(place, Reason.TYPE_INVALID, text)

    def _fits(self, pattern: str, value: str) -> bool:
        try:
            return self._matches(pattern, value)
        except ValueError:
            return False

    def _list(self, value: list[Value], openapi: Object, path: Path, old: Value) -> _Causes:
        yield from _count(len(value), openapi, path, ("minItems", "maxItems", "items"))
        items = openapi.get("items")
        if isinstance(items, dict):
            for number, item in enumerate(value):
                before = correlated(old, number, openapi, item)
                yield from self.check(item, items, (*path, number), before)
        yield from _unique(value, openapi, path)

    def _object(self, value: Object, openapi: Object, path: Path, old: Value) -> _Causes:
        if "minProperties" in openapi or "maxProperties" in openapi:
            yield from _count(len(value), openapi, path, _SIZES)
        properties = _mapping(openapi.get("properties"))
        more = openapi.get("additionalProperties")
        for name in openapi.get("required") or ():
            if name not in value:
                yield required((*path, name))
        if openapi.get("x-kubernetes-embedded-resource") is True:
            yield from _embedded(value, path)
        known = old if isinstance(old, dict) else {}
        for name, inner in value.items():
            schema = properties.get(name, more)
            if isinstance(schema, dict) and known.get(name, ABSENT) is not inner:
                before = correlated(old, name, openapi, inner)
                yield from self.check(inner, schema, (*path, name), before)

    def _combinations(self, value: Value, openapi: Object, path: Path) -> _Causes:
        place = format_field(path)
        alternatives = self._alternatives(value, openapi, "anyOf", path)
        if alternatives and all(alternatives):
            yield _combined(f'"{place}" must validate at least one schema (anyOf)')
            yield from min(alternatives, key=_distance)
        alternatives = self._alternatives(value, openapi, "oneOf", path)
        fitting = sum(not causes for causes in alternatives)
        if alternatives and fitting != 1:
            found = f"{fitting} valid alternatives" if fitting else "none valid"
            rule = f"must validate one and only one schema (oneOf). Found {found}"
            yield _combined(f'"{place}" {rule}')
            yield from min(alternatives, key=_distance) if not fitting else ()
        alternatives = self._alternatives(value, openapi, "allOf", path)
        failing = [causes for causes in alternatives if causes]
        for causes in failing:
            yield from causes
        if failing:
            none = ". None validated" if len(failing) == len(alternatives) else ""
            yield _combined(f'"{place}" must validate all the schemas (allOf){none}')
        excluded = openapi.get("not")
        if isinstance(excluded, dict) and not [*self.check(value, excluded, path, ABSENT)]:
            yield _combined(f'"{place}" must not validate the schema (not)')

    def _alternatives(
        self, value: Value, openapi: Object, name: str, path: Path
    ) -> list[list[Cause]]:
        schemas = openapi.get(name)
        if not isinstance(schemas, list):
            return []
        return [[*self.check(value, _mapping(one), path, ABSENT)] for one in schemas]


def _embedded(value: Object, path: Path) -> _Causes:
    """Check that an object inside another says what it is."""
    for name in ("apiVersion", "kind"):
        if not value.get(name):
            yield required((*path, name), "must not be empty")
    metadata = value.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        yield _wrong_type((*path, "metadata"), _sort(metadata), "object")


def _distance(causes: list[Cause]) -> tuple[int, int]:
    """Return how far an alternative is from fitting: a wrong value is nearer than none."""
    return len(causes), sum(cause.reason is Reason.REQUIRED for cause in causes)


def _types(openapi: Object) -> tuple[str, ...]:
    if openapi.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    wanted = openapi.get("type")
    return (wanted,) if isinstance(wanted, str) and wanted else ()


def _quoted(value: Value) -> str:
    return json_text.dumps(value)


def invalid_text(value: Value) -> str:
    """Return how messages begin that repeat an invalid value."""
    return f"Invalid value: {_quoted(value)}"


def _wrong_type(path: Path, sort: str, wanted: str) -> Cause:
    place = format_field(path)
    text = f'{invalid_text(sort)}: {place} in body must be of type {wanted}: "{sort}"'
    return Cause(place, Reason.TYPE_INVALID, text)


def _combined(problem: str) -> Cause:
    return Cause("<nil>", Reason.INVALID, f'Invalid value: "": {problem}')


def _number(value: float, openapi: Object, path: Path) -> _Causes:
    place = format_field(path)
    bounds: list[Any] = [openapi.get(name) for name in ("minimum", "maximum", "multipleOf")]
    least, most, step = bounds
    if _is_number(most):
        open_ended = openapi.get("exclusiveMaximum") is True
        if value > most or (open_ended and value == most):
            rule = "less than" if open_ended else "less than or equal to"
            yield invalid(path, value, f"{place} in body should be {rule} {_quoted(most)}")
    if _is_number(least):
        open_ended = openapi.get("exclusiveMinimum") is True
        if value < least or (open_ended and value == least):
            rule = "greater than" if open_ended else "greater than or equal to"
            yield invalid(path, value, f"{place} in body should be {rule} {_quoted(least)}")
    if _is_number(step) and step > 0 and not _is_multiple(value, step):
        yield invalid(path, value, f"{place} in body should be a multiple of {_quoted(step)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    try:
        return (value / step).is_integer()
    except OverflowError:
        return False


def _count(number: int, openapi: Object, path: Path, names: tuple[str, str, str]) -> _Causes:
    least, most = openapi.get(names[0]), openapi.get(names[1])
    if isinstance(most, int) and number > most:
        plural = "" if most == 1 else "s"
        text = f"Too many: {number}: must have at most {most} item{plural}"
        yield Cause(format_field(path), Reason.TOO_MANY, text)
    if isinstance(least, int) and number < least:
        place = format_field(path)
        yield invalid(path, number, f"{place} in body should have at least {least} {names[2]}")


def _unique(items: list[Value], openapi: Object, path: Path) -> _Causes:
    """Yield each value that a set or map has twice, at its second place."""
    sort = openapi.get("x-kubernetes-list-type")
    if sort not in ("set", "map"):
        return
    seen: dict[object, bool] = {}
    for number, item in enumerate(items):
        shown = item if sort == "set" else _map_key(item, openapi)
        name = hashable(shown)
        if seen.get(name) is False:
            yield duplicate((*path, number), shown)
        seen[name] = name in seen
