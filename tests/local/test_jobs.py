"""What the controller of Jobs promises, in virtual time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.local.control_plane import in_memory_plane
from ruleengine.local.controllers.job_indexes import format_indexes, parse_indexes
from ruleengine.local.runtime.needs import is_process
from ruleengine.model.names import ARGO_ANALYSIS_RUN
from tests.local.planes import MERGE, Caller, cells_of, condition, ended, job

PODS = "/api/v1/namespaces/default/pods"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
WORK = f"{JOBS}/work"
FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"


def make(call: Caller, body: Any) -> Any:
    """Create a Job and let its pods be placed."""
    status, made = call("POST", JOBS, body)
    assert status == 201, made
    call.plane.settle()
    return made


def pods(call: Caller, **query: str) -> list[Any]:
    """Return the pods that are there."""
    found: list[Any] = call("GET", PODS, **query)[1]["items"]
    return found


def active(call: Caller) -> list[Any]:
    """Return the pods that run or will."""
    over = ("Succeeded", "Failed")
    return [
        one
        for one in pods(call)
        if one["status"]["phase"] not in over and "deletionTimestamp" not in one["metadata"]
    ]


def end(call: Caller, pod: Any, code: int) -> None:
    """Have the container of a pod end with an exit code."""
    call("PATCH", f"{PODS}/{pod['metadata']['name']}/status", ended(code), MERGE)
    call.plane.settle()


def status(call: Caller) -> Any:
    """Return the status of the Job."""
    return call("GET", WORK)[1]["status"]


def reasons(call: Caller) -> list[str]:
    """Return the reasons of the events about the Job."""
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    return [one["reason"] for one in events if one["involvedObject"]["kind"] == "Job"]


def test_a_job_runs_to_its_end(call: Caller) -> None:
    """It says first what will become of it, then what became of it, and events tell both."""
    made = make(call, job(completions=3, parallelism=2))
    assert len(active(call)) == 2
    call.plane.advance(20)
    found = status(call)
    assert [one["type"] for one in found["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert condition({"status": found}, "Complete")["reason"] == "CompletionsReached"
    assert (found["succeeded"], found["ready"], found["terminating"]) == (3, 0, 0)
    assert found["uncountedTerminatedPods"] == {}
    assert "active" not in found
    assert found["startTime"] < found["completionTime"]
    labels = pods(call)[0]["metadata"]["labels"]
    assert labels["batch.kubernetes.io/controller-uid"] == made["metadata"]["uid"]
    assert labels["job-name"] == "work"
    assert sorted(reasons(call)) == ["Completed", *["SuccessfulCreate"] * 3]


def test_what_ends_is_counted_once(call: Caller) -> None:
    """A pod keeps its finalizer until it is counted; deleted by anybody it counts all the same."""
    make(call, job(completions=3, parallelism=1))
    first = active(call)[0]
    assert first["metadata"]["finalizers"] == [FINALIZER]
    call("PATCH", f"{PODS}/{first['metadata']['name']}/status", ended(0), MERGE)
    call("DELETE", f"{PODS}/{first['metadata']['name']}")
    assert call("GET", f"{PODS}/{first['metadata']['name']}")[0] == 200
    call.plane.settle()
    assert call("GET", f"{PODS}/{first['metadata']['name']}")[0] == 404
    assert status(call)["succeeded"] == 1
    call.plane.advance(30)
    assert status(call)["succeeded"] == 3


def test_a_job_gives_up_at_its_limit(call: Caller) -> None:
    """Failures come ever more slowly, and their number ends the Job."""
    make(call, job(fault="crash", backoffLimit=2))
    call.plane.advance(9)
    assert len(pods(call)) == 1
    call.plane.advance(4)
    assert len(pods(call)) == 2
    call.plane.advance(60)
    found = status(call)
    assert found["failed"] == 3
    assert [one["type"] for one in found["conditions"]] == ["FailureTarget", "Failed"]
    assert condition({"status": found}, "Failed")["reason"] == "BackoffLimitExceeded"
    assert "completionTime" not in found
    assert "BackoffLimitExceeded" in reasons(call)


def test_restarts_inside_a_pod_count_towards_the_limit(call: Caller) -> None:
    """With OnFailure the kubelet restarts containers, and the Job gives up by their number."""
    body = job(fault="crash", backoffLimit=2)
    body["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    make(call, body)
    call.plane.advance(60)
    assert condition(call("GET", WORK)[1], "Failed")["reason"] == "BackoffLimitExceeded"
    assert active(call) == []


def test_a_deadline_ends_what_runs(call: Caller) -> None:
    """What still runs is ended before the Job says that it has failed."""
    make(call, job(fault="slow", activeDeadlineSeconds=10))
    call.plane.advance(10)
    assert condition(call("GET", WORK)[1], "FailureTarget")["reason"] == "DeadlineExceeded"
    call.plane.advance(5)
    assert condition(call("GET", WORK)[1], "Failed")["reason"] == "DeadlineExceeded"
    assert pods(call) == []


def test_indexed_pods_know_their_index(call: Caller) -> None:
    """By name, label, annotation, host name and environment; the lowest that is free goes first."""
    make(call, job(completions=5, parallelism=3, completionMode="Indexed"))
    found = sorted(active(call), key=lambda one: one["metadata"]["name"])
    assert [one["metadata"]["labels"][INDEX] for one in found] == ["0", "1", "2"]
    assert [one["metadata"]["annotations"][INDEX] for one in found] == ["0", "1", "2"]
    assert found[1]["metadata"]["name"].startswith("work-1-")
    assert found[1]["spec"]["hostname"] == "work-1"
    environment = found[1]["spec"]["containers"][0]["env"]
    assert environment[0]["name"] == "JOB_COMPLETION_INDEX"
    end(call, found[1], 0)
    assert status(call)["completedIndexes"] == "1"
    assert sorted(one["metadata"]["labels"][INDEX] for one in active(call)) == ["0", "2", "3"]
    call.plane.advance(20)
    assert (status(call)["completedIndexes"], status(call)["succeeded"]) == ("0-4", 5)


def test_an_index_that_failed_is_tried_again(call: Caller) -> None:
    """The others keep theirs."""
    make(call, job(completions=2, parallelism=2, completionMode="Indexed", fault="slow"))
    first = min(active(call), key=lambda one: one["metadata"]["name"])
    end(call, first, 1)
    call.plane.advance(12)
    assert sorted(one["metadata"]["labels"][INDEX] for one in active(call)) == ["0", "1"]
    call.plane.advance(60)
    assert (status(call)["completedIndexes"], status(call)["failed"]) == ("0,1", 1)


def test_each_index_may_have_a_limit_of_its_own(call: Caller) -> None:
    """An index that is used up is left; the Job fails once the others are done."""
    body = job(
        completions=2, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=1, fault="slow"
    )
    body["spec"]["backoffLimit"] = 100
    make(call, body)
    for _ in range(2):
        failing = next(one for one in active(call) if one["metadata"]["labels"][INDEX] == "0")
        end(call, failing, 1)
        call.plane.advance(12)
    assert status(call)["failedIndexes"] == "0"
    call.plane.advance(60)
    found = call("GET", WORK)[1]
    assert (found["status"]["completedIndexes"], found["status"]["failed"]) == ("1", 2)
    assert condition(found, "Failed")["reason"] == "FailedIndexes"


def test_a_work_queue_ends_with_its_last_pod(call: Caller) -> None:
    """Without completions the first success stops new pods, and the rest may finish."""
    make(call, job(parallelism=3, fault="slow"))
    first, second, third = active(call)
    end(call, first, 0)
    end(call, second, 1)
    assert len(active(call)) == 1
    assert condition(call("GET", WORK)[1], "Complete") is None
    end(call, third, 0)
    assert condition(call("GET", WORK)[1], "Complete")["status"] == "True"
    assert status(call)["failed"] == 1


def test_a_suspended_job_stops_and_starts_anew(call: Caller) -> None:
    """Its pods go without counting as failed, and its time begins again."""
    make(call, job(fault="slow", activeDeadlineSeconds=100))
    call.plane.advance(5)
    before = status(call)["startTime"]
    call("PATCH", WORK, {"spec": {"suspend": True}}, MERGE)
    call.plane.advance(200)
    assert pods(call) == []
    assert condition(call("GET", WORK)[1], "Suspended")["status"] == "True"
    call("PATCH", WORK, {"spec": {"suspend": False}}, MERGE)
    call.plane.settle()
    assert condition(call("GET", WORK)[1], "Suspended")["reason"] == "JobResumed"
    assert status(call)["startTime"] > before
    call.plane.advance(60)
    assert (status(call)["succeeded"], status(call).get("failed")) == (1, None)
    assert {"Suspended", "Resumed"} <= set(reasons(call))


def test_fewer_at_a_time_ends_the_surplus_uncounted(call: Caller) -> None:
    """A smaller parallelism is no failure."""
    make(call, job(completions=9, parallelism=4, fault="slow"))
    call("PATCH", WORK, {"spec": {"parallelism": 1}}, MERGE)
    call.plane.advance(3)
    assert len(active(call)) == 1
    assert "failed" not in status(call)


def test_a_finished_job_goes_when_its_time_is_over(call: Caller) -> None:
    """With its pods."""
    make(call, job(ttlSecondsAfterFinished=30))
    call.plane.advance(29)
    assert condition(call("GET", WORK)[1], "Complete")
    call.plane.advance(10)
    assert call("GET", WORK)[0] == 404
    assert pods(call) == []


@pytest.mark.parametrize(
    ("action", "code", "expected"),
    [("FailJob", 42, "PodFailurePolicy"), ("FailJob", 1, None), ("Ignore", 42, None)],
)
def test_rules_say_what_a_failure_means(
    call: Caller, action: str, code: int, expected: str | None
) -> None:
    """An exit code may end the Job at once, or not count at all."""
    rule = {"action": action, "onExitCodes": {"operator": "In", "values": [42]}}
    make(call, job(fault="slow", podFailurePolicy={"rules": [rule]}))
    name = active(call)[0]["metadata"]["name"]
    end(call, active(call)[0], code)
    found = call("GET", WORK)[1]
    failed = condition(found, "Failed")
    assert (failed and failed["reason"]) == expected
    if expected:
        assert failed["message"] == (
            f"Container c for pod default/{name} failed with exit code 42 matching FailJob rule "
            "at index 0"
        )
    counted = found["status"].get("failed")
    assert counted == (None if action == "Ignore" else 1)


def test_a_condition_of_a_pod_may_not_count(call: Caller) -> None:
    """As for pods that were moved away."""
    moved = {"type": "DisruptionTarget", "status": "True"}
    rule = {"action": "Ignore", "onPodConditions": [moved]}
    make(call, job(backoffLimit=0, podFailurePolicy={"rules": [rule]}))
    pod = active(call)[0]["metadata"]["name"]
    body = {"status": {"phase": "Failed", "conditions": [moved]}}
    call("PATCH", f"{PODS}/{pod}/status", body, MERGE)
    call.plane.advance(30)
    assert condition(call("GET", WORK)[1], "Complete")


def test_success_may_be_enough_before_all_are_done(call: Caller) -> None:
    """A rule of the success policy ends what still runs."""
    policy = {"rules": [{"succeededIndexes": "0"}]}
    make(
        call,
        job(
            completions=3,
            parallelism=3,
            completionMode="Indexed",
            successPolicy=policy,
            fault="slow",
        ),
    )
    leader = next(one for one in active(call) if one["metadata"]["labels"][INDEX] == "0")
    end(call, leader, 0)
    call.plane.advance(3)
    found = call("GET", WORK)[1]
    assert condition(found, "Complete")["reason"] == "SuccessPolicy"
    assert active(call) == []


def test_a_pod_is_replaced_only_when_it_has_ended_where_that_is_asked(call: Caller) -> None:
    """With the policy Failed never two pods of one Job's work run together."""
    make(call, job(fault="slow", podReplacementPolicy="Failed"))
    name = active(call)[0]["metadata"]["name"]
    call("DELETE", f"{PODS}/{name}")
    call.plane.settle()
    assert active(call) == []
    assert status(call)["terminating"] == 1
    call.plane.advance(15)
    assert len(active(call)) == 1


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_deleted_job_takes_its_pods_with_it(call: Caller, propagation: str) -> None:
    """The finalizers of its pods hold nothing up."""
    make(call, job(fault="slow"))
    call("DELETE", WORK, {"propagationPolicy": propagation})
    call.plane.advance(3)
    assert call("GET", WORK)[0] == 404
    assert pods(call) == []


