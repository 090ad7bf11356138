"""Quiet: no request while nothing happens, few status writes, one bad object put aside."""

import json
from collections import Counter as Counted
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.cluster.client import Client
from ruleengine.cluster.watches import Changed
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Decision, Next, Request, Stop, World
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.sources import ClientSource
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.world import LiveWorld
from tests.cluster.fake_api import FakeApi
from tests.reconcile.contract import assert_memo_changes_nothing
from tests.reconcile.kit import config_map, quiet
from tests.reconcile.test_settling import START, workflow


@dataclass
class Told(ClientSource):
    """A feed that tells what it is given, as a watch would, and lets virtual time go by."""

    scene: "Stage"

    def __post_init__(self) -> None:
        ClientSource.__init__(self, self.scene.client)

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell that every kind is followed."""
        del api_version, kind
        return True

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Let time go by and return what happened in it."""
        scene = self.scene
        scene.now += timedelta(seconds=max(timeout, 0.01))
        scene.requests.append(len(scene.api.requests))
        due = [value for at, value in scene.later if at <= scene.now]
        scene.later = [one for one in scene.later if one[0] > scene.now]
        stored = [scene.api.add(one) for one in due]
        return [
            Changed(target=Target.of(one), object=one, version=one["metadata"]["resourceVersion"])
            for one in stored
        ]


@dataclass
class Stage:
    """A server, a virtual clock and what will happen."""

    reconciler: object
    api: FakeApi = field(default_factory=FakeApi)
    performers: dict = field(default_factory=dict)
    later: list[tuple[datetime, Object]] = field(default_factory=list)
    now: datetime = START
    requests: list[int] = field(default_factory=list)
    feed: type[Told] = Told

    def __post_init__(self) -> None:
        self.api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        self.client = Client(self.api, quiet())

    def settle(self, seconds: float) -> Settled:
        """Run until settled."""
        return settle(
            Surroundings.of(self.client, [self.reconciler], self.performers),
            Settling(
                now=lambda: self.now,
                feed=self.feed(self),
                deadline=self.now + timedelta(seconds=seconds),
                retrying=quiet(),
            ),
        )

    def status(self, name: str) -> Object:
        """Return the status of an object."""
        return self.api.live("Workflow", name, "shop").get("status", {})


