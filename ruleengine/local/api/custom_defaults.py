"""Defaults of custom objects, as the OpenAPI schema of their definition states them."""

from ruleengine.model.values import Object, Value


def default_custom(value: Object, openapi: Object | None) -> Object:
    """Return the object with defaults filled in; itself where there is nothing to fill in."""
    found: Object = _filled(value, openapi or {})
    return found


def _filled(value: Value, openapi: Object) -> Value:
    if isinstance(value, dict):
        return _object(value, openapi)
    items = openapi.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        after = [_filled(item, items) for item in value]
        same = all(one is other for one, other in zip(after, value, strict=True))
        return value if same else after
    return value


def _object(value: Object, openapi: Object) -> Object:
    changed: Object = {}
    properties = openapi.get("properties") or {}
    for name, schema in properties.items():
        inner = value.get(name)
        if inner is None and "default" in schema and not (name in value and schema.get("nullable")):
            changed[name] = _filled(schema["default"], schema)
        elif inner is not None:
            after = _filled(inner, schema)
            if after is not inner:
                changed[name] = after
    more = openapi.get("additionalProperties")
    if isinstance(more, dict):
        for name in value.keys() - properties.keys():
            after = _filled(value[name], more)
            if after is not value[name]:
                changed[name] = after
    return {**value, **changed} if changed else value
