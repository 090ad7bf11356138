"""A canary from the first deploy to its end, with real ReplicaSets and pods."""

from tests.rollouts.objects import rollout
from tests.rollouts.planes import Stage

STEPS = [{"setWeight": 20}, {"pause": {}}]


def test_a_canary_goes_from_a_fifth_to_all_and_the_old_pods_go() -> None:
    """The first deploy goes straight to full; the second stops at its pause for a human."""
    stage = Stage()
    stage.apply(rollout("web:1", STEPS))
    settled = stage.settle()
    assert (settled.failed, settled.findings, settled.unsettled) == ((), (), ())
    assert stage.images() == ["web:1"] * 5
    assert stage.status("phase") == "Healthy"

    stage.apply(rollout("web:2", STEPS))
    settled = stage.settle()
    assert [one.message for one in settled.waiting] == [
        "paused at step 2 of 2; promote it or abort it"
    ]
    assert stage.images() == [*["web:1"] * 4, "web:2"]
    assert (stage.status("phase"), stage.status("message")) == ("Paused", "CanaryPauseStep")

    assert stage.settle().writes == 0
    stage.patch_status({"pauseConditions": None})
    settled = stage.settle()
    assert (settled.waiting, settled.unsettled) == ((), ())
    assert stage.images() == ["web:2"] * 5
    assert stage.status("phase") == "Healthy"
    assert stage.status("stableRS") == stage.status("currentPodHash")
    stage.apply(rollout("web:2", STEPS))
    assert stage.settle().writes == 0
