"""Templates: plain data whose texts may hold ``${{ expression }}``.

A text that is exactly one expression stands for the expression's value, whatever its type;
other texts are joined. In lists, an item ``{forEach, as, when, value}`` stands for as many
items as the loop gives. A key or an item that comes out as ``omit`` is left out. What an
expression yields is a value, never a template again.

Templates are compiled (:mod:`ruleengine.rules.compiling`) on first use: most commands touch few
of the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ruleengine.model.values import Path, Value
from ruleengine.rules.compiling import FunctionWriter, chosen, compiled
from ruleengine.rules.faults import ExpressionFault, TemplateFault, UndefinedFault
from ruleengine.rules.foresight import UNKNOWN, yields_plain
from ruleengine.rules.grammar import MARK, Tree, tree_of
from ruleengine.rules.scopes import Program, Scope

__all__ = [
    "Choice",
    "Constant",
    "Expression",
    "ListTemplate",
    "Loop",
    "MappingTemplate",
    "Part",
    "Scope",
    "TemplateFault",
    "bare",
    "check",
    "compile_template",
    "expressions_in",
    "is_loop",
    "measure",
]

LOOP_KEYS: Final = frozenset({"forEach", "as", "when", "value"})

_SIZE_LIMIT: Final = 200_000
_SHOWN: Final = 4_000
_LEAVES = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Constant:
    """A part of a template without any expression."""

    value: Value
    may_omit = False

    def render(self, scope: Scope) -> Value:  # noqa: ARG002 - one shape for all parts
        """Return the value."""
        return self.value

    def write(self, function: FunctionWriter) -> str:
        """Return the source of the value."""
        return function.bind(self.value)


class _Compiled:
    """A part with expressions; its program is made on first use."""

    may_omit = False

    @cached_property
    def program(self) -> Program:
        """The program that yields the value, or raises ``TemplateFault``."""
        return compiled(self)

    def render(self, scope: Scope) -> Value:
        """Return the value. Raises ``TemplateFault``."""
        return self.program(scope)

    def write(self, function: FunctionWriter) -> str:
        """Write what evaluates the part; return the source of its value."""
        raise NotImplementedError


@dataclass(frozen=True)
class Expression(_Compiled):
    """One text with at least one expression; ``path`` is where it stands in its rule."""

    text: str
    path: Path

    @property
    def may_omit(self) -> bool:  # type: ignore[override]
        """Whether the value may be ``omit``."""
        return not yields_plain(self.tree())

    def tree(self) -> Tree:
        """Return what the text says. Raises ``TemplateFault``."""
        try:
            return tree_of(self.text)
        except ExpressionFault as fault:
            raise self.fault(fault) from fault

    def fault(self, error: BaseException) -> TemplateFault:
        """Return what failed, located."""
        text = self.text if len(self.text) <= _SHOWN else self.text[:80]
        words = str(error) or type(error).__name__
        undefined = isinstance(error, UndefinedFault)
        return TemplateFault(words, self.path, text, undefined=undefined)

    def write(self, function: FunctionWriter) -> str:
        """Write the evaluation of the text."""
        return function.assign(self)


@dataclass(frozen=True)
class MappingTemplate(_Compiled):
    """A map, some of whose keys or values are templates."""

    items: tuple[tuple[Part, Part], ...]

    def write(self, function: FunctionWriter) -> str:
        """Write the map without the keys that come out as ``omit``."""
        if any(key.may_omit or part.may_omit for key, part in self.items):
            return self._write_one_by_one(function)
        pairs = [(part.write(function), self._key(key, function)) for key, part in self.items]
        return f"{{{', '.join(f'{key}: {value}' for value, key in pairs)}}}"

    def _write_one_by_one(self, function: FunctionWriter) -> str:
        name = function.new()
        function.line(f"{name} = {{}}")
        for key, part in self.items:
            value, word = part.write(function), self._key(key, function)
            conditions = []
            if part.may_omit:
                conditions.append(f"{value} is not OMIT")
            if key.may_omit:
                conditions.append(f"{word} is not OMIT")
            head = f"if {' and '.join(conditions)}: " if conditions else ""
            function.line(f"{head}{name}[{word}] = {value}")
        return name

    def _key(self, key: Part, function: FunctionWriter) -> str:
        word = key.write(function)
        if isinstance(key, Constant):
            return word if isinstance(key.value, str) else f"as_text({word})"
        name = function.new()
        function.line(
            f"{name} = {word} if type({word}) is str or {word} is OMIT else as_text({word})"
        )
        return name


@dataclass(frozen=True)
class Loop(_Compiled):
    """An item ``{forEach, as, when, value}`` of a list; its value is the list of its items."""

    path: Path
    values: Part | None
    names: tuple[str, ...]
    condition: Expression | None
    body: Part

    def write(self, function: FunctionWriter) -> str:
        """Write the list of the loop's items."""
        name = function.new()
        function.line(f"{name} = []")
        self.extend(name, function)
        return name

    def extend(self, items: str, function: FunctionWriter) -> None:
        """Write what appends the loop's items to a list."""
        if self.values is None:
            self._append(items, function, deferred=True)
            return
        values, path = function.named(self.values.write(function)), function.bind(self.path)
        index, item = function.new("v"), function.new("v")
        words = {"index": index}
        turns = f"scope.turns({values}, {path}) if {values} or type({values}) not in LISTS else ()"
        head = f"for {index}, {item} in enumerate({turns}):"
        with function.block(head):
            if len(self.names) == 1:
                words[self.names[0]] = item
            else:
                parts = [function.new("v") for _ in self.names]
                words |= dict(zip(self.names, parts, strict=True))
                function.line(f"{', '.join(parts)} = unpacked({item}, {len(parts)}, {path})")
            with function.names(words):
                self._append(items, function, deferred=False)

    def _append(self, items: str, function: FunctionWriter, *, deferred: bool) -> None:
        if self.condition is None:
            self._append_value(items, function, deferred=deferred)
            return
        with function.block(f"if {function.assign(self.condition)}:"):
            self._append_value(items, function, deferred=deferred)

    def _append_value(self, items: str, function: FunctionWriter, *, deferred: bool) -> None:
        later = deferred and isinstance(self.body, MappingTemplate | ListTemplate)
        value = function.deferred(self.body) if later else self.body.write(function)
        if self.body.may_omit:
            function.line(f"if {value} is not OMIT: {items}.append({value})")
        else:
            function.line(f"{items}.append({value})")


