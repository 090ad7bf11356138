"""Workflows as text: tables, trees, lines that are added, and pictures drawn in place."""

import io
import re
from datetime import UTC, datetime

from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.drawing import dot, drawing_of, mermaid
from ruleengine.reporting.live import Picture
from ruleengine.reporting.style import PLAIN, Style
from ruleengine.reporting.workflows import (
    change_lines,
    nodes_text,
    with_lines,
    workflow_rows,
    workflow_text,
)
from tests.pipelines.worlds import End, MemoryWorld, documents, world_of

SPEC = """
entrypoint: main
onExit: say
arguments: {parameters: [{name: who, value: "me"}]}
templates:
- name: main
  steps:
  - - {name: first, template: say}
  - - {name: each, template: say, withItems: [a, b]}
  - - {name: again, template: again}
    - {name: beside, template: inner}
- name: inner
  dag:
    tasks:
    - {name: left, template: say, hooks: {exit: {template: say}}}
    - {name: right, template: say, dependencies: [left], when: "1 == 2"}
- name: again
  retryStrategy: {limit: 1}
  container: {image: alpine, command: ["false"]}
- name: say
  container: {image: alpine, command: [echo]}
"""
NOW = datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)


def ended() -> MemoryWorld:
    """Return a world whose workflow failed in both attempts of a step."""
    world = world_of(SPEC, lambda name, _: End(code=int("again" in name)))
    world.settle()
    return world


