"""Laying specs over one another: named lists are merged by name (reference, Workflows 1 and 20)."""

from typing import Final

from ruleengine.model.values import Object, Value

_WHOLE: Final = frozenset({"parameters", "artifacts", "steps", "command", "args"})
"""Lists whose entries are taken whole from the side that wins, and sequences."""

TYPES: Final = (
    "container",
    "containerSet",
    "data",
    "dag",
    "http",
    "plugin",
    "resource",
    "script",
    "steps",
    "suspend",
)
"""The fields of a template of which it has exactly one."""


def over(high: Object, low: Object) -> Object:
    """Return ``high`` with what only ``low`` says; maps and named lists are merged inside."""
    merged = dict(low)
    for key, value in high.items():
        merged[key] = _over(key, value, low[key]) if key in low else value
    return merged


def _over(key: str, high: Value, low: Value) -> Value:
    if isinstance(high, dict) and isinstance(low, dict):
        return over(high, low)
    if _is_named(high) and _is_named(low):
        return _by_name(key, high, low)
    return high


def _is_named(value: Value) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "name" in one for one in value)


def _by_name(key: str, high: list[Object], low: list[Object]) -> list[Object]:
    known = {one["name"]: one for one in low}
    whole = key in _WHOLE
    first = [
        over(one, known[one["name"]]) if one["name"] in known and not whole else one for one in high
    ]
    taken = {one["name"] for one in high}
    return first + [one for one in low if one["name"] not in taken]


def with_defaults(template: Object, defaults: Object) -> Object:
    """Return a template with a workflow's ``templateDefaults`` under it.

    Defaults for other types of templates do not concern it.
    """
    if not defaults:
        return template
    fitting = {key: value for key, value in defaults.items() if key not in TYPES or key in template}
    return over(template, fitting)
