"""What Workflows, Rollouts, Events and notifications add to the language."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ruleengine.expressions import expr
from ruleengine.expressions.expr import EVENTS, PLAIN, ROLLOUTS, WORKFLOWS, Dialect
from ruleengine.expressions.expr.dialects import result_environment
from ruleengine.expressions.expr.signatures import NOW
from ruleengine.expressions.language import ExpressionError, Limits


@pytest.mark.parametrize(
    ("dialect", "text", "value"),
    [
        (WORKFLOWS, "asInt('3') + 1", 4),
        (WORKFLOWS, "asFloat('1.5')", 1.5),
        (WORKFLOWS, "asInt(3.9)", 3),
        (WORKFLOWS, "toJson({b: '<', a: [1, 2.0]})", '{"a":[1,2],"b":"\\u003c"}'),
        (WORKFLOWS, "asFloat('179') / 5", 35.8),
        (WORKFLOWS, """jsonpath('{"a": [{"b": 43}]}', '$.a[0].b')""", 43.0),
        (EVENTS, """jsonpath('[1, 2, 3]', '$[?(@ > 1)]')""", [2.0, 3.0]),
        (WORKFLOWS, "sprig.trunc(5, 'hello world')", "hello"),
        (WORKFLOWS, "sprig.list(1, 2) | len()", 2),
        (WORKFLOWS, "sprig.dig('b', nil, {b: 'x'})", "x"),
        (EVENTS, "sprig.upper('a') == 'A'", True),
        (EVENTS, "asInt('5') == 5", True),
        (ROLLOUTS, "isNaN(asFloat('nan'))", True),
        (ROLLOUTS, "isInf(1 / 0) && !isInf(1)", True),
    ],
)
def test_a_dialect_has_functions(dialect: Dialect, text: str, value: Any) -> None:
    """They stand beside those of the language."""
    assert repr(expr.compile(text, dialect).eval({})) == repr(value)


@pytest.mark.parametrize(
    ("result", "text", "value"),
    [
        ([0.5], "result[0] < 1", True),
        (None, "isNil(result)", True),
        (0.0, "isNil(result)", False),
        (None, "default(result, 0) == 0", True),
        (2.5, "default(nil, 0)", 2.5),
        ([float("nan")], "result[0] > 1", False),
        ([0.99, 1], "all(result, # > 0.9)", True),
    ],
)
def test_a_metric_is_judged_by_its_result(result: Any, text: str, value: Any) -> None:
    """``isNil`` and ``default`` look at the result whatever their first argument is."""
    assert expr.compile(text, ROLLOUTS).eval(result_environment(result)) == value


def test_an_empty_result_has_no_first_item() -> None:
    """The provider returned no data, and the metric is an error."""
    with pytest.raises(ExpressionError, match="there is no item 0"):
        expr.compile("result[0] > 1", ROLLOUTS).eval(result_environment([]))


def test_a_function_of_the_language_hides_a_name_in_filters_of_events() -> None:
    """As in the older dialect; the hint says how to reach the name."""
    with pytest.raises(ExpressionError) as caught:
        expr.compile("type == 'UPDATE'", EVENTS)
    assert caught.value.hint == "write $env['type']"
    assert expr.compile("$env['type']", EVENTS).eval({"type": "UPDATE"}) == "UPDATE"
    assert expr.compile("type == 'UPDATE'", WORKFLOWS).eval({"type": "UPDATE"}) is True


@pytest.mark.parametrize("clock", [datetime(2026, 1, 2, tzinfo=UTC), None])
def test_the_time_comes_with_the_environment(clock: datetime | None) -> None:
    """A time, or a function that gives one; without either there is no clock."""
    program = expr.compile('now() - duration("24h")')
    if clock is None:
        with pytest.raises(ExpressionError, match="no clock"):
            program.eval({})
        return
    for env in ({NOW: clock}, {NOW: lambda: clock}):
        assert program.eval(env) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["jsonpath('{', '$')", "jsonpath('{}', '$.a')", "jsonpath('{}', 'a')", "jsonpath(1, 2)"]
)
def test_a_path_that_finds_nothing_is_an_error_of_the_call(text: str) -> None:
    """Its place is that of the call, not one inside of the path."""
    with pytest.raises(ExpressionError) as caught:
        expr.compile(text, WORKFLOWS).eval({})
    assert (caught.value.offset, caught.value.text) == (0, text)


def test_an_unknown_function_of_sprig_is_suggested() -> None:
    """There are two hundred of them."""
    with pytest.raises(ExpressionError) as caught:
        expr.compile("sprig.uper('a')", WORKFLOWS).eval({})
    assert (caught.value.offset, caught.value.hint) == (6, "did you mean 'upper'?")


def test_functions_of_sprig_count_as_steps_of_the_expression() -> None:
    """However many calls they are spread over."""
    env = {"a": [[1]] * 50, "many": list(range(1000))}
    program = expr.compile("many | map(sprig.deepCopy(a)) | len()", WORKFLOWS)
    with pytest.raises(ExpressionError, match="more than 20000 steps"):
        program.eval(env, Limits(steps=20_000))


def test_functions_of_sprig_change_nothing_that_others_see() -> None:
    """Their maps are copies, though upstream changes the environment."""
    env = {"a": {"b": 1}}
    assert expr.compile("sprig.set(a, 'c', 2)", WORKFLOWS).eval(env) == {"b": 1, "c": 2}
    assert env == {"a": {"b": 1}}


def test_functions_of_the_host_are_called() -> None:
    """Notifications have maps of them; what they refuse is an error at their place."""
    env: Mapping[str, Any] = {"strings": {"ReplaceAll": str.replace, "Fail": int}}
    assert expr.compile("strings.ReplaceAll('aba', 'a', 'c')", PLAIN).eval(env) == "cbc"
    with pytest.raises(ExpressionError, match="at character 13"):
        expr.compile("1 + strings.Fail('x')", PLAIN).eval(env)
