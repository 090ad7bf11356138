"""What we write is read back the same, by our reader and by others."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats import json_text, yaml_writer
from ruleengine.formats.yaml_reader import read
from ruleengine.model.values import Value

WORDS = [
    "on",
    "y",
    "1e3",
    "010",
    "0o10",
    "1_000",
    "2024-01-02",
    "=",
    "<<",
    "",
    "~",
    ".nan",
    "60:30",
]
TEXT = st.text(max_size=12) | st.sampled_from(WORDS) | st.text("a \n\t:-#", max_size=12)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, PLAIN, min_size=1, max_size=4))
def test_written_yaml_is_read_back_equal(value: Value) -> None:
    """Whatever the texts look like."""
    parsed = read(yaml_writer.write(value).encode(), "a.yaml")
    assert parsed.findings == ()
    assert parsed.documents[0].value == value


@pytest.mark.parametrize("word", WORDS)
def test_a_text_that_looks_like_another_type_is_quoted(word: str) -> None:
    """PyYAML agrees with what we wrote."""
    assert yaml.safe_load(yaml_writer.write({"a": word, word: 1})) == {"a": word, word: 1}


def test_a_text_of_several_lines_is_a_block() -> None:
    """Scripts stay readable, and nothing is shared by anchors."""
    part = {"b": 1}
    text = yaml_writer.write({"run": "x\n  y\n", "l": [part, part]})
    assert text == "run: |\n  x\n    y\nl:\n- b: 1\n- b: 1\n"


def test_what_is_no_data_is_refused() -> None:
    """A program's mistake, not a user's."""
    with pytest.raises(TypeError):
        yaml_writer.write({"a": object()})


@given(PLAIN)
def test_json_is_read_back_equal(value: Value) -> None:
    """Integers of any size among it; pretty or not."""
    for text in (json_text.dumps(value), json_text.pretty(value, ordered=True)):
        assert json_text.loads(text) == json.loads(json.dumps(value))


def test_ordered_json_is_equal_for_equal_values() -> None:
    """So it can be hashed."""
    assert json_text.dumps({"b": 1, "a": 2}, ordered=True) == '{"a":2,"b":1}'


@pytest.mark.parametrize("number", [-(2**63) - 1, -(10**19) + 1, 2**63, 2**64, 10**40])
def test_integers_beyond_64_bits_are_exact(number: int) -> None:
    """Also those of 19 digits, of which only the negative ones can be too large."""
    assert json_text.loads(f"[{number}]") == [number]


_LONG = "123456789012345678901"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "NaN",
        b"\xff",
        f"[{_LONG}, NaN]",
        f"[{_LONG}, 1e400]",
        "[" * 100_000 + _LONG,
        "[" * 1000 + _LONG + "]" * 1000,
    ],
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    """With the line and column in its message."""
    with pytest.raises(ValueError, match=r"."):
        json_text.loads(text)
