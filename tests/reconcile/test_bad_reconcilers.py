"""Bad input of the runtime: whatever a reconciler or the world does, it costs one object only.

Beside every bad object stands a good one, which has to be done in the end.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Event
from typing import Any

import pytest

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Decision, Next, Request, Stop
from ruleengine.model.errors import FailedError
from ruleengine.model.findings import Place
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.names import ORIGIN
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.planning import Plan
from ruleengine.reconcile.quarantine import Quarantine
from tests.cluster.fake_api import WRITES
from tests.reconcile.kit import Setting, config_map, declare
from tests.reconcile.test_settling import START, Scene, workflow

BAD = Target("argoproj.io/v1alpha1", "Workflow", "shop", "bad")
CHILD = Target("v1", "ConfigMap", "shop", "child")
SECRET = "hunter2"


def apply(value: Object, **more: Any) -> Action:
    """Return the action that applies an object."""
    return Action(
        verb=Verb.APPLY, target=Target.of(value), manager="ruleengine-toy", object=value, **more
    )


@dataclass
class Two:
    """Does what it is told with the Workflow ``bad``, and is done at once with ``good``."""

    bad: Callable[..., Any]
    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"
    asked: list[str] = field(default_factory=list)

    def decide(self, value: Object, world: Any, now: datetime, memo: object) -> Any:
        """Return a decision, or what a bad reconciler returns."""
        del memo
        self.asked.append(value["metadata"]["name"])
        if value["metadata"]["name"] == "bad":
            return self.bad(value, world, now)
        return Decision(actions=(apply(config_map("good")),), status={"phase": "Succeeded"})


def scene(bad: Callable[..., Any], reconciler: type[Two] = Two) -> Scene:
    """Return a process with one bad object and a good one."""
    made = Scene(reconciler=reconciler(bad))
    for name in ("bad", "good"):
        made.api.add(workflow(name))
    return made


def raising(error: Exception) -> Callable[..., Any]:
    """Return what raises."""

    def bad(*_: object) -> Decision:
        raise error

    return bad


def deciding(**parts: Any) -> Callable[..., Decision]:
    """Return what always decides the same."""
    return lambda *_: Decision(**parts)


def odd(target: Target = CHILD, value: Any = None, **more: Any) -> Callable[..., Decision]:
    """Return what asks for an odd write."""
    action = Action(verb=Verb.APPLY, target=target, manager="toy", object=value, **more)
    return deciding(actions=(action,))


BROKEN = {
    "it raises": raising(RuntimeError(SECRET)),
    "it raises an error of ours": raising(FailedError("the moon is full", "wait")),
    "it returns nothing": lambda *_: None,
    "it returns something else": lambda *_: {"phase": "Done"},
    "its status is no object": deciding(status="Done"),
    "an action has no object": odd(),
    "an action has a list": odd(value=[1]),
    "an action has a set": odd(value={**config_map("child"), "data": {"x": {1}}}),
    "an action names a kind of nothing": odd(Target("", "", "", ""), config_map("child")),
    "a request cannot be told": deciding(requests=(Request(kind="x", payload={"x": {1}}),)),
    "it reads an index that is not": lambda _, world, __: world.list("v1", "Pod", index=("x", "")),
}


@pytest.mark.parametrize("bad", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_reconciler_costs_the_one_object_that_it_broke_on(
    bad: Callable[..., Any],
) -> None:
    """It is failed with a reason that holds no payload; the other one is done."""
    stage = scene(bad)
    settled = stage.settle(30)
    assert stage.status("good") == {"phase": "Succeeded"}
    assert {one.target for one in settled.failed} <= {BAD, CHILD, Target("", "", "", "")}
    assert settled.failed or settled.findings
    assert all("bad" in one.message for one in settled.findings)
    assert SECRET not in str(settled)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("apps/my shop/bad.yaml:12 a rule", Place("apps/my shop/bad.yaml", 12)),
        ("bad.yaml:3", Place("bad.yaml", 3)),
        ("nowhere", Place("")),
    ],
)
def test_what_is_wrong_with_an_object_is_said_where_it_was_declared(
    said: str, place: Place
) -> None:
    """As far as it knows that itself, by the annotation that every declared object carries."""
    stage = scene(raising(RuntimeError(SECRET)))
    bad = workflow("bad")
    stage.api.add({**bad, "metadata": {**bad["metadata"], "annotations": {ORIGIN: said}}})
    assert {one.place for one in stage.settle(30).findings} == {place}


def endless(*_: object) -> Decision:
    """Never return, whatever happens."""
    while True:
        with suppress(Exception):
            sum(range(100))


def test_a_decision_that_never_returns_is_interrupted() -> None:
    """It is asked once, its object says where it was, and the other one is done."""
    stage = scene(endless)
    stage.longest = 0.05
    settled = stage.settle(30)
    assert stage.status("good") == {"phase": "Succeeded"}
    assert stage.reconciler.asked.count("bad") == 1
    (event,) = (one for one in stage.api.objects.values() if one["kind"] == "Event")
    (finding,) = settled.findings
    for message in (event["message"], finding.message):
        assert re.search(r"came to no end within 0.05 s; it was at \w+\.py:\d+", message)
    assert finding.code == "plan-decision-endless"


def planned(reconciler: Two, **more: Any) -> Plan:
    """Return the plan of one bad object and a good one."""
    setting = Setting(reconcilers=[reconciler], **more)
    setting.api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    return setting.plan(declare(workflow("bad")), declare(workflow("good")))


def test_a_decision_that_never_returns_does_not_stop_a_plan() -> None:
    """The plan tells it, and holds what the other object leads to."""
    plan = planned(Two(endless), longest_decision=0.05)
    (finding,) = plan.findings
    assert (finding.code, finding.place.path) == ("plan-decision-endless", "environments/web.yaml")
    assert "ConfigMap/shop/good" in [str(one.action.target) for one in plan.actions]


@pytest.mark.parametrize("bad", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_reconciler_does_not_stop_a_plan(bad: Callable[..., Any]) -> None:
    """What it breaks on is a finding, or a write that is refused; a plan says no payload."""
    plan = planned(Two(bad))
    assert "ConfigMap/shop/good" in {str(one.action.target) for one in plan.actions}
    assert all(str(BAD) in one.message for one in plan.findings)
    assert SECRET not in str([one.message for one in plan.findings])


def test_a_plan_says_an_error_of_ours_in_its_own_words() -> None:
    """With its remedy; of any other it names the line that raised it."""
    found = []
    for error in (FailedError("the moon is full", "wait"), RuntimeError(SECRET)):
        (finding,) = planned(Two(raising(error))).findings
        found.append((finding.message, finding.remedy))
    assert found[0] == (f"{BAD}: the moon is full", "wait")
    assert "(RuntimeError at test_bad_reconcilers.py:" in found[1][0]


def test_a_read_that_the_server_refuses_is_no_fault_of_who_reads() -> None:
    """Nobody is put aside for it; the object is decided when the server answers again.

    It is asked ever more rarely until then.
    """

    def bad(_: Object, world: Any, __: datetime) -> Decision:
        return Decision(status={"phase": "Failed" if world.get(CHILD) else "Looked"})

    stage = scene(bad)
    failed: list[str] = []

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and request.path.endswith("/configmaps") and len(failed) < 20:
            failed.append(request.path)
            body = b'{"kind": "Status", "reason": "InternalError", "message": "no leader"}'
            return HttpResponse(status=500, body=body)
        return None

    stage.api.fault = fault
    settled = stage.settle(60)
    assert len(failed) == 20
    assert stage.now - START > timedelta(seconds=5)
    assert (settled.failed, settled.findings) == ((), ())
    assert stage.status("bad") == {"phase": "Looked"}
    assert not [one for one in stage.api.objects.values() if one["kind"] == "Event"]


def test_time_that_a_decision_sleeps_is_no_endless_loop() -> None:
    """A machine that is busy, or was asleep, costs no object its decision."""

    def bad(*_: object) -> Decision:
        Event().wait(0.2)
        return Decision(status={"phase": "Rested"})

    stage = scene(bad)
    stage.longest = 0.05
    assert stage.settle(30).findings == ()
    assert stage.status("bad") == {"phase": "Rested"}


def test_an_object_says_itself_why_nobody_decides_about_it() -> None:
    """A warning Event, one however often it is tried again."""
    stage = scene(raising(FailedError("the moon is full", "wait")))
    writes = [stage.settle().writes for _ in range(3)]
    assert stage.reconciler.asked.count("bad") == 3
    (event,) = (one for one in stage.api.objects.values() if one["kind"] == "Event")
    assert (event["type"], event["involvedObject"]["name"]) == ("Warning", "bad")
    assert "the moon is full" in event["message"]
    assert writes[1:] == [0, 0]


@pytest.mark.parametrize("stop", [Stop.ON, Stop.AT])
def test_a_write_that_never_takes_effect_is_given_up(stop: Stop) -> None:
    """An admission webhook that undoes it, for instance: some tries, and then a finding."""
    following = Next(stop=stop, time=START if stop is Stop.AT else None, targets=(CHILD,))
    stage = scene(deciding(actions=(apply(config_map("child", colour="red")),), next=following))
    stage.api.add(config_map("child", colour="blue"))
    tries: list[str] = []

    def fault(request: HttpRequest, when: str) -> None:
        if when == "after" and request.method == "PATCH" and request.path.endswith("/child"):
            tries.append(request.path)
            stage.api.add(config_map("child", colour="blue"))

    stage.api.fault = fault
    settled = stage.settle(10_000)
    (finding,) = settled.findings
    assert finding.code == "plan-decision-endless"
    assert finding.message == (
        "Workflow/shop/bad: its reconciler asks for the same writes again and again, "
        "of ConfigMap/shop/child"
    )
    assert "who else writes that" in finding.remedy
    assert len(tries) <= 10
    assert stage.status("good") == {"phase": "Succeeded"}


def test_a_write_that_the_server_refuses_is_failed_with_its_reason() -> None:
    """Tried again a few times, ever more rarely."""
    stage = scene(deciding(actions=(apply(config_map("child")),)))
    tries: list[str] = []

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and request.method in WRITES and request.path.endswith("/child"):
            tries.append(request.path)
            body = b'{"kind": "Status", "reason": "Invalid", "message": "data is too odd"}'
            return HttpResponse(status=422, body=body)
        return None

    stage.api.fault = fault
    settled = stage.settle(600)
    assert "data is too odd" in " ".join(one.message for one in settled.failed)
    assert len(tries) < 20
    assert stage.status("good") == {"phase": "Succeeded"}


class Staying(Two):
    """Is not done with ``good`` for half an hour, so that the run goes on."""

    def decide(self, value: Object, world: Any, now: datetime, memo: object) -> Any:
        """Return a decision."""
        if value["metadata"]["name"] == "bad" or now >= START + timedelta(minutes=30):
            return super().decide(value, world, now, memo)
        return Decision(next=Next(stop=Stop.AT, time=START + timedelta(minutes=30)))


def test_an_object_that_changes_is_given_all_its_decisions_anew() -> None:
    """However many it had without coming to rest, or asked for the same writes."""
    key, quarantine = Key(BAD, repeats=5, restless=201), Quarantine()
    quarantine.put_aside(key, workflow("bad"), "it never rests")
    assert not quarantine.lets_out(key, workflow("bad"), START)
    changed = {**workflow("bad"), "metadata": {"resourceVersion": "2"}}
    assert quarantine.lets_out(key, changed, START)
    assert (key.repeats, key.restless, key.problem) == (0, 0, "")


def test_a_write_that_was_refused_again_and_again_is_tried_every_five_minutes() -> None:
    """Once the server takes it all is well, and no finding is left."""
    stage = scene(deciding(actions=(apply(config_map("child")),)), Staying)
    tries: list[float] = []

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and request.method in WRITES and request.path.endswith("/child"):
            tries.append((stage.now - START).total_seconds())
            if tries[-1] < 600:
                return HttpResponse(status=422, body=b'{"kind": "Status", "reason": "Invalid"}')
        return None

    stage.api.fault = fault
    settled = stage.settle(3000)
    assert 300 <= max(after - before for before, after in pairwise(tries)) < 400
    assert 600 <= tries[-1] < 1200
    assert (settled.failed, settled.findings, settled.timed_out) == ((), (), False)


def _on_first(stage: Scene, method: str, ending: str, act: Callable[[], None]) -> list[str]:
    """Let something happen just before the first request of a kind."""
    done: list[str] = []

    def fault(request: HttpRequest, when: str) -> None:
        first = when == "before" and request.method == method and not done
        if first and request.path.endswith(ending):
            done.append(request.path)
            act()

    stage.api.fault = fault
    return done


def test_an_object_that_vanishes_while_it_is_decided_is_let_go() -> None:
    """Its status is nowhere to be written; that is no failure, and nothing brings it back."""
    stage = scene(deciding(status={"phase": "Running"}, next=Next(stop=Stop.ON, targets=(CHILD,))))
    done = _on_first(stage, "PATCH", "/workflows/bad", lambda: stage.api.objects.pop(BAD))
    settled = stage.settle(30)
    assert done
    assert BAD not in stage.api.objects
    assert (settled.failed, settled.unsettled, settled.findings) == ((), (), ())
    assert stage.status("good") == {"phase": "Succeeded"}


def test_a_target_that_vanishes_while_it_is_decided_about_is_made_again() -> None:
    """If that is what the decision wants."""
    stage = scene(deciding(actions=(apply(config_map("child", colour="red")),)))
    stage.api.add(config_map("child", colour="blue"))
    _on_first(stage, "PATCH", "/child", lambda: stage.api.objects.pop(CHILD))
    settled = stage.settle(30)
    assert settled.failed == ()
    assert stage.api.objects[CHILD]["data"] == {"colour": "red"}


def test_an_object_that_is_made_again_meanwhile_is_decided_as_the_new_one() -> None:
    """The status of the old one is not written on it."""

    def bad(value: Object, *_: object) -> Decision:
        return Decision(status={"phase": f"seen {value['spec']['count']}"})

    def replace() -> None:
        stage.api.objects.pop(BAD)
        stage.api.add(workflow("bad", count=7))

    stage = scene(bad)
    _on_first(stage, "PATCH", "/workflows/bad", replace)
    replacing, seen = stage.api.fault, []

    def fault(request: HttpRequest, when: str) -> None:
        replacing(request, when)
        if when == "after" and request.method == "PATCH":
            seen.append(stage.status("bad"))

    stage.api.fault = fault
    settled = stage.settle(30)
    assert settled.failed == ()
    assert seen[-1] == stage.status("bad") == {"phase": "seen 7"}
    assert {"phase": "seen 3"} not in seen


def test_an_object_of_somebody_else_that_took_the_name_is_not_deleted() -> None:
    """A deletion names the uid of the one that was seen."""

    def bad(_: Object, world: Any, __: datetime) -> Decision:
        seen = world.get(CHILD)
        ours = lookup(seen, "data", "whose") == "ours"
        uid = str(lookup(seen, "metadata", "uid", default=""))
        action = Action(verb=Verb.DELETE, target=CHILD, manager="toy", uid=uid)
        return Decision(actions=(action,) if ours else ())

    def replace() -> None:
        stage.api.objects.pop(CHILD)
        stage.api.add(config_map("child", whose="theirs"))

    stage = scene(bad)
    stage.api.add(config_map("child", whose="ours"))
    done = _on_first(stage, "DELETE", "/child", replace)
    settled = stage.settle(30)
    assert done
    assert settled.failed == ()
    assert stage.api.objects[CHILD]["data"] == {"whose": "theirs"}


def test_a_time_that_has_passed_is_no_busy_loop() -> None:
    """A reconciler that asks to be decided in the past is decided once a second."""
    past = START - timedelta(days=1)
    stage = scene(deciding(next=Next(stop=Stop.AT, time=past)))
    stage.settle(20)
    assert 15 <= stage.reconciler.asked.count("bad") <= 25
