"""What functions take: a value of the right type, or a problem that says what stands there."""

from typing import Any

from ruleengine.expressions.expr.values import Problem, kind_of, to_index


def text(value: Any) -> str:
    """Return a value that must be a text. Raises ``Problem``."""
    if not isinstance(value, str):
        raise Problem(f"{kind_of(value)} stands where a text must", "convert with string(...)")
    return value


def integer(value: Any) -> int:
    """Return a value that must be an integer. Raises ``Problem``."""
    if type(value) is not int:
        raise Problem(f"{kind_of(value)} stands where an integer must", "convert with int(...)")
    return value


def index(value: Any) -> int:
    """Return a number as an integer. Raises ``Problem``."""
    return to_index(value)


def items(value: Any) -> list[Any]:
    """Return a value that must be a list. Raises ``Problem``."""
    if not isinstance(value, list):
        hint = "write ?? [] behind what may be nil" if value is None else ""
        raise Problem(f"{kind_of(value)} stands where a list must", hint)
    return value


def mapping(value: Any) -> dict[str, Any]:
    """Return a value that must be a map. Raises ``Problem``."""
    if not isinstance(value, dict):
        raise Problem(f"{kind_of(value)} stands where a map must")
    return value
