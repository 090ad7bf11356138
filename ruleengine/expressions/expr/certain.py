"""What an expression fails by whatever its names stand for: types that never fit, calls.

A node is looked at where it is evaluated in any case: not behind ``?``, ``&&`` or ``??``, and not
in a predicate, whose list may be empty. Of what is known of a value there are samples: a constant
is its own, of a value whose kind is known there are some of that kind. An operator that takes
none of them fails for certain.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

from ruleengine.expressions import go_functions
from ruleengine.expressions.expr.compiler import Compiler
from ruleengine.expressions.expr.dialects import Dialect
from ruleengine.expressions.expr.kinds import BOOLEAN, LIST, MAP, NUMBER, TEXT, kind_of_node
from ruleengine.expressions.expr.nodes import (
    Array,
    Binary,
    Builtin,
    Call,
    Conditional,
    Constant,
    Let,
    Map,
    Member,
    Name,
    Node,
    Path,
    Sequence,
    Slice,
    Step,
    Unary,
)
from ruleengine.expressions.expr.running import Run
from ruleengine.expressions.expr.signatures import CLOCK, PREDICATES, Function
from ruleengine.expressions.expr.values import AnyKeys
from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError, Meter

Samples = tuple[Any, ...]

_UNKNOWN: Final[Samples] = ()
_SAMPLES: Final[Mapping[str, Samples]] = {
    BOOLEAN: (True, False),
    LIST: ([],),
    MAP: ({}, AnyKeys()),
    NUMBER: (1, 2.5),
    TEXT: ("1", "a"),
}
_GIVEN: Final = {"asInt": NUMBER, "asFloat": NUMBER, "toJson": TEXT}
"""The kinds of what functions of hosts give."""

_MOST_SAMPLES: Final = 4

_LATER: Final = ("&&", "||", "??")
"""Operators whose right side may never be looked at."""

_PICKY: Final = ("%", "matches")
"""Operators that fail by some values of a kind that they take: by zero, by a broken pattern."""


class Certain:
    """Looks through one expression; values at the paths that ``texts`` begin are texts."""

    def __init__(self, text: str, dialect: Dialect, texts: Collection[str] = ()) -> None:
        self.faults: list[ExpressionError] = []
        self._text = text
        self._dialect = dialect
        self._texts = tuple(texts)
        self._own: set[str] = set()

    def look(self, node: Node) -> Samples:
        """Note what is wrong in a node that is evaluated, and return samples of its value."""
        if _is_constant(node):
            return self._tried([node])
        match node:
            case Path():
                return self._path(node)
            case Unary():
                operands = self.look(node.operand)
                return self._tried(replace(node, operand=_as_node(one)) for one in operands)
            case Binary():
                return self._binary(node)
            case Let():
                return self._let(node)
            case Conditional():
                self._condition(node.condition)
            case Builtin(name=name) if name in PREDICATES:
                self.look(node.arguments[0])
            case _:
                for one in _parts(node):
                    self.look(one)
        return _usual(node)

    def _let(self, node: Let) -> Samples:
        for variable in node.variables:
            self.look(variable.value)
            self._own.add(variable.name)
        return self.look(node.body)

    def _first(self, node: Binary) -> None:
        """Look at the first of several terms."""
        if node.operator == "??":
            self.look(node.left)
        else:
            self._condition(node.left)

    def _condition(self, node: Node) -> None:
        """Look at what has to be true or false."""
        operands = self.look(node)
        self._tried(Unary(node.offset, "!", _as_node(one)) for one in operands)

    def _binary(self, node: Binary) -> Samples:
        if node.operator in _LATER:
            self._first(node)
            return _UNKNOWN
        left, right = self.look(node.left), self.look(node.right)
        if node.operator in ("==", "!="):
            return _SAMPLES[BOOLEAN]
        if node.operator in _PICKY and not _is_constant(node.right):
            right = tuple(_harmless(one) for one in right)
        made = self._tried(
            replace(node, left=_as_node(one), right=_as_node(other))
            for one, other in product(left, right)
        )
        return made or _usual(node)

    def _path(self, node: Path) -> Samples:
        self.look(node.base)
        for step in node.steps:
            if isinstance(step, Member) and step.optional:
                return _UNKNOWN  # what follows is not looked at behind nil
            for one in _parts_of_step(step):
                self.look(one)
        if isinstance(node.base, Name) and node.base.name not in self._own:
            self._call(node.base.name, node.steps)
            if len(node.steps) == 1 and isinstance(node.steps[0], Call):
                return _SAMPLES.get(_GIVEN.get(node.base.name, ""), _UNKNOWN)
            if self._is_text(node.base.name, node.steps):
                return _SAMPLES[TEXT]
        return _UNKNOWN

    def _call(self, name: str, steps: list[Step]) -> None:
        """Look at the number of arguments that a function of the host is called with."""
        found = self._dialect.functions.get(name)
        first, *others = steps
        if isinstance(found, Mapping) and isinstance(first, Member) and others:
            key = first.key.value if isinstance(first.key, Constant) else ""
            found, first = found.get(key), others[0]
        if not isinstance(first, Call):
            return
        count = len(first.arguments)
        if isinstance(found, Function) and not found.accepts(count):
            told = f"'{found.name}' takes {found.wanted()} arguments, not {count}"
            self.faults.append(ExpressionError(told, offset=first.offset, text=self._text))
        elif isinstance(found, go_functions.Function):
            try:
                found.check_count(count)
            except ExpressionError as error:
                told = error.message
                self.faults.append(ExpressionError(told, offset=first.offset, text=self._text))

    def _is_text(self, name: str, steps: list[Step]) -> bool:
        names = [name]
        for step in steps:
            if not isinstance(step, Member) or not isinstance(step.key, Constant):
                return False
            names.append(str(step.key.value))
        return ".".join(names[:-1]) in self._texts

    def _tried(self, nodes: Iterable[Node]) -> Samples:
        """Return the values of constant nodes; note why, if none of them has any."""
        made: list[Any] = []
        wrong: list[ExpressionError] = []
        for node in nodes:
            compiler = Compiler(self._text, self._dialect)
            try:
                compiled = compiler.compile(node)
                made.append(compiled(Run({}, Meter(DEFAULT_LIMITS), compiler.scope.slots)))
            except ExpressionError as error:
                wrong.append(error)
        if wrong and not made:
            self.faults.append(wrong[0])
        return tuple(made[:_MOST_SAMPLES])


def _usual(node: Node) -> Samples:
    """Return samples of a value of which the kind alone is known, if it is."""
    return _SAMPLES.get(kind_of_node(node), _UNKNOWN)


def _harmless(sample: Any) -> Any:
    """Return another value of the kind of a sample, which is no zero and no special pattern."""
    if isinstance(sample, str):
        return "a"
    return 1 if sample == 0 and not isinstance(sample, bool) else sample


def _as_node(value: Any) -> Node:
    return Constant(0, value)


def _is_constant(node: Node) -> bool:
    """Tell whether a node has the same value wherever it is evaluated."""
    match node:
        case Constant():
            return True
        case Unary() | Binary() | Conditional() | Array() | Map() | Sequence():
            return all(_is_constant(one) for one in _parts(node))
        case Builtin(name=name):
            pure = name != CLOCK and name not in PREDICATES
            return pure and all(_is_constant(one) for one in _parts(node))
        case Path():
            return not isinstance(node.base, Name) and all(
                _is_constant(one) for one in _parts(node)
            )
    return False


def _parts(node: Node) -> Iterator[Node]:
    """Yield what a node is made of."""
    match node:
        case Unary():
            yield node.operand
        case Binary():
            yield from (node.left, node.right)
        case Conditional():
            yield from (node.condition, node.then, node.otherwise)
        case Array():
            yield from node.items
        case Map():
            yield from (one for pair in node.pairs for one in pair)
        case Sequence():
            yield from node.nodes
        case Builtin():
            yield from node.arguments
        case Path():
            yield node.base
            for step in node.steps:
                yield from _parts_of_step(step)


def _parts_of_step(step: Step) -> Iterator[Node]:
    match step:
        case Member():
            yield step.key
        case Call():
            yield from step.arguments
        case Slice():
            yield from (one for one in (step.start, step.end) if one is not None)
