"""Lua scripts: health checks and actions of Argo CD, filters and transforms of Argo Events.

A script sees the values that it is given, the base functions, ``string``, ``table``, ``math``,
``coroutine``, and of ``os`` what needs no system. Nothing loads code or reads files.
Steps, memory and seconds are limited, and no script can lift the limits or catch their errors
for good. The language is 5.1 with ``goto``, as Argo's implementation in Go has it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)
from ruleengine.expressions.lua.conversions import Back, Dialect, into_lua, restored
from ruleengine.expressions.lua.runtimes import Guard, Runtime, lua_error
from ruleengine.formats.go_text import whole

__all__ = ["NOW", "Dialect", "Program", "compile", "restored"]

NOW = "$now"
"""The name under which an environment gives scripts a clock: a time."""

_PLACE = re.compile(r"^script:(\d+): ")
_OURS = re.compile(r"^(?:sandbox|patterns):\d+: ")
_NEAR = re.compile(r"near '([^']+)'$")
_HINTS = {
    "near <eof>": "something is not closed: a block wants its end, a bracket and a quote theirs",
    " expected": "write what is expected there",
    "no visible label": "write ::name:: before or behind it, in the same block",
    "near ": "write an operator or a new statement before it",
}


class Program:
    """A script that is ready to run."""

    __slots__ = ("_dialect", "_source", "text")

    def __init__(self, text: str, source: bytes, dialect: Dialect) -> None:
        self.text = text
        self._source = source
        self._dialect = dialect

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> list[Any]:
        """Return all values that the script returns. The environment's names are its globals.

        Raises ``ExpressionError``.
        """
        meter = Meter(limits)
        now = env.get(NOW)
        values = {
            name: into_lua(value, self._dialect, meter)
            for name, value in env.items()
            if name != NOW and value is not None
        }
        guard = Guard(limits)
        runtime = Runtime(guard.tick, now.timestamp() if isinstance(now, datetime) else None)
        try:
            succeeded, results = runtime.run(self._source, values)
            if succeeded and not guard.ended:
                return [Back(runtime, self._dialect, meter).value(one) for one in results]
        except MemoryError:
            raise self._ended("it takes more memory than it may") from None
        except lua_error() as error:
            raise self._ended(guard.ended or str(error).partition("\n")[0]) from None
        if guard.ended:
            raise self._ended(guard.ended)
        told = results[0] if isinstance(results[0], str) else "its error is no text"
        raise _error("the script failed", told, self.text)

    def _ended(self, why: str) -> ExpressionError:
        return ExpressionError(f"the script was ended: {why}", text=self.text)


@lru_cache(maxsize=1024)
def compile(text: str, dialect: Dialect = Dialect.EVENTS) -> Program:  # noqa: A001 - as all
    """Return the program of a script. Raises ``ExpressionError``."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the script is too long", text=text)
    source = whole(text).encode()
    if source.startswith(b"\x1b"):
        raise ExpressionError(
            "the script is compiled Lua", offset=0, text=text, hint="write its source"
        )
    try:
        problem = Runtime(lambda: False).problem(source)
    except MemoryError:
        raise ExpressionError("the script is too large", text=text) from None
    if problem is not None:
        hint = next((hint for part, hint in _HINTS.items() if part in problem), "")
        raise _error("this is no Lua", problem, text, hint)
    return Program(text, source, dialect)


def _error(what: str, told: str, text: str, hint: str = "") -> ExpressionError:
    told = told if told.isascii() else told.encode("latin-1", "replace").decode(errors="replace")
    told = _OURS.sub("", told)
    offset = None
    if place := _PLACE.match(told):
        told = told[place.end() :]
        lines = text.split("\n")
        line = min(int(place[1]), len(lines)) - 1
        near = _NEAR.search(told)
        column = max(lines[line].rfind(near[1]), 0) if near else 0
        offset = sum(len(one) + 1 for one in lines[:line]) + column
        offset = len(text) if "near <eof>" in told else offset
    return ExpressionError(f"{what}: {told}", offset=offset, text=text, hint=hint)
