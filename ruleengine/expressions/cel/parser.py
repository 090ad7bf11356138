"""Reads CEL into nodes, macros included."""

from typing import Final

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
from ruleengine.expressions.cel.tokens import Token, tokens
from ruleengine.expressions.cel.values import Uint
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError

_BINARY: Final = {
    "==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "in": 1,
    "+": 2, "-": 2,
    "*": 3, "/": 3, "%": 3,
}  # fmt: skip
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_RESERVED: Final = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "in"),
        *("let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
_MACROS: Final[dict[tuple[str, int], int]] = {
    ("all", 2): 1,
    ("exists", 2): 1,
    ("exists_one", 2): 1,
    ("filter", 2): 1,
    ("map", 2): 1,
    ("map", 3): 1,
    ("sortBy", 2): 1,
    ("optMap", 2): 1,
    ("optFlatMap", 2): 1,
    ("all", 3): 2,
    ("exists", 3): 2,
    ("exists_one", 3): 2,
    ("existsOne", 3): 2,
    ("transformList", 3): 2,
    ("transformList", 4): 2,
    ("transformMap", 3): 2,
    ("transformMap", 4): 2,
    ("transformMapEntry", 3): 2,
    ("transformMapEntry", 4): 2,
}
"""Macros by name and number of arguments, and how many of these are variables."""

_LONGEST_CHAIN: Final = 150
_LARGEST: Final = 2**63
_OPERATOR_HINT: Final = "write an operator before it, or close what was opened"


def parse(text: str) -> Node:
    """Return the tree of an expression. Raises ``ExpressionError``."""
    parser = _Parser(text)
    node = parser.expression()
    parser.end()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._place = 0
        self._depth = 0

    # Reading tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._tokens[self._place]
        self._place += token.kind != "end"
        return token

    def _is(self, text: str) -> bool:
        token = self._next
        return token.text == text and token.kind in ("operator", "name")

    def _accept(self, text: str) -> bool:
        found = self._is(text)
        self._place += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            hint = "close what was opened" if text in (")", "]", "}") else f"write {text}"
            raise self._error(f"{text} is expected here", self._next.at, hint)

    def _error(self, message: str, at: int, hint: str = "") -> ExpressionError:
        return ExpressionError(message, offset=at, text=self._text, hint=hint)

    def end(self) -> None:
        if self._next.kind != "end":
            raise self._error(
                f"{self._next.text} is not expected here", self._next.at, _OPERATOR_HINT
            )

    # Expressions

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self._error("the expression nests too deeply", self._next.at)
        node = self._logic("||")
        if self._is("?"):
            at = self._take().at
            yes = self._logic("||")
            self._expect(":")
            node = Condition(node, yes, self.expression(), at)
        self._depth -= 1
        return node

    def _logic(self, operator: str) -> Node:
        conjunction = operator == "&&"
        node = self._binary(1) if conjunction else self._logic("&&")
        if not self._is(operator):
            return node
        at = self._next.at
        parts = [node]
        while self._accept(operator):
            parts.append(self._binary(1) if conjunction else self._logic("&&"))
        return Logic(tuple(parts), conjunction, at)

    def _binary(self, lowest: int) -> Node:
        node = self._unary()
        chain = 0
        while (rank := _BINARY.get(self._next.text, 0)) >= lowest and self._next.kind != "text":
            token = self._take()
            chain += 1
            if chain > _LONGEST_CHAIN:
                raise self._error(
                    "too many operators in a row", token.at, "put parentheses around some"
                )
            right = self._binary(rank + 1)
            node = Call(token.text, None, (node, right), token.at)
        return node

    def _unary(self) -> Node:
        token = self._next
        count = 0
        while token.kind == "operator" and self._is(token.text) and token.text in "!-":
            self._take()
            count += 1
        if not count:
            return self._member()
        if token.text == "-" and self._next.kind == "number":
            count -= 1
            node = self._member(negative=True)
        else:
            node = self._member()
        return Call(token.text, None, (node,), token.at) if count % 2 else node

    def _member(self, *, negative: bool = False) -> Node:
        node = self._number(negative=negative) if negative else self._primary()
        for _ in range(_LONGEST_CHAIN):
            if self._is("."):
                node = self._select(node)
            elif self._is("["):
                at = self._take().at
                optional = self._accept("?")
                key = self.expression()
                self._expect("]")
                node = Index(node, key, optional, at)
            else:
                return node
        raise self._error("too many steps in a row", self._next.at)

    def _select(self, node: Node) -> Node:
        self._take()
        optional = self._accept("?")
        token = self._take()
        if token.kind != "name" or token.text in ("in", *_CONSTANTS):
            raise self._error("the name of a field is expected here", token.at, "write self.name")
        if optional or not self._is("("):
            return Select(node, token.text, optional, token.at)
        arguments = self._arguments()
        if (token.text, len(arguments)) in _MACROS:
            return self._macro(token, node, arguments)
        return Call(token.text, node, arguments, token.at)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        found: list[Node] = []
        while not self._accept(")"):
            found.append(self.expression())
            if not self._is(")"):
                self._expect(",")
                if self._is(")"):
                    raise self._error(
                        "an argument is expected here", self._next.at, "take the comma out"
                    )
        return tuple(found)

    def _macro(self, token: Token, node: Node, arguments: tuple[Node, ...]) -> Node:
        count = _MACROS[token.text, len(arguments)]
        names: list[str] = []
        for argument in arguments[:count]:
            if not isinstance(argument, Name):
                raise self._error(
                    "a variable is expected here", argument.at, "as in list.all(x, x > 0)"
                )
            names.append(argument.name)
        if len(set(names)) < len(names):
            raise self._error("the two variables need different names", arguments[1].at)
        return Loop(token.text, node, tuple(names), arguments[count:], token.at)

    # Primaries

    def _primary(self) -> Node:
        token = self._next
        if token.kind == "number":
            return self._number(negative=False)
        if token.kind == "text":
            self._take()
            return Literal(token.value, token.at)
        if token.kind == "name" or self._accept("."):
            return self._name()
        if token.kind == "end":
            raise self._error("the expression ends too early", token.at, "write a value")
        return self._bracketed(self._take())

    def _bracketed(self, token: Token) -> Node:
        if token.text == "(":
            node = self.expression()
            self._expect(")")
            return node
        if token.text == "[":
            return self._list(token.at)
        if token.text == "{":
            return self._map(token.at)
        raise self._error(f"{token.text} is not expected here", token.at, "write a value")

    def _number(self, *, negative: bool) -> Node:
        token = self._take()
        value = token.value
        if negative:
            if type(value) is Uint:
                raise self._error(
                    "an unsigned number has no sign", token.at, "take the u or the sign out"
                )
            value = -value
        if type(value) is int and value >= _LARGEST:
            raise self._error("the number is too large", token.at, "write a double, with a point")
        return Literal(value, token.at)

    def _name(self) -> Node:
        token = self._take()
        if token.kind != "name":
            raise self._error("a name is expected here", token.at, "names begin with a letter")
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.at)
        if token.text in _RESERVED:
            raise self._error(
                f"{token.text} is a reserved word", token.at, f"write __{token.text}__"
            )
        if self._is("{"):
            raise self._error("messages cannot be made here", self._next.at, "write a map")
        if not self._is("("):
            return Name(token.text, token.at)
        arguments = self._arguments()
        if token.text == "has" and len(arguments) == 1:
            field = arguments[0]
            if not isinstance(field, Select) or field.optional:
                raise self._error("has() takes a field", token.at, "write has(self.name)")
            return Has(field.operand, field.field, field.at)
        return Call(token.text, None, arguments, token.at)

    def _list(self, at: int) -> Node:
        elements: list[Node] = []
        optional: list[bool] = []
        while not self._accept("]"):
            optional.append(self._accept("?"))
            elements.append(self.expression())
            if not self._is("]"):
                self._expect(",")
        return ListOf(tuple(elements), tuple(optional), at)

    def _map(self, at: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        optional: list[bool] = []
        while not self._accept("}"):
            optional.append(self._accept("?"))
            key = self.expression()
            self._expect(":")
            entries.append((key, self.expression()))
            if not self._is("}"):
                self._expect(",")
        return MapOf(tuple(entries), tuple(optional), at)
