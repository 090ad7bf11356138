"""Cron schedules happen when robfig/cron version 3 says, on days of changed clocks too."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import cron
from ruleengine.expressions.language import ExpressionError
from tests.expressions.reading import cases, recorded


@pytest.mark.parametrize("case", cases("cron"))
def test_schedules_happen_when_argo_says(case: dict[str, Any]) -> None:
    """The instants in the table are those of the library that Argo uses."""
    if "error" in case:
        with pytest.raises(ExpressionError):
            cron.compile(case["schedule"], descriptors=case.get("descriptors", True))
        return
    schedule = cron.compile(case["schedule"], descriptors=case.get("descriptors", True))
    at: datetime | None = datetime.fromisoformat(case["from"]).astimezone(ZoneInfo(case["zone"]))
    found: list[str | None] = []
    for _ in case["next"]:
        assert at is not None
        at = schedule.next(at)
        found.append(at and at.isoformat())
    assert found == case["next"]


@pytest.mark.vectors("events")
def test_calendars_have_the_recorded_instants() -> None:
    """Schedules and intervals of calendar event sources, in their time zones."""
    for case in recorded("cronNext"):
        given_, want = case["in"], case["out"]
        text = f"@every {given_['interval']}" if "interval" in given_ else given_["schedule"]
        if zone := given_.get("timezone"):
            text = f"CRON_TZ={zone} {text}"
        if want["error"] is not None:
            with pytest.raises(ExpressionError):
                cron.compile(text)
            continue
        schedule = cron.compile(text)
        at: datetime | None = datetime.fromisoformat(given_["from"])
        for instant in want["next"]:
            assert at is not None
            at = schedule.next(at)
            assert at == datetime.fromisoformat(instant), case["id"]


@pytest.mark.vectors("events")
def test_the_instant_before_is_the_recorded_one() -> None:
    """As sensors look for the last reset of their conditions."""
    for case in recorded("cronPrev"):
        if case["out"]["error"] is not None:
            with pytest.raises(ExpressionError):
                cron.compile(case["in"]["cron"], descriptors=False)
            continue
        found = cron.compile(case["in"]["cron"]).previous(datetime.fromisoformat(case["in"]["at"]))
        assert found == datetime.fromisoformat(case["out"]["prev"]), case["id"]


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("* * * *", 7, "five fields, this one has 4"),
        ("* * * * * 2026", 10, "five fields, this one has 6"),
        ("0 0 * * 7", 8, "day of the week: 7 is out of range"),
        ("0 1,25 * * *", 4, "hour: 25 is out of range"),
        ("TZ=UTC 0 0 L * *", 11, "day of the month: L is no number"),
        ("5-1 * * * *", 0, "minute: 5-1 ends before it begins"),
        ("*/0 * * * *", 0, "minute: 0 is no step"),
        (", * * * *", 0, "minute: there is nothing between commas"),
        ("@dayly", 0, "there is no schedule @dayly"),
        ("@every 5", 7, "'5' is no duration"),
        ("TZ=Europe/Berln 0 0 * * *", 3, "there is no time zone Europe/Berln"),
    ],
)
def test_a_broken_schedule_is_told_with_its_place(text: str, offset: int, words: str) -> None:
    """The place is that of the part that is wrong."""
    with pytest.raises(ExpressionError) as failure:
        cron.compile(text)
    assert failure.value.offset == offset
    assert words in failure.value.message


def test_a_skipped_day_does_not_stop_the_calendar() -> None:
    """Samoa left out the 30th of December 2011, on which upstream never ends."""
    at = datetime(2011, 12, 28, tzinfo=ZoneInfo("Pacific/Apia"))
    found = cron.compile("0 12 29-31 * *").next(at)
    for day in (29, 31, 29):
        assert found is not None
        assert found.day == day
        found = cron.compile("0 12 29-31 * *").next(found)


def test_repeated_hours_before_midnight_do_not_hold_the_walk() -> None:
    """Newfoundland put its clocks back at a minute past midnight; upstream stays there."""
    at = datetime(1999, 10, 30, 23, 2, fold=1, tzinfo=ZoneInfo("America/St_Johns"))
    found = cron.compile("2-26/5 */15 * * *").next(at)
    assert found is not None
    assert found.timestamp() > at.timestamp()


def test_the_instant_before_is_what_a_clock_on_the_wall_shows() -> None:
    """Both times that a repeated hour shows count, and none that was skipped."""
    zone = ZoneInfo("Europe/Berlin")
    schedule = cron.compile("30 2 * * *")
    back = schedule.previous(datetime(2026, 10, 26, tzinfo=zone))
    assert back is not None
    assert back.isoformat() == "2026-10-25T02:30:00+01:00"
    back = schedule.previous(back)
    assert back is not None
    assert back.isoformat() == "2026-10-25T02:30:00+02:00"
    back = schedule.previous(datetime(2026, 3, 30, tzinfo=zone))
    assert back is not None
    assert back.isoformat() == "2026-03-28T02:30:00+01:00"


def test_an_interval_goes_back_as_it_goes_on() -> None:
    """Intervals have no grid: they count from the instant that they are given."""
    schedule = cron.compile("@every 90s")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert schedule.previous(at) == at - timedelta(seconds=90)


def test_an_impossible_schedule_has_no_instant() -> None:
    """Neither ahead nor back; nothing loops."""
    schedule = cron.compile("0 0 31 2 *")
    at = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert schedule.next(at) is None
    assert schedule.previous(at) is None


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_have_no_neighbours(year: int) -> None:
    """Instants that cannot be told in every time zone are looked for in vain."""
    at = datetime(year, 1, 1, tzinfo=UTC)
    assert cron.compile("* * * * *").next(at) is None
    assert cron.compile("* * * * *").previous(at) is None


def test_an_instant_needs_a_time_zone() -> None:
    """A time without one is no instant."""
    with pytest.raises(ValueError, match="time zone"):
        cron.compile("* * * * *").next(datetime(2026, 1, 1))  # noqa: DTZ001 - it is refused
    with pytest.raises(ExpressionError, match="time zone"):
        cron.compile("* * * * *").eval({"input": "2026"})


_NUMBERS = st.integers(0, 59).map(str)
_PARTS = st.one_of(
    st.just("*"),
    _NUMBERS,
    st.builds("{}-{}".format, _NUMBERS, _NUMBERS),
    st.builds("{}/{}".format, st.one_of(st.just("*"), _NUMBERS), _NUMBERS),
    st.sampled_from(["?", "mon", "JAN", "1,2", "", "-", "/", "x", "1-2-3", ","]),
)
_INSTANTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1))  # noqa: DTZ001 - made aware below
_ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Gaza"]
)


@given(st.lists(_PARTS, min_size=5, max_size=5).map(" ".join), _INSTANTS, _ZONES)
def test_any_text_is_a_schedule_or_a_told_error(text: str, wall: datetime, zone: str) -> None:
    """What follows lies after, what was before lies before, and both end."""
    try:
        schedule = cron.compile(text)
    except ExpressionError:
        return
    at = wall.replace(tzinfo=ZoneInfo(zone))
    following, before = schedule.eval({"input": at}), schedule.previous(at)
    assert following is None or following.timestamp() > at.timestamp()
    assert before is None or before.timestamp() < at.timestamp()


@given(
    st.lists(_PARTS, min_size=2, max_size=2).map(" ".join).map("{} * * *".format),
    _INSTANTS,
)
def test_both_directions_agree_where_no_clock_changes(text: str, wall: datetime) -> None:
    """From what came before, the walk leads past the instant, and to nothing in between."""
    try:
        schedule = cron.compile(text)
    except ExpressionError:
        return
    at = wall.replace(tzinfo=UTC)
    before = schedule.previous(at)
    assert before is not None
    following = schedule.next(before)
    assert following is not None
    assert following >= at
    assert schedule.previous(following + timedelta(microseconds=1)) == following