def test_orphaned_pods_lose_the_finalizer(call: Caller) -> None:
    """They live on, and can be deleted."""
    make(call, job(fault="slow"))
    call("DELETE", WORK, {"propagationPolicy": "Orphan"})
    call.plane.advance(3)
    assert [one["metadata"].get("finalizers") for one in pods(call)] == [None]


def test_a_job_of_somebody_else_is_left_alone(call: Caller) -> None:
    """``managedBy`` names who counts."""
    make(call, job(managedBy="example.com/jobs"))
    call.plane.advance(5)
    assert pods(call) == []


def test_pods_of_an_analysis_run_for_real(call: Caller) -> None:
    """Somebody waits for what they find out."""
    body = job()
    body["metadata"]["labels"] = {ARGO_ANALYSIS_RUN: "u"}
    make(call, body)
    assert [is_process(one) for one in pods(call)] == [True]


def test_the_table_says_how_long_a_job_took(call: Caller) -> None:
    """It stops counting at the end, and shows nothing for one that was never started."""
    make(call, job())
    make(call, job("idle", suspend=True))
    call.plane.advance(60)
    rows = {one["Name"]: one for one in cells_of(call, JOBS)}
    assert (rows["work"]["Duration"], rows["work"]["Age"]) == ("2s", "60s")
    assert rows["idle"]["Duration"] == ""


