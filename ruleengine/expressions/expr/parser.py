"""From tokens to a tree, with the precedences of expr-lang.

Steps behind a value (``.name``, ``[key]``, ``(arguments)``) become one node, so that a long
path is no deep tree. What nests is counted, so no text can exhaust the stack.
"""

from typing import Final

from ruleengine.expressions.expr.functions import BUILTINS
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
    Pointer,
    Predicate,
    Sequence,
    Slice,
    Step,
    Unary,
    Variable,
)
from ruleengine.expressions.expr.signatures import CLOCK, PREDICATES, Part
from ruleengine.expressions.expr.stream import Stream
from ruleengine.expressions.expr.tokens import Kind, Token
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError

_UNARY: Final = {"not": 50, "!": 1000, "-": 90, "+": 90}

_BINARY: Final = {
    "|": 0,
    "or": 10,
    "||": 10,
    "and": 15,
    "&&": 15,
    **dict.fromkeys(("==", "!=", "<", ">", ">=", "<="), 20),
    **dict.fromkeys(("in", "matches", "contains", "startsWith", "endsWith"), 20),
    "..": 25,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "%": 60,
    "**": 100,
    "^": 100,
    "??": 500,
}
_RIGHT: Final = frozenset({"**", "^"})
_NEGATED: Final = frozenset(
    {"in", "matches", "contains", "startsWith", "endsWith", "==", "!=", "<", ">", ">=", "<="}
)
"""Operators that ``not`` may stand before; the newer dialect allows the words only."""

_CHAINED: Final = frozenset({"<", ">", ">=", "<="})
_SYNONYMS: Final = {"or": "||", "and": "&&", "^": "**", "not": "!"}
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}


