"""Paths find in JSON what gjson finds, with the text, type and number that it tells."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import gjson
from ruleengine.expressions.gjson import Kind
from ruleengine.expressions.language import ExpressionError, Limits
from tests.expressions.reading import recorded, table

TABLE = table("gjson")


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: str(case[1]))
def test_paths_find_what_upstream_finds(case: list[Any]) -> None:
    """The answers in the table are those of the library itself."""
    document, path, kind, *answers = case
    found = gjson.Document(TABLE["documents"][document]).get(path)
    assert (found.kind if found.exists else "") == kind
    number = found.number if found.number not in (float("inf"), -float("inf")) else "+Inf"
    assert [found.raw, found.text, found.truth, number] == answers


@pytest.mark.vectors("events")
def test_paths_find_what_was_recorded() -> None:
    """The cases of events that concern paths alone."""
    for case in recorded("gjsonGet"):
        found = gjson.compile(case["in"]["path"]).eval({"input": case["in"]["json"]})
        want = case["out"]
        assert (found.exists, found.raw, found.text, found.kind) == (
            want["exists"],
            want["raw"],
            want["string"],
            want["type"],
        ), case["id"]


def test_nothing_is_looked_for_inside_of_a_string() -> None:
    """Upstream takes brackets in a text for JSON; only ``@fromstr`` reads it."""
    document = gjson.Document('{"a": "[1, 2]"}')
    assert not document.get("a|0").exists
    assert document.get("a.@fromstr.0").raw == "1"


def test_a_literal_ends_where_it_ends() -> None:
    """Upstream loses what follows a literal text."""
    assert gjson.Document("{}").get('!"x"|@tostr').text == '"x"'


def test_a_literal_that_is_no_json_is_nothing() -> None:
    """It would break the JSON that it is put into, also where ``@dig`` puts it."""
    assert gjson.Document("{}").get("[!1x,!nan,!+5]").raw == "[]"
    assert gjson.Document("[[1]]").get("@dig:!5.a").raw == "[]"
    assert gjson.Document("[[1]]").get("@dig:!5").raw == "[5,5,5]"


def test_a_string_that_holds_no_json_is_nothing_inside() -> None:
    """Upstream takes "no json" for a number."""
    assert not gjson.Document('{"a": "no json"}').get("a.@fromstr").exists


def test_joining_leaves_no_holes() -> None:
    """Upstream writes a comma for an empty object too."""
    found = gjson.Document('[{"a":1},{ },{"a":2}]').get('@join:{"preserve":true}')
    assert found.raw == '{"a":1,"a":2}'


@pytest.mark.parametrize(
    ("text", "offset"), [("{", 1), ('{"a":NaN}', 0), ("", 0), ("[1,]", 3), ("'a'", 0)]
)
def test_a_text_that_is_no_json_is_told(text: str, offset: int) -> None:
    """Upstream would answer something."""
    with pytest.raises(ExpressionError, match="no JSON") as failure:
        gjson.Document(text)
    assert failure.value.offset == offset


def test_json_that_nests_without_end_is_told() -> None:
    """Neither reading nor walking it runs out of stack."""
    with pytest.raises(ExpressionError, match="nests too deeply"):
        gjson.Document("[" * 100_000 + "]" * 100_000)
    deep = gjson.Document("[" * 400 + "]" * 400)
    with pytest.raises(ExpressionError, match="nest"):
        deep.get(".".join(["0"] * 400))


@pytest.mark.parametrize(
    "path", ["@dig:@dig:@dig:@dig:@dig:a", "|".join(["@this"] * 40_000), "[" * 5000 + "]" * 5000]
)
def test_no_path_runs_away(path: str) -> None:
    """Work is counted, and so is depth."""
    with pytest.raises(ExpressionError, match=r"more than|deeper than|nests"):
        gjson.Document(json.dumps([[[[[[1] * 9] * 9] * 9]]])).get(path, Limits(steps=10_000))


def test_what_is_made_may_not_grow_without_end() -> None:
    """Every piping could double the text."""
    path = "|".join(["[@this,@this]"] * 40)
    with pytest.raises(ExpressionError, match="more than"):
        gjson.Document("[1]").get(path)


@pytest.mark.parametrize(
    "path",
    ["@tostr" + "|@tostr" * 40, '@pretty:{"indent":"' + " " * 9999 + '"}', "@group", "{@group}"],
)
def test_what_modifiers_make_is_bounded(path: str) -> None:
    """They make more of a text than it was: escapes, indents, a key for each element."""
    document = gjson.Document(json.dumps({'"' + "k" * 5000: [1] * 500, "l": '"'}))
    with pytest.raises(ExpressionError, match="more than"):
        document.get(path)


def test_a_path_that_is_too_long_is_refused() -> None:
    """A path of a megabyte is none."""
    with pytest.raises(ExpressionError, match="too long"):
        gjson.compile("a." * 500_000)


_SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False)
_JSON = st.recursive(
    _SCALARS | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.*é", max_size=2), inner)
    ),
    max_leaves=12,
)
_MODIFIERS = ["this", "reverse", "tostr", "fromstr", "flatten", "keys", "group", "join", "dig:a"]
_PIECES = st.sampled_from(
    [
        *'ab01.|#*?\\(){}[]:,!@"~é =<>%',
        *("#(", ")#", '=="a"', '!"x"'),
        *(f"@{name}" for name in _MODIFIERS),
    ]
)


@given(_JSON, st.lists(_PIECES, max_size=10).map("".join))
def test_any_text_is_a_path(value: Any, path: str) -> None:
    """What it finds is JSON, nothing, or a told limit."""
    try:
        found = gjson.Document(json.dumps(value)).get(path)
    except ExpressionError:
        return
    assert isinstance(found.text, str)
    assert isinstance(found.truth, bool)
    if found.exists:
        json.loads(found.raw)


@given(_JSON)
def test_every_part_is_found_by_its_own_path(value: Any) -> None:
    """Keys and indexes lead to what Python finds by them."""

    def check(part: Any, path: list[str]) -> None:
        found = document.get(".".join(path)) if path else document.get("@this")
        assert json.loads(found.raw) == part
        entries: Any = enumerate(part) if isinstance(part, list) else ()
        for key, inner in part.items() if isinstance(part, dict) else entries:
            escaped = "".join(f"\\{one}" for one in key) if isinstance(key, str) else str(key)
            if escaped:  # an empty path means nothing, not the empty key
                check(inner, [*path, escaped])

    document = gjson.Document(json.dumps(value))
    check(value, [])


def test_kinds_are_spelt_as_upstream_spells_them() -> None:
    """Parameters of triggers tell them apart by these words."""
    document = gjson.Document('[null, false, 1, "a", true, {}]')
    found = [document.get(str(number)).kind for number in range(6)]
    assert found == [Kind.NULL, Kind.FALSE, Kind.NUMBER, Kind.STRING, Kind.TRUE, Kind.JSON]
    assert not document.get("6").exists