def test_a_finished_job_writes_nothing_more(call: Caller) -> None:
    """Looking again changes nothing."""
    make(call, job(completions=2))
    call.plane.advance(20)
    before = call.plane.store.revision
    call("PATCH", WORK, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    call.plane.settle()
    assert call.plane.store.revision == before + 1


@given(st.sets(st.integers(0, 40)))
def test_indexes_survive_their_text(indexes: set[int]) -> None:
    """What is written is read again; three or more in a row are a range."""
    text = format_indexes(indexes)
    assert parse_indexes(text, 41) == indexes
    assert ("-" in text) == any({one, one + 1, one + 2} <= indexes for one in indexes)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("sfd")), max_size=8))
def test_whatever_happens_each_end_counts_once(steps: list[tuple[int, str]]) -> None:
    """Pods succeed, fail and are deleted in any order: the counters are their numbers."""
    call = Caller(in_memory_plane())
    make(call, job(completions=90, parallelism=3, backoffLimit=90, fault="slow"))
    told = {"s": 0, "f": 0, "d": 0}
    for number, what in steps:
        running = active(call)
        if not running:
            break
        pod = running[number % len(running)]
        told[what] += 1
        if what == "d":
            call("DELETE", f"{PODS}/{pod['metadata']['name']}")
            call.plane.settle()
        else:
            end(call, pod, int(what == "f"))
    found = status(call)
    assert found.get("succeeded", 0) == told["s"]
    assert found.get("failed", 0) == told["f"] + told["d"]
    assert found["uncountedTerminatedPods"] == {}
