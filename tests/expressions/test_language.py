"""What all languages share: errors that tell their place, and meters that end an evaluation."""

from collections.abc import Callable
from typing import Any

import pytest

from ruleengine.expressions import cel, expr, jq, lua
from ruleengine.expressions.language import INPUT, ExpressionError, Limits, Meter


def test_an_error_tells_what_is_wrong_where_and_what_to_do() -> None:
    """Message, place and hint stand in one line."""
    error = ExpressionError("unexpected ')'", offset=4, text="1 + )", hint="write an operand")
    assert str(error) == "unexpected ')' at character 5; write an operand"


def test_an_error_without_a_place_tells_none() -> None:
    """What concerns the whole text names no character."""
    assert str(ExpressionError("no value")) == "no value"


def test_steps_beyond_the_limit_end_an_evaluation() -> None:
    """The limit itself is allowed; one more is not."""
    meter = Meter(Limits(steps=3))
    meter.step(3)
    with pytest.raises(ExpressionError, match="more than 3 steps"):
        meter.step()


def test_a_value_larger_than_the_limit_is_not_made() -> None:
    """The size is looked at before the value exists."""
    meter = Meter(Limits(size=10))
    meter.size(10)
    with pytest.raises(ExpressionError, match="more than 10"):
        meter.size(11)


def test_calls_that_nest_too_deeply_end_an_evaluation() -> None:
    """What was left does not count."""
    meter = Meter(Limits(depth=2))
    meter.enter()
    meter.leave()
    meter.enter()
    meter.enter()
    with pytest.raises(ExpressionError, match="deeper than 2"):
        meter.enter()


@pytest.mark.parametrize(
    "evaluate",
    [
        lambda value: expr.compile("n * 1.5").eval({"n": value}),
        lambda value: expr.compile("float(n)").eval({"n": value}),
        lambda value: jq.compile(".[0]").eval({INPUT: [value]}),
        lambda value: lua.compile("return obj").eval({"obj": [value]}),
        lambda value: cel.compile("self").eval({"self": [value]}),
    ],
)
def test_a_number_beyond_floating_point_is_told(evaluate: Callable[[int], Any]) -> None:
    """Documents and events hold as many digits as somebody likes to write."""
    with pytest.raises(ExpressionError, match=r"a number.* is too large"):
        evaluate(10**400)
    evaluate(10**300)
