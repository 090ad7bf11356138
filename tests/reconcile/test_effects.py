"""Effects: intended before, done after, at least once, and never again once done."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Decision, Next, Request, Stop
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.records import from_secret, record_target
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.effects import PURPOSE
from tests.cluster.fake_api import WRITES, FakeApi
from tests.reconcile.test_settling import KilledError, Scene, workflow

OWNER = Target("argoproj.io/v1alpha1", "Workflow", "shop", "one")
LEDGER = record_target(OWNER, PURPOSE)


@dataclass
class Caller:
    """Calls outside once, and writes what came back to the status."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"
    service: str = "call"

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return the call, or what came of it."""
        del now, memo
        if lookup(value, "status", "phase") == "Succeeded":
            return Decision(status=value["status"])
        name = value["metadata"]["name"]
        request = Request(kind=self.service, payload={"owner": name}, effect=True)
        answer = world.answer(request)
        if answer is None:
            following = Next(stop=Stop.ON, message="the call")
            return Decision(requests=(request,), next=following, status={"phase": "Running"})
        return Decision(status={"phase": "Succeeded", "said": answer.error or answer.value})


@dataclass
class Outside:
    """The outside: which keys it was called with, and how often it does not answer."""

    api: FakeApi
    keys: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    deaf: int = 0
    dies: bool = False

    def __call__(self, request: Request) -> Answer:
        """Do it, and note what the ledger says at that moment."""
        self.keys.append(request.key)
        self.states.append(ledger(self.api)[request.key]["state"])
        if self.dies:
            raise KilledError
        if self.deaf:
            self.deaf -= 1
            raise UnreachableError("nobody answers", "try later")
        return Answer(value="done")


def scene(api: FakeApi | None = None) -> tuple[Scene, Outside]:
    """Return a process with one object and the outside."""
    fresh = api is None
    api = api or FakeApi()
    outside = Outside(api)
    made = Scene(api=api, reconciler=Caller(), performers={"call": outside})
    if fresh:
        api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ruleengine"}})
        api.add(workflow("one"))
    return made, outside


def ledger(api: FakeApi) -> Object:
    """Return the entries of the ledger."""
    secret = api.objects.get(LEDGER)
    return {} if secret is None else from_secret(secret)["effects"]


def test_an_effect_is_recorded_before_and_after() -> None:
    """It is performed once; a later process neither performs nor writes anything."""
    first, outside = scene()
    first.settle()
    assert outside.states == ["intended"]
    assert [one["state"] for one in ledger(first.api).values()] == ["done"]
    assert first.status("one") == {"phase": "Succeeded", "said": "done"}
    again, later = scene(first.api)
    assert again.settle().writes == 0
    assert later.keys == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_write_an_effect_is_repeated_with_the_same_key(when: str) -> None:
    """For every write: the end is the same, and no more than one repetition is needed."""
    whole, _ = scene()
    writes = whole.settle().writes
    assert writes >= 4
    for number in range(writes):
        first, outside = scene()
        left = [number]

        def fault(request: HttpRequest, at: str, left: list[int] = left) -> None:
            if at == when and request.method in WRITES:
                if left[0] == 0:
                    raise KilledError
                left[0] -= 1

        first.api.fault = fault
        with pytest.raises(KilledError):
            first.settle()
        first.api.fault = lambda *_: None
        again, later = scene(first.api)
        again.settle()
        assert again.status("one") == whole.status("one")
        keys = [*outside.keys, *later.keys]
        assert len(set(keys)) == 1
        assert len(keys) <= 2


def test_killed_within_the_effect_it_is_done_again() -> None:
    """The intention was recorded, so the key is the same."""
    first, outside = scene()
    outside.dies = True
    with pytest.raises(KilledError):
        first.settle()
    assert [one["state"] for one in ledger(first.api).values()] == ["intended"]
    again, later = scene(first.api)
    again.settle()
    assert later.keys == outside.keys
    assert again.status("one")["said"] == "done"


def test_what_is_done_is_recalled_before_anything_else_is_written() -> None:
    """A process that died before it wrote the status does not call again."""
    first, _ = scene()
    first.settle()
    del first.api.objects[OWNER]["status"]
    again, later = scene(first.api)
    before = len(first.api.writes)
    again.settle()
    assert later.keys == []
    assert again.status("one") == {"phase": "Succeeded", "said": "done"}
    assert len(first.api.writes) == before + 1


def test_an_outside_that_does_not_answer_is_asked_again_later() -> None:
    """With the same key and growing pauses; in the end its silence is the answer."""
    first, outside = scene()
    outside.deaf = 2
    first.settle()
    assert len(outside.keys) == 3
    assert len(set(outside.keys)) == 1
    assert first.status("one")["said"] == "done"
    other, never = scene()
    never.deaf = 99
    other.settle(600)
    assert other.status("one")["said"] == "nobody answers"


def test_an_effect_without_an_answer_is_never_taken_for_done() -> None:
    """At least once: a later run, which asks again, performs it with the same key."""
    first, outside = scene()
    outside.deaf = 99
    first.settle(600)
    del first.api.objects[OWNER]["status"]
    again, later = scene(first.api)
    again.settle()
    assert set(later.keys) == set(outside.keys)
    assert again.status("one")["said"] == "done"


def test_an_effect_that_cannot_be_recorded_is_not_performed() -> None:
    """The finding names the object; once it can be, it is performed."""
    first, outside = scene()
    left = [1]

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and left and request.method == "POST" and "secrets" in request.path:
            left.pop()
            return HttpResponse(status=403, body=b'{"reason":"Forbidden"}')
        return None

    first.api.fault = fault
    settled = first.settle()
    assert outside.states == ["intended"]
    assert settled.findings == ()
    first.api.fault = fault
    left.append(1)
    left.extend([1] * 500)
    other, never = scene()
    other.api.fault = fault
    settled = other.settle()
    assert never.keys == []
    assert [one.code for one in settled.findings] == ["plan-effect-unrecorded"]


def test_an_unknown_effect_is_a_finding_of_its_object_and_not_recorded() -> None:
    """A version that knows it can still perform it; other objects are not concerned."""
    first, _ = scene()
    first.reconciler.service = "teleport"
    settled = first.settle()
    assert [one.code for one in settled.findings] == ["plan-request-unknown"]
    assert "Workflow/shop/one" in settled.findings[0].message
    assert ledger(first.api) == {}
    assert "teleport" in first.status("one")["said"]


def test_a_performer_that_breaks_costs_one_request() -> None:
    """It becomes an answer with an error."""
    first, _ = scene()

    def broken(_: Request) -> Answer:
        raise ZeroDivisionError

    first.performers["call"] = broken
    first.settle()
    assert "ZeroDivisionError" in first.status("one")["said"]


@pytest.mark.parametrize("collected", [True, False])
def test_the_ledger_of_another_life_does_not_count(*, collected: bool) -> None:
    """An object that was deleted and made again has its effects performed again.

    Also where the ledger of the one before cannot be deleted.
    """
    first, _ = scene()
    first.settle()
    first.api._remove(OWNER)
    first.api.add(workflow("one"))

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        refused = request.method == "DELETE" and when == "before" and not collected
        return HttpResponse(status=403, body=b'{"reason":"Forbidden"}') if refused else None

    again, later = scene(first.api)
    first.api.fault = fault
    again.settle()
    assert len(later.keys) == 1


def test_an_answer_that_is_too_large_is_remembered_as_an_error() -> None:
    """A ledger is no store of data; the run that asked has the answer all the same."""
    first, _ = scene()
    first.performers["call"] = lambda _: Answer(value="x" * 40_000)
    first.settle()
    assert len(first.status("one")["said"]) == 40_000
    del first.api.objects[OWNER]["status"]
    again, later = scene(first.api)
    again.settle()
    assert later.keys == []
    assert "too large to be kept" in again.status("one")["said"]


class TwoCallers(Caller):
    """Calls twice while it reads both answers, notes that, and calls once more."""

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return the call that is next."""
        del now, memo
        half = lookup(value, "status", "phase") in ("Half", "Succeeded")
        for name in ("third",) if half else ("first", "second"):
            request = Request(kind="call", payload={"owner": name}, effect=True)
            if world.answer(request) is None:
                following = Next(stop=Stop.ON, message=name)
                return Decision(requests=(request,), next=following, status=value.get("status"))
        return Decision(status={"phase": "Succeeded" if half else "Half"})


