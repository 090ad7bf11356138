"""What all languages share: errors that tell their place, and meters that end an evaluation."""

from collections.abc import Callable
from typing import Any

import pytest

from ruleengine.expressions import (
    cel,
    cron,
    depends,
    expr,
    fasttemplate,
    gjson,
    goessner,
    gotemplates,
    jq,
    jsonpath,
    lua,
    regular,
    sjson,
    tags,
    when,
)
from ruleengine.expressions.language import INPUT, ExpressionError, Limits, Meter


def test_an_error_tells_what_is_wrong_where_and_what_to_do() -> None:
    """Message, place and hint stand in one line."""
    error = ExpressionError("unexpected ')'", offset=4, text="1 + )", hint="write an operand")
    assert str(error) == "unexpected ')' at character 5; write an operand"


def test_an_error_without_a_place_tells_none() -> None:
    """What concerns the whole text names no character."""
    assert str(ExpressionError("no value")) == "no value"


def test_a_message_does_not_repeat_all_that_somebody_wrote() -> None:
    """Its beginning and its end are left, which say what is wrong."""
    with pytest.raises(ExpressionError) as caught:
        when.compile("!" * 100_000 + "1")
    assert len(str(caught.value)) < 1200
    assert caught.value.message.startswith("invalid token '!!")
    assert caught.value.message.endswith("!!'")


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


def _written(path: str) -> str:
    return sjson.compile(path).set("{", 1)


BROKEN: list[tuple[Callable[[str], Any], list[str]]] = [
    (expr.compile, ["1 +", "(1", '"abc', "1 2", "len()", "#", "@", "a.", "=", "{a", ""]),
    (when.compile, ["1 +", "(1", "'abc", "a b", "1 in (", "v1.2", "=", "!x"]),
    (lambda text: tags.replace(text, tags.Scope({})), ["{{=1 +}}", "{{=foo(}}"]),
    (depends.compile, ["a &&", "(a", "a b", "a.Foo", "a ||| b"]),
    (gotemplates.compile, ["{{", "{{if}}", "{{end}}", "{{foo}}", '{{"abc}}', "{{ | }}", "{{$x}}"]),
    (lambda text: fasttemplate.compile(text, strict=True).eval({}), ["{{a", "{{a}}"]),
    (gjson.Document, ["{", '{"a"', "[1,", "nul", '"a', "{}}", ""]),
    (_written, ["", "a"]),
    (jsonpath.compile, ["{", "{.a", "{[}", "{['a}", '{"a}', "{end}", "{.a[?(@.x=1)]}"]),
    (goessner.compile, ["$.", "$[", '$["a', "$[?(", "a", "", "$[1:2:3:4]"]),
    (jq.compile, [".a |", "[", "foo", '"abc', "if 1 then 2", ".. ."]),
    (lua.compile, ["return (", "x =", 'return "abc', "if x", "end", "goto x", "return 1 2"]),
    (cel.compile, ["1 +", "(1", "self.", "foo(1)", '"abc', "[1", "a ? b", "has(1)", "1 2", "no"]),
    (cron.compile, ["", "* * *", "60 * * * *", "* * * * 8", "@foo", "@every x", "5-1 * * * *"]),
    (regular.compile, ["(", "[", "a**", "\\1", "(?=a)", "a{2,1}", "*", "\\p{Foo}"]),
]
"""Texts of each language that are none."""


@pytest.mark.parametrize(
    ("read", "text"), [(read, text) for read, texts in BROKEN for text in texts]
)
def test_a_text_that_is_no_program_is_told_with_place_and_hint(
    read: Callable[[str], Any], text: str
) -> None:
    """In every language, so that whoever wrote it knows where to look and what to do."""
    with pytest.raises(ExpressionError) as caught:
        read(text)
    assert caught.value.offset is not None
    assert 0 <= caught.value.offset <= len(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (expr.compile, "1 + 1"),
        (when.compile, "a == b"),
        (tags.compile, "{{a}}"),
        (depends.compile, "a && b"),
        (fasttemplate.compile, "{{a}}"),
        (gjson.compile, "a.b"),
        (sjson.compile, "a.b"),
        (jsonpath.compile, "{.a}"),
        (goessner.compile, "$.a"),
        (jq.compile, ".a"),
        (lua.compile, "return 1"),
        (cel.compile, "1 + 1"),
        (cron.compile, "@hourly"),
        (regular.compile, "a+"),
    ],
)
def test_a_program_is_compiled_once(read: Callable[[str], Any], text: str) -> None:
    """The same text gives the same program; templates of Go share the tree behind it."""
    assert read(text) is read("".join(text))