@dataclass
class Toy:
    """Does what the name of its object says."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"
    asked: list[str] = field(default_factory=list)
    raises: int = 10**6

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001, PLR0911 - one case per way to behave
        """Return what the name of the object says."""
        name = value["metadata"]["name"]
        self.asked.append(name)
        match name:
            case "poison" if value["spec"]["count"] != 1 and self.raises > 0:
                self.raises -= 1
                raise RuntimeError("poison")
            case "ticking":
                done = now - START >= timedelta(seconds=5)
                following = Next(stop=Stop.DONE if done else Stop.AT, time=now)
                phase = "Succeeded" if done else "Running"
                return Decision(status={"phase": phase, "at": str(now)}, next=following)
            case "same":
                flip = "A" if lookup(world.get(_ENEMY), "data", "x") == "B" else "B"
                enemy = config_map("enemy", x=flip)
                return Decision(actions=(_apply(enemy),))
            case "asking":
                return _ask(world)
            case "counting":
                seen = lookup(world.get(_ENEMY), "data", "x", default="")
                return Decision(status={"phase": "Running", "seen": seen})
            case "listing":
                found = world.list("v1", "ConfigMap", "shop", index=("label:for", "listing"))
                return Decision(status={"phase": "Running", "found": len(found)})
        reads = world.get(Target("v1", "ConfigMap", "shop", f"{name}-wanted"))
        seen = (memo or 0) if isinstance(memo, int) else 0
        if reads is None:
            on = Next(stop=Stop.ON, targets=(Target("v1", "ConfigMap", "shop", f"{name}-wanted"),))
            return Decision(next=on, status={"phase": "Running"}, memo=seen + 1)
        return Decision(status={"phase": "Succeeded"}, memo=seen + 1)


_ENEMY = Target("v1", "ConfigMap", "shop", "enemy")


def _apply(value: Object) -> Action:
    return Action(verb=Verb.APPLY, target=Target.of(value), manager="ruleengine-toy", object=value)


def _ask(world) -> Decision:  # noqa: ANN001
    request = Request(kind="oracle", payload={})
    answer = world.answer(request)
    if answer is None:
        return Decision(requests=(request,), next=Next(stop=Stop.ON))
    return Decision(status={"phase": "Succeeded", "said": answer.error or answer.value})


def stage(*names: str, **options: object) -> Stage:
    """Return a server with objects of these names."""
    made = Stage(Toy(), **options)
    for name in names:
        made.api.add(workflow(name))
    return made


def test_while_nothing_happens_nothing_is_requested() -> None:
    """However long it waits and however many objects there are."""
    scene = stage(*(f"w{number}" for number in range(20)))
    scene.settle(600)
    assert len(scene.requests) > 500
    assert len(set(scene.requests)) == 1
    assert len(scene.reconciler.asked) == 2 * 20


def test_a_change_wakes_only_the_object_that_read_it() -> None:
    """Of twenty objects one is decided again, for the change and for its own status."""
    scene = stage(*(f"w{number}" for number in range(20)))
    scene.later = [(START + timedelta(seconds=30), config_map("w7-wanted"))]
    scene.settle(60)
    assert scene.status("w7") == {"phase": "Succeeded"}
    assert scene.reconciler.asked[40:] == ["w7", "w7"]


def test_what_comes_into_a_list_wakes_who_listed() -> None:
    """And what is in none of the lists wakes nobody."""
    scene = stage("listing", "w0")

    def labelled(name: str, value: str) -> Object:
        made = config_map(name)
        return {**made, "metadata": {**made["metadata"], "labels": {"for": value}}}

    scene.later = [
        (START + timedelta(seconds=10), labelled("theirs", "others")),
        (START + timedelta(seconds=20), labelled("ours", "listing")),
    ]
    scene.settle(30)
    assert scene.status("listing") == {"phase": "Running", "found": 1}
    assert scene.reconciler.asked.count("listing") == 2 + 2


def test_changes_that_come_together_are_one_decision() -> None:
    """Observations are batched."""
    scene = stage("w0")
    moment = START + timedelta(seconds=30)
    scene.later = [(moment, {**config_map("w0-wanted"), "data": {"n": str(n)}}) for n in range(9)]
    scene.settle(60)
    assert len(scene.reconciler.asked) == 2 + 2


def test_a_running_status_is_written_once_a_second_and_the_end_at_once() -> None:
    """However often it differs."""
    scene = stage("ticking")
    scene.settle(60)
    written = [one for one in scene.api.writes if "workflows/ticking" in one]
    assert scene.status("ticking")["phase"] == "Succeeded"
    assert 4 <= len(written) <= 7


class Prompt(Told):
    """A feed that tells each change the moment it happens."""

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Let no more time go by than until something happens."""
        moments = [(at - self.scene.now) / timedelta(seconds=1) for at, _ in self.scene.later]
        return super().changes(min([timeout, *moments]))


def test_however_often_it_is_decided_a_running_status_is_written_once_a_second() -> None:
    """What it says changes fifty times within five seconds."""
    scene = stage("counting", "w0")
    scene.feed = Prompt
    scene.later = [
        (START + timedelta(milliseconds=100 * n), config_map("enemy", x=str(n)))
        for n in range(1, 51)
    ]
    scene.settle(20)
    written = [one for one in scene.api.writes if "workflows/counting" in one]
    assert scene.reconciler.asked.count("counting") > 50
    assert scene.status("counting") == {"phase": "Running", "seen": "50"}
    assert 5 <= len(written) <= 8


class Echo(Told):
    """A feed that tells everything there is again and again, as it was told before."""

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Let time go by, and tell what is known."""
        super().changes(timeout)
        return [
            Changed(target=Target.of(one), object=one, version=one["metadata"]["resourceVersion"])
            for one in self.scene.api.objects.values()
        ]


def test_what_is_known_already_wakes_nobody() -> None:
    """The echo of a write of ours, for instance."""
    scene = stage(*(f"w{number}" for number in range(5)))
    scene.feed = Echo
    scene.settle(60)
    assert len(scene.requests) > 50
    assert len(scene.reconciler.asked) == 2 * 5


@dataclass
class Chain:
    """Makes nine children, one after another; its status says of each that it is there."""

    waits: bool
    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the next child, as far as the status tells which that is."""
        del now, memo
        nodes = dict(lookup(value, "status", "nodes", default={}))
        child = config_map(f"child-{len(nodes)}")
        if world.get(Target.of(child)) is not None:
            nodes[child["metadata"]["name"]] = {"phase": "Succeeded"}
            child = config_map(f"child-{len(nodes)}")
        if len(nodes) == 9:
            return Decision(status={"phase": "Succeeded", "nodes": nodes})
        return Decision(
            actions=(_apply(child),),
            status={"phase": "Running", "nodes": nodes},
            may_wait=float(self.waits),
            next=Next(stop=Stop.ON, targets=(Target.of(child),)),
        )


