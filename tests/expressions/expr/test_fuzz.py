"""Whatever the text, there is a value or an ``ExpressionError``, and soon."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.expressions import expr
from ruleengine.expressions.expr.dialects import WORKFLOWS
from ruleengine.expressions.expr.functions import BUILTINS
from ruleengine.expressions.expr.signatures import PREDICATES as LOOPS
from ruleengine.expressions.language import ExpressionError, Limits
from tests.expressions.expr.kit import VALUES
from tests.expressions.expr.test_operators import GIVES as OPERATORS
from tests.expressions.expr.test_predicates import GIVES as PREDICATES
from tests.expressions.expr.test_strings import GIVES as STRINGS
from tests.expressions.expr.test_syntax import GIVES as SYNTAX

SMALL = Limits(steps=2_000, size=10_000)

ATOMS = ["0", "1", "-1", "2.5", "'a'", '"1h"', "''", "true", "nil", "[]", "{a: 1}", "1..3"]
PATHS = ["v", "v.i", "v.s", "v.l", "v.m", "v.x", "v.u", "w", "$env", "#", "#index", ".a"]
SIGNS = ["+", "-", "*", "/", "%", "**", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "??", "?"]
MARKS = [":", ".", "?.", ",", ";", "|", "(", ")", "[", "]", "{", "}", "=", "..", "!", "::", "'"]
WORDS = ["in", "not", "and", "or", "matches", "contains", "let", "let x =", "x", "if", "else"]
CALLS = [f"{name}(" for name in (*BUILTINS, *LOOPS, "asInt", "toJson", "now")]

SOUP = st.lists(
    st.one_of(*map(st.sampled_from, (ATOMS, PATHS, SIGNS, MARKS, WORDS, CALLS))), max_size=14
).map(" ".join)
VALID = st.sampled_from([text for text, _ in (*OPERATORS, *PREDICATES, *STRINGS, *SYNTAX)])


def run(text: str) -> None:
    """Evaluate a text that may be anything."""
    with contextlib.suppress(ExpressionError):
        expr.compile(text, WORKFLOWS).eval(VALUES, SMALL)


@settings(max_examples=400)
@given(SOUP)
def test_any_words_in_a_row_end_well(text: str) -> None:
    """Most are no expression."""
    run(text)


@settings(max_examples=300)
@given(VALID, VALID, st.integers(0, 60), st.integers(0, 60), st.sampled_from([*SIGNS, *MARKS, ""]))
def test_valid_programs_cut_and_joined_end_well(
    one: str, other: str, end: int, start: int, between: str
) -> None:
    """They go wrong late, where parts have been evaluated already."""
    run(one[:end] + between + other[start:])


@settings(max_examples=200)
@given(st.sampled_from([*BUILTINS, *LOOPS]), st.lists(st.sampled_from(PATHS[:8] + ATOMS)))
def test_functions_take_any_values_or_refuse_them(name: str, arguments: list[str]) -> None:
    """Of any type and number."""
    run(f"{name}({', '.join(arguments[:4])})")


@given(st.text(max_size=40))
def test_any_characters_end_well(text: str) -> None:
    """Those of no alphabet, too."""
    run(text)
    run(f"'{text}' + \"{text}\" + `{text}`")
