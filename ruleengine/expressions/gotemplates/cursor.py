"""Walks the tokens of one template, and says what is unexpected where."""

from ruleengine.expressions.gotemplates import tokens
from ruleengine.expressions.gotemplates.problems import problem
from ruleengine.expressions.gotemplates.tokens import Lexer, Token
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError


class Cursor:
    """The place in the tokens of one template."""

    def __init__(self, text: str, left: str, right: str) -> None:
        self._text = text
        self._tokens = list(Lexer(text, left, right).tokens())
        self._next = 0
        self._depth = 0

    def peek(self) -> Token:
        """Return the next token, which stays the next."""
        return self._tokens[self._next]

    def take(self) -> Token:
        """Return the next token and go on; the last one is never passed."""
        token = self._tokens[self._next]
        if token.kind != tokens.END:
            self._next += 1
        return token

    def back(self) -> Token:
        """Go back by one token, and return it."""
        self._next -= 1
        return self._tokens[self._next]

    def before(self) -> Token:
        """Return the token that was taken last."""
        return self._tokens[self._next - 1]

    def peek_word(self) -> Token:
        """Return the next token that is no space; spaces before it are passed."""
        while self._tokens[self._next].kind == tokens.SPACE:
            self._next += 1
        return self._tokens[self._next]

    def take_word(self) -> Token:
        """Return the next token that is no space and go on."""
        self.peek_word()
        return self.take()

    def keyword_of_action(self) -> str:
        """Return the keyword that the action begins with which comes next, or an empty text."""
        if self.peek().kind != tokens.LEFT:
            return ""
        at = self._next + 1
        while self._tokens[at].kind == tokens.SPACE:
            at += 1
        found = self._tokens[at]
        return found.value if found.kind == tokens.KEYWORD else ""

    def take_action(self) -> Token:
        """Take the opening delimiter and the keyword of an action; return the keyword."""
        self.take()
        return self.take_word()

    def expect(self, kind: str, context: str) -> Token:
        """Take a token of a kind. Raises ``ExpressionError`` where another comes next."""
        token = self.take_word()
        if token.kind != kind:
            raise self.unexpected(token, context)
        return token

    def deeper(self, token: Token) -> None:
        """Go one level deeper. Raises ``ExpressionError`` where that is too deep."""
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self.problem(token, f"the template nests deeper than {DEEPEST_NESTING}")

    def shallower(self) -> None:
        """Come back from one level."""
        self._depth -= 1

    def shown(self, start: int, end: int) -> str:
        """Return a piece of the template for a message."""
        return self._text[start:end]

    def problem(self, token: Token, message: str, hint: str = "") -> ExpressionError:
        """Return the error for the place of a token."""
        return problem(self._text, token.offset, message, hint)

    def unexpected(self, token: Token, context: str, hint: str = "") -> ExpressionError:
        """Return the error for a token that does not belong here."""
        if token.kind == tokens.END:
            return self.problem(token, f"unexpected EOF in {context}", hint or "write {{end}}")
        shown = self.shown(token.offset, token.end)
        hint = hint or "an action is a command, or commands with pipes between them"
        return self.problem(token, f"unexpected <{shown}> in {context}", hint)
