"""Workflows of the vectors that people or schedules begin, and begin again, for real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import Place, place
from tests.local.sandboxes import require_sandbox
from tests.vectors import vectors_folder

NAMESPACE = "ruleengine"
DOCUMENTS = ("cron-backfill", "cron-workflow", "dag-inline-workflowtemplate", "resubmit")

ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: argo-server, namespace: ruleengine}
"""

CHANCE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: chance, namespace: ruleengine}
data: {exit: "1"}
"""

FROM_OUTSIDE = """command: [sh, -c, "exit $CHANCE"]
      env: [{name: CHANCE, valueFrom: {configMapKeyRef: {name: chance, key: exit}}}]
  - name: sure
    container:
      image: alpine
      command: ["true"]
"""
"""Instead of chance: a ConfigMap says how the steps end, but for one that always succeeds."""

pytestmark = [pytest.mark.slow, pytest.mark.vectors]


def files(folder: Path) -> dict[str, str]:
    """Return the files of a config repo with the documents, and what these need."""
    found = {f"pipelines/{name}.yaml": (folder / f"{name}.yaml").read_text() for name in DOCUMENTS}
    text = found["pipelines/resubmit.yaml"].partition('command: ["python"')[0] + FROM_OUTSIDE
    text = text.replace("name: A\n        template: random-fail", "name: A\n        template: sure")
    others = {"pipelines/account.yaml": ACCOUNT, "pipelines/chance.yaml": CHANCE}
    return {**found, **others, "pipelines/resubmit.yaml": text}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Apply the documents; what they start by themselves has ended."""
    require_sandbox()
    repo = files(vectors_folder("workflows") / "documents")
    with place(tmp_path_factory.mktemp("schedules"), repo) as found:
        found.start()
        found.call("apply", "--timeout", "10m")  # however busy the machine is
        yield found


def workflows(made: Place, prefix: str) -> list[Object]:
    """Return the workflows whose names begin so, the oldest first."""
    found = made.client().list(ARGO_API_VERSION, "Workflow").items
    named = [one for one in found if one["metadata"]["name"].startswith(prefix)]
    return sorted(named, key=lambda one: int(one["metadata"]["resourceVersion"]))


def phases(workflow: Object) -> dict[str, str]:
    """Return how the nodes of a workflow stand, by the names they are shown under."""
    return {one["displayName"]: one["phase"] for one in workflow["status"]["nodes"].values()}


def test_a_template_with_tasks_written_in_place_runs(made: Place) -> None:
    """It is run by its name."""
    made.call("pipeline", "run", "dag-inline", "--watch").check_explained(0)
    (workflow,) = workflows(made, "dag-inline")
    assert workflow["status"]["phase"] == phases(workflow)["a"] == "Succeeded"


def test_days_are_filled_in_by_a_loop_over_a_sequence(made: Place) -> None:
    """Three children, one day each."""
    (workflow,) = workflows(made, "backfill-v2")
    pods = [one for one in workflow["status"]["nodes"].values() if one["type"] == "Pod"]
    days = sorted(one["inputs"]["parameters"][0]["value"] for one in pods)
    assert days == ["2020-05-19", "2020-05-20", "2020-05-21"]
    assert workflow["status"]["phase"] == "Succeeded"


def test_days_in_hexadecimal_are_workflows_of_their_own(made: Place) -> None:
    """That is what the document's format says: 19 is 13. Each is created by a step, and runs."""
    (workflow,) = workflows(made, "backfill-v1")
    assert workflow["status"]["phase"] == "Succeeded"
    jobs = workflows(made, "job-2020-05-")
    days = ["2020-05-13", "2020-05-14", "2020-05-15"]
    assert sorted(one["metadata"]["name"] for one in jobs) == [f"job-{one}" for one in days]
    assert [one["status"]["phase"] for one in jobs] == ["Succeeded"] * 3
    given = sorted(
        node["inputs"]["parameters"][0]["value"]
        for one in jobs
        for node in one["status"]["nodes"].values()
        if node["type"] == "Pod"
    )
    assert given == days


@pytest.mark.parametrize("name", ["hello-world", "daily-job"])
def test_what_runs_by_schedule_can_be_run_now(made: Place, name: str) -> None:
    """It succeeds; what the schedule itself began may be replaced each minute."""
    run = made.call("pipeline", "cron", "run", name, "--watch", "-o", "name")
    run.check_explained(0)
    (child,) = workflows(made, run.output.strip().removeprefix("workflow/"))
    assert lookup(child, "metadata", "labels", "workflows.argoproj.io/cron-workflow") == name
    assert child["status"]["phase"] == "Succeeded"


def test_what_failed_runs_again_and_what_succeeded_does_not(made: Place) -> None:
    """By ``retry`` in the same workflow, by ``resubmit --memoized`` in another one."""
    (failed,) = workflows(made, "resubmit")
    name = failed["metadata"]["name"]
    assert (failed["status"]["phase"], phases(failed)["A"]) == ("Failed", "Succeeded")
    assert phases(failed)["D"] == "Omitted"
    before = _pods_of(made, name)
    target = Target("v1", "ConfigMap", NAMESPACE, "chance")
    made.client().merge_patch(target, {"data": {"exit": "0"}}, "user")

    made.call("pipeline", "resubmit", name, "--memoized", "--watch").check_explained(0)
    anew = workflows(made, "resubmit")[-1]
    assert anew["metadata"]["name"] != name
    assert anew["status"]["phase"] == phases(anew)["D"] == "Succeeded"
    assert not [one for one in _pods_of(made, anew["metadata"]["name"]) if "sure" in one]

    made.call("pipeline", "retry", name, "--watch").check_explained(0)
    (again,) = [one for one in workflows(made, "resubmit") if one["metadata"]["name"] == name]
    assert again["status"]["phase"] == phases(again)["D"] == "Succeeded"
    after = _pods_of(made, name)
    kept = {pod: uid for pod, uid in before.items() if after.get(pod) == uid}
    assert [pod for pod in kept if "sure" in pod]
    assert not [pod for pod in kept if "random-fail" in pod]


def _pods_of(made: Place, workflow: str) -> dict[str, str]:
    pods = [one["metadata"] for one in made.client().list("v1", "Pod").items]
    return {one["name"]: one["uid"] for one in pods if one["name"].startswith(f"{workflow}-")}
