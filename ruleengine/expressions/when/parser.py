"""From tokens to functions: operators of one precedence in a row become one loop.

So evaluation nests only as deeply as parentheses and precedences do, and a condition of
ten thousand terms is no deeper than one of two.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from ruleengine.expressions import regular
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError, Meter
from ruleengine.expressions.when.operators import LEVELS, LISTS, PREFIXES, Operator, is_number
from ruleengine.expressions.when.tokens import QUOTE_HINT, Kind, Lexer, Token, hint_about

Environment = Mapping[str, Any]
Node = Callable[[Environment, Meter], Any]

_OPERATORS: Final = {
    symbol: (level, apply) for level, row in enumerate(LEVELS) for symbol, apply in row.items()
}


class Parser:
    """Reads one condition. ``bare_words`` makes texts of words, as ``when`` wants it."""

    def __init__(self, text: str, *, bare_words: bool) -> None:
        self._text = text
        self._bare_words = bare_words
        self._tokens = Lexer(text).tokens()
        self._at = 0
        self._depth = 0
        self.names: list[str] = []

    def parse(self) -> Node:
        """Return the whole condition as a function. Raises ``ExpressionError``."""
        node = self._level(0)
        if not self._is(Kind.END):
            raise self._unexpected("an operator")
        return node

    def _next(self) -> Token:
        return self._tokens[self._at]

    def _is(self, kind: Kind) -> bool:
        return self._tokens[self._at].kind is kind

    def _level(self, least: int) -> Node:
        """Return the operand here and all operators after it that bind at least so tightly."""
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self._error(f"the condition nests deeper than {DEEPEST_NESTING}")
        node = self._operand()
        while self._is(Kind.OPERATOR):
            level, _ = _OPERATORS[self._next().value]
            if level < least:
                break
            node = self._row(node, level)
        self._depth -= 1
        return node

    def _row(self, first: Node, level: int) -> Node:
        """Return a row of operators of one level as one function."""
        rest: list[tuple[Operator, Node, int]] = []
        while self._is(Kind.OPERATOR) and self._next().value in LEVELS[level]:
            token = self._next()
            self._at += 1
            if token.value in {"=~", "!~"} and (self._is(Kind.TEXT) or self._is(Kind.WORD)):
                self._check_pattern()
            rest.append((LEVELS[level][token.value], self._level(level + 1), token.offset))
        text = self._text

        def evaluate(env: Environment, meter: Meter) -> Any:
            value = first(env, meter)
            if level == LISTS and isinstance(value, list):
                value = list(value)  # what a variable holds does not grow
            for apply, right, offset in rest:
                try:
                    value = apply(value, partial(right, env, meter), meter)
                except ExpressionError as error:
                    raise _located(error, offset, text) from None
            return value

        return evaluate

    def _check_pattern(self) -> None:
        """Refuse a broken pattern now, even where it would never be asked for."""
        token = self._next()
        if token.kind is Kind.WORD and not self._bare_words:
            return
        try:
            regular.compile(token.value)
        except ExpressionError as error:
            raise self._error(f"broken pattern: {error.message}", error.hint) from None

    def _operand(self) -> Node:
        token = self._next()
        self._at += 1
        match token.kind:
            case Kind.NUMBER | Kind.BOOLEAN | Kind.TEXT:
                return _constant(token.value)
            case Kind.WORD:
                return _constant(token.value) if self._bare_words else self._variable(token)
            case Kind.OPEN:
                return self._inside()
            case Kind.PREFIX:
                return self._prefixed(token)
        self._at -= 1
        raise self._unexpected("a value")

    def _inside(self) -> Node:
        if self._is(Kind.CLOSE):
            self._at += 1
            return _constant(None)
        node = self._level(0)
        if not self._is(Kind.CLOSE):
            raise self._unexpected("an operator or ')'")
        self._at += 1
        return node

    def _prefixed(self, sign: Token) -> Node:
        textual = self._is(Kind.TEXT) or (self._is(Kind.WORD) and self._bare_words)
        if textual:
            raise self._error(f"'{sign.value}' cannot stand before a text", QUOTE_HINT)
        apply, operand, text = PREFIXES[sign.value], self._operand(), self._text

        def evaluate(env: Environment, meter: Meter) -> Any:
            value = operand(env, meter)
            try:
                return apply(value)
            except ExpressionError as error:
                raise _located(error, sign.offset, text) from None

        return evaluate

    def _variable(self, token: Token) -> Node:
        name, text = token.value, self._text
        self.names.append(name)

        def look_up(env: Environment, _meter: Meter) -> Any:
            try:
                value = env[name]
            except KeyError:
                raise ExpressionError(
                    f"no parameter '{name}'",
                    offset=token.offset,
                    text=text,
                    hint="name it among the fields, or put it in quotes if it is a text",
                ) from None
            return float(value) if is_number(value) else value

        return look_up

    def _unexpected(self, wanted: str) -> ExpressionError:
        missing = self._is(Kind.END)
        hint = "write what is missing" if missing else hint_about(self._next().value)
        return self._error(f"{self._next()} where {wanted} should stand", hint)

    def _error(self, message: str, hint: str = "") -> ExpressionError:
        return ExpressionError(message, offset=self._next().offset, text=self._text, hint=hint)


def _located(error: ExpressionError, offset: int, text: str) -> ExpressionError:
    """Return an error with a place in the condition: its own, or that of the operator."""
    if error.text == text:
        return error
    return ExpressionError(error.message, offset=offset, text=text, hint=error.hint)


def _constant(value: Any) -> Node:
    return lambda _env, _meter: value
