"""Conditions of ``when``: words become texts, numbers are floats, the result is true or false."""

from typing import Any

import pytest

from ruleengine.expressions import when
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError, Limits

TRUE = [
    "foo == foo",
    "foo != bar",
    "1 == 1",
    "1 != 2",
    "1 < 2",
    "1 <= 1",
    "2 >= 2",
    "a < b",
    "(foo == bar) || (foo == foo)",
    "(1 > 0) && (1 < 2)",
    "Error in (Failed, Error)",
    "!(Succeeded in (Failed, Error))",
    "true == true",
    "'my-val' == \"my-val\"",
    "abc =~ '^a.c$'",
    "abc =~ b",
    "abc !~ x",
    "a IN (a, b)",
    "[my-val] == 'my-val'",
    "my\\-val == 'my-val'",
    "'2020-01-02' > '2020-01-01'",
    "'2020-01-01T10:00:00Z' == '2020-01-01T11:00:00+01:00'",
    "0x1F == 31",
    "日本 == 日本",
    "2 ** 3 ** 2 == 64",
    "-2 ** 2 == 4",
    "10 / 2 / 5 == 1",
    "1 | 2 & 4 == 0",
    "1 << 2 + 1 == 8",
    "~5 == -6",
    "true || false && false",
    "1 + a == '1a'",
    "5 > 3 == true",
    "1 in (1, 2)",
    "9007199254740993 == 9007199254740992",
    "'' == ''",
    "",
]

FALSE = [
    "foo != foo",
    "foo == bar",
    "1 != 1",
    "1 == 2",
    "1 > 2",
    "1 <= 0",
    "1 >= 2",
    "a > b",
    "(foo == bar) || (bar == foo)",
    "(1 > 0) && (11 < 2)",
    "Succeeded in (Failed, Error)",
    "!(Error in (Failed, Error))",
    "false == true",
    "10 < 9",
    "'10' > '9'",
    "1 == '1'",
    "true == 'true'",
    "1 in ('1', 2)",
    "false && a",
]

VALUES: list[tuple[str, Any]] = [
    ("true ? a : b", "a"),
    ("false ? a : b", "b"),
    ("false ? a", None),
    ("(false ? a) ?? c", "c"),
    ("false ? a : true ? c : d", "c"),
    ("3 + 2", 5.0),
    ("1 - 2 - 3", -4.0),
    ("3 * 2", 6.0),
    ("3 / 2", 1.5),
    ("6 & 3", 2.0),
    ("6 | 3", 7.0),
    ("6 ^ 3", 5.0),
    ("1 / 0", float("inf")),
    ("-8 >> 1", 9.223372036854776e18),
    ("1 << 70", 0.0),
    ("5.5 % 2", 1.5),
    ("2020-01-01", 2018.0),
    ("(a, 1)", ["a", 1.0]),
    ("a + true", "atrue"),
    ("'2020-13-01'", "2020-13-01"),
    ("'a\\'b'", "a'b"),
]


@pytest.mark.parametrize("text", TRUE)
def test_a_condition_holds(text: str) -> None:
    """Each shows one rule of the language."""
    assert when.holds(text) is True


