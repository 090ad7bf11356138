"""Locks that lie in a database: what the machine asks for, writes down and waits for."""

from dataclasses import replace

import pytest

from ruleengine.model.decisions import Answer, Decision
from ruleengine.model.values import Object
from ruleengine.pipelines.database_locks import DATABASE_LOCKS, Claim, InLine, row_of
from tests.pipelines.queues import TWICE
from tests.pipelines.worlds import NAMESPACE, MemoryWorld, Script, succeed, world_of

SPEC = """
entrypoint: main
synchronization: {semaphores: [{database: {key: licences}, namespace: shared}]}
templates:
- {name: main, container: {image: alpine, command: [work]}}
"""

NODES = (
    f"priority: 7{TWICE}"
    """\
  synchronization: {mutexes: [{name: printer, database: true}]}
  container: {image: alpine, command: [work]}
"""
)

MIXED = NODES.replace("database: true}]}", "database: true}, {name: own}]}")

LOCK = f"{NAMESPACE}/Database/printer"
ROW = f"mtx/{NAMESPACE}/printer"
HELD = InLine(held=True, ready=True)


def busy(*_: object) -> None:
    """No pod ever ends."""


class Shared:
    """A world with a database of which a test says whom it lets hold locks."""

    def __init__(self, spec: str, script: Script = succeed, *others: Object) -> None:
        self.world = world_of(spec, script, *others)
        self.lets: dict[str, InLine] = {}
        self.asked: list[Claim] = []

    def turn(self, count: int = 1) -> Decision:
        """Decide so many times; what is asked is answered before the next decision."""
        for _ in range(count):
            read = reads_of(self.world)
            decision = self.world.turn()
            read |= {request.key for request in decision.requests}
            for key in self.world.answers.keys() - read:
                del self.world.answers[key]  # nobody reads it any more
            for request in decision.requests:
                assert request.kind == DATABASE_LOCKS
                assert request.standing
                claim = Claim.of(request)
                self.asked.append(claim)
                self._answer(claim, self.lets.get(self.name(claim.holder), InLine()))
        return decision

    def _answer(self, claim: Claim, line: InLine) -> None:
        """Answer a claim; one that takes nothing holds nothing."""
        if line.held and not claim.take:
            line = replace(line, held=False)
        self.world.answers[claim.request().key] = line.answer()

    def name(self, holder: str) -> str:
        """Return the shown name of the node that holds a lock; ``wf`` for the workflow."""
        names = {one["id"]: one["displayName"] for one in self.world.nodes()}
        _, _, node = holder.partition("/")[2].partition("/")
        return names.get(node, "wf")

    def say(self, name: str, line: InLine) -> None:
        """Answer the claims of one holder anew."""
        self.lets[name] = line
        for claim in self.asked:
            if self.name(claim.holder) == name:
                self._answer(claim, line)


def waiting(before: str, *, row: str = ROW) -> InLine:
    """Return the answer for one who has to wait."""
    return InLine(blocked=row, limit=1, taken=1, before=(before,))


def test_a_workflow_begins_once_the_database_gives_it_the_lock() -> None:
    """Until then it is Pending and names who holds it; the claim tells its place in line."""
    shared = Shared(SPEC)
    shared.lets["wf"] = waiting("other/far", row="sem/shared/licences")
    shared.turn(3)
    (claim,) = shared.asked
    assert (claim.holder, claim.rows) == (f"{NAMESPACE}/wf", ("sem/shared/licences",))
    assert claim.take
    assert claim.created == shared.world.workflow()["metadata"]["creationTimestamp"]
    lock = "shared/Database/licences"
    assert shared.world.status("phase") == "Pending"
    assert shared.world.status("message") == f"Waiting for {lock} lock. Lock status: 0/1"
    assert shared.world.status("synchronization") == {
        "semaphore": {"waiting": [{"semaphore": lock, "holders": ["other/far"]}]}
    }
    shared.say("wf", HELD)
    shared.turn()
    assert shared.world.status("synchronization", "semaphore", "holding") == [
        {"semaphore": lock, "holders": [f"{NAMESPACE}/wf"]}
    ]
    assert not shared.world.pods(), "it is written down first"
    shared.turn(2)
    assert len(shared.world.pods()) == 1
    shared.world.settle()
    assert shared.world.status("phase") == "Succeeded"
    assert shared.world.status("synchronization") is None


