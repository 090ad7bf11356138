"""Values print as Go's ``fmt`` prints them; the expectations are Go's own output."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_printing import sprint, sprintf, sprintln
from ruleengine.formats.go_text import (
    TooLargeError,
    from_bytes,
    quote,
    to_bytes,
    unquote,
    unquote_rune,
)

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 500000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "<nil>"),
        (True, "true"),
        (1.0, "1"),
        (1e21, "1e+21"),
        ("a b", "a b"),
        ([], "[]"),
        ([1, "a", None, 2.5, [True]], "[1 a <nil> 2.5 [true]]"),
        ({"b": 2, "a": {"x": None}}, "map[a:map[x:<nil>] b:2]"),
        ({}, "map[]"),
        (b"hi", "[104 105]"),
        (Duration(90 * 10**9), "1m30s"),
        (MOMENT, "2026-03-04 05:06:07.5 +0000 UTC"),
    ],
)
def test_a_value_prints_by_its_type(value: Any, text: str) -> None:
    """What ``%v`` and a template's action print."""
    assert sprint(value) == sprintf("%v", value) == text


@pytest.mark.parametrize(
    ("form", "values", "text"),
    [
        ("%d %s", ("x", 1), "%!d(string=x) %!s(int=1)"),
        ("%d", (), "%!d(MISSING)"),
        ("x", (1,), "x%!(EXTRA int=1)"),
        ("x", (1, None, "a"), "x%!(EXTRA int=1, <nil>, string=a)"),
        ("%", (), "%!(NOVERB)"),
        ("%!", (), "%!!(MISSING)"),
        ("100%%", (), "100%"),
        ("%z", (3,), "%!z(int=3)"),
        ("%s %d", (None, None), "%!s(<nil>) %!d(<nil>)"),
        ("%d", ([1, "a", None],), "[1 %!d(string=a) <nil>]"),
        ("%t %t", (True, 1), "true %!t(int=1)"),
        ("%*d|%-*d|%.*f", (4, 7, 4, 7, 1, 2.25), "   7|7   |2.2"),
        ("%*d", ("x", 7), "%!(BADWIDTH)7"),
        ("%.*d", (-1, 7), "%!(BADPREC)7"),
        ("%[2]d %[1]d", (1, 2), "2 1"),
        ("%[3]d %[x]d", (1,), "%!d(BADINDEX) %!d(BADINDEX)"),
        ("%T %T %T %T", (1, 1.0, [], {}), "int float64 []interface {} map[string]interface {}"),
        ("%T %T %T", (None, MOMENT, Duration(1)), "<nil> time.Time time.Duration"),
    ],
)
def test_a_format_takes_its_values_in_order(form: str, values: tuple, text: str) -> None:
    """What does not fit is said in the text."""
    assert sprintf(form, *values) == text


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("%5d|", 42, "   42|"),
        ("%-5d|", 42, "42   |"),
        ("%05d", -42, "-0042"),
        ("%+d", 42, "+42"),
        ("% d", 42, " 42"),
        ("%.4d", 42, "0042"),
        ("%x", -255, "-ff"),
        ("%#X", 255, "0XFF"),
        ("%o", 8, "10"),
        ("%#o", 8, "010"),
        ("%O", 8, "0o10"),
        ("%b", 5, "101"),
        ("%c", 0x1F600, "😀"),
        ("%q", 65, "'A'"),
        ("%+q", 0x2603, "'\\u2603'"),
        ("%U", 0x2603, "U+2603"),
        ("%#U", 0x2603, "U+2603 '☃'"),
        ("%08.3f", -3.14159, "-003.142"),
        ("%e", 1e21, "1.000000e+21"),
        ("%g", 1e-7, "1e-07"),
        ("%#g", 1.0, "1.00000"),
        ("%+.1f", 2.25, "+2.2"),
        ("%5s|", "é", "    é|"),
        ("%05s|", "ab", "000ab|"),
        ("%-5s|", "ab", "ab   |"),
        ("%.2s", "héllo", "hé"),
        ("%q", 'a"b\n', '"a\\"b\\n"'),
        ("%+q", "☃", '"\\u2603"'),
        ("%#q", 'a"b', '`a"b`'),
        ("%x", "hi", "6869"),
        ("% #X", "hi", "0X68 0X69"),
        ("%x", ["a", 10], "[61 a]"),
        ("%s", b"hi", "hi"),
        ("%x", b"hi", "6869"),
        ("%d", b"hi", "[104 105]"),
        ("%#v", b"hi", "[]byte{0x68, 0x69}"),
        ("%4v|", [1, 2], "[   1    2]|"),
        ("%#v", {"a": [1, None, "x", 1.5]}, None),
        ("%s", Duration(10**9), "1s"),
        ("%d", Duration(10**9), "1000000000"),
        ("%s", MOMENT, "2026-03-04 05:06:07.5 +0000 UTC"),
        ("%d", MOMENT, "%!d(time.Time=2026-03-04 05:06:07.5 +0000 UTC)"),
        ("%6v|", True, "  true|"),
        ("%06.1f|", float("-inf"), "  -Inf|"),
    ],
)
def test_flags_widths_and_precisions_lay_a_value_out(
    form: str, value: Any, text: str | None
) -> None:
    """One row per verb and flag."""
    wanted = 'map[string]interface {}{"a":[]interface {}{1, interface {}(nil), "x", 1.5}}'
    assert sprintf(form, value) == (text or wanted)


