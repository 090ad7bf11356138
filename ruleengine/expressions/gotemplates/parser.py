"""Reads a template into its tree, as Go's ``text/template/parse`` does."""

from collections.abc import Callable, Collection
from typing import Final

from ruleengine.expressions.gotemplates import tokens
from ruleengine.expressions.gotemplates.cursor import Cursor
from ruleengine.expressions.gotemplates.nodes import (
    Action,
    Body,
    Break,
    Call,
    Continue,
    If,
    Pipe,
    Range,
    Statement,
    Text,
    Tree,
    With,
)
from ruleengine.expressions.gotemplates.pipelines import PipelineReader
from ruleengine.expressions.gotemplates.tokens import Token

_CONTROLS: Final[dict[str, type[If | With | Range]]] = {"if": If, "with": With, "range": Range}
_CHAINED: Final = {"if": ("if",), "with": ("with",), "range": ()}
"""Which controls may follow ``else`` in the same action."""


def parse(text: str, left: str, right: str, functions: Collection[str]) -> Tree:
    """Return the tree of a template. Raises ``ExpressionError``."""
    return _Parser(text, left, right, functions).tree()


class _Parser:
    """Reads one template and the templates that it defines."""

    def __init__(self, text: str, left: str, right: str, functions: Collection[str]) -> None:
        self._cursor = Cursor(text, left, right)
        self._pipelines = PipelineReader(self._cursor, functions)
        self._loops = 0
        self._templates: dict[str, Body] = {}

    def tree(self) -> Tree:
        cursor = self._cursor
        body: list[Statement] = []
        while cursor.peek().kind != tokens.END:
            keyword = cursor.keyword_of_action()
            if keyword in ("end", "else"):
                raise cursor.problem(
                    cursor.peek(), f"unexpected {{{{{keyword}}}}}", "nothing is open here"
                )
            if keyword == "define":
                self._define()
            else:
                body.append(self._statement())
        return Tree(tuple(body), self._templates, frozenset(self._pipelines.called))

    def _define(self) -> None:
        word = self._cursor.take_action()
        name = self._name("define clause")
        self._cursor.expect(tokens.RIGHT, "define clause")
        self._add(name, self._separate(word, "define clause"), word)

    def _name(self, context: str) -> str:
        token = self._cursor.take_word()
        if token.kind != tokens.STRING:
            hint = "write the name of a template in quotes"
            raise self._cursor.unexpected(token, context, hint)
        return token.value

    def _add(self, name: str, body: Body, word: Token) -> None:
        known = self._templates.get(name)
        if known is None or _is_blank(known):
            self._templates[name] = body
        elif not _is_blank(body):
            raise self._cursor.problem(word, f"multiple definition of template {name!r}")

    def _separate(self, word: Token, context: str) -> Body:
        """Read the body of a template of its own, which sees no variables from outside."""
        self._cursor.deeper(word)
        kept = self._pipelines.variables, self._loops
        self._pipelines.variables, self._loops = ["$"], 0
        body, closing = self._body(context)
        if closing == "else":
            raise self._cursor.problem(word, f"unexpected {{{{else}}}} in {context}")
        self._pipelines.variables, self._loops = kept
        self._cursor.shallower()
        return body

    def _body(self, context: str) -> tuple[Body, str]:
        """Read up to the ``end`` or ``else`` that closes a body, and say which it was."""
        cursor = self._cursor
        body: list[Statement] = []
        while True:
            if cursor.peek().kind == tokens.END:
                raise cursor.unexpected(cursor.peek(), context)
            keyword = cursor.keyword_of_action()
            if keyword in ("end", "else"):
                cursor.take_action()
                if keyword == "end":
                    cursor.expect(tokens.RIGHT, "end")
                return tuple(body), keyword
            body.append(self._statement())

    def _statement(self) -> Statement:
        cursor = self._cursor
        token = cursor.take()
        if token.kind == tokens.TEXT:
            return Text(token.value)
        word = cursor.peek_word()
        if word.kind != tokens.KEYWORD or word.value == "nil":
            return Action(self._pipelines.read("command"))
        cursor.take()
        readers: dict[str, Callable[[Token], Statement]] = {
            "if": self._control,
            "with": self._control,
            "range": self._control,
            "template": self._call,
            "block": self._block,
            "break": self._jump,
            "continue": self._jump,
        }
        if word.value not in readers:
            hint = "templates are defined at the top" if word.value == "define" else ""
            raise cursor.unexpected(word, "command", hint)
        return readers[word.value](word)

    def _control(self, word: Token) -> If | With | Range:
        self._cursor.deeper(word)
        kept = len(self._pipelines.variables)
        pipe = self._pipelines.read(word.value)
        is_loop = word.value == "range"
        self._loops += is_loop
        body, closing = self._body(word.value)
        self._loops -= is_loop
        otherwise = self._otherwise(word) if closing == "else" else ()
        del self._pipelines.variables[kept:]
        self._cursor.shallower()
        return _CONTROLS[word.value](pipe, body, otherwise)

    def _otherwise(self, word: Token) -> Body:
        cursor = self._cursor
        following = cursor.peek_word()
        if following.kind == tokens.KEYWORD and following.value in _CHAINED[word.value]:
            cursor.take()
            return (self._control(following),)
        cursor.expect(tokens.RIGHT, "else")
        body, closing = self._body(word.value)
        if closing == "else":
            raise cursor.problem(cursor.before(), "expected end; found {{else}}")
        return body

    def _call(self, word: Token) -> Call:
        name = self._name("template clause")
        pipe: Pipe | None = None
        if self._cursor.peek_word().kind == tokens.RIGHT:
            self._cursor.take()
        else:
            pipe = self._pipelines.read("template clause")
        return Call(name, pipe, word.offset, self._cursor.before().offset)

    def _block(self, word: Token) -> Call:
        name = self._name("block clause")
        pipe = self._pipelines.read("block clause")
        end = self._cursor.before().offset
        self._add(name, self._separate(word, "block clause"), word)
        return Call(name, pipe, word.offset, end)

    def _jump(self, word: Token) -> Break | Continue:
        self._cursor.expect(tokens.RIGHT, word.value)
        if not self._loops:
            raise self._cursor.problem(word, f"{{{{{word.value}}}}} outside {{{{range}}}}")
        return Break() if word.value == "break" else Continue()


def _is_blank(body: Body) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in body)
