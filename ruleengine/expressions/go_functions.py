"""Functions with the signatures that Go would check: how many arguments, and of which types.

One shape for the built-in functions of Go templates, for sprig's and for those that a caller
hands in. They take and return plain values: texts, integers, floating point numbers,
booleans, ``None``, lists, maps, times and ``formats.go_durations.Duration``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from ruleengine.expressions.go_deep import copied
from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError, Meter
from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_text import type_name


class Kind(Enum):
    """What a parameter takes; the value is the type's name in Go."""

    ANY = "interface {}"
    STRING = "string"
    INT = "int"
    FLOAT = "float64"
    BOOL = "bool"
    LIST = "[]interface {}"
    MAP = "map[string]interface {}"
    TIME = "time.Time"
    DURATION = "time.Duration"

    def takes(self, value: Any) -> bool:
        """Tell whether a value that is not ``None`` is of this type."""
        if self is Kind.ANY:
            return True
        if isinstance(value, bool):
            return self is Kind.BOOL
        return isinstance(value, _CLASSES[self])

    @property
    def has_nil(self) -> bool:
        """Whether Go's type has a value for nothing."""
        return self in _EMPTY

    def empty(self) -> Any:
        """Return the value for nothing, where the type has one."""
        return _EMPTY[self]()


_STEP = 100
"""How many characters or elements are worth a step."""

_LONG = (str, list, dict, bytes)

_CLASSES: dict[Kind, type | tuple[type, ...]] = {
    Kind.STRING: str,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.BOOL: bool,
    Kind.LIST: (list, tuple),
    Kind.MAP: dict,
    Kind.TIME: datetime,
    Kind.DURATION: Duration,
}

_EMPTY: dict[Kind, Callable[[], Any]] = {
    Kind.ANY: lambda: None,
    Kind.LIST: list,
    Kind.MAP: dict,
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function that programs call.

    ``rest`` is the type of any number of further arguments. ``call`` may raise ``ValueError``
    with a message; callers of the function see ``ExpressionError``. A ``metered`` function
    gets the meter of the evaluation before its arguments. ``cost`` is how many steps one call
    is worth. A function that ``mutates`` changes its first argument, as Go's do.
    """

    name: str
    call: Callable[..., Any]
    parameters: tuple[Kind, ...] = ()
    rest: Kind | None = None
    metered: bool = False
    cost: int = 1
    mutates: bool = False

    @property
    def go_type(self) -> str:
        """The name of its type in Go."""
        return "func()"

    def parameter(self, index: int) -> Kind | None:
        """Return the type of an argument; ``None`` where there is no such argument."""
        return self.parameters[index] if index < len(self.parameters) else self.rest

    def check_count(self, count: int) -> None:
        """Raise ``ExpressionError`` where this is no number of arguments that it takes."""
        wanted = len(self.parameters)
        if count < wanted or (count > wanted and self.rest is None):
            least = "at least " if self.rest is not None else ""
            raise ExpressionError(
                f"wrong number of args for {self.name}: want {least}{wanted} got {count}"
            )

    def argument(self, index: int, value: Any) -> Any:
        """Return a value as the function gets it.

        Raises ``ExpressionError`` for a value of another type.
        """
        kind = self.parameter(index)
        if kind is None or kind is Kind.ANY:
            return value
        if value is None:
            if kind.has_nil:
                return kind.empty()
            raise ExpressionError(f"invalid value for {self.name}; expected {kind.value}")
        if not kind.takes(value):
            got = type_name(value)
            raise ExpressionError(
                f"wrong type of value for {self.name}; expected {kind.value}; got {got}"
            )
        return value

    def invoke(self, arguments: list[Any], meter: Meter) -> Any:
        """Return the result for checked arguments. Raises ``ExpressionError``.

        What goes in and comes out is counted, long texts and collections as many steps.
        """
        steps = self.cost
        for value in arguments:
            if isinstance(value, _LONG):
                steps += len(value) // _STEP
        meter.step(steps)
        try:
            result = self.call(meter, *arguments) if self.metered else self.call(*arguments)
        except ExpressionError as error:
            raise ExpressionError(
                f"error calling {self.name}: {error.message}", hint=error.hint
            ) from None
        except (ValueError, OverflowError) as error:
            raise ExpressionError(f"error calling {self.name}: {error}") from None
        if isinstance(result, _LONG):
            meter.size(len(result))
            meter.step(len(result) // _STEP)
        return result

    def __call__(self, *values: Any, meter: Meter | None = None) -> Any:
        """Return the result for values of any kind, which stay as they are.

        Raises ``ExpressionError``.
        """
        counting = meter or Meter(DEFAULT_LIMITS)
        self.check_count(len(values))
        arguments = [self.argument(index, value) for index, value in enumerate(values)]
        if self.mutates:
            arguments = [copied(value, counting) for value in arguments]
        return self.invoke(arguments, counting)
