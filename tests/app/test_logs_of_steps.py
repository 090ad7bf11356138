"""The logs of steps while a workflow runs: who is told first."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

from ruleengine.app.pipelines.logs import Ending, Line, Reading, follow
from ruleengine.app.pipelines.places import Place
from ruleengine.model.actions import Target
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
