"""Checks an applied configuration: only declared fields, no list item twice.

A server refuses such a configuration before it merges anything (reference, Kubernetes API
section 7, "Errors").
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from ruleengine.apimachinery.list_items import format_step, item_problem, steps_of
from ruleengine.apimachinery.schema import ListType, Scalar, Schema, Shape
from ruleengine.model.values import Object, Value, lookup

# Found once: to look up a member of an enum takes longer than most of what is done here.
_ATOMIC: Final = ListType.ATOMIC
_STRING: Final = Scalar.STRING
_DEDUCED: Final = Shape.DEDUCED
_LIST: Final = Shape.LIST
_SCALAR: Final = Shape.SCALAR
_STRUCT: Final = Shape.STRUCT
_Path: TypeAlias = Any
"""Where the walk is: ``None`` at the root, else the way to the parent and a step.

Places are only put into words for problems, since most configurations have none.
"""


class UndeclaredError(ValueError):
    """A configuration that does not fit its schema; ``problems`` says where and why."""

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


def check_declared(config: Object, schema: Schema) -> None:
    """Raise :class:`UndeclaredError` where ``config`` does not fit ``schema``."""
    problems: list[str] = []
    _value(config, schema, None, problems)
    if not problems:
        return
    metadata = config.get("metadata")
    name = "/".join(str(lookup(metadata, key, default="")) for key in ("namespace", "name"))
    what = f"{name}; {config.get('apiVersion', '')}, Kind={config.get('kind', '')}"
    listed = problems[0] if len(problems) == 1 else "errors:\n  " + "\n  ".join(problems)
    raise UndeclaredError(
        f"failed to create typed patch object ({what}): {listed}", tuple(problems)
    )


def _value(value: Value, schema: Schema, path: _Path, problems: list[str]) -> None:
    if value is None:
        return
    shape = schema.shape
    if shape is _DEDUCED:
        return
    if shape is _SCALAR:
        wanted, fits = _SCALARS[schema.scalar]
        if not fits(value):
            problems.append(f"{_place(path)}: expected {wanted}, got {_sort(value)}")
    elif shape is _LIST:
        if isinstance(value, list):
            _items(value, schema, path, problems)
        else:
            problems.append(f"{_place(path)}: expected list, got {_sort(value)}")
    elif isinstance(value, dict):
        _fields(value, schema, path, problems)
    else:
        problems.append(f"{_place(path)}: expected map, got {_sort(value)}")


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: Value) -> bool:
    return not isinstance(value, dict | list)


_TEXT: Final = ("string", _is_text)
_NUMBER: Final = ("numeric (int or float)", _is_number)
_SCALARS: Final[dict[Scalar, tuple[str, Callable[[Value], bool]]]] = {
    Scalar.STRING: _TEXT,
    Scalar.BYTES: _TEXT,
    Scalar.TIME: _TEXT,
    Scalar.INTEGER: _NUMBER,
    Scalar.NUMBER: _NUMBER,
    Scalar.BOOLEAN: ("boolean", lambda value: isinstance(value, bool)),
    Scalar.QUANTITY: ("scalar", _is_scalar),
    Scalar.INT_OR_STRING: ("scalar", _is_scalar),
    Scalar.ANY: ("any value", lambda _: True),
}
"""How a message calls each scalar, and what counts as one."""


def _sort(value: Value) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "list", dict: "map"}
    return names.get(type(value), "null")


def _fields(value: Object, schema: Schema, path: _Path, problems: list[str]) -> None:
    struct = schema.shape is _STRUCT
    fields = schema.fields if struct else None
    for name, inner in value.items():
        if fields is None:
            _value(inner, schema.element, (path, name), problems)
        elif name in fields:
            child = fields[name]
            if type(inner) is not str or child.scalar is not _STRING:
                _value(inner, child, (path, name), problems)
        elif not schema.preserve_unknown:
            problems.append(f"{_place((path, name))}: field not declared in schema")


def _items(items: list[Value], schema: Schema, path: _Path, problems: list[str]) -> None:
    element = schema.element
    granular = schema.list_type is not _ATOMIC
    seen: set[str] = set()
    steps = steps_of(items, schema) if granular else []
    for number, item in enumerate(items):
        step: str | int = number
        if granular:
            problem = item_problem(item, schema)
            if problem:
                problems.append(f"{_place(path)}: element {number}: {problem}")
                continue
            step = steps[number]
            if step in seen:
                problems.append(f"{_place(path)}: duplicate entries for key {format_step(step)}")
            seen.add(step)
        _value(item, element, (path, step, granular), problems)


def _place(path: _Path) -> str:
    """Return a path the way the API writes it."""
    if path is None:
        return ""
    step = path[1]
    if len(path) == 3 and path[2]:
        return _place(path[0]) + format_step(str(step))
    return _place(path[0]) + (f"[{step}]" if isinstance(step, int) else f".{step}")
