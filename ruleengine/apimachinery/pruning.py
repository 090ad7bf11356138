"""Fields that a schema does not declare: found, and taken out.

A server drops them, and says so as its caller asked (reference, Kubernetes API section 5,
"fieldValidation").
"""

from operator import is_
from typing import Final

from ruleengine.apimachinery.schema import Schema, Shape
from ruleengine.model.values import Object, Path, Value

# Found once: to look up a member of an enum takes longer than most of what is done here.
_DEDUCED: Final = Shape.DEDUCED
_LIST: Final = Shape.LIST
_MAP: Final = Shape.MAP
_STRUCT: Final = Shape.STRUCT
_ABSENT: Final = object()


def prune(
    value: Value, schema: Schema, known: Object | None = None
) -> tuple[Value, tuple[Path, ...]]:
    """Return the value without undeclared fields, and where they were.

    The value itself is returned where it has none. ``known`` has none: what the value shares
    with it is not looked at.
    """
    unknown: list[Path] = []
    return _prune(value, schema, (), unknown, known), tuple(unknown)


def _prune(
    value: Value, schema: Schema, path: Path, unknown: list[Path], known: Value = None
) -> Value:
    if schema.shape is _DEDUCED or not value:
        return value
    if isinstance(value, dict) and schema.shape in (_STRUCT, _MAP):
        return _prune_object(value, schema, path, unknown, known)
    if isinstance(value, list) and schema.shape is _LIST:
        element = schema.element
        items = [_prune(item, element, (*path, at), unknown) for at, item in enumerate(value)]
        return value if all(map(is_, items, value)) else items
    return value


def _prune_object(
    value: Object, schema: Schema, path: Path, unknown: list[Path], known: Value
) -> Object:
    before = known if isinstance(known, dict) else {}
    fields, others = schema.fields, schema.others
    is_struct = schema.shape is _STRUCT
    kept = value
    for name, inner in value.items():
        was = before.get(name, _ABSENT)
        if was is inner or (type(inner) is str and name in fields):
            continue
        if is_struct and name not in fields:
            if not schema.preserve_unknown:
                unknown.append((*path, name))
                kept = dict(value) if kept is value else kept
                del kept[name]
            continue
        after = _prune(inner, fields.get(name) or others, (*path, name), unknown, was)
        if after is not inner:
            kept = dict(value) if kept is value else kept
            kept[name] = after
    return kept
