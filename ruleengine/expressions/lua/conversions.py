"""Values on their way into Lua and back, as Argo CD and Argo Events convert them.

Lua has one kind of table and no null. Into Lua, null disappears. Out of it, a table is an array
or an object by its keys; what an empty one is, the two systems decide differently.
"""

from enum import Enum
from typing import Any

from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.expressions.lua.runtimes import Runtime, is_table
from ruleengine.formats.go_text import whole

_LARGE = 2**63


class Dialect(Enum):
    """Whose scripts: the conversions differ."""

    CD = "cd"
    """Health checks and actions. Lists keep their lists; an empty table is a list."""
    EVENTS = "events"
    """Filters and transforms. Lists inside of lists are lost; an empty table is an object."""


def into_lua(value: Any, dialect: Dialect, meter: Meter) -> Any:
    """Return what a value becomes in Lua. Raises ``ExpressionError``."""
    meter.enter()
    meter.step()
    result: Any = value
    if isinstance(value, str):
        result = _bytes(value)
    elif isinstance(value, dict):
        result = {
            _bytes(key): into_lua(one, dialect, meter)
            for key, one in value.items()
            if one is not None
        }
    elif isinstance(value, list):
        kept = [one for one in value if one is not None]
        if dialect is Dialect.EVENTS:
            kept = [one for one in kept if not isinstance(one, list)]
        result = [into_lua(one, dialect, meter) for one in kept]
    elif isinstance(value, int) and not isinstance(value, bool):
        result = value if -_LARGE < value < _LARGE else _float(value)
    elif not isinstance(value, bool | float | None):
        raise ExpressionError("the value is no plain data")
    meter.leave()
    return result


def _float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise ExpressionError("a number is too large") from None


def _bytes(text: Any) -> str:
    if not isinstance(text, str):
        raise ExpressionError("the keys of an object must be texts")
    return text if text.isascii() else whole(text).encode().decode("latin-1")


class Back:
    """Converts what a script returned."""

    def __init__(self, runtime: Runtime, dialect: Dialect, meter: Meter) -> None:
        self._runtime = runtime
        self._dialect = dialect
        self._meter = meter

    def value(self, value: Any) -> Any:
        """Return a value of Lua as plain data. Raises ``ExpressionError``."""
        self._meter.enter()
        self._meter.step()
        result = value
        if isinstance(value, str):
            self._meter.size(len(value))
            result = _text(value)
        elif is_table(value):
            result = self._table(dict(value.items()), value)
        elif isinstance(value, float) and value.is_integer() and abs(value) < _LARGE:
            result = int(value)
        elif not isinstance(value, bool | int | float | None):
            raise ExpressionError("the script returns a function, which is no value")
        self._meter.leave()
        return result

    def _table(self, items: dict[Any, Any], table: Any) -> Any:
        if not items:
            forced = self._dialect is Dialect.CD or self._runtime.is_array(table)
            return [] if forced else {}
        if indexes := [key for key in items if _is_index(key)]:
            length = int(max(indexes))
            whole_list = len(indexes) == len(items) == length
            if self._dialect is Dialect.CD and not whole_list:
                raise ExpressionError("the script returns a table that is no list or object")
            return self._list(items, length)
        return {_key(key): self.value(one) for key, one in items.items()}

    def _list(self, items: dict[Any, Any], length: int) -> list[Any]:
        self._meter.step(length)
        self._meter.size(length)
        return [self.value(items.get(index)) for index in range(1, length + 1)]


def _is_index(key: Any) -> bool:
    return isinstance(key, int | float) and not isinstance(key, bool) and key >= 1 and key % 1 == 0


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _text(key)
    raise ExpressionError("the script returns a table whose keys are no texts")


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode(errors="replace")


def restored(made: Any, before: Any) -> Any:
    """Return what an action made, with the empty objects that Lua turned into lists.

    Where the object had an object before, an empty list is that object again.
    """
    if isinstance(made, dict) and isinstance(before, dict):
        return {
            key: restored(one, before[key]) if key in before else one for key, one in made.items()
        }
    if isinstance(made, list) and isinstance(before, dict):
        return made or before
    if isinstance(made, list) and isinstance(before, list):
        same = min(len(made), len(before))
        return [restored(made[at], before[at]) for at in range(same)] + made[same:]
    return made
