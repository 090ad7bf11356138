"""Templates: plain data whose texts may hold ``${{ expression }}``.

A text that is exactly one expression stands for the expression's value, whatever its type;
other texts are joined. In lists, an item ``{forEach, as, when, value}`` stands for as many
items as the loop gives. A key or an item that comes out as ``omit`` is left out. What an
expression yields is a value, never a template again.

Templates are compiled on first use, loops on their first turn: most commands touch few of
the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ruleengine.model.values import Path, Value
from ruleengine.rules import shapes
from ruleengine.rules.expressions import MARK, Expression, bare
from ruleengine.rules.filters import as_text
from ruleengine.rules.sandbox import OMIT
from ruleengine.rules.scopes import Program, Scope, TemplateFault

__all__ = [
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
    "is_loop",
    "measure",
]

LOOP_KEYS: Final = frozenset({"forEach", "as", "when", "value"})

_SIZE_LIMIT = 200_000
_LEAVES = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Constant:
    """A part of a template without any expression."""

    value: Value

    @property
    def program(self) -> Program:
        """The program that yields the value."""
        return shapes.constant(self.value)

    def render(self, scope: Scope) -> Value:  # noqa: ARG002 - one shape for all parts
        """Return the value."""
        return self.value


@dataclass(frozen=True)
class MappingTemplate:
    """A map, some of whose keys or values are templates."""

    items: tuple[tuple[Part, Part], ...]

    @cached_property
    def program(self) -> Program:
        """The program that yields the map without the keys that come out as ``omit``."""
        if all(type(key) is Constant for key, _ in self.items):
            return self._with_known_keys()
        items = [(key.program, part.program) for key, part in self.items]

        def program(scope: Scope) -> Value:
            rendered = {}
            for key, part in items:
                value = part(scope)
                name = key(scope)
                if value is not OMIT and name is not OMIT:
                    rendered[name if isinstance(name, str) else as_text(name)] = value
            return rendered

        return program

    def _with_known_keys(self) -> Program:
        # What is constant is copied at once; the other keys have their place already.
        names = [as_text(key.value) for key, _ in self.items if isinstance(key, Constant)]
        parts = dict(zip(names, (part for _, part in self.items), strict=True))
        known = {
            name: part.value if isinstance(part, Constant) else None for name, part in parts.items()
        }
        items = [(name, part.program) for name, part in parts.items() if type(part) is not Constant]

        def program(scope: Scope) -> Value:
            rendered = known.copy()
            for name, part in items:
                value = part(scope)
                if value is OMIT:
                    del rendered[name]
                else:
                    rendered[name] = value
            return rendered

        return program

    def render(self, scope: Scope) -> Value:
        """Return the map. Raises ``TemplateFault``."""
        return self.program(scope)


@dataclass(frozen=True)
class Loop:
    """An item ``{forEach, as, when, value}`` of a list."""

    path: Path
    values: Part | None
    names: tuple[str, ...]
    condition: Expression | None
    body: Part

    @cached_property
    def program(self) -> Callable[[Scope], list[Value]]:
        """The program that yields one item for each turn; the body is compiled for the first."""
        if self.values is None:
            return self._at_most_one
        return self._each

    def expand(self, scope: Scope) -> list[Value]:
        """Return the items. Raises ``TemplateFault``."""
        return self.program(scope)

    def _at_most_one(self, scope: Scope) -> list[Value]:
        if self.condition is not None and not self.condition.program(scope):
            return []
        value = self.body.program(scope)
        return [] if value is OMIT else [value]

    def _each(self, scope: Scope) -> list[Value]:
        turns = self._turns(scope)
        if not turns:
            return []
        scope.spend(len(turns), self.path)
        names = (*self.names, "index")
        before = [(name, scope[name]) for name in names if name in scope]
        body, lone = self.body.program, self.names[0] if len(self.names) == 1 else ""
        condition = self.condition.program if self.condition is not None else None
        items = []
        for index, item in enumerate(turns):
            scope["index"] = index
            if lone:
                scope[lone] = item
            else:
                self._unpack(item, scope)
            if condition is None or condition(scope):
                value = body(scope)
                if value is not OMIT:
                    items.append(value)
        for name in names:
            scope.pop(name, None)
        scope.update(before)
        return items

    def _turns(self, scope: Scope) -> list[Value]:
        values = self.values.program(scope) if self.values is not None else []
        if isinstance(values, dict):
            return [[key, value] for key, value in values.items()]
        if not isinstance(values, list):
            raise TemplateFault("forEach needs a list or a map", self.path, "forEach")
        return values

    def _unpack(self, item: Value, scope: Scope) -> None:
        if not isinstance(item, list) or len(item) != len(self.names):
            names = ", ".join(self.names)
            raise TemplateFault(f"an item does not fall into {names}", self.path, "forEach")
        scope.update(zip(self.names, item, strict=True))


@dataclass(frozen=True)
class ListTemplate:
    """A list with templates or loops in it."""

    items: tuple[Part | Loop, ...] = field(default=())

    @cached_property
    def program(self) -> Program:
        """The program that yields the list without the items that come out as ``omit``."""
        if len(self.items) == 1 and isinstance(self.items[0], Loop):
            return self.items[0].program
        items = [(isinstance(item, Loop), item.program) for item in self.items]

        def program(scope: Scope) -> Value:
            rendered: list[Value] = []
            for several, part in items:
                value = part(scope)
                if several:
                    rendered.extend(value)
                elif value is not OMIT:
                    rendered.append(value)
            return rendered

        return program

    def render(self, scope: Scope) -> Value:
        """Return the list. Raises ``TemplateFault``."""
        return self.program(scope)


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
