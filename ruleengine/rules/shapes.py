"""Shapes: the closures of what most expressions consist of.

Each does what Jinja does with the same words, without the detours that Jinja needs for
objects that are no plain data.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, Final

from ruleengine.model.values import Value
from ruleengine.rules.sandbox import Missing, environment, missing
from ruleengine.rules.scopes import Program, Scope

COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}

SELECTIONS: Final = {
    "reject": (False, False),
    "rejectattr": (False, True),
    "select": (True, False),
    "selectattr": (True, True),
}
"""Filters that keep some items: whether the test keeps them, and whether of an attribute."""


def constant(value: Value) -> Program:
    """Return the program of a value that is known."""
    return lambda _scope: value


def walk(names: tuple[str, ...]) -> Program:
    """Return the program of ``a.b.c``, none of which names a method of a map."""
    first, absent = names[0], missing(names[0])
    if len(names) == 1:
        return lambda scope: scope.get(first, absent)
    steps = [(name, missing(name)) for name in names[1:]]
    get = environment().getattr
    (second, second_absent), more = steps[0], steps[1:]
    if not more:

        def short(scope: Scope) -> Value:
            value = scope.get(first, absent)
            if type(value) is dict:
                return value.get(second, second_absent)
            return get(value, second)

        return short

    def program(scope: Scope) -> Value:
        value = scope.get(first, absent)
        for name, nothing in steps:
            value = value.get(name, nothing) if type(value) is dict else get(value, name)
        return value

    return program


def default(inner: Program, other: Program) -> Program:
    """Return the program of the filter ``default``, whose argument is evaluated in any case."""

    def program(scope: Scope) -> Value:
        value, instead = inner(scope), other(scope)
        return instead if type(value) is Missing else value

    return program


def defined(inner: Program) -> Program:
    """Return the program of ``inner is defined``."""
    return lambda scope: type(inner(scope)) is not Missing


def undefined(inner: Program) -> Program:
    """Return the program of ``inner is undefined``."""
    return lambda scope: type(inner(scope)) is Missing


def is_plain(attribute: Value) -> bool:
    """Tell whether an attribute is one key, not a path or the number of an item."""
    return isinstance(attribute, str) and "." not in attribute and not attribute.isdigit()


def reader(attribute: str) -> Callable[[Value], Value]:
    """Return what reads a plain attribute of an item, as ``map`` and ``selectattr`` do."""
    get, absent = environment().getitem, missing(attribute)

    def read(item: Value) -> Value:
        return item.get(attribute, absent) if type(item) is dict else get(item, attribute)

    return read


def attributes(inner: Program, attribute: str) -> Program:
    """Return the program of ``inner | map(attribute='...')``."""
    read = reader(attribute)

    def program(scope: Scope) -> Iterator[Value]:
        items = inner(scope)
        return (read(item) for item in items or ())

    return program


def mapped(inner: Program, function: Callable[[Value], Value]) -> Program:
    """Return the program of ``inner | map('...')`` with a filter that takes no more."""

    def program(scope: Scope) -> Iterator[Value]:
        items = inner(scope)
        return (function(item) for item in items or ())

    return program


def selection(
    inner: Program,
    get: Callable[[Value], Value] | None,
    test: tuple[Callable[..., Any], list[Program]],
    *,
    kept: bool,
) -> Program:
    """Return the program of ``select`` and its kin, of items or, with ``get``, an attribute."""
    holds, arguments = test

    def program(scope: Scope) -> Iterator[Value]:
        given = [argument(scope) for argument in arguments]
        return (
            item
            for item in inner(scope) or ()
            if bool(holds(get(item) if get else item, *given)) is kept
        )

    return program
