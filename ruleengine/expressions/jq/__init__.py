"""jq, as the transforms of sensors write it, by the library that wraps jq itself.

Programs see their input and nothing else: no clock, no environment, no files, no modules.
Numbers are those of Go's JSON, floating point. The library runs in processes of its own
(:mod:`.workers`), so a program that never ends is an error after ``limits.seconds``.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ruleengine.expressions.jq.workers import WORKERS, WorkerError
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    INPUT,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)
from ruleengine.formats import go_json, json_text

_MOST_OUTPUTS = 10_000
_EXACT = 2**53
_PER_CHARACTER = 6
"""How many bytes a character takes at most in an answer."""
_PLACE = re.compile(r" at <top-level>, line (\d+), column (\d+):")
_HINTS = {
    "end of file": "something is not closed, or its right side is missing",
    "is not defined": "look for a misspelt name; what takes arguments is name(a; b)",
}
_VALUE = re.compile(r"\b(object|array|string|number|boolean) \(.*\)", re.DOTALL)


class Program:
    """A compiled program."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> list[Any]:
        """Return all outputs for the value under ``input``. Raises ``ExpressionError``."""
        outputs = self.run(env.get(INPUT), limits, most=_MOST_OUTPUTS + 1)
        if len(outputs) > _MOST_OUTPUTS:
            raise ExpressionError(f"the program has more than {_MOST_OUTPUTS} outputs")
        return outputs

    def run(self, value: Any, limits: Limits = DEFAULT_LIMITS, *, most: int = 1) -> list[Any]:
        """Return the first outputs for a value, ``most`` of them. Raises ``ExpressionError``."""
        try:
            text = go_json.marshal(_as_in_go(value))
        except ValueError as error:
            raise ExpressionError(f"the input has no JSON: {error}") from None
        except OverflowError:
            raise ExpressionError("a number of the input is too large") from None
        Meter(limits).size(len(text))
        outputs: list[Any] = _ask(self.text, limits, input=text, most=most)
        return [_as_in_go(one) for one in outputs]


@lru_cache(maxsize=1024)
def compile(text: str) -> Program:  # noqa: A001 - every language names it so
    """Return the program of a text. Raises ``ExpressionError``."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the program is too long", text=text)
    _ask(text, DEFAULT_LIMITS)
    return Program(text)


def _ask(text: str, limits: Limits, **asked: Any) -> list[Any]:
    request = {"program": text, "seconds": limits.seconds, **asked}
    try:
        answer = WORKERS.ask(
            json_text.dump_bytes(request) + b"\n",
            limits.seconds,
            limits.size * _PER_CHARACTER,
        )
    except WorkerError as error:
        raise ExpressionError(
            f"the program was ended: {error}", text=text, hint="look for an endless recursion"
        ) from None
    found: Any = json_text.loads(answer)
    if "compile" in found:
        raise _syntax_error(text, found["compile"])
    if "error" in found:
        # Values stay out of messages: they may be secrets.
        message = _VALUE.sub(r"\1", found["error"])
        raise ExpressionError(f"the program failed: {message}", text=text)
    outputs: list[Any] = found["outputs"]
    return outputs


def _syntax_error(text: str, told: str) -> ExpressionError:
    place = _PLACE.search(told)
    if place is None:
        message = told.strip().removeprefix("jq: error: ")
        return ExpressionError(message, offset=0, text=text, hint=_hint(message))
    line, column = int(place[1]) - 2, int(place[2])  # before the text stands a line of ours
    lines = text.encode(errors="replace").splitlines(keepends=True)
    before = b"".join(lines[:line]) + (lines[line] if line < len(lines) else b"")[: column - 1]
    message = told[: place.start()].removeprefix("jq: error: ")
    offset = min(len(before.decode(errors="replace")), len(text))
    return ExpressionError(message, offset=offset, text=text, hint=_hint(message))


def _hint(message: str) -> str:
    for part, hint in _HINTS.items():
        if part in message:
            return hint
    return "texts stand in double quotes, and a pipe between two steps"


def _as_in_go(value: Any) -> Any:
    """Return a value whose numbers are what Go's floating point makes of them."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return float(value)
    if isinstance(value, list):
        return [_as_in_go(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_in_go(one) for key, one in value.items()}
    return value
