"""Regular expressions match, cut and replace as Go's do, in linear time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import regular
from ruleengine.expressions.language import ExpressionError, Limits
from tests.expressions.reading import cases


def _answer(case: dict[str, Any]) -> Any:
    if case["op"] == "quote":
        return regular.quote(case["text"])
    pattern = regular.compile(case["pattern"])
    match case["op"]:
        case "matches":
            return pattern.matches(case["text"])
        case "find_all":
            return [list(match.groups()) for match in pattern.find_all(case["text"])]
        case "split":
            return pattern.split(case["text"], case["most"])
        case "replace":
            return pattern.replace(case["text"], case["template"])
    return None


@pytest.mark.parametrize("case", cases("regular"))
def test_patterns_do_what_they_do_in_go(case: dict[str, Any]) -> None:
    """The answers in the table are those of Go's own package."""
    if "error" in case:
        with pytest.raises(ExpressionError) as failure:
            _answer(case)
        assert failure.value.message
    else:
        assert _answer(case) == case["out"]


@pytest.mark.parametrize(
    ("text", "offset", "hint"),
    [
        ("(abc", 4, "close it"),
        ("a(b)c)d", 5, "open it"),
        (r"\(a)", 3, "open it"),
        (r"[(]a\Q))\E)", 10, "open it"),
        ("[ab", 3, "close it"),
        ("ab\\", 2, "backslash"),
        ("a**", 1, "(?:...)"),
        ("x(?=a)", 1, "look-around"),
        (r"(a)\1", 3, "back-references"),
        (r"a\C", 1, "back-references"),
        ("a{1,2000}", 1, "1000"),
        ("(?P<a-b>c)", 0, "(?P<name>...)"),
        ("(?P<é>a)", 4, "(?P<name>...)"),
    ],
)
def test_a_broken_pattern_is_told_with_its_place_and_a_hint(
    text: str, offset: int, hint: str
) -> None:
    """The place is that of the first thing that is wrong."""
    with pytest.raises(ExpressionError) as failure:
        regular.compile(text)
    assert (failure.value.offset, failure.value.text) == (offset, text)
    assert hint in failure.value.hint


def test_no_place_is_claimed_where_it_could_be_either() -> None:
    """The engine tells the culprit's text only; it stands here twice."""
    with pytest.raises(ExpressionError) as failure:
        regular.compile(r"\1\1")
    assert failure.value.offset is None


def test_halves_of_characters_are_replacement_characters() -> None:
    """JSON can say half a character; Go reads it as U+FFFD."""
    assert regular.compile("a\ufffdb").matches("a\ud800b")
    assert regular.compile("a\ud800b").matches("a\ufffdb")


def test_groups_are_found_by_name() -> None:
    """Both spellings of a named group count."""
    pattern = regular.compile(r"(?P<one>a)(?<two>b)?")
    assert pattern.names == {"one": 1, "two": 2}
    found = pattern.find("xa")
    assert found is not None
    assert found.spans == ((1, 2), (1, 2), (-1, -1))
    assert found.group(2) == ""


def test_a_program_takes_its_text_as_input() -> None:
    """The shape of every language: a program evaluated over an environment."""
    assert regular.compile("^a+$").eval({"input": "aaa"}) is True
    with pytest.raises(ExpressionError, match="'input'"):
        regular.compile("a").eval({})


def test_a_catastrophic_pattern_is_none_here() -> None:
    """What takes a backtracking engine longer than the universe is linear here."""
    assert not regular.compile(r"^(a+)+$").matches("a" * 50_000 + "b")
    assert not regular.compile(r"(x+x+)+y").matches("x" * 50_000)


def test_a_large_pattern_is_not_run_over_a_long_text() -> None:
    """Linear time is the product of both."""
    pattern = regular.compile("(a[ab]{0,900}c)")
    assert not pattern.matches("ab" * 10_000)
    with pytest.raises(ExpressionError, match="too long for a pattern"):
        pattern.matches("ab" * 500_000)
    with pytest.raises(ExpressionError, match="too long for a pattern"):
        list(pattern.find_all("é" * 500_000))


def test_searches_that_all_look_to_the_end_are_ended() -> None:
    """Each is linear; a match for every character makes them quadratic."""
    pattern = regular.compile("a[ab]*c|a")
    with pytest.raises(ExpressionError, match=r"more than 0\.02 seconds"):
        pattern.replace("a" * 100_000, "x", Limits(seconds=0.02))


def test_a_replacement_may_not_grow_without_end() -> None:
    """The limits bound the result before it is whole."""
    pattern = regular.compile("a")
    with pytest.raises(ExpressionError, match="more than 100"):
        pattern.replace("a" * 60, "$0$0", Limits(size=100))


def test_a_pattern_that_is_too_long_is_refused() -> None:
    """A program of a megabyte is no pattern."""
    with pytest.raises(ExpressionError, match="too long"):
        regular.compile("a" * 1_000_000)


_PIECES = st.sampled_from(
    [*"ab()[]{}*+?|^$.\\,:-é1 ", "(?P<n>", "(?i)", "\\Q", "\\E", "\\b", "\\B"]
)


@given(st.lists(_PIECES, max_size=12).map("".join), st.text(max_size=12), st.text(max_size=6))
def test_any_text_is_a_pattern_or_a_told_error(pattern: str, text: str, template: str) -> None:
    """And what is not replaced survives: cutting and replacing agree on the matches."""
    try:
        program = regular.compile(pattern)
    except ExpressionError:
        return
    found = list(program.find_all(text))
    assert program.matches(text) is bool(found)
    assert program.replace(text, "$0") == text.encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )
    program.replace(text, template)
    program.split(text)


@given(st.text(max_size=20), st.text(max_size=5))
def test_a_quoted_text_matches_itself(text: str, around: str) -> None:
    """Quoting leaves no character special."""
    assert regular.compile(regular.quote(text)).matches(around + text + around)
