"""JSONPath templates print what kubectl prints."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import jsonpath
from ruleengine.expressions.language import ExpressionError, Limits
from tests.expressions.reading import table

TABLE = table("jsonpath")


@pytest.mark.parametrize("allow", [False, True], ids=["strict", "kubectl"])
@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: str(case[0]))
def test_templates_print_what_kubectl_prints(case: list[Any], *, allow: bool) -> None:
    """The texts in the table are those of Kubernetes' own package; null is an error."""
    text, strict, allowing = case
    wanted = allowing if allow else strict
    if wanted is None:
        with pytest.raises(ExpressionError):
            jsonpath.compile(text, allow_missing_keys=allow).eval({"input": TABLE["value"]})
    else:
        program = jsonpath.compile(text, allow_missing_keys=allow)
        assert program.eval({"input": TABLE["value"]}) == wanted


def test_values_are_found_part_by_part() -> None:
    """Who wants values, not text, takes them before they are printed."""
    found = jsonpath.compile("{.a[*]} {.b}").find({"a": [1, {"c": 2}], "b": None})
    assert found == [[1, {"c": 2}], [" "], [None]]


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("a {.b", 2, "never closed"),
        ("{.a[1}", 3, "bracket is never closed"),
        ("{.a[x]}", 4, "'x' is no index"),
        ("{.a[1, x]}", 7, "'x' is no index"),
        ("{.a[-]}", 4, "'-' is no index"),
        ('{"a}', 1, "quote is never closed"),
        ('{"\\q"}', 1, "escape"),
        ("{foo}", 1, "there is no word foo"),
        ("x{end}", 1, "nothing is open"),
        ("{.a[?(@.b=1)]}", 9, "there is no operator ="),
        ("{.a[?(@.b==x)]}", 11, "there is no word x"),
        ("{.a[?(range)]}", 6, "range has no meaning in a filter"),
        ("{.a[?(@.b]}", 3, "filter is never closed"),
        ("{..  ..a}", 5, "two recursive"),
        ("{1.2.3}", 1, "no number"),
        ("{.a&}", 3, None),
        ("{#}", 1, "no meaning here"),
    ],
)
def test_a_broken_template_is_told_with_its_place(
    text: str, offset: int, words: str | None
) -> None:
    """The place is that of what is wrong, inside of brackets and filters too."""
    if words is None:
        assert jsonpath.compile(text, allow_missing_keys=True).eval({"input": {}}) == ""
        return
    with pytest.raises(ExpressionError) as failure:
        jsonpath.compile(text)
    assert words in failure.value.message
    assert failure.value.offset == offset


def test_what_cannot_be_found_is_told_with_its_place() -> None:
    """A missing key, an index beyond the end, a comparison of different types."""
    for text, offset in (("{.a.b}", 4), ("{.n[5]}", 3), ('{.n[?(@=="x")]}', 3), ("{.a[0]}", 3)):
        with pytest.raises(ExpressionError) as failure:
            jsonpath.compile(text).eval({"input": {"a": {}, "n": [1]}})
        assert failure.value.offset == offset


def test_an_empty_list_ends_nothing() -> None:
    """Upstream forgets the lists after an empty one, and asks the body of an empty range."""
    value = {"items": [{"l": [1]}, {"l": []}, {"l": [2]}], "none": []}
    assert jsonpath.compile("{.items[*].l[*]}").eval({"input": value}) == "1 2"
    assert jsonpath.compile("{range .none[*]}{.a}{end}").eval({"input": value}) == ""


def test_a_range_without_an_end_goes_to_the_end() -> None:
    """Upstream prints its body once more for the whole."""
    assert jsonpath.compile("{range .n[*]}{@},").eval({"input": {"n": [1, 2]}}) == "1,2,"


def test_maps_are_walked_in_the_order_of_their_keys() -> None:
    """Upstream has none."""
    assert jsonpath.compile("{.*}").eval({"input": {"b": 1, "a": 2}}) == "2 1"


def test_nothing_runs_away() -> None:
    """Ranges in ranges, unions of unions and deep values are counted."""
    value = {"n": list(range(100))}
    nested = "{range $.n[*]}" * 4
    with pytest.raises(ExpressionError):
        jsonpath.compile(nested).eval({"input": value})
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match=r"nests too deeply|cannot be printed"):
        jsonpath.compile("{@}").eval({"input": deep})
    with pytest.raises(ExpressionError, match="more than"):
        jsonpath.compile("{..}").find({"n": deep}, Limits(steps=1000))
    while deep:  # taken apart, for what frees it has a stack too
        deep = deep.pop()


_PIECES = st.sampled_from(
    [*"{}[]()?@$.*:,'\"\\ &01-=<>!ab", "{range ", "{end}", "[?(@.", ")]", "..", "[*]", "x\\.y"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


@given(text=st.lists(_PIECES, max_size=14).map("".join), value=_VALUES, allow=st.booleans())
def test_any_text_is_a_template_or_a_told_error(text: str, value: Any, *, allow: bool) -> None:
    """Nothing else is ever raised."""
    try:
        assert isinstance(
            jsonpath.compile(text, allow_missing_keys=allow).eval({"input": value}), str
        )
    except ExpressionError as error:
        assert error.offset is None or 0 <= error.offset <= len(text)  # noqa: PT017 - if at all
