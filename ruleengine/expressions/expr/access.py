"""The steps behind a value: fields and items, slices, calls, and methods of times."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from ruleengine.expressions import go_functions
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.sprigs import Sprig
from ruleengine.expressions.expr.values import AnyKeys, Groups, Problem, kind_of, to_index
from ruleengine.expressions.go_methods import method
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.formats.go_text import from_bytes, to_bytes

BACK: Final = 2**62
"""The end of a slice that is left out: behind everything."""

_NIL_HINT: Final = "write ?. where nil is allowed, or look for a misspelt name before it"


def fetch(value: Any, key: Any) -> Any:
    """Return the field or item of a value; a map without the key gives nil. Raises ``Problem``."""
    if isinstance(value, list):
        return _item(value, to_index(key))
    if value is None:
        raise Problem(f"'{key}' is asked of nil", _NIL_HINT)
    if isinstance(value, dict | Mapping):
        return _entry(value, key)
    if isinstance(key, str):
        found = method(value, key)
        if found is not None:
            return found
    if isinstance(value, str) and not isinstance(key, str):
        return _item(to_bytes(value), to_index(key))
    raise Problem(f"{kind_of(value)} has no '{key}'")


def _entry(value: Mapping[str, Any], key: Any) -> Any:
    if isinstance(value, AnyKeys):
        return _group(value, key)
    if isinstance(value, Sprig) and key not in value:
        close = get_close_matches(str(key), value, n=1)
        raise Problem(
            f"sprig has no function '{key}'", f"did you mean '{close[0]}'?" if close else ""
        )
    if key is None:
        return None
    if not isinstance(key, str):
        raise Problem(f"{kind_of(key)} is no key of a map", "keys are texts")
    return value.get(key)


def _group(value: AnyKeys, key: Any) -> Any:
    if isinstance(key, list | dict):
        raise Problem(f"{kind_of(key)} is no key of a map")
    return value[key] if key in value or isinstance(value, Groups) else None


def _item(value: list[Any] | bytes, index: int) -> Any:
    size = len(value)
    if -size <= index < size:
        return value[index]
    raise Problem(f"there is no item {index}, only {size} of them", "test with len(...) first")


def cut(value: Any, start: Any, end: Any) -> Any:
    """Return a stretch of a list or text; ends count from the back where negative.

    Those of a text count bytes, as in Go. Raises ``Problem``.
    """
    if not isinstance(value, list | str):
        raise Problem(f"{kind_of(value)} cannot be sliced")
    items = to_bytes(value) if isinstance(value, str) and not value.isascii() else value
    size = len(items)
    begin, stop = to_index(start), to_index(end)
    begin = max(begin + size, 0) if begin < 0 else begin
    stop = max(stop + size, 0) if stop < 0 else min(stop, size)
    part = items[min(begin, stop) : stop]
    return from_bytes(part) if isinstance(part, bytes) else part


def call(function: Any, arguments: list[Any], meter: Meter) -> Any:
    """Return what a function of the host gives. Raises ``Problem``."""
    if isinstance(function, Function):
        if not function.accepts(len(arguments)):
            raise Problem(
                f"'{function.name}' takes {function.wanted()} arguments, not {len(arguments)}"
            )
        return function.call(meter, arguments)
    if not callable(function):
        hint = "no function of this name exists" if function is None else ""
        raise Problem(f"{kind_of(function)} cannot be called", hint)
    try:
        if isinstance(function, go_functions.Function):
            return function(*arguments, meter=meter)
        return function(*arguments)
    except ExpressionError as error:
        raise Problem(error.message, error.hint) from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise Problem(str(error) or "the function refuses its arguments") from None
