"""Parameters: where their values come from, and who wins."""

import pytest

from ruleengine.model.values import Object
from ruleengine.pipelines.arguments import bind, workflow_parameters
from ruleengine.pipelines.problems import NodeError
from tests.pipelines.worlds import NAMESPACE, End, parameters, run


def read_key(name: str, key: str) -> str:
    """Return what the only ConfigMap holds."""
    assert (name, key) == ("settings", "level")
    return "high"


FROM_SETTINGS: dict[str, object] = {
    "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}
}


@pytest.mark.parametrize(
    ("declared", "argument", "value"),
    [
        pytest.param({"value": "own"}, None, "own", id="a value of its own"),
        pytest.param({"default": "usual"}, None, "usual", id="a default"),
        pytest.param(
            {"value": "own", "default": "usual"}, None, "own", id="a value beside a default"
        ),
        pytest.param(
            {"value": "own"}, {"value": "given"}, "given", id="an argument beside a value"
        ),
        pytest.param({"default": "usual"}, {"value": ""}, "", id="an argument that is empty"),
        pytest.param({}, {"value": 1.50}, "1.5", id="a fraction"),
        pytest.param({}, {"value": True}, "true", id="a truth value"),
        pytest.param({}, {"value": 10**6}, "1000000", id="a million"),
        pytest.param({}, {"value": 1e21}, "1000000000000000000000", id="a number with an exponent"),
        pytest.param(FROM_SETTINGS, None, "high", id="a key of a ConfigMap"),
        pytest.param(
            FROM_SETTINGS, {"value": "given"}, "given", id="an argument beside a ConfigMap"
        ),
    ],
)
def test_an_argument_wins_over_value_and_default(
    declared: dict[str, object], argument: dict[str, object] | None, value: str
) -> None:
    """And an input's own value over its default, which is told all the same; a value is a text."""
    template = {"inputs": {"parameters": [{"name": "p", **declared}]}}
    arguments = {"parameters": [{"name": "p", **argument}]} if argument else {}
    (bound,) = bind(template, arguments, read_key)["parameters"]
    kept = {key: declared[key] for key in ("default",) if key in declared}
    assert bound == {"name": "p", **kept, "value": value}


def test_an_input_without_any_value_is_told() -> None:
    """By its name."""
    with pytest.raises(NodeError, match=r"inputs\.parameters\.p was not supplied"):
        bind({"inputs": {"parameters": [{"name": "p"}]}}, {}, read_key)


def test_an_enum_is_kept_with_its_parameter() -> None:
    """It is checked when a workflow is submitted, and shown to whoever resumes a step."""
    declared = {"name": "p", "value": "a", "enum": ["a", "b"], "description": "which"}
    (bound,) = bind({"inputs": {"parameters": [declared]}}, {}, read_key)["parameters"]
    assert bound == declared


def test_an_argument_of_the_workflow_without_a_value_is_told() -> None:
    """Before anything runs."""
    with pytest.raises(NodeError, match=r"spec\.arguments\.who\.value is required"):
        workflow_parameters({"arguments": {"parameters": [{"name": "who"}]}}, read_key)


def test_an_argument_of_the_workflow_may_come_from_a_config_map() -> None:
    """As an input may."""
    spec = {"arguments": {"parameters": [{"name": "p", **FROM_SETTINGS}]}}
    assert workflow_parameters(spec, read_key) == [{"name": "p", "value": "high"}]


def test_a_workflow_whose_argument_has_no_value_has_failed_before_it_began() -> None:
    """Nobody can supply one any more."""
    world = run("""
entrypoint: main
arguments: {parameters: [{name: who}]}
templates:
- name: main
  container: {image: alpine, command: [echo, "{{workflow.parameters.who}}"]}
""")
    assert (world.status("phase"), world.began) == ("Failed", [])
    assert world.status("message") == "invalid spec: spec.arguments.who.value is required"


FROM_CONFIG_MAP = """
entrypoint: main
templates:
- name: main
  inputs:
    parameters:
    - {name: level, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.level}}"]}
"""


FROM_CONFIG_MAP_OF_WORKFLOW = """
entrypoint: main
arguments:
  parameters:
  - {name: level, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
templates:
- name: main
  container: {image: alpine, command: [echo], args: ["{{workflow.parameters.level}}"]}
"""
LABEL = "workflows.argoproj.io/configmap-type: Parameter"
ABSENT = (
    f"ConfigMap 'settings' does not exist. Please make sure it has the label {LABEL} "
    "to be detectable by the controller"
)
UNLABELLED = f"ConfigMap 'settings' needs to have the label {LABEL} to load parameters"
UNMARKED: Object = {"name": "settings", "namespace": NAMESPACE}


