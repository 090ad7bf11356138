"""Functions of lists and maps."""

from typing import Any

import pytest

from ruleengine.expressions.language import ExpressionError
from tests.expressions.expr.kit import evaluate

GIVES: list[tuple[str, Any]] = [
    ("len(v.u)", 3),
    ("len(v.m)", 2),
    ("len(v.s,)", 3),
    ("len([1])", 1),
    ("len({a:1})", 1),
    ("first([1,2])", 1),
    ("first([])", None),
    ("first(v.x)", None),
    ("last([1,2])", 2),
    ("last([])", None),
    ("get([1,2],0)", 1),
    ("get([1,2],5)", None),
    ("get([1,2],-1)", 2),
    ("get([1,2],-5)", None),
    ('get({a:1},"a")', 1),
    ('get({a:1},"b")', None),
    ('get(v.x,"a")', None),
    ("get(v.s,0)", 97),
    ("get(v.i,0)", None),
    ('get(v.m,"a")', 1),
    ("take([1,2,3],2)", [1, 2]),
    ("take([1,2,3],5)", [1, 2, 3]),
    ("keys({b:1,a:2}) | sort()", ["a", "b"]),
    ("values({a:2})", [2]),
    ("toPairs({a:1})", [["a", 1]]),
    ('fromPairs([["a",1],["b",2]])', {"a": 1, "b": 2}),
    ("fromPairs([[1,2]])", {1: 2}),
    ("reverse([1,2,3])", [3, 2, 1]),
    ('uniq([1,1.0,2,"a","a",[1],[1]])', [1, 2, "a", [1]]),
    ("concat([1],[2,3])", [1, 2, 3]),
    ("concat([1])", [1]),
    ("flatten([1,[2,[3]]])", [1, 2, 3]),
    ("flatten([])", []),
    ("sort([3,1,2])", [1, 2, 3]),
    ('sort([3,1,2],"desc")', [3, 2, 1]),
    ('sort(["b","a"])', ["a", "b"]),
    ("sort([1.5,1])", [1, 1.5]),
    ("sort([])", []),
]

REFUSED = [
    "len(v.i)",
    "len(v.x)",
    "len(,)",
    "len(v.s, 1)",
    'first("abc")',
    "first({a:1})",
    'last("abc")',
    "get(v.m,1)",
    "take([1,2,3],-1)",
    "take([1],1.0)",
    'take("abc",2)',
    "keys([1])",
    "fromPairs([[1]])",
    "fromPairs([1])",
    'reverse("abc")',
    'uniq("a")',
    "concat([1],2)",
    "concat()",
    "flatten(1)",
    'sort([3,1,2],"x")',
    'sort([1,"a"])',
    "sort(1)",
    "sort([true,false])",
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_a_function_gives(text: str, value: Any) -> None:
    """Lists keep their order, maps show that of their keys."""
    assert repr(evaluate(text)) == repr(value)


@pytest.mark.parametrize("text", REFUSED)
def test_a_function_refuses(text: str) -> None:
    """What is no list or map has no items."""
    with pytest.raises(ExpressionError):
        evaluate(text)
