"""Settling: toy reconcilers are driven to rest, and broken ones lose one object only."""

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Answer, Decision, Next, Request, Stop
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.patience import LONGEST_DECISION
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.cluster.fake_api import WRITES, FakeApi
from tests.reconcile.kit import config_map, quiet

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def workflow(name: str, count: int = 3) -> Object:
    """Return an object that the toy reconcilers decide about."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"count": count},
    }


@dataclass
class Counter:
    """Creates ``count`` children, one after the other, and counts them in its status."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"
    asked: list[str] = field(default_factory=list)

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001, PLR0911 - one case per way to behave
        """Return the next child to create."""
        del now, memo
        name, count = value["metadata"]["name"], value["spec"]["count"]
        self.asked.append(name)
        match name:
            case "poison":
                raise RuntimeError("poison")
            case "human":
                following = Next(stop=Stop.FOR, message="approve it")
                return Decision(next=following, status={"phase": "Suspended"})
            case "early":
                tomorrow = START + timedelta(days=1)
                return Decision(next=Next(stop=Stop.AT, time=tomorrow, message="tomorrow"))
            case "patient":
                signal = Target("v1", "ConfigMap", "shop", "signal")
                if world.get(signal) is None:
                    tomorrow = START + timedelta(days=1)
                    following = Next(stop=Stop.ON, targets=(signal,), time=tomorrow)
                    return Decision(next=following)
                return Decision(next=DONE)
            case "wide":
                signal = Target("v1", "ConfigMap", "shop", "signal")
                if lookup(world.get(signal), "data", "n") == "50":
                    return Decision(next=DONE)
                others = (Target("v1", "ConfigMap", "shop", f"c{n}") for n in range(count))
                return Decision(next=Next(stop=Stop.ON, targets=(signal, *others)))
            case "flipping":
                flip = lookup(value, "status", "phase") == "A"
                return Decision(status={"phase": "B" if flip else "A"})
            case "asking":
                return self._ask(world)
        children = [self._child(name, number) for number in range(count)]
        for number, child in enumerate(children):
            if world.get(Target.of(child)) is None:
                action = Action(
                    verb=Verb.APPLY, target=Target.of(child), manager=self.manager, object=child
                )
                following = Next(stop=Stop.ON, targets=(Target.of(child),))
                status = {"phase": "Running", "made": number}
                return Decision(actions=(action,), status=status, next=following)
        return Decision(status={"phase": "Succeeded", "made": count}, next=DONE)

    def _ask(self, world) -> Decision:  # noqa: ANN001
        request = Request(kind="oracle", payload={"question": 1})
        answer = world.answer(request)
        if answer is None:
            return Decision(requests=(request,), next=Next(stop=Stop.ON))
        return Decision(status={"phase": "Succeeded", "said": answer.error or answer.value})

    def _child(self, name: str, number: int) -> Object:
        return config_map(f"{name}-{number}")


