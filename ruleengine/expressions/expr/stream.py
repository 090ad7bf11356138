"""Tokens read one after the other, and what is said where the wrong one stands."""

from typing import Final

from ruleengine.expressions.expr.tokens import Kind, Token, tokenize
from ruleengine.expressions.language import ExpressionError

_HINTS: Final = {
    "=": "compare with ==",
    "end": "the expression stops too early",
    "{": "a map needs keys: {key: value}",
    "#": "it is the item within filter(...), map(...) and their like",
}
_HINT: Final = "write an operator before it, or put texts in quotes"


class Stream:
    """The tokens of one text; ``now`` is the one that is looked at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._at = 0
        self.now = self._tokens[0]

    @property
    def following(self) -> Token:
        """Return the token behind the one that is looked at."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    @property
    def previous(self) -> Token:
        """Return the token before the one that is looked at."""
        return self._tokens[self._at - 1]

    def advance(self) -> Token:
        """Go to the next token and return this one."""
        token = self.now
        self._at += 1
        self.now = self._tokens[self._at]
        return token

    def at(self, value: str) -> bool:
        """Return whether this operator or bracket stands here."""
        return self.now.value == value and self.now.kind in {Kind.OPERATOR, Kind.BRACKET}

    def take(self, value: str) -> bool:
        """Go past a token where it is this one."""
        found = self.at(value)
        if found:
            self.advance()
        return found

    def expect(self, value: str) -> None:
        """Go past a token that must stand here. Raises ``ExpressionError``."""
        if not self.take(value):
            raise self.unexpected(f"'{value}'")

    def name(self, what: str) -> Token:
        """Go past a name that must stand here, and return it. Raises ``ExpressionError``."""
        if self.now.kind is not Kind.NAME:
            raise self.unexpected(what)
        return self.advance()

    def unexpected(self, wanted: str = "") -> ExpressionError:
        """Return the error that the token here does not fit."""
        end = self.now.kind is Kind.END
        instead = f", {wanted} should stand here" if wanted else ""
        hint = _HINTS.get("end" if end else self.now.value, _HINT)
        return self.error(f"unexpected {self.now}{instead}", hint)

    def error(self, message: str, hint: str = "") -> ExpressionError:
        """Return an error at the token here."""
        return ExpressionError(message, offset=self.now.offset, text=self.text, hint=hint)
