"""From one type to another."""

from typing import Any

import pytest

from ruleengine.expressions.language import ExpressionError
from tests.expressions.expr.kit import evaluate

GIVES: list[tuple[str, Any]] = [
    ("type(1)", "int"),
    ("type(1.5)", "float"),
    ('type("a")', "string"),
    ("type([])", "array"),
    ("type({})", "map"),
    ("type(nil)", "nil"),
    ("type(true)", "bool"),
    ("type(v.i)", "int"),
    ("type(v.x)", "nil"),
    ("type(1..2)", "array"),
    ('type(b"a")', "array"),
    ('int("5")', 5),
    ('int("+5")', 5),
    ('int("-5")', -5),
    ('int("010")', 10),
    ("int(5.9)", 5),
    ("int(-5.9)", -5),
    ("int(1e30)", -(2**63)),
    ('float("1.5")', 1.5),
    ('float("1")', 1.0),
    ('float("1e3")', 1000.0),
    ('float("inf")', float("inf")),
    ('float("nan")', float("nan")),
    ('float("0x1p-2")', 0.25),
    ('float("1_0")', 10.0),
    ("float(1)", 1.0),
    ("string(1)", "1"),
    ("string(1.0)", "1"),
    ("string(1.5)", "1.5"),
    ("string(1e6)", "1e+06"),
    ("string(123456789.0)", "1.23456789e+08"),
    ("string(1e20)", "1e+20"),
    ("string(1e21)", "1e+21"),
    ("string(true)", "true"),
    ("string(nil)", "<nil>"),
    ('string([1,"a",nil])', "[1 a <nil>]"),
    ('string({b:1,a:"x"})', "map[a:x b:1]"),
    ('string("a")', "a"),
    ("string(v.x)", "<nil>"),
    (
        'toJSON({b:1,a:["<x>",nil]})',
        '{\n  "a": [\n    "\\u003cx\\u003e",\n    null\n  ],\n  "b": 1\n}',
    ),
    ("toJSON(1)", "1"),
    ("toJSON(1.0)", "1"),
    ('toJSON("a<b")', '"a\\u003cb"'),
    ("toJSON(nil)", "null"),
    ("toJSON([])", "[]"),
    ("toJSON({})", "{}"),
    ("toJSON(1e21)", "1e+21"),
    ("toJSON(0.1)", "0.1"),
    ('toJSON("é")', '"é"'),
    ('fromJSON("{\\"a\\": [1, 2.5, null]}")', {"a": [1.0, 2.5, None]}),
    ('fromJSON("1")', 1.0),
]

REFUSED = [
    'int("5.5")',
    'int("abc")',
    'int(" 5")',
    'int("0x10")',
    'int("1_000")',
    "int(true)",
    "int(nil)",
    "int([1])",
    'int("")',
    'int("9223372036854775808")',
    'float(" 1.5")',
    'float("abc")',
    "float(true)",
    'fromJSON("x")',
    'fromJSON("")',
    'fromJSON("1 2")',
    "fromJSON(1)",
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_a_function_gives(text: str, value: Any) -> None:
    """Numbers, texts and JSON look as Go writes them."""
    assert repr(evaluate(text)) == repr(value)


@pytest.mark.parametrize("text", REFUSED)
def test_a_function_refuses(text: str) -> None:
    """A text that is no number stays none."""
    with pytest.raises(ExpressionError):
        evaluate(text)
