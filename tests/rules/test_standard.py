"""Filters and tests mean what they mean in Jinja, without Jinja."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ruleengine.model.values import Value
from ruleengine.rules import grammar
from ruleengine.rules.loading import load_sources
from ruleengine.rules.parsing import parts_of
from ruleengine.rules.predicates import PREDICATES
from ruleengine.rules.standard import STANDARD
from ruleengine.rules.templates import (
    Scope,
    TemplateFault,
    compile_template,
    expressions_in,
)
from tests.rules.helpers import Configuration

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 20)
    | st.floats(-9, 9)
    | st.sampled_from(["", "a", "B", "ab", "3", "2.5", " x ", "hello (big) world-wide", "0x1f"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "A", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FILTERS = (
    *("x | abs", "x | default(1)", "x.a | default('n', true)", "missing | default([2])"),
    *("x | dictsort", "x | dictsort(true, 'value', true)", "x | first", "x | last", "x | list"),
    *("x | float", "x | float(2.0)", "x | int", "x | int(7)", "x | int(7, 16)", "x | items"),
    *("x | length", "x | lower", "x | upper", "x | title", "x | trim", "x | trim('a')"),
    *("x | map(attribute='a')", "x | map(attribute='a.b', default=1)", "x | map('upper')"),
    *("x | map('default', 3)", "x | max", "x | max(attribute='a')", "x | min(true)"),
    *("x | select", "x | select('odd')", "x | reject('in', [1, 'a'])", "x | reject"),
    *("x | selectattr('a')", "x | selectattr('a', 'defined')", "x | rejectattr('a', 'eq', 1)"),
    *("x | reverse", "x | sort", "x | sort(true, true)", "x | sort(attribute='a')", "x | string"),
    *("x | sort(attribute='a,b')", "x | unique", "x | unique(true)", "x | unique(attribute='a')"),
    *("x | map", "x | selectattr", "x | map('upper') | list"),
    *(
        "x.a | map(attribute='b') | select('defined') | list",
        "(x or y) | map(attribute='a') | list | length",
    ),
    *("x | selectattr('a', 'eq', y) | list", "x | rejectattr('a', 'eq', y.a) | list"),
    *("x | selectattr('a', 'defined') | map(attribute='a') | list", "x | reject('none') | first"),
)
OTHERS = (
    *("x == y", "x != y", "x < y", "x <= y <= 3", "x in y", "x not in y", "x and y", "x or y"),
    *("not x", "x + y", "x - y", "x / y", "x // y", "-x", "+x"),
    *("x[0]", "x['a']", "x.a", "x.a.b", "x[1:]", "x[::-1]", "[x, y]", "{'k': x}", "(x, y)"),
    *("x if y else 1", "(1 if x) is defined", "x.get('a', 2)", "x.items() | list"),
    *("x.upper()", "x.split('-')", "x.count('a')", "x.nothing is defined", "range(3) | list"),
)
TESTS = tuple(
    f"x is {name}"
    + {"divisibleby": "(3)", "in": "(y)"}.get(name, "(y)" if name in ("eq", "ne", "lt") else "")
    for name in sorted(PREDICATES)
    if name.isalpha()
    and name not in ("like", "ge", "greaterthan", "gt", "le", "lessthan", "equalto")
)


JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


@cache
def jinjas(expression: str) -> Callable[..., Any]:
    """Return an expression as Jinja compiles it."""
    return JINJA.compile_expression(expression, undefined_to_none=False)


@cache
def ours(expression: str) -> Callable[[Scope], Any]:
    """Return an expression as rules compile it."""
    return compile_template("${{ " + expression + " }}", ()).render


def said_by_jinja(expression: str, x: Value, y: Value) -> tuple[str, Any]:
    """Return what Jinja makes of an expression: a value, or a fault."""
    try:
        return "value", plain(jinjas(expression)(x=x, y=y))
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return "fault", None


def said_by_us(expression: str, x: Value, y: Value) -> tuple[str, Any]:
    """Return what rules make of it."""
    try:
        return "value", plain(ours(expression)(Scope({"x": x, "y": y})))
    except TemplateFault:
        return "fault", None


def plain(value: Any) -> Any:
    """Return a value whose iterators are lists and whose numbers compare."""
    if isinstance(value, StrictUndefined):
        return str(value)
    if isinstance(value, float) and math.isnan(value):
        return "not a number"
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, str | int | float | None):
        return value
    return [plain(inner) for inner in value]


@settings(max_examples=200)
@given(x=VALUES, y=VALUES)
def test_an_expression_means_what_it_means_in_jinja(x: Value, y: Value) -> None:
    """The same value, or a fault in both; every expression with every value."""
    for expression in (*FILTERS, *OTHERS, *TESTS):
        assert (expression, said_by_us(expression, x, y)) == (
            expression,
            said_by_jinja(expression, x, y),
        )


@pytest.mark.parametrize("expression", ["x | nothing", "x | map('nothing')", "x is nothing"])
def test_an_unknown_filter_or_test_is_a_fault_at_once(expression: str) -> None:
    """Whatever it would be used on: a rule that may not match for months is wrong now."""
    with pytest.raises(TemplateFault, match="nothing"):
        ours(expression)(Scope({"x": []}))


def test_every_filter_is_compared() -> None:
    """None is forgotten above."""
    assert {name for name in STANDARD if any(f"| {name}" in one for one in FILTERS)} == {*STANDARD}


def test_what_jinja_read_in_built_in_rules_is_what_it_reads() -> None:
    """The file is made by a generator; with it no rule of ours needs Jinja."""
    texts = {
        one.text
        for rule in load_sources([], Configuration().engine).rules.rules
        for part in parts_of(rule)
        for one in expressions_in(part)
    }
    assert texts
    for text in texts:
        assert grammar.tree_of(text) == grammar.parse(text)