@dataclass
class Scene:
    """A server, a virtual clock and a run."""

    api: FakeApi = field(default_factory=FakeApi)
    reconciler: Counter = field(default_factory=Counter)
    performers: dict = field(default_factory=dict)
    now: datetime = START
    cancel: threading.Event = field(default_factory=threading.Event)
    longest: float = LONGEST_DECISION

    def __post_init__(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        self.api.add(namespace)

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.now += timedelta(seconds=max(seconds, 0.01))

    def settle(self, seconds: float = 60.0) -> Settled:
        """Run until settled."""
        client = Client(self.api, quiet())
        surroundings = Surroundings.of(client, [self.reconciler], self.performers)
        return settle(
            replace(surroundings, longest_decision=self.longest),
            Settling(
                now=lambda: self.now,
                feed=PollFeed(client, self.sleep),
                deadline=self.now + timedelta(seconds=seconds),
                cancel=self.cancel,
                retrying=quiet(),
            ),
        )

    def status(self, name: str) -> Object:
        """Return the status of an object."""
        return self.api.live("Workflow", name, "shop").get("status", {})


def test_children_are_made_in_order_and_then_all_is_quiet() -> None:
    """The second run writes nothing."""
    scene = Scene()
    scene.api.add(workflow("one"))
    first = scene.settle()
    assert scene.status("one") == {"phase": "Succeeded", "made": 3}
    made = [str(one.planned.action.target) for one in first.outcomes]
    assert made == [f"ConfigMap/shop/one-{n}" for n in range(3)]
    assert (first.failed, first.unsettled, first.timed_out) == ((), (), False)
    second = scene.settle()
    assert (second.writes, second.outcomes, second.decisions) == (0, (), 1)


def test_what_waits_for_an_object_is_waited_for_whenever_it_would_give_up() -> None:
    """The time at which it gives up lies beyond the deadline; the object comes before."""
    scene = Scene()
    scene.api.add(workflow("patient"))
    plain = scene.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if scene.now > START + timedelta(seconds=5):
            scene.api.add(config_map("signal"))

    scene.sleep = sleep
    settled = scene.settle()
    assert (settled.timed_out, settled.unsettled) == (False, ())


@pytest.mark.parametrize(("reads", "most"), [(100, 51), (1200, 18)])
def test_who_reads_a_lot_is_not_decided_for_each_change_of_it(reads: int, most: int) -> None:
    """What changes meanwhile is gathered, and the last change is not missed."""
    scene = Scene()
    scene.api.add(workflow("wide", reads))
    plain, numbers = scene.sleep, iter(range(1, 51))

    def sleep(seconds: float) -> None:
        plain(min(seconds, 0.05))
        if (number := next(numbers, None)) is not None:
            scene.api.add(config_map("signal", n=str(number)))

    scene.sleep = sleep
    settled = scene.settle()
    assert (settled.timed_out, settled.unsettled) == (False, ())
    assert most * 0.9 < settled.decisions <= most


def test_a_failing_reconciler_loses_one_object_only() -> None:
    """The others settle, and the finding names the object."""
    scene = Scene()
    for name in ("poison", "one", "two"):
        scene.api.add(workflow(name))
    settled = scene.settle()
    assert [str(one.target) for one in settled.failed] == ["Workflow/shop/poison"]
    assert [one.code for one in settled.findings] == ["plan-decision-failed"]
    assert scene.status("two")["phase"] == scene.status("one")["phase"] == "Succeeded"


@dataclass
class Remembering(Counter):
    """Remembers each decision, and asks for the next a little later."""

    found: list[object] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return when to be decided again, and what to remember until then."""
        del value, world
        self.found.append(memo)
        self.times.append(now)
        if len(self.times) == 3:
            return Decision(next=DONE)
        soon = Next(stop=Stop.AT, time=now + timedelta(seconds=0.25))
        return Decision(next=soon, memo=len(self.times))


def test_what_a_decision_remembers_is_handed_to_the_next_at_the_time_it_asked_for() -> None:
    """No later: what is waited for is the time, not the look that is due every second."""
    scene = Scene(reconciler=Remembering())
    scene.api.add(workflow("one"))
    scene.settle()
    assert scene.reconciler.found == [None, 1, 2]
    passed = [one - scene.reconciler.times[0] for one in scene.reconciler.times]
    assert passed == [timedelta(seconds=0.25 * number) for number in range(3)]


def test_an_object_that_never_rests_is_left_alone() -> None:
    """The loop is bounded, and the others settle."""
    scene = Scene()
    scene.api.add(workflow("flipping"))
    scene.api.add(workflow("one"))
    settled = scene.settle(10_000)
    assert [one.code for one in settled.findings] == ["plan-decision-endless"]
    assert scene.status("one")["phase"] == "Succeeded"


def test_waiting_for_a_human_is_settled() -> None:
    """It is listed with the reason."""
    scene = Scene()
    scene.api.add(workflow("human"))
    settled = scene.settle()
    assert [one.message for one in settled.waiting] == ["approve it"]
    assert (settled.unsettled, settled.timed_out) == ((), False)


def test_a_time_beyond_the_deadline_is_not_waited_for() -> None:
    """The run ends at once and says what is open."""
    scene = Scene()
    scene.api.add(workflow("early"))
    settled = scene.settle()
    assert [one.message for one in settled.unsettled] == ["tomorrow"]
    assert settled.timed_out
    assert scene.now == START


@pytest.mark.parametrize(
    ("performers", "said"),
    [
        ({"oracle": lambda _: Answer(value="yes")}, "yes"),
        ({}, "nobody here performs requests of the kind 'oracle'"),
    ],
)
def test_requests_are_answered(performers: dict, said: str) -> None:
    """An unknown kind of request has an answer too: an error."""
    scene = Scene(performers=performers)
    scene.api.add(workflow("asking"))
    scene.settle()
    assert scene.status("asking")["said"] == said


@dataclass
class Asking:
    """Asks many questions in each of three turns, those of the first turn again in the last."""

    questions: int
    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return the questions of the present turn, answered or not."""
        del now, memo
        turn = lookup(value, "status", "turn", default=0)
        requests = tuple(
            Request(kind="oracle", payload={"turn": turn % 2, "question": number})
            for number in range(self.questions)
        )
        if turn == 3:
            return Decision()
        if None in [world.answer(one) for one in requests]:
            return Decision(requests=requests, next=Next(stop=Stop.ON))
        return Decision(requests=requests, status={"turn": turn + 1})


@pytest.mark.parametrize(("questions", "asked"), [(10, 20), (1100, 3300)])
def test_a_read_is_performed_once_for_as_long_as_somebody_reads_its_answer(
    questions: int, asked: int
) -> None:
    """However often it is asked for; of many answers those are dropped that nobody reads."""
    keys: list[str] = []

    def oracle(request: Request) -> Answer:
        keys.append(request.key)
        return Answer(value="yes")

    scene = Scene(reconciler=Asking(questions), performers={"oracle": oracle})
    scene.api.add(workflow("one"))
    scene.settle()
    assert scene.status("one") == {"turn": 3}
    assert len(keys) == asked


def test_a_change_wakes_only_those_who_read_it() -> None:
    """A child that goes is made again, and the other object is not decided."""
    scene = Scene()
    scene.api.add(workflow("one"))
    scene.api.add(workflow("two"))
    scene.api.add(workflow("human"))
    scene.settle()
    scene.reconciler.asked.clear()

    original = scene.sleep
    early = workflow("early")
    early["metadata"]["name"] = "keeps-open"
    scene.api.add({**early, "spec": {"count": 1}})
    blocked = Target("v1", "ConfigMap", "shop", "keeps-open-0")

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and request.method == "PATCH" and request.path.endswith(blocked.name):
            return HttpResponse(status=403, body=b'{"reason":"Forbidden"}')
        return None

    def sleep(seconds: float) -> None:
        original(seconds)
        gone = Target("v1", "ConfigMap", "shop", "one-1")
        if scene.now > START and gone in scene.api.objects and not disturbed:
            disturbed.append(1)
            scene.api._remove(gone)
            scene.reconciler.asked.clear()

    disturbed: list[int] = []
    scene.api.fault = fault
    scene.sleep = sleep
    settled = scene.settle(20)
    assert disturbed
    assert "one" in scene.reconciler.asked
    assert "two" not in scene.reconciler.asked
    assert [str(one.target) for one in settled.failed] == ["ConfigMap/shop/keeps-open-0"]
    assert settled.timed_out


def test_a_failed_write_is_tried_again_later() -> None:
    """It succeeds once the server permits it, and does not count as failed then."""
    scene = Scene()
    scene.api.add(workflow("one"))
    left = [1, 1]

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and left and request.path.endswith("/one-0"):
            left.pop()
            return HttpResponse(status=403, body=b'{"reason":"Forbidden"}')
        return None

    scene.api.fault = fault
    settled = scene.settle()
    assert settled.failed == ()
    assert scene.status("one")["phase"] == "Succeeded"


def test_cancelling_stops_before_the_next_decision() -> None:
    """Nothing more is written."""
    scene = Scene()
    scene.api.add(workflow("one"))
    scene.cancel.set()
    settled = scene.settle()
    assert settled.cancelled
    assert (settled.writes, settled.decisions, scene.now) == (0, 0, START)


class KilledError(BaseException):
    """The process is gone."""


def test_cancelling_stops_between_two_writes_of_one_decision() -> None:
    """What was begun is finished, and nothing more is begun; the next run does the rest."""

    @dataclass
    class AllAtOnce(Counter):
        def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
            del world, now, memo
            children = [self._child(value["metadata"]["name"], number) for number in range(3)]
            actions = [
                Action(verb=Verb.APPLY, target=Target.of(one), manager=self.manager, object=one)
                for one in children
            ]
            return Decision(actions=tuple(actions), status={"phase": "Succeeded"})

    scene = Scene(reconciler=AllAtOnce())
    scene.api.add(workflow("one"))

    def fault(request: HttpRequest, when: str) -> None:
        if when == "after" and request.path.endswith("/one-0"):
            scene.cancel.set()

    scene.api.fault = fault
    settled = scene.settle()
    assert (settled.cancelled, settled.writes) == (True, 1)
    scene.cancel.clear()
    assert scene.settle().writes == 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_cancelled_at_any_request_it_begins_no_write_and_the_next_run_completes_it(
    when: str,
) -> None:
    """For every n, reads among them: the end state is the same, and a third run writes nothing."""
    whole = Scene()
    whole.api.add(workflow("one"))
    whole.settle()
    requests = len(whole.api.requests)
    assert requests >= 8
    for number in range(requests):
        scene, begun, seen = Scene(), list[str](), [0]
        scene.api.add(workflow("one"))

        def fault(
            request: HttpRequest,
            at: str,
            scene: Scene = scene,
            begun: list[str] = begun,
            seen: list[int] = seen,
            number: int = number,
        ) -> None:
            if at == "before" and scene.cancel.is_set() and request.method in WRITES:
                begun.append(request.path)
            if at == when:
                seen[0] += 1
                if seen[0] > number:
                    scene.cancel.set()

        scene.api.fault = fault
        assert scene.settle().cancelled
        assert begun == []
        scene.api.fault = lambda *_: None
        scene.cancel.clear()
        scene.settle()
        assert scene.status("one") == whole.status("one")
        assert scene.settle().writes == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_write_the_next_run_completes_it(when: str) -> None:
    """For every n, the end state is the same."""
    whole = Scene()
    whole.api.add(workflow("one"))
    writes = whole.settle().writes
    assert writes >= 4
    for number in range(writes):
        scene = Scene()
        scene.api.add(workflow("one"))
        left = [number]

        def fault(request: HttpRequest, at: str, left: list[int] = left) -> None:
            if at == when and request.method in WRITES:
                if left[0] == 0:
                    raise KilledError
                left[0] -= 1

        scene.api.fault = fault
        with pytest.raises(KilledError):
            scene.settle()
        scene.api.fault = lambda *_: None
        scene.settle()
        assert scene.status("one") == whole.status("one")
        assert scene.settle().writes == 0
