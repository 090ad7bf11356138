"""Tags, expressions and values of workflows that nothing stands for, told at their line."""

from pathlib import Path

import pytest

from ruleengine.model.findings import Severity
from tests.validation.config_repos import make_repo, told

STEPS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  arguments: {parameters: [{name: team, value: shop}]}
  templates:
  - name: make
    outputs:
      parameters: [{name: size, valueFrom: {path: /size}}]
      artifacts: [{name: tree, path: /tree}]
    container: {image: alpine, command: [work]}
  - name: use
    inputs:
      parameters: [{name: size, default: ""}]
      artifacts: [{name: tree, path: /in, optional: true}]
    container:
      image: alpine
      command: [work, "LEAF"]
  - name: main
    steps:
    - - name: first
        template: make
    - - name: second
        template: use
        arguments: {parameters: [{name: size, value: "STEP"}]}
        HOOK
    - - name: third
        template: make
    OUTPUT
"""
LEAF, STEP, HOOK, OUTPUT = 19, 26, 27, 30

DAG = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  templates:
  - name: make
    outputs: {parameters: [{name: size, valueFrom: {path: /size}}]}
    container: {image: alpine, command: [work]}
  - name: use
    inputs: {parameters: [{name: size}]}
    container: {image: alpine, command: [work]}
  - name: main
    dag:
      tasks:
      - {name: a, template: make}
      - {name: b, template: make, depends: a}
      - {name: c, template: make}
      - name: d
        template: use
        depends: b.Succeeded
        arguments: {parameters: [{name: size, value: "TASK"}]}
"""


def found(folder: Path, text: str) -> list[str]:
    """Return line, code and message of everything that is wrong with a pipeline."""
    report = make_repo(folder / "config", {"pipelines/w.yaml": text}).validate()
    return [f"{one.place.line} {one.code} {one.message}" for one in told(report)]


def steps(**places: str) -> str:
    """Return a workflow of steps with what a test writes at its places."""
    usual = {
        "LEAF": "{{inputs.parameters.size}}",
        "STEP": "{{steps.first.outputs.parameters.size}}",
        "HOOK": "hooks: {exit: {template: make}}",
        "OUTPUT": "outputs: {}",
    }
    text = STEPS
    for name, value in {**usual, **places}.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("LEAF", "{{inputs.artifacts.tree.path}} {{ pod.name }} {{workflow.parameters.team}}"),
        ("LEAF", "{{workflow.creationTimestamp.Y}} {{workflow.labels.x}} {{retries}} {{other.x}}"),
        ("LEAF", "{{=asInt(inputs.parameters.size) + 1}} {{inputs.parameters.{{retries}}}}"),
        ("STEP", "{{steps.first.status}} {{steps.first.outputs.result}} {{steps.name}}"),
        ("STEP", "{{=steps.first.outputs.parameters.size ?? 'none'}}"),
        ("HOOK", "hooks: {x: {template: use, expression: steps.second.status == 'Failed'}}"),
        ("LEAF", "{{=workflow.parameters.given ?? sprig.upper(pod.name)}} {{=asInt(retries) + 1}}"),
        ("LEAF", "{{=workflow.parameters.given == nil}} {{=workflow.parameters?.given}}"),
        ("LEAF", "{{='given' in workflow.parameters ? workflow.parameters.given : ''}}"),
        ("HOOK", 'withItems: [1, 2]\n        when: "{{item}} == 1"'),
        ("HOOK", "when: 1 == 1 || 'a b' =~ 'a'"),
        (
            "OUTPUT",
            "outputs: {artifacts: [{name: t, fromExpression: steps.third.outputs.artifacts.tree}]}",
        ),
    ],
)
def test_what_is_there_may_be_named(tmp_path: Path, place: str, text: str) -> None:
    """Of the template, of steps before, of the workflow, and what only a run knows."""
    assert found(tmp_path, steps(**{place: text})) == []


UNRESOLVED = "reference-tag-unresolved nothing stands for"
INVALID = "reference-expression-invalid this cannot be read:"


