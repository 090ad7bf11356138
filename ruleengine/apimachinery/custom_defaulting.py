"""Defaults of custom objects, as the OpenAPI schema of their definition states them.

A ``null`` where the schema allows none counts as absent: it gives way to the default, or
goes where there is none (reference, Kubernetes API section 8).
"""

from typing import Final

from ruleengine.model.values import Object, Value

_ABSENT: Final = object()


def default_custom(value: Object, openapi: Object | None, known: Object | None = None) -> Object:
    """Return the object with defaults filled in; itself where there is nothing to fill in.

    ``known`` has its defaults: what the value shares with it is not looked at.
    """
    return _object(value, openapi or {}, known)


def _filled(value: Value, openapi: Object, known: Value = None) -> Value:
    if isinstance(value, dict):
        return _object(value, openapi, known)
    items = openapi.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        after = [_default_of(items) if _is_no_value(item, items) else item for item in value]
        after = [_filled(item, items) for item in after]
        same = all(one is other for one, other in zip(after, value, strict=True))
        return value if same else after
    return value


def _is_no_value(value: Value, openapi: Object) -> bool:
    """Tell whether a value is a ``null`` that stands for the default."""
    return value is None and not openapi.get("nullable") and openapi.get("default") is not None


def _default_of(openapi: Object) -> Value:
    return openapi["default"]


def _object(value: Object, openapi: Object, known: Value = None) -> Object:
    properties = _mapping(openapi.get("properties"))
    more = openapi.get("additionalProperties")
    before = known if isinstance(known, dict) else {}
    filled = value
    for name, inner in value.items():
        was = before.get(name, _ABSENT)
        schema = None if was is inner else properties.get(name, more)
        if not isinstance(schema, dict):
            continue
        after = _member(inner, schema, was)
        if after is not inner:
            filled = dict(value) if filled is value else filled
            if after is _ABSENT:
                del filled[name]
            else:
                filled[name] = after
    for name, schema in properties.items():
        if name not in filled and isinstance(schema, dict) and schema.get("default") is not None:
            filled = dict(value) if filled is value else filled
            filled[name] = _filled(schema["default"], schema)
    return filled


def _member(value: Value, schema: Object, known: Value) -> Value:
    """Return a field or entry with defaults, ``_ABSENT`` for a null that must not be there."""
    if value is None and not schema.get("nullable"):
        default = schema.get("default")
        return _ABSENT if default is None else _filled(default, schema)
    return _filled(value, schema, known)


def _mapping(value: Value) -> Object:
    return value if isinstance(value, dict) else {}
