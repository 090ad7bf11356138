"""No more pods are created a second than the controller's ConfigMap says (Workflows 17)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ruleengine.app.pod_turns import PodTurns
from ruleengine.model.decisions import Decision, Request, Stop
from ruleengine.pipelines.pod_turns import POD_TURN
from ruleengine.reconcile.standing import News
from tests.pipelines.test_restarting import controller
from tests.pipelines.worlds import MemoryWorld, world_of

LIMITED = "resource creation rate-limit reached"
LOOP = """
entrypoint: main
templates:
- {name: main, steps: [[{name: a, template: work, withSequence: {count: 7}}]]}
- {name: work, container: {image: alpine, command: [work]}}
"""
HANDLED = """
entrypoint: main
onExit: bye
templates:
- {name: main, container: {image: alpine, command: [work]}}
- {name: bye, dag: {tasks: [{name: x, template: main}, {name: y, template: main}]}}
"""


def busy(*_: object) -> None:
    """No pod ever ends."""


class Paced:
    """A world whose pods have turns; ``created`` are the seconds after which each was created."""

    def __init__(self, spec: str, rate: str) -> None:
        self.world: MemoryWorld = world_of(spec, busy)
        self.world.put(controller(f"resourceRateLimit: |\n  {rate}"))
        self.news = News()
        self.turns = PodTurns(lambda: self.world.now, self.news)
        self.asked: dict[str, Request] = {}
        self.created: list[float] = []
        self.begin = self.world.now

    def turn(self) -> Decision:
        """Decide once; turns that nobody asks for any more end, those that are asked for begin."""
        before = len(self.world.began)
        decision = self.world.turn()
        asked = {one.key: one for one in decision.requests if one.kind == POD_TURN}
        for key in self.asked.keys() - asked.keys():
            self.turns.end(self.asked[key])
            del self.world.answers[key]
        self.asked = asked
        self.answer()
        passed = (self.world.now - self.begin) / timedelta(seconds=1)
        self.created += [passed] * (len(self.world.began) - before)
        return decision

    def answer(self) -> None:
        """Answer what is asked for, as it is now."""
        self.world.answers |= {key: self.turns.answer(one) for key, one in self.asked.items()}

    def run(self, seconds: float) -> None:
        """Decide whenever it is time to, for so many seconds."""
        end = self.begin + timedelta(seconds=seconds)
        while True:
            known, following = set(self.world.answers), self.turn().next
            if self.world.answers.keys() - known:
                continue  # who was answered is decided again at once
            if following.time is None or following.time > end:
                return
            self.world.now = max(following.time, self.world.now)


def begun(world: MemoryWorld) -> Sequence[str]:
    """Return the shown names of the nodes that pods are to run for."""
    return [one["displayName"] for one in world.nodes() if one["type"] == "Pod"]


@pytest.mark.parametrize(
    ("rate", "created"),
    [
        ("{limit: 2, burst: 1}", [0, 0.5, 1, 1.5, 2, 2.5, 3]),
        ("{limit: 1, burst: 3}", [0, 0, 0, 1, 2, 3, 4]),
        ('{limit: "0.5", burst: "2"}', [0, 0, 2, 4, 6, 8, 10]),
        ("{limit: 1000, burst: 1e300}", [0] * 7),
    ],
    ids=["one at a time", "three at once", "written as text", "more than are wanted"],
)
def test_so_many_pods_are_created_a_second_and_so_many_at_once(
    rate: str, created: list[float]
) -> None:
    """A bucket of ``burst`` tokens, filled with ``limit`` a second."""
    paced = Paced(LOOP, rate)
    paced.run(20)
    assert paced.created == created


def test_a_node_that_waits_says_so_and_those_behind_it_do_not_begin() -> None:
    """No more than ``burst`` are in line; the workflow is decided again when it is their turn."""
    paced = Paced(LOOP, "{limit: 1, burst: 2}")
    following = paced.turn().next
    assert (following.stop, following.message) == (Stop.FOR, "waiting for the turns of its pods")
    decision = [paced.turn() for _ in range(2)][-1]
    assert begun(paced.world) == ["a(0:0)", "a(1:1)", "a(2:2)", "a(3:3)"]
    told = {one["displayName"]: one.get("message") for one in paced.world.nodes()}
    assert (told["a(0:0)"], told["a(2:2)"], told["a(3:3)"]) == (None, LIMITED, LIMITED)
    assert decision.next.time == paced.begin + timedelta(seconds=1)
    paced.run(5)
    assert all(LIMITED not in one.get("message", "") for one in paced.world.nodes())


def test_without_a_limit_nobody_asks_for_a_turn() -> None:
    """All begin at once."""
    world = world_of(LOOP, busy)
    world.put(controller("parallelism: '5'"))
    assert not [one for _ in range(3) for one in world.turn().requests]
    assert len(world.began) == 7


def test_pods_of_exit_handlers_have_their_turns_as_well() -> None:
    """They begin although others wait, and wait themselves."""
    paced = Paced(HANDLED, "{limit: 1, burst: 1}")
    paced.turn()
    assert not paced.world.began
    paced.turn()
    assert paced.world.began == [""]
    (pod,) = paced.world.pods()
    paced.world.put({**pod, "status": {"phase": "Succeeded"}})
    paced.run(4)
    assert paced.created == [0, 1, 2]


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        ("{limit: 5}", "(limit 5, burst None)"),
        ("{limit: 0, burst: 3}", "(limit 0, burst 3)"),
        ("{limit: many, burst: 3}", "(limit 'many', burst 3)"),
        ("{limit: '1e999', burst: 3}", "(limit '1e999', burst 3)"),
    ],
)
def test_a_rate_that_lets_no_pod_through_says_what_to_state(rate: str, told: str) -> None:
    """Nothing is lost: the pods are created once it states one that does."""
    paced = Paced(LOOP, rate)
    assert paced.turn().next.stop is not Stop.DONE
    (node,) = (one for one in paced.world.nodes() if one["type"] == "Pod")
    assert node["phase"] == "Pending"
    assert node["message"] == (
        f"{LIMITED}: resourceRateLimit lets no pod through {told}; state a limit above 0 and a "
        "burst of 1 or more in the ConfigMap workflow-controller-configmap"
    )
    paced.world.put(controller("resourceRateLimit: |\n  {limit: 100, burst: 50}"))
    paced.run(1)
    assert paced.created == [0] * 7


def test_a_workflow_without_pods_is_decided_again_when_the_turn_of_one_is() -> None:
    """Other workflows had theirs before."""
    paced = Paced(LOOP, "{limit: 1, burst: 1}")
    paced.turns.answer(request("other", 1))
    paced.turn()
    following = paced.turn().next
    assert (following.stop, following.time) == (Stop.AT, paced.begin + timedelta(seconds=1))
    assert following.message == "waiting for the turns of its pods"


def test_pods_of_all_workflows_share_the_turns() -> None:
    """In the order in which they ask: no workflow is before another with more than a burst."""
    world = world_of(LOOP)
    turns = PodTurns(lambda: world.now, News())
    moments = [turns.answer(request(one)).value["at"] for one in ("wf/1", "other/1", "wf/2")]
    assert [one - moments[0] for one in moments] == [0, 0.5, 1]


def test_who_does_not_want_its_turn_any_more_leaves_it_to_those_behind() -> None:
    """A stopped workflow holds up nobody; turns that are past are nobody's loss."""
    world, news = world_of(LOOP), News()
    turns = PodTurns(lambda: world.now, news)
    asked = [request(f"wf/{one}") for one in range(5)]
    start = turns.answer(asked[0]).value["at"]
    assert [turns.answer(one).value["at"] - start for one in asked] == [0, 0.5, 1, 1.5, 2]
    turns.end(asked[0])
    assert news.take() == frozenset()
    turns.end(asked[2])
    assert news.take() == {POD_TURN}
    assert [turns.answer(one).value["at"] - start for one in asked[3:]] == [1, 1.5]
    assert turns.answer(asked[1]).value["at"] - start == 0.5, "who is before it stays"
    turns.end(asked[4])
    assert turns.answer(request("wf/9")).value["at"] - start == 1.5
    world.now += timedelta(minutes=1)
    late = turns.answer(request("wf/10")).value["at"] - start
    assert late == 60, "the bucket holds a token again, and no more than one"
    assert turns.answer(request("wf/11")).value["at"] - start == 60.5


