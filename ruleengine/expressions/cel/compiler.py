"""Turns the tree of an expression into functions that evaluate it.

Names of variables and functions and numbers of arguments are checked here; types when there
are values. The two sides of ``&&`` and ``||`` may be evaluated in any order as far as errors
go: what one side decides, an error of the other does not undo.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from ruleengine.expressions.cel import loops, operators
from ruleengine.expressions.cel.fields import field, has_field, index
from ruleengine.expressions.cel.functions import Function
from ruleengine.expressions.cel.nodes import (
    Call,
    Condition,
    Has,
    Index,
    ListOf,
    Literal,
    Logic,
    Loop,
    MapOf,
    Name,
    Node,
    Select,
)
from ruleengine.expressions.cel.values import NONE, CelError, Optional, no_overload, type_value
from ruleengine.expressions.language import ExpressionError, Meter

_PER_STEP: Final = 100

Names = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation."""

    meter: Meter


Evaluate = Callable[[Names, Run], Any]


class Compiler:
    """Compiles one expression."""

    def __init__(
        self, text: str, functions: Mapping[str, Function], variables: frozenset[str]
    ) -> None:
        self._text = text
        self._functions = functions
        self._variables = variables
        self._local: list[str] = []
        self._compilers: Mapping[type, Callable[[Any], Evaluate]] = {
            Literal: lambda node: lambda _names, _run: node.value,
            Name: self._name,
            Select: self._select,
            Index: self._index,
            Call: self._call,
            Has: self._has,
            Logic: self._logic,
            Condition: self._condition,
            ListOf: self._list,
            MapOf: self._map,
            Loop: self._loop,
        }

    def compile(self, node: Node) -> Evaluate:
        """Return the function of a node. Raises ``ExpressionError``."""
        return self._compilers[type(node)](node)

    def _error(self, message: str, at: int, hint: str = "") -> ExpressionError:
        return ExpressionError(message, offset=at, text=self._text, hint=hint)

    def _guarded(self, at: int, evaluate: Evaluate) -> Evaluate:
        """Count a step, and give an error from inside its place."""

        def guarded(names: Names, run: Run) -> Any:
            run.meter.step()
            try:
                return evaluate(names, run)
            except CelError as error:
                raise self._error(str(error), at) from None

        return guarded

    def _name(self, node: Name) -> Evaluate:
        name = node.name
        if name not in self._local and name not in self._variables:
            if (constant := type_value(name)) is not None:
                return lambda _names, _run: constant
            raise self._error(f"there is no variable {name}", node.at, self._known())

        def look_up(names: Names, run: Run) -> Any:
            run.meter.step()
            return names[name]

        return look_up

    def _known(self) -> str:
        known = sorted({*self._variables, *self._local})
        return f"known are {', '.join(known)}" if known else "no variable is known here"

    def _qualified(self, node: Node) -> str | None:
        """Return the dotted name that a chain of names spells, if it begins with no variable."""
        if isinstance(node, Name):
            known = node.name in self._local or node.name in self._variables
            return None if known else node.name
        if isinstance(node, Select) and not node.optional:
            before = self._qualified(node.operand)
            return before and f"{before}.{node.field}"
        return None

    def _select(self, node: Select) -> Evaluate:
        if (name := self._qualified(node)) and (constant := type_value(name)):
            return lambda _names, _run: constant
        operand, optional = self.compile(node.operand), node.optional
        return self._guarded(
            node.at,
            lambda names, run: field(operand(names, run), node.field, optional=optional),
        )

    def _index(self, node: Index) -> Evaluate:
        operand, key = self.compile(node.operand), self.compile(node.key)

        def look_up(names: Names, run: Run) -> Any:
            value = operand(names, run)
            if isinstance(value, Optional) and not value.present:
                return value  # the key is not even asked for
            return index(value, key(names, run), optional=node.optional)

        return self._guarded(node.at, look_up)

    def _has(self, node: Has) -> Evaluate:
        operand = self.compile(node.operand)
        return self._guarded(node.at, lambda names, run: has_field(operand(names, run), node.field))

    def _condition(self, node: Condition) -> Evaluate:
        test, yes, no = self.compile(node.test), self.compile(node.yes), self.compile(node.no)

        def choose(names: Names, run: Run) -> Any:
            decided = test(names, run)
            if not isinstance(decided, bool):
                raise no_overload("?:", decided)
            return yes(names, run) if decided else no(names, run)

        return self._guarded(node.at, choose)

    def _logic(self, node: Logic) -> Evaluate:
        parts = [self.compile(part) for part in node.parts]
        decisive = not node.conjunction

        def decide(names: Names, run: Run) -> bool:
            failure: Exception | None = None
            for part in parts:
                try:
                    value = part(names, run)
                    if not isinstance(value, bool):
                        raise no_overload("&&" if node.conjunction else "||", value)
                except (ExpressionError, CelError) as error:
                    if run.meter.spent:
                        raise
                    failure = failure or error
                    continue
                if value is decisive:
                    return decisive
            if failure is not None:
                raise failure
            return not decisive

        return self._guarded(node.at, decide)

    def _list(self, node: ListOf) -> Evaluate:
        elements = [self.compile(one) for one in node.elements]

        def make(names: Names, run: Run) -> list[Any]:
            found: list[Any] = []
            for evaluate, optional in zip(elements, node.optional, strict=True):
                value = evaluate(names, run)
                if not optional:
                    found.append(value)
                elif _present(value):
                    found.append(value.content)
            return found

        return self._guarded(node.at, make)

    def _map(self, node: MapOf) -> Evaluate:
        entries = [(self.compile(key), self.compile(value)) for key, value in node.entries]

        def make(names: Names, run: Run) -> dict[Any, Any]:
            found: dict[Any, Any] = {}
            for (key_of, value_of), optional in zip(entries, node.optional, strict=True):
                key, value = key_of(names, run), value_of(names, run)
                if isinstance(key, list | dict | None | Optional):
                    raise no_overload("a key of a map", key)
                if not optional:
                    found[key] = value
                elif _present(value):
                    found[key] = value.content
            return found

        return self._guarded(node.at, make)

    def _call(self, node: Call) -> Evaluate:
        if node.target is None and node.function in operators.BINARY and len(node.arguments) == 2:
            return self._operator(node)
        if node.target is None and node.function in ("-", "!"):
            operand = self.compile(node.arguments[0])
            change = operators.negated if node.function == "-" else operators.inverted
            return self._guarded(node.at, lambda names, run: change(operand(names, run), run.meter))
        name, target = node.function, node.target
        qualified = f"{self._qualified(target)}.{name}" if target is not None else ""
        if qualified in self._functions:
            name, target = qualified, None
        function = self._function(name, node, member=target is not None)
        arguments = [self.compile(one) for one in node.arguments]
        if target is not None:
            arguments.insert(0, self.compile(target))
        if not function.takes(len(arguments)):
            hint = "what stands before the dot is not one of them"
            raise self._error(
                f"{name} does not take {len(node.arguments)} arguments", node.at, hint
            )

        def call(names: Names, run: Run) -> Any:
            values = [evaluate(names, run) for evaluate in arguments]
            long = sum(len(one) for one in values if isinstance(one, str | list | bytes | dict))
            run.meter.step(long // _PER_STEP)
            return function.call(run.meter, *values)

        return self._guarded(node.at, call)

    def _function(self, name: str, node: Call, *, member: bool) -> Function:
        function = self._functions.get(name)
        if function is None:
            close = get_close_matches(name, self._functions, 1)
            hint = f"did you mean {close[0]}?" if close else "look for a misspelt name"
            raise self._error(f"there is no function {name}", node.at, hint)
        if member and not function.member:
            raise self._error(f"{name} is called on no value", node.at, f"write {name}(...)")
        if not member and not function.plain:
            raise self._error(f"{name} is called on a value", node.at, f"write value.{name}(...)")
        return function

    def _operator(self, node: Call) -> Evaluate:
        left, right = (self.compile(one) for one in node.arguments)
        operation = operators.BINARY[node.function]
        of = node.arguments[1]
        if node.function == "in" and isinstance(of, ListOf) and not of.elements:
            return self._guarded(node.at, lambda _names, _run: False)  # whatever the left side does
        return self._guarded(
            node.at,
            lambda names, run: operation(left(names, run), right(names, run), run.meter),
        )

    def _loop(self, node: Loop) -> Evaluate:
        over = self.compile(node.over)
        self._local += node.names
        bodies = [self.compile(body) for body in node.bodies]
        del self._local[-len(node.names) :]
        macro = loops.MACROS[node.macro]

        def repeat(names: Names, run: Run) -> Any:
            inner = dict(names)

            def body(number: int, *values: Any) -> Any:
                run.meter.step()
                inner.update(zip(node.names, values, strict=True))
                return bodies[number](inner, run)

            return macro(over(names, run), loops.Bodies(len(node.names), len(bodies), body), run)

        return self._guarded(node.at, repeat)


def _present(value: Any) -> bool:
    if not isinstance(value, Optional):
        raise no_overload("?", value)
    return value is not NONE and value.present
