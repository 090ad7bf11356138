"""A canary: steps, pauses, promotion, abort and going back, as Argo Rollouts does them."""

from datetime import timedelta

import pytest

from ruleengine.model.decisions import DONE, Stop
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.rollouts.reconciler import RolloutReconciler
from tests.rollouts.objects import ROLLOUT, rollout
from tests.rollouts.worlds import MemoryWorld, world_of

STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": "1m"}}]


def paused_world() -> MemoryWorld:
    """Return a world that stands at the first pause of its second release."""
    world = world_of(rollout("web:1", STEPS))
    world.declare(rollout("web:2", STEPS))
    assert world.settle().stop is Stop.FOR
    assert world.pods() == {"web:1": 4, "web:2": 1}
    return world


def condition(world: MemoryWorld, kind: str) -> Object:
    """Return a condition of the rollout."""
    found = world.status("conditions")
    assert isinstance(found, list)
    return next((one for one in found if one["type"] == kind), {})


def test_the_first_deploy_goes_straight_to_full() -> None:
    """There is nothing to compare with: no step is taken, no pause is made."""
    world = world_of(rollout("web:1", STEPS))
    assert world.pods() == {"web:1": 5}
    assert (world.status("phase"), world.status("currentStepIndex")) == ("Healthy", 4)
    assert world.status("stableRS") == world.status("currentPodHash")
    assert world.decide().next == DONE


def test_without_steps_it_is_a_rolling_update() -> None:
    """All pods move, within surge and unavailable, and the old ones go."""
    world = world_of(rollout("web:1"))
    assert world.status("currentStepIndex") is None
    world.declare(rollout("web:2"))
    assert world.settle(pods=1) == DONE
    assert world.pods() == {"web:2": 5}
    assert world.status("phase") == "Healthy"


def test_a_pause_without_a_duration_waits_for_a_human() -> None:
    """It says where it stands, and nothing moves however long it takes."""
    world = paused_world()
    following = world.decide().next
    assert following.message == "paused at step 2 of 4; promote it or abort it"
    assert (world.status("phase"), world.status("message")) == ("Paused", "CanaryPauseStep")
    assert world.status("pauseConditions", 0, "startTime") == format_time(world.now)
    assert condition(world, "Paused")["status"] == "True"
    world.now += timedelta(days=30)
    before = dict(world.objects)
    world.settle()
    assert world.objects == before


def test_clearing_the_pause_goes_a_step_further() -> None:
    """This is what promote does: a patch of the status."""
    world = paused_world()
    world.patch(pauseConditions=None)
    following = world.settle()
    assert world.pods() == {"web:1": 2, "web:2": 3}
    assert (following.stop, world.status("currentStepIndex")) == (Stop.AT, 3)


def test_a_pause_with_a_duration_ends_by_itself() -> None:
    """It is over when its time has passed, never before."""
    world = paused_world()
    world.patch(pauseConditions=None)
    following = world.settle()
    begun = world.now
    assert following.time is not None
    assert following.time - begun >= timedelta(minutes=1)
    world.now = begun + timedelta(seconds=60)
    world.settle()
    assert world.pods() == {"web:1": 2, "web:2": 3}
    world.wait(following)
    assert world.settle() == DONE
    assert world.pods() == {"web:2": 5}
    assert "pauseConditions" not in world.rollout()["status"]


def test_another_template_on_the_way_starts_over() -> None:
    """The canary in between is drained, the steps begin with the first."""
    world = paused_world()
    world.patch(pauseConditions=None)
    world.settle()
    world.declare(rollout("web:3", STEPS))
    assert world.settle(pods=1).message.startswith("paused at step 2")
    assert world.pods() == {"web:1": 4, "web:3": 1}
    assert world.status("currentStepIndex") == 1


