"""Argo's ``depends``: which results of other tasks a task waits for (reference, Workflows 8).

``A && (B.Failed || !C.Skipped)``: a bare name stands for an end that is good enough, and the
caller says which ends are. The names are known without evaluating, so that a graph can be
drawn and checked.
"""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ruleengine.expressions.language import (
    DEEPEST_NESTING,
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
)

RESULTS: Final = (
    "Succeeded",
    "Failed",
    "Errored",
    "Skipped",
    "Omitted",
    "Daemoned",
    "AnySucceeded",
    "AllFailed",
)
"""The results that a task can have; more than one may hold."""

GOOD: Final = ""
"""What a bare name asks for: a result that the caller takes for good enough."""

_TOKEN: Final = re.compile(r"\s*(?:(&&|\|\||!|\(|\))|([A-Za-z0-9_][A-Za-z0-9_.-]*))")
_HINT: Final = "write task names, '.Result', '&&', '||', '!' and parentheses"

Results = Mapping[str, AbstractSet[str]]
"""The results that hold, by the name of each task."""

Condition = Callable[[Results], bool]


@dataclass(frozen=True, slots=True)
class Operand:
    """One mention of a task; ``result`` is empty for a bare name."""

    task: str
    result: str
    offset: int


@dataclass(frozen=True, slots=True)
class Depends:
    """A compiled condition: its text, its mentions of tasks in their order."""

    text: str
    operands: tuple[Operand, ...]
    condition: Condition

    @property
    def tasks(self) -> tuple[str, ...]:
        """Every task that is mentioned, once."""
        return tuple(dict.fromkeys(one.task for one in self.operands))

    def eval(self, env: Results, limits: Limits = DEFAULT_LIMITS) -> bool:
        """Tell whether the condition holds; a bare name holds with the result :data:`GOOD`.

        Raises ``ExpressionError`` for a task that ``env`` does not know.
        """
        del limits  # the work is bounded by the length of the text
        return self.condition(env)


@lru_cache(maxsize=4096)
def compile(text: str) -> Depends:  # noqa: A001 - the shape of every language
    """Return the condition that a text states. Raises ``ExpressionError``."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"the condition has more than {LONGEST_TEXT} characters", text=text)
    parser = _Parser(text)
    condition = parser.whole()
    return Depends(text=text, operands=tuple(parser.operands), condition=condition)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._operator = ""
        self._word = ""
        self._offset = 0
        self.operands: list[Operand] = []
        self._read()

    def whole(self) -> Condition:
        condition = self._either()
        if self._operator or self._word:
            raise self._unexpected()
        return condition

    def _read(self) -> None:
        """Take in the next operator or word; both are empty at the end."""
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            rest = self._text[self._at :]
            self._offset = self._at + len(rest) - len(rest.lstrip())
            if rest.strip():
                character = self._text[self._offset]
                raise self._error(f"unexpected character {character!r}")
            self._operator = self._word = ""
            return
        self._operator, self._word = match[1] or "", match[2] or ""
        self._offset = match.start(1) if match[1] else match.start(2)
        self._at = match.end()

    def _either(self) -> Condition:
        options = [self._all()]
        while self._operator == "||":
            self._read()
            options.append(self._all())
        return options[0] if len(options) == 1 else lambda env: any(one(env) for one in options)

    def _all(self) -> Condition:
        needed = [self._one()]
        while self._operator == "&&":
            self._read()
            needed.append(self._one())
        return needed[0] if len(needed) == 1 else lambda env: all(one(env) for one in needed)

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self._error(f"the condition nests deeper than {DEEPEST_NESTING}")
        condition = self._operand_or_group()
        self._depth -= 1
        return condition

    def _operand_or_group(self) -> Condition:
        if self._operator == "!":
            self._read()
            inner = self._one()
            return lambda env: not inner(env)
        if self._operator == "(":
            self._read()
            inner = self._either()
            if self._operator != ")":
                raise self._unexpected("')' is missing")
            self._read()
            return inner
        if not self._word:
            raise self._unexpected()
        return self._operand()

    def _operand(self) -> Condition:
        task, dot, result = self._word.rpartition(".")
        if not dot:
            task, result = self._word, GOOD
        elif result not in RESULTS:
            known = ", ".join(RESULTS)
            raise self._error(f"{result!r} is no result of a task", f"write one of {known}")
        operand = Operand(task, result, self._offset)
        self.operands.append(operand)
        self._read()

        def holds(env: Results) -> bool:
            if task not in env:
                what = f"there is no task {task!r}"
                raise ExpressionError(what, offset=operand.offset, text=self._text)
            return result in env[task]

        return holds

    def _unexpected(self, what: str = "") -> ExpressionError:
        found = self._operator or self._word
        return self._error(what or (f"unexpected {found!r}" if found else "a task is missing"))

    def _error(self, what: str, hint: str = _HINT) -> ExpressionError:
        return ExpressionError(what, offset=self._offset, text=self._text, hint=hint)