def test_an_answer_is_kept_for_as_long_as_it_is_read() -> None:
    """And forgotten with the first intention of a decision that does not read it."""
    first, outside = scene()
    first.reconciler = TwoCallers()
    kept: list[list[str]] = []

    def call(request: Request) -> Answer:
        kept.append(sorted(one["state"] for one in ledger(first.api).values()))
        return outside(request)

    first.performers["call"] = call
    first.settle()
    assert first.status("one") == {"phase": "Succeeded"}
    assert kept == [["intended"], ["done", "intended"], ["intended"]]


@pytest.mark.parametrize(("before", "method"), [(False, "POST"), (True, "PUT")])
def test_two_processes_never_perform_one_intention_both(*, before: bool, method: str) -> None:
    """The second one to record is refused, reads again and finds it done."""
    first, outside = scene()
    if before:  # there is a ledger already, of something that was done
        first.performers["earlier"] = lambda _: Answer(value="done")
        first.reconciler.service = "earlier"
        first.settle()
        first.reconciler.service = "call"
        del first.api.objects[OWNER]["status"]
    other, later = scene(first.api)
    entered: list[bool] = []

    def fault(request: HttpRequest, when: str) -> None:
        recording = request.method == method and "secrets" in request.path
        if when == "before" and recording and not entered:
            entered.append(True)
            other.settle()

    first.api.fault = fault
    first.settle()
    assert (len(outside.keys), len(later.keys)) == (0, 1)
    assert first.status("one")["phase"] == "Succeeded"
