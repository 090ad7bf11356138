"""Fairness: many workflows at once go on side by side, whatever one of them wants."""

from datetime import timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.formats import yaml_reader
from ruleengine.local.control_plane import in_memory_plane
from ruleengine.model.data import data_folder
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from ruleengine.pipelines.reconciler import WorkflowReconciler
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.simulation.scenarios.workflows import NAMESPACE, Kubelet

SMALL, STEPS = 9, 3


def workflow(name: str, tasks: int, *, chained: bool) -> Object:
    """Return a workflow of so many tasks, one after another or all at once."""
    listed = [{"name": f"t{number}", "template": "step"} for number in range(tasks)]
    for number in range(1, tasks if chained else 0):
        listed[number]["depends"] = f"t{number - 1}"
    step = {"name": "step", "container": {"image": "alpine", "command": ["true"]}}
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "entrypoint": "main",
            "schedulerName": "nobody",
            "templates": [{"name": "main", "dag": {"tasks": listed}}, step],
        },
    }


def settled(*workflows: Object) -> Settled:
    """Run workflows whose pods end as soon as they are there, in virtual time."""
    plane = in_memory_plane()
    client = Client(plane, Retrying(attempts=1))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    client.create(namespace, "user")
    for kind in ("workflows", "workflowtaskresults"):
        definition = data_folder("schemas") / "crds" / f"{kind}.yaml"
        client.create(yaml_reader.read(definition.read_bytes(), "crd").documents[0].value, "user")
    client.discover(again=True)
    for one in workflows:
        client.create(one, "user")
    now = plane.clock.now
    feed = PollFeed(client, lambda _: None)
    settling = Settling(now=now, feed=feed, deadline=now() + timedelta(hours=1))
    return settle(Surroundings.of(client, [WorkflowReconciler(), Kubelet()]), settling)


@pytest.mark.parametrize(("tasks", "chained"), [(30, True), (300, False)])
def test_small_workflows_do_not_wait_for_a_large_one_that_was_there_first(
    tasks: int, *, chained: bool
) -> None:
    """They end while a long one has hardly begun, and begin before a wide one has all it wants."""
    small = [workflow(f"small-{number}", STEPS, chained=True) for number in range(SMALL)]
    done = settled(workflow("a-large", tasks, chained=chained), *small)
    assert (done.failed, done.unsettled, done.findings) == ((), (), ())
    pods = [one.planned.action.target.name for one in done.outcomes]
    pods = [one for one in pods if "-step-" in one]
    assert len(pods) == tasks + SMALL * STEPS
    theirs = [number for number, one in enumerate(pods) if one.startswith("small")]
    if chained:
        assert sum(one.startswith("a-large") for one in pods[: theirs[-1]]) <= 2 * STEPS
    else:
        assert theirs[SMALL - 1] < tasks
