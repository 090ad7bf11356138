"""The logs of steps while a workflow runs: who is told first."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from ruleengine.app.pipelines.logs import Ending, Line, Reading, follow, following, read
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.silence import Silence, reasons_in
from ruleengine.cluster.errors import ApiError, NotFoundError
from ruleengine.model.actions import Target
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object

WORKFLOW = Target("argoproj.io/v1alpha1", "Workflow", "ci", "wf")


def node(name: str, phase: str, *children: str) -> Object:
    """Return a node with a pod."""
    own = {"id": name, "name": name, "displayName": name, "templateName": name, "type": "Pod"}
    return {**own, "phase": phase, "children": list(children), "startedAt": "2026-01-02T03:04:05Z"}


class _Server:
    """An API server whose log of the first step comes later than those after it could."""

    def __init__(self, *looks: tuple[str, str]) -> None:
        self._looks = list(looks)
        self.others = threading.Event()

    def get(self, target: Target) -> Object:
        """Return the workflow as it is at the next look, which ends with its last one."""
        first, second = self._looks.pop(0)
        nodes = {"first": node("first", first, "second"), "second": node("second", second)}
        phase = "Running" if self._looks else "Succeeded"
        metadata = {"name": target.name, "namespace": target.namespace}
        return {"metadata": metadata, "status": {"phase": phase, "nodes": nodes}}

    def logs(self, target: Target, *_: object, **__: object) -> Iterator[bytes]:
        """Return the log of a step."""
        if "second" not in target.name:
            self.others.wait(0.3)
        yield b"line\n"


def told(*looks: tuple[str, str]) -> list[str]:
    """Return which steps are told in turn, by the phases of two steps at each look."""
    server = _Server(*looks)
    place = SimpleNamespace(client=server, packing=SimpleNamespace(unpack=lambda one: one))
    lines: list[str] = []

    def tell(line: Line) -> None:
        lines.append(line.step)
        if line.step == "second":
            server.others.set()

    assert follow(cast("Place", place), WORKFLOW, Reading(), tell, Ending()) == ([], False)
    return lines


def test_what_was_over_is_told_before_what_came_after_it() -> None:
    """Steps may be shorter than the time between two looks."""
    assert told(("Succeeded", "Succeeded")) == ["first", "second"]
    assert told(("Running", "Pending"), ("Succeeded", "Running")) == ["first", "second"]


def test_what_is_under_way_holds_up_nothing() -> None:
    """Steps that run at the same time are told as they write."""
    assert told(("Running", "Running"), ("Succeeded", "Succeeded")) == ["second", "first"]


class _Dead(_Server):
    """A server that cannot reach the machine of a step when it is asked for the first time."""

    refuses = True

    def get(self, target: Target) -> Object:
        """Return a workflow that runs until its only step was told."""
        nodes = {"first": node("first", "Running")}
        phase = "Succeeded" if self.others.is_set() else "Running"
        metadata = {"name": target.name, "namespace": target.namespace}
        return {"metadata": metadata, "status": {"phase": phase, "nodes": nodes}}

    def logs(self, target: Target, *_: object, **__: object) -> Iterator[bytes]:
        """Return the log, the second time."""
        if self.refuses:
            self.refuses = False
            raise ApiError(500, "InternalError", "dial tcp: connection refused")
        yield f"{target.name}\n".encode()


def test_a_log_that_cannot_be_read_is_asked_for_again_while_its_step_runs() -> None:
    """Nothing is left to be told of it then."""
    server = _Dead()
    place = SimpleNamespace(client=server, packing=SimpleNamespace(unpack=lambda one: one))
    found = follow(
        cast("Place", place), WORKFLOW, Reading(), lambda _: server.others.set(), Ending()
    )
    assert found == ([], False)


def test_a_log_that_cannot_be_read_holds_up_no_other() -> None:
    """Each is told with its step; one that has not begun was not even looked for."""
    server = _Dead()
    place = cast("Place", SimpleNamespace(client=server))
    nodes = {one: node(one, "Running") for one in ("first", "second")}
    late = {**node("third", "Pending"), "message": "Unschedulable: no room"}
    status = {"nodes": {**nodes, "third": late}}
    lines: list[str] = []
    workflow = {"metadata": {"name": "wf"}, "status": status}
    dead, waits = read(place, workflow, Reading(), lambda line: lines.append(line.step))
    assert dead.startswith("first: its log cannot be read now: dial tcp: connection refused")
    assert waits == "third: it has not begun: Unschedulable: no room"
    assert lines == ["second"]


def test_a_log_for_which_the_disk_has_no_room_is_told_with_its_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was kept of a pod that is gone is laid down on the way; the others are told."""

    class Tidied(_Server):
        def logs(self, target: Target, *_: object, **__: object) -> Iterator[bytes]:
            if "first" in target.name:
                raise NotFoundError(404, "NotFound", "it is gone")
            yield b"line\n"

        def get(self, target: Target) -> Object:
            workflow = super().get(target)
            workflow["status"]["nodes"]["first"]["outputs"] = {"artifacts": [{"name": "main-logs"}]}
            return workflow

    def full(*_: object) -> None:
        raise StoreError("/tmp/log cannot be written: No space left on device", "free space")

    monkeypatch.setattr("ruleengine.app.pipelines.logs.fetch", full)
    server = Tidied(("Succeeded", "Succeeded"))
    place = SimpleNamespace(client=server, packing=SimpleNamespace(unpack=lambda one: one))
    lines: list[str] = []
    found = follow(
        cast("Place", place), WORKFLOW, Reading(), lambda one: lines.append(one.step), Ending()
    )
    told = "first: /tmp/log cannot be written: No space left on device"
    assert (found, lines) == (([told], False), ["second"])