def test_other_steps_on_the_way_start_over() -> None:
    """The hash of the steps is part of what is released."""
    world = paused_world()
    world.declare(rollout("web:2", [{"setWeight": 40}, {"pause": {}}]))
    world.settle()
    assert world.pods() == {"web:1": 3, "web:2": 2}
    assert world.status("currentStepIndex") == 1


def test_going_back_to_the_stable_template_skips_the_steps() -> None:
    """No pause stands in the way of getting rid of a bad version; revisions only rise."""
    world = paused_world()
    world.declare(rollout("web:1", STEPS))
    assert world.settle() == DONE
    assert world.pods() == {"web:1": 5}
    assert sorted(world.labels().values()) == ["2", "3"]
    assert world.status("phase") == "Healthy"


def test_an_abort_brings_the_stable_version_back() -> None:
    """The rollout is Degraded until somebody retries or changes the template."""
    world = paused_world()
    world.patch(abort=True)
    following = world.settle(pods=1)
    assert world.pods() == {"web:1": 5}
    assert world.status("phase") == "Degraded"
    assert world.status("message") == ("RolloutAborted: Rollout aborted update to revision 2")
    assert world.status("abortedAt") == format_time(world.now)
    assert following.stop is Stop.FOR


def test_a_retry_after_an_abort_begins_with_the_first_step() -> None:
    """Taking ``abort`` back is what retry does."""
    world = paused_world()
    world.patch(abort=True)
    world.settle()
    world.patch(abort=False)
    assert world.settle().message.startswith("paused at step 2")
    assert world.pods() == {"web:1": 4, "web:2": 1}
    assert world.status("phase") == "Paused"
    assert "abortedAt" not in world.rollout()["status"]


def test_promote_full_skips_every_step() -> None:
    """The pause ends, and the flag is cleared with the promotion."""
    world = paused_world()
    world.patch(promoteFull=True)
    assert world.settle(pods=1) == DONE
    assert world.pods() == {"web:2": 5}
    assert "promoteFull" not in world.rollout()["status"]


def test_spec_paused_holds_everything_where_it_is() -> None:
    """A human has to set it back; a new ReplicaSet has no pods until then."""
    world = world_of(rollout("web:1", STEPS))
    world.declare(rollout("web:2", STEPS, paused=True))
    following = world.settle()
    assert (following.stop, world.status("message")) == (Stop.FOR, "manually paused")
    assert world.pods() == {"web:1": 5}
    world.declare(rollout("web:2", STEPS))
    world.settle()
    assert world.pods() == {"web:1": 4, "web:2": 1}


def test_replicas_can_change_during_a_pause() -> None:
    """Scaling keeps the share of the canary."""
    world = paused_world()
    world.declare(rollout("web:2", STEPS, replicas=10))
    assert world.settle(pods=1).stop is Stop.FOR
    assert world.pods() == {"web:1": 8, "web:2": 2}
    world.declare(rollout("web:2", STEPS, replicas=0))
    world.settle()
    assert world.pods() == {}


def test_min_ready_seconds_reach_the_new_replica_set_and_go_again() -> None:
    """It is no part of the template: the ReplicaSet is changed in place."""
    world = world_of(rollout(minReadySeconds=5))
    assert world.sets()[0]["spec"]["minReadySeconds"] == 5
    world.declare(rollout())
    world.settle()
    assert "minReadySeconds" not in world.sets()[0]["spec"]


def test_old_replica_sets_go_beyond_the_history_limit() -> None:
    """The oldest ones without pods go first."""
    world = world_of(rollout("web:1", revisionHistoryLimit=2))
    for number in range(2, 6):
        world.declare(rollout(f"web:{number}", revisionHistoryLimit=2))
        world.settle()
    assert sorted(world.labels().values()) == ["3", "4", "5"]


