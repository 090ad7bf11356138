"""Whatever the text, there is a value or an ``ExpressionError``."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.expressions import when
from ruleengine.expressions.language import ExpressionError
from tests.expressions.when.test_conditions import FALSE, TRUE

WORDS = [
    "a",
    "b",
    "true",
    "false",
    "in",
    "1",
    "2.5",
    "0x1F",
    "'x'",
    '"2020-01-01"',
    "[n]",
    "-",
    "!",
]
SIGNS = ["~", "+", "*", "/", "%", "**", "&", "|", "^", "<<", ">>", "&&", "||", "==", "!=", ">", "<"]
MARKS = [">=", "<=", "=~", "!~", "?", ":", "??", ",", "(", ")", "'", "\\", "{{", "."]


def run(text: str) -> None:
    """Evaluate a text that may be anything, with words as texts and as names."""
    for bare_words in (True, False):
        with contextlib.suppress(ExpressionError):
            when.compile(text, bare_words=bare_words).eval({"a": 1, "b": [2, {"c": None}]})


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS + SIGNS + MARKS), max_size=12).map(" ".join))
def test_any_words_in_a_row_end_well(text: str) -> None:
    """Most are no condition."""
    run(text)


@settings(max_examples=200)
@given(
    st.sampled_from(TRUE),
    st.sampled_from(FALSE),
    st.integers(0, 30),
    st.sampled_from(SIGNS + MARKS),
)
def test_valid_conditions_cut_and_joined_end_well(
    one: str, other: str, end: int, between: str
) -> None:
    """They go wrong late."""
    run(one[:end] + between + other[end // 2 :])


@given(st.text(max_size=30))
def test_any_characters_end_well(text: str) -> None:
    """Those of no alphabet, too."""
    run(text)
    run(f"'{text}' =~ \"{text}\"")
