"""Reads what stands inside of actions: pipelines, their commands and operands."""

from collections.abc import Callable, Collection
from typing import Final

from ruleengine.expressions.gotemplates import numbers, tokens
from ruleengine.expressions.gotemplates.cursor import Cursor
from ruleengine.expressions.gotemplates.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Literal,
    Nil,
    Number,
    Operand,
    Pipe,
    Variable,
)
from ruleengine.expressions.gotemplates.tokens import Token


class PipelineReader:
    """Reads pipelines, and knows which variables and functions they may name."""

    def __init__(self, cursor: Cursor, functions: Collection[str]) -> None:
        self._cursor = cursor
        self._functions = functions
        self.variables = ["$"]
        self.called: set[str] = set()

    def read(self, context: str, *, in_parentheses: bool = False) -> Pipe:
        """Return the pipeline up to what closes it. Raises ``ExpressionError``."""
        cursor = self._cursor
        start = cursor.peek_word()
        variables, assigns = self._declaration(context)
        commands: list[Command] = []
        while True:
            token = cursor.peek_word()
            if (token.is_sign(")") and in_parentheses) or token.kind == tokens.RIGHT:
                break
            if not _begins_operand(token):
                raise cursor.unexpected(token, context)
            commands.append(self._command())
        cursor.take()
        self._check(commands, token, context)
        if not assigns:
            self.variables.extend(variables)
        return Pipe(tuple(commands), variables, assigns, start.offset, token.offset)

    def _check(self, commands: list[Command], token: Token, context: str) -> None:
        if not commands:
            raise self._cursor.problem(
                token, f"missing value for {context}", "write a value, a field or a function"
            )
        for number, command in enumerate(commands[1:], start=2):
            first = command.operands[0]
            if isinstance(first, Literal | Number | Dot | Nil):
                raise self._cursor.problem(
                    Token(tokens.WORD, "", first.offset, first.end),
                    f"non executable command in pipeline stage {number}",
                    "only functions, fields and variables can take a piped value",
                )

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        """Read the variables that take the pipeline; say whether they exist already."""
        cursor = self._cursor
        names: list[Token] = []
        while cursor.peek_word().kind == tokens.VARIABLE:
            variable = cursor.take()
            spaces = cursor.peek().kind == tokens.SPACE
            sign = cursor.peek_word()
            if not (sign.is_sign(":=") or sign.is_sign("=") or sign.is_sign(",")):
                if spaces:
                    cursor.back()
                cursor.back()
                break
            cursor.take()
            names.append(variable)
            if not sign.is_sign(","):
                assigns = sign.is_sign("=")
                for name in names if assigns else ():
                    self._known(name)
                return tuple(name.value for name in names), assigns
            if context != "range" or len(names) == 2:
                raise cursor.problem(variable, f"too many declarations in {context}")
        if names:
            raise cursor.unexpected(cursor.peek_word(), context, "a variable is followed by :=")
        return (), False

    def _known(self, token: Token) -> None:
        if token.value not in self.variables:
            raise self._cursor.problem(
                token,
                f"undefined variable {token.value!r}",
                f"declare it with {token.value} := ... before, in the same block or around it",
            )

    def _command(self) -> Command:
        cursor = self._cursor
        start = cursor.peek_word()
        operands: list[Operand] = []
        while True:
            cursor.peek_word()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = cursor.take()
            if token.kind == tokens.SPACE:
                continue
            if token.kind == tokens.RIGHT or token.is_sign(")"):
                cursor.back()
            elif not token.is_sign("|"):
                raise cursor.unexpected(token, "operand", "put spaces between the arguments")
            if not operands:
                raise cursor.problem(token, "empty command")
            return Command(tuple(operands), start.offset, token.offset)

    def _operand(self) -> Operand | None:
        cursor = self._cursor
        node = self._term()
        token = cursor.peek()
        if node is None or token.kind != tokens.FIELD:
            return node
        names: list[str] = []
        while cursor.peek().kind == tokens.FIELD:
            names.append(cursor.take().value[1:])
        end = cursor.before().end
        match node:
            case Field():
                return Field((*node.names, *names), node.offset, end)
            case Variable():
                return Variable(node.name, (*node.names, *names), node.offset, end)
            case Literal() | Number() | Nil() | Dot():
                shown = cursor.shown(node.offset, node.end)
                raise cursor.problem(token, f"unexpected . after term {shown!r}")
        return Chain(node, tuple(names), node.offset, end)

    def _term(self) -> Operand | None:
        cursor = self._cursor
        token = cursor.peek_word()
        if not _begins_operand(token):
            return None
        cursor.take()
        if token.is_sign("("):
            cursor.deeper(token)
            pipe = self.read("parenthesized pipeline", in_parentheses=True)
            cursor.shallower()
            return Pipe(pipe.commands, pipe.variables, pipe.assigns, token.offset, pipe.end + 1)
        if token.kind == tokens.WORD:
            self._check_function(token)
        elif token.kind == tokens.VARIABLE:
            self._known(token)
        try:
            return _TERMS[token.kind](token)
        except ValueError as error:
            raise cursor.problem(token, str(error)) from None

    def _check_function(self, token: Token) -> None:
        if token.value in ("true", "false"):
            return
        self.called.add(token.value)
        if token.value not in self._functions:
            raise self._cursor.problem(
                token, f"function {token.value!r} not defined", _near(token.value, self._functions)
            )


def _begins_operand(token: Token) -> bool:
    if token.kind == tokens.SIGN:
        return token.value in (".", "(")
    return token.kind in _TERMS and (token.kind != tokens.KEYWORD or token.value == "nil")


def _near(name: str, names: Collection[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else "a field of the data is written .name"


def _word(token: Token) -> Operand:
    if token.value in ("true", "false"):
        return Literal(token.value == "true", token.offset, token.end)
    return Identifier(token.value, token.offset, token.end)


def _number(token: Token) -> Operand:
    return Number(*numbers.read(token.value), token.offset, token.end)


def _character(token: Token) -> Operand:
    code = int(token.value)
    return Number(code, code, float(code), token.offset, token.end)


_TERMS: Final[dict[str, Callable[[Token], Operand]]] = {
    tokens.STRING: lambda token: Literal(token.value, token.offset, token.end),
    tokens.NUMBER: _number,
    tokens.CHARACTER: _character,
    tokens.VARIABLE: lambda token: Variable(token.value, (), token.offset, token.end),
    tokens.FIELD: lambda token: Field((token.value[1:],), token.offset, token.end),
    tokens.WORD: _word,
    tokens.KEYWORD: lambda token: Nil(token.offset, token.end),
    tokens.SIGN: lambda token: Dot(token.offset, token.end),
}