def test_a_release_without_progress_is_degraded_after_its_deadline() -> None:
    """The decision says which ReplicaSet, and since it waits for pods no timer is lost."""
    world = world_of(rollout("web:1"))
    world.declare(rollout("web:2", progressDeadlineSeconds=60))
    for _ in range(5):
        decision = world.turn()
    assert decision.next.stop is Stop.ON
    assert decision.next.time is not None
    world.now = decision.next.time + timedelta(seconds=1)
    world.turn()
    assert world.status("phase") == "Degraded"
    assert str(world.status("message")).startswith("ProgressDeadlineExceeded: ReplicaSet")
    world.settle()
    assert (world.status("phase"), world.pods()) == ("Healthy", {"web:2": 5})


def test_a_threshold_lets_a_step_go_on_without_its_last_pods() -> None:
    """``replicaProgressThreshold``: half of the pods of the step are enough."""
    canary = {
        "steps": [{"setWeight": 80}, {"pause": {}}],
        "maxSurge": "100%",
        "replicaProgressThreshold": {"type": "Percent", "value": 50},
    }
    world = world_of(rollout("web:1", strategy={"canary": canary}))
    world.declare(rollout("web:2", strategy={"canary": canary}))
    for _ in range(3):
        world.turn()
    one = world.sets()[-1]
    counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), 2)
    world.put({**one, "status": counts})
    before = world.status("currentStepIndex")
    for _ in range(3):
        world.turn()
    assert (before, world.status("currentStepIndex")) == (0, 0)
    world.settle()
    assert world.status("currentStepIndex") == 1


def test_a_replica_set_with_the_same_template_is_used_whatever_its_hash() -> None:
    """Another release of Argo hashes otherwise: that must not deploy everything anew."""
    world = world_of(rollout("web:1"))
    text = "rollouts-pod-template-hash"
    old = world.sets()[0]
    known = old["metadata"]["labels"][text]
    del world.objects[next(one for one in world.objects if one.kind == "ReplicaSet")]
    template = old["spec"]["template"]
    labels = template["metadata"]["labels"] | {text: "abc"}
    spec = {**template["spec"], "dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}
    adopted = {
        **old,
        "metadata": {**old["metadata"], "name": "web-abc", "labels": labels},
        "spec": {**old["spec"], "template": {"metadata": {"labels": labels}, "spec": spec}},
    }
    world.put(adopted)
    status = world.rollout()["status"]
    world.put({**world.rollout(), "status": {**status, "currentPodHash": "abc", "stableRS": "abc"}})
    assert known != "abc"
    assert world.settle() == DONE
    assert [one["metadata"]["name"] for one in world.sets()] == ["web-abc"]


def test_a_name_that_is_taken_is_counted_as_a_collision() -> None:
    """A stranger's ReplicaSet is left alone; ours gets another hash."""
    world = MemoryWorld()
    world.declare(rollout("web:1"))
    wanted = world.decide().actions[0]
    stranger = {**(wanted.object or {}), "metadata": {"name": wanted.target.name, "uid": "x"}}
    stranger["metadata"]["namespace"] = wanted.target.namespace
    world.objects[wanted.target] = stranger
    for _ in range(10):
        world.turn()
    assert world.status("collisionCount") == 1
    assert world.objects[wanted.target] == stranger
    assert len(world.objects) == 3


def test_a_deleted_rollout_is_left_to_garbage_collection() -> None:
    """Its ReplicaSets go with their owner; nothing is created any more."""
    world = world_of()
    live = world.rollout()
    gone = {**live, "metadata": {**live["metadata"], "deletionTimestamp": format_time(world.now)}}
    decision = RolloutReconciler().decide(gone, world, world.now, None)
    assert (decision.actions, decision.status, decision.next) == ((), None, DONE)


@pytest.mark.parametrize("name", ["currentPodHash", "stableRS", "currentStepIndex", "conditions"])
def test_what_others_write_into_the_status_never_raises(name: str) -> None:
    """A status of the wrong shape counts as none."""
    world = world_of(rollout("web:1", STEPS))
    world.patch(**{name: {"a": "map"}})
    world.settle()
    assert world.pods() == {"web:1": 5}
    assert world.get(ROLLOUT) is not None
