"""JSON as text: orjson, with the standard library where integers exceed 64 bits."""

import json
import re
from typing import Final

import orjson

from ruleengine.model.values import Value

_INDENT: Final = 2
_LONG_NUMBER: Final = re.compile("[0-9]{20}")
"""Digits that may be an integer beyond 64 bits, which orjson would round."""


def dumps(value: Value, *, ordered: bool = False) -> str:
    """Return compact JSON. ``ordered`` sorts the keys, so that equal values give equal texts.

    Raises ``TypeError`` for a value that is no plain data.
    """
    return dump_bytes(value, ordered=ordered).decode()


def dump_bytes(value: Value, *, ordered: bool = False) -> bytes:
    """Return compact JSON as UTF-8. Raises ``TypeError`` for a value that is no plain data."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if ordered else 0)
    except orjson.JSONEncodeError:
        text = json.dumps(value, sort_keys=ordered, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8", "replace")


def pretty(value: Value, *, ordered: bool = False) -> str:
    """Return indented JSON for people, with a newline at the end."""
    option = orjson.OPT_INDENT_2 | (orjson.OPT_SORT_KEYS if ordered else 0)
    try:
        return orjson.dumps(value, option=option).decode() + "\n"
    except orjson.JSONEncodeError:
        text = json.dumps(value, sort_keys=ordered, indent=_INDENT, ensure_ascii=False)
        return text.encode("utf-8", "replace").decode() + "\n"


def loads(text: str | bytes) -> Value:
    """Return the value that a JSON text holds; integers are exact.

    Raises ``ValueError`` with line and column for a text that is no JSON.
    """
    if _LONG_NUMBER.search(text if isinstance(text, str) else text.decode("utf-8", "replace")):
        return json.loads(text, parse_constant=_refuse_constant)
    return orjson.loads(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