@dataclass(frozen=True)
class ListTemplate(_Compiled):
    """A list with templates or loops in it."""

    items: tuple[Part | Loop, ...] = ()

    def write(self, function: FunctionWriter) -> str:
        """Write the list without the items that come out as ``omit``."""
        if not any(isinstance(item, Loop) or item.may_omit for item in self.items):
            return f"[{', '.join([item.write(function) for item in self.items])}]"
        name = function.new()
        function.line(f"{name} = []")
        for item in self.items:
            if isinstance(item, Loop):
                item.extend(name, function)
                continue
            value = item.write(function)
            head = f"if {value} is not OMIT: " if item.may_omit else ""
            function.line(f"{head}{name}.append({value})")
        return name


@dataclass(frozen=True)
class Variables(_Compiled):
    """Names with values, each known to those after it.

    The program gives them to a scope, and yields nothing. ``measured`` tells whether each
    value is measured before the next one may build on it.
    """

    parts: tuple[tuple[str, Part], ...] = ()
    measured: bool = False

    def write(self, function: FunctionWriter) -> str:
        """Write the values in their order."""
        for name, part in self.parts:
            value = UNKNOWN
            if isinstance(part, Constant):
                value = part.value
            elif isinstance(part, Expression):
                value = function.foresee(part.tree())
            source = part.write(function) if value is UNKNOWN else function.bind(value)
            if self.measured:
                path: Path = ("variables", name)
                function.line(f"{function.bind(measure)}({source}, {function.bind(path)})")
            function.define(name, source, value)
        return "None"


@dataclass(frozen=True)
class Choice:
    """Templates that are evaluated together, where a condition holds, for a part of a document.

    ``words`` are the names under which they see the part: ``value`` and ``key``, or nothing.
    """

    when: Expression | None
    parts: tuple[Part | None, ...]
    words: tuple[str, ...]

    @cached_property
    def values(self) -> Callable[..., tuple[Value, ...] | None]:
        """The function of a scope and of the words' values; see :func:`compiling.chosen`."""
        return chosen(self.when, self.parts, self.words)


