"""Labels of an object go along with its status where one write holds both."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, World
from ruleengine.model.values import Object
from tests.cluster.fake_api import FakeApi
from tests.reconcile.test_settling import Counter, Scene

WORKFLOW = ("argoproj.io/v1alpha1", "Workflow")
DEPLOYMENT = ("apps/v1", "Deployment")


@dataclass
class Marking(Counter):
    """Marks an object with its phase, and writes what its status holds."""

    api_version: str = WORKFLOW[0]
    kind: str = WORKFLOW[1]
    status: Object | None = field(default_factory=lambda: {"phase": "Done"})
    may_wait: float = 0.0

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the mark and the status."""
        del world, now, memo
        mark = Action(
            verb=Verb.PATCH,
            target=Target.of(value),
            manager=self.manager,
            object={"metadata": {"labels": {"phase": "Done"}}},
        )
        return Decision(actions=(mark,), status=self.status, next=DONE, may_wait=self.may_wait)


def settled(reconciler: Marking, status: Object | None = None) -> tuple[FakeApi, list[str]]:
    """Settle one object; return the server and the paths that were written to."""
    scene = Scene(reconciler=reconciler)
    scene.api.add(
        {
            "apiVersion": reconciler.api_version,
            "kind": reconciler.kind,
            "metadata": {"name": "one", "namespace": "shop"},
            "spec": {},
            **({"status": status} if status else {}),
        }
    )
    found = scene.settle()
    assert (found.failed, found.unsettled) == ((), ())
    live = scene.api.live(reconciler.kind, "one", "shop")
    assert live["metadata"]["labels"] == {"phase": "Done"}
    assert live.get("status") == (reconciler.status or status)
    written = [one.path for one in scene.api.requests if one.method == "PATCH"]
    return scene.api, [path.partition("/shop/")[2] for path in written]


def test_the_labels_of_an_object_go_along_with_its_status() -> None:
    """One write, so that no crash parts them."""
    assert settled(Marking())[1] == ["workflows/one"]


def test_a_status_that_is_a_subresource_is_written_by_itself() -> None:
    """The server takes nothing else there."""
    reconciler = Marking(api_version=DEPLOYMENT[0], kind=DEPLOYMENT[1])
    assert settled(reconciler)[1] == ["deployments/one", "deployments/one/status"]


@pytest.mark.parametrize("may_wait", [0.0, 5.0])
@pytest.mark.parametrize("status", [None, {"phase": "Done"}])
def test_labels_are_written_where_the_status_is_not(status: Object | None, may_wait: float) -> None:
    """It is as it should be already, or nothing is said of it."""
    reconciler = Marking(status=status, may_wait=may_wait)
    assert settled(reconciler, {"phase": "Done"})[1] == ["workflows/one"]
