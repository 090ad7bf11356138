"""How items of lists are told apart: the step of a field set that names each item.

Items of a set are named by their value, items of a list-map by their keys, with the
schema's default where a key is left out (reference, Kubernetes API section 7).
"""

import json
from collections.abc import Hashable
from functools import lru_cache
from json.encoder import encode_basestring
from operator import eq, itemgetter
from typing import Any, Final

from ruleengine.apimachinery.schema import ListType, Schema
from ruleengine.apimachinery.tries import FieldsError
from ruleengine.formats import json_text
from ruleengine.model.values import Value

# Found once: to look up a member of an enum takes longer than most of what is done here.
_MAP: Final = ListType.MAP
_SET: Final = ListType.SET


def _json(value: Any) -> str:
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def item_step(item: Value, schema: Schema) -> str:
    """Return the step that names an item of a list of type set or map.

    A key that an item lacks takes its default; without one it is no part of the step.
    """
    if schema.list_type is _SET or not isinstance(item, dict):
        return "v:" + _json(item)
    parts = []
    for key in schema.sorted_keys:
        if key in item:
            parts.append(f'"{key}":{_json(item[key])}')
        elif key in schema.key_defaults:
            parts.append(f'"{key}":{_json(schema.key_defaults[key])}')
    return "k:{" + ",".join(parts) + "}"


def steps_of(items: list[Value], schema: Schema) -> list[str]:
    """Return the step of each item of a list of type set or map."""
    keys = schema.sorted_keys
    if len(keys) == 1 and schema.list_type is not _SET:
        key, begin = keys[0], f'k:{{"{keys[0]}":'
        try:
            return [f"{begin}{encode_basestring(item[key])}}}" for item in items]
        except (KeyError, TypeError):
            pass  # Not every item has a text as its key.
    return [item_step(item, schema) for item in items]


def alike(one: list[Value], other: list[Value], schema: Schema) -> bool:
    """Tell whether two lists of type map surely have the same items in the same order."""
    if not schema.keys or schema.list_type is not _MAP or len(one) != len(other):
        return False
    named = itemgetter(*schema.keys)
    try:
        return all(map(eq, map(named, one), map(named, other)))
    except (KeyError, TypeError):
        return False


def index(items: list[Value], schema: Schema) -> dict[str, list[Value]]:
    """Return the items by step, in order; more than one value means duplicates."""
    found: dict[str, list[Value]] = {}
    for step, item in zip(steps_of(items, schema), items, strict=True):
        found.setdefault(step, []).append(item)
    return found


def item_problem(item: Value, schema: Schema) -> str:
    """Return why an item cannot be told apart from others; empty where it can."""
    if schema.list_type is _SET:
        return _set_problem(item)
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    if any(key in item or key in schema.key_defaults for key in schema.keys):
        return ""
    keys = " ".join(f'"{key}"' for key in schema.keys)
    return (
        f"associative list with keys has an element that omits all key fields [{keys}] "
        "(and doesn't have default values for any key fields)"
    )


def _set_problem(item: Value) -> str:
    if item is None:
        return "associative list without keys has an element that's an explicit null"
    if isinstance(item, dict):
        return "associative list without keys has an element that's a map type"
    if isinstance(item, list):
        return "not supported: associative list with lists as elements"
    return ""


def hashable(value: Value) -> Hashable:
    """Return something to look a JSON value up by; ``1`` and ``true`` are not the same."""
    if isinstance(value, bool | dict | list):
        return (type(value), json.dumps(value, sort_keys=True))
    return value if value is None or isinstance(value, str) else (float, value)


@lru_cache(maxsize=8192)
def canonical_step(text: str) -> str:
    """Return a step of a field set as we write it, empty for a sort that nobody knows.

    Raises ``FieldsError`` for a text that is no step.
    """
    sort, colon, rest = text[:1], text[1:2], text[2:]
    if text == ".":
        return text
    if colon != ":":
        raise FieldsError(f"{text!r} is no step of a field set")
    if sort == "f":
        return text
    try:
        return _read_step(sort, rest)
    except ValueError:
        raise FieldsError(f"{text!r} is no step of a field set") from None


def _read_step(sort: str, rest: str) -> str:
    match sort:
        case "v":
            return "v:" + _json(json_text.loads(rest))
        case "k":
            keys = json_text.loads(rest)
            if not isinstance(keys, dict):
                raise FieldsError("no keys")
            named = (f"{_json(key)}:{_json(keys[key])}" for key in sorted(keys))
            return "k:{" + ",".join(named) + "}"
        case "i":
            return f"i:{int(rest)}"
    return ""


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
