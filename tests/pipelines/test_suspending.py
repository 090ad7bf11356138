"""Suspended nodes, rule by rule (reference, Workflows 13)."""

from datetime import timedelta

import pytest

from ruleengine.model.values import Object
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.suspending import Question, filled_outputs, questions_of
from tests.pipelines.worlds import START, world_of

SUPPLIED: Object = {"supplied": {}}


def node(*outputs: Object, **inputs: str) -> Object:
    """Return a suspended node with outputs and the defaults of its inputs, which have values."""
    given = [{"name": name, "value": "v", "default": value} for name, value in inputs.items()]
    return {"outputs": {"parameters": list(outputs)}, "inputs": {"parameters": given}}


def output(**more: object) -> Object:
    """Return an output that somebody is to supply."""
    return {"name": "answer", "valueFrom": SUPPLIED, **more}


DEFAULTED = {"valueFrom": {"supplied": {}, "default": 1}}


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (node(output(value="given", **DEFAULTED), answer="input"), "given"),
        (node(output(value="")), ""),
        (node({**output(), **DEFAULTED}, answer="input"), "1"),
        (node(output(), answer="input"), "input"),
        (node(output(), other="input"), None),
        (node(output()), None),
        ({**node(output()), "inputs": {"parameters": [{"name": "answer", "value": "v"}]}}, None),
    ],
)
def test_an_output_is_what_was_supplied_else_its_default_else_that_of_the_input(
    found: Object, value: str | None
) -> None:
    """Of the input of its own name, whose value answers nothing; without these it is lacking."""
    if value is None:
        assert questions_of(found) == [Question("answer", (), needed=True)]
        with pytest.raises(NodeError, match="raw output parameter 'answer' has not been set"):
            filled_outputs(found)
        return
    assert questions_of(found) == []
    assert filled_outputs(found) == {"parameters": [{"name": "answer", "value": value}]}


def test_what_can_be_chosen_is_asked_for_also_where_there_is_a_default() -> None:
    """Until somebody supplied it."""
    free = {"name": "free", "valueFrom": SUPPLIED}
    found = node(output(enum=["yes", 2], **DEFAULTED), free)
    asked = [Question("answer", ("yes", "2"), needed=False), Question("free", (), needed=True)]
    assert questions_of(found) == asked
    assert questions_of(node(output(enum=["yes", 2], value="2"))) == []


ASKED = """
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: ask, template: ask, arguments: {{parameters: [{argument}]}}}}
- name: ask
  suspend: {{duration: 1s}}
  inputs: {{parameters: [{{name: answer{default}}}]}}
  outputs: {{parameters: [{{name: answer, valueFrom: {{supplied: {{}}}}}}]}}
"""
CHOICES = """{name: answer, value: '{"enum": ["one", 2]}'}"""


@pytest.mark.parametrize(
    ("argument", "default", "answer"),
    [
        ("", ", default: usual", "usual"),
        ("{name: answer, value: asked}", ", default: usual", "usual"),
        ("{name: answer, value: asked}", "", None),
        (CHOICES, "", "one"),
        (CHOICES, ", default: usual", "usual"),
        ("{name: answer, value: '{\"enum\": []}'}", "", None),
        ("{name: answer, value: '{\"enum\": true}'}", "", None),
        ("{name: answer, value: '[1]'}", "", None),
    ],
)
def test_who_asks_says_what_is_the_default(argument: str, default: str, answer: str | None) -> None:
    """The input's own default, else the first of the choices that a step made."""
    world = world_of(ASKED.format(argument=argument, default=default))
    world.settle()
    node = world.node("ask")
    if answer is None:
        assert (node["phase"], "has not been set" in node["message"]) == ("Error", True)
        return
    assert node["outputs"]["parameters"] == [{"name": "answer", "value": answer}]
    choices = node["inputs"]["parameters"][0].get("enum")
    assert choices == (["one", "2"] if argument == CHOICES else None)


def test_an_output_keeps_the_name_that_the_whole_workflow_knows_it_by() -> None:
    """Supplied or by default."""
    named = output(globalName="g")
    for found in (node({**named, **DEFAULTED}), node({**named, "value": "1"})):
        kept = {"name": "answer", "globalName": "g", "value": "1"}
        assert filled_outputs(found) == {"parameters": [kept]}


def test_what_else_a_node_made_stays() -> None:
    """And where nothing is declared nothing is made."""
    assert filled_outputs({}) == {}
    found = {"outputs": {"result": "r", "parameters": [output(value="x")]}}
    assert filled_outputs(found)["result"] == "r"
    assert filled_outputs({"outputs": {"result": "r"}}) == {"result": "r"}


@pytest.mark.parametrize(
    ("stated", "seconds"), [("'20'", 20), ("20", 20), ("20s", 20), ("1m30s", 90), ("0", 0)]
)
def test_a_node_goes_on_when_its_duration_is_over(stated: str, seconds: int) -> None:
    """At that very second, and not before."""
    spec = f"entrypoint: main\ntemplates:\n- {{name: main, suspend: {{duration: {stated}}}}}\n"
    world = world_of(spec)
    if seconds:
        decision = world.turn()
        assert decision.next.time == START + timedelta(seconds=seconds)
        world.now = START + timedelta(seconds=seconds - 1)
        world.turn()
        assert world.node("wf")["phase"] == "Running"
    world.now = START + timedelta(seconds=seconds)
    world.turn()
    assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize("stated", ["{}", "{duration: ''}"])
def test_without_a_duration_a_node_waits(stated: str) -> None:
    """For as long as nobody resumes it; no timeout concerns it."""
    spec = f"entrypoint: main\ntemplates:\n- {{name: main, suspend: {stated}, timeout: 1s}}\n"
    world = world_of(spec)
    world.turn()
    world.now += timedelta(days=300)
    world.turn()
    assert world.node("wf")["phase"] == "Running"


def test_a_duration_that_is_none_is_an_error_of_the_node() -> None:
    """Days are no unit of these."""
    world = world_of("entrypoint: main\ntemplates: [{name: main, suspend: {duration: 1d}}]\n")
    world.settle()
    assert world.node("wf")["phase"] == "Error"
    assert "suspend.duration" in world.node("wf")["message"]


def test_a_node_with_artifacts_and_no_parameters_may_ask() -> None:
    """Its inputs stay as they are."""
    world = world_of("""
entrypoint: ask
arguments: {artifacts: [{name: seen, raw: {data: x}}]}
templates:
- name: ask
  inputs: {artifacts: [{name: seen}]}
  suspend: {}
  outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
""")
    world.settle()
    assert world.node("wf")["phase"] == "Running"
    assert "parameters" not in world.node("wf")["inputs"]
