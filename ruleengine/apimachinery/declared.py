"""Checks an applied configuration: only declared fields, no list item twice.

A server refuses such a configuration before it merges anything (reference, Kubernetes API
section 7, "Errors").
"""

from ruleengine.apimachinery.list_items import format_step, item_step, missing_key
from ruleengine.apimachinery.schema import ListType, Scalar, Schema, Shape
from ruleengine.model.values import Object, Value, lookup


class UndeclaredError(ValueError):
    """A configuration that does not fit its schema; ``problems`` says where and why."""

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


def check_declared(config: Object, schema: Schema) -> None:
    """Raise :class:`UndeclaredError` where ``config`` does not fit ``schema``."""
    problems: list[str] = []
    _value(config, schema, "", problems)
    if not problems:
        return
    name = "/".join(
        str(part)
        for part in (lookup(config, "metadata", "namespace"), lookup(config, "metadata", "name"))
        if part
    )
    what = f"{name}; {config.get('apiVersion', '')}, Kind={config.get('kind', '')}"
    listed = problems[0] if len(problems) == 1 else "errors:\n  " + "\n  ".join(problems)
    raise UndeclaredError(
        f"failed to create typed patch object ({what}): {listed}", tuple(problems)
    )


def _value(value: Value, schema: Schema, path: str, problems: list[str]) -> None:
    if value is None:
        return
    match schema.shape:
        case Shape.DEDUCED:
            return
        case Shape.SCALAR:
            if isinstance(value, dict | list) and schema.scalar is not Scalar.ANY:
                found = "map" if isinstance(value, dict) else "list"
                problems.append(f"{path}: expected {schema.scalar}, got a {found}")
        case Shape.LIST:
            if isinstance(value, list):
                _items(value, schema, path, problems)
            else:
                problems.append(f"{path}: expected list, got {value!r}")
        case _:
            if isinstance(value, dict):
                _fields(value, schema, path, problems)
            else:
                problems.append(f"{path}: expected map, got {value!r}")


def _fields(value: Object, schema: Schema, path: str, problems: list[str]) -> None:
    struct = schema.shape is Shape.STRUCT
    fields = schema.fields if struct else None
    for name, inner in value.items():
        if fields is None:
            _value(inner, schema.element, f"{path}.{name}", problems)
        elif name in fields:
            if type(inner) is not str:
                _value(inner, fields[name], f"{path}.{name}", problems)
            elif fields[name].shape not in (Shape.SCALAR, Shape.DEDUCED):
                problems.append(f"{path}.{name}: expected {fields[name].shape}, got a string")
        elif not schema.preserve_unknown:
            problems.append(f"{path}.{name}: field not declared in schema")


def _items(items: list[Value], schema: Schema, path: str, problems: list[str]) -> None:
    element = schema.element
    granular = schema.list_type is not ListType.ATOMIC
    seen: set[str] = set()
    for number, item in enumerate(items):
        place = f"{path}[{number}]"
        if granular:
            absent = missing_key(item, schema)
            if absent:
                problems.append(
                    f"{path}: element {number}: associative list with keys has an element that "
                    f'omits key field "{absent}" (and doesn\'t have default value)'
                )
                continue
            step = item_step(item, schema)
            place = f"{path}{format_step(step)}"
            if step in seen:
                problems.append(f"{path}: duplicate entries for key {format_step(step)}")
            seen.add(step)
        _value(item, element, place, problems)
