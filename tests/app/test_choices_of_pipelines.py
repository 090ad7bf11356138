"""Which workflows and which logs are meant: what needs no cluster to be told."""

from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.app.pipelines.crons import MOST, missed, scheduled
from ruleengine.app.pipelines.listing import Filter
from ruleengine.app.pipelines.logs import Reading, pattern_of
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.selecting import parse_selector

NOW = datetime(2026, 1, 2, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "taken"),
    [
        (Filter(since=timedelta(minutes=30)), True),
        (Filter(since=timedelta(minutes=29)), False),
        (Filter(older=timedelta(minutes=9)), True),
        (Filter(older=timedelta(minutes=10)), False),
    ],
)
def test_young_is_what_was_created_and_old_what_ended(chosen: Filter, *, taken: bool) -> None:
    """So long ago, and a workflow that did not end is not old."""
    metadata = {"name": "wf", "creationTimestamp": "2026-01-02T03:30:00Z"}
    status = {"phase": "Failed", "finishedAt": "2026-01-02T03:50:00Z"}
    assert chosen.takes({"metadata": metadata, "status": status}, NOW) is taken
    running = {"metadata": metadata, "status": {"phase": "Running"}}
    assert chosen.takes(running, NOW) is (taken and chosen.older is None)


def test_what_the_api_server_filters_is_asked_of_it() -> None:
    """It takes whole seconds, and one at least."""
    asked = Reading(tail=0, since=timedelta(minutes=2), timestamps=True, previous=True)
    assert asked.query == {
        "tailLines": "0",
        "sinceSeconds": "120",
        "timestamps": "true",
        "previous": "true",
    }
    for since, seconds in ((0, "1"), (400, "1"), (1000, "1"), (1001, "2")):
        asked = Reading(since=timedelta(milliseconds=since))
        assert asked.query == {"sinceSeconds": seconds}
    assert Reading().query == {}


def test_the_log_of_a_step_is_meant_by_each_of_its_names() -> None:
    """Name, display name, id and pod; a selector narrows it further."""
    node = {"name": "wf.a", "displayName": "a", "id": "wf-1", "type": "Pod", "templateName": "say"}
    pod = "wf-say-3498999265"
    node = {**node, "name": "wf.A"}
    for name in ("", "wf.A", "a", "wf-1", pod):
        assert Reading(step=name).takes(node, "wf"), name
    assert not Reading(step="b").takes(node, "wf")
    assert not Reading(selector=parse_selector("templateName=other")).takes(node, "wf")
    assert not Reading().takes({**node, "type": "DAG"}, "wf")


def test_a_pattern_that_is_none_says_so() -> None:
    """An empty one keeps every line."""
    assert pattern_of("") is None
    found = pattern_of("a|b")
    assert found is not None
    assert found.search("cab")
    with pytest.raises(UsageError, match="is no pattern"):
        pattern_of("(")


CRON: Object = {
    "metadata": {"name": "nightly", "namespace": "ci"},
    "spec": {"schedules": ["0 2 * * *"], "workflowSpec": {"entrypoint": "main"}},
}


def test_times_that_were_missed_are_those_from_the_first_to_before_the_last() -> None:
    """Each workflow is named by its time, as the schedule names it."""
    start, end = datetime(2026, 1, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, 2, tzinfo=UTC)
    found = missed(CRON, start, end)
    assert [one["metadata"]["name"] for one in found] == [
        f"nightly-{int(one.timestamp())}" for one in (start, start + timedelta(days=1))
    ]
    assert len(missed(CRON, start, start + timedelta(days=MOST))) == MOST


def test_what_runs_by_schedule_says_when_it_is_next_or_what_is_wrong() -> None:
    """Also by the one schedule that older documents state."""
    tomorrow = datetime(2026, 1, 3, 2, tzinfo=UTC)
    for spec in ({"schedules": ["0 2 * * *"]}, {"schedule": "0 2 * * *"}):
        found = scheduled({**CRON, "spec": spec}, NOW)
        assert (found.schedules, found.following) == (("0 2 * * *",), tomorrow)
        assert (found.problem, found.last, found.suspended) == ("", "", False)
    wrong = scheduled({**CRON, "spec": {"schedules": ["0 25 * * *"], "suspend": True}}, NOW)
    assert (wrong.following, "0 25 * * *" in wrong.problem, wrong.suspended) == (None, True, True)


def test_there_is_no_time_to_make_up_for_before_names_count_the_seconds() -> None:
    """Whatever the first time is: names count the seconds since 1970."""
    first = datetime(1, 1, 1, tzinfo=UTC)
    found = missed(CRON, first, datetime(1970, 1, 2, tzinfo=UTC))
    assert [one["metadata"]["name"] for one in found] == ["nightly-7200"]


@pytest.mark.parametrize(
    ("days", "schedule", "error", "told"),
    [
        (0, "0 2 * * *", UsageError, "no time between"),
        (MOST + 1, "0 2 * * *", UsageError, "more than 100 times"),
        (1, "0 25 * * *", FailedError, "25"),
    ],
)
def test_times_that_make_no_sense_are_refused(
    days: int, schedule: str, error: type[Exception], told: str
) -> None:
    """And too many at once."""
    start = datetime(2026, 1, 1, 2, tzinfo=UTC)
    cron = {**CRON, "spec": {**CRON["spec"], "schedules": [schedule]}}
    with pytest.raises(error, match=told):
        missed(cron, start, start + timedelta(days=days))
