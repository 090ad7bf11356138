"""Evaluates the tree of a template, as Go's ``text/template`` executes it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from ruleengine.expressions.go_deep import copied
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.go_methods import Method
from ruleengine.expressions.gotemplates.fields import MissingKey, field_of
from ruleengine.expressions.gotemplates.nodes import (
    Action,
    Body,
    Break,
    Call,
    Chain,
    Command,
    Continue,
    Dot,
    Field,
    Identifier,
    If,
    Literal,
    Nil,
    Number,
    Operand,
    Pipe,
    Range,
    Statement,
    Text,
    Tree,
    Variable,
    With,
)
from ruleengine.expressions.gotemplates.problems import failure
from ruleengine.expressions.gotemplates.values import NO_VALUE, is_true, printed
from ruleengine.expressions.language import ExpressionError, Limits, Meter
from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_text import type_name, whole

_ABSENT: Final = object()
"""Stands for the last argument of a command that nothing is piped into."""

_SHORT_CIRCUIT: Final = {"and": False, "or": True}
"""The functions that stop at the first argument that decides, and what decides."""


class Evaluation:
    """One evaluation of a template."""

    def __init__(
        self,
        text: str,
        tree: Tree,
        functions: Mapping[str, Function],
        missing_key: MissingKey,
        limits: Limits,
    ) -> None:
        self._text = text
        self._tree = tree
        self._functions = functions
        self._missing_key = missing_key
        self._meter = Meter(limits)
        self._written: list[str] = []
        self._size = 0
        self._variables: list[tuple[str, Any]] = []

    def run(self, data: Any) -> str:
        """Return the text that the template makes of the data. Raises ``ExpressionError``."""
        if any(self._functions[name].mutates for name in self._tree.functions):
            data = copied(data, self._meter)
        root = NO_VALUE if data is None else data
        self._variables = [("$", root)]
        self._body(root, self._tree.body)
        return whole("".join(self._written))

    def _fail(self, node: Any, message: str, hint: str = "") -> ExpressionError:
        return failure(self._text, (node.offset, node.end), message, hint)

    def _write(self, text: str) -> None:
        self._size += len(text)
        self._meter.size(self._size)
        self._written.append(text)

    def _body(self, dot: Any, body: Body) -> Break | Continue | None:
        """Evaluate statements; return the jump that ended them, if one did."""
        for statement in body:
            self._meter.step()
            jump = self._STATEMENTS[type(statement)](self, dot, statement)
            if jump is not None:
                return jump
        return None

    def _text_statement(self, _dot: Any, statement: Text) -> None:
        self._write(statement.text)

    def _action(self, dot: Any, statement: Action) -> None:
        pipe = statement.pipe
        value = self._pipe(dot, pipe)
        if pipe.variables:
            return
        try:
            self._write(printed(value))
        except ValueError as error:
            raise self._fail(pipe, str(error)) from None

    def _jump(self, _dot: Any, statement: Break | Continue) -> Break | Continue:
        return statement

    def _if(self, dot: Any, statement: If) -> Break | Continue | None:
        kept = len(self._variables)
        chosen = statement.body if is_true(self._pipe(dot, statement.pipe)) else statement.otherwise
        jump = self._body(dot, chosen)
        del self._variables[kept:]
        return jump

    def _with(self, dot: Any, statement: With) -> Break | Continue | None:
        kept = len(self._variables)
        value = self._pipe(dot, statement.pipe)
        if is_true(value):
            jump = self._body(value, statement.body)
        else:
            jump = self._body(dot, statement.otherwise)
        del self._variables[kept:]
        return jump

    def _range(self, dot: Any, statement: Range) -> Break | Continue | None:
        kept = len(self._variables)
        value = self._pipe(dot, statement.pipe)
        inside = len(self._variables)
        jump: Break | Continue | None = None
        empty = True
        for key, element in self._entries(value, statement.pipe):
            empty = False
            self._meter.step()
            self._loop_variables(statement.pipe, key, element)
            jump = self._body(element, statement.body)
            del self._variables[inside:]
            if isinstance(jump, Break):
                break
        else:
            jump = self._body(dot, statement.otherwise) if empty else None
        del self._variables[kept:]
        return None if not empty else jump

    def _entries(self, value: Any, pipe: Pipe) -> Any:
        if value is None or value is NO_VALUE:
            return ()
        if isinstance(value, list | tuple | bytes):
            return enumerate(value)
        if isinstance(value, dict):
            return [(key, value[key]) for key in sorted(value, key=_key_order)]
        if isinstance(value, int) and not isinstance(value, bool):
            if len(pipe.variables) > 1:
                raise self._fail(pipe, "a number gives one variable, not two")
            return ((number, number) for number in range(value))
        raise self._fail(
            pipe, f"range can't iterate over a value of type {type_name(value)}", "take a list"
        )

    def _loop_variables(self, pipe: Pipe, key: Any, element: Any) -> None:
        values = (element,) if len(pipe.variables) == 1 else (key, element)
        for name, value in zip(pipe.variables, values, strict=False):
            self._set(name, value, assigns=pipe.assigns)

    def _call(self, dot: Any, statement: Call) -> None:
        body = self._tree.templates.get(statement.name)
        if body is None:
            raise self._fail(
                statement,
                f"template {statement.name!r} not defined",
                f'write {{{{define "{statement.name}"}}}}...{{{{end}}}}',
            )
        value = self._pipe(dot, statement.pipe) if statement.pipe else NO_VALUE
        kept = self._variables
        self._variables = [("$", value)]
        self._meter.enter()
        self._body(value, body)
        self._meter.leave()
        self._variables = kept

    def _set(self, name: str, value: Any, *, assigns: bool) -> None:
        if not assigns:
            self._variables.append((name, value))
            return
        for at in range(len(self._variables) - 1, -1, -1):
            if self._variables[at][0] == name:
                self._variables[at] = (name, value)
                return

    def _pipe(self, dot: Any, pipe: Pipe) -> Any:
        value: Any = _ABSENT
        for command in pipe.commands:
            value = self._command(dot, command, value)
            if value is None:
                value = NO_VALUE
        for name in pipe.variables:
            self._set(name, value, assigns=pipe.assigns)
        return value

    def _command(self, dot: Any, command: Command, final: Any) -> Any:
        self._meter.step()
        first, *arguments = command.operands
        if isinstance(first, Identifier):
            return self._function(dot, first.name, command, arguments, final)
        if isinstance(first, Field | Variable | Chain):
            return self._fields(dot, first, arguments, final)
        if arguments or final is not _ABSENT:
            raise self._fail(command, "can't give arguments to what is no function")
        if isinstance(first, Nil):
            raise self._fail(command, "nil is not a command", 'write "" or false')
        return self._plain(dot, first)

    def _plain(self, dot: Any, node: Operand) -> Any:
        """Return the value of an operand where any type will do."""
        if isinstance(node, Field | Variable | Chain):
            return self._fields(dot, node, (), _ABSENT)
        if isinstance(node, Pipe):
            return self._pipe(dot, node)
        if isinstance(node, Identifier):
            return self._function(dot, node.name, node, (), _ABSENT)
        return dot if isinstance(node, Dot) else self._natural(node)

    def _natural(self, node: Literal | Number | Nil) -> Any:
        """Return the value of a constant where any type will do."""
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Nil):
            return None
        if node.ideal is None:
            raise self._fail(node, "a number that overflows int")
        return node.ideal

    def _fields(
        self,
        dot: Any,
        node: Field | Variable | Chain,
        arguments: Sequence[Operand],
        final: Any,
    ) -> Any:
        given = arguments or final is not _ABSENT
        value = self._receiver(dot, node)
        if not node.names:
            if given:
                raise self._fail(node, "can't give arguments to what is no function")
            return value
        for name in node.names:
            if type(value) is dict and name in value:
                value = value[name]
            else:
                value = self._field(node, value, name)
        if isinstance(value, Method):
            return self._call_function(dot, value, node, arguments, final)
        if given:
            raise self._fail(node, f"{node.names[-1]} is not a method but has arguments")
        return value

    def _receiver(self, dot: Any, node: Field | Variable | Chain) -> Any:
        if isinstance(node, Field):
            return dot
        if isinstance(node, Variable):
            return next(value for name, value in reversed(self._variables) if name == node.name)
        if isinstance(node.node, Nil):
            raise self._fail(node, "indirection through explicit nil")
        value = self._plain(dot, node.node)
        return NO_VALUE if value is None else value

    def _field(self, node: Any, value: Any, name: str) -> Any:
        if isinstance(value, Method):
            value = self._call_function(NO_VALUE, value, node, (), _ABSENT)
        try:
            return field_of(value, name, self._missing_key)
        except ExpressionError as error:
            raise self._fail(node, error.message, error.hint) from None

    def _function(
        self, dot: Any, name: str, node: Any, arguments: Sequence[Operand], final: Any
    ) -> Any:
        function = self._functions[name]
        if name in _SHORT_CIRCUIT and (arguments or final is not _ABSENT):
            return self._decide(dot, arguments, final, decides=_SHORT_CIRCUIT[name])
        return self._call_function(dot, function, node, arguments, final)

    def _decide(self, dot: Any, arguments: Sequence[Operand], final: Any, *, decides: bool) -> Any:
        value: Any = NO_VALUE
        for argument in arguments:
            value = self._argument(dot, argument, Kind.ANY)
            if is_true(value) is decides:
                return value
        return value if final is _ABSENT else final

    def _call_function(
        self,
        dot: Any,
        function: Function,
        node: Any,
        arguments: Sequence[Operand],
        final: Any,
    ) -> Any:
        piped = final is not _ABSENT
        try:
            function.check_count(len(arguments) + piped)
        except ExpressionError as error:
            raise self._fail(node, error.message, error.hint) from None
        values = [
            self._typed(dot, argument, function, number)
            for number, argument in enumerate(arguments)
        ]
        try:
            if piped:
                given = None if final is NO_VALUE else final
                values.append(function.argument(len(arguments), given))
            return function.invoke(values, self._meter)
        except ExpressionError as error:
            raise self._fail(node, error.message, error.hint) from None

    def _typed(self, dot: Any, node: Operand, function: Function, number: int) -> Any:
        """Return an argument as the function takes it."""
        kind = function.parameter(number) or Kind.ANY
        if isinstance(node, Literal | Number | Nil):
            return self._constant(node, kind)
        value = self._plain(dot, node)
        if value is None and kind is not Kind.ANY:
            raise self._fail(
                node, f"wrong type for value; expected {kind.value}; got nil", "the value is null"
            )
        try:
            return function.argument(number, None if value is NO_VALUE else value)
        except ExpressionError as error:
            raise self._fail(node, error.message, error.hint) from None

    def _argument(self, dot: Any, node: Operand, kind: Kind) -> Any:
        if isinstance(node, Literal | Number | Nil):
            return self._constant(node, kind)
        value = self._plain(dot, node)
        return None if value is NO_VALUE else value

    def _constant(self, node: Literal | Number | Nil, kind: Kind) -> Any:
        if isinstance(node, Nil):
            if not kind.has_nil:
                raise self._fail(node, f"cannot assign nil to {kind.value}")
            return kind.empty()
        if kind is Kind.ANY:
            return self._natural(node)
        found: Any
        if isinstance(node, Number):
            found = _number(node, kind)
        else:
            found = node.value if kind.takes(node.value) else None
        if found is None:
            shown = self._text[node.offset : node.end]
            raise self._fail(node, f"expected {kind.value}; found {shown}")
        return found

    _STATEMENTS: ClassVar[Mapping[type[Statement], Callable[..., Break | Continue | None]]] = {
        Text: _text_statement,
        Action: _action,
        If: _if,
        With: _with,
        Range: _range,
        Call: _call,
        Break: _jump,
        Continue: _jump,
    }


def _number(node: Number, kind: Kind) -> int | float | None:
    if kind is Kind.FLOAT:
        return node.floating
    if node.integer is None or kind not in (Kind.INT, Kind.DURATION):
        return None
    return Duration(node.integer) if kind is Kind.DURATION else node.integer


def _key_order(key: Any) -> tuple[int, Any]:
    return (1, key) if isinstance(key, str) else (0, key)
