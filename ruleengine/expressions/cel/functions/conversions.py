"""``size``, ``type``, ``dyn``, and the conversions between types."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ruleengine.expressions.cel.functions.function import Function, both, plain
from ruleengine.expressions.cel.operators import integer, unsigned
from ruleengine.expressions.cel.values import CelError, TypeValue, Uint, no_overload, type_name
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_durations import Duration, DurationError, parse_duration
from ruleengine.formats.go_numbers import format_float, parse_float
from ruleengine.formats.go_time_parsing import TimeError, parse_time
from ruleengine.formats.go_times import RFC3339, RFC3339_NANO, format_time

_TRUE: Final = frozenset(("1", "t", "true", "TRUE", "True"))
_FALSE: Final = frozenset(("0", "f", "false", "FALSE", "False"))
_DIGITS: Final = 25
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS: Final = range(1, 10000)


def _size(meter: Meter, value: Any) -> int:
    del meter
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise no_overload("size", value)


def _type(meter: Meter, value: Any) -> TypeValue:
    del meter
    return TypeValue(type_name(value))


def _dyn(meter: Meter, value: Any) -> Any:
    del meter
    return value


def _whole(text: str, *, signed: bool) -> int:
    digits = text.removeprefix("-").removeprefix("+") if signed else text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _DIGITS:
        raise CelError("the text is no whole number")
    if len(text) - len(digits) > 1:
        raise CelError("the text is no whole number")
    return int(text)


def _int(meter: Meter, value: Any) -> int:
    del meter
    if isinstance(value, bool):
        raise no_overload("int", value)
    if isinstance(value, datetime):
        return int((value - _EPOCH).total_seconds() // 1)
    if isinstance(value, Duration):
        return int(value)
    if isinstance(value, float):
        return integer(_truncated(value))
    if isinstance(value, int):
        return integer(int(value))
    if isinstance(value, str):
        return integer(_whole(value, signed=True))
    raise no_overload("int", value)


def _truncated(number: float) -> int:
    if not math.isfinite(number) or abs(number) >= 2.0**64:
        raise CelError("the number overflows 64 bits")
    return int(number)


def _uint(meter: Meter, value: Any) -> Uint:
    del meter
    if isinstance(value, bool | Duration):
        raise no_overload("uint", value)
    if isinstance(value, float):
        return unsigned(_truncated(value) if value >= 0 else -1)
    if isinstance(value, int):
        return unsigned(int(value))
    if isinstance(value, str):
        return unsigned(_whole(value, signed=False))
    raise no_overload("uint", value)


def _double(meter: Meter, value: Any) -> float:
    del meter
    if isinstance(value, bool | Duration):
        raise no_overload("double", value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except ValueError:
            raise CelError("the text is no number") from None
    raise no_overload("double", value)


def _bool(meter: Meter, value: Any) -> bool:
    del meter
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _TRUE | _FALSE:
        return value in _TRUE
    if isinstance(value, str):
        raise CelError("the text is neither true nor false")
    raise no_overload("bool", value)


def text_of(meter: Meter, value: Any) -> str:
    """Return a value as ``string()`` writes it. Raises ``CelError``."""
    match value:
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case Duration():
            text = f"{_seconds(int(value))}s"
        case int():
            text = str(int(value))
        case float():
            text = format_float(value, "g")
        case bytes():
            try:
                text = value.decode()
            except UnicodeDecodeError:
                raise CelError("the bytes are no text") from None
        case datetime():
            text = format_time(value.astimezone(UTC), RFC3339_NANO)
        case _ if hasattr(value, "cel_text"):
            text = str(value.cel_text())
        case _:
            raise no_overload("string", value)
    meter.size(len(text))
    return text


def _seconds(nanoseconds: int) -> str:
    whole, rest = divmod(abs(nanoseconds), 10**9)
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"


def _bytes(meter: Meter, value: Any) -> bytes:
    del meter
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    raise no_overload("bytes", value)


def moment_of(text: str) -> datetime:
    """Return the time that a text says. Raises ``CelError``."""
    try:
        return parse_time(RFC3339, text).astimezone(UTC)
    except (TimeError, OverflowError):
        raise CelError("the text is no time such as 2026-01-02T03:04:05Z") from None


def _timestamp(meter: Meter, value: Any) -> datetime:
    del meter
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return moment_of(value)
    if type(value) is int:
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            raise CelError("the time is beyond the years 1 to 9999") from None
    raise no_overload("timestamp", value)


def duration_of(text: str) -> Duration:
    """Return the duration that a text says. Raises ``CelError``."""
    try:
        return parse_duration(text)
    except DurationError:
        raise CelError("the text is no duration such as 1h30m") from None


def _duration(meter: Meter, value: Any) -> Duration:
    del meter
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return duration_of(value)
    raise no_overload("duration", value)


FUNCTIONS: Mapping[str, Function] = {
    "size": both(_size, 1),
    "type": plain(_type, 1),
    "dyn": plain(_dyn, 1),
    "int": plain(_int, 1),
    "uint": plain(_uint, 1),
    "double": plain(_double, 1),
    "bool": plain(_bool, 1),
    "string": plain(text_of, 1),
    "bytes": plain(_bytes, 1),
    "timestamp": plain(_timestamp, 1),
    "duration": plain(_duration, 1),
}
