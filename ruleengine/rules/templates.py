"""Templates: plain data whose texts may hold ``${{ expression }}``.

A text that is exactly one expression stands for the expression's value, whatever its type;
other texts are joined. In lists, an item ``{forEach, as, when, value}`` stands for as many
items as the loop gives. A key or an item that comes out as ``omit`` is left out. What an
expression yields is a value, never a template again.

Templates are compiled on first use: most commands touch few of the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from jinja2 import TemplateError, UndefinedError, nodes
from jinja2.runtime import Context, Undefined

from ruleengine.model.values import Path, Value
from ruleengine.rules.filters import as_text
from ruleengine.rules.programs import Program, build, joined
from ruleengine.rules.sandbox import OMIT, environment

MARK: Final = "${{"
LOOP_KEYS: Final = frozenset({"forEach", "as", "when", "value"})

_PLAIN_NAMES = re.compile(r"\$\{\{ *([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*) *\}\}")
_PLAIN = frozenset({str, int, float, bool, type(None), dict, list, type(OMIT)})
_EXPRESSION_LIMIT = 4_000
_NODE_LIMIT = 500
_STEP_LIMIT = 20_000
_SIZE_LIMIT = 200_000
_FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
    MemoryError,
)


class TemplateFault(Exception):  # noqa: N818 - wrong user data, turned into a finding
    """A template that cannot be compiled or evaluated.

    ``path`` is where it stands in its rule, ``text`` its source; ``undefined`` tells that
    the fault is a field that is not there.
    """

    def __init__(self, message: str, path: Path, text: str, *, undefined: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.text = text
        self.undefined = undefined


class Scope:
    """The names that expressions see, and the steps that are left to them."""

    __slots__ = ("context", "steps", "variables")

    def __init__(self, variables: dict[str, Value]) -> None:
        self.variables = {**environment().globals, **variables}
        self.context = Context(environment(), self.variables, None, {})
        self.steps = _STEP_LIMIT

    def spend(self, path: Path) -> None:
        """Count one turn of a loop. Raises ``TemplateFault`` when there were too many."""
        self.steps -= 1
        if self.steps < 0:
            raise TemplateFault(f"loops took more than {_STEP_LIMIT} turns", path, "forEach")


@dataclass(frozen=True)
class Expression:
    """One text with at least one expression; ``path`` is where it stands in its rule."""

    text: str
    path: Path

    @cached_property
    def _program(self) -> Program:
        return _compile(self.text, self.path)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The names of a plain ``${{ a.b.c }}``, which needs no Jinja; else nothing."""
        found = _PLAIN_NAMES.fullmatch(self.text)
        return tuple(found[1].split(".")) if found else ()

    def check(self) -> None:
        """Compile now. Raises ``TemplateFault`` where that fails."""
        _ = self._program

    def render(self, scope: Scope) -> Value:
        """Return the value. Raises ``TemplateFault``."""
        names = self._names
        if names:
            value: Value = scope.variables
            for name in names:
                if type(value) is not dict or name not in value:
                    break
                value = value[name]
            else:
                if type(value) in _PLAIN:
                    return value
        try:
            return _plain(self._program(scope))
        except _FAULTS as fault:
            raise TemplateFault(
                _words(fault),
                self.path,
                self.text,
                undefined=isinstance(fault, UndefinedError),
            ) from fault


@dataclass(frozen=True, slots=True)
class Constant:
    """A part of a template without any expression."""

    value: Value

    def render(self, scope: Scope) -> Value:  # noqa: ARG002 - one shape for all parts
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class MappingTemplate:
    """A map, some of whose keys or values are templates."""

    items: tuple[tuple[Part, Part], ...]

    def render(self, scope: Scope) -> Value:
        """Return the map without the keys that come out as ``omit``."""
        rendered = {}
        for key, part in self.items:
            value = part.render(scope)
            name = key.render(scope)
            if value is not OMIT and name is not OMIT:
                rendered[name if isinstance(name, str) else as_text(name)] = value
        return rendered