def test_nodes_take_turns_and_the_claim_is_read_for_as_long_as_the_lock_is_held() -> None:
    """Who performs the claim gives the lock back when nobody reads it any more."""
    shared = Shared(NODES, busy)
    shared.lets = {"a": HELD, "b": waiting(f"{NAMESPACE}/wf/a")}
    shared.turn(5)
    assert shared.world.began == ["[0].a"]
    assert {one.priority for one in shared.asked} == {7}
    assert shared.world.node("b")["phase"] == "Pending"
    assert shared.world.node("b")["synchronizationStatus"] == {"waiting": LOCK}
    assert shared.world.node("b")["message"] == f"Waiting for {LOCK} lock. Lock status: 0/1"
    key = next(one for one in shared.asked if shared.name(one.holder) == "a").request().key
    assert key in reads_of(shared.world)
    shared.world.script = succeed
    shared.world.run_pods()
    shared.world.now = shared.world.now.replace(minute=30)
    shared.world.run_pods()
    shared.turn(2)
    assert shared.world.node("a")["phase"] == "Succeeded"
    assert key not in reads_of(shared.world)
    shared.say("b", HELD)
    shared.turn(3)
    assert shared.world.began == ["[0].a", "[0].b"]


def reads_of(world: MemoryWorld) -> set[str]:
    """Return the keys of the answers that a decision reads."""
    read: set[str] = set()
    answers = world.answers

    class Recording(dict[str, Answer]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            read.add(key)
            return answers.get(key, default)

    world.answers = Recording(answers)
    world.decide()
    world.answers = answers
    return read


def test_after_a_restart_a_holder_asks_again_for_what_it_holds() -> None:
    """The status says so, and the answers of the run before are gone."""
    shared = Shared(NODES.replace("    - {name: b, template: locked}\n", ""), busy)
    shared.lets = {"a": HELD}
    shared.turn(5)
    before = list(shared.asked)
    shared.world.answers.clear()
    shared.asked.clear()
    shared.turn(2)
    assert shared.asked == [before[-1]]
    assert shared.world.began == ["[0].a"]


def test_a_limit_that_is_gone_ends_nobody_who_holds_the_lock() -> None:
    """After a restart the database is asked again, and says that there is none."""
    shared = Shared(SPEC, busy)
    shared.lets = {"wf": HELD}
    shared.turn(4)
    assert shared.world.status("phase") == "Running"
    shared.say("wf", InLine(unlimited="sem/shared/licences"))
    shared.turn(2)
    assert shared.world.status("phase") == "Running"
    assert len(shared.world.pods()) == 1


@pytest.mark.parametrize("name", ["jobs/Mutex/a/Database/b", "jobs/ConfigMap/Database/key"])
def test_a_lock_is_one_of_the_database_by_its_place_only(name: str) -> None:
    """Not because something else in its name is called so."""
    assert row_of("mutex", name) == ""


def test_locks_of_both_kinds_are_held_together_or_not_at_all() -> None:
    """Without its own mutex a node only waits for its turn in the database, and takes nothing."""
    shared = Shared(MIXED, busy)
    shared.lets = {"a": HELD, "b": InLine(ready=True)}
    shared.turn(8)
    assert shared.world.began == ["[0].a"]
    claims = {(shared.name(one.holder), one.take) for one in shared.asked}
    assert ("b", False) in claims
    assert ("b", True) not in claims
    assert {one.rows for one in shared.asked} == {(ROW,)}
    assert shared.world.node("b")["message"] == (
        f"Waiting for {NAMESPACE}/Mutex/own lock. Lock status: 0/1"
    )


def test_own_locks_are_given_back_while_the_database_lets_others_go_first() -> None:
    """Nobody waits with a lock in hand that another could use."""
    shared = Shared(MIXED.replace("    - {name: b, template: locked}\n", ""), busy)
    shared.lets = {"a": waiting("other/far")}
    decision = shared.turn()
    assert decision.next.message == "waiting for locks"
    assert shared.world.status("synchronization", "mutex", "holding") is None, "nothing is known"
    shared.turn(5)
    held = shared.world.status("synchronization", "mutex", "holding")
    assert held is None
    assert not shared.world.began
    shared.say("a", InLine(ready=True))
    shared.turn()
    (held,) = shared.world.status("synchronization", "mutex", "holding")
    assert held["mutex"] == f"{NAMESPACE}/Mutex/own"
    shared.say("a", HELD)
    shared.turn(4)
    assert shared.world.began == ["[0].a"]


def test_a_semaphore_without_a_row_says_how_to_add_one() -> None:
    """The workflow fails as it does where a ConfigMap lacks the key."""
    shared = Shared(SPEC)
    shared.lets["wf"] = InLine(unlimited="sem/shared/licences")
    shared.turn(3)
    assert shared.world.status("phase") == "Failed"
    assert "ruleengine pipeline sync set shared/licences" in shared.world.status("message")


def test_a_database_that_does_not_answer_is_waited_for() -> None:
    """And the workflow says what is wrong."""
    shared = Shared(SPEC)
    shared.turn()
    key = shared.asked[0].request().key
    shared.world.answers[key] = Answer(error="the database does not answer", remedy="check it")
    shared.turn()
    assert shared.world.status("phase") == "Pending"
    assert "does not answer; check it" in shared.world.status("message")


@pytest.mark.parametrize("shutdown", ["Stop", "Terminate"])
def test_a_stopped_workflow_leaves_the_line(shutdown: str) -> None:
    """It reads its claim no longer."""
    shared = Shared(SPEC)
    shared.lets["wf"] = waiting("other/far", row="sem/shared/licences")
    shared.turn(3)
    shared.world.change({"spec": {"shutdown": shutdown}})
    shared.turn(2)
    assert shared.world.status("phase") == "Failed"
    assert reads_of(shared.world) == set()


def test_of_several_locks_the_one_that_is_waited_for_says_who_has_it() -> None:
    """And how many of how many; the rows are asked for in one order, however they are stated."""
    stated = "semaphores: [{database: {key: b}}, {database: {key: a}}]"
    shared = Shared(
        SPEC.replace("semaphores: [{database: {key: licences}, namespace: shared}]", stated)
    )
    rows = tuple(f"sem/{NAMESPACE}/{one}" for one in "ab")
    line = InLine(blocked=rows[0], limit=3, taken=2, before=("other/far",))
    shared.lets["wf"] = line
    shared.turn(3)
    (claim,) = shared.asked
    assert claim.rows == rows
    lock = f"{NAMESPACE}/Database/a"
    assert shared.world.status("message") == f"Waiting for {lock} lock. Lock status: 1/3"
    assert shared.world.status("synchronization", "semaphore", "waiting") == [
        {"semaphore": f"{NAMESPACE}/Database/b"},
        {"semaphore": lock, "holders": ["other/far"]},
    ]


def test_one_name_for_both_kinds_is_an_error() -> None:
    """A status could not tell them apart."""
    both = "mutexes: [{name: licences, database: true, namespace: shared}], semaphores:"
    shared = Shared(SPEC.replace("semaphores:", both))
    shared.turn()
    assert shared.world.status("phase") == "Failed"
    assert "rename one of them" in shared.world.status("message")


def test_what_the_database_gave_to_another_before_it_began_does_not_begin() -> None:
    """It stands in the status as held, and the answer says otherwise by now."""
    shared = Shared(NODES.replace("    - {name: b, template: locked}\n", ""), busy)
    shared.lets = {"a": HELD}
    while shared.world.status("synchronization", "mutex", "holding") is None:
        shared.turn()
    shared.say("a", waiting("other/far"))
    shared.turn(3)
    assert not shared.world.began
    assert shared.world.status("synchronization", "mutex", "holding") is None
    shared.say("a", HELD)
    shared.turn(3)
    assert shared.world.began == ["[0].a"]


def test_a_workflow_that_asks_the_database_says_that_it_waits() -> None:
    """Before anything is known, of a node as well."""
    shared = Shared(NODES, busy)
    assert shared.turn().next.message == "waiting for locks"
