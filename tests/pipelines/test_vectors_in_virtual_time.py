"""Documents of the vectors at their full length, outcomes injected: their time is virtual here.

For real they run shortened (``tests/e2e/test_workflow_vectors.py``).
"""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.model.actions import Verb
from ruleengine.model.decisions import Stop
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.cron_reconciler import CronWorkflowReconciler
from tests.pipelines.worlds import NAMESPACE, End, MemoryWorld, Script, documents
from tests.vectors import vectors_folder

LIMITS: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "my-config", "namespace": NAMESPACE},
    "data": {"template": "2"},
}

pytestmark = pytest.mark.vectors


def started(name: str, script: Script) -> MemoryWorld:
    """Return a world with the workflow of a document that has not begun."""
    (value,) = documents((vectors_folder("workflows") / f"documents/{name}.yaml").read_text())
    world = MemoryWorld(script=script)
    world.put(LIMITS)
    metadata = {key: text for key, text in value["metadata"].items() if key != "generateName"}
    world.submit({**value, "metadata": {**metadata, "name": "wf"}})
    return world


def ended(name: str, script: Script) -> MemoryWorld:
    """Return the world of a document's workflow once it is over."""
    world = started(name, script)
    world.settle()
    return world


def lasting(world: MemoryWorld) -> float:
    """Return how many seconds the workflow took."""
    first, last = world.status("startedAt"), world.status("finishedAt")
    return (parse_time(last) - parse_time(first)) / timedelta(seconds=1)


def attempt(name: str) -> int:
    """Return the number of the attempt that a node is."""
    found = re.search(r"\((\d+)\)$", name)
    assert found is not None, name
    return int(found[1])


def sleeping(_: str, pod: Object) -> End:
    """End a pod after as many seconds as its own command sleeps."""
    (main,) = (one for one in pod["spec"]["containers"] if one["name"] == "main")
    words = " ".join([*main.get("command", ()), *main.get("args", ())])
    found = re.search(r"sleep (\d+)", words)
    return End(seconds=float(found[1]) if found else 1.0)


@pytest.mark.parametrize("needed", [1, 4, 11])
def test_an_attempt_that_succeeds_ends_the_retries_with_so_many_attempts(needed: int) -> None:
    """Up to the eleventh: that is ten retries."""
    world = ended("retry-container", lambda name, _: End(code=int(attempt(name) + 1 < needed)))
    assert world.status("phase") == "Succeeded"
    assert [one["type"] for one in world.nodes()].count("Pod") == needed
    assert [one["type"] for one in world.nodes()].count("Retry") == 1


def test_eleven_failures_are_too_many() -> None:
    """There is no twelfth attempt."""
    world = ended("retry-container", lambda *_: End(code=1))
    assert world.status("phase") == "Failed"
    assert [one["type"] for one in world.nodes()].count("Pod") == 11


def test_without_a_limit_it_goes_on_until_one_succeeds() -> None:
    """Thirty times here."""
    world = ended(
        "retry-container-to-completion", lambda name, _: End(code=int(attempt(name) < 29))
    )
    assert world.status("phase") == "Succeeded"
    assert [one["type"] for one in world.nodes()].count("Pod") == 30


def test_pauses_double_up_to_their_cap_and_a_minute_is_the_end() -> None:
    """One, two, four, and then five seconds each; all attempts fail here."""
    world = ended("retry-backoff", lambda *_: End(code=1, seconds=0.0))
    assert world.status("phase") == "Failed"
    assert lasting(world) <= 60
    pods = sorted((one for one in world.nodes() if one["type"] == "Pod"), key=_started)
    waits = [
        (_started(later) - parse_time(one["finishedAt"])) / timedelta(seconds=1)
        for one, later in itertools.pairwise(pods)
    ]
    assert waits[:5] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert set(waits[5:]) == {5.0}
    world = ended("retry-backoff", lambda name, _: End(code=int(attempt(name) < 2)))
    assert world.status("phase") == "Succeeded"


def _started(node: Object) -> datetime:
    return parse_time(node["startedAt"])


def test_retries_of_steps_know_their_number() -> None:
    """Their argument says it; each step is tried again by itself."""
    world = ended("retry-with-steps", lambda name, _: End(code=int(attempt(name) < 3)))
    assert world.status("phase") == "Succeeded"
    shown = [
        main["args"][0]
        for pod in world.pods()
        for main in pod["spec"]["containers"]
        if main["name"] == "main"
    ]
    numbers = sorted(re.findall(r"retries: (\d+)", " ".join(shown)))
    assert numbers == [str(one) for one in range(4) for _ in range(3)]