def test_turns_that_end_together_are_closed_up_once() -> None:
    """In whatever order they end; each that is left moves up by as many as were before it."""
    world = world_of(LOOP)
    turns = PodTurns(lambda: world.now, News())
    asked = [request(f"wf/{one}") for one in range(8)]
    start = turns.answer(asked[0]).value["at"]
    assert [turns.answer(one).value["at"] - start for one in asked][-1] == 3.5
    for one in (5, 2, 3):
        turns.end(asked[one])
    left = [turns.answer(asked[one]).value["at"] - start for one in (1, 4, 6, 7)]
    assert left == [0.5, 1, 1.5, 2]


def test_a_clock_that_is_set_back_holds_nobody_up() -> None:
    """Who was told its turn by that clock has it, and turns are given out anew."""
    paced = Paced(LOOP, "{limit: 0.001, burst: 1}")
    paced.run(1)
    assert paced.created == [0]
    paced.world.now -= timedelta(days=1)
    for _ in range(3):
        paced.turn()
    assert paced.world.began == ["[0].a(0:0)", "[0].a(1:1)", "[0].a(2:2)"]
    paced.turn()
    assert len(paced.world.began) == 3


def test_what_ends_after_a_clock_was_set_back_holds_up_nobody() -> None:
    """Its turn was told by the clock before."""
    world = world_of(LOOP)
    turns = PodTurns(lambda: world.now, News())
    first, second, third = (request(f"wf/{one}") for one in range(3))
    start = turns.answer(first).value["at"]
    turns.answer(second)
    world.now -= timedelta(days=1)
    turns.end(second)
    assert turns.answer(third).value["at"] - start == -86400


def test_no_rate_makes_a_pod_wait_longer_than_a_day() -> None:
    """A limit next to nothing is a time that can still be told."""
    world = world_of(LOOP)
    turns = PodTurns(lambda: world.now, News())
    slow = [Request(kind=POD_TURN, payload=payload(one, 1e-300), standing=True) for one in "abc"]
    moments = [turns.answer(one).value["at"] for one in slow]
    assert [one - moments[0] for one in moments] == [0, 86400, 86400]


def request(pod: str, limit: float = 2) -> Request:
    """Return the request of a pod that asks for its turn, one at a time."""
    return Request(kind=POD_TURN, payload=payload(pod, limit), standing=True)


def payload(pod: str, limit: float) -> dict[str, object]:
    """Return what a pod asks."""
    return {"pod": ["pipelines", pod], "limit": limit, "burst": 1}