@pytest.mark.parametrize(
    ("place", "line", "text", "message"),
    [
        ("LEAF", LEAF, "{{inputs.parameters.sise}}", "declares no input parameter 'sise'"),
        ("LEAF", LEAF, "{{inputs.artifacts.tre.path}}", "declares no input artifact 'tre'"),
        ("LEAF", LEAF, "{{outputs.parameters.size.path}}", "no output parameter 'size'"),
        ("LEAF", LEAF, "{{workflow.parameters.taem}}", "the workflow has no parameter 'taem'"),
        ("LEAF", LEAF, "{{workflow.nmae}}", "a workflow has no 'nmae'"),
        ("LEAF", LEAF, "{{workflow.outputs.parameters.g}}", "no output has the global name 'g'"),
        ("LEAF", LEAF, "{{steps.first.status}}", "steps are known where steps are listed only"),
        ("LEAF", LEAF, "{{pod.nmae}}", "a pod has no 'nmae'"),
        ("STEP", STEP, "{{pod.name}}", "there is no pod here"),
        ("STEP", STEP, "{{steps.frist.status}}", "there is no step 'frist' in this template"),
        ("STEP", STEP, "{{steps.third.status}}", "the step 'third' is not over by then"),
        ("STEP", STEP, "{{steps.second.status}}", "the step 'second' is not over by then"),
        ("STEP", STEP, "{{tasks.first.status}}", "tasks are known where tasks are listed only"),
        ("STEP", STEP, "{{item}}", "nothing stands for {{item}}"),
        ("STEP", STEP, "{{steps.first.outputs.parameters.sise}}", "no output parameter 'sise'"),
        ("STEP", STEP, "{{steps.first.outputs.artifacts.t}}", "no output artifact 't'"),
        ("STEP", STEP, "{{steps.first.phase}}", "a step has no 'phase'"),
        ("STEP", STEP, "{{=steps.frist.status}}", "there is no step 'frist'"),
        ("STEP", STEP, "{{=steps.first.outputs.parameters.no}}", "no output parameter 'no'"),
        ("HOOK", HOOK, "when: '{{steps.frist.status}} == Failed'", "no step 'frist'"),
        ("HOOK", HOOK, "withParam: '{{steps.third.outputs.result}}'", "is not over by then"),
    ],
)
def test_a_tag_that_nothing_stands_for_is_told(
    tmp_path: Path, place: str, line: int, text: str, message: str
) -> None:
    """At its own line, with why that is."""
    (told_of,) = found(tmp_path, steps(**{place: text}))
    assert told_of.startswith(f"{line} {UNRESOLVED}")
    assert message in told_of


@pytest.mark.parametrize(
    ("place", "line", "text", "message"),
    [
        ("LEAF", LEAF, "{{=inputs.parameters.sise}}", "declares no input parameter 'sise'"),
        ("LEAF", LEAF, "{{=asInt(workflow.parameters['taem'])}}", "has no parameter 'taem'"),
        ("LEAF", LEAF, "{{=input.parameters.size}}", "unknown name 'input'"),
        ("LEAF", LEAF, "{{=inputs.parameters.size ?? asint('1')}}", "unknown name 'asint'"),
        ("LEAF", LEAF, "{{=sprig.uper('x')}}", "sprig has no function 'uper'"),
        ("STEP", STEP, "{{=tasks.first.status}}", "tasks are known where tasks are listed only"),
        ("STEP", STEP, "{{=item}}", "nothing stands for {{item}}"),
    ],
)
def test_what_no_run_of_an_expression_finds_is_a_warning(
    tmp_path: Path, place: str, line: int, text: str, message: str
) -> None:
    """Argo takes such a document, and leaves the tag in what it runs."""
    report = make_repo(tmp_path / "c", {"pipelines/w.yaml": steps(**{place: text})}).validate()
    (one,) = told(report)
    assert (one.place.line, one.code) == (line, "reference-tag-unresolved")
    assert one.severity is Severity.WARNING
    assert message in one.message
    assert one.remedy


@pytest.mark.parametrize(
    ("place", "line", "text"),
    [
        ("LEAF", LEAF, "{{=1 +}}"),
        ("LEAF", LEAF, "{{=len(1, 2)}}"),
        ("LEAF", LEAF, "{{inputs.parameters.size"),
        ("HOOK", HOOK, "when: a b == c"),
        ("HOOK", HOOK, "hooks: {x: {template: make, expression: 'steps.second.status =='}}"),
        ("OUTPUT", OUTPUT, "outputs: {artifacts: [{name: t, fromExpression: 'steps.('}]}"),
        (
            "OUTPUT",
            OUTPUT,
            "outputs: {parameters: [{name: t, valueFrom: {expression: 'steps.('}}]}",
        ),
    ],
)
def test_an_expression_that_cannot_be_read_is_told(
    tmp_path: Path, place: str, line: int, text: str
) -> None:
    """In tags, conditions, hooks and outputs, at its own line."""
    (told_of,) = found(tmp_path, steps(**{place: text}))
    assert told_of.startswith(f"{line} {INVALID}")


@pytest.mark.parametrize(
    ("place", "line", "text", "message"),
    [
        ("LEAF", LEAF, "{{=1 > 'a'}}", "'>' is not defined on an integer and a text"),
        ("LEAF", LEAF, "{{=inputs.parameters.size > 1}}", "on a text and an integer"),
        ("LEAF", LEAF, "{{=asInt(pod.name, 2)}}", "'asInt' takes 1 arguments, not 2"),
        ("LEAF", LEAF, "{{=sprig.upper()}}", "wrong number of args for upper: want 1 got 0"),
        ("HOOK", HOOK, "hooks: {x: {template: make, expression: '1 && true'}}", "true or false"),
    ],
)
def test_an_expression_that_fails_whatever_is_given_is_told(
    tmp_path: Path, place: str, line: int, text: str, message: str
) -> None:
    """Parameters are texts, so they are no numbers before they are made one."""
    (told_of,) = found(tmp_path, steps(**{place: text}))
    assert told_of.startswith(f"{line} reference-expression-invalid this fails whenever")
    assert message in told_of


