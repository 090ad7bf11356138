"""Numbers and durations are written as Go writes them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats.go_durations import (
    LONGEST,
    Duration,
    DurationError,
    format_duration,
    from_timedelta,
    parse_argo_duration,
    parse_duration,
    to_timedelta,
)
from ruleengine.formats.go_numbers import format_float, json_float, to_int, wrap_int


@pytest.mark.parametrize(
    ("number", "shortest", "decimal", "json"),
    [
        (0.0, "0", "0", "0"),
        (-0.0, "-0", "-0", "-0"),
        (1.0, "1", "1", "1"),
        (-2.5, "-2.5", "-2.5", "-2.5"),
        (0.1, "0.1", "0.1", "0.1"),
        (0.0001, "0.0001", "0.0001", "0.0001"),
        (0.00001, "1e-05", "0.00001", "0.00001"),
        (1e-7, "1e-07", "0.0000001", "1e-7"),
        (100000.0, "100000", "100000", "100000"),
        (1000000.0, "1e+06", "1000000", "1000000"),
        (1234567.0, "1.234567e+06", "1234567", "1234567"),
        (123456789.5, "1.234567895e+08", "123456789.5", "123456789.5"),
        (1e20, "1e+20", "100000000000000000000", "100000000000000000000"),
        (1e21, "1e+21", "1000000000000000000000", "1e+21"),
        (1.5e-10, "1.5e-10", "0.00000000015", "1.5e-10"),
    ],
)
def test_a_number_takes_the_shortest_digits(
    number: float, shortest: str, decimal: str, json: str
) -> None:
    """Three forms: printed, without an exponent, and in JSON."""
    assert (shortest, decimal) == (format_float(number), format_float(number, "f"))
    assert json == json_float(number)


@pytest.mark.parametrize(
    ("number", "verb", "precision", "text"),
    [
        (1.5, "f", 2, "1.50"),
        (2.5, "f", 0, "2"),
        (1e21, "e", 6, "1.000000e+21"),
        (1e21, "E", None, "1E+21"),
        (123.456, "g", 3, "123"),
        (1234.0, "g", 3, "1.23e+03"),
        (0.00001234, "G", 2, "1.2E-05"),
        (1.5, "x", None, "0x1.8p+00"),
        (1.0, "x", 3, "0x1.000p+00"),
        (0.1, "X", None, "0X1.999999999999AP-04"),
        (1.99, "x", 0, "0x1p+01"),
        (1.5, "b", None, "6755399441055744p-52"),
        (5e-324, "b", None, "1p-1074"),
        (0.0, "b", None, "0p-1074"),
        (float("inf"), "f", 1, "+Inf"),
        (float("-inf"), "g", None, "-Inf"),
        (float("nan"), "g", None, "NaN"),
    ],
)
def test_each_verb_has_its_form(number: float, verb: str, precision: int | None, text: str) -> None:
    """With and without a precision."""
    assert format_float(number, verb, precision) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_shortest_digits_read_back_as_the_same_number(number: float) -> None:
    """In every form that has all digits."""
    for verb in "efg":
        assert float(format_float(number, verb)) == number
    assert float.fromhex(format_float(number, "x")) == number


def test_integers_overflow_as_64_bits_do() -> None:
    """Conversion of what does not fit gives the smallest integer."""
    assert wrap_int(2**63) == -(2**63)
    assert wrap_int(-(2**63) - 1) == 2**63 - 1
    assert wrap_int(7) == 7
    assert to_int(-2.9) == -2
    assert to_int(1e300) == -(2**63)
    assert to_int(float("nan")) == -(2**63)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1ns", 1),
        ("1.5µs", 1500),
        ("1.5μs", 1500),
        ("0.3ns", 0),
        (".5s", 500_000_000),
        ("5.s", 5_000_000_000),
        ("1h1m1.000000001s", 3_661_000_000_001),
        ("-2m", -120_000_000_000),
        ("1m1h1m", 3_720_000_000_000),
    ],
)
def test_a_duration_is_whole_nanoseconds(text: str, nanoseconds: int) -> None:
    """What is finer is cut off."""
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", "1", "s", "1d", "1 s", "1h-2m", "-", "1x", "9999999h", ".", ".s", "1s" * 600]
)
def test_other_texts_are_no_durations(text: str) -> None:
    """A bare number and days are Argo's, not Go's."""
    with pytest.raises(DurationError):
        parse_duration(text)


def test_argo_takes_seconds_and_only_some_fields_days() -> None:
    """Argo CD's fields have no days."""
    assert parse_argo_duration(7) == parse_argo_duration("7") == 7 * 10**9
    assert parse_argo_duration("1d12h") == 36 * 3600 * 10**9
    assert parse_argo_duration("-3s", days=False) == -3 * 10**9
    for text in ("1d", "soon", "5 s", "5x", "s", ""):
        with pytest.raises(DurationError):
            parse_argo_duration(text, days=False)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (999, "999ns"),
        (1500, "1.5µs"),
        (1_234_567, "1.234567ms"),
        (61_000_000_000, "1m1s"),
        (3_723_004_005_006, "1h2m3.004005006s"),
        (-90_000_000_000, "-1m30s"),
        (LONGEST, "2562047h47m16.854775807s"),
    ],
)
def test_a_duration_prints_as_go_prints_it(nanoseconds: int, text: str) -> None:
    """And reads back as the same."""
    assert str(Duration(nanoseconds)) == f"{Duration(nanoseconds)}" == text
    assert parse_duration(text) == nanoseconds


@given(st.integers(-LONGEST, LONGEST))
def test_durations_come_and_go_as_texts(nanoseconds: int) -> None:
    """Nothing is lost on the way."""
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@given(st.timedeltas(timedelta(days=-36500), timedelta(days=36500)))
def test_durations_come_and_go_as_the_standard_librarys(duration: timedelta) -> None:
    """Microseconds are kept."""
    assert to_timedelta(from_timedelta(duration)) == duration
