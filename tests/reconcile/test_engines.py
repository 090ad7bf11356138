"""Two engines on one cluster: ours leaves alone what is not marked as its own."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Decision
from ruleengine.model.names import (
    ARGO_ROLLOUTS_INSTANCE,
    ARGO_SKIP,
    ARGO_WORKFLOWS_INSTANCE,
    ENGINE,
)
from ruleengine.model.values import Object
from ruleengine.reconcile.engines import is_ours, marked
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.cluster.fake_api import FakeApi
from tests.reconcile.kit import quiet
from tests.reconcile.test_settling import START, workflow

CHILD = Target("argoproj.io/v1alpha1", "Workflow", "shop", "child")


@dataclass
class Parent:
    """Makes one Workflow from the Workflow ``parent``; is content with every other."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"
    asked: list[str] = field(default_factory=list)

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return the child."""
        del world, now, memo
        name = value["metadata"]["name"]
        self.asked.append(name)
        if name != "parent":
            return Decision(status={"phase": "Succeeded"})
        child = workflow("child")
        action = Action(verb=Verb.APPLY, target=CHILD, manager=self.manager, object=child)
        return Decision(actions=(action,))


@dataclass
class Cluster:
    """A server with a namespace, and a run of ours on it."""

    shared: bool
    api: FakeApi = field(default_factory=FakeApi)
    reconciler: Parent = field(default_factory=Parent)
    now: datetime = START
    acts: list = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})

    def sleep(self, seconds: float) -> None:
        """Let time pass, and somebody act."""
        self.now += timedelta(seconds=max(seconds, 0.01))
        for act in self.acts:
            act()
        self.acts.clear()

    def settle(self) -> Settled:
        """Run until settled."""
        client = Client(self.api, quiet())
        made = replace(Surroundings.of(client, [self.reconciler]), shared=self.shared)
        deadline = self.now + timedelta(seconds=60)
        feed = PollFeed(client, self.sleep)
        return settle(made, Settling(now=lambda: self.now, feed=feed, deadline=deadline))


def test_on_a_shared_cluster_only_marked_objects_are_decided() -> None:
    """Others are neither decided nor waited for; alone on a cluster every one is ours."""
    for shared, expected in ((True, ["ours"]), (False, ["ours", "theirs"])):
        cluster = Cluster(shared)
        cluster.api.add(workflow("theirs"))
        cluster.api.add(marked(workflow("ours")))
        settled = cluster.settle()
        assert sorted(set(cluster.reconciler.asked)) == expected
        assert (settled.unsettled, settled.failed) == ((), ())
        assert ("status" in cluster.api.live("Workflow", "theirs", "shop")) is not shared


def test_what_our_reconcilers_make_is_marked_and_so_decided_in_turn() -> None:
    """Without a mark nobody would act on it."""
    cluster = Cluster(shared=True)
    cluster.api.add(marked(workflow("parent")))
    cluster.settle()
    child = cluster.api.live("Workflow", "child", "shop")
    assert is_ours(child)
    assert child["status"] == {"phase": "Succeeded"}
    alone = Cluster(shared=False)
    alone.api.add(workflow("parent"))
    alone.settle()
    assert not is_ours(alone.api.live("Workflow", "child", "shop"))


def test_an_object_that_is_handed_to_another_engine_is_let_go() -> None:
    """From the moment on at which its label is gone."""
    cluster = Cluster(shared=True)
    cluster.api.add(marked(workflow("ours")))
    cluster.reconciler.decide = lambda *_: Decision(status=None, next=_waiting())
    cluster.acts.append(lambda: cluster.api.add(workflow("ours")))
    settled = cluster.settle()
    assert (settled.unsettled, settled.timed_out) == ((), False)


def _waiting():  # noqa: ANN202
    from ruleengine.model.decisions import Next, Stop

    return Next(stop=Stop.ON, targets=(CHILD,))


@pytest.mark.parametrize(
    ("kind", "where", "name", "value"),
    [
        ("Application", "annotations", ARGO_SKIP, "true"),
        ("Workflow", "labels", ARGO_WORKFLOWS_INSTANCE, "ruleengine"),
        ("CronWorkflow", "labels", ARGO_WORKFLOWS_INSTANCE, "ruleengine"),
        ("Rollout", "labels", ARGO_ROLLOUTS_INSTANCE, "ruleengine"),
        ("AnalysisRun", "labels", ARGO_ROLLOUTS_INSTANCE, "ruleengine"),
        ("Experiment", "labels", ARGO_ROLLOUTS_INSTANCE, "ruleengine"),
    ],
)
def test_a_mark_keeps_argos_own_controller_away(
    kind: str, where: str, name: str, value: str
) -> None:
    """With what each of them looks at; what the object has besides is kept."""
    labels = {"app": "web"}
    made = marked({"kind": kind, "metadata": {"name": "one", "labels": labels}})
    assert made["metadata"][where][name] == value
    assert made["metadata"]["labels"].items() >= {**labels, ENGINE: "native"}.items()
