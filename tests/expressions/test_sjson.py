"""Values are written into JSON where sjson writes them; everything else keeps its text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import gjson, sjson
from ruleengine.expressions.language import ExpressionError, Limits
from tests.expressions.reading import cases, recorded


def _written(case: dict[str, Any]) -> str:
    path = sjson.compile(case["path"])
    match case["op"]:
        case "set":
            return path.set(case["json"], case["value"])
        case "setraw":
            return path.set_raw(case["json"], case["value"])
    return path.delete(case["json"])


@pytest.mark.parametrize("case", cases("sjson"))
def test_values_are_written_where_upstream_writes_them(case: dict[str, Any]) -> None:
    """The texts in the table are those that the library itself made."""
    if "error" in case:
        with pytest.raises(ExpressionError):
            _written(case)
    else:
        assert _written(case) == case["out"]


@pytest.mark.vectors("events")
def test_values_are_written_as_was_recorded() -> None:
    """The cases of events that concern writing alone."""
    for case in recorded("sjsonSet"):
        given_, want = case["in"], case["out"]
        path = sjson.compile(given_["path"])
        if want["error"] is not None:
            with pytest.raises(ExpressionError):
                path.set(given_["json"], given_["value"])
            continue
        write = path.set_raw if given_["raw"] else path.set
        assert write(given_["json"], given_["value"]) == want["json"], case["id"]


def test_a_program_writes_the_value_of_its_environment() -> None:
    """The shape of every language: a program evaluated over an environment."""
    assert sjson.compile("a.b").eval({"input": "{}", "value": 1}) == '{"a":{"b":1}}'


@pytest.mark.parametrize("path", ["", "a.b"])
def test_what_cannot_be_written_is_told(path: str) -> None:
    """Empty paths, texts that are no JSON, keys of arrays, values without JSON."""
    with pytest.raises(ExpressionError):
        sjson.compile(path).set('{"a":[]}', 1)
    with pytest.raises(ExpressionError, match="no JSON"):
        sjson.compile("a").set("{", 1)
    with pytest.raises(ExpressionError, match="no JSON"):
        sjson.compile("a").set_raw("{}", "{")
    with pytest.raises(ExpressionError, match="no JSON"):
        sjson.compile("a").set("{}", float("nan"))
    with pytest.raises(ExpressionError, match="no JSON"):
        sjson.compile("a").set("{}", object())


def test_a_path_with_a_query_deletes_nothing() -> None:
    """Upstream refuses it too."""
    with pytest.raises(ExpressionError, match="wildcards or queries"):
        sjson.compile("a.#(b)").delete("{}")


def test_arrays_are_not_padded_without_end() -> None:
    """A number in a path must not cost memory."""
    with pytest.raises(ExpressionError, match="padded"):
        sjson.compile("a.999999999").set("{}", 1)
    with pytest.raises(ExpressionError, match="more than 1000"):
        sjson.compile("a.9999").set("{}", 1, Limits(size=1000))


def test_every_match_of_a_query_is_replaced_whatever_the_sizes() -> None:
    """Later places are not moved by earlier values."""
    text = '{"p": [{"v": 1}, {"v": "long long"}, {"w": 0}, {"v": {}}]}'
    written = sjson.compile("p.#(v)#.v").set(text, "x")
    assert written == '{"p": [{"v": "x"}, {"v": "x"}, {"w": 0}, {"v": "x"}]}'


_NAMES = st.sampled_from(["a", "b", "0", "1", "-1", ":1", "x\\.y", "é", "", "\\", "a\\*"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map(".".join)
_SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "0", "x.y", "é"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_JSON, _PATHS, _JSON, st.sampled_from([None, 1]))
def test_what_is_written_is_json_with_the_value_in_it(
    document: Any, path: str, value: Any, indent: int | None
) -> None:
    """Or the path does not fit, and that is told."""
    text = json.dumps(document, indent=indent)
    try:
        written = sjson.compile(path).set(text, value)
    except ExpressionError:
        return
    assert json.dumps(value, sort_keys=True) in json.dumps(json.loads(written), sort_keys=True)
    again = sjson.compile(path).delete(written)
    json.loads(again)


@given(_JSON, st.sampled_from(["a", "b.a", "0", "a.1.b", "x\\.y"]))
def test_what_was_deleted_is_gone(document: Any, path: str) -> None:
    """Keys that stand once; the rest is as it was."""
    text = json.dumps(document)
    rest = sjson.compile(path).delete(text)
    found = gjson.Document(text).get(path)
    if not found.exists:
        assert rest == text
    elif not path.endswith(("0", "1")):
        assert not gjson.Document(rest).get(path).exists


@given(st.text(max_size=12), _JSON)
def test_any_text_is_a_path_or_a_told_error(path: str, document: Any) -> None:
    """Nothing else is ever raised."""
    text = json.dumps(document)
    for write in ("set", "delete"):
        try:
            place = sjson.compile(path)
            json.loads(place.set(text, "x") if write == "set" else place.delete(text))
        except ExpressionError:
            continue