def outline(text: str) -> list[tuple[int, str]]:
    """Return depth and name of each line of a tree."""
    found = []
    for line in text.splitlines():
        rest = line.lstrip("|`- ")
        found.append(((len(line) - len(rest)) // 3, rest.split("  ")[1]))
    return found


def test_a_tree_shows_what_is_inside_of_what() -> None:
    """Loops, attempts, DAGs and hooks hang where they belong, in the order of time."""
    text = nodes_text(ended().workflow(), NOW, Style(unicode=False))
    assert outline(text) == [
        (0, "wf"),
        (1, "first"),
        (1, "[1]"),
        (2, "each(0:a)"),
        (2, "each(1:b)"),
        (1, "[2]"),
        (2, "again"),
        (3, "again(0)"),
        (3, "again(1)"),
        (2, "beside"),
        (3, "left"),
        (4, "left.onExit"),
        (3, "right"),
        (1, "wf.onExit"),
    ]


def test_a_workflow_is_told_with_its_facts_and_outputs() -> None:
    """Phase, durations, parameters and the outputs of the whole."""
    world = ended()
    world.change({"status": {"outputs": {"parameters": [{"name": "image", "value": "web:2"}]}}})
    text = workflow_text(world.workflow(), NOW)
    assert "Status:     Failed\n" in text
    assert "Parameters: who=me\n" in text
    assert text.endswith("Outputs:\n  image: web:2\n")
    head, row = workflow_rows([world.workflow()], NOW, wide=True, namespaces=True)
    assert head[:3] == ("NAMESPACE", "NAME", "STATUS")
    assert (row[1], row[2], row[3], row[-1]) == ("wf", "Failed", "1h", "who=me")


def test_what_went_wrong_beside_the_steps_is_told() -> None:
    """Metrics that could not be told, artifacts that could not be deleted."""
    wrong = {"type": "MetricsError", "status": "True", "message": "metric 'x': no number"}
    world = ended()
    world.change({"status": {"conditions": [*world.status("conditions"), wrong]}})
    text = workflow_text(world.workflow(), NOW)
    assert re.search(r"^MetricsError: +metric 'x': no number$", text, re.MULTILINE)
    assert "Completed:" not in text


def test_a_suspended_workflow_says_so_before_anything_ran() -> None:
    """There is no status yet."""
    value: Object = {
        "metadata": {"name": "wf", "creationTimestamp": "2026-01-02T04:04:00Z"},
        "spec": {"suspend": True},
    }
    _, row = workflow_rows([value], NOW)
    assert row == ("wf", "Pending (Suspended)", "5s", "-", "-", "-")
    assert "Pending (Suspended)" in workflow_text(value, NOW)


def test_lines_are_only_added_where_something_changed() -> None:
    """Once per node and phase; what runs is told before its nodes, what ended after them."""
    world = world_of(SPEC, lambda name, _: End(code=int("again" in name)))
    world.turn()
    first = world.workflow()
    assert change_lines(None, first) == ["wf: Running", "wf: first Pending"]
    assert change_lines(first, first) == []
    world.settle()
    lines = change_lines(first, world.workflow())
    assert lines[-1].startswith("wf: Failed")
    assert "wf: first Succeeded after 1s" in lines


def test_texts_of_documents_cannot_steer_a_terminal() -> None:
    """Escape sequences in messages are shown, not sent."""
    world = ended()
    passed = [{"name": "who", "value": "\x1b[2Jme\nyou"}]
    world.change(
        {"status": {"message": "\x1b[2Jgone"}, "spec": {"arguments": {"parameters": passed}}}
    )
    assert workflow_rows([world.workflow()], NOW, wide=True)[1][5:] == (
        "\\x1b[2Jgone",
        "-",
        "who=\\x1b[2Jme\\nyou",
    )
    assert "\x1b" not in workflow_text(world.workflow(), NOW)
    assert "\x1b" not in "".join(change_lines(None, world.workflow()))


def test_a_picture_is_drawn_over_the_one_before() -> None:
    """Cut to the terminal, not too often, and whole at the end."""
    stream, times = io.StringIO(), iter([0.0, 0.1, 1.0, 1.1])
    picture = Picture(stream, lambda: (6, 3), lambda: next(times))
    picture.draw(lambda: ["one\ntwo\nthree\nfour"])
    picture.draw(lambda: ["too soon"])
    picture.draw(lambda: ["changed"])
    picture.draw(lambda: ["a longer end\n" * 4], last=True)
    drawn = stream.getvalue()
    assert drawn.startswith("\x1b[Jone\n... 3 \n\x1b[2A\r\x1b[Jchange\n\x1b[1A\r\x1b[J")
    assert drawn.count("a longer end") == 4
    assert "too soon" not in drawn


def test_colours_take_no_room_and_end_where_a_line_is_cut() -> None:
    """So that nothing that follows is coloured."""
    text = Style(colour=True).paint("abcdef", "red")
    assert with_lines([text], 5, 3) == ["\x1b[31mabc\x1b[0m"]
    assert with_lines([text], 5, 6) == [text]
    assert with_lines(["a\nb\nc"], 2, 20) == ["a", "... 2 more lines"]
    assert PLAIN.paint("abc", "red") == "abc"


def test_graphs_of_what_runs_and_of_what_is_declared() -> None:
    """Edges lead to what comes after; labels are quoted for their language."""
    (spec,) = documents(SPEC.replace('"1 == 2"', '\'"a" == "b"\''))
    declared = drawing_of({"kind": "WorkflowTemplate", "spec": spec})
    names = {one.id: one.label for one in declared.points}
    edges = {(names[first], names[second]) for first, second in declared.edges}
    assert ("first", "each (loop)") in edges
    assert ("each (loop)", "again") in edges
    assert ("beside", "left") in edges
    assert "#quot;a#quot;" in mermaid(declared)
    assert '\\"a\\"' in dot(declared)
    live = drawing_of(ended().workflow())
    assert ":::Failed" in mermaid(live)
    assert 'fillcolor="#ffcdd2"' in dot(live)
    endless = {
        "entrypoint": "a",
        "templates": [{"name": "a", "steps": [[{"name": "b", "template": "a"}]]}],
    }
    assert len(drawing_of({"kind": "Workflow", "spec": endless}).points) == 13
