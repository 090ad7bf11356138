"""An Application from plan to rest, against the local API server in process."""

from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.environments.merging import make_merge
from ruleengine.environments.reconciler import ApplicationReconciler
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import VirtualClock
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.actions import Change, Outcome, Plan, Result
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Answer
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object
from ruleengine.reconcile.executor import Execution, perform
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.planning import Intent, make_plan
from ruleengine.reconcile.records import InventoryStore
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.reconcile.kit import REPO, config_map, declare, quiet

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "applications.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "names": {"kind": "Application", "plural": "applications", "singular": "application"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
APPLICATION = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "web-staging", "namespace": "ruleengine"},
    "spec": {
        "project": "default",
        "source": {"path": "apps/web"},
        "destination": {"name": "in-cluster", "namespace": "staging"},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": ["CreateNamespace=true", "PrunePropagationPolicy=background"],
        },
    },
}


class InProcess:
    """A transport to a server without a socket."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    def send(self, request: HttpRequest) -> HttpResponse:
        """Perform a request."""
        return self._server.handle(request)


class World:
    """One local control plane without controllers, and a repo whose app can be changed."""

    def __init__(self) -> None:
        self.clock = VirtualClock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        self.transport = InProcess(ApiServer(MemoryStore(), self.clock))
        self.rendered: list[Object] = [config_map("settings", "staging", colour="red")]

    def surroundings(self) -> Surroundings:
        """Return what every process makes anew."""
        client = Client(self.transport, quiet())
        surroundings = Surroundings.of(client)
        reconciler = ApplicationReconciler(merge=make_merge(surroundings.shapes))
        return Surroundings.of(client, [reconciler], {"render": self.render})

    def render(self, _: object) -> Answer:
        """Return the objects of the app, as of one commit."""
        objects = [{"object": one, "path": "apps/web/a.yaml", "line": 1} for one in self.rendered]
        value = {
            "objects": objects,
            "revision": "0" * 40,
            "dirty": True,
            "sourceType": "Directory",
            "findings": [],
        }
        return Answer(value=value)

    def plan(self) -> Plan:
        """Return the plan."""
        return self.apply(dry=True)[0]

    def apply(self, *, dry: bool = False) -> tuple[Plan, tuple[Outcome, ...], Settled | None]:
        """Plan, and unless ``dry`` perform and settle, as one command does."""
        surroundings = self.surroundings()
        store = InventoryStore(surroundings.client, REPO, "ruleengine")
        intent = Intent(inventory=store.read(), configuration=Configuration())
        actions = [declare(CRD, "builtin/crd.yaml"), declare(APPLICATION)]
        plan = make_plan(actions, surroundings, intent, self.clock.now())
        if dry:
            return plan, (), None
        execution = Execution(workers=1, retrying=quiet())
        outcomes = perform(plan, surroundings.client, store, execution)
        settling = Settling(
            now=self.clock.now,
            feed=PollFeed(surroundings.client, lambda pause: self.clock.move_by(max(pause, 0.01))),
            deadline=self.clock.now() + timedelta(seconds=120),
            retrying=quiet(),
        )
        return plan, outcomes, settle(surroundings, settling)

    def live(self, plural: str, name: str, namespace: str, root: str = "/api/v1") -> HttpResponse:
        """Return the answer for one object."""
        path = f"{root}/namespaces/{namespace}/{plural}/{name}"
        return self.transport.send(HttpRequest(method="GET", path=path))


@pytest.fixture
def world() -> World:
    """Return an empty control plane."""
    return World()


def test_a_plan_shows_what_is_inside_an_application(world: World) -> None:
    """The first decisions of its reconciler are part of the plan, and nothing is written."""
    plan = world.plan()
    inside = {str(one.action.target) for one in plan.actions if one.area == "environments"}
    assert "ConfigMap/staging/settings" in inside
    assert plan.findings == ()
    assert world.live("configmaps", "settings", "staging").status == 404


def test_applying_an_application_ends_synced_and_the_second_time_unchanged(world: World) -> None:
    """The whole flow: rules, reconciler, status; then zero writes."""
    _, outcomes, settled = world.apply()
    assert {one.result for one in outcomes} == {Result.CREATED}
    assert settled is not None
    assert (settled.failed, settled.unsettled, settled.findings) == ((), (), ())
    assert world.live("configmaps", "settings", "staging").status == 200
    root = "/apis/argoproj.io/v1alpha1"
    status = world.live("applications", "web-staging", "ruleengine", root).body
    assert b'"Synced"' in status
    again, outcomes, settled = world.apply()
    assert again.changes == ()
    assert {one.result for one in outcomes} == {Result.UNCHANGED}
    assert settled is not None
    assert (settled.writes, settled.outcomes) == (0, ())


def test_a_changed_app_is_a_change_of_the_plan_and_is_synced(world: World) -> None:
    """A field that the repo changed, and an object that it dropped."""
    world.rendered.append(config_map("extra", "staging"))
    world.apply()
    world.rendered = [config_map("settings", "staging", colour="blue")]
    changes = {str(one.action.target): one.change for one in world.plan().changes}
    assert changes["ConfigMap/staging/settings"] is Change.UPDATE
    world.apply()
    assert b"blue" in world.live("configmaps", "settings", "staging").body
    assert world.live("configmaps", "extra", "staging").status == 404
    assert world.plan().changes == ()
