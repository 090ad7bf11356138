"""From a tree to functions: each node becomes one that takes the run and gives a value.

What can be settled is settled now: where a name is found, which function a call means, how
many arguments it takes. Operators in a row and the steps of a path become loops, so that
evaluation nests only as deeply as the text does.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final

from ruleengine.expressions import regular
from ruleengine.expressions.expr import operators
from ruleengine.expressions.expr.dialects import Dialect
from ruleengine.expressions.expr.functions import BUILTINS
from ruleengine.expressions.expr.kinds import never_equal
from ruleengine.expressions.expr.nodes import (
    Array,
    Binary,
    Builtin,
    Conditional,
    Constant,
    Let,
    Map,
    Member,
    Name,
    Node,
    Path,
    Pointer,
    Predicate,
    Sequence,
    Unary,
)
from ruleengine.expressions.expr.operators import BINARY, truth
from ruleengine.expressions.expr.paths import compile_path
from ruleengine.expressions.expr.predicates import LOOPS, Loop, items_of
from ruleengine.expressions.expr.running import Compiled, Run, Scope, located
from ruleengine.expressions.expr.signatures import CLOCK, NOW, PREDICATES
from ruleengine.expressions.expr.values import Problem, kind_of, to_index
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError

_DEEPEST: Final = 2 * DEEPEST_NESTING
"""A tree is deeper than its text nests: each pipe wraps what stands before it."""

_UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "!": lambda value: not truth(value),
    "-": operators.negate,
    "+": operators.number,
}


class Compiler:
    """Compiles one tree in a scope of names."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.scope = Scope(dialect.functions)
        self._functions_first = dialect.functions_first
        self._text = text
        self._loops: list[tuple[Loop, bool]] = []
        self._depth = 0
        self._weight = 0

    def compile(self, node: Node) -> Compiled:
        """Return the function of a node. Raises ``ExpressionError``."""
        self._depth += 1
        self._weight += 1
        if self._depth > _DEEPEST:
            raise self.error(f"the expression nests deeper than {_DEEPEST}", node.offset)
        made = self._COMPILE[type(node)](self, node)
        self._depth -= 1
        return made

    def error(self, message: str, offset: int, hint: str = "") -> ExpressionError:
        """Return an error at a place of the text."""
        return ExpressionError(message, offset=offset, text=self._text, hint=hint)

    def guarded(self, compute: Compiled, offset: int) -> Compiled:
        """Return a function whose problems tell their place."""
        text = self._text

        def evaluate(run: Run) -> Any:
            try:
                return compute(run)
            except Problem as problem:
                raise located(problem, offset, text) from None

        return evaluate

    def _constant(self, node: Constant) -> Compiled:
        value = node.value
        return lambda _run: value

    def _name(self, node: Name) -> Compiled:
        function = node.name in BUILTINS or node.name in PREDICATES
        if self._functions_first and function and self.scope.is_variable(node.name):
            raise self.error(
                f"'{node.name}' is a function", node.offset, f"write $env['{node.name}']"
            )
        return self.scope.look_up(node.name, node.offset)

    def _path(self, node: Path) -> Compiled:
        return compile_path(self, node, self._text)

    def _pointer(self, node: Pointer) -> Compiled:
        if not self._loops:
            raise self.error("'#' stands outside of a predicate", node.offset)
        loop, reduces = self._loops[-1]
        if node.name == "acc" and not reduces:
            raise self.error("'#acc' exists in reduce only", node.offset)
        slot = {"": loop.item, "index": loop.index, "acc": loop.accumulator}[node.name]
        return lambda run: run.slots[slot]

    def _unary(self, node: Unary) -> Compiled:
        operand, apply = self.compile(node.operand), _UNARY[node.operator]
        return self.guarded(lambda run: apply(operand(run)), node.offset)

    def _binary(self, node: Binary) -> Compiled:
        if node.operator in self._SPECIAL:
            return self._SPECIAL[node.operator](self, node)
        row = self._row(node, lambda one: one.operator not in self._SPECIAL)
        first = self.compile(row[0].left)
        rest = [(BINARY[one.operator], self._right(one), one.offset) for one in row]
        text = self._text

        def evaluate(run: Run) -> Any:
            value = first(run)
            for apply, right, offset in rest:
                operand = right(run)
                try:
                    value = apply(value, operand, run.meter)
                except Problem as problem:
                    raise located(problem, offset, text) from None
            return value

        return evaluate

    def _row(self, node: Binary, belongs: Callable[[Binary], bool]) -> list[Binary]:
        """Return the operators that nest on the left of one, from the innermost."""
        row = [node]
        while isinstance(row[-1].left, Binary) and belongs(row[-1].left):
            row.append(row[-1].left)
        return row[::-1]

    def _right(self, node: Binary) -> Compiled:
        right = node.right
        if node.operator in {"==", "!="}:
            hint = never_equal(node.left, right)
            if hint:
                raise self.error(f"'{node.operator}' can never hold here", node.offset, hint)
        if node.operator == "matches" and isinstance(right, Constant):
            return self._pattern(right)
        return self.compile(right)

    def _pattern(self, node: Constant) -> Compiled:
        if not isinstance(node.value, str):
            return self.compile(node)
        try:
            pattern = regular.compile(node.value)
        except ExpressionError as error:
            raise self.error(f"broken pattern: {error.message}", node.offset, error.hint) from None
        return lambda _run: pattern

    def _logical(self, node: Binary) -> Compiled:
        ends = node.operator == "||"
        row = self._row(node, lambda one: one.operator == node.operator)
        terms = [self.compile(row[0].left), *(self.compile(one.right) for one in row)]

        def evaluate(run: Run) -> bool:
            for term in terms:
                value = term(run)
                if (value if value is True or value is False else truth(value)) is ends:
                    return ends
            return not ends

        return self.guarded(evaluate, node.offset)

    def _coalesce(self, node: Binary) -> Compiled:
        row = self._row(node, lambda one: one.operator == "??")
        terms = [self.compile(row[0].left), *(self.compile(one.right) for one in row)]

        def evaluate(run: Run) -> Any:
            for term in terms:
                value = term(run)
                if value is not None:
                    return value
            return None

        return evaluate

    def _range(self, node: Binary) -> Compiled:
        left, right = self.compile(node.left), self.compile(node.right)

        def evaluate(run: Run) -> list[int]:
            start, end = to_index(left(run)), to_index(right(run))
            run.meter.size(end - start + 1)
            return list(range(start, end + 1))

        return self.guarded(evaluate, node.offset)

    def _conditional(self, node: Conditional) -> Compiled:
        condition, then = self.compile(node.condition), self.compile(node.then)
        otherwise = self.compile(node.otherwise)
        test = self.guarded(lambda run: truth(condition(run)), node.condition.offset)
        return lambda run: then(run) if test(run) else otherwise(run)

    def _let(self, node: Let) -> Compiled:
        assigned: list[tuple[int, Compiled]] = []
        for one in node.variables:
            value = self.compile(one.value)
            taken = self.scope.taken(one.name)
            if taken:
                raise self.error(f"'{one.name}' is {taken} already", one.offset, "rename it")
            assigned.append((self.scope.declare(one.name), value))
        result = self.compile(node.body)
        self.scope.forget(len(assigned))

        def evaluate(run: Run) -> Any:
            for slot, value in assigned:
                run.slots[slot] = value(run)
            return result(run)

        return evaluate

    def _sequence(self, node: Sequence) -> Compiled:
        nodes = [self.compile(one) for one in node.nodes]

        def evaluate(run: Run) -> Any:
            value = None
            for one in nodes:
                value = one(run)
            return value

        return evaluate

    def _array(self, node: Array) -> Compiled:
        items = [self.compile(one) for one in node.items]
        return lambda run: [item(run) for item in items]

    def _map(self, node: Map) -> Compiled:
        pairs = [(self.compile(key), self.compile(value)) for key, value in node.pairs]

        def evaluate(run: Run) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for key, value in pairs:
                name = key(run)
                if not isinstance(name, str):
                    raise Problem(f"{kind_of(name)} is no key of a map", "write string(...)")
                made.setdefault(name, value(run))
            return made

        return self.guarded(evaluate, node.offset)

    def _builtin(self, node: Builtin) -> Compiled:
        if node.name in PREDICATES:
            return self._loop(node)
        if node.name == CLOCK:
            return self._now(node)
        function = BUILTINS[node.name]
        arguments = [self.compile(one) for one in node.arguments]
        if not function.accepts(len(arguments)):
            raise self.error(
                f"'{node.name}' takes {function.wanted()} arguments, not {len(arguments)}",
                node.offset,
                "what stands before a pipe is the first of them",
            )
        call = function.call
        return self.guarded(
            lambda run: call(run.meter, [one(run) for one in arguments]), node.offset
        )

    def _now(self, node: Builtin) -> Compiled:
        """Compile ``now()``: the environment holds the time, or a function that gives it."""

        def evaluate(run: Run) -> datetime:
            moment = run.env.get(NOW)
            moment = moment() if callable(moment) else moment
            if not isinstance(moment, datetime):
                raise Problem("there is no clock here", "write a time: date(...)")
            return moment

        if node.arguments:
            raise self.error("'now' takes no arguments", node.offset)
        return self.guarded(evaluate, node.offset)

    def _loop(self, node: Builtin) -> Compiled:
        apply = LOOPS[node.name]
        source = self.compile(node.arguments[0])
        loop = Loop(self.scope.reserve(3))
        if len(node.arguments) > 1:
            self._compile_predicate(loop, node)
        third = self.compile(node.arguments[2]) if len(node.arguments) > 2 else None
        reduces = node.name == "reduce"

        def evaluate(run: Run) -> Any:
            items = items_of(source(run))
            extra = third(run) if third else None
            return apply(loop, run, items, [extra] if reduces and third else extra)

        return self.guarded(evaluate, node.offset)

    def _compile_predicate(self, loop: Loop, node: Builtin) -> None:
        before = self._weight
        self._loops.append((loop, node.name == "reduce"))
        body = node.arguments[1]
        if isinstance(body, Predicate):
            body = body.body
        if node.name == "sortBy" and isinstance(body, Constant):
            # The older dialect names the field; as a predicate a constant would mean nothing.
            step = Member(body.offset, body, optional=False)
            body = Path(body.offset, Pointer(body.offset, ""), [step])
        loop.predicate = self.compile(body)
        self._loops.pop()
        loop.weight = self._weight - before

    _SPECIAL: ClassVar[dict[str, Callable[..., Compiled]]] = {
        "&&": _logical,
        "||": _logical,
        "??": _coalesce,
        "..": _range,
    }

    _COMPILE: ClassVar[dict[type[Node], Callable[..., Compiled]]] = {
        Constant: _constant,
        Name: _name,
        Path: _path,
        Pointer: _pointer,
        Unary: _unary,
        Binary: _binary,
        Conditional: _conditional,
        Let: _let,
        Sequence: _sequence,
        Array: _array,
        Map: _map,
        Builtin: _builtin,
    }
