"""Programs that would run away end with an error, and honest long ones do not."""

from typing import Any

import pytest

from ruleengine.expressions import expr
from ruleengine.expressions.language import LONGEST_TEXT, ExpressionError, Limits
from tests.expressions.expr.kit import VALUES, evaluate

RUNAWAY = [
    "1..100000000",
    "'ab' | repeat(100000000)",
    "map(1..1000, map(1..1000, #))",
    "filter(1..50000, any(1..50000, false))",
    "reduce(1..30, #acc + #acc, 'xxxx')",
    "let a = repeat('a', 900000); let b = a + a; b",
    "let a = repeat('a', 900000); join([a, a])",
    "replace(repeat('a', 900000), 'a', 'bb')",
    "flatten(map(1..1000, 1..1000))",
    "uniq(1..100000)",
    "sum(map(1..100000, # * 2))",
    "count(1..20000, # in 1..20000)",
    "let s = repeat('a', 900000); count(1..20000, s contains 'b')",
    "let s = repeat('a', 900000); count(1..20000, s matches 'b')",
    "toJSON(map(1..40, reduce(1..15, [#acc, #acc], 1)))",
    "reduce(1..40, [#acc, #acc], 1) == reduce(1..40, [#acc, #acc], 1)",
    "flatten(reduce(1..40, [#acc, #acc], 1))",
    "max(reduce(1..40, [#acc, #acc], 1))",
    "reduce(1..5000, [#acc], 1) == reduce(1..5000, [#acc], 1)",
    "flatten(reduce(1..5000, [#acc], 1))",
    "toJSON(reduce(1..5000, [#acc], 1))",
]

DEEP = [
    "(" * 2000 + "1" + ")" * 2000,
    "[" * 2000 + "]" * 2000,
    "-" * 2000 + "1",
    "not " * 2000 + "true",
    "true ? " * 2000,
    "1 ** " * 2000 + "1",
    "{a: " * 2000,
    "map(1..1, " * 2000,
    "1 | string()" + " | string()" * 2000,
    "if true { " * 2000,
    "(1 + " * 2000,
    "1..(" * 2000,
    "a?.[" * 2000,
    "((1 ?? (" * 2000,
]

LONG: list[tuple[str, Any]] = [
    (" + ".join(["1"] * 20_000), 20_000),
    (" && ".join(["true"] * 20_000), True),
    (" ?? ".join(["nil"] * 20_000), None),
    ("".join(f"let x{index} = {index}; " for index in range(5_000)) + "x4999", 4999),
    ("v" + "?.a" * 20_000, None),
    ("1" + " < 2" * 1, True),
    ("; ".join(["1"] * 20_000), 1),
    ("[" + ",".join(["1"] * 20_000) + "][-1]", 1),
]


@pytest.mark.parametrize("text", RUNAWAY)
def test_what_would_run_away_is_ended(text: str) -> None:
    """Steps, sizes and nesting are counted, never seconds."""
    with pytest.raises(ExpressionError):
        evaluate(text)


@pytest.mark.parametrize("text", DEEP)
def test_what_nests_too_deeply_is_refused(text: str) -> None:
    """Before it could exhaust the stack."""
    with pytest.raises(ExpressionError):
        evaluate(text)


@pytest.mark.parametrize(("text", "value"), LONG)
def test_what_is_only_long_is_evaluated(text: str, value: Any) -> None:
    """Operators, steps and variables in a row are loops."""
    assert evaluate(text) == value


def test_a_text_longer_than_any_program_is_refused() -> None:
    """It is not even read."""
    with pytest.raises(ExpressionError, match="too long"):
        expr.compile(" " * LONGEST_TEXT + "1")


def test_the_caller_sets_the_limits() -> None:
    """A program that fits one evaluation may be too much for another."""
    program = expr.compile("sum(map(1..100, # + v.i))")
    assert program.eval(VALUES) == 5750
    with pytest.raises(ExpressionError, match="more than 50 steps"):
        program.eval(VALUES, Limits(steps=50))
    with pytest.raises(ExpressionError, match="more than 10 elements"):
        program.eval(VALUES, Limits(size=10))
