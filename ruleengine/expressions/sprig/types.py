"""Functions that ask what a value is, choose between values, or give up."""

from typing import Any, Final

from ruleengine.expressions.go_deep import same
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sprig.casts import is_empty
from ruleengine.formats.go_text import type_name

_ANY, _STRING = Kind.ANY, Kind.STRING

_KINDS: Final = {
    "[]interface {}": "slice",
    "[]uint8": "slice",
    "map[string]interface {}": "map",
    "<nil>": "invalid",
    "time.Time": "struct",
    "time.Duration": "int64",
    "time.Month": "int",
    "time.Weekday": "int",
    "func()": "func",
}


def kind(value: Any) -> str:
    """Return the kind of Go's type of a value, such as ``map`` or ``slice``."""
    name = type_name(value)
    return "ptr" if name.startswith("*") else _KINDS.get(name, name)


def default(fallback: Any, *given: Any) -> Any:
    """Return a value, or a fallback where it is empty or not there."""
    return given[0] if given and not is_empty(given[0]) else fallback


def coalesce(*values: Any) -> Any:
    """Return the first value that is not empty."""
    return next((one for one in values if not is_empty(one)), None)


def fail(message: str) -> None:
    """Give up with a message of the template's author."""
    raise ExpressionError(message)


FUNCTIONS: Final = (
    Function("typeOf", type_name, (_ANY,)),
    Function("typeIs", lambda name, value: type_name(value) == name, (_STRING, _ANY)),
    Function(
        "typeIsLike", lambda name, value: type_name(value) in (name, f"*{name}"), (_STRING, _ANY)
    ),
    Function("kindOf", kind, (_ANY,)),
    Function("kindIs", lambda name, value: kind(value) == name, (_STRING, _ANY)),
    Function(
        "deepEqual", lambda meter, one, other: same(one, other, meter), (_ANY, _ANY), metered=True
    ),
    Function("default", default, (_ANY,), _ANY),
    Function("empty", is_empty, (_ANY,)),
    Function("coalesce", coalesce, (), _ANY),
    Function("all", lambda *values: not any(map(is_empty, values)), (), _ANY),
    Function("any", lambda *values: not all(map(is_empty, values)), (), _ANY),
    Function("ternary", lambda one, other, test: one if test else other, (_ANY, _ANY, Kind.BOOL)),
    Function("fail", fail, (_STRING,)),
)
