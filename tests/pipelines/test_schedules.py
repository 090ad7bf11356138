"""CronWorkflows: a workflow for each time that is due, no time twice (reference, Workflows 24)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ruleengine.apimachinery.patches import merge_patch
from ruleengine.model.actions import Action, Verb
from ruleengine.model.decisions import Decision, Refusal, Stop
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.pipelines.cron_reconciler import CronWorkflowReconciler
from tests.pipelines.worlds import NAMESPACE, MemoryWorld

SELDOM = (
    "{{= cronworkflow.lastScheduledTime == nil || "
    "(now() - cronworkflow.lastScheduledTime).Hours() > 2 }}"
)
NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


class Stage:
    """A world with one CronWorkflow, made an hour before noon."""

    def __init__(self, **spec: Any) -> None:
        self.world = MemoryWorld(now=NOON)
        self.refusal: Refusal | None = None
        self.value: Object = {
            "apiVersion": ARGO_API_VERSION,
            "kind": "CronWorkflow",
            "metadata": {
                "name": "report",
                "namespace": NAMESPACE,
                "uid": "cron-uid",
                "creationTimestamp": format_time(NOON - timedelta(hours=1)),
                "labels": {"team": "shop"},
                "annotations": {"level": "low"},
            },
            "spec": {"schedules": ["0 * * * *"], "workflowSpec": {"entrypoint": "main"}, **spec},
        }

    def decide(self, at: datetime = NOON) -> Decision:
        """Decide at a time and do what was decided; once more, as after every write.

        Returns the first decision.
        """
        first = self._decide(at)
        if first.actions:
            self._decide(at)
        return first

    def _decide(self, at: datetime) -> Decision:
        decision = CronWorkflowReconciler().decide(self.value, self.world, at, None)
        for action in decision.actions:
            self._perform(action)
        if decision.status is not None:
            self.value = {**self.value, "status": decision.status}
        return decision

    def _perform(self, action: Action) -> None:
        if action.verb is Verb.CREATE:
            if self.refusal is not None:
                self.world.refusals[action.target] = self.refusal
                return
            self.world.refusals.pop(action.target, None)
            value = dict(action.object or {})
            value["metadata"] = {**value["metadata"], "uid": value["metadata"]["name"]}
            assert action.target not in self.world.objects
            self.world.put(value)
        elif action.target.kind == "CronWorkflow":
            self.value = merge_patch(self.value, action.object)
        else:
            self.world.perform(action)

    def names(self) -> list[str]:
        """Return the names of the workflows that are there."""
        found = self.world.list(ARGO_API_VERSION, "Workflow")
        return [one["metadata"]["name"] for one in found]

    def end(self, name: str, phase: str = "Succeeded", at: datetime = NOON) -> None:
        """Let a workflow come to its end."""
        (value,) = (
            one
            for one in self.world.list(ARGO_API_VERSION, "Workflow")
            if one["metadata"]["name"] == name
        )
        self.world.put({**value, "status": {"phase": phase, "finishedAt": format_time(at)}})


def name(at: datetime) -> str:
    """Return the name of the workflow of a time."""
    return f"report-{int(at.timestamp())}"


def test_a_time_that_is_due_makes_one_workflow_named_by_it() -> None:
    """The time stands in its annotations; deciding again makes no second one."""
    stage = Stage(workflowMetadata={"labels": {"team": "a"}})
    decision = stage.decide()
    assert stage.names() == [name(NOON)]
    made = decision.actions[0].object or {}
    assert made["metadata"]["annotations"] == {
        "workflows.argoproj.io/scheduled-time": "2026-03-04T12:00:00Z"
    }
    assert made["metadata"]["labels"] == {
        "team": "a",
        "workflows.argoproj.io/cron-workflow": "report",
    }
    assert made["spec"] == {"entrypoint": "main"}
    assert stage.value["status"]["lastScheduledTime"] == "2026-03-04T12:00:00Z"
    assert stage.decide(NOON + timedelta(seconds=5)).actions == ()


def test_it_waits_for_the_next_time_of_any_schedule() -> None:
    """That is settled, and wakes it."""
    stage = Stage(schedules=["0 * * * *", "10 12 * * *"])
    following = stage.decide(NOON + timedelta(minutes=5)).next
    assert (following.stop, following.time) == (Stop.FOR, NOON + timedelta(minutes=10))
    assert following.message == "next run at 2026-03-04T12:10:00Z"


def test_schedules_count_in_their_time_zone() -> None:
    """Also the old way to write one."""
    stage = Stage(schedules=None, schedule="0 13 * * *", timezone="Europe/Berlin")
    stage.decide()
    assert stage.names() == [name(NOON)]


@pytest.mark.parametrize(
    ("schedule", "day", "times"),
    [
        ("30 2 * * *", datetime(2026, 3, 29, tzinfo=UTC), []),
        ("30 3 * * *", datetime(2026, 3, 29, tzinfo=UTC), ["01:30"]),
        ("30 3 * * *", datetime(2026, 10, 25, tzinfo=UTC), ["02:30"]),
    ],
)
def test_days_of_changed_clocks_go_by_the_clock_of_the_zone(
    schedule: str, day: datetime, times: list[str]
) -> None:
    """An hour that is left out runs nothing; behind it the same hour is another one in UTC."""
    stage = Stage(schedules=[schedule], timezone="Europe/Berlin")
    stage.value["metadata"]["creationTimestamp"] = format_time(day)
    for minute in range(0, 60 * 12, 5):
        stage.decide(day + timedelta(minutes=minute))
    found = [datetime.fromtimestamp(int(one.rpartition("-")[2]), UTC) for one in stage.names()]
    assert [f"{one:%H:%M}" for one in found] == times


def test_a_missed_time_is_made_up_for_within_its_deadline_only() -> None:
    """Without one, within a minute, which a busy process may take."""
    late = NOON + timedelta(minutes=5)
    stage = Stage()
    assert stage.decide(late).actions == ()
    for seconds in (600, 2**63 - 1):
        stage = Stage(startingDeadlineSeconds=seconds)
        stage.decide(late)
        assert stage.names() == [name(NOON)]


def test_a_time_is_due_when_it_has_come_and_no_moment_before() -> None:
    """Also where another one was missed shortly before, and the clock shows parts of a second."""
    stage = Stage(schedules=["59 11 * * *", "0 12 * * *"], startingDeadlineSeconds=600)
    stage.decide(NOON - timedelta(milliseconds=1))
    assert stage.names() == [name(NOON - timedelta(minutes=1))]
    stage = Stage(schedules=["*/1 * * * *"], startingDeadlineSeconds=600)
    stage.decide(NOON - timedelta(milliseconds=1))
    assert stage.names() == [name(NOON - timedelta(minutes=1))]


def test_a_time_before_the_document_counts_for_nothing() -> None:
    """It was not there yet."""
    stage = Stage(startingDeadlineSeconds=600)
    stage.value["metadata"]["creationTimestamp"] = format_time(NOON + timedelta(seconds=1))
    assert stage.decide(NOON + timedelta(minutes=1)).actions == ()


def test_every_so_often_counts_from_the_last_run() -> None:
    """And names its runs by times that do not depend on when it is decided."""
    stage = Stage(schedules=["@every 90m"])
    begun = NOON - timedelta(hours=1) + timedelta(minutes=90)
    assert stage.decide(NOON).actions == ()
    stage.decide(begun + timedelta(seconds=20))
    assert stage.names() == [name(begun)]


@pytest.mark.parametrize(
    ("policy", "active", "made"),
    [
        ("Allow", True, True),
        ("Forbid", True, False),
        ("Forbid", False, True),
        ("Replace", True, True),
    ],
)
def test_the_policy_says_what_happens_while_a_run_is_on_its_way(
    policy: str, *, active: bool, made: bool
) -> None:
    """A run that is replaced is terminated; a time that was passed over is not made up for."""
    stage = Stage(concurrencyPolicy=policy)
    stage.decide()
    if not active:
        stage.end(name(NOON))
    later = NOON + timedelta(hours=1)
    decision = stage.decide(later)
    assert (name(later) in stage.names()) is made
    terminated = [
        one for one in decision.actions if one.object == {"spec": {"shutdown": "Terminate"}}
    ]
    assert bool(terminated) is (policy == "Replace")
    stage.end(name(NOON))
    stage.decide(later + timedelta(seconds=20))
    assert (name(later) in stage.names()) is made


def test_a_run_that_the_server_refuses_has_not_run() -> None:
    """A condition says why; it is asked for again while its time is due, and then it has run."""
    stage = Stage()
    stage.refusal = Refusal("no room", final=False)
    stage.decide()
    status = stage.value["status"]
    assert "lastScheduledTime" not in status
    assert status["active"] == []
    (told,) = status["conditions"]
    assert (told["type"], told["message"]) == ("SubmissionError", f"{name(NOON)}: no room")
    stage.refusal = None
    stage.decide(NOON + timedelta(seconds=20))
    assert stage.names() == [name(NOON)]
    assert stage.value["status"]["lastScheduledTime"] == format_time(NOON)
    assert stage.value["status"]["conditions"] == []


def test_a_run_that_was_over_before_it_was_noted_counts() -> None:
    """Somebody else saw to it while whoever had begun it was gone."""
    stage = Stage()
    stage.decide()
    stage.end(name(NOON))
    stage.value["status"] = {}
    stage.value["metadata"]["annotations"] = {}
    for second in (5, 6):
        stage.decide(NOON + timedelta(seconds=second))
    status = stage.value["status"]
    assert (status["succeeded"], status["active"]) == (1, [])
    assert status["lastScheduledTime"] == format_time(NOON)


def test_runs_that_were_over_before_they_were_noted_are_counted_beside_those_before() -> None:
    """The latest of them was the last run."""
    stage = Stage()
    times = [NOON, NOON + timedelta(hours=1)]
    for at in times:
        stage.decide(at)
        stage.end(name(at), at=at)
    stage.value["status"] = {"succeeded": 5, "failed": 2}
    stage.value["metadata"]["annotations"] = {}
    stage.decide(times[1] + timedelta(seconds=5))
    status = stage.value["status"]
    assert (status["succeeded"], status["failed"]) == (7, 2)
    assert status["lastScheduledTime"] == format_time(times[1])


@pytest.mark.parametrize("phase", ["Running", "Succeeded"])
def test_workflows_of_others_count_for_nothing(phase: str) -> None:
    """They hold nothing up, are no part of its history, and stay."""
    stage = Stage(concurrencyPolicy="Forbid", successfulJobsHistoryLimit=0)
    owners = [{"kind": "CronWorkflow", "name": "report", "uid": "another"}]
    metadata = {"name": "other", "namespace": NAMESPACE, "uid": "o", "ownerReferences": owners}
    head: Object = {"apiVersion": ARGO_API_VERSION, "kind": "Workflow", "metadata": metadata}
    stage.world.put({**head, "status": {"phase": phase}})
    stage.decide()
    assert stage.names() == ["other", name(NOON)]
    status = stage.value["status"]
    assert [one["name"] for one in status["active"]] == [name(NOON)]
    assert status["succeeded"] == 0


def test_what_was_over_before_it_was_noted_is_not_run_again_when_the_clock_is_set_back() -> None:
    """It counts as soon as it is seen, and goes only when the status tells of it."""
    stage = Stage(successfulJobsHistoryLimit=0)
    stage.decide()
    stage.end(name(NOON))
    refused = {"type": "SubmissionError", "status": "True", "message": "no room"}
    stage.value["status"] = {"conditions": [refused]}
    stage.value["metadata"]["annotations"] = {}
    (deletion,) = stage.decide(NOON - timedelta(seconds=30)).actions
    assert (deletion.late, deletion.uid) == (True, name(NOON))
    assert stage.names() == []
    status = stage.value["status"]
    assert (status["succeeded"], status["lastScheduledTime"]) == (1, format_time(NOON))
    assert status["conditions"] == []
    assert stage.decide().actions == ()


def test_what_is_replaced_is_ended_also_where_that_failed_at_first() -> None:
    """The new run is noted once the one before it is told to end."""
    stage = Stage(concurrencyPolicy="Replace")
    stage.decide()
    later = NOON + timedelta(hours=1)
    decision = CronWorkflowReconciler().decide(stage.value, stage.world, later, None)
    ending, create = decision.actions
    stage._perform(create)
    again = stage.decide(later)
    assert again.actions == (ending,)
    assert stage.value["status"]["lastScheduledTime"] == format_time(later)
    assert stage.decide(later + timedelta(seconds=9)).actions == ()


def test_a_run_that_is_refused_for_good_is_passed_over() -> None:
    """Nobody asks for it again, and the condition stays until another time is run."""
    stage = Stage()
    stage.refusal = Refusal("not like this", final=True)
    stage.decide()
    assert stage.decide(NOON + timedelta(seconds=20)).actions == ()
    assert [one["type"] for one in stage.value["status"]["conditions"]] == ["SubmissionError"]
    stage.refusal = None
    stage.decide(NOON + timedelta(hours=1))
    assert stage.names() == [name(NOON + timedelta(hours=1))]
    assert stage.value["status"]["conditions"] == []


def test_a_suspended_one_makes_nothing() -> None:
    """Nor does it make up for the time when it goes on."""
    stage = Stage(suspend=True)
    assert stage.decide().next.message == "suspended"
    stage.value["spec"]["suspend"] = False
    stage.decide(NOON + timedelta(seconds=20))
    assert stage.names() == []


@pytest.mark.parametrize(
    ("condition", "made"),
    [
        ("{{cronworkflow.failed}} < 1", True),
        ("{{cronworkflow.succeeded}} > 1", False),
        ("{{cronworkflow.name}} == report", True),
        ("{{= cronworkflow.lastScheduledTime == nil }}", True),
        (SELDOM, True),
        ("'{{cronworkflow.namespace}}' == pipelines", True),
        ("'{{cronworkflow.labels.team}}' == shop", True),
        ("'{{cronworkflow.annotations.level}}' == low", True),
        ("{{=cronworkflow.labels.team == 'other'}}", False),
        ("'{{cronworkflow.lastScheduledTime}}' == 'nil'", True),
        ("{{=cronworkflow.failed + cronworkflow.succeeded == 0}}", True),
    ],
)
def test_a_condition_decides_whether_a_time_is_run(condition: str, *, made: bool) -> None:
    """It sees what became of the runs before."""
    stage = Stage(when=condition)
    stage.decide()
    assert bool(stage.names()) is made


def test_a_condition_on_the_time_since_the_last_run() -> None:
    """Too soon: passed over."""
    stage = Stage(when=SELDOM)
    stage.decide()
    stage.decide(NOON + timedelta(hours=1))
    stage.decide(NOON + timedelta(hours=3))
    assert stage.names() == [name(NOON), name(NOON + timedelta(hours=3))]


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("'{{cronworkflow.lastScheduledTime}}' == '2026-03-04T12:00:00Z'", 2),
        ("'{{ cronworkflow.lastScheduledTime }}' != '2026-03-04T12:00:00Z'", 1),
        ("{{cronworkflow.succeeded}} + {{cronworkflow.failed}} == 1", 2),
        ("{{=cronworkflow.succeeded}} == 1", 1),
        ("{{cronworkflow.failed}} < 1", 1),
    ],
)
def test_a_condition_sees_what_became_of_the_last_run(condition: str, runs: int) -> None:
    """Which has failed: when that was as a text, and how many ended in which way."""
    stage = Stage()
    stage.decide()
    stage.end(name(NOON), "Failed")
    stage.decide(NOON + timedelta(minutes=1))
    stage.value["spec"]["when"] = condition
    stage.decide(NOON + timedelta(hours=1))
    assert len(stage.names()) == runs


def test_what_was_stopped_still_tidies_up() -> None:
    """Its runs beyond the history go."""
    stage = Stage(
        stopStrategy={"expression": "cronworkflow.succeeded >= 1"}, successfulJobsHistoryLimit=0
    )
    stage.decide()
    stage.end(name(NOON))
    stage.decide(NOON + timedelta(minutes=1))
    assert stage.value["status"]["phase"] == "Stopped"
    assert stage.names() == []


def test_a_stop_strategy_ends_it_for_good() -> None:
    """By what became of its runs; they are counted once each."""
    stage = Stage(stopStrategy={"expression": "cronworkflow.failed >= 2"})
    for hour in range(4):
        at = NOON + timedelta(hours=hour)
        stage.decide(at)
        if name(at) in stage.names():
            stage.end(name(at), "Failed", at)
        stage.decide(at + timedelta(seconds=30))
        stage.decide(at + timedelta(seconds=40))
    status = stage.value["status"]
    assert (status["phase"], status["failed"], status["succeeded"]) == ("Stopped", 2, 0)
    assert stage.decide(NOON + timedelta(hours=9)).next.message == "its stop strategy has ended it"


def test_ended_runs_beyond_the_history_go_the_oldest_first() -> None:
    """Good and bad ones have limits of their own."""
    stage = Stage(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=0)
    for hour, phase in enumerate(["Succeeded", "Failed", "Succeeded"]):
        at = NOON + timedelta(hours=hour)
        stage.decide(at)
        stage.end(name(at), phase, at)
    stage.decide(NOON + timedelta(hours=2, minutes=1))
    assert stage.names() == [name(NOON + timedelta(hours=2))]
    assert stage.value["status"]["succeeded"] == 2
    assert stage.value["status"]["failed"] == 1


@pytest.mark.parametrize("schedule", ["* * *", "61 * * * *", "@sometimes"])
def test_a_schedule_that_is_none_is_a_condition_of_its_status(schedule: str) -> None:
    """Nothing is made."""
    stage = Stage(schedules=[schedule])
    decision = stage.decide()
    (condition,) = stage.value["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("SpecError", "True")
    assert (decision.actions, decision.next.stop) == ((), Stop.FOR)
    assert decision.next.message == condition["message"]
    assert schedule in condition["message"]


def test_what_is_made_says_where_it_comes_from() -> None:
    """Its owner, the time it was made for, and what ``workflowMetadata`` adds."""
    marks = {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["example.com/kept"]}
    stage = Stage(workflowMetadata=marks)
    stage.decide()
    (made,) = stage.world.list(ARGO_API_VERSION, "Workflow")
    metadata = made["metadata"]
    assert metadata["finalizers"] == ["example.com/kept"]
    assert metadata["namespace"] == NAMESPACE
    assert metadata["labels"] == {"a": "b", "workflows.argoproj.io/cron-workflow": "report"}
    assert metadata["annotations"] == {
        "c": "d",
        "workflows.argoproj.io/scheduled-time": "2026-03-04T12:00:00Z",
    }
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": ARGO_API_VERSION,
            "kind": "CronWorkflow",
            "name": "report",
            "uid": "cron-uid",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_its_status_tells_who_is_on_their_way() -> None:
    """And when it ran last; several may be at once."""
    stage = Stage()
    times = [NOON, NOON + timedelta(hours=1)]
    for at in times:
        stage.decide(at)
    stage.decide(times[1] + timedelta(seconds=9))
    status = stage.value["status"]
    assert status["active"] == [
        {
            "apiVersion": ARGO_API_VERSION,
            "kind": "Workflow",
            "name": name(at),
            "namespace": NAMESPACE,
            "uid": name(at),
        }
        for at in times
    ]
    assert status["lastScheduledTime"] == format_time(times[1])
    assert status["phase"] == "Active"
    assert (status["succeeded"], status["failed"]) == (0, 0)


def test_without_limits_three_good_and_one_bad_run_are_kept() -> None:
    """The last ones."""
    stage = Stage()
    phases = ["Succeeded"] * 5 + ["Failed", "Error"]
    for hour, phase in enumerate(phases):
        at = NOON + timedelta(hours=hour)
        stage.decide(at)
        stage.end(name(at), phase, at)
    stage.decide(NOON + timedelta(hours=6, minutes=1))
    kept = [NOON + timedelta(hours=hour) for hour in (2, 3, 4, 6)]
    assert stage.names() == [name(at) for at in kept]


@pytest.mark.parametrize("window", [0, 7200])
def test_a_time_of_another_schedule_is_not_made_up_for(window: int) -> None:
    """Whoever changes a schedule means what is to come; the first schedule of all counts."""
    stage = Stage(schedules=["0 12 * * *"], startingDeadlineSeconds=window)
    stage.decide()
    assert stage.names() == [name(NOON)]
    stage.value["spec"]["schedules"] = ["30 12 * * *", "0 14 * * *"]
    late = NOON + timedelta(minutes=30, seconds=20)
    stage.decide(late)
    stage.decide(late + timedelta(seconds=9))
    assert stage.names() == [name(NOON)]
    stage.decide(NOON + timedelta(hours=2))
    assert stage.names() == [name(NOON), name(NOON + timedelta(hours=2))]
    assert stage.decide(NOON + timedelta(hours=2, seconds=5)).actions == ()


def test_a_schedule_in_another_zone_is_another_schedule() -> None:
    """Although its text is the same."""
    stage = Stage(schedules=["0 * * * *"], startingDeadlineSeconds=3600)
    stage.decide()
    stage.value["spec"]["timezone"] = "Asia/Kolkata"
    stage.decide(NOON + timedelta(minutes=40))
    assert stage.names() == [name(NOON)]


def test_what_stopped_is_labelled_as_completed() -> None:
    """Once; so it can be selected."""
    stage = Stage(stopStrategy={"expression": "cronworkflow.succeeded >= 1"})
    stage.decide()
    stage.end(name(NOON))
    stage.decide(NOON + timedelta(seconds=5))
    completed = {"workflows.argoproj.io/completed": "true"}
    assert completed.items() <= stage.value["metadata"]["labels"].items()
    for labels in (stage.value["metadata"]["labels"], completed):
        stage.value["metadata"]["labels"] = labels
        assert stage.decide(NOON + timedelta(hours=1)).actions == ()
    assert stage.names() == [name(NOON)]


def test_a_mended_schedule_leaves_no_condition() -> None:
    """Others of its conditions stay."""
    stage = Stage(schedules=["never"])
    other = {"type": "Other", "status": "True"}
    stage.value["status"] = {"conditions": [other]}
    stage.decide()
    stage.decide()
    assert [one["type"] for one in stage.value["status"]["conditions"]] == ["Other", "SpecError"]
    stage.value["spec"]["schedules"] = ["0 * * * *"]
    stage.decide()
    assert stage.value["status"]["conditions"] == [other]


def test_without_any_schedule_there_is_none_to_go_by() -> None:
    """Its status says so; older files name one."""
    stage = Stage(schedules=[])
    stage.decide()
    (condition,) = stage.value["status"]["conditions"]
    assert condition["message"] == "cron workflow must have at least one schedule"
    stage = Stage(schedules=[], schedule="0 12 * * *")
    stage.decide()
    assert stage.names() == [name(NOON)]


def test_one_that_is_being_deleted_makes_nothing() -> None:
    """Its time may have come all the same."""
    stage = Stage()
    stage.value["metadata"]["deletionTimestamp"] = format_time(NOON)
    stage.decide()
    assert stage.names() == []


def test_a_suspended_one_is_stopped_by_its_strategy_all_the_same() -> None:
    """That is looked at first."""
    stage = Stage(suspend=True, stopStrategy={"expression": "cronworkflow.failed == 0"})
    stage.decide()
    assert stage.value["status"]["phase"] == "Stopped"


def test_of_several_missed_times_the_latest_is_made_up_for() -> None:
    """Whichever schedule it is of."""
    stage = Stage(schedules=["10 * * * *", "40 * * * *"], startingDeadlineSeconds=7200)
    stage.decide(NOON + timedelta(minutes=50))
    assert stage.names() == [name(NOON + timedelta(minutes=40))]


def test_a_run_that_begins_is_told_beside_those_that_go_on() -> None:
    """At once, not only when it is seen."""
    stage = Stage()
    stage.decide()
    stage.decide(NOON + timedelta(hours=1))
    active = [one["name"] for one in stage.value["status"]["active"]]
    assert active == [name(NOON), name(NOON + timedelta(hours=1))]


def test_words_and_intervals_are_schedules_as_well() -> None:
    """Every day at midnight, for instance."""
    midnight = NOON.replace(hour=0)
    stage = Stage(schedules=["@daily", "@every 1h"])
    stage.value["metadata"]["creationTimestamp"] = format_time(midnight - timedelta(minutes=30))
    stage.decide(midnight)
    stage.decide(midnight + timedelta(minutes=60))
    assert stage.names() == [name(midnight), name(midnight + timedelta(minutes=60))]


def test_what_ended_first_goes_first_whichever_began_first() -> None:
    """The history is that of ends."""
    stage = Stage(successfulJobsHistoryLimit=1)
    later = NOON + timedelta(hours=1)
    stage.decide()
    stage.decide(later)
    stage.end(name(later), at=later + timedelta(minutes=1))
    stage.end(name(NOON), at=later + timedelta(minutes=2))
    stage.decide(later + timedelta(minutes=3))
    assert stage.names() == [name(NOON)]


def test_what_cannot_be_read_is_neither_stopped_nor_run() -> None:
    """It is looked at before anything else, by all that is wrong."""
    always = {"expression": "cronworkflow.failed == 0"}
    for wrong in ({"schedules": ["never"]}, {"timezone": "Europe/Nowhere"}):
        stage = Stage(stopStrategy=always, **wrong)
        stage.decide()
        assert stage.value["status"]["phase"] == "Active"
        assert [one["type"] for one in stage.value["status"]["conditions"]] == ["SpecError"]
    assert stage.names() == []


def test_the_condition_of_a_suspended_one_is_not_looked_at() -> None:
    """Nor told, where it cannot be read; else it is."""
    for suspended in (True, False):
        stage = Stage(suspend=suspended, when="{{= ( }}")
        stage.decide()
        assert bool(stage.value["status"]["conditions"]) is not suspended
        assert stage.names() == []


def test_a_time_that_its_condition_passes_over_replaces_nobody() -> None:
    """The run that goes on is not ended for one that never comes."""
    stage = Stage(concurrencyPolicy="Replace")
    stage.decide()
    stage.value["spec"]["when"] = "{{cronworkflow.failed}} > 0"
    stage.decide(NOON + timedelta(hours=1))
    (run,) = stage.world.list(ARGO_API_VERSION, "Workflow")
    assert "shutdown" not in run["spec"]


def test_one_that_goes_on_beside_is_left_alone_unless_it_is_said_otherwise() -> None:
    """Allow is what a schedule without a policy has."""
    stage = Stage()
    later = NOON + timedelta(hours=1)
    stage.decide()
    stage.decide(later)
    assert stage.names() == [name(NOON), name(later)]
    assert all(
        "shutdown" not in one["spec"] for one in stage.world.list(ARGO_API_VERSION, "Workflow")
    )
