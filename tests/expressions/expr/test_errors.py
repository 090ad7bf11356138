"""What errors tell: where, what is wrong, and what to do."""

import pytest

from ruleengine.expressions import expr
from ruleengine.expressions.language import ExpressionError
from tests.expressions.expr.kit import VALUES, evaluate

PLACES = [
    ("1 +", 3, "unexpected the end"),
    ("1 + )", 4, "unexpected ')'"),
    ("v.i = 7", 4, "unexpected '='"),
    ("v.i & 1", 4, "unexpected '&'"),
    ("'abc", 0, "a quote is never closed"),
    ("1 /* x", 2, "a comment is never closed"),
    ("1.a", 0, "'1.a' is no number"),
    ("99999999999999999999", 0, "does not fit 64 bits"),
    ("'a\\qb'", 2, "the escape '\\q' does not exist"),
    ("[1, 2", 5, "']' should stand here"),
    ("{a.b: 1}", 2, "':' should stand here"),
    ("v.", 2, "a name should stand here"),
    ("1 ?? 2 + 3", 7, "stand side by side"),
    ("let len = 1; 2", 4, "'len' is a function already"),
    ("let x = 1; let x = 2; x", 15, "'x' is a variable already"),
    ("map([1], #foo)", 10, "'#foo' is unknown"),
    ("map([1], #acc)", 9, "'#acc' exists in reduce only"),
    ("len(1, 2)", 0, "'len' takes 1 arguments, not 2"),
    ("all([1])", 7, "'all' needs a predicate"),
    ("v.s matches '('", 12, "broken pattern"),
    ("1 + v.s", 2, "'+' is not defined on an integer and a text"),
    ("v.x.a.b", 4, "'a' is asked of nil"),
    ("v.l[9]", 3, "there is no item 9"),
    ("v.s and true", 4, "a text stands where true or false must"),
    ("v.t > 1", 4, "'>' is not defined on a text and an integer"),
    ("1 == 1 and asInt(v.s) > 2", 11, "the text is no integer"),
    ("'1' == 1", 4, "'==' can never hold here"),
    ("len(v.s) != 'a'", 9, "'!=' can never hold here"),
]


@pytest.mark.parametrize(("text", "offset", "message"), PLACES)
def test_an_error_tells_its_place(text: str, offset: int, message: str) -> None:
    """Offsets count characters from the start of the text."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(text)
    assert (caught.value.offset, message in caught.value.message) == (offset, True)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("vv.i", "did you mean 'v'?"),
        ("asint('1')", "did you mean 'asInt'?"),
        ("uper('a')", "did you mean 'upper'?"),
        ("len + 1", "write len(...)"),
        ("v.i = 7", "compare with =="),
        ("v.x.a", "?."),
        ("v.t > 1", "asInt"),
        ("'b' in 'abc'", "contains"),
        ("filter(v.x, true)", "?? []"),
        ("'\\d'", "back quotes"),
    ],
)
def test_an_error_tells_what_to_do(text: str, hint: str) -> None:
    """The commonest mistakes have a remedy."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(text)
    assert hint in caught.value.hint


def test_an_unknown_name_is_told_though_nothing_would_ask_for_it() -> None:
    """As in Go, where the whole expression is checked first."""
    with pytest.raises(ExpressionError, match="unknown name 'nope' at character 11"):
        evaluate("v.b ? 1 : nope")


def test_values_never_show_in_errors() -> None:
    """They may be secrets."""
    for text in ("asInt(v.s)", "v.s > 1", "v.s.a", "fromJSON(v.s)", "date(v.s)", "v.s | sort()"):
        with pytest.raises(ExpressionError) as caught:
            evaluate(text)
        assert VALUES["v"]["s"] not in str(caught.value)


def test_a_condition_must_be_true_or_false() -> None:
    """``holds`` refuses everything else."""
    assert expr.compile("v.i == 7").holds(VALUES) is True
    with pytest.raises(ExpressionError, match="neither true nor false"):
        expr.compile("v.i").holds(VALUES)
