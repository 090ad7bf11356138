"""What the controller of CronJobs promises, in virtual time: it begins at 03:04:05 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.controllers.cron_schedules import due
from ruleengine.model.times import format_time, parse_time
from tests.local.planes import MERGE, Caller, job

CRONS = "/apis/batch/v1/namespaces/default/cronjobs"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
TICK = f"{CRONS}/tick"
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def cron_job(schedule: str = "*/5 * * * *", *, fault: str = "", **spec: Any) -> Any:
    """Return a CronJob whose Jobs have simulated pods, with a fault where one is named."""
    inner = job(fault=fault, backoffLimit=0)["spec"]
    return {
        "metadata": {"name": "tick"},
        "spec": {
            "schedule": schedule,
            "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": inner},
            **spec,
        },
    }


def make(call: Caller, body: Any) -> None:
    """Create a CronJob."""
    status, made = call("POST", CRONS, body)
    assert status == 201, made
    call.plane.settle()


def jobs(call: Caller) -> list[Any]:
    """Return the Jobs that are there."""
    found: list[Any] = call("GET", JOBS)[1]["items"]
    return found


def status(call: Caller) -> Any:
    """Return the status of the CronJob."""
    return call("GET", TICK)[1].get("status", {})


def reasons(call: Caller) -> list[str]:
    """Return the reasons of the events about the CronJob."""
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    return [one["reason"] for one in events if one["involvedObject"]["kind"] == "CronJob"]


def test_a_job_is_made_when_it_is_due(call: Caller) -> None:
    """Its name and annotation say for when, and the status follows it."""
    make(call, cron_job())
    call.plane.advance(54)
    assert jobs(call) == []
    call.plane.advance(1)
    (made,) = jobs(call)
    moment = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    assert made["metadata"]["name"] == f"tick-{int(moment.timestamp()) // 60}"
    assert made["metadata"]["annotations"][SCHEDULED] == "2026-01-02T03:05:00Z"
    assert made["metadata"]["labels"]["a"] == "b"
    assert status(call)["lastScheduleTime"] == "2026-01-02T03:05:00Z"
    assert [one["name"] for one in status(call)["active"]] == [made["metadata"]["name"]]
    call.plane.advance(10)
    assert "active" not in status(call)
    assert status(call)["lastSuccessfulTime"] == jobs(call)[0]["status"]["completionTime"]
    assert {"SuccessfulCreate", "SawCompletedJob"} == set(reasons(call))


def test_history_is_kept_within_its_limits(call: Caller) -> None:
    """Three that succeeded, one that failed; the oldest go."""
    make(call, cron_job("* * * * *"))
    call.plane.advance(6 * 60)
    assert len(jobs(call)) == 3
    body = {"spec": {"jobTemplate": {"spec": job(fault="crash", backoffLimit=0)["spec"]}}}
    call("PATCH", TICK, body, MERGE)
    call.plane.advance(3 * 60)
    kinds = sorted(one["status"]["conditions"][-1]["type"] for one in jobs(call))
    assert kinds == ["Complete", "Complete", "Complete", "Failed"]


@pytest.mark.parametrize(("policy", "running"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_jobs_may_overlap_or_not(call: Caller, policy: str, running: int) -> None:
    """As the concurrency policy says."""
    body = cron_job("* * * * *", concurrencyPolicy=policy)
    body["spec"]["jobTemplate"]["spec"]["podReplacementPolicy"] = "TerminatingOrFailed"
    body["spec"]["jobTemplate"]["spec"]["managedBy"] = "example.com/nobody"
    make(call, body)
    call.plane.advance(3 * 60)
    found = jobs(call)
    assert len(found) == running
    stamps = [one["metadata"]["annotations"][SCHEDULED][11:16] for one in found]
    last = {"Allow": "03:07", "Forbid": "03:05", "Replace": "03:07"}[policy]
    assert max(stamps) == last
    assert ("JobAlreadyActive" in reasons(call)) == (policy == "Forbid")


def test_a_start_that_was_forbidden_is_made_up_for(call: Caller) -> None:
    """Once the Job before it has ended, unless its deadline has passed."""
    body = cron_job("*/5 * * * *", concurrencyPolicy="Forbid")
    body["spec"]["jobTemplate"]["spec"]["managedBy"] = "example.com/nobody"
    make(call, body)
    call.plane.advance(60 + 5 * 60)
    (first,) = jobs(call)
    call("DELETE", f"{JOBS}/{first['metadata']['name']}")
    call.plane.advance(1)
    (second,) = jobs(call)
    assert second["metadata"]["annotations"][SCHEDULED] == "2026-01-02T03:10:00Z"


def test_a_suspended_cron_job_starts_nothing(call: Caller) -> None:
    """What it missed meanwhile is started once, if its deadline allows."""
    make(call, cron_job(suspend=True, startingDeadlineSeconds=60))
    call.plane.advance(800)
    assert jobs(call) == []
    call("PATCH", TICK, {"spec": {"suspend": False}}, MERGE)
    call.plane.settle()
    assert jobs(call) == []
    call.plane.advance(300)
    assert len(jobs(call)) == 1


def test_a_time_zone_moves_the_schedule(call: Caller) -> None:
    """The annotation shows the time as its people read it."""
    make(call, cron_job("30 4 * * *", timeZone="Europe/Berlin"))
    call.plane.advance(30 * 60)
    (made,) = jobs(call)
    assert made["metadata"]["annotations"][SCHEDULED] == "2026-01-02T04:30:00+01:00"


def test_what_cannot_be_scheduled_is_told(call: Caller) -> None:
    """Once, and nothing is started."""
    make(call, cron_job(schedule="61 * * * *"))
    call.plane.advance(200)
    assert (jobs(call), reasons(call)) == ([], ["UnparseableSchedule"])


def test_an_interrupted_start_is_not_made_twice(call: Caller) -> None:
    """A Job that was made before the status was written is taken as it is."""
    make(call, cron_job())
    call.plane.advance(60)
    before = status(call)
    lost = {**before, "lastScheduleTime": None}
    call("PATCH", f"{TICK}/status", {"status": lost}, MERGE)
    call.plane.settle()
    assert len(jobs(call)) == 1
    assert status(call)["lastScheduleTime"] == before["lastScheduleTime"]


def test_many_missed_starts_are_told_and_the_last_is_made(call: Caller) -> None:
    """As after a long sleep of the machine."""
    make(call, cron_job("* * * * *", suspend=True))
    call.plane.advance(3 * 60 * 60)
    call("PATCH", TICK, {"spec": {"suspend": False}}, MERGE)
    call.plane.settle()
    assert [one["metadata"]["annotations"][SCHEDULED][11:16] for one in jobs(call)] == ["06:04"]
    assert "TooManyMissedTimes" in reasons(call)


@given(
    st.sampled_from(["* * * * *", "*/7 * * * *", "13 */3 * * *", "@hourly", "@every 90s"]),
    st.integers(0, 10**6),
    st.one_of(st.none(), st.integers(0, 10**5)),
)
def test_what_is_due_is_the_latest_start(schedule: str, seconds: int, deadline: int | None) -> None:
    """It is past, not before its deadline, and none lies between it and now."""
    begin = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    now = begin + timedelta(seconds=seconds)
    body = cron_job(schedule)
    body["metadata"]["creationTimestamp"] = format_time(begin)
    if deadline is not None:
        body["spec"]["startingDeadlineSeconds"] = deadline
    found = due(body, now)
    assert found.following is not None
    assert found.following > now
    if found.start is not None:
        earliest = begin if deadline is None else max(begin, now - timedelta(seconds=deadline))
        assert earliest < found.start <= now
        body["status"] = {"lastScheduleTime": format_time(found.start)}
        assert due(body, now).start is None
        assert parse_time(body["status"]["lastScheduleTime"]) == found.start