class Parser:
    """Reads one expression."""

    def __init__(self, text: str) -> None:
        self._stream = Stream(text)
        self._depth = 0
        self._predicates = 0

    def parse(self) -> Node:
        """Return the tree of the whole text. Raises ``ExpressionError``."""
        node = self._sequence()
        if self._stream.now.kind is not Kind.END:
            raise self._stream.unexpected()
        return node

    def _sequence(self) -> Node:
        first = self._expression()
        nodes = [first]
        while self._stream.take(";"):
            if self._stream.now.kind is Kind.END:
                break
            nodes.append(self._expression())
        return first if len(nodes) == 1 else Sequence(first.offset, nodes)

    def _expression(self, least: int = 0) -> Node:
        """Return what stands here and the operators after it that bind at least so tightly."""
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self._stream.error(f"the expression nests deeper than {DEEPEST_NESTING}")
        if least == 0 and self._stream.at("let"):
            node = self._let()
        elif least == 0 and self._stream.at("if"):
            node = self._if()
        else:
            node = self._operators(self._primary(), least)
            while least == 0 and self._stream.at("?"):
                node = self._ternary(node)
        self._depth -= 1
        return node

    def _operators(self, node: Node, least: int) -> Node:
        previous = ""
        while self._stream.now.kind is Kind.OPERATOR:
            token = self._stream.now
            negated = token.value == "not"
            if negated:
                token = self._stream.following
                if token.kind is not Kind.OPERATOR or token.value not in _NEGATED:
                    self._stream.advance()
                    raise self._stream.unexpected("an operator that 'not' can turn around")
            level = _BINARY.get(token.value, -1)
            if level < least:
                break
            if negated:
                self._stream.advance()
            self._stream.advance()
            if previous == "??" and token.value not in {"??", "|"}:
                raise self._mixed(token)
            node = self._joined(node, token, level)
            if negated:
                node = Unary(token.offset, "!", node)
            previous = token.value
        return node

    def _joined(self, left: Node, token: Token, level: int) -> Node:
        symbol = _SYNONYMS.get(token.value, token.value)
        if symbol == "|":
            return self._piped(left)
        if symbol in _CHAINED:
            return self._comparisons(left, token, level)
        right = self._expression(level if token.value in _RIGHT else level + 1)
        return Binary(token.offset, symbol, left, right)

    def _piped(self, left: Node) -> Node:
        name = self._stream.name("the name of a function")
        self._depth += 1  # each pipe wraps what stands before it once more
        node = self._behind(self._call(name, [left]))
        self._depth -= 1
        return node

    def _comparisons(self, left: Node, token: Token, level: int) -> Node:
        """Return ``a < b < c`` as ``a < b && b < c``."""
        whole: Node | None = None
        while True:
            right = self._expression(level + 1)
            one = Binary(token.offset, token.value, left, right)
            whole = one if whole is None else Binary(token.offset, "&&", whole, one)
            token = self._stream.now
            if token.kind is not Kind.OPERATOR or token.value not in _CHAINED:
                return whole
            self._stream.advance()
            left = right

    def _mixed(self, token: Token) -> ExpressionError:
        return ExpressionError(
            f"'{token.value}' and '??' stand side by side",
            offset=token.offset,
            text=self._stream.text,
            hint="put parentheses around one of them",
        )

    def _ternary(self, condition: Node) -> Node:
        offset = self._stream.advance().offset
        if self._stream.take(":"):
            return Conditional(offset, condition, condition, self._expression())
        then = self._expression()
        self._stream.expect(":")
        return Conditional(offset, condition, then, self._expression())

    def _let(self) -> Node:
        offset = self._stream.now.offset
        variables: list[Variable] = []
        while self._stream.take("let"):
            name = self._stream.name("the name of a variable")
            self._stream.expect("=")
            variables.append(Variable(name.offset, name.value, self._expression()))
            self._stream.expect(";")
        return Let(offset, variables, self._sequence())

    def _if(self) -> Node:
        offset = self._stream.advance().offset
        condition = self._expression()
        then = self._braced()
        self._stream.expect("else")
        otherwise = self._expression() if self._stream.at("if") else self._braced()
        return Conditional(offset, condition, then, otherwise)

    def _braced(self) -> Node:
        self._stream.expect("{")
        node = self._sequence()
        self._stream.expect("}")
        return node

    def _primary(self) -> Node:
        token = self._stream.now
        if token.kind is Kind.OPERATOR:
            if token.value in _UNARY:
                self._stream.advance()
                operand = self._expression(_UNARY[token.value])
                symbol = _SYNONYMS.get(token.value, token.value)
                return self._behind(Unary(token.offset, symbol, operand))
            if token.value == "::":
                self._stream.advance()
                return self._behind(self._call(self._stream.name("the name of a function"), []))
            if self._predicates and token.value in {"#", "."}:
                return self._behind(self._pointer())
        if token.kind is Kind.BRACKET and token.value == "(":
            self._stream.advance()
            node = self._sequence()
            self._stream.expect(")")
            return self._behind(node)
        return self._secondary()

    def _pointer(self) -> Node:
        offset = self._stream.now.offset
        name = ""
        if self._stream.take("#") and self._stream.now.kind is Kind.NAME:
            if self._stream.now.value not in {"acc", "index"}:
                name = self._stream.now.value
                raise self._stream.error(f"'#{name}' is unknown", "it is #, #acc or #index")
            name = self._stream.advance().value
        return Pointer(offset, name)

    def _secondary(self) -> Node:
        token = self._stream.now
        match token.kind:
            case Kind.NUMBER:
                self._stream.advance()
                return Constant(token.offset, token.value)
            case Kind.TEXT | Kind.BYTES:
                self._stream.advance()
                return self._behind(Constant(token.offset, token.value))
            case Kind.NAME:
                return self._named()
            case Kind.BRACKET if token.value == "[":
                return self._behind(self._array())
            case Kind.BRACKET if token.value == "{":
                return self._behind(self._map())
        raise self._stream.unexpected()

    def _named(self) -> Node:
        token = self._stream.advance()
        if token.value in _CONSTANTS:
            return Constant(token.offset, _CONSTANTS[token.value])
        if self._stream.at("("):
            return self._behind(self._call(token, []))
        return self._behind(Name(token.offset, token.value))

    def _array(self) -> Node:
        offset = self._stream.advance().offset
        return Array(offset, self._list("]"))

    def _list(self, closing: str) -> list[Node]:
        """Return the expressions up to a closing bracket; a last comma is allowed."""
        nodes: list[Node] = []
        while not self._stream.at(closing):
            nodes.append(self._expression())
            if not self._stream.take(","):
                break
        self._stream.expect(closing)
        return nodes

    def _map(self) -> Node:
        offset = self._stream.advance().offset
        pairs: list[tuple[Node, Node]] = []
        while not self._stream.at("}"):
            key = self._key()
            self._stream.expect(":")
            pairs.append((key, self._expression()))
            if not self._stream.take(","):
                break
        self._stream.expect("}")
        return Map(offset, pairs)

    def _key(self) -> Node:
        token = self._stream.now
        if self._stream.at("("):
            return self._expression()
        if token.kind not in {Kind.NUMBER, Kind.TEXT, Kind.NAME}:
            raise self._stream.unexpected("a key: a name, a text, a number or (an expression)")
        self._stream.advance()
        end = self._stream.previous.offset
        number = token.kind is Kind.NUMBER
        written = (
            self._stream.text[end : self._stream.now.offset].strip() if number else token.value
        )
        return Constant(token.offset, written)

    def _behind(self, base: Node) -> Node:
        """Return a value with the steps that follow it."""
        steps: list[Step] = []
        while self._stream.now.kind in {Kind.OPERATOR, Kind.BRACKET}:
            token = self._stream.now
            if token.value in {".", "?."}:
                self._stream.advance()
                optional = token.value == "?."
                if optional and self._stream.at("["):
                    steps.append(self._indexed(optional=True))
                else:
                    steps += self._member(optional)
            elif token.value == "[":
                steps.append(self._indexed(optional=False))
            else:
                break
        if not steps:
            return base
        if isinstance(base, Path):  # parentheses do not end an optional chain
            return Path(base.offset, base.base, base.steps + steps)
        return Path(base.offset, base, steps)

    def _member(self, optional: bool) -> list[Step]:
        token = self._stream.now
        if token.kind is not Kind.NAME and not (
            token.kind is Kind.OPERATOR and token.value.isalpha()
        ):
            raise self._stream.unexpected("a name")
        self._stream.advance()
        member = Member(token.offset, Constant(token.offset, token.value), optional)
        if not self._stream.take("("):
            return [member]
        return [member, Call(token.offset, self._list(")"))]

    def _indexed(self, *, optional: bool) -> Step:
        offset = self._stream.advance().offset
        start = None if self._stream.at(":") else self._expression()
        if not self._stream.take(":"):
            if start is None:
                raise self._stream.unexpected("a key")
            self._stream.expect("]")
            return Member(offset, start, optional)
        end = None if self._stream.at("]") else self._expression()
        self._stream.expect("]")
        return Slice(offset, start, end)

    def _call(self, name: Token, arguments: list[Node]) -> Node:
        """Return a call; its first arguments may be there already, from a pipe."""
        self._stream.expect("(")
        if name.value in PREDICATES:
            return self._with_predicate(name, arguments)
        arguments = arguments + self._list(")")
        if name.value in BUILTINS or name.value == CLOCK:
            return Builtin(name.offset, name.value, arguments)
        return Path(name.offset, Name(name.offset, name.value), [Call(name.offset, arguments)])

    def _with_predicate(self, name: Token, arguments: list[Node]) -> Node:
        for part in PREDICATES[name.value][len(arguments) :]:
            if self._stream.at(")"):
                if part.optional:
                    break
                raise self._stream.error(f"'{name.value}' needs {part.what}")
            if arguments and self._stream.previous.value != "(":
                self._stream.expect(",")
                if part.optional and self._stream.at(")"):
                    break
            arguments.append(self._argument(part))
        self._stream.take(",")
        self._stream.expect(")")
        return Builtin(name.offset, name.value, arguments)

    def _argument(self, part: Part) -> Node:
        if not part.predicate:
            return self._expression()
        offset = self._stream.now.offset
        self._predicates += 1
        body = self._braced() if self._stream.at("{") else self._expression()
        self._predicates -= 1
        return Predicate(offset, body)
