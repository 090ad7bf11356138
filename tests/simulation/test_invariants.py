"""Invariants see what they are there for; some of it no reconciler of ours does."""

from typing import Any

import pytest

from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.decisions import Request
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object
from tests.reconcile.kit import config_map
from tests.simulation.faults import Schedule
from tests.simulation.invariants import (
    EffectsHappen,
    NoWriteIsRepeated,
    OthersAreLeftAlone,
    ViolationError,
    Write,
    WritesAreBounded,
)
from tests.simulation.running import Simulation
from tests.simulation.scenarios.counters import COUNTER, NAMESPACE, Counters, OneChildPerIndex
from tests.simulation.scenarios.workflows import (
    NoPodIsMadeTwice,
    OnlyWhatIsOverIsArchived,
    WhatIsKeptStays,
    Workflows,
    workflow,
)

PLANE = Simulation(Counters(), Schedule()).plane


def write(*values: Object, kind: EventType = EventType.ADDED, **more: Any) -> Write:
    """Return a write that changed objects, or nothing."""
    events = tuple(
        Event(1, kind, Key("objects", "", one["metadata"]["name"]), one, None) for one in values
    )
    parts = {"process": 1, "status": 200, "told": True, "plane": PLANE, "events": events, **more}
    return Write(request=HttpRequest(method="PATCH", path="/x", body=b"{}"), **parts)


def test_a_write_that_is_repeated_for_nothing_is_seen() -> None:
    """Not where its answer was lost, another process sends it, or it changes anything."""
    for second in ({"process": 2}, {"events": (object(),)}):
        seen = NoWriteIsRepeated()
        seen.written(write())
        seen.written(write(**second))
    seen = NoWriteIsRepeated()
    seen.written(write(told=False))
    seen.written(write())
    with pytest.raises(ViolationError, match="PATCH /x was sent twice for nothing"):
        seen.written(write())


def test_one_write_too_many_is_seen() -> None:
    """Whatever it is."""
    seen = WritesAreBounded(2)
    seen.written(write())
    seen.written(write())
    with pytest.raises(ViolationError, match="2 writes were not enough"):
        seen.written(write())


def test_a_change_of_what_others_own_is_seen() -> None:
    """And what is ours may change."""
    seen = OthersAreLeftAlone(lambda one: one["metadata"]["name"] == "ours")
    seen.written(write(config_map("ours")))
    with pytest.raises(ViolationError, match="theirs of somebody else was deleted"):
        seen.written(write(config_map("theirs"), kind=EventType.DELETED))


def test_an_effect_with_two_keys_or_none_is_seen() -> None:
    """One that happens twice with one key is as it should be."""
    seen = EffectsHappen(lambda request: request.payload["whose"], lambda _: {"one", "two"})
    for _ in range(2):
        seen.effect(Request(kind="x", payload={"whose": "one"}), PLANE)
    with pytest.raises(ViolationError, match="never performed: the effect of two"):
        seen.finished(PLANE)
    with pytest.raises(ViolationError, match="one: its effect has 2 keys"):
        seen.effect(Request(kind="y", payload={"whose": "one"}), PLANE)


def test_a_second_child_of_an_index_is_seen() -> None:
    """Under whatever name."""
    plane = Simulation(Counters(), Schedule()).plane
    for name in ("a", "b"):
        child = config_map(name, NAMESPACE, index="0")
        child["metadata"]["labels"] = {COUNTER: "one"}
        plane.store.write(Key("configmaps", NAMESPACE, name), child, expected=0)
    with pytest.raises(ViolationError, match=r"one has the children \[0, 0\]"):
        OneChildPerIndex().written(write(child, plane=plane))


def test_a_pod_that_is_made_again_is_seen() -> None:
    """Whatever became of the first."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    seen = NoPodIsMadeTwice()
    seen.written(write(pod))
    seen.written(write(pod, kind=EventType.MODIFIED))
    with pytest.raises(ViolationError, match="the pod p was made twice"):
        seen.written(write(pod))


def test_what_is_kept_as_something_else_is_seen() -> None:
    """Under the key of what was there."""
    kept = WhatIsKeptStays()
    for outputs in ("1", "1"):
        kept.written(write(config_map("cache", x=f'{{"nodeID": "n", "outputs": {outputs}}}')))
    with pytest.raises(ViolationError, match="something else is kept as x"):
        kept.written(write(config_map("cache", x='{"nodeID": "n", "outputs": 2}')))


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ({"phase": "Running"}, "before it was over"),
        ({"phase": "Succeeded", "finishedAt": "later"}, "as if it had not ended at later"),
    ],
)
def test_what_is_archived_too_early_or_as_another_is_seen(status: Object, problem: str) -> None:
    """By what is stored at that moment."""
    plane = Simulation(Workflows(), Schedule()).plane
    key = Key("workflows.argoproj.io", "pipelines", "new")
    plane.store.write(key, {**workflow("new"), "status": status}, expected=0)
    request = Request(kind="archive", payload={"name": "new", "finishedAt": "now"})
    with pytest.raises(ViolationError, match=problem):
        OnlyWhatIsOverIsArchived().effect(request, plane)
