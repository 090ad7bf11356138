"""A gate that lets everything through proves nothing: broken reconcilers are caught."""

from datetime import timedelta

import pytest

from tests.simulation import applications_broken, broken, rollouts_broken
from tests.simulation.faults import Schedule
from tests.simulation.gate import expected_of, first_failure
from tests.simulation.running import faultless, run
from tests.simulation.scenarios.applications import Applications
from tests.simulation.scenarios.counters import Counters
from tests.simulation.scenarios.rollouts import Rollouts, release

SEEDS = range(300)
ONLY_UNDER_FAULTS = (
    broken.ForgetsTheOverlay,
    broken.StatusRunsAhead,
    broken.MakesAllAtOnce,
)
PROBLEMS = {
    broken.ForgetsTheOverlay: "two is gone, its children",
    broken.HidesWhatItReads: "it waits for what has happened",
    broken.NamesAtRandom: "the same question had two answers",
    broken.PublishesWithoutIntent: "published before the intent was recorded",
    broken.PublishesUnderManyKeys: "its effect has 2 keys",
    broken.StatusRunsAhead: "the status counts",
    broken.IgnoresDeletion: "is left over",
    broken.MakesAllAtOnce: "was made before",
}


@pytest.mark.parametrize("variant", broken.BROKEN, ids=lambda one: one.__name__)
def test_a_broken_reconciler_is_caught_within_the_seeds(variant: type) -> None:
    """With the message that names its mistake."""
    failure = first_failure(Counters(make=variant), SEEDS, expected_of(Counters()))
    assert failure is not None
    assert PROBLEMS[variant] in failure.problem


@pytest.mark.parametrize("variant", ONLY_UNDER_FAULTS, ids=lambda one: one.__name__)
def test_some_mistakes_show_only_under_faults(variant: type) -> None:
    """Without a fault these variants do as well as the sound one."""
    assert faultless(Counters(make=variant)).problem == ""


@pytest.mark.parametrize("spoil", rollouts_broken.PROBLEMS, ids=lambda one: one.__name__)
def test_a_spoilt_rollout_is_caught_by_what_it_promises(spoil: rollouts_broken.Spoil) -> None:
    """Each by the invariant that it breaks, without any fault."""
    problem = faultless(rollouts_broken.Spoilt(spoil)).problem
    assert rollouts_broken.PROBLEMS[spoil] in problem


@pytest.mark.parametrize("variant", applications_broken.PROBLEMS, ids=lambda one: one.__name__)
def test_a_broken_sync_is_caught_by_what_it_promises(variant: type[Applications]) -> None:
    """Each by the invariant that it breaks, or by the end that it leads to."""
    problem = run(variant(), Schedule(), expected_of(Applications())).problem
    assert applications_broken.PROBLEMS[variant] in problem


class _Hasty(Rollouts):
    """What a reconciler does that takes a pause for shorter than it is."""

    acts = (release(2, timedelta(seconds=8)),)


def test_a_pause_that_is_cut_short_is_caught() -> None:
    """By the clock, from the time at which the status says that it began."""
    assert "of its pause" in faultless(_Hasty()).problem