TAKEN = "{{steps.third.outputs.parameters.no}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outputs: {artifacts: [{name: t, fromExpression: steps.thrid.outputs.artifacts.tree}]}",
         "no step 'thrid'"),
        ("outputs: {artifacts: [{name: t, fromExpression: steps.third.outputs.artifacts.no}]}",
         "no output artifact 'no'"),
        ("outputs: {artifacts: [{name: t, from: '{{steps.third.outputs.artifacts.no}}'}]}",
         "no output artifact 'no'"),
        (f"outputs: {{parameters: [{{name: t, valueFrom: {{parameter: '{TAKEN}'}}}}]}}",
         "no output parameter 'no'"),
    ],
)  # fmt: skip
def test_outputs_are_taken_from_what_there_is(tmp_path: Path, text: str, message: str) -> None:
    """Of steps of the template, and of outputs that these declare."""
    (told_of,) = found(tmp_path, steps(OUTPUT=text))
    assert told_of.startswith(f"{OUTPUT} {UNRESOLVED}")
    assert message in told_of


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{tasks.a.outputs.parameters.size}}", ""),
        ("{{tasks.b.outputs.parameters.size}}", ""),
        ("{{tasks.c.outputs.parameters.size}}", "the task 'c' is not over by then"),
        ("{{tasks.e.outputs.parameters.size}}", "there is no task 'e'"),
        ("{{tasks.b.outputs.parameters.sise}}", "no output parameter 'sise'"),
        ("{{steps.b.outputs.parameters.size}}", "steps are known where steps are listed"),
    ],
)
def test_a_task_may_name_what_it_depends_on(tmp_path: Path, text: str, message: str) -> None:
    """And what that depends on, by whatever way it says so."""
    told_of = found(tmp_path, DAG.replace("TASK", text))
    assert len(told_of) == bool(message)
    assert all(one.startswith(f"22 {UNRESOLVED}") and message in one for one in told_of)


def test_a_template_that_others_call_may_be_given_more(tmp_path: Path) -> None:
    """Parameters of the workflow that runs it are known then only."""
    text = steps(LEAF="{{workflow.parameters.other}}").replace(
        "kind: Workflow", "kind: WorkflowTemplate"
    )
    assert found(tmp_path, text) == []


def test_a_step_of_a_short_form_is_held_to_the_same(tmp_path: Path) -> None:
    """What it takes from others is what they make."""
    text = """\
steps:
- {name: a, image: alpine, run: "true", outputs: {size: /size}}
- name: b
  image: alpine
  needs: a
  run: echo {{tasks.a.outputs.parameters.sise}}
"""
    (told_of,) = found(tmp_path, text)
    assert UNRESOLVED in told_of
    assert "no output parameter 'sise'" in told_of


ENUM = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  arguments: {parameters: [{name: stage, value: WHOLE, enum: [test, live, 3, true]}]}
  templates:
  - name: work
    inputs: {parameters: [{name: stage, default: DEFAULT, enum: [test, live]}]}
    container: {image: alpine, command: [work]}
  - name: main
    steps:
    - - name: a
        template: work
        arguments: {parameters: [{name: stage, value: "GIVEN"}]}
"""


@pytest.mark.parametrize(
    ("whole", "default", "given", "line"),
    [
        ("live", "test", "live", 0),
        ("3", "test", "{{workflow.parameters.stage}}", 0),
        ("true", "test", "live", 0),
        ("'true'", "test", "live", 0),
        ("prod", "test", "live", 6),
        ("live", "prod", "live", 9),
        ("live", "test", "prod", 15),
    ],
)
def test_a_value_is_one_of_its_enum(
    tmp_path: Path, whole: str, default: str, given: str, line: int
) -> None:
    """Of the workflow, of a template's own, and of what is passed to it."""
    text = ENUM.replace("WHOLE", whole).replace("DEFAULT", default).replace("GIVEN", given)
    told_of = found(tmp_path, text)
    assert [one.split()[0] for one in told_of] == ([str(line)] if line else [])
    assert all("reference-parameter-outside" in one and "'prod'" in one for one in told_of)


ROUND = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: a
  templates:
  - name: a
    steps: [[{name: one, template: b}]]
  - name: b
    dag: {tasks: [{name: two, template: a END}]}
"""


def test_templates_that_call_each_other_for_ever_are_told_once(tmp_path: Path) -> None:
    """Unless a condition ends it."""
    (told_of,) = found(tmp_path, ROUND.replace("END", ""))
    assert told_of.startswith("7 reference-template-endless")
    assert told_of.endswith("a → b → a")
    for end in (", when: '{{retries}} == 1'", ", depends: x.Failed}, {name: x, template: a"):
        told_of = "".join(found(tmp_path / end[2:6], ROUND.replace("END", end)))
        assert ("endless" in told_of) is ("depends" in end and "name: x" in end)
    assert found(tmp_path / "item", ROUND.replace("END", ", withParam: '[]'")) == []