def test_a_workflow_that_cannot_be_read_ends_what_is_told_beside_it() -> None:
    """Without a word: whoever follows the workflow itself says so."""
    asked = threading.Event()

    def unpack(_: Object) -> Object:
        asked.set()
        raise StoreError("its nodes are not in the database", "read it where they are")

    place = SimpleNamespace(
        client=_Server(("Running", "Running")), packing=SimpleNamespace(unpack=unpack)
    )
    with following(cast("Place", place), [WORKFLOW], print, threading.Event()):
        assert asked.wait(10)


def test_what_nobody_may_read_is_refused_once() -> None:
    """The server says which right is missing."""

    class Refusing(_Dead):
        def logs(self, target: Target, *_: object, **__: object) -> Iterator[bytes]:
            raise ApiError(403, "Forbidden", f"you may not read {target.name}")

    place = cast("Place", SimpleNamespace(client=Refusing()))
    workflow = {"metadata": {"name": "wf"}, "status": {"nodes": {"first": node("first", "Failed")}}}
    with pytest.raises(ApiError, match="you may not read"):
        read(place, workflow, Reading(), lambda _: None)


def test_why_logs_say_nothing_is_told_once_it_has_stood_a_while() -> None:
    """And once only; a reason that goes away and comes back has to stand again."""
    seconds, told = [0.0], list[str]()
    silence = Silence(told.append, lambda: seconds[0])
    for now, reasons, found in (
        (0.0, ["a", "b"], []),
        (2.9, ["a"], []),
        (3.0, ["a", "b"], ["a"]),
        (5.9, ["a", "b"], ["a"]),
        (6.0, ["a", "b"], ["a", "b"]),
        (9.0, ["a", "b"], ["a", "b"]),
    ):
        seconds[0] = now
        silence.look(reasons)
        assert told == found


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({}, ["wf: it has not begun"]),
        ({"phase": "Pending", "message": "waits"}, ["wf: it has not begun: waits"]),
        ({"phase": "Running"}, []),
    ],
)
def test_a_workflow_that_has_not_begun_is_a_reason(status: Object, found: list[str]) -> None:
    """Beside those of its steps."""
    workflow = {"metadata": {"name": "wf"}, "status": status}
    nodes = [node("a", "Pending"), node("b", "Running"), node("c", "Failed")]
    assert [*reasons_in(workflow, nodes)] == [*found, "a: it has not begun"]
