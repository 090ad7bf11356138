"""Goessner's JSONPath: what paths, ranges, filters and computed keys find."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.expressions import goessner
from ruleengine.expressions.language import ExpressionError, Limits

FIVE = ["a", "b", "c", "d", "e"]
SHOP: dict[str, Any] = {
    "books": [
        {"title": "one", "price": 8.95, "tags": ["x"]},
        {"title": "two", "price": 12.0},
        {"title": "three", "price": 22.5, "tags": []},
    ],
    "bike": {"price": 19.95},
    "limit": 12,
    "odd key": {"a.b": 1, "it's": 2, "": 3},
}

FOUND: list[tuple[str, Any, Any]] = [
    ("$", SHOP, SHOP),
    ("$.bike.price", SHOP, 19.95),
    ("@.limit", SHOP, 12),
    (" $.limit ", SHOP, 12),
    ("$['limit']", SHOP, 12),
    ('$["odd key"]["a.b"]', SHOP, 1),
    ("$['odd key']['it\\'s']", SHOP, 2),
    ("$['odd key']['']", SHOP, 3),
    ("$.odd key['a.b']", SHOP, 1),
    ("$.['limit']", SHOP, 12),
    ("$.key-dash", {"key-dash": 1}, 1),
    ("$.屬性", {"屬性": 1}, 1),
    ("$.books[0].title", SHOP, "one"),
    ("$.books[-1].title", SHOP, "three"),
    ("$.books[(@.length-1)].title", SHOP, "three"),
    ("$.books[('0')]", {"books": {"0": 1}}, 1),
    ("$.length", FIVE, 5),
    ("$.length", {"length": "own"}, "own"),
    ("$.limit.length", {"limit": "word"}, 4),
    ("$.books[*].title", SHOP, ["one", "two", "three"]),
    ("$.books.*.tags", SHOP, [["x"], []]),
    ("$.books[*].tags[*]", SHOP, [["x"], []]),
    ("$.*.*", [[1, 2], [3]], [[1, 2], [3]]),
    ("$.*", {"b": 2, "a": 1}, [1, 2]),
    ("$[*]", [], []),
    ("$[1:3]", FIVE, ["b", "c"]),
    ("$[-2:]", FIVE, ["d", "e"]),
    ("$[:2]", FIVE, ["a", "b"]),
    ("$[::2]", FIVE, ["a", "c", "e"]),
    ("$[0:3:-2]", FIVE, ["c", "a"]),
    ("$[::-2]", FIVE, ["e", "c", "a"]),
    ("$[3:1]", FIVE, []),
    ("$[ 1 : (@.length - 1) ]", FIVE, ["b", "c", "d"]),
    ("$[4,0]", FIVE, ["e", "a"]),
    ("$[0,0,9]", FIVE, ["a", "a"]),
    ("$['a', 'zz', 'b']", {"a": 1, "b": 2}, [1, 2]),
    ("$[:]['a','b']", [{"a": 1, "b": 2}, {"a": 3}], [[1, 2], [3]]),
    ("$..price", SHOP, [19.95, 8.95, 12.0, 22.5]),
    ("$...price", SHOP, [19.95, 8.95, 12.0, 22.5]),
    ("$..[1].title", SHOP, ["two"]),
    ("$..tags[0]", SHOP, ["x"]),
    ("$..['price','title']", SHOP["books"], [8.95, "one", 12.0, "two", 22.5, "three"]),
    ("$..*", {"a": [1]}, [[1], 1]),
    ("$..", [[1]], [[[1]], [1], 1]),
    ("$..*", 42, []),
    ("$.books[?(@.price > 10)].title", SHOP, ["two", "three"]),
    ("$.books[?(@.price > $.limit)].title", SHOP, ["three"]),
    ("$.books[?(@.price == 12)].title", SHOP, ["two"]),
    ("$.books[?(@.title == 'two' || @.title == \"one\")].price", SHOP, [8.95, 12.0]),
    ("$.books[?(@.tags)].title", SHOP, ["one"]),
    ("$.books[?(!@.tags)].title", SHOP, ["two", "three"]),
    ("$.books[?(@.tags.length > 0)].title", SHOP, ["one"]),
    ("$.books[?(@.tags[0] == 'x')].title", SHOP, ["one"]),
    ("$.books[?(@.title =~ '^t')].title", SHOP, ["two", "three"]),
    ("$.books[?(@.price + 1 == 13 && @.price * 2 == 24)].title", SHOP, ["two"]),
    ("$.books[?(@.price - 2 > 10 - (1 + 1))].title", SHOP, ["two", "three"]),
    ("$[?(@.price)].price", SHOP, [19.95]),
    ("$[?(@ > 1)]", [1, 2, "3", None, True], [2]),
    ("$[?(@ != 1)]", [1, 2, "1", None], [2, "1", None]),
    ("$[?(@ == null)]", [0, None, False], [None]),
    ("$[?(@ == true)]", [1, True, "true"], [True]),
    ("$[?(@.a == 1)]", [{"a": 1.0}, {"a": "1"}, {"a": True}, {}], [{"a": 1.0}]),
    ("$[?(@.a != 1)]", [{"a": 1}, {"a": 2}, {}], [{"a": 2}]),
    ('$[?(@ == ["a", {"b": 1}])]', [["a", {"b": 1}], "a"], [["a", {"b": 1}]]),
    ("$[?(@[?(@ > 2)])]", [[1], [1, 3]], [[1, 3]]),
    ("$[?(@..b)]", [{"a": {"b": 1}}, {"a": 1}], [{"a": {"b": 1}}]),
    ("$[?(@.a && (@.b || @.c))]", [{"a": 1, "b": 1}, {"a": 1}], [{"a": 1, "b": 1}]),
    ("$[?(@ / 0 > 1 || true)]", [1], [1]),
    ("$[?(@ % 2 == 1)]", [1, 2, 3], [1, 3]),
    ("$[?(@ ** 2 == 9)]", [1, 3], [3]),
]

REFUSED: list[tuple[str, Any, int | None, str]] = [
    ("", 1, 0, "begins with '$'"),
    ("key", {"key": 1}, 0, "begins with '$'"),
    (".key", {"key": 1}, 0, "begins with '$'"),
    ("$a", {"a": 1}, 1, "unexpected 'a'"),
    ("$.", {"": 1}, 2, "a name should stand here"),
    ("$[]", {}, 2, "a key should stand here"),
    ("$[key]", {"key": 1}, 2, "a key should stand here"),
    ("$['a'.'b']", {}, 5, "']' should stand here"),
    ("$[1:2,3]", FIVE, 5, "']' should stand here"),
    ("$[1:2:3:4]", FIVE, 10, "at most a start"),
    ("$[?()]", FIVE, 4, "a value should stand here"),
    ("$[?(@ == [1)]", FIVE, 9, "no JSON"),
    ("$.zz", {"a": 1}, 2, "'zz' is not there"),
    ("$[0]", {"0": 1}, 1, "'0' is not there"),
    ("$[9]", FIVE, 1, "'9' is not there"),
    ("$.a", FIVE, 2, "'a' is not there"),
    ("$.a.b", {"a": None}, 4, "'b' is not there"),
    ("$.*", 42, 2, "neither list nor map"),
    ("$[?(true)]", 42, 1, "neither list nor map"),
    ("$[0:1]", {"a": 1}, 1, "no list"),
    ("$[0:3:0]", FIVE, 1, "a stride other than 0"),
    ("$[(@.zz)]", FIVE, 8, "neither a number nor a text"),
    ("$[?(@ =~ '(')]", ["a"], None, "never closed"),
]


@pytest.mark.parametrize(("path", "value", "found"), FOUND)
def test_a_path_finds(path: str, value: Any, found: Any) -> None:
    """One value, or a list where a step may find several."""
    assert repr(goessner.compile(path).eval({"input": value})) == repr(found)


@pytest.mark.parametrize(("path", "value", "offset", "message"), REFUSED)
def test_what_leads_nowhere_is_an_error(
    path: str, value: Any, offset: int | None, message: str
) -> None:
    """It tells the step."""
    with pytest.raises(ExpressionError) as caught:
        goessner.compile(path).eval({"input": value})
    assert message in caught.value.message
    assert offset is None or caught.value.offset == offset


@pytest.mark.parametrize(
    "path", ["$[?(" * 300, "$[?" + "(" * 3000, "$[?(" + "!" * 3000, "$" + ".a" * 100_000 + "["]
)
def test_what_nests_too_deeply_is_refused(path: str) -> None:
    """Before it could exhaust the stack."""
    with pytest.raises(ExpressionError):
        goessner.compile(path)


def test_a_search_is_counted() -> None:
    """Looking in all depths of all depths would take for ever."""
    value = [[[list(range(10))] * 10] * 10] * 10
    with pytest.raises(ExpressionError, match="more than"):
        goessner.compile("$..*..*..*").eval({"input": value}, Limits(steps=10_000))


def test_a_path_as_deep_as_its_value_ends_well() -> None:
    """Values of documents are not so deep, those of programs may be."""
    value: Any = 1
    for _ in range(3_000):
        value = {"a": value}
    with pytest.raises(ExpressionError, match="too deeply"):
        goessner.compile("$" + ".a" * 3_000).eval({"input": value})


WORDS = [
    "$",
    "@",
    ".",
    "..",
    "*",
    "[",
    "]",
    "(",
    ")",
    "?(",
    ":",
    ",",
    "a",
    "'b'",
    "0",
    "-1",
    "length",
]
SIGNS = [
    "&&",
    "||",
    "==",
    "!=",
    "<",
    ">",
    "=~",
    "+",
    "-",
    "/",
    "!",
    "true",
    "null",
    "1.5",
    "[1]",
    "{",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS + SIGNS), max_size=12), st.sampled_from(["", " "]))
def test_any_words_in_a_row_end_well(words: list[str], glue: str) -> None:
    """Most are no path."""
    with contextlib.suppress(ExpressionError):
        goessner.compile("$" + glue.join(words)).eval({"input": SHOP}, Limits(steps=2_000))


@given(st.sampled_from([path for path, _, _ in FOUND]), st.integers(0, 30), st.text(max_size=3))
def test_valid_paths_with_something_in_them_end_well(path: str, at: int, extra: str) -> None:
    """Whatever it is."""
    with contextlib.suppress(ExpressionError):
        goessner.compile(path[:at] + extra + path[at:]).eval({"input": SHOP})
