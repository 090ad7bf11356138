"""From templates to Python functions.

A template becomes one function, with a line of its own for every expression: the line that a
fault comes from tells which expression it was. Loops are loops, and their names are variables;
a part under a condition becomes a function of its own when the condition first holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from ruleengine.model.values import Value
from ruleengine.rules.code import ExpressionWriter
from ruleengine.rules.faults import ExpressionFault, TemplateFault
from ruleengine.rules.foresight import UNKNOWN
from ruleengine.rules.grammar import Tree
from ruleengine.rules.sandbox import OMIT
from ruleengine.rules.scopes import Program, Scope, unpacked

FAULTS: Final = (
    ExpressionFault,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
    MemoryError,
)
"""What an expression may raise: wrong user data."""

LISTS: Final = frozenset({list, dict})
"""What loops go through."""

ABSENT: Final = object()
"""The value of a part that is not written."""

_INDENT: Final = "    "


class Text(Protocol):
    """A text with expressions: what it says, and where its faults belong."""

    def tree(self) -> Tree:
        """Return what it says. Raises ``TemplateFault``."""

    def fault(self, error: BaseException) -> TemplateFault:
        """Return what failed, located."""


class Part(Protocol):
    """A part of a template."""

    def write(self, function: FunctionWriter) -> str:
        """Write what evaluates it; return the source of the value."""


def compiled(part: Part) -> Program:
    """Return the program of a part. Raises ``TemplateFault`` where a text cannot be read."""
    function = FunctionWriter()
    program: Program = function.finished(part.write(function))
    return program


def chosen(
    when: Part | None, parts: Sequence[Part | None], words: Sequence[str]
) -> Callable[..., tuple[Value, ...] | None]:
    """Return the function of a scope, and of values for words, that yields the values of parts.

    It yields ``None`` where the condition does not hold; an absent part is :data:`ABSENT`.
    """
    function = FunctionWriter({word: f"v_{word}" for word in words})
    if when is not None:
        function.line(f"if not {when.write(function)}: return None")
    absent = function.bind(ABSENT)
    values = [absent if part is None else part.write(function) for part in parts]
    program: Callable[..., tuple[Value, ...] | None]
    program = function.finished(f"({''.join(f'{one}, ' for one in values)})")
    return program


class FunctionWriter(ExpressionWriter):
    """Writes the function of one template. ``local`` are the names that it gets as arguments."""

    def __init__(self, local: Mapping[str, str] | None = None) -> None:
        super().__init__(local)
        self._parameters = list((local or {}).values())
        self._lines: list[str] = []
        self._texts: dict[int, Text] = {}
        self._depth = 2
        self.bound |= {"FAULTS": FAULTS, "LISTS": LISTS, "OMIT": OMIT, "unpacked": unpacked}

    def line(self, text: str) -> None:
        """Write a line."""
        self._lines.append(f"{_INDENT * self._depth}{text}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write a line, and further in what is written inside."""
        self.line(head)
        self._depth += 1
        with self.remembering():
            yield
        self._depth -= 1

    @contextmanager
    def names(self, words: Mapping[str, str]) -> Iterator[None]:
        """Have words of the rule mean variables inside."""
        outside = self.local
        self.local = {**outside, **words}
        yield
        self.local = outside

    def named(self, source: str) -> str:
        """Return the variable that holds a value, so that it can be looked at twice."""
        if source.isidentifier():
            return source
        name = self.new()
        self.line(f"{name} = {source}")
        return name

    def define(self, word: str, source: str, constant: Value) -> None:
        """Give a name of the rule its value, here and in the scope."""
        name = self.new("b")
        self.line(f"{name} = scope[{word!r}] = {source}")
        self.variables[word] = name
        if constant is not UNKNOWN:
            self.constants[word] = constant

    def assign(self, text: Text) -> str:
        """Write the evaluation of a text, and return the variable that holds its value."""
        name, tree = self.new(), text.tree()
        try:
            source = self.value(tree)
        except ExpressionFault as fault:
            raise text.fault(fault) from fault
        self.line(f"{name} = {source}")
        self._texts[len(self._lines)] = text
        return name

    def deferred(self, part: Part) -> str:
        """Return the source that evaluates a part by a function made when it is first called."""
        words = dict(self.local)
        name = self.bind(_Deferred(part, words))
        return f"{name}({', '.join(['scope', *words.values()])})"

    def finished(self, result: str) -> Any:
        """Return the function that yields ``result``. Raises ``TemplateFault``."""
        parameters = ", ".join(["scope", *self._parameters])
        reads = [f"{_INDENT}{one}" for one in self.reads]
        head = [f"def program({parameters}):", f"{_INDENT}get = scope.get", *reads, "    try:"]
        tail = [
            f"        return {result}",
            "    except FAULTS as fault:",
            "        raise located(fault) from fault",
        ]
        texts = {number + len(head): text for number, text in self._texts.items()}
        self.bound["located"] = _located(texts)
        try:
            code = compile("\n".join([*head, *self._lines, *tail]), "<rule>", "exec")
        except (SyntaxError, RecursionError, MemoryError) as error:
            deepest = max(self._texts, key=lambda number: len(self._lines[number - 1]))
            what = ExpressionFault("the expression is nested too deeply")
            raise self._texts[deepest].fault(what) from error
        exec(code, self.bound)  # noqa: S102 - written here, without any word of the rule
        return self.bound["program"]


class _Deferred:
    """The function of a part, made when it is first needed."""

    __slots__ = ("_part", "_program", "_words")

    def __init__(self, part: Part, words: dict[str, str]) -> None:
        self._part = part
        self._words = words
        self._program: Callable[..., Value] | None = None

    def __call__(self, scope: Scope, *values: Value) -> Value:
        if self._program is None:
            function = FunctionWriter(self._words)
            self._program = function.finished(self._part.write(function))
        return self._program(scope, *values)


def _located(texts: Mapping[int, Text]) -> Callable[[BaseException], TemplateFault]:
    """Return what tells by the line of a fault which text it belongs to."""

    def located(fault: BaseException) -> TemplateFault:
        trace = fault.__traceback__
        return texts[trace.tb_lineno if trace else 0].fault(fault)

    return located
