"""Functions that evaluate an argument for each item."""

from typing import Any

import pytest

from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_durations import parse_duration
from tests.expressions.expr.kit import evaluate

GIVES: list[tuple[str, Any]] = [
    ("[1,2] | map(# * 2)", [2, 4]),
    ("filter([1,2,3], # > 1)", [2, 3]),
    ("filter([1,2,3], {# > 1})", [2, 3]),
    ("map([{a:1},{a:2}], .a)", [1, 2]),
    ("map([{a:1},{a:2}], #.a)", [1, 2]),
    ("map([1,2], #index)", [0, 1]),
    ("map([1,2], {let y = #; y + 1})", [2, 3]),
    ("map(1..3, map(1..#, # * 2))", [[2], [2, 4], [2, 4, 6]]),
    ("all([], true)", True),
    ("any([], true)", False),
    ("one([1,2], # == 1)", True),
    ("none([1,2], # == 3)", True),
    ("count([true,false,true])", 2),
    ("count([1,2], # > 1)", 1),
    ("sum([1,2,3])", 6),
    ("sum([1,2.5])", 3.5),
    ("sum([1,2], # * 2)", 6),
    ("sum([])", 0),
    ('sum([duration("1h"), duration("2h")])', parse_duration("3h")),
    ("1 in groupBy([1,2], #)", True),
    ("1.0 in groupBy([1,2], #)", False),
    ("true not in fromPairs([[1,2]])", True),
    ("find([1,2], # > 5)", None),
    ("findIndex([1,2], # > 5)", None),
    ("findLast([1,2,3], # < 3)", 2),
    ("findLastIndex([1,2,3], # < 3)", 1),
    ("groupBy([1,2,3], # % 2)", {1: [1, 3], 0: [2]}),
    ('groupBy(["a","b"], #)', {"a": ["a"], "b": ["b"]}),
    ("sortBy([3,1,2], #)", [1, 2, 3]),
    ("sortBy([3,1,2], -#)", [3, 2, 1]),
    ('sortBy([3,1,2], #, "desc")', [3, 2, 1]),
    ("sortBy([{a:2},{a:1}], .a)", [{"a": 1}, {"a": 2}]),
    ("reduce([1,2,3], #acc + #)", 6),
    ("reduce([1,2,3], #acc + #, 10)", 16),
    ("reduce([], #acc + #, 1)", 1),
    ("reduce([1,2,3], #acc + #index, 0)", 3),
    ("all(v.s, true)", True),
    ("map(v.s, #)", [97, 98, 99]),
    ("groupBy(v.l, #)", {1: [1], 2.0: [2.0], "a": ["a"]}),
    ("groupBy(v.l, v.x)", {None: [1, 2.0, "a"]}),
    ("sortBy(v.k, #)", []),
    ("sortBy([3,1.5,2], #)", [1.5, 2, 3]),
    ("all([1], true,)", True),
    ("v.l | filter(# == 1) | len()", 1),
]

REFUSED = [
    "reduce([], #acc + #)",
    "all(v.l, # > 0)",
    "all(v.x, true)",
    "all(v.i, true)",
    "filter(v.l, #)",
    "filter(v.x, #)",
    "map(v.m, #)",
    "map(v.x, #)",
    "sum(v.l)",
    "sum(v.x)",
    "count(v.l)",
    "count(v.l, #)",
    "count(v.x, true)",
    "any(v.l, v.i)",
    "find(v.x, true)",
    "groupBy(v.l, v.l)",
    "groupBy(v.l, v.m)",
    "sortBy(v.l, #)",
    'sortBy(["b","a"], #, v.s)',
    "sortBy([true,false], #)",
    "reduce(v.x, #)",
    "reduce(v.k, #)",
    "one(v.x, true)",
    "map([1], #foo)",
    "map([1], #acc)",
    "all([1],)",
    "all([1])",
    "all()",
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_a_predicate_gives(text: str, value: Any) -> None:
    """The item is `#`, its fields `.name`, its place `#index`."""
    assert repr(evaluate(text)) == repr(value)


@pytest.mark.parametrize("text", REFUSED)
def test_a_predicate_is_refused(text: str) -> None:
    """Lists must be lists, and a filter true or false."""
    with pytest.raises(ExpressionError):
        evaluate(text)
