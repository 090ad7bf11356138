"""Texts made from values as Go's ``fmt`` makes them: ``Sprint``, ``Sprintln``, ``Sprintf``.

A wrong format is no error: what is wrong with it stands in the text, as in Go.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ruleengine.formats.go_values import PLAIN, Printer, Spec

_WIDEST: Final = 1_000_000
_DIRECTIVE: Final = re.compile(
    r"%(?P<flags>[+\-# 0]*)(?P<wide_at>\[[^\]]*\])?(?P<width>\*|[0-9]+)?"
    r"(?P<point>\.(?=.)(?P<exact_at>\[[^\]]*\])?(?P<precision>\*|[0-9]*))?"
    r"(?P<at>\[[^\]]*\])?(?P<verb>.)?",
    re.DOTALL,
)


def sprint(*values: Any) -> str:
    """Return the values one after the other, a space between two that are both no texts."""
    printer = Printer()
    parts: list[str] = []
    before: Any = ""
    for value in values:
        if parts and not isinstance(before, str) and not isinstance(value, str):
            parts.append(" ")
        parts.append(printer.value(value, "v", PLAIN))
        before = value
    return "".join(parts)


def sprintln(*values: Any) -> str:
    """Return the values with spaces between them and a line break at the end."""
    printer = Printer()
    return " ".join(printer.value(value, "v", PLAIN) for value in values) + "\n"


def sprintf(form: str, *values: Any) -> str:
    """Return a text made from a format of ``fmt``. Raises ``TooLargeError``."""
    return _Directives(form, values).text()


class _Directives:
    """Walks a format and takes the values that its directives ask for."""

    def __init__(self, form: str, values: Sequence[Any]) -> None:
        self._form = form
        self._values = values
        self._next = 0
        self._reordered = False
        self._good = True
        self._printer = Printer()

    def text(self) -> str:
        parts: list[str] = []
        at = 0
        while (found := self._form.find("%", at)) >= 0:
            parts.append(self._form[at:found])
            match = _DIRECTIVE.match(self._form, found)
            if match is None:
                break
            parts.append(self._directive(match))
            at = match.end()
        parts.append(self._form[at:])
        if not self._reordered and self._next < len(self._values):
            parts.append(self._extra())
        return "".join(parts)

    def _extra(self) -> str:
        rest = self._values[self._next :]
        return "%!(EXTRA " + ", ".join(self._printer.typed(value) for value in rest) + ")"

    def _directive(self, match: re.Match[str]) -> str:
        self._good = True
        flags = match["flags"]
        minus = "-" in flags
        self._jump(match["wide_at"])
        wide, width = self._amount(match["width"], "%!(BADWIDTH)")
        if width is not None and width < 0:
            minus, width = True, -width
        self._jump(match["exact_at"])
        exact, precision = self._amount(match["precision"], "%!(BADPREC)")
        if precision is not None and precision < 0:
            exact, precision = "%!(BADPREC)", None
        if match["point"] and precision is None and not match["precision"]:
            precision = 0
        self._jump(match["at"])
        spec = Spec(
            plus="+" in flags,
            minus=minus,
            sharp="#" in flags,
            space=" " in flags,
            zero="0" in flags,
            width=width,
            precision=precision,
        )
        return wide + exact + self._apply(match["verb"], spec)

    def _apply(self, verb: str | None, spec: Spec) -> str:
        if verb is None:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if not self._good:
            return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._values):
            return f"%!{verb}(MISSING)"
        value = self._values[self._next]
        self._next += 1
        if verb == "v":
            spec = replace(spec, plus=False, sharp=False, syntax=spec.sharp)
        return self._printer.argument(value, verb, spec)

    def _jump(self, index: str | None) -> None:
        if index is None:
            return
        self._reordered = True
        number = index[1:-1]
        if number.isascii() and number.isdigit() and len(number) < 10:
            self._good = 1 <= int(number) <= len(self._values)
        else:
            self._good = False
        if self._good:
            self._next = int(number) - 1

    def _amount(self, text: str | None, problem: str) -> tuple[str, int | None]:
        if not text:
            return "", None
        if text != "*":
            number = int(text) if len(text) < 10 else _WIDEST + 1
            return ("", number) if number <= _WIDEST else (problem, None)
        value = self._values[self._next] if self._next < len(self._values) else None
        self._next += 1
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _WIDEST:
            return problem, None
        return "", int(value)
