"""Quantities, durations and percentages are read and written as Go does."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.apimachinery.durations import (
    format_duration,
    parse_argo_duration,
    parse_duration,
)
from ruleengine.apimachinery.int_or_string import percentage, scaled
from ruleengine.apimachinery.quantities import (
    QuantityError,
    canonical,
    compare_quantities,
    parse_quantity,
    same_quantity,
)
from ruleengine.formats.go_durations import DurationError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0", "0"),
        ("1000m", "1"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        (".5", "500m"),
        ("5.", "5"),
        ("100m", "100m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1.1Ki", "1126400m"),
        ("1023Ki", "1023Ki"),
        ("2000k", "2M"),
        ("2e3", "2e3"),
        ("2000e0", "2e3"),
        ("1E2", "100"),
        ("1e-3", "1e-3"),
        ("-0.5", "-500m"),
        ("-2Ki", "-2Ki"),
        ("0.1n", "1n"),
        ("+3", "3"),
        ("1Ei", "1Ei"),
        ("0Gi", "0"),
        ("9223372036854775808", "9223372036854775808"),
        ("100Ei", "9223372036854775807"),
        ("8000e18", "8e21"),
        ("5000E", "5000E"),
    ],
)
def test_a_quantity_is_written_in_canonical_form(text: str, written: str) -> None:
    """The largest suffix of the family that leaves no fraction."""
    assert str(parse_quantity(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1x",
        "1 Gi",
        "Gi",
        "1e",
        "1e99999",
        "--1",
        "1.2.3",
        "1ki",
        "1K",
        "\u0661",
        "9" * 5000,
    ],
)
def test_a_text_that_is_no_quantity_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(QuantityError):
        parse_quantity(text)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["n", "u", "m", "", "k", "M", "Ki", "Mi"]))
def test_the_canonical_form_means_the_same(number: int, suffix: str) -> None:
    """Writing and reading again gives the same amount and the same text."""
    quantity = parse_quantity(f"{number}{suffix}")
    assert parse_quantity(str(quantity)).amount == quantity.amount
    assert canonical(str(quantity)) == str(quantity)


def test_quantities_compare_by_amount() -> None:
    """Whatever they are written with; numbers are quantities too."""
    assert parse_quantity("1Gi") > parse_quantity("1G")
    assert parse_quantity("999m") < parse_quantity("1")
    assert parse_quantity("1000m") == parse_quantity("1")
    assert compare_quantities("1Gi", "1G") == 1
    assert same_quantity("1", 1)
    assert same_quantity(0.5, "500m")
    assert not same_quantity("x", "x")
    assert not same_quantity(True, 1)
    assert parse_quantity("1m").amount == Fraction(1, 1000)


@pytest.mark.parametrize(
    ("one", "other", "total", "difference"),
    [
        ("1", "500m", "1500m", "500m"),
        ("1Gi", "512Mi", "1536Mi", "512Mi"),
        ("1Gi", "1M", "1074741824", "1072741824"),
        ("0", "1Ki", "1Ki", "-1Ki"),
        ("1e3", "1", "1001", "999"),
        ("100m", "-100m", "0", "200m"),
    ],
)
def test_quantities_add_up(one: str, other: str, total: str, difference: str) -> None:
    """A result is written like its first part, or like the second if that is zero."""
    left, right = parse_quantity(one), parse_quantity(other)
    assert (str(left + right), str(left - right)) == (total, difference)


def test_a_part_of_a_unit_counts_as_one() -> None:
    """Whole numbers are rounded away from zero."""
    assert [parse_quantity(text).value for text in ("100m", "-100m", "2", "1Ki")] == [
        1,
        -1,
        2,
        1024,
    ]
    assert parse_quantity("0.1m").scaled(-3) == 1


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=5))
def test_quantities_sort_as_their_amounts(numbers: list[int]) -> None:
    """However they are written."""
    written = [parse_quantity(f"{number}m") for number in numbers]
    assert [one.scaled(-3) for one in sorted(written)] == sorted(numbers)
    assert len(set(written)) == len(set(numbers))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("+1", "+1"),
        ("1.", "1."),
        ("1.500", "1.500"),
        ("1.5", "1500m"),
        ("0.500", "500m"),
        ("01", "01"),
        ("01Gi", "01Gi"),
        ("+1.Gi", "+1.Gi"),
        ("1.0Gi", "1Gi"),
        ("8Gi", "8Gi"),
        ("1032Ki", "1032Ki"),
        ("2048Ki", "2Mi"),
        ("1E3", "1E3"),
        ("1e+3", "1e+3"),
        ("1e1", "10"),
        ("1000m", "1"),
        ("0e3", "0"),
        ("+1234567890123456789", "1234567890123456789"),
        ("+999999Ti", "999999Ti"),
        (" 1 ", "1"),
    ],
)
def test_what_go_takes_for_canonical_is_stored_as_it_is_spelt(text: str, stored: str) -> None:
    """A sign, a point or a zero too many in a short number; everything else is rewritten."""
    assert canonical(text) == stored
    assert canonical(canonical(text)) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("100u", "1m"),
        ("-100u", "-1m"),
        ("1.0005", "1001m"),
        ("1n", "1m"),
        ("+1", "+1"),
        ("1.1Ki", "1126400m"),
    ],
)
def test_lists_of_resources_keep_thousandths(text: str, stored: str) -> None:
    """What is finer is rounded away from zero."""
    assert canonical(text, milli=True) == stored


def test_only_quantities_have_a_canonical_form() -> None:
    """Other values stay as they are."""
    assert [canonical(value) for value in (2, 0.5, "x", None, True)] == [
        "2",
        "500m",
        "x",
        None,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90s", 90),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("-2m", -120),
        ("+1s", 1),
        ("1h0m0.25s", 3600.25),
        ("300ms", 0.3),
        ("7us", 0.000007),
        ("7µs", 0.000007),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    """Units in any order, fractions and a sign."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "s", "1d", "1 s", "1h-2m", "-", "1x", "9999999h", "."])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    """A bare number and days are not Go's."""
    with pytest.raises(DurationError):
        parse_duration(text)


def test_argo_also_takes_seconds_and_days() -> None:
    """A bare number is seconds."""
    assert parse_argo_duration("10") == timedelta(seconds=10)
    assert parse_argo_duration(10) == timedelta(seconds=10)
    assert parse_argo_duration("1d12h") == timedelta(hours=36)
    with pytest.raises(DurationError):
        parse_argo_duration("soon")
    with pytest.raises(DurationError):
        parse_argo_duration("9" * 30)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (5400, "1h30m0s"),
        (60, "1m0s"),
        (1.5, "1.5s"),
        (0.25, "250ms"),
        (0.0015, "1.5ms"),
        (0.000007, "7µs"),
        (-90, "-1m30s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(seconds: float, text: str) -> None:
    """And reads back as the same."""
    assert format_duration(timedelta(seconds=seconds)) == text
    assert parse_duration(text) == timedelta(seconds=seconds)


def test_a_percentage_scales_and_a_number_does_not() -> None:
    """Rounded the way that the field asks for."""
    assert scaled("25%", 10, round_up=True) == 3
    assert scaled("25%", 10, round_up=False) == 2
    assert scaled("50%", 10, round_up=True) == 5
    assert scaled(4, 10, round_up=True) == 4
    assert percentage("25%") == 25
    assert percentage(3) is None
    with pytest.raises(ValueError, match="neither"):
        scaled("3", 10, round_up=True)
