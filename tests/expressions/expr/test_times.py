"""Times and durations."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_durations import parse_duration
from tests.expressions.expr.kit import evaluate

GIVES: list[tuple[str, Any]] = [
    ('int(date("2026-03-04").Weekday())', 3),
    ('int(date("2026-03-04").Month())', 3),
    ('duration("1h") + duration("1m")', parse_duration("1h1m0s")),
    ('duration("1h") * 2', parse_duration("2h0m0s")),
    ('duration("1h") * 2.5', 9000000000000.0),
    ('2 * duration("1h")', parse_duration("2h0m0s")),
    ('2.5 * duration("1h")', 9000000000000.0),
    ('duration("1h") * duration("1h")', parse_duration("39817h19m56.288008192s")),
    ('duration("1h") > duration("1m")', True),
    ('date("2020-01-01") - date("2019-12-31")', parse_duration("24h0m0s")),
    ('date("2020-01-01") + duration("1h")', datetime(2020, 1, 1, 1, 0, tzinfo=UTC)),
    ('duration("1h") + date("2020-01-01")', datetime(2020, 1, 1, 1, 0, tzinfo=UTC)),
    ('date("2020-01-01") - duration("1h")', datetime(2019, 12, 31, 23, 0, tzinfo=UTC)),
    ('date("2020-01-01") == date("2020-01-01T01:00:00+01:00")', True),
    ('date("2020-01-01") < date("2020-01-02")', True),
    ('type(duration("1h"))', "time.Duration"),
    ('type(date("2020-01-01"))', "time.Time"),
    ('string(date("2020-01-01"))', "2020-01-01 00:00:00 +0000 UTC"),
    ('string(duration("90m"))', "1h30m0s"),
    ('int(duration("1s"))', 1000000000),
    ('[duration("1h")][0]', parse_duration("1h0m0s")),
    ('toJSON(duration("1h"))', "3600000000000"),
    ('toJSON(date("2020-01-01"))', '"2020-01-01T00:00:00Z"'),
    ('duration("1h").Hours()', 1.0),
    ('duration("1h").Seconds()', 3600.0),
    ('duration("90m").String()', "1h30m0s"),
    ('duration("90m").Minutes()', 90.0),
    ('duration("90m").Round(duration("1h")).String()', "2h0m0s"),
    ('date("2020-01-01").Year()', 2020),
    ('date("2020-01-01").Unix()', 1577836800),
    ('date("2020-01-01").Format("2006")', "2020"),
    ('date("2020-01-01").Add(duration("1h"))', datetime(2020, 1, 1, 1, 0, tzinfo=UTC)),
    ('date("2020-01-01").AddDate(0,1,0)', datetime(2020, 2, 1, 0, 0, tzinfo=UTC)),
    ('date("2020-01-01").String()', "2020-01-01 00:00:00 +0000 UTC"),
    ('date("2020-01-01").Month().String()', "January"),
    ('string(date("2020-01-01").Month())', "January"),
    ('date("2020-01-01").IsZero()', False),
    (
        'date("2020-01-01").In(timezone("Europe/Zurich"))',
        datetime(2020, 1, 1, 1, 0, tzinfo=ZoneInfo("Europe/Zurich")),
    ),
    (
        'date("2023-08-14 00:00:00", "2006-01-02 15:04:05", "Europe/Zurich")',
        datetime(2023, 8, 14, 0, 0, tzinfo=ZoneInfo("Europe/Zurich")),
    ),
    ('date("2020-01-01 10:00:00")', datetime(2020, 1, 1, 10, 0, tzinfo=UTC)),
    (
        'date("02 Jan 06 15:04 MST")',
        datetime(2006, 1, 2, 15, 4, tzinfo=timezone(timedelta(0), "MST")),
    ),
    ('date("2020-01-01", "2006-01-02")', datetime(2020, 1, 1, 0, 0, tzinfo=UTC)),
]

REFUSED = [
    'duration("1h") / 2',
    'duration("1h") / duration("1m")',
    'duration("1h") + 1',
    '1 + duration("1h")',
    'duration("1h") - 1',
    'duration("1h") > 1',
    'duration("1h") % 2',
    '-duration("1h")',
    'date("2020-01-01") + 1',
    'float(duration("1s"))',
    'abs(duration("-1s"))',
    'duration("1h").foo',
    'date("2020-01-01").foo()',
    'timezone("foo")',
    'date("x")',
    "date(1577836800)",
    "date(1577836800.5)",
    'duration("x")',
    'duration("1d")',
    "duration(1)",
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_an_expression_gives(text: str, value: Any) -> None:
    """They add up, compare and have Go's methods."""
    assert repr(evaluate(text)) == repr(value)


@pytest.mark.parametrize("text", REFUSED)
def test_an_expression_is_refused(text: str) -> None:
    """Numbers are neither times nor durations."""
    with pytest.raises(ExpressionError):
        evaluate(text)