@pytest.mark.parametrize("waits", [False, True])
def test_a_status_that_may_wait_is_shown_at_once_and_written_once_a_second(*, waits: bool) -> None:
    """Each decision goes on where the one before stopped, whether that is stored or not."""
    scene = stage("w0")
    scene.reconciler = Chain(waits)
    settled = scene.settle(60)
    written = [one for one in scene.api.writes if "workflows/w0" in one]
    assert (settled.failed, settled.unsettled) == ((), ())
    assert scene.status("w0")["phase"] == "Succeeded"
    assert len(scene.status("w0")["nodes"]) == 9
    assert len(written) == (2 if waits else 10)


@dataclass
class Counter:
    """Counts the seconds in a status that may wait, for as many of them as the spec says."""

    waits: bool = True
    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return how many seconds went by since the beginning."""
        del world, memo
        gone = int((now - START).total_seconds())
        if gone >= value["spec"]["count"]:
            return Decision(status={"phase": "Succeeded", "gone": gone})
        return Decision(
            status={"phase": "Running", "gone": gone},
            may_wait=float(self.waits and "phase" in value.get("status", {})),
            next=Next(stop=Stop.AT, time=now + timedelta(seconds=1)),
        )


def _written_in_between(objects: int, seconds: int, *, waits: bool = True) -> Counted[str]:
    """Return how often the status of each object was written but for its begin and its end."""
    scene = Stage(Counter(waits))
    for number in range(objects):
        scene.api.add(workflow(f"w{number}", seconds))
    settled = scene.settle(2 * seconds)
    assert (settled.failed, settled.unsettled) == ((), ())
    paths = [one.rpartition("/")[2] for one in scene.api.writes if "/workflows/" in one]
    return Counted(paths) - Counted({f"w{number}": 2 for number in range(objects)})


def test_where_many_statuses_may_wait_they_take_turns() -> None:
    """A hundred objects share what a few may write; one alone, or five, write each second."""
    assert _written_in_between(1, 50).total() >= 45
    assert _written_in_between(5, 50).total() >= 5 * 45
    crowd = _written_in_between(100, 50)
    assert 300 <= crowd.total() <= 500 + 100
    assert min(crowd.values()) >= 3


def test_statuses_that_may_not_wait_take_no_turns() -> None:
    """However many there are: each second that of each."""
    crowd = _written_in_between(100, 10, waits=False)
    assert min(crowd.values()) >= 7
    assert len(crowd) == 100


def test_however_many_statuses_may_wait_none_waits_for_ever() -> None:
    """Half a minute is the longest."""
    crowd = _written_in_between(450, 36)
    assert set(crowd.values()) <= {1, 2}
    assert len(crowd) == 450


@dataclass
class Maker:
    """Creates a child and waits for it; counts how often it is asked."""

    foreseen: bool
    asked: int = 0
    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the creation of the child, whether it is there or not."""
        del value, now, memo
        self.asked += 1
        child = config_map("child")
        action = replace(_apply(child), verb=Verb.CREATE, foreseen=self.foreseen)
        there = world.get(action.target) is not None
        following = Next(stop=Stop.ON, targets=(action.target,))
        return Decision(actions=() if there else (action,), next=following)


@pytest.mark.parametrize("foreseen", [False, True])
def test_what_a_decision_counts_on_is_no_reason_to_decide_again(*, foreseen: bool) -> None:
    """One decision is saved for each object that is created; what happens to it is heard of."""
    scene = stage("w0")
    scene.reconciler = Maker(foreseen)
    scene.later = [(START + timedelta(seconds=30), config_map("child", x="1"))]
    scene.settle(60)
    assert scene.api.writes == ["POST /api/v1/namespaces/shop/configmaps"]
    assert scene.reconciler.asked == (2 if foreseen else 3)


@pytest.mark.parametrize("code", [409, 403])
def test_what_comes_otherwise_than_foreseen_is_decided_anew(code: int) -> None:
    """Somebody else was quicker, or the server refuses it."""
    scene = stage("w0")
    scene.reconciler = Maker(foreseen=True)

    def refuse(request: HttpRequest, moment: str) -> HttpResponse | None:
        if request.method != "POST" or moment == "after":
            return None
        if code == 409:
            scene.api.add(config_map("child"))
        return HttpResponse(status=code, body=json.dumps({"reason": _REASONS[code]}).encode())

    scene.api.fault = refuse
    scene.settle(1.5)
    assert scene.reconciler.asked == 2


_REASONS = {409: "AlreadyExists", 403: "Forbidden"}


