"""JSON is written and read as Go's does; the expectations are Go's own output."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats.go_json import compact, marshal, unmarshal
from ruleengine.formats.go_text import TooLargeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (-5, "-5"),
        (1.0, "1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        ("<b>&", '"\\u003cb\\u003e\\u0026"'),
        ("\u2028\u2029", '"\\u2028\\u2029"'),
        ("\x00\x1f\x7f\b\f\n\r\t", '"\\u0000\\u001f\x7f\\b\\f\\n\\r\\t"'),
        ('é☃😀"\\/', '"é☃😀\\"\\\\/"'),
        ("\udcff", '"\\ufffd"'),
        ({"z": 2, "é": 1, "A": 3, "<": 4}, '{"\\u003c":4,"A":3,"z":2,"é":1}'),
        ({2: "b", 10: "a"}, '{"10":"a","2":"b"}'),
        ([], "[]"),
        ({}, "{}"),
        (b"hi", '"aGk="'),
        (datetime(2026, 3, 4, 5, 6, 7, 500000, tzinfo=UTC), '"2026-03-04T05:06:07.5Z"'),
    ],
)
def test_a_value_has_one_json(value: Any, text: str) -> None:
    """Keys are sorted, and HTML's signs are escaped."""
    assert marshal(value) == text


def test_html_is_left_alone_where_asked() -> None:
    """The line separators are escaped all the same."""
    assert marshal("<&>\u2028", escape_html=False) == '"<&>\\u2028"'


def test_an_indent_lays_json_out() -> None:
    """Empty maps and lists stay on one line."""
    text = '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "c": null\n    }\n  ]\n}'
    assert marshal({"b": [1, {"c": None}], "a": {}}, indent="  ") == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {None: 1}, {True: 1}, object()])
def test_some_values_have_no_json(value: Any) -> None:
    """The error says which."""
    with pytest.raises(ValueError, match="no JSON"):
        marshal(value)


def test_endless_json_is_refused() -> None:
    """A value that holds itself, or shares itself too often."""
    shared: list = [1]
    for _ in range(40):
        shared = [shared, shared]
    cyclic: list = []
    cyclic.append(cyclic)
    for value in (shared, cyclic):
        with pytest.raises(TooLargeError):
            marshal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-0", -0.0),
        ("12345678901234567890123", 1.2345678901234568e22),
        ('{"a":1,"a":2}', {"a": 2.0}),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud800x"', "\ufffdx"),
        ('{"a":["\\udc80"]}', {"a": ["\ufffd"]}),
        ('"\udcff"', "\ufffd"),
        (" [null, true] ", [None, True]),
    ],
)
def test_read_numbers_are_floating_point(text: str, value: Any) -> None:
    """Halves of characters are replaced."""
    read = unmarshal(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nul",
        "[1,]",
        "01",
        "1.",
        "NaN",
        "1e999",
        "1" * 400,
        '"\t"',
        "{} x",
        "\ufeff1",
        "[" * 10**5,
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    """As by Go."""
    with pytest.raises(ValueError, match="no JSON"):
        unmarshal(text)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN, st.booleans(), st.sampled_from(["", "  "]))
def test_what_is_written_reads_back(value: Any, html: bool, indent: str) -> None:
    """By us and by any other reader of JSON."""
    text = marshal(value, escape_html=html, indent=indent)
    assert unmarshal(text) == value
    assert json.loads(text, parse_int=float) == value


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (
            ' { "b" : 1.50 ,\n"a": [ 1e3, "x  \\" y" ] , "b":\t2 } ',
            '{"b":1.50,"a":[1e3,"x  \\" y"],"b":2}',
        ),
        ('"<a & b>"', '"\\u003ca \\u0026 b\\u003e"'),
        ("12345678901234567890", "12345678901234567890"),
        ('["\\\\", " "]', '["\\\\"," "]'),
    ],
)
def test_raw_json_keeps_its_order_and_its_digits(text: str, short: str) -> None:
    """Only blanks go, and HTML's signs are escaped, as in a ``json.RawMessage``."""
    assert compact(text) == short


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_compact_json_means_the_same(value: Any) -> None:
    """Whatever the blanks and signs in it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    assert unmarshal(compact(text)) == unmarshal(text)
