"""The arithmetic of rollouts and of scaling down, as properties and tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.controllers.pods import deletion_rank
from ruleengine.local.controllers.rolling import (
    Bounds,
    bounds_of,
    grow_new,
    proportional,
    shrink_old,
)


def replica_set(name: str, replicas: int, available: int) -> Any:
    """Return a ReplicaSet of so many pods, of which so many are available."""
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "availableReplicas": available},
    }


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "most", "fewest"),
    [
        (4, "25%", "25%", 5, 3),
        (1, "25%", "25%", 2, 1),
        (10, "25%", "25%", 13, 8),
        (3, 0, 1, 3, 2),
        (3, 1, 0, 4, 3),
        (3, 0, 0, 3, 2),
        (3, "0%", "10%", 3, 2),
        (2, 1, 5, 3, 0),
        (0, "25%", "25%", 0, 0),
    ],
)
def test_the_surge_rounds_up_and_what_may_lack_down(
    replicas: int, surge: Any, unavailable: Any, most: int, fewest: int
) -> None:
    """Where both are nothing, one may lack: else nothing could move."""
    strategy = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    found = bounds_of({"spec": {"replicas": replicas, "strategy": strategy}})
    assert (found.most, found.fewest) == (most, fewest)


@given(
    desired=st.integers(1, 12),
    surge=st.integers(0, 4),
    unavailable=st.integers(0, 4),
    old=st.lists(st.integers(0, 6), max_size=3),
    ready=st.lists(st.integers(0, 30), min_size=80, max_size=80),
)
def test_a_rollout_keeps_its_bounds_and_comes_to_its_end(
    desired: int, surge: int, unavailable: int, old: list[int], ready: list[int]
) -> None:
    """Whichever pods get ready when: never more than the most, nor fewer than there were."""
    bounds = Bounds(desired, surge, max(unavailable, 1 if not surge else 0))
    sizes = {f"old-{number}": size for number, size in enumerate(old)}
    there, new, new_there = dict(sizes), 0, 0
    before = sum(there.values())
    for turn in ready:
        sets = [replica_set(name, sizes[name], there[name]) for name in sizes]
        grown = grow_new(replica_set("new", new, new_there), sets, bounds)
        assert grown >= new
        if grown > new:
            assert grown + sum(sizes.values()) <= max(bounds.most, before)
            new = grown
        else:
            active = [one for one in sets if one["spec"]["replicas"]]
            plan = shrink_old(replica_set("new", new, new_there), active, bounds)
            for name, size in plan.items():
                assert 0 <= size < sizes[name]
                sizes[name], there[name] = size, min(there[name], size)
            if plan:
                assert new_there + sum(there.values()) >= min(bounds.fewest, before)
        new_there = min(new, new_there + turn % 3)
    for _ in range(60):  # everything gets ready in the end
        new_there = new
        sets = [replica_set(name, sizes[name], there[name]) for name in sizes]
        new = grow_new(replica_set("new", new, new_there), sets, bounds)
        active = [one for one in sets if one["spec"]["replicas"]]
        for name, size in shrink_old(replica_set("new", new, new_there), active, bounds).items():
            sizes[name], there[name] = size, min(there[name], size)
    assert (new, sum(sizes.values())) == (desired, 0)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 40))
def test_scaling_in_mid_rollout_keeps_the_shares(sizes: list[int], wanted: int) -> None:
    """All that is wanted is given out, and who had more has not less."""
    sets = [replica_set(f"set-{number}", size, size) for number, size in enumerate(sizes)]
    plan = proportional(sets, wanted)
    assert sum(plan.values()) == wanted
    for one, size in enumerate(sizes):
        for other, smaller in enumerate(sizes):
            if size > smaller:
                assert plan[f"set-{one}"] >= plan[f"set-{other}"]


def pod(name: str = "p", **facts: Any) -> Any:
    """Return a pod that is placed, runs, and has been ready for an hour."""
    facts = {"node": "local", "phase": "Running", "ready": "03:00:00", "restarts": 0, **facts}
    metadata: Any = {
        "name": name,
        "creationTimestamp": f"2026-01-02T{facts.get('made', '02:00:00')}Z",
    }
    if "cost" in facts:
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": facts["cost"]}
    ready = {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": f"2026-01-02T{facts['ready']}Z",
    }
    return {
        "metadata": metadata,
        "spec": {"nodeName": facts["node"]},
        "status": {
            "phase": facts["phase"],
            "conditions": [ready] if facts["ready"] else [],
            "containerStatuses": [{"name": "c", "restartCount": facts["restarts"]}],
        },
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"node": ""}, {"phase": "Pending", "ready": ""}),
        ({"phase": "Pending", "ready": ""}, {"phase": "Unknown", "ready": ""}),
        ({"phase": "Unknown", "ready": ""}, {"ready": ""}),
        ({"ready": ""}, {"cost": "-100"}),
        ({"cost": "-1"}, {}),
        ({}, {"cost": "5"}),
        ({"ready": "03:30:00"}, {}),
        ({"restarts": 4}, {}),
        ({"made": "02:30:00"}, {}),
    ],
)
def test_the_pod_that_is_missed_least_goes_first(first: Any, second: Any) -> None:
    """By its place, its phase, whether it is ready, its cost, since when, restarts and age."""
    found = min([pod("b", **second), pod("a", **first)], key=deletion_rank)
    assert found["metadata"]["name"] == "a"
