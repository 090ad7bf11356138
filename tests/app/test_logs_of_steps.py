"""The logs of steps while a workflow runs: who is told first."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from ruleengine.app.pipelines import logs
from ruleengine.app.pipelines.logs import Ending, Line, Reading, follow, following, read
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.silence import Silence, reasons_in
from ruleengine.cluster.errors import ApiError, BadRequestError, NotFoundError
from ruleengine.model.actions import Target
from ruleengine.model.errors import (
    FailedError,
    RuleEngineError,
    StoreError,
    UnreachableError,
    UsageError,
)
from ruleengine.model.values import Object

UNREACHABLE = UnreachableError("broken", "mend it")
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
    lines: list[str] = []

    def tell(line: Line) -> None:
        lines.append(line.step)
        if line.step == "second":
            server.others.set()

    assert follow(place_of(server), WORKFLOW, Reading(), tell, Ending()) == ([], False)
    return lines


def test_what_was_over_is_told_before_what_came_after_it() -> None:
    """Steps may be shorter than the time between two looks."""
    assert told(("Succeeded", "Succeeded")) == ["first", "second"]
    assert told(("Running", "Pending"), ("Succeeded", "Running")) == ["first", "second"]


def test_what_is_under_way_holds_up_nothing() -> None:
    """Steps that run at the same time are told as they write."""
    assert told(("Running", "Running"), ("Succeeded", "Succeeded")) == ["second", "first"]


def place_of(server: object) -> Place:
    """Return a place whose logs come from a server."""
    return cast("Place", SimpleNamespace(client=server, packing=SimpleNamespace(unpack=_same)))


def _same(value: Object) -> Object:
    return value


def test_what_is_over_and_silent_holds_up_the_others_only_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And is told to its end all the same."""

    class Silent(_Server):
        def logs(self, target: Target, *_: object, **__: object) -> Iterator[bytes]:
            if "second" not in target.name:
                self.others.wait(60)
            yield b"one\ntwo"

    monkeypatch.setattr(logs, "_ORDERLY", 0.0)
    server = Silent(("Succeeded", "Succeeded"))
    lines: list[tuple[str, str]] = []

    def tell(line: Line) -> None:
        lines.append((line.step, line.text))
        if line == Line(step="second", pod=line.pod, text="two"):
            server.others.set()

    assert follow(place_of(server), WORKFLOW, Reading(), tell, Ending()) == ([], False)
    assert lines == [(step, text) for step in ("second", "first") for text in ("one", "two")]


def test_who_takes_no_more_lines_ends_what_tells_them() -> None:
    """With the error with which it took none; beside something else that goes on."""

    def tell(_: Line) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        follow(place_of(_Server(("Running", "Running"))), WORKFLOW, Reading(), tell, Ending())
    with following(place_of(_Server(("Running", "Running"))), [WORKFLOW], tell, threading.Event()):
        pass


def test_a_workflow_that_is_deleted_ends_its_logs() -> None:
    """What was told until then is all."""
    server = SimpleNamespace(get=lambda _: None)
    assert follow(place_of(server), WORKFLOW, Reading(), print, Ending()) == ([], True)


def test_the_rest_is_told_where_something_else_comes_to_its_end() -> None:
    """Of the steps that have begun by then."""
    lines: list[str] = []
    server = _Server(("Running", "Pending"), ("Succeeded", "Succeeded"))
    with following(
        place_of(server), [WORKFLOW], lambda one: lines.append(one.step), threading.Event()
    ):
        pass
    assert lines == ["first", "second"]


def test_nothing_is_told_any_more_beside_what_is_over() -> None:
    """Whether the workflow goes on or not."""
    endless = _Server(*[("Running", "Pending")] * 999)
    others = set(threading.enumerate())
    with following(place_of(endless), [WORKFLOW], lambda _: None, threading.Event()):
        assert set(threading.enumerate()) - others
    assert set(threading.enumerate()) <= others


@pytest.mark.parametrize("error", [ApiError(500, "InternalError", "broken"), UNREACHABLE])
def test_what_was_told_is_not_told_again_where_the_rest_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It is said that there is a rest."""
    monkeypatch.setattr(logs, "_AGAIN", 0.0)

    class Breaking(_Server):
        def logs(self, target: Target, *_: object, **__: object) -> Iterator[bytes]:
            yield f"{target.name}\n".encode()
            if "second" not in target.name:
                raise error

    server = Breaking(*[("Running", "Pending")] * 3, ("Succeeded", "Succeeded"))
    lines: list[str] = []
    found, gone = follow(
        place_of(server), WORKFLOW, Reading(), lambda one: lines.append(one.step), Ending()
    )
    assert (lines, gone) == (["first", "second"], False)
    assert [one.partition(";")[0] for one in found] == ["first: its log cannot be read now: broken"]


@pytest.mark.parametrize(
    ("container", "told"),
    [("main", "first: it waits"), ("other", "first: it waits; its containers: main, init")],
)
def test_a_log_that_is_refused_says_which_containers_there_are(container: str, told: str) -> None:
    """Unless the one that is meant is among them."""

    class Refusing(_Server):
        def get(self, target: Target) -> Object:
            containers = {"containers": [{"name": "main"}], "initContainers": [{"name": "init"}]}
            return {"spec": containers} if target.kind == "Pod" else super().get(target)

        def logs(self, *_: object, **__: object) -> Iterator[bytes]:
            raise BadRequestError(400, "BadRequest", "it waits")

    workflow = {"metadata": {"name": "wf"}, "status": {"nodes": {"first": node("first", "Failed")}}}
    assert read(place_of(Refusing()), workflow, Reading(container=container), print) == [told]


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


def test_a_log_that_cannot_be_read_is_asked_for_again_while_its_step_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is left to be told of it then."""
    monkeypatch.setattr(logs, "_AGAIN", 0.0)
    server = _Dead()
    found = follow(place_of(server), WORKFLOW, Reading(), lambda _: server.others.set(), Ending())
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


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreError("/tmp/log cannot be written: full", "free space"), "first: /tmp/log"),
        (UsageError("/tmp/log cannot be written: no", "choose another"), "first: /tmp/log"),
        (FailedError("first/main-logs cannot be loaded", "look there"), "first/main-logs"),
    ],
)
def test_a_kept_log_that_cannot_be_brought_here_is_told_with_its_step(
    monkeypatch: pytest.MonkeyPatch, error: RuleEngineError, told: str
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

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(logs, "fetch", failing)
    server = Tidied(("Succeeded", "Succeeded"))
    lines: list[str] = []
    (found,), gone = follow(
        place_of(server), WORKFLOW, Reading(), lambda one: lines.append(one.step), Ending()
    )
    assert (found.startswith(told), gone, lines) == (True, False, ["second"])


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