@pytest.mark.parametrize("text", FALSE)
def test_a_condition_does_not_hold(text: str) -> None:
    """Each shows one rule of the language."""
    assert when.holds(text) is False


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_condition_has_a_value(text: str, value: Any) -> None:
    """Numbers are floats, lists are written with commas, ``?`` and ``:`` are two operators."""
    assert when.compile(text).eval({}) == value


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("v1.2 == v1.2", 0, "would be a field"),
        ("1a == 1a", 1, "a word 'a' where an operator"),
        ("hello world == x", 6, "a word 'world'"),
        ("a = b", 2, "invalid token '='"),
        ("true ||! false", 5, "invalid token '||!'"),
        ("--1", 0, "invalid token '--'"),
        ("{{x}} == y", 0, "invalid token '{{'"),
        (" == x", 1, "an operator '==' where a value"),
        ("a ==", 4, "the end where a value"),
        ("'a", 0, "a quote is never closed"),
        ("[a", 0, "a bracket is never closed"),
        ("(a == b", 7, "the end where an operator or ')'"),
        ("a == b)", 6, "')' where an operator"),
        ("(a == a) b", 9, "a word 'b' where an operator"),
        ("1.2.3", 0, "'1.2.3' is no number"),
        ("a =~ '('", 5, "broken pattern"),
        ("!a", 1, "'!' cannot stand before a text"),
        ("1e5 == 1", 1, "a word 'e5'"),
    ],
)
def test_a_broken_condition_tells_where(text: str, offset: int, message: str) -> None:
    """The place is that of the token in the way."""
    with pytest.raises(ExpressionError) as caught:
        when.compile(text)
    assert (caught.value.offset, message in caught.value.message) == (offset, True)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("a = b", "write '=='"), ("a <> b", "write '!='"), ("a == b and c == d", "write '&&'")],
)
def test_an_operator_of_another_language_is_answered_with_the_one_that_is_meant(
    text: str, hint: str
) -> None:
    """Not with quotes."""
    with pytest.raises(ExpressionError) as caught:
        when.compile(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize("text", ["my value == x", "v1.2 == x", "a@b == x", "2020-x == x"])
def test_what_needs_quotes_says_so(text: str) -> None:
    """Values that a tag left in the condition are the usual cause."""
    with pytest.raises(ExpressionError) as caught:
        when.holds(text)
    assert "quotes" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "my-val == my-val",
        "a > 1",
        "1 > a",
        "true > false",
        "a && true",
        "true && a",
        "a ? b : c",
        "1 in (1)",
        "a in b",
        "1 =~ a",
        "-(a == a)",
        "!(1)",
        "1 * true",
        "true + 1",
    ],
)
def test_operators_refuse_what_they_are_not_for(text: str) -> None:
    """Nothing is converted, and no other exception comes out."""
    with pytest.raises(ExpressionError):
        when.compile(text).eval({})


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a == a && 1 > b", 12),
        ("true && -(a == a)", 8),
        ("a == a || b =~ c", None),
        ("1 + (a - 1)", 7),
    ],
)
def test_a_refused_value_is_told_at_its_operator(text: str, offset: int | None) -> None:
    """What is never asked for is never refused."""
    condition = when.compile(text)
    if offset is None:
        assert condition.eval({}) is True
        return
    with pytest.raises(ExpressionError) as caught:
        condition.eval({})
    assert (caught.value.offset, caught.value.text) == (offset, text)


@pytest.mark.parametrize("text", ["a", "1 + 1", "true ? a : b", "()", "a, b"])
def test_a_result_that_is_no_truth_is_refused(text: str) -> None:
    """A condition is true or false, nothing that might count as one."""
    with pytest.raises(ExpressionError, match="neither true nor false"):
        when.holds(text)


def test_words_are_looked_up_where_they_are_no_texts() -> None:
    """Filters of events name the fields of the event; whole numbers are floats all the same."""
    condition = when.compile("n == 3 && s == 'x' && [a-b]", bare_words=False)
    assert condition.names == ("n", "s", "a-b")
    assert condition.eval({"n": 3, "s": "x", "a-b": True}) is True


def test_a_list_that_is_looked_up_stays_as_it_is() -> None:
    """A comma behind it makes another list."""
    env = {"x": [1, 2]}
    condition = when.compile("4 in (x, 4)", bare_words=False)
    assert [condition.eval(env), condition.eval(env)] == [True, True]
    assert env == {"x": [1, 2]}


def test_an_unknown_word_is_an_error_where_words_are_looked_up() -> None:
    """It tells the word and its place."""
    with pytest.raises(ExpressionError, match="no parameter 'n' at character 2"):
        when.compile("!n", bare_words=False).eval({})


def test_a_long_condition_is_no_deep_one() -> None:
    """Terms in a row are a loop."""
    assert when.holds(" && ".join(["a == a"] * 10_000)) is True


def test_deep_nesting_is_refused() -> None:
    """Where it would exhaust the stack, an error says what is wrong."""
    with pytest.raises(ExpressionError, match="nests deeper"):
        when.holds("(" * (DEEPEST_NESTING + 1) + "true" + ")" * (DEEPEST_NESTING + 1))


def test_a_text_cannot_grow_without_end() -> None:
    """Joining is bounded by the size that the limits allow."""
    condition = when.compile("s + s + s", bare_words=False)
    with pytest.raises(ExpressionError, match="more than 100"):
        condition.eval({"s": "x" * 40}, Limits(size=100))
