"""Fields that a schema does not declare: found, and taken out.

A server drops them, and says so as its caller asked (reference, Kubernetes API section 5,
"fieldValidation").
"""

from ruleengine.apimachinery.schema import Schema, Shape
from ruleengine.model.values import Path, Value


def prune(value: Value, schema: Schema) -> tuple[Value, tuple[Path, ...]]:
    """Return the value without undeclared fields, and where they were.

    The value itself is returned where it has none.
    """
    unknown: list[Path] = []
    return _prune(value, schema, (), unknown), tuple(unknown)


def _prune(value: Value, schema: Schema, path: Path, unknown: list[Path]) -> Value:
    if schema.shape is Shape.DEDUCED or not value:
        return value
    if isinstance(value, dict) and schema.shape in (Shape.STRUCT, Shape.MAP):
        kept = {}
        for name, inner in value.items():
            if schema.shape is Shape.STRUCT and name not in schema.fields:
                if schema.preserve_unknown:
                    kept[name] = inner
                else:
                    unknown.append((*path, name))
                continue
            kept[name] = _prune(inner, schema.child(name), (*path, name), unknown)
        same = len(kept) == len(value) and all(kept[name] is value[name] for name in kept)
        return value if same else kept
    if isinstance(value, list) and schema.shape is Shape.LIST:
        element = schema.element
        items = [_prune(item, element, (*path, at), unknown) for at, item in enumerate(value)]
        same = all(one is other for one, other in zip(items, value, strict=True))
        return value if same else items
    return value
