"""Times are written and read by Go's layouts; the expectations are Go's own output."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats.go_time_parsing import TimeError, parse_time
from ruleengine.formats.go_times import (
    ANSIC,
    KITCHEN,
    LAYOUTS,
    RFC1123,
    RFC3339,
    RFC3339_NANO,
    format_time,
    strftime,
    time_text,
)

MOMENT = datetime(2024, 3, 5, 23, 4, 9, 120000, tzinfo=UTC)
EAST = datetime(2024, 3, 5, 23, 4, 9, tzinfo=timezone(timedelta(hours=2, minutes=30)))


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("Jan January Janu Janx JanB", "Mar March Janu Janx MarB"),
        ("Mon Monday Mond Monx Mon1", "Tue Tuesday Mond Monx Tue3"),
        ("1 01 2 02 _2 22", "3 03 5 05  5 55"),
        ("002 __2 _2006 2006 06 12006", "065  65 _2024 2024 24 32024"),
        ("15 3 03 4 04 5 05 PM pm PMx", "23 11 11 4 04 9 09 PM pm PMx"),
        ("05.000 05,999 05.0 .0001 5.00x", "09.120 09,12 09.1 .0003 9.12x"),
        ("Z0700 Z07:00 -0700 -07:00 -07 MST", "Z Z +0000 +00:00 +00 UTC"),
        ("-07:00:00 -070000 Z07:00:00", "+00:00:00 +000000 Z"),
        ("plain text", "plain text"),
    ],
)
def test_a_layout_shows_how_the_reference_time_would_look(layout: str, text: str) -> None:
    """Everything else in it stays as it is."""
    assert format_time(MOMENT, layout) == text


def test_zones_show_their_offset_and_their_name() -> None:
    """A zone without a name shows its offset instead."""
    assert format_time(EAST, "Z07:00 -0700 -07 MST") == "+02:30 +0230 +02 +0230"
    paris = datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Paris"))
    assert format_time(paris, RFC1123) == "Mon, 01 Jul 2024 00:00:00 CEST"
    west = datetime(2024, 7, 1, tzinfo=timezone(timedelta(hours=-7)))
    assert format_time(west, RFC3339) == "2024-07-01T00:00:00-07:00"
    assert time_text(MOMENT) == "2024-03-05 23:04:09.12 +0000 UTC"


def test_an_overlong_layout_is_refused() -> None:
    """It could only cost time."""
    with pytest.raises(ValueError, match="layout"):
        format_time(MOMENT, "2" * 2000)
    with pytest.raises(TimeError, match="layout"):
        parse_time("2" * 2000, "1")


def test_argos_letters_are_those_of_strftime() -> None:
    """``%L`` is milliseconds; what is unknown stays."""
    pattern = "%Y-%m-%d %y %B %b %A %a %H %I %M %S %p %Z %z %L %% %Q"
    text = "2024-03-05 24 March Mar Tuesday Tue 23 11 04 09 PM UTC +0000 120 % %Q"
    assert strftime(MOMENT, pattern) == text


@pytest.mark.parametrize(
    ("layout", "text", "read"),
    [
        (RFC3339, "2024-03-05T23:04:09Z", MOMENT.replace(microsecond=0)),
        (RFC3339, "2024-03-05T23:04:09.120Z", MOMENT),
        (RFC3339, "2024-03-05T23:04:09.1200007Z", MOMENT),
        (RFC3339, "2024-03-05T23:04:09+02:30", EAST),
        (ANSIC, "tue mar  5 23:04:09 2024", MOMENT.replace(microsecond=0)),
        ("2006-002", "2024-065", datetime(2024, 3, 5, tzinfo=UTC)),
        ("2006 __2", "2024  65", datetime(2024, 3, 5, tzinfo=UTC)),
        ("06", "69", datetime(1969, 1, 1, tzinfo=UTC)),
        ("06", "68", datetime(2068, 1, 1, tzinfo=UTC)),
        ("2006 3PM", "2024 12AM", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2006 3pm", "2024 12pm", datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("Jan 2", "Feb 29", datetime(4, 2, 29, tzinfo=UTC)),
        (KITCHEN, "3:04PM", datetime(4, 1, 1, 15, 4, tzinfo=UTC)),
        ("2006.000", "2024.120", datetime(2024, 1, 1, 0, 0, 0, 120000, tzinfo=UTC)),
        ("2006 -07:00 Z07", "2024 +09:00 Z", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2006 MST", "2024 GMT+3", datetime(2023, 12, 31, 21, tzinfo=UTC)),
    ],
)
def test_a_text_is_read_by_its_layout(layout: str, text: str, read: datetime) -> None:
    """Fractions of seconds may follow unasked; names may be in any case."""
    assert parse_time(layout, text) == read


def test_a_text_without_a_zone_is_of_the_zone_that_is_given() -> None:
    """A name that the zone does not use at the time is kept without an offset."""
    paris = ZoneInfo("Europe/Paris")
    assert parse_time("2006-01-02", "2024-07-01", paris).utcoffset() == timedelta(hours=2)
    assert parse_time("2006-01-02 MST", "2024-07-01 CEST", paris).utcoffset() == timedelta(hours=2)
    named = parse_time("2006-01-02 MST", "2024-07-01 PDT")
    assert (named.tzname(), named.utcoffset()) == ("PDT", timedelta())
    assert parse_time("2006 MST", "2024 +03").utcoffset() == timedelta(hours=3)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (RFC3339, "2024-03-05"),
        (RFC3339, ""),
        (RFC3339, "2024-03-05T23:04:09Zx"),
        ("2006-01-02", "2023-02-29"),
        ("2006-01-02", "2024-13-01"),
        ("2006-01-02", "2024-01-00"),
        ("15:04", "24:00"),
        ("15:04", "1:5"),
        ("2006-002", "2023-366"),
        ("2006-002 01", "2024-065 04"),
        ("MST", "ABCDE"),
        ("MST", "GMT+99"),
        ("-07:00", "+25:00"),
        ("PM", "XM"),
        ("Jan", "Foo"),
        (".000", ".12"),
        ("06", "1x7"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(layout: str, text: str) -> None:
    """Without being repeated: it may be a secret."""
    with pytest.raises(TimeError) as raised:
        parse_time(layout, text)
    assert not text or text not in str(raised.value).replace(repr(layout), "")


@given(
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1)),  # noqa: DTZ001 - zone added below
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_that_is_written_reads_back(naive: datetime, minutes: int) -> None:
    """In every layout that has all its parts."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_time(RFC3339_NANO, format_time(moment, RFC3339_NANO)) == moment
    whole = moment.replace(microsecond=0)
    assert parse_time(LAYOUTS["RFC1123Z"], format_time(whole, LAYOUTS["RFC1123Z"])) == whole


@given(st.text("01234567890JanMondyPMpmZT-:/., _", max_size=30), st.text(max_size=30))
def test_nothing_but_a_time_error_comes_out(layout: str, text: str) -> None:
    """Whatever the layout and the text."""
    for written in (text, format_time(MOMENT, layout)):
        try:
            parse_time(layout, written)
        except TimeError:
            continue
