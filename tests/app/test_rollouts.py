"""A canary from the config repo: deployed, changed, paused, promoted."""

from ruleengine.model.actions import Target
from ruleengine.model.names import ROLLOUTS_MANAGER
from ruleengine.model.values import Object, lookup
from tests.app.kit import World

WEB = Target("argoproj.io/v1alpha1", "Rollout", "staging", "front")
ROLLOUT = """\
replicas: 4
selector: {{matchLabels: {{app: front}}}}
template:
  metadata: {{labels: {{app: front}}}}
  spec: {{containers: [{{name: front, image: "example.com/front:{version}"}}]}}
strategy:
  canary:
    steps:
    - setWeight: 25
    - pause: {{}}
"""


def pods(world: World) -> dict[str, int]:
    """Return how many pods run of each image."""
    found: dict[str, int] = {}
    for one in world.client().list("apps/v1", "ReplicaSet", namespace="staging").items:
        owner: Object = lookup(one, "metadata", "ownerReferences", 0, default={})
        if owner.get("kind") == "Rollout" and lookup(one, "status", "availableReplicas"):
            image = lookup(one, "spec", "template", "spec", "containers", 0, "image")
            found[image.rpartition(":")[2]] = one["status"]["availableReplicas"]
    return found


def test_a_canary_stops_at_its_pause_and_goes_on_when_somebody_says_so(world: World) -> None:
    """A quarter first, then all; applying again without a change writes nothing."""
    world.change({"rollouts/staging/front.yaml": ROLLOUT.format(version=1)})
    first = world.apply()
    assert not first.failed, first
    assert pods(world) == {"1": 4}

    world.change({"rollouts/staging/front.yaml": ROLLOUT.format(version=2)})
    paused = world.apply()
    assert not paused.failed
    assert paused.settled is not None
    assert [one.target for one in paused.settled.waiting] == [WEB]
    assert pods(world) == {"1": 3, "2": 1}
    before = world.writes()
    world.apply()
    assert world.writes() == before

    go_on = {"status": {"pauseConditions": None}}
    world.client().merge_patch(WEB, go_on, "kubectl-patch", subresource="status")
    promoted = world.apply()
    assert not promoted.failed
    assert pods(world) == {"2": 4}
    assert world.plane.api.writes[ROLLOUTS_MANAGER] > 0
    before = world.writes()
    world.apply()
    assert world.writes() == before