def test_what_raises_is_tried_again_ever_more_rarely_and_recovers() -> None:
    """It is not failed in the end, and the others never waited for it."""
    scene = stage("poison", "w0")
    scene.reconciler.raises = 3
    scene.later = [
        (START + timedelta(seconds=90), config_map("w0-wanted")),
        (START + timedelta(seconds=90), config_map("poison-wanted")),
    ]
    settled = scene.settle(120)
    assert scene.reconciler.asked.count("poison") >= 4
    assert (settled.failed, settled.findings) == ((), ())
    assert scene.status("poison") == {"phase": "Succeeded"}


def test_what_raises_for_ever_is_tried_a_few_times_only() -> None:
    """Pauses grow: within ten minutes it is a handful."""
    scene = stage("poison", "w0")
    settled = scene.settle(600)
    assert 4 <= scene.reconciler.asked.count("poison") <= 10
    assert [str(one.target) for one in settled.failed] == ["Workflow/shop/poison"]
    assert [one.code for one in settled.findings] == ["plan-decision-failed"]


def test_quarantine_ends_when_the_object_changes() -> None:
    """At once, not only when it is time to try again."""
    scene = stage("poison", "w0")
    moment = START + timedelta(seconds=1)
    scene.later = [(moment, workflow("poison", 1)), (moment, config_map("poison-wanted"))]
    settled = scene.settle(2)
    assert scene.status("poison") == {"phase": "Succeeded"}
    assert (settled.failed, settled.findings) == ((), ())


def test_two_writes_in_turns_for_ever_are_stopped() -> None:
    """An object that keeps undoing what it did is put aside, with a reason."""
    scene = stage("same", "w0")
    settled = scene.settle(30)
    assert [one.code for one in settled.findings] == ["plan-decision-endless"]
    assert "Workflow/shop/same" in [str(one.target) for one in settled.failed]
    assert scene.status("w0") == {"phase": "Running"}


def test_an_unknown_request_is_a_finding_of_its_object() -> None:
    """Its status says it too; with a performer there is none."""
    scene = stage("asking")
    settled = scene.settle(10)
    assert [one.code for one in settled.findings] == ["plan-request-unknown"]
    assert "nobody here performs" in scene.status("asking")["said"]
    knowing = stage("asking", performers={"oracle": lambda _: Answer(value="yes")})
    assert knowing.settle(10).findings == ()


def test_a_clock_that_jumps_back_stops_nothing() -> None:
    """Times are waited for, and no object is lost."""
    scene = stage("ticking", "w0")
    scene.later = [(START + timedelta(seconds=1), config_map("w0-wanted"))]
    jumped: list[bool] = []
    reconciler = scene.reconciler
    decide = reconciler.decide

    @dataclass
    class Jumping(Toy):
        def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
            if now - START >= timedelta(seconds=3) and not jumped:
                jumped.append(True)
                scene.now -= timedelta(seconds=2)
            return decide(value, world, now, memo)

    scene.reconciler = Jumping()
    settled = scene.settle(60)
    assert jumped
    assert (settled.failed, settled.timed_out) == ((), False)
    assert scene.status("ticking")["phase"] == "Succeeded"


@dataclass
class Turned(Toy):
    """Sets the clock back by an hour when ``poison`` is asked for the second time."""

    scene: Stage | None = None

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return what a toy decides."""
        again = value["metadata"]["name"] == "poison" and self.asked.count("poison") == 1
        if self.scene is not None and again:
            self.scene.now -= timedelta(hours=1)
            self.scene.later = [
                (self.scene.now + timedelta(milliseconds=100 * n), config_map("enemy", x=str(n)))
                for n in range(1, 4)
            ]
        return super().decide(value, world, now, memo)


def test_where_the_clock_is_set_back_nothing_waits_for_what_it_showed_before() -> None:
    """What was put aside for seconds, a status that waits for one, the time that a run is given."""
    scene = stage("counting", "poison", "w0")
    scene.reconciler = Turned(scene=scene, raises=2)
    scene.feed = Prompt
    scene.api.add(config_map("poison-wanted"))
    settled = scene.settle(60)
    assert scene.status("poison") == {"phase": "Succeeded"}
    assert scene.status("counting") == {"phase": "Running", "seen": "3"}
    assert settled.timed_out
    assert len(scene.requests) < 200


@given(name=st.sampled_from(["w0", "same", "ticking", "asking"]), there=st.booleans())
def test_a_memo_never_changes_a_decision(name: str, *, there: bool) -> None:
    """Any reconciler can be held to it with this check."""
    scene = stage(name)
    if there:
        scene.api.add(config_map(f"{name}-wanted"))
    world = LiveWorld(Observations(ClientSource(scene.client)))
    value = scene.api.live("Workflow", name, "shop")
    for memo in (None, 3):
        assert_memo_changes_nothing(scene.reconciler, value, world, START, memo)
