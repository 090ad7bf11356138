"""How items of lists are told apart: the step of a field set that names each item.

Items of a set are named by their value, items of a list-map by their keys, with the
schema's default where a key is left out (reference, Kubernetes API section 7).
"""

import json
from json.encoder import encode_basestring
from typing import Any

from ruleengine.apimachinery.schema import ListType, Schema
from ruleengine.model.values import Value


def _json(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def item_step(item: Value, schema: Schema) -> str:
    """Return the step that names an item of a list of type set or map."""
    if schema.list_type is ListType.SET or not isinstance(item, dict):
        return "v:" + _json(item)
    parts = []
    for key in sorted(schema.keys):
        value = item.get(key)
        if value is None:
            value = schema.key_defaults.get(key)
        parts.append(f'"{key}":{_json(value)}')
    return "k:{" + ",".join(parts) + "}"


def index(items: list[Value], schema: Schema) -> dict[str, list[Value]]:
    """Return the items by step, in order; more than one value means duplicates."""
    found: dict[str, list[Value]] = {}
    for item in items:
        found.setdefault(item_step(item, schema), []).append(item)
    return found


def missing_key(item: Value, schema: Schema) -> str:
    """Return the first key that an item lacks and the schema has no default for."""
    if schema.list_type is not ListType.MAP or not isinstance(item, dict):
        return ""
    absent = (
        key for key in schema.keys if item.get(key) is None and schema.key_defaults.get(key) is None
    )
    return next(absent, "")


def format_step(step: str) -> str:
    """Return a step the way messages write it: ``.image``, ``[name="c"]``, ``[="x"]``."""
    sort, _, rest = step.partition(":")
    match sort:
        case "f":
            return f".{rest}"
        case "k":
            keys = json.loads(rest)
            return "[" + ",".join(f"{key}={_json(keys[key])}" for key in sorted(keys)) + "]"
        case "v":
            return f"[={rest}]"
    return f"[{rest}]"


def format_steps(path: tuple[str, ...]) -> str:
    """Return a path of a field set the way conflicts write it."""
    return "".join(format_step(step) for step in path)
