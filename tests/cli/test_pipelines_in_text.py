"""What ``pipeline`` commands say of what is there, on a control plane in this process."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import click
import pytest

from ruleengine.app.pipelines import driving, places
from ruleengine.app.pipelines.driving import Followed
from ruleengine.app.pipelines.places import Place
from ruleengine.cli.pipelines.completing import words_of
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Engine
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from tests.app.places import WORKFLOW, empty_place, stated
from tests.e2e.command_line import Result, call

TARGET = Target.of(WORKFLOW)
RUNNING: Object = {**WORKFLOW, "status": {"phase": "Running"}}
OVER: Object = {**WORKFLOW, "status": {"phase": "Succeeded"}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place where workflows can be."""
    return empty_place(tmp_path)


Say = Callable[..., Result]


@pytest.fixture
def pipeline(place: Place, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Return who runs ``pipeline`` commands there."""

    def opened(*_: object, seen: list[Object], **__: object) -> nullcontext[Place]:
        return nullcontext(replace(place, seen=seen))

    monkeypatch.setattr(places, "opened", opened)
    return lambda *words: call(place.workspace.root, "pipeline", *words)


def create(place: Place, kind: str, **body: Object) -> None:
    """Create an object of pipelines as somebody else does."""
    metadata = {"name": "it", "namespace": "ci"}
    value = {"apiVersion": ARGO_API_VERSION, "kind": kind, "metadata": metadata, **body}
    place.client.create(value, "tester")


def test_a_template_says_how_it_is_called(place: Place, pipeline: Say) -> None:
    """What each parameter is for, and what it may be."""
    colour = {"name": "colour", "default": "red", "enum": ["red", "blue"], "description": "Of all."}
    level: Object = {"name": "level"}
    spec: Object = {"entrypoint": "main", "arguments": {"parameters": [colour, level]}}
    assert pipeline("template", "list").output == "none\n"
    create(place, "WorkflowTemplate", spec={**spec, "templates": [{"name": "main"}, {"name": "b"}]})
    assert pipeline("template", "get", "it").output.splitlines() == [
        "Kind:       WorkflowTemplate",
        "Namespace:  ci",
        "Name:       it",
        "Entrypoint: main",
        "Parameter:  colour=red (one of red, blue)  Of all.",
        "Parameter:  level=",
        "Templates:  main, b",
    ]
    assert pipeline("template", "list").output.splitlines() == [
        "KIND              NAMESPACE  NAME  ENTRYPOINT  PARAMETERS",
        "WorkflowTemplate  ci         it    main        colour, level",
    ]


def test_what_runs_by_schedule_says_how_it_went(place: Place, pipeline: Say) -> None:
    """And what is wrong with it, in place of when it is next."""
    spec = {"schedules": ["0 25 * * *"], "workflowSpec": {}, "concurrencyPolicy": "Forbid"}
    told = {"type": "SpecError", "status": "True", "message": "no such hour"}
    status = {"succeeded": 2, "failed": 1, "active": [{"name": "a"}], "conditions": [told]}
    create(place, "CronWorkflow", spec=spec, status=status)
    lines = pipeline("cron", "get", "it").output.splitlines()
    problem = lines.pop(4)
    assert problem.startswith("Next:       cron schedule '0 25 * * *'")
    assert lines == [
        "Name:       it",
        "Schedules:  0 25 * * *",
        "Timezone:   UTC",
        "Last:       -",
        "Active:     1",
        "Suspended:  no",
        "Policy:     Forbid",
        "Runs:       2 succeeded, 1 failed",
        "SpecError: no such hour",
    ]


def test_a_schedule_without_another_time_is_told_as_that(place: Place, pipeline: Say) -> None:
    """The thirtieth of February never comes."""
    create(place, "CronWorkflow", spec={"schedules": ["0 0 30 2 *"], "workflowSpec": {}})
    assert "Next:       -\n" in pipeline("cron", "get", "it").output
    run = pipeline("cron", "backfill", "it", "--start", "2026-01-01T02:00:00Z", "-o", "json")
    assert (run.code, '"items": []' in run.output) == (0, True), run.text


@pytest.mark.parametrize(
    ("followed", "code", "told"),
    [
        (Followed(workflows={TARGET: OVER}), 0, ""),
        (Followed(workflows={TARGET: None}), 1, "wf was deleted before its end\n"),
        (
            Followed(workflows={TARGET: RUNNING}, driver="held elsewhere"),
            0,
            "note: held elsewhere; this run only watched\n",
        ),
        (Followed(workflows={TARGET: RUNNING}, cancelled=True), 130, "it waits for who drives it"),
        (Followed(workflows={TARGET: RUNNING}, timed_out=True), 1, "pipeline watch wf, or "),
    ],
)
def test_how_following_ended_is_told(
    pipeline: Say,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    followed: Followed,
    code: int,
    told: str,
) -> None:
    """Beside the workflow, which is printed as it was last."""
    place.client.create(WORKFLOW, "tester")
    monkeypatch.setattr(driving, "follow", lambda *_: followed)
    found = pipeline("wait", "wf", "-o", "name")
    assert (found.code, told in found.errors, bool(found.errors)) == (code, True, bool(told))
    assert found.output == ("" if followed.gone else "workflow/wf\n")


def test_what_was_handed_over_is_driven_on_by_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody is seen to hold the lease."""
    place.client.create(WORKFLOW, "tester")
    theirs = stated(place, engine=Engine.HANDOVER)
    monkeypatch.setattr(places, "opened", lambda *_, **__: nullcontext(theirs))
    ended = Followed(workflows={TARGET: RUNNING}, timed_out=True)
    monkeypatch.setattr(driving, "follow", lambda *_: ended)
    found = call(place.workspace.root, "pipeline", "wait", "wf")
    assert (found.code, "not over yet, others drive it on: " in found.errors) == (1, True)


def test_words_with_commas_are_completed_by_what_the_last_begins_with() -> None:
    """Those before it stay."""
    complete = words_of(("Failed", "Error"))
    nothing = cast("click.Context", None), cast("click.Parameter", None)
    for incomplete, found in (
        ("", ["Failed", "Error"]),
        ("Fa", ["Failed"]),
        ("Failed,E", ["Failed,Error"]),
    ):
        assert complete(*nothing, incomplete) == found


NODE: Object = {"id": "a", "name": "a", "displayName": "a", "type": "Pod", "phase": "Failed"}


@pytest.mark.parametrize(
    ("status", "words", "told"),
    [
        ({"nodes": {"a": {}}}, ("logs", "it"), "'status.nodes.a' lacks the field 'id'"),
        (
            {"nodes": {"a": {key: NODE[key] for key in ("id", "type")}}},
            ("get", "it"),
            "'status.nodes.a' lacks the field 'name'",
        ),
        (
            {"phase": "Failed", "finishedAt": "yesterday"},
            ("delete", "--older", "1s"),
            "'status.finishedAt' is no time: 'yesterday'",
        ),
        (
            {"phase": "Failed", "nodes": {"a": {**NODE, "startedAt": "now", "finishedAt": "now"}}},
            ("get", "it"),
            "'status.nodes.a.startedAt' is no time: 'now'",
        ),
    ],
)
def test_a_live_workflow_that_lacks_something_is_named_by_who_stumbles_over_it(
    place: Place, pipeline: Say, status: Object, words: tuple[str, ...], told: str
) -> None:
    """Not every cluster makes sure of it; it can be deleted, and then all is well."""
    create(place, "Workflow", spec={}, status=status)
    found = pipeline(*words)
    assert found.crash == ""
    assert (found.code, f"Workflow/it, as it is live: {told}\n" in found.errors) == (1, True)
    assert pipeline("delete", "it").code == 0


def test_artifacts_are_told_as_they_are_brought(
    place: Place, pipeline: Say, tmp_path: Path
) -> None:
    """Or that there are none."""
    create(place, "Workflow", spec={}, status={"phase": "Failed", "nodes": {"a": NODE}})
    assert [pipeline("artifact", one, "it").output for one in ("list", "get")] == ["none\n"] * 2
    assert pipeline("delete", "it").output == "deleted it\n"
    report = {"name": "report", "path": "/r", "raw": {"data": "x"}}
    node = {**NODE, "outputs": {"artifacts": [report]}}
    create(place, "Workflow", spec={}, status={"phase": "Failed", "nodes": {"a": node}})
    to = tmp_path / "here"
    told = pipeline("artifact", "get", "it", "--to", str(to)).output
    assert (told, (to / "a/report").read_text()) == (f"a/report: {to}/a/report\n", "x")