def test_what_is_suspended_waits_for_a_person_and_then_for_its_time() -> None:
    """Twenty seconds after it was resumed."""
    world = started("suspend-template", lambda *_: End())
    following = world.settle()
    assert following.stop is Stop.FOR
    assert (world.status("phase"), world.node("approve")["phase"]) == ("Running", "Running")
    world.now += timedelta(hours=1)
    nodes = {
        key: {**one, "phase": "Succeeded"} if one["displayName"] == "approve" else one
        for key, one in world.status("nodes").items()
    }
    world.put({**world.workflow(), "status": {**world.workflow()["status"], "nodes": nodes}})
    resumed = world.now
    world.settle()
    assert world.status("phase") == "Succeeded"
    waited = parse_time(world.node("delay")["finishedAt"]) - resumed
    assert timedelta(seconds=20) <= waited <= timedelta(seconds=25)


@pytest.mark.parametrize(
    ("name", "most", "least"),
    [
        ("parallelism-template-limit", 2, 50),
        ("parallelism-nested", 4, 40),
        ("synchronization-tmpl-level", 2, 30),
    ],
)
def test_limits_are_kept_and_take_their_time(name: str, most: int, least: int) -> None:
    """Never more at once than allowed, so never quicker than that leaves it."""
    world = ended(name, sleeping)
    assert world.status("phase") == "Succeeded"
    assert world.most == most
    assert lasting(world) >= least


def test_each_task_has_its_own_time() -> None:
    """Fifteen seconds are too long for the one that has ten."""
    world = ended("dag-task-level-timeout", lambda *_: End(seconds=15))
    assert world.status("phase") == "Failed"
    assert [world.node(one)["phase"] for one in "ABC"] == ["Succeeded", "Failed", "Succeeded"]
    took = parse_time(world.node("B")["finishedAt"]) - _started(world.node("B"))
    assert timedelta(seconds=10) <= took <= timedelta(seconds=12)


def test_a_long_loop_sleeps_side_by_side() -> None:
    """Eleven of twenty to thirty seconds take hardly more than the longest."""
    numbers = "[" + ",".join(map(str, range(20, 31))) + "]"

    def script(name: str, pod: Object) -> End:
        return End(result=numbers) if "generate" in name else sleeping(name, pod)

    world = ended("loops-param-result", script)
    assert world.status("phase") == "Succeeded"
    assert sum("sleep" in one for one in world.began) == 11
    assert world.most == 11
    assert 30 <= lasting(world) <= 45


def schedule(document: str, begin: datetime, minutes: int) -> list[tuple[str, str]]:
    """Return the times at which a CronWorkflow makes workflows, and how the one before ended.

    Each of its workflows goes on until the next one comes, or for ever.
    """
    path = vectors_folder("workflows") / f"documents/{document}.yaml"
    (value,) = (one for one in documents(path.read_text()) if one["kind"] == "CronWorkflow")
    value["metadata"] |= {
        "namespace": NAMESPACE,
        "uid": "u",
        "creationTimestamp": format_time(begin),
    }
    world = MemoryWorld()
    made = []
    for minute in range(minutes * 6):
        now = begin + timedelta(seconds=10 * minute)
        decision = CronWorkflowReconciler().decide(value, world, now, None)
        for action in decision.actions:
            if action.verb is Verb.CREATE:
                created = action.object or {}
                metadata = {**created["metadata"], "uid": created["metadata"]["name"]}
                world.put({**created, "metadata": metadata, "status": {"phase": "Running"}})
                when = created["metadata"]["annotations"][SCHEDULED]
                made.append((when, lookup(created, "spec", "workflowTemplateRef", "name") or ""))
            elif action.target.kind == "Workflow":
                world.perform(action)
                live = world.get(action.target)
                if live is not None:
                    world.put(
                        {**live, "status": {"phase": "Failed", "finishedAt": format_time(now)}}
                    )
            else:
                value = {
                    **value,
                    "metadata": {**value["metadata"], **(action.object or {})["metadata"]},
                }
        if decision.status is not None:
            value = {**value, "status": decision.status}
    running = [
        one["metadata"]["name"]
        for one in world.list(ARGO_API_VERSION, "Workflow")
        if lookup(one, "status", "phase") == "Running"
    ]
    assert len(running) <= 1 or document != "cron-workflow"
    return made


SCHEDULED = "workflows.argoproj.io/scheduled-time"


def test_a_schedule_runs_each_minute_and_replaces_what_still_runs() -> None:
    """In Los Angeles as anywhere; the time stands where ``workflow.scheduledTime`` is read."""
    begin = datetime(2026, 3, 8, 9, 58, 5, tzinfo=UTC)  # clocks go forward there at 10:00 UTC
    made = schedule("cron-workflow", begin, 6)
    assert [when for when, _ in made] == [
        f"2026-03-08T{one}:00Z" for one in ("09:59", "10:00", "10:01", "10:02", "10:03")
    ]


def test_a_daily_job_is_made_of_its_template_once_a_day() -> None:
    """At two in the night, also on days whose hours are changed elsewhere."""
    begin = datetime(2026, 3, 28, 1, 0, 0, tzinfo=UTC)
    made = schedule("cron-backfill", begin, 60 * 27)
    assert made == [("2026-03-28T02:00:00Z", "job"), ("2026-03-29T02:00:00Z", "job")]
