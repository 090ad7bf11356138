"""``depends``: conditions over the results of tasks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions.depends import GOOD
from ruleengine.expressions.depends import compile as compile_depends
from ruleengine.expressions.language import ExpressionError

ENV = {
    "A": {"Succeeded", GOOD},
    "b-2": {"Failed"},
    "C": {"Skipped", GOOD},
    "D": {"Daemoned", GOOD},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", True),
        ("b-2", False),
        ("b-2.Failed", True),
        ("!b-2", True),
        ("A && b-2", False),
        ("A || b-2", True),
        ("A && b-2 || D", True),
        ("A && (b-2 || D)", True),
        ("D && !(A && b-2.Failed)", False),
        ("!!A", True),
        ("D.Daemoned&&C.Skipped", True),
        ("C", True),
        ("C.Succeeded", False),
    ],
)
def test_a_condition_holds_by_the_results_of_its_tasks(text: str, *, expected: bool) -> None:
    """``!`` binds tightest, then ``&&``, then ``||``; a bare name for what is good enough."""
    assert compile_depends(text).eval(ENV) is expected


def test_the_tasks_of_a_condition_are_known_without_evaluating() -> None:
    """Each is named once, in the order of the text."""
    assert compile_depends("B.Failed || (A && !B)").tasks == ("B", "A")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", 0, "a task is missing"),
        ("A &&", 4, "a task is missing"),
        ("A B", 2, "unexpected 'B'"),
        ("(A", 2, "')' is missing"),
        ("A.Done", 0, "'Done' is no result"),
        ("A & B", 2, "unexpected character '&'"),
        ("!" * 200 + "A", 100, "nests deeper"),
    ],
)
def test_what_is_no_condition_is_told_with_its_place(text: str, place: int, words: str) -> None:
    """The offset is that of the token to blame."""
    with pytest.raises(ExpressionError, match=re.escape(words)) as caught:
        compile_depends(text)
    assert caught.value.offset == place


def test_a_task_that_does_not_exist_is_told() -> None:
    """Evaluating names the task."""
    with pytest.raises(ExpressionError, match="no task 'X'"):
        compile_depends("A && X").eval(ENV)


@given(st.lists(st.sampled_from(["A", "B.Failed", "&&", "||", "!", "(", ")", " ", "é", "."])))
def test_any_text_is_a_condition_or_an_error(parts: list[str]) -> None:
    """Nothing but the one error ever comes out."""
    try:
        program = compile_depends("".join(parts))
        program.eval({task: {GOOD} for task in program.tasks})
    except ExpressionError:
        pass
