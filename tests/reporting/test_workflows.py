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
    node_line,
    nodes_text,
    with_lines,
    workflow_rows,
    workflow_text,
)
from tests.pipelines.queues import WAITS_FOR_ITSELF
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


def test_who_waits_for_a_lock_says_behind_whom() -> None:
    """Whoever waits for a lock that its own workflow holds, for ever, finds itself named."""
    world = world_of(WAITS_FOR_ITSELF)
    world.settle()
    text = workflow_text(world.workflow(), NOW)
    behind = "pipelines/Mutex/m, behind pipelines/wf/wf"
    assert re.search(rf"^Waits for: +{behind}$", text, re.MULTILINE)
    assert "Waiting for pipelines/Mutex/m lock. Lock status: 0/1" in text
    world.change({"status": {"synchronization": {"mutex": {"waiting": [{"mutex": "a/Mutex/m"}]}}}})
    assert re.search(r"^Waits for: +a/Mutex/m$", workflow_text(world.workflow(), NOW), re.MULTILINE)


ASKS = """
entrypoint: main
templates:
- name: main
  suspend: {}
  outputs:
    parameters:
    - {name: verdict, enum: ["yes", "no"], valueFrom: {supplied: {}, default: "no"}}
    - {name: reason, valueFrom: {supplied: {}}}
"""


def test_a_node_that_waits_for_a_person_says_what_it_asks_for() -> None:
    """With what can be chosen, until it is over."""
    world = world_of(ASKS)
    world.settle()
    told = "asks for verdict=yes|no, reason=VALUE"
    assert node_line(world.node("wf"), NOW).endswith(told)
    assert told not in node_line({**world.node("wf"), "phase": "Succeeded"}, NOW)
    assert node_line({**world.node("wf"), "message": "seen"}, NOW).endswith("seen")


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


def picture_of(*sizes: tuple[int, int]) -> tuple[Picture, io.StringIO]:
    """Return a picture on a terminal that has these sizes, one after another, and its stream."""
    stream, times, shown = io.StringIO(), iter(range(9)), iter(sizes)
    return Picture(stream, lambda: next(shown), lambda: next(times)), stream


def test_a_picture_is_drawn_over_the_one_before() -> None:
    """Cut to the terminal, not too often, and whole at the end."""
    stream, times = io.StringIO(), iter([0.0, 0.1, 1.0, 1.1])
    picture = Picture(stream, lambda: (6, 3), lambda: next(times))
    picture.draw(lambda _: ["one\ntwo\nthree\nfour"])
    picture.draw(lambda _: ["too soon"])
    picture.draw(lambda _: ["changed"])
    picture.draw(lambda columns: ["a longer end\n" * 4, f"{columns > 6}"], last=True)
    drawn = stream.getvalue()
    assert drawn.startswith("\x1b[Jone\n... 3 \n\x1b[2A\r\x1b[Jchange\n\x1b[1A\r\x1b[J")
    assert drawn.count("a longer end") == 4
    assert drawn.endswith("True\n")
    assert "too soon" not in drawn


def test_a_picture_is_found_again_on_a_terminal_that_became_narrower() -> None:
    """Its lines take more rows there; empty ones take one, and colours take none."""
    picture, stream = picture_of((8, 9), (4, 9), (4, 9))
    red = Style(colour=True).paint("abcdefgh", "red")
    picture.draw(lambda columns: [f"{red}\n\n{columns}"])
    picture.draw(lambda columns: [f"{columns}"])
    assert stream.getvalue().endswith("8\n\x1b[4A\r\x1b[J4\n")


def test_letters_that_are_wide_do_not_break_lines() -> None:
    """Each takes two columns of a terminal; one that does not fit any more is left out."""
    assert with_lines(["日本語"], 5, 5) == ["日本"]
    assert with_lines(["日本語"], 5, 6) == ["日本語"]
    red = Style(colour=True).paint("日本", "red")
    assert with_lines([f"{red}語x"], 5, 3) == ["\x1b[31m日\x1b[0m"]
    assert with_lines([f"{red}語x"], 5, 5) == ["\x1b[31m日本\x1b[0m\x1b[0m"]
    picture, stream = picture_of((6, 9), (3, 9))
    picture.draw(lambda _: ["日本語"])
    picture.draw(lambda _: ["end"])
    assert "\x1b[2A\r" in stream.getvalue()