@dataclass(frozen=True, slots=True)
class Loop:
    """An item ``{forEach, as, when, value}`` of a list."""

    path: Path
    values: Part | None
    names: tuple[str, ...]
    condition: Expression | None
    body: Part

    def expand(self, scope: Scope) -> Iterator[Value]:
        """Yield the item for each turn. Raises ``TemplateFault``."""
        names = (*self.names, "index")
        before = {name: scope.variables[name] for name in names if name in scope.variables}
        for index, item in enumerate(self._turns(scope)):
            scope.spend(self.path)
            self._bind(item, index, scope)
            if self.condition is None or self.condition.render(scope):
                value = self.body.render(scope)
                if value is not OMIT:
                    yield value
        for name in names:
            scope.variables.pop(name, None)
        scope.variables.update(before)

    def _turns(self, scope: Scope) -> list[Value]:
        if self.values is None:
            return [None]
        values = self.values.render(scope)
        if isinstance(values, dict):
            return [[key, value] for key, value in values.items()]
        if not isinstance(values, list):
            raise TemplateFault("forEach needs a list or a map", self.path, "forEach")
        return values

    def _bind(self, item: Value, index: int, scope: Scope) -> None:
        if self.values is None:
            return
        scope.variables["index"] = index
        if len(self.names) == 1:
            scope.variables[self.names[0]] = item
            return
        if not isinstance(item, list) or len(item) != len(self.names):
            names = ", ".join(self.names)
            raise TemplateFault(f"an item does not fall into {names}", self.path, "forEach")
        scope.variables.update(zip(self.names, item, strict=True))


@dataclass(frozen=True, slots=True)
class ListTemplate:
    """A list with templates or loops in it."""

    items: tuple[Part | Loop, ...] = field(default=())

    def render(self, scope: Scope) -> Value:
        """Return the list without the items that come out as ``omit``."""
        rendered: list[Value] = []
        for item in self.items:
            if isinstance(item, Loop):
                rendered.extend(item.expand(scope))
                continue
            value = item.render(scope)
            if value is not OMIT:
                rendered.append(value)
        return rendered


Part = Constant | Expression | MappingTemplate | ListTemplate


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


def bare(text: Value, path: Path) -> Expression:
    """Return a condition, which needs no delimiters. Raises ``TemplateFault``."""
    if not isinstance(text, str):
        raise TemplateFault("a condition is a text that holds an expression", path, str(text))
    return Expression(text if MARK in text else f"{MARK} {text} }}}}", path)


def is_loop(value: Value) -> bool:
    """Tell whether an item of a list is a loop or a condition around its ``value``."""
    return (
        isinstance(value, dict)
        and "value" in value
        and ("forEach" in value or "when" in value)
        and value.keys() <= LOOP_KEYS
    ) or (isinstance(value, dict) and "forEach" in value)


def check(part: Part | Loop) -> Iterator[TemplateFault]:
    """Compile every expression of a template now; yield what is wrong."""
    match part:
        case Expression():
            try:
                part.check()
            except TemplateFault as fault:
                yield fault
        case MappingTemplate():
            for key, value in part.items:
                yield from check(key)
                yield from check(value)
        case ListTemplate():
            for item in part.items:
                yield from check(item)
        case Loop():
            for inner in (part.values, part.condition, part.body):
                if inner is not None:
                    yield from check(inner)


def measure(value: Value, path: Path) -> None:
    """Raise ``TemplateFault`` where a value is too large to be an object.

    Values share parts, so that few expressions can describe a huge value: the walk stops
    as soon as it has seen enough.
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


def _compile(text: str, path: Path) -> Program:
    """Return the program that yields the value of a text."""
    if len(text) > _EXPRESSION_LIMIT and MARK in text[_EXPRESSION_LIMIT:]:
        raise TemplateFault("the text is too long to hold expressions", path, text[:80])
    try:
        parsed = environment().parse(text)
        if sum(1 for _ in parsed.find_all(nodes.Node)) > _NODE_LIMIT:
            raise TemplateFault("the expression is too long", path, text[:80])
        parts = [part for output in parsed.body for part in getattr(output, "nodes", [])]
        return build(parts[0]) if len(parts) == 1 else joined(parts)
    except _FAULTS as fault:
        raise TemplateFault(_words(fault), path, text) from fault


def _plain(value: Value) -> Value:
    """Return plain data: tuples, views and generators become lists.

    Raises ``TypeError`` for anything that is no data, and Jinja's error for the undefined.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises: the undefined may not be used
    if isinstance(value, dict):
        return dict(value)
    if callable(value) or not hasattr(value, "__iter__"):
        raise TypeError("the expression yields no plain data")
    return [_plain(item) for item in value]


def _words(fault: BaseException) -> str:
    if isinstance(fault, TemplateFault):
        return fault.message
    return str(fault) or type(fault).__name__