Part = Constant | Expression | MappingTemplate | ListTemplate


def bare(text: Value, path: Path) -> Expression:
    """Return a condition, which needs no delimiters. Raises ``TemplateFault``."""
    if not isinstance(text, str):
        raise TemplateFault("a condition is a text that holds an expression", path, str(text))
    return Expression(text if MARK in text else f"{MARK} {text} }}}}", path)


def compile_template(value: Value, path: Path) -> Part:
    """Return the template that ``value`` is; ``path`` is where it stands in its rule.

    Raises ``TemplateFault`` for a loop with wrong keys. Texts are compiled on first use.
    """
    if isinstance(value, str):
        return Expression(value, path) if MARK in value else Constant(value)
    if isinstance(value, dict):
        items = tuple(
            (compile_template(key, (*path, key)), compile_template(inner, (*path, key)))
            for key, inner in value.items()
        )
        constant = all(type(part) is Constant for pair in items for part in pair)
        return Constant(value) if constant else MappingTemplate(items)
    if isinstance(value, list):
        parts = tuple(_item(inner, (*path, index)) for index, inner in enumerate(value))
        constant = all(type(part) is Constant for part in parts)
        return Constant(value) if constant else ListTemplate(parts)
    return Constant(value)


def is_loop(value: Value) -> bool:
    """Tell whether an item of a list is a loop or a condition around its ``value``."""
    return (
        isinstance(value, dict)
        and "value" in value
        and ("forEach" in value or "when" in value)
        and value.keys() <= LOOP_KEYS
    ) or (isinstance(value, dict) and "forEach" in value)


def expressions_in(part: Part | Loop | Choice) -> Iterator[Expression]:
    """Yield every expression of a template."""
    inner: Iterable[Part | Loop | None] = ()
    match part:
        case Expression():
            yield part
        case MappingTemplate():
            inner = (one for pair in part.items for one in pair)
        case ListTemplate():
            inner = part.items
        case Loop():
            inner = (part.values, part.condition, part.body)
        case Choice():
            inner = (part.when, *part.parts)
    for one in inner:
        if one is not None:
            yield from expressions_in(one)


def check(part: Part | Loop | Choice) -> Iterator[TemplateFault]:
    """Compile every expression of a template now; yield what is wrong."""
    for one in expressions_in(part):
        try:
            compiled(one)
        except TemplateFault as fault:
            yield fault


def measure(value: Value, path: Path) -> None:
    """Raise ``TemplateFault`` where a value is too large to be an object, or no plain data.

    Values share parts, so that few expressions can describe a huge value: the walk stops
    as soon as it has seen enough. Inside the lists and maps of an expression there may be
    functions and what is undefined, which nothing could write down.
    """
    left, stack = _SIZE_LIMIT, [value]
    while stack:
        one = stack.pop()
        left -= 1 + (len(one) >> 4 if isinstance(one, str) else 0)
        if left < 0:
            raise TemplateFault("the rule made a value that is too large", path, "")
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
        elif type(one) not in _LEAVES:
            raise TemplateFault("the rule made a value that is no plain data", path, "")


def _item(value: Value, path: Path) -> Part | Loop:
    if not is_loop(value):
        return compile_template(value, path)
    unknown = sorted(value.keys() - LOOP_KEYS)
    if unknown or "value" not in value:
        wrong = f"{unknown[0]!r} is no key of it" if unknown else "`value` is missing"
        raise TemplateFault(f"a loop has forEach, as, when and value: {wrong}", path, "forEach")
    names = value.get("as", "item")
    names = tuple(names) if isinstance(names, list) else (names,)
    if not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise TemplateFault("`as` is a name or a list of names", (*path, "as"), str(names))
    return Loop(
        path,
        compile_template(value["forEach"], (*path, "forEach")) if "forEach" in value else None,
        names,
        bare(value["when"], (*path, "when")) if "when" in value else None,
        compile_template(value["value"], (*path, "value")),
    )
