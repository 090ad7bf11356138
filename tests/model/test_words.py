"""The small words: findings in order, times in UTC, exit codes by precedence, codes once."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ruleengine.model.codes import AREAS, registry
from ruleengine.model.decisions import Request
from ruleengine.model.errors import ExitCode, strongest
from ruleengine.model.findings import Finding, Place, Severity, has_errors, order_findings
from ruleengine.model.times import format_time, parse_time


def finding(severity: Severity, line: int) -> Finding:
    """Return a finding at a line of one file."""
    return Finding(
        severity=severity, code="file-a-b", message="m", remedy="r", place=Place("a.yaml", line, 1)
    )


def test_findings_come_by_place_then_weight_and_once() -> None:
    """Repetitions vanish; at one place the error comes before the warning."""
    late, early = finding(Severity.ERROR, 9), finding(Severity.WARNING, 2)
    worse = finding(Severity.ERROR, 2)
    assert order_findings([late, early, worse, late]) == (worse, early, late)


def test_only_errors_count_as_errors() -> None:
    """Warnings and infos do not fail a command."""
    assert not has_errors([finding(Severity.WARNING, 1), finding(Severity.INFO, 1)])
    assert has_errors([finding(Severity.ERROR, 1)])


def test_a_request_is_known_by_its_kind_and_its_content() -> None:
    """In every process: the key of an effect is its idempotency key."""
    keys = {Request(kind=kind, payload={"x": x}).key for kind in ("call", "ask") for x in (1, "1")}
    assert len(keys) == 4
    assert Request(kind="call", payload={"b": 1, "a": 2}, effect=True).key == (
        Request(kind="call", payload={"a": 2, "b": 1}).key
    )


def test_a_place_prints_what_it_knows() -> None:
    """Path, line and column; a zero is left out."""
    assert str(Place("a.yaml", 3, 5)) == "a.yaml:3:5"
    assert str(Place("a.yaml")) == "a.yaml"


def test_times_are_utc_seconds() -> None:
    """Other zones are converted, and a text without a zone is refused."""
    noon = datetime(2026, 1, 2, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(noon) == "2026-01-02T10:00:00Z"
    assert parse_time("2026-01-02T10:00:00Z") == datetime(2026, 1, 2, 10, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        parse_time("2026-01-02T10:00:00")
    with pytest.raises(ValueError, match="no date in UTC"):
        parse_time("9999-12-31T23:59:59-23:00")


def test_the_strongest_exit_code_wins() -> None:
    """The precedence is 5, 4, 3, 1, 2 and then 0."""
    assert strongest(ExitCode.CHANGES, ExitCode.FAILED) is ExitCode.FAILED
    assert strongest(ExitCode.FAILED, ExitCode.UNREACHABLE, ExitCode.USAGE) is ExitCode.UNREACHABLE
    assert strongest(ExitCode.DONE) is ExitCode.DONE


def test_every_finding_code_is_declared_once_in_its_area() -> None:
    """The registry loads, and each code names its area first."""
    assert {name.split("-")[0] for name in registry()} <= set(AREAS)


def test_a_codes_remedy_is_a_sentence_and_its_title_is_none() -> None:
    """The page of codes reads evenly."""
    codes = registry().values()
    assert [one.name for one in codes if not one.remedy[0].isupper() or one.remedy[-1] != "."] == []
    assert [one.name for one in codes if one.title[-1] == "."] == []
