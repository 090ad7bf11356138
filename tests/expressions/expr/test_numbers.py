"""Functions of numbers."""

from typing import Any

import pytest

from ruleengine.expressions.language import ExpressionError
from tests.expressions.expr.kit import evaluate

GIVES: list[tuple[str, Any]] = [
    ("max(1,2,)", 2),
    ("abs(-5)", 5),
    ("abs(-5.5)", 5.5),
    ("ceil(1.2)", 2.0),
    ("ceil(1)", 1.0),
    ("floor(1.7)", 1.0),
    ("floor(-1.5)", -2.0),
    ("round(1.5)", 2.0),
    ("round(-1.5)", -2.0),
    ("round(2.5)", 3.0),
    ("round(0.49999999999999994)", 0.0),
    ("round(3)", 3.0),
    ("max(1,2,3)", 3),
    ("max(1,2.5)", 2.5),
    ("max([1,2,3])", 3),
    ("max([1,[2,5]],3)", 5),
    ("max([])", None),
    ("max(1)", 1),
    ("min(1,2)", 1),
    ("min([3,1],2)", 1),
    ("min([])", None),
    ("mean(1,2,3)", 2.0),
    ("mean([1,2,3])", 2.0),
    ("mean([])", 0.0),
    ("mean(1)", 1.0),
    ("mean([1,[2,3]])", 2.0),
    ("median([3,1,2])", 2.0),
    ("median([4,1,2,3])", 2.5),
    ("median([])", 0.0),
    ("median(1,2)", 1.5),
    ("bitand(5,3)", 1),
    ("bitor(5,3)", 7),
    ("bitxor(5,3)", 6),
    ("bitnand(5,3)", 4),
    ("bitnot(5)", -6),
    ("bitshl(1,3)", 8),
    ("bitshr(8,1)", 4),
    ("bitshr(-8,1)", -4),
    ("bitushr(-8,1)", 9223372036854775804),
    ("bitshl(1,64)", 0),
]

REFUSED = [
    'abs("a")',
    "abs(v.s)",
    "ceil(v.s)",
    "max()",
    'max("a")',
    "min(v.s, 1)",
    "mean()",
    'mean("a")',
    "bitshl(1,-1)",
    "bitand(5.0,3)",
    'bitand("a",1)',
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_a_function_gives(text: str, value: Any) -> None:
    """Rounding gives floats, bits take integers."""
    assert repr(evaluate(text)) == repr(value)


@pytest.mark.parametrize("text", REFUSED)
def test_a_function_refuses(text: str) -> None:
    """Texts are never numbers by themselves."""
    with pytest.raises(ExpressionError):
        evaluate(text)