def test_print_puts_spaces_between_what_is_no_text() -> None:
    """``println`` puts them everywhere."""
    assert sprint(1, 2, "a", "b", 3, None) == "1 2a b3 <nil>".replace("a b3", "ab3")
    assert sprintln(1, "a", "b") == "1 a b\n"


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("", '""'),
        ('a"\\\n\t\x00\x7f', '"a\\"\\\\\\n\\t\\x00\\x7f"'),
        ("é☃😀", '"é☃😀"'),
        ("\u00ad\u200b\U000e0001", '"\\u00ad\\u200b\\U000e0001"'),
        (from_bytes(b"\xff"), '"\\xff"'),
    ],
)
def test_a_text_is_quoted_as_a_go_literal(text: str, literal: str) -> None:
    """And read back."""
    assert quote(text) == literal
    assert unquote(literal) == text


def test_literals_are_read_as_go_reads_them() -> None:
    """Escapes of bytes, characters and octal numbers; back quotes know none."""
    assert unquote(r'"\x41\101é\U0001F600\'"'.replace(r"\'", "")) == "AAé😀"
    assert unquote("`a\\n`") == "a\\n"
    assert to_bytes(unquote(r'"\xc3\x28"')) == b"\xc3("
    assert [unquote_rune(one) for one in ("'a'", r"'\n'", r"'\''", r"'\x41'", "'☃'")] == [
        97,
        10,
        39,
        65,
        0x2603,
    ]


@pytest.mark.parametrize(
    "literal",
    ['"', '"a', "a", '"\n"', r'"\z"', r'"\ud800"', r'"\'"', '"a"b"', r'"\400"', "``a`", r'"\x4"'],
)
def test_what_is_no_literal_is_refused(literal: str) -> None:
    """With an error of one type."""
    with pytest.raises(ValueError, match=r"\w"):
        unquote(literal)


@pytest.mark.parametrize("literal", ["''", "'ab'", "a", "'a", r"'\"'", "'''"])
def test_what_is_no_character_is_refused(literal: str) -> None:
    """Exactly one stands between single quotes."""
    with pytest.raises(ValueError, match=r"\w"):
        unquote_rune(literal)


@given(st.binary())
def test_every_bytes_survive_as_a_text(data: bytes) -> None:
    """A Go string may hold any bytes."""
    assert to_bytes(from_bytes(data)) == data
    assert to_bytes(unquote(quote(from_bytes(data)))) == data


@given(st.text(st.characters()), st.text("%+-# 0123456789.*[]vTdsqxXeEfgGbcUtoO", max_size=20))
def test_every_format_and_every_value_print(text: str, form: str) -> None:
    """A format is never wrong, and what is printed is never endless."""
    for value in (text, 7, -1.5, None, True, [text, None], {text: 1}, b"x", MOMENT, Duration(1)):
        try:
            assert isinstance(sprintf(form, value, value), str)
        except TooLargeError:
            assert "00000" in form or len(form) > 6


def test_endless_and_bottomless_values_are_refused() -> None:
    """Whether wide, shared many times or inside themselves."""
    shared: list = [1]
    for _ in range(40):
        shared = [shared, shared]
    cyclic: dict = {}
    cyclic["a"] = cyclic
    for form, value in (("%v", shared), ("%v", cyclic), ("%999999d%999999d", [1, 2])):
        with pytest.raises(TooLargeError):
            sprintf(form, value, value)