def test_durations_stand_within_a_terminal_however_long_names_are() -> None:
    """The middle of a name is left out: its beginning and its end tell it apart."""
    name = f"check-{'very-' * 20}slow(12:東京都渋谷区)"
    node = {"name": name, "displayName": name, "type": "Pod", "phase": "Running"}
    node |= {"templateName": "say", "startedAt": "2026-01-02T04:04:01Z"}
    (line,) = with_lines([node_line(node, NOW, columns=40)], 5, 40)
    assert line.startswith("●  check-very")
    assert line.endswith("渋谷区)  say  4s")
    assert "…" in line
    assert name in node_line(node, NOW)
    inner = {**node, "id": "b", "boundaryID": "wf"}
    root = {"id": "wf", "name": "wf", "type": "DAG", "phase": "Running", "children": ["b"]}
    value = {"metadata": {"name": "wf"}, "status": {"nodes": {"wf": root, "b": inner}}}
    text = workflow_text(value, NOW, columns=40)
    assert [line for line in text.splitlines() if line.endswith("  say  4s")]
    assert with_lines([text], 99, 40) == text.splitlines()


def test_within_one_second_steps_stand_in_the_order_in_which_they_ran() -> None:
    """Times have whole seconds; names tell nothing of what came after what."""
    spec = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: c, template: say}
    - {name: b, template: say, dependencies: [c]}
    - {name: a, template: say, dependencies: [b]}
    - {name: a10, template: say, dependencies: [b]}
    - {name: a9, template: say, dependencies: [b]}
- name: say
  container: {image: alpine, command: [echo]}
"""
    world = world_of(spec)
    world.settle()
    workflow = world.workflow()
    nodes = {
        key: {**one, "startedAt": "2026-01-02T03:04:05Z"}
        for key, one in reversed(workflow["status"]["nodes"].items())
    }
    same = {**workflow, "status": {**workflow["status"], "nodes": nodes}}
    names = ["c", "b", "a", "a9", "a10"]
    assert [name for _, name in outline(nodes_text(same, NOW, Style(unicode=False)))] == [
        "wf",
        *names,
    ]
    told = [line.split()[1] for line in change_lines(None, same)]
    assert [one for one in told if one in names] == names


def test_an_exit_handler_stands_and_is_drawn_after_all_else() -> None:
    """Within the same second as well, though it is no child of the root."""
    world = world_of("""
entrypoint: main
onExit: after
templates:
- name: main
  steps: [[{name: zz, template: say}], [{name: zzz, template: say}]]
- name: after
  steps: [[{name: a, template: say}]]
- name: say
  container: {image: alpine, command: [echo]}
""")
    world.settle()
    workflow = world.workflow()
    nodes = {
        key: {**one, "startedAt": "2026-01-02T03:04:05Z"}
        for key, one in reversed(workflow["status"]["nodes"].items())
    }
    same = {**workflow, "status": {**workflow["status"], "nodes": nodes}}
    names = [name for _, name in outline(nodes_text(same, NOW, Style(unicode=False)))]
    assert names == ["wf", "zz", "zzz", "wf.onExit", "a"]
    handler = world.node("wf.onExit")["id"]
    assert ("wf", handler) in drawing_of(same).edges


def test_a_step_that_waits_says_why_as_soon_as_it_is_known() -> None:
    """Whoever reads lines, and no tree, is told what it waits for, once."""
    node = {"id": "a", "name": "wf.a", "displayName": "a", "type": "Pod", "phase": "Pending"}

    def workflow(**more: str) -> Object:
        return {"metadata": {"name": "wf"}, "status": {"nodes": {"a": {**node, **more}}}}

    waiting = workflow(message="Unschedulable: no room")
    assert change_lines(workflow(), waiting) == ["wf: a Pending: Unschedulable: no room"]
    assert change_lines(waiting, waiting) == []
    running = workflow(phase="Running", message="one")
    assert change_lines(workflow(phase="Running"), running) == ["wf: a Running: one"]
    assert change_lines(running, workflow(phase="Running", message="two")) == []
    whole = workflow(name="wf", displayName="wf", message="Unschedulable: no room")
    assert change_lines(workflow(name="wf"), whole) == ["wf: wf Pending: Unschedulable: no room"]
    assert change_lines(whole, workflow(name="wf", phase="Running")) == []
    assert change_lines(whole, workflow(name="wf", phase="Failed", message="no")) == []


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
