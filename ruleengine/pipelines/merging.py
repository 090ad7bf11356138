"""Laying specs over one another, as a strategic merge does it (reference, Workflows 1 and 20).

Maps are merged inside, some lists by what tells their entries apart; of others one side is taken.
"""

from typing import Final

from ruleengine.model.values import Object, Value

_KEYS: Final = {
    "artifacts": "name",
    "env": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "parameters": "name",
    "ports": "containerPort",
    "resourceClaims": "name",
    "sidecars": "name",
    "tasks": "name",
    "templates": "name",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""Lists that are merged, by what tells their entries apart."""

_WHOLE: Final = frozenset({"artifacts", "hooks", "labelsFrom", "parameters"})
"""Maps and lists whose entries are taken whole from the side that wins."""

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


def _over(field: str, high: Value, low: Value) -> Value:
    if isinstance(high, dict) and isinstance(low, dict):
        return {**low, **high} if field in _WHOLE else over(high, low)
    key = _KEYS.get(field, "")
    if _has(high, key) and _has(low, key):
        return _by_key(key, high, low, whole=field in _WHOLE)
    return high


def _has(value: Value, key: str) -> bool:
    """Tell whether a value is a list whose entries a key tells apart."""
    return isinstance(value, list) and all(isinstance(one, dict) and key in one for one in value)


def _by_key(key: str, high: list[Object], low: list[Object], *, whole: bool) -> list[Object]:
    known = {} if whole else {one[key]: one for one in low}
    taken = {one[key] for one in high}
    first = [over(one, known.get(one[key], {})) for one in high]
    return first + [one for one in low if one[key] not in taken]


def with_defaults(template: Object, defaults: Object) -> Object:
    """Return a template with a workflow's ``templateDefaults`` under it.

    Defaults for other types of templates do not concern it.
    """
    if not defaults:
        return template
    fitting = {key: value for key, value in defaults.items() if key not in TYPES or key in template}
    return over(template, fitting)
