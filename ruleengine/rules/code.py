"""From trees of expressions to Python source.

Every expression becomes one Python expression with Jinja's meaning; nothing but data can be
reached (:mod:`ruleengine.rules.sandbox`). No word of a rule becomes a word of the source: names
and texts of rules stand in it as literals, values and functions are bound to names of ours.

Kinds of trees: ``const value``, ``name x``, ``list [..]``, ``dict [[k, v]..]``, ``field a x``,
``item a b``, ``slice a b c``, ``filter x a args named``, ``test x a args named``,
``call a args named``, ``compare a [[op, b]..]``, ``and/or a b``, ``not a``, ``unary op a``,
``binary op a b``, ``text [..]``, ``if test yes no``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from ruleengine.model.values import Value
from ruleengine.rules import sandbox
from ruleengine.rules.faults import ExpressionFault
from ruleengine.rules.filters import as_text, join
from ruleengine.rules.foresight import UNKNOWN, foreseen, yields_plain
from ruleengine.rules.grammar import Tree
from ruleengine.rules.predicates import predicate
from ruleengine.rules.standard import filter_function
from ruleengine.rules.undefined import Missing, missing

PLAIN: Final = frozenset({str, int, float, bool, type(None), dict, list, type(sandbox.OMIT)})
"""The types of plain data, as an expression may yield them."""

_COMPARISONS: Final = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}
_SELECTIONS: Final = {
    "reject": (False, False),
    "rejectattr": (False, True),
    "select": (True, False),
    "selectattr": (True, True),
}
"""Filters that keep some items: whether the test keeps them, and whether of an attribute."""

_INLINE: Final = {
    "defined": "type({}) is not Missing",
    "undefined": "type({}) is Missing",
    "mapping": "isinstance({}, dict)",
    "none": "{} is None",
    "string": "isinstance({}, str)",
}
"""Tests that need no call."""

_OF_KEYS: Final = frozenset({"only", "without"})
"""Filters whose list of keys is made a set, once where that is possible."""

_LITERALS: Final = frozenset({str, int, bool, type(None)})


def plain(value: Value) -> Value:
    """Return plain data: tuples, views and generators become lists.

    Raises ``ExpressionFault`` for anything that is no data, and for the undefined.
    """
    if type(value) in PLAIN:
        return value
    if isinstance(value, Missing):
        return str(value)  # raises: the undefined may not be used
    if isinstance(value, dict):
        return dict(value)
    if callable(value) or not hasattr(value, "__iter__"):
        raise ExpressionFault("the expression yields no plain data")
    return [plain(item) for item in value]


class ExpressionWriter:
    """Writes expressions as Python, and keeps what the source calls by name.

    ``bound`` are the names that it needs around it; names of loops are in ``local``, those of
    the rule that have their values in ``variables`` and ``constants``. What is
    read of the scope, a name or a field of one, is read once, at the beginning of the function;
    what is read of a loop's names, once in the block at hand. Reading never fails: what is not
    there is undefined, and only using that is a fault.
    """

    def __init__(self, local: Mapping[str, str] | None = None) -> None:
        self.bound: dict[str, Any] = {
            "Missing": Missing,
            "PLAIN": PLAIN,
            "as_text": as_text,
            "add": sandbox.add,
            "binary": sandbox.binary,
            "call": sandbox.call,
            "get_field": sandbox.get_field,
            "get_item": sandbox.get_item,
            "join": join,
            "plain": plain,
            "unary": sandbox.unary,
        }
        self.local = dict(local or {})
        self.variables: dict[str, str] = {}
        self.constants: dict[str, Value] = {}
        self.reads: list[str] = []
        self._known: list[dict[str, str]] = [{}, {}]
        self._absences: dict[str, str] = {}
        self._count = 0

    def line(self, text: str) -> None:
        """Write a line."""
        raise NotImplementedError

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Forget in the end what is read inside."""
        self._known.append({})
        yield
        self._known.pop()

    def new(self, prefix: str = "t") -> str:
        """Return a name that nothing has yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def bind(self, value: Any) -> str:
        """Return the source of a value: a literal, or a name that it is bound to."""
        if type(value) in _LITERALS:
            return repr(value)
        name = self.new("k")
        self.bound[name] = value
        return name

    def value(self, tree: Tree) -> str:
        """Return the source of an expression whose value is plain data."""
        source = self.source(tree)
        if yields_plain(tree):
            return source
        first, again = self._repeatable(source)
        return f"{again} if type({first}) in PLAIN else plain({again})"

    def source(self, tree: Tree) -> str:
        """Return the source of an expression, in parentheses where it needs them."""
        return str(_WRITERS[tree[0]](self, *tree[1:]))

    def _absent(self, word: str) -> str:
        if word not in self._absences:
            self._absences[word] = self.bind(missing(word))
        return self._absences[word]

    def _repeatable(self, source: str) -> tuple[str, str]:
        """Return the source that evaluates a value first, and the one that repeats it."""
        if source.isidentifier():
            return source, source
        name = self.new()
        return f"({name} := {source})", name

    def _const(self, value: Value) -> str:
        return self.bind(value)

    def _name(self, word: str) -> str:
        if word in self.local:
            return self.local[word]
        if word in self.variables:
            return self.variables[word]
        return self._once(f"get({word!r}, {self._absent(word)})", everywhere=True)

    def _once(self, source: str, *, everywhere: bool) -> str:
        """Return the variable of a read; ``everywhere`` where it is of the scope."""
        for known in self._known:
            if source in known:
                return known[source]
        name = self.new("r" if everywhere else "b")
        self._known[0 if everywhere else -1][source] = name
        text = f"{name} = {source}"
        if everywhere:
            self.reads.append(text)
        else:
            self.line(text)
        return name

    def _part(self, inner: Tree, word: str, otherwise: str) -> str:
        """Return the source of a field; ``otherwise`` reads it of what is no map."""
        source, key, absent = self.source(inner), repr(word), self._absent(word)
        known = source.isidentifier()
        name = source if known else self.new()
        first = name if known else f"({name} := {source})"
        found = f"{name}.get({key}, {absent})"
        text = f"{found} if type({first}) is dict else {otherwise}({name}, {key})"
        if not known or name[0] not in "rbv":
            return f"({text})"
        return self._once(text, everywhere=name[0] == "r")

    def _list(self, items: list[Tree]) -> str:
        if all(one[0] == "const" for one in items):
            return self.bind([one[1] for one in items])
        return f"[{', '.join(map(self.source, items))}]"

    def _dict(self, pairs: list[tuple[Tree, Tree]]) -> str:
        written = (f"{self.source(key)}: {self.source(value)}" for key, value in pairs)
        return f"{{{', '.join(written)}}}"

    def _field(self, inner: Tree, word: str) -> str:
        if word in sandbox.MAPPING_METHODS:
            return f"get_field({self.source(inner)}, {word!r})"
        return self._part(inner, word, "get_field")

    def _item(self, inner: Tree, key: Tree) -> str:
        if key[0] != "const" or not isinstance(key[1], str):
            return f"get_item({self.source(inner)}, {self.source(key)})"
        return self._part(inner, key[1], "get_item")

    def _slice(self, *bounds: Tree | None) -> str:
        return f"slice({', '.join(self.source(one) if one else 'None' for one in bounds)})"

    def _test(self, name: str, inner: Tree, positional: list[Tree], named: dict[str, Tree]) -> str:
        holds = predicate(name)
        if name in _INLINE and not positional and not named:
            return f"({_INLINE[name].format(self.source(inner))})"
        return self._applied(holds, inner, positional, named)

    def _filter(
        self, name: str, inner: Tree, positional: list[Tree], named: dict[str, Tree]
    ) -> str:
        function = filter_function(name)
        if name == "default" and len(positional) == 1 and not named and positional[0][0] == "const":
            first, again = self._repeatable(self.source(inner))
            return f"({self.source(positional[0])} if type({first}) is Missing else {again})"
        if name in _OF_KEYS and len(positional) == 1 and not named:
            return f"{self.bind(function)}({self.source(inner)}, {self._keys(positional[0])})"
        if made := self._comprehension(name, inner, positional, named):
            return f"({made})"
        if name == "list" and inner[0] == "filter" and not positional and not named:
            made = self._comprehension(*inner[1:])
            return f"[{made}]" if made else self._applied(function, inner, positional, named)
        return self._applied(function, inner, positional, named)

    def _keys(self, tree: Tree) -> str:
        """Return the source of a list of keys: a set, where it is always the same."""
        keys = self.foresee(tree)
        if isinstance(keys, list) and all(isinstance(key, str) for key in keys):
            return self.bind(frozenset(keys))
        return self.source(tree)

    def foresee(self, tree: Tree) -> Value:
        """Return what an expression always yields, or ``UNKNOWN``."""
        return foreseen(
            tree,
            lambda word: UNKNOWN if word in self.local else self.constants.get(word, UNKNOWN),
        )

    def _comprehension(
        self, name: str, inner: Tree, positional: list[Tree], named: dict[str, Tree]
    ) -> str:
        """Write ``map``, ``select`` and their kin as what goes between brackets.

        Empty where the attribute, the test or the filter is not known now, or where what is
        compared with is not at hand: that is evaluated once, and not for each item.
        """
        item = self.new("i")
        if name == "map":
            made, condition = self._mapped(item, positional, named), ""
        elif name in _SELECTIONS and not named:
            made, condition = item, self._condition(item, *_SELECTIONS[name], positional)
            if not condition:
                return ""
        else:
            return ""
        values = self.source(inner) if made else ""
        if not values or ":=" in values:  # which Python does not allow in this place
            return ""
        return f"{made} for {item} in {values} or (){condition}"

    def _mapped(self, item: str, positional: list[Tree], named: dict[str, Tree]) -> str:
        """Return what ``map`` makes of an item, where that is known now."""
        if not positional and list(named) == ["attribute"] and _is_word(named["attribute"]):
            return self._attribute(item, named["attribute"][1])
        if len(positional) == 1 and not named and positional[0][0] == "const":
            return f"{self.bind(filter_function(positional[0][1]))}({item})"
        return ""

    def _condition(self, item: str, kept: bool, by_attribute: bool, positional: list[Tree]) -> str:
        """Return which items ``select`` and its kin keep, where that is known now."""
        words, rest = positional[: 1 + by_attribute], positional[1 + by_attribute :]
        if len(words) <= by_attribute or any(one[0] != "const" for one in words):
            return ""
        if by_attribute and not _is_word(words[0]):
            return ""
        arguments = [self.source(one) for one in rest]
        if not all(one.isidentifier() for one in arguments):
            return ""
        value = self._attribute(item, words[0][1]) if by_attribute else item
        test = words[-1][1]
        holds = predicate(test)
        if test in _INLINE and not arguments:
            source = _INLINE[test].format(value)
        else:
            source = f"{self.bind(holds)}({', '.join([value, *arguments])})"
        return f" if {source}" if kept else f" if not ({source})"

    def _attribute(self, item: str, word: str) -> str:
        key = repr(word)
        return (
            f"({item}.get({key}, {self._absent(word)}) if type({item}) is dict"
            f" else get_item({item}, {key}))"
        )

    def _applied(
        self,
        function: Callable[..., Any],
        inner: Tree,
        positional: list[Tree],
        named: dict[str, Tree],
    ) -> str:
        given = [self.source(inner), *map(self.source, positional)]
        if named:
            given.append(f"**{self._named(named)}")
        return f"{self.bind(function)}({', '.join(given)})"

    def _named(self, named: dict[str, Tree]) -> str:
        written = (f"{name!r}: {self.source(one)}" for name, one in named.items())
        return f"{{{', '.join(written)}}}"

    def _call(self, inner: Tree, positional: list[Tree], named: dict[str, Tree]) -> str:
        arguments = ", ".join(map(self.source, positional))
        return f"call({self.source(inner)}, [{arguments}], {self._named(named)})"

    def _compare(self, first: Tree, others: list[tuple[str, Tree]]) -> str:
        written = (f" {_COMPARISONS[sign]} {self.source(one)}" for sign, one in others)
        return f"({self.source(first)}{''.join(written)})"

    def _and(self, left: Tree, right: Tree) -> str:
        return f"({self.source(left)} and {self.source(right)})"

    def _or(self, left: Tree, right: Tree) -> str:
        return f"({self.source(left)} or {self.source(right)})"

    def _not(self, inner: Tree) -> str:
        return f"(not {self.source(inner)})"

    def _unary(self, sign: str, inner: Tree) -> str:
        return f"unary({sign!r}, {self.source(inner)})"

    def _binary(self, sign: str, left: Tree, right: Tree) -> str:
        if sign == "+":
            return f"add({self.source(left)}, {self.source(right)})"
        return f"binary({sign!r}, {self.source(left)}, {self.source(right)})"

    def _text(self, parts: list[Tree]) -> str:
        """Write the joining of texts: at once, where each of them is a text already."""
        checks, again, letters = [], [], []
        for part in parts:
            if part[0] == "const" and isinstance(part[1], str):
                again.append(repr(part[1]))
                letters.append(part[1].replace("{", "{{").replace("}", "}}"))
            else:
                first, name = self._repeatable(self.source(part))
                checks.append(f"(type({first}) is str)")
                again.append(name)
                letters.append(f"{{{name}}}")
        if not checks:
            return f"join([{', '.join(again)}])"
        name = self.new()
        # Every part is evaluated, whatever the others are: `&` and not `and`.
        joined = f"len({name} := f{''.join(letters)!r}) <= {sandbox.LENGTH_LIMIT}"
        return f"({name} if {' & '.join(checks)} and {joined} else join([{', '.join(again)}]))"

    def _if(self, test: Tree, yes: Tree, no: Tree | None) -> str:
        other = self.source(no) if no else self._absent("else")
        return f"({self.source(yes)} if {self.source(test)} else {other})"


def _is_word(tree: Tree) -> bool:
    """Tell whether an attribute is one key, not a path or the number of an item."""
    word = tree[1] if tree[0] == "const" else None
    return isinstance(word, str) and "." not in word and not word.isdigit()


_WRITERS: Final[dict[str, Callable[..., str]]] = {
    name: getattr(ExpressionWriter, f"_{name}")
    for name in (
        *("and", "binary", "call", "compare", "const", "dict", "field", "filter", "if", "item"),
        *("list", "name", "not", "or", "slice", "test", "text", "unary"),
    )
}
