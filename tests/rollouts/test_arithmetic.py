"""Replica arithmetic of a canary: the recorded cases, and the limits that are never broken."""

import csv
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.rollouts.arithmetic import (
    WHOLE,
    Count,
    Limits,
    Split,
    Threshold,
    approximate,
    drain,
    is_reached,
    limits,
    next_split,
    resolve_fenceposts,
)
from tests.vectors import vectors_folder

Row = dict[str, str]


def _rows(*suites: str) -> Iterator[Row]:
    with (vectors_folder("rollouts") / "canary_vectors.csv").open(encoding="utf-8") as file:
        yield from (row for row in csv.DictReader(file) if row["suite"] in suites)


def _number(row: Row, name: str) -> int:
    return int(row[name] or 0)


def _share(text: str) -> int | str | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdecimal() else text


def _limits(row: Row) -> Limits:
    surge, unavailable = _share(row["max_surge"]), _share(row["max_unavailable"])
    return limits(_number(row, "replicas"), surge, unavailable)


def _count(row: Row, name: str) -> Count:
    return Count(spec=_number(row, f"{name}_spec"), available=_number(row, f"{name}_avail"))


def _weight(row: Row) -> int:
    if row["promote_full"] == "1":
        return WHOLE
    return 0 if row["aborted"] == "1" else _number(row, "set_weight")


@pytest.mark.vectors("rollouts/canary_vectors.csv")
def test_weights_become_the_recorded_counts() -> None:
    """``approx_weight``: the nearest counts, ties as Argo breaks them."""
    rows = list(_rows("approx_weight"))
    assert len(rows) > 30
    for row in rows:
        found = approximate(_number(row, "set_weight"), _limits(row))
        expected = Split(new=_number(row, "exp_canary"), stable=_number(row, "exp_stable"))
        assert found == expected, row["id"]


@pytest.mark.vectors("rollouts/canary_vectors.csv")
def test_replica_counts_move_as_recorded() -> None:
    """``replica_counts`` without traffic routing: how far one pass goes."""
    rows = [row for row in _rows("replica_counts") if row["traffic_routing"] == "0"]
    assert len(rows) > 10
    for row in rows:
        bounds = _limits(row)
        desired = approximate(_weight(row), bounds)
        counts = (_count(row, "canary"), _count(row, "stable"), [_count(row, "older")])
        expected = Split(new=_number(row, "exp_canary"), stable=_number(row, "exp_stable"))
        assert next_split(desired, bounds, *counts) == expected, row["id"]


@pytest.mark.vectors("rollouts/canary_vectors.csv")
def test_fenceposts_resolve_as_recorded() -> None:
    """``fenceposts``: surge rounds up, unavailable down, and never both to nothing."""
    for row in _rows("fenceposts"):
        surge, unavailable = _share(row["max_surge"]), _share(row["max_unavailable"])
        if row["exp_bool"] == "1":
            with pytest.raises(ValueError, match="neither a number nor a percentage"):
                resolve_fenceposts(surge, unavailable, _number(row, "replicas"))
        else:
            found = resolve_fenceposts(surge, unavailable, _number(row, "replicas"))
            assert found == (_number(row, "exp_canary"), _number(row, "exp_stable")), row["id"]


@pytest.mark.vectors("rollouts/canary_vectors.csv")
def test_surge_and_unavailable_resolve_as_recorded() -> None:
    """``max_surge`` and ``max_unavailable``: no more may be missing than there are."""
    for row in _rows("max_surge", "max_unavailable"):
        bounds = _limits(row)
        found = bounds.surge if row["suite"] == "max_surge" else bounds.unavailable
        assert found == _number(row, "exp_canary"), row["id"]


@pytest.mark.vectors("rollouts/canary_vectors.csv")
def test_progress_thresholds_are_met_as_recorded() -> None:
    """``progress_threshold``: percent, pods, or all of them."""
    kinds = {"P": "Percent", "N": "Pods"}
    for row in _rows("progress_threshold"):
        value = int(row["max_unavailable"])
        threshold = Threshold(kind=kinds[row["max_surge"]], value=value) if value >= 0 else None
        count = None if row["canary_spec"] == "nil" else _count(row, "canary")
        found = is_reached(count, _number(row, "replicas"), threshold)
        assert found is (row["exp_bool"] == "1"), row["id"]


@st.composite
def _scenes(draw: st.DrawFn) -> tuple[Limits, int, Count, Count, list[Count]]:
    replicas = draw(st.integers(0, 20))
    surge = draw(st.integers(0, 5))
    unavailable = min(draw(st.integers(0 if surge else 1, 5)), replicas)
    bounds = Limits(replicas=replicas, surge=surge, unavailable=unavailable)
    counts = st.integers(0, 12).flatmap(
        lambda spec: st.integers(0, 14).map(lambda pods: Count(spec=spec, available=pods))
    )
    return bounds, draw(st.integers(0, 100)), draw(counts), draw(counts), draw(st.lists(counts))


def _sure(*counts: Count) -> int:
    return sum(one.sure for one in counts)


@given(_scenes())
def test_no_pass_breaks_the_limits(scene: tuple[Limits, int, Count, Count, list[Count]]) -> None:
    """A pass never grows beyond the surge and never takes available pods that are needed."""
    bounds, weight, new, stable, others = scene
    found = next_split(approximate(weight, bounds), bounds, new, stable, others)
    before = new.spec + stable.spec + sum(one.spec for one in others)
    after = found.new + found.stable + sum(one.spec for one in others)
    assert after <= max(before, bounds.replicas + bounds.surge)
    kept = min(found.new, new.available) + min(found.stable, stable.available)
    least = bounds.replicas - bounds.unavailable
    assert kept >= min(_sure(new, stable), least)


@given(_scenes())
def test_old_pods_go_only_as_far_as_others_are_available(
    scene: tuple[Limits, int, Count, Count, list[Count]],
) -> None:
    """What is not available goes at once, the rest never below the minimum."""
    bounds, _, new, stable, others = scene
    found = drain(others, [new, stable], bounds)
    assert all(0 <= pods <= one.sure for pods, one in zip(found, others, strict=True))
    least = bounds.replicas - bounds.unavailable
    assert _sure(new, stable) + sum(found) >= min(_sure(new, stable, *others), least)


def test_pods_that_are_about_to_go_do_not_count_as_available() -> None:
    """The status of a ReplicaSet lags behind its spec: what was taken once is not there twice."""
    bounds = Limits(replicas=10, surge=3, unavailable=0)
    drained, next_one = Count(spec=0, available=3), Count(spec=3, available=3)
    assert drain([drained, next_one], [Count(spec=8, available=8)], bounds) == (0, 2)
