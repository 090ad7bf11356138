"""A cluster that was named may be shared with Argo's controllers: ours act on what is ours only."""

from dataclasses import replace

from ruleengine.app.applying import ApplyOptions, deliver
from ruleengine.app.inspecting import Simulated
from ruleengine.app.observing import Observers
from ruleengine.app.planning import Engagement, engage
from ruleengine.cli.delivering import delivery_data, delivery_text
from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.names import ARGO_ROLLOUTS_INSTANCE, ARGO_SKIP, ENGINE
from ruleengine.model.values import Object, lookup
from ruleengine.reporting.style import PLAIN
from tests.app.kit import APPLICATION, PATIENCE, WEB, World
from tests.app.test_rollouts import ROLLOUT
from tests.app.test_rollouts import WEB as FRONT

THEIRS: Object = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "theirs", "namespace": "ruleengine"},
    "spec": {
        "project": "default",
        "source": {"repoURL": "https://example.com/theirs.git", "path": "."},
        "destination": {"name": "in-cluster", "namespace": "theirs"},
    },
}


def named(world: World, transport: Transport | None = None) -> Engagement:
    """Bring the repo together with the control plane as with a cluster that was named."""
    found = world.engage(transport)
    cluster = replace(found.cluster, local=False, name="production")
    return engage(found.workspace, found.declared, cluster, found.state)


def test_what_we_apply_is_marked_as_ours_and_driven(world: World) -> None:
    """With the label, and with what keeps Argo's own controllers away; a second time unchanged."""
    world.change({"rollouts/staging/front.yaml": ROLLOUT.format(version=1)})
    options = ApplyOptions(drive=True, timeout=PATIENCE)
    delivery = deliver(named(world), options, Observers())
    assert not delivery.failed
    application, rollout = world.get(APPLICATION), world.get(FRONT)
    assert lookup(application, "metadata", "labels", ENGINE) == "native"
    assert lookup(application, "metadata", "annotations", ARGO_SKIP) == "true"
    assert lookup(application, "status", "sync", "status") == "Synced"
    assert lookup(rollout, "metadata", "labels", ARGO_ROLLOUTS_INSTANCE) == "ruleengine"
    assert lookup(rollout, "status", "phase") == "Healthy"
    assert lookup(world.get(WEB), "status", "availableReplicas") == 2
    before = world.writes()
    deliver(named(world), options, Observers())
    assert world.writes() == before


def test_what_others_applied_there_is_left_alone(world: World) -> None:
    """An Application without the label gets no status from us; locally it does."""
    world.apply()
    world.client().apply(THEIRS, "argocd")
    target = Target.of(THEIRS)
    deliver(named(world), ApplyOptions(drive=True, timeout=PATIENCE), Observers())
    assert "status" not in (world.get(target) or {})
    world.apply()
    assert "status" in (world.get(target) or {})


def test_without_drive_nothing_acts_on_a_named_cluster(world: World) -> None:
    """The documents are written, and a note says what would drive them."""
    delivery = deliver(named(world), ApplyOptions(timeout=PATIENCE), Observers())
    assert delivery.settled is None
    assert "status" not in (world.get(APPLICATION) or {})
    assert any("--drive" in note for note in delivery.notes)


class Kubernetes:
    """The control plane as if it were a cluster of Kubernetes, whose pods nobody may list."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, request: HttpRequest) -> HttpResponse:
        """Say another version, and refuse to tell of all pods."""
        if request.path == "/version":
            return HttpResponse(200, body=b'{"gitVersion": "v1.34.4"}')
        if request.path == "/api/v1/pods":
            return HttpResponse(403, body=b'{"kind": "Status", "code": 403, "message": "no"}')
        return self._inner.send(request)


def test_pods_of_a_cluster_are_not_counted_as_simulated_or_not(world: World) -> None:
    """It runs all of them, so nothing is said, and no right to see them is needed."""
    world.apply()
    local = deliver(named(world), ApplyOptions(), Observers())
    assert (local.failed, local.pods) == (False, Simulated(simulated=2, pods=2))
    delivery = deliver(named(world, Kubernetes(world.transport)), ApplyOptions(), Observers())
    assert (delivery.failed, delivery.pods) == (False, None)
    assert "pods" not in delivery_data(delivery)
    assert "simulated" not in delivery_text(delivery, PLAIN)
