"""One value as a verb of Go's ``fmt`` prints it.

Maps print as ``map[a:1 b:2]`` in the order of their keys, lists as ``[1 2]``, nothing as
``<nil>``. A verb that does not fit its value prints ``%!d(string=x)`` as Go does. What is
printed is counted: a text of more than ``LONGEST`` characters or a value that nests deeper
than ``DEEPEST`` is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ruleengine.formats.go_durations import SpokenInt
from ruleengine.formats.go_numbers import format_float
from ruleengine.formats.go_text import (
    TooLargeError,
    can_backquote,
    character,
    from_bytes,
    quote,
    quote_rune,
    to_bytes,
    type_name,
)
from ruleengine.formats.go_times import time_text

LONGEST: Final = 1_000_000
"""How many characters one printer prints at most."""

DEEPEST: Final = 100
"""How deeply a printed value may nest."""

_BASES: Final = {"d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES: Final = {"b": "0b", "o": "0", "O": "0", "x": "0x", "X": "0X"}


@dataclass(frozen=True, slots=True)
class Spec:
    """What stands between the percent sign and the verb; ``syntax`` is what ``%#v`` asks for."""

    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int | None = None
    precision: int | None = None
    syntax: bool = False


PLAIN: Final = Spec()


class Printer:
    """Prints values, and counts what it prints."""

    def __init__(self) -> None:
        self._room = LONGEST
        self._depth = 0

    def argument(self, value: Any, verb: str, spec: Spec) -> str:
        """Return what one directive of a format prints."""
        if value is None:
            return self._pad("<nil>", spec) if verb in "vT" else f"%!{verb}(<nil>)"
        if verb == "T":
            return self._text(type_name(value), "s", spec)
        return self.value(value, verb, spec)

    def typed(self, value: Any, spec: Spec = PLAIN) -> str:
        """Return a value with its type, as complaints show it."""
        return "<nil>" if value is None else f"{type_name(value)}={self.value(value, 'v', spec)}"

    def value(self, value: Any, verb: str, spec: Spec) -> str:
        """Return what a verb prints of a value."""
        match value:
            case str():
                method: Callable[..., str] = self._text
            case bool():
                method = self._truth
            case SpokenInt():
                method = self._speaking
            case int():
                method = self._integer
            case float():
                method = self._float
            case dict() | list() | tuple():
                method = self._collection
            case bytes():
                method = self._bytes
            case None:
                method = self._nothing
            case _:
                method = self._speaking
        return method(value, verb, spec)

    def _speaking(self, value: Any, verb: str, spec: Spec) -> str:
        """Return what a verb prints of a value that has a text of its own."""
        if isinstance(value, SpokenInt) and verb not in "vsqxX":
            return self._integer(int(value), verb, spec)
        if verb not in "vsqxX":
            return self._bad(value, verb, spec)
        written = time_text(value) if isinstance(value, datetime) else str(value)
        return self._text(written, verb, replace(spec, syntax=False))

    def _truth(self, value: bool, verb: str, spec: Spec) -> str:
        fits = verb in "tv"
        return (
            self._pad("true" if value else "false", spec) if fits else self._bad(value, verb, spec)
        )

    def _nothing(self, _value: None, _verb: str, spec: Spec) -> str:
        return "interface {}(nil)" if spec.syntax else "<nil>"

    def _bad(self, value: Any, verb: str, spec: Spec) -> str:
        return f"%!{verb}({self.typed(value, spec)})"

    def _pad(self, text: str, spec: Spec) -> str:
        width = max(spec.width or 0, len(text))
        self._room -= width
        if self._room < 0:
            raise TooLargeError(f"a printed text of more than {LONGEST} characters")
        if width == len(text):
            return text
        if spec.minus:
            return text.ljust(width)
        return text.rjust(width, "0" if spec.zero else " ")

    def _text(self, text: str, verb: str, spec: Spec) -> str:
        if verb in "xX":
            return self._hexadecimal(to_bytes(text), verb, spec)
        if verb not in "vsq":
            return self._bad(text, verb, spec)
        cut = text if spec.precision is None else text[: spec.precision]
        if spec.syntax:
            return self._pad(quote(cut), spec)
        if verb != "q":
            return self._pad(cut, spec)
        if spec.sharp and can_backquote(cut):
            return self._pad(f"`{cut}`", spec)
        return self._pad(quote(cut, ascii_only=spec.plus), spec)

    def _bytes(self, data: bytes, verb: str, spec: Spec) -> str:
        if verb in "sq":
            return self._text(from_bytes(data), verb, spec)
        if verb in "xX":
            return self._hexadecimal(data, verb, spec)
        if spec.syntax:
            return self._pad("[]byte{" + ", ".join(f"{one:#x}" for one in data) + "}", spec)
        if verb not in "vd":
            return self._bad(data, verb, spec)
        return "[" + " ".join(self._integer(one, "d", spec) for one in data) + "]"

    def _hexadecimal(self, data: bytes, verb: str, spec: Spec) -> str:
        kept = data if spec.precision is None else data[: spec.precision]
        prefix = "0x" if spec.sharp and kept else ""
        joint = f" {prefix}" if spec.space else ""
        text = prefix + joint.join(f"{one:02x}" for one in kept)
        return self._pad(text.upper() if verb == "X" else text, spec)

    def _integer(self, number: int, verb: str, spec: Spec) -> str:
        if verb in "vdboOxX":
            return self._digits(number, "d" if verb == "v" else verb, spec)
        if verb == "c":
            return self._pad(character(number), spec)
        if verb == "q":
            return self._pad(quote_rune(number, ascii_only=spec.plus), spec)
        if verb == "U":
            places = max(spec.precision or 0, 4)
            text = f"U+{number % 2**64:0{places}X}"
            if spec.sharp and character(number).isprintable() and 0 <= number < 0x110000:
                text += f" '{character(number)}'"
            return self._pad(text, replace(spec, zero=False))
        return self._bad(number, verb, spec)

    def _digits(self, number: int, verb: str, spec: Spec) -> str:
        if spec.precision == 0 and number == 0:
            return self._pad("", replace(spec, zero=False))
        sign = "-" if number < 0 else "+" if spec.plus else " " if spec.space else ""
        digits = format(abs(number), _BASES[verb])
        places = spec.precision or 0
        if spec.precision is None and spec.zero and not spec.minus:
            places = (spec.width or 0) - len(sign)
        digits = digits.zfill(places)
        prefix = _PREFIXES.get(verb, "") if spec.sharp else ""
        if prefix == "0" and digits.startswith("0"):
            prefix = ""
        if verb == "O":
            prefix = "0o" + prefix
        return self._pad(sign + prefix + digits, replace(spec, zero=False))

    def _float(self, number: float, verb: str, spec: Spec) -> str:
        if verb not in "vbeEfFgGxX":
            return self._bad(number, verb, spec)
        form = "g" if verb == "v" else verb
        precision = spec.precision
        if precision is None and form in "eEfF":
            precision = 6
        text = format_float(number, form, precision)
        sign, text = (text[0], text[1:]) if text[0] in "+-" else ("", text)
        if text in ("Inf", "NaN"):
            spec = replace(spec, zero=False)
            plain = "" if text == "NaN" else " " if spec.space and not spec.plus else "+"
            sign = sign if sign == "-" else plain
        elif spec.sharp and verb != "b":
            text = _with_point(text, form, precision)
        if not sign and (spec.plus or spec.space):
            sign = "+" if spec.plus else " "
        if spec.zero and spec.width is not None and not spec.minus:
            text = text.zfill(spec.width - len(sign))
        return self._pad(sign + text, replace(spec, zero=False))

    def _collection(self, value: Any, verb: str, spec: Spec) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooLargeError(f"a printed value that nests deeper than {DEEPEST}")
        if isinstance(value, dict):
            entries = [
                f"{self.value(key, verb, spec)}:{self.value(value[key], verb, spec)}"
                for key in sorted(value, key=_key_order)
            ]
        else:
            entries = [self.value(one, verb, spec) for one in value]
        self._room -= len(entries) + 1
        self._depth -= 1
        if spec.syntax:
            return f"{type_name(value)}{{{', '.join(entries)}}}"
        return ("map[" if isinstance(value, dict) else "[") + " ".join(entries) + "]"


def _key_order(key: Any) -> tuple[int, Any]:
    return (1, key) if isinstance(key, str) else (0, key)


def _with_point(text: str, form: str, precision: int | None) -> str:
    """Return a number with a decimal point, as the flag ``#`` asks for.

    The forms ``g`` and ``x`` keep as many digits as the precision says; the zero of ``0x``
    counts as one.
    """
    prefix = text[:2] if text[:2] in ("0x", "0X") else ""
    mantissa, mark, exponent = text[len(prefix) :], "", ""
    for letter in "pP" if prefix else "eE":
        if letter in mantissa:
            mantissa, mark, exponent = mantissa.partition(letter)
    if "." not in mantissa:
        mantissa += "."
    if form in "gGx":
        wanted = (6 if precision is None else precision) - len(prefix) // 2
        present = len(mantissa.replace(".", "").lstrip("0")) or 1
        mantissa += "0" * max(wanted - present, 0)
    return prefix + mantissa + mark + exponent