def test_a_parameter_may_come_from_a_config_map() -> None:
    """That has to say that it is meant for parameters."""
    settings = parameters(level="high")
    world = run(FROM_CONFIG_MAP, lambda *_: End(), settings)
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["high"]
    unlabelled = {**settings, "metadata": {"name": "settings", "namespace": NAMESPACE}}
    where = "unable to retrieve inputs.parameters.level from ConfigMap: "
    for others, told in (
        ((unlabelled,), f"{where}{UNLABELLED}"),
        ((), f"{where}{ABSENT}"),
        ((parameters(other="x"),), f"{where}ConfigMap 'settings' does not have the key 'level'"),
    ):
        world = run(FROM_CONFIG_MAP, lambda *_: End(), *others)
        assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Error", told)


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ((), ABSENT),
        ((parameters(other="x"),), "ConfigMap 'settings' does not have the key 'level'"),
        (({**parameters(level="high"), "metadata": UNMARKED},), UNLABELLED),
    ],
    ids=["none", "other keys", "no label"],
)
def test_a_workflow_whose_argument_cannot_be_read_has_failed(
    others: tuple[Object, ...], told: str
) -> None:
    """In Argo's words; a default stands in for whatever is wrong."""
    world = run(FROM_CONFIG_MAP_OF_WORKFLOW, lambda *_: End(), *others)
    assert (world.status("phase"), world.began) == ("Failed", [])
    where = "from configmap with name settings and key level"
    assert world.status("message") == (
        f"failed to set global parameters: failed to set global parameter level {where}: {told}"
    )
    usual = FROM_CONFIG_MAP_OF_WORKFLOW.replace("key: level}", "key: level}, default: usual")
    world = run(usual, lambda *_: End(), *others)
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["usual"]


def test_a_default_stands_in_only_for_what_is_not_there() -> None:
    """A ConfigMap that is not meant for parameters is told all the same."""
    spec = FROM_CONFIG_MAP.replace("key: level}", "key: level}, default: usual")
    unlabelled = {
        **parameters(level="high"),
        "metadata": {"name": "settings", "namespace": NAMESPACE},
    }
    assert run(spec).pods()[0]["spec"]["containers"][0]["args"] == ["usual"]
    world = run(spec, lambda *_: End(), unlabelled)
    assert world.pods() == []
    assert "needs to have the label" in world.status("message")


def test_which_config_map_it_is_may_hang_on_the_workflow() -> None:
    """Its name and its key are replaced when they are read."""
    spec = FROM_CONFIG_MAP.replace(
        "{name: settings, key: level}",
        "{name: '{{workflow.parameters.of}}', key: '{{workflow.parameters.which}}'}",
    )
    given = "arguments: {parameters: [{name: of, value: settings}, {name: which, value: level}]}"
    world = run(given + spec, lambda *_: End(), parameters(level="high"))
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["high"]


def test_a_value_that_a_step_computes_is_not_held_to_the_enum() -> None:
    """It is looked at when a workflow is submitted, and never again."""
    world = run("""
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: tell, arguments: {parameters: [{name: p, value: "{{workflow.name}}"}]}}
- name: tell
  inputs: {parameters: [{name: p, enum: [a, b]}]}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.p}}"]}
""")
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["wf"]


def test_an_output_may_be_an_expression() -> None:
    """Over what the steps came to, one that was skipped among them."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  outputs:
    parameters:
    - name: which
      valueFrom:
        expression: "steps.a.status == 'Succeeded' ? steps.a.outputs.parameters.text : 'none'"
  steps:
  - - {name: a, template: make}
    - {name: b, template: make, when: "1 == 2"}
- name: make
  container: {image: alpine, command: [make]}
  outputs: {parameters: [{name: text, valueFrom: {path: /text}}]}
""",
        lambda *_: End(parameters={"text": "of a"}),
    )
    assert world.node("wf")["outputs"]["parameters"] == [{"name": "which", "value": "of a"}]


def test_what_a_skipped_step_never_made_falls_back_to_the_default() -> None:
    """An argument that is nothing but that reference counts as not supplied."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make, when: "1 == 2"}
  - - name: use
      template: use
      arguments: {parameters: [{name: text, value: "{{steps.make.outputs.parameters.text}}"}]}
- name: make
  container: {image: alpine, command: [make]}
  outputs: {parameters: [{name: text, valueFrom: {path: /text}}]}
- name: use
  inputs: {parameters: [{name: text, default: nothing}]}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""
    world = run(spec)
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["nothing"]
    world = run(spec.replace('"{{steps.make', '"x {{steps.make'))
    assert world.node("[1]")["phase"] == "Error"
    assert "has no value" in world.node("[1]")["message"]


def test_expressions_know_the_time_and_chance_that_is_the_same_each_time() -> None:
    """So a decision can be taken again."""
    spec = """
entrypoint: main
templates:
- name: main
  container:
    image: alpine
    command: [echo]
    args: ["{{=sprig.date('2006', sprig.now())}} {{=sprig.randAlpha(5)}}"]
"""
    args = {run(spec).pods()[0]["spec"]["containers"][0]["args"][0] for _ in range(2)}
    (text,) = args
    assert text.startswith("2026 ")
    assert len(text) == 10
