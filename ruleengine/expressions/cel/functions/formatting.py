"""``format``: texts made by a format with ``%s %d %f %e %b %x %X %o``."""

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from ruleengine.expressions.cel.values import (
    CelError,
    TypeValue,
    Uint,
    no_overload,
)
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_numbers import format_float
from ruleengine.formats.go_text import quote
from ruleengine.formats.go_times import RFC3339_NANO, format_time

_DIRECTIVE: Final = re.compile(
    r"%(?:(?P<percent>%)|(?:\.(?P<digits>[0-9]+))?(?P<verb>.?))", re.DOTALL
)
_MOST_DIGITS: Final = 1000
_NO_NUMBERS: Final = frozenset(("NaN", "Infinity", "-Infinity"))
_RAISED: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def formatted(meter: Meter, layout: Any, values: Any) -> str:
    """Return the text that a format makes of a list of values. Raises ``CelError``."""
    if not isinstance(layout, str) or not isinstance(values, list):
        raise no_overload("format", layout, values)
    pieces: list[str] = []
    at = used = size = 0
    for found in _DIRECTIVE.finditer(layout):
        pieces.append(layout[at : found.start()])
        at = found.end()
        if found["percent"]:
            pieces.append("%")
            continue
        if used >= len(values):
            raise CelError("the format asks for more values than there are")
        pieces.append(_directive(found["verb"], found["digits"], values[used], meter))
        used += 1
        size += len(pieces[-1])
        meter.size(size)
        meter.step(len(pieces[-1]) // 100)
    pieces.append(layout[at:])
    return "".join(pieces)


def _directive(verb: str, digits: str | None, value: Any, meter: Meter) -> str:
    places = 6 if digits is None else int(digits[:5])
    if places > _MOST_DIGITS:
        raise CelError(f"{places} digits are too many")
    match verb:
        case "s":
            text = plainly(value, meter)
        case "d":
            text = _decimal(value)
        case "f" | "e":
            text = _fixed(verb, places, value)
        case "b":
            text = _binary(value)
        case "x" | "X":
            text = _hexadecimal(value)
            text = text.upper() if verb == "X" else text
        case "o":
            text = _based("o", value)
        case _:
            raise CelError(f"the format has no %{verb}")
    return text


def plainly(value: Any, meter: Meter, *, inside: bool = False) -> str:
    """Return a value as ``%s`` writes it, ``inside`` of a list or map. Raises ``CelError``."""
    meter.step()
    match value:
        case str():
            text = quote(value) if inside else value
        case bool():
            text = "true" if value else "false"
        case None:
            text = "null"
        case Duration():
            text = f"{format_float(int(value) / 1e9)}s"
            text = f'duration("{text}")' if inside else text
        case int():
            text = str(int(value))
        case float():
            text = _double(value, inside=inside)
        case bytes():
            text = _text_of_bytes(value)
            text = f"b{quote(text)}" if inside else text
        case datetime():
            text = format_time(value.astimezone(UTC), RFC3339_NANO)
            text = f'timestamp("{text}")' if inside else text
        case TypeValue():
            text = value.name
        case list():
            text = f"[{', '.join(plainly(one, meter, inside=True) for one in value)}]"
        case dict():
            entries = sorted((plainly(key, meter, inside=True), one) for key, one in value.items())
            inner = [f"{key}:{plainly(one, meter, inside=True)}" for key, one in entries]
            text = f"{{{', '.join(inner)}}}"
        case _:
            raise no_overload("%s", value)
    return text


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise CelError("the bytes are no text") from None


def _double(number: float, *, inside: bool) -> str:
    text = format_float(number, "g")
    if not math.isfinite(number):
        return f'"{text}"' if inside else text
    return f"{number:.6f}" if inside else text


def _decimal(value: Any) -> str:
    if type(value) in (int, Uint):
        return str(int(value))
    raise no_overload("%d", value)


def _fixed(verb: str, places: int, value: Any) -> str:
    if isinstance(value, str) and value in _NO_NUMBERS:
        value = float(value)
    if not isinstance(value, float):
        raise no_overload(f"%{verb}", value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if verb == "f":
        return f"{value:,.{places}f}"
    text = f"%.{places}e" % value
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}\N{MULTIPLICATION SIGN}10{exponent.removeprefix('+').translate(_RAISED)}"


def _binary(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return _based("b", value)


def _based(base: str, value: Any) -> str:
    if type(value) not in (int, Uint):
        raise no_overload(f"%{base}", value)
    return format(int(value), base)


def _hexadecimal(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").hex()
    if isinstance(value, bytes):
        return value.hex()
    return _based("x", value)
