"""What a workflow is refused for before anything of it runs, whoever wrote it to an API server."""

import pytest

from ruleengine.model.findings import Severity
from ruleengine.model.values import Object
from ruleengine.validation.workflow_calls import check_calls
from ruleengine.validation.workflow_starts import invalidity
from ruleengine.validation.workflow_tags import check_tags
from tests.pipelines.worlds import documents
from tests.validation.test_workflow_rules import (
    BAD,
    GOOD,
    WORK,
    call,
    expected,
    leaf,
    steps,
    workflow,
)

RULES = ("schema-workflow-invalid", "reference-task-missing", "reference-task-cycle")
"""Codes of what is told in the same words; a shape is the matter of the server."""

LATE = (
    *("a back-off without a duration", "a timeout that is none", "a time to begin that is none"),
    *("a deadline of what is suspended", "a loop over a text", "a loop over a map"),
    *("a count that is no number", "a start that is no number beside a tag"),
    *("a list of more than can be run", "a count of more than can be run"),
    *("an end of more than can be run", "a flag of kubectl that no step honours"),
    *("flags that name no object", "a gauge in real time of something else"),
)
"""What Argo tells when it comes to that place, or never: a condition may keep a run from it."""

BROKEN = [
    name
    for name, (_, code, *_) in expected().items()
    if BAD[name]["kind"] == "Workflow" and code in RULES and name not in LATE
]
LACKING = "inputs.parameters.p of template 'work' was not supplied"
UNKNOWN = "nothing stands for {{inputs.parameters.p}}: the template declares no input parameter 'p'"
NEEDS_FILE = {**WORK, "inputs": {"artifacts": [{"name": "f", "path": "/f"}]}}
NO_FILE = "inputs.artifacts.f of template 'work' was not supplied"
TAKEN: Object = {"name": "f", "from": "{{inputs.artifacts.own}}"}
MAIN_OF_FILES: Object = {
    "name": "main",
    "inputs": {"artifacts": [{"name": "own", "raw": {"data": ""}}]},
}
INSIDE = "spec.templates[0].steps[0][0]"
GIVEN = {"parameters": [{"name": "p", "value": ""}]}
NEEDS = {**WORK, "inputs": {"parameters": [{"name": "p"}]}}


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_that_is_broken_keeps_a_workflow_from_beginning(name: str) -> None:
    """In the words that ``validate`` has for it."""
    where, _, told = invalidity(BAD[name]).partition(": ")
    assert where.startswith(("spec", "metadata"))
    assert told == expected()[name][2]


@pytest.mark.parametrize("name", LATE)
def test_a_rule_that_argo_has_for_what_runs_does_not_keep_a_workflow_from_beginning(
    name: str,
) -> None:
    """Only ``validate`` tells of it before."""
    assert expected()[name][1] in RULES
    assert invalidity(BAD[name]) == ""


NAMELESS = [
    ("arguments: {parameters: [{value: x}]}", "arguments.parameters[0]"),
    ("volumes: [{emptyDir: {}}]", "volumes[0]"),
    ("templates: [{container: {image: x, command: [x]}}]", "templates[0]"),
    ("templates: [{name: main, steps: [[{template: main}]]}]", "templates[0].steps[0][0]"),
    ("templates: [{name: main, dag: {tasks: [{template: main}]}}]", "templates[0].dag.tasks[0]"),
    (
        "templates: [{name: main, inputs: {artifacts: [{path: /x}]}}]",
        "templates[0].inputs.artifacts[0]",
    ),
    (
        "templates: [{name: main, script: {image: x, env: [{value: x}]}}]",
        "templates[0].script.env[0]",
    ),
    (
        "templates: [{name: main, containerSet: {containers: [{image: x}]}}]",
        "templates[0].containerSet.containers[0]",
    ),
    ("templates: [{name: main, sidecars: [{image: x}]}]", "templates[0].sidecars[0]"),
    ("templates: [{name: main, initContainers: [{image: x}]}]", "templates[0].initContainers[0]"),
]


@pytest.mark.parametrize(("spec", "where"), NAMELESS)
def test_what_is_found_by_its_name_needs_one(spec: str, where: str) -> None:
    """No server asks for it whose definitions of Argo's kinds are ours."""
    (document,) = documents(f"kind: Workflow\nspec: {{entrypoint: main, {spec}}}")
    assert invalidity(document) == f"spec.{where}: 'name' is missing"


@pytest.mark.parametrize("free", ["plugin: {x: {parameters: [{}]}}", "withItems: [{env: [{}]}]"])
def test_what_may_have_any_shape_needs_no_names(free: str) -> None:
    """It is somebody else's matter."""
    step = f"{{name: a, inline: {{{free}}}}}" if "plugin" in free else f"{{name: a, {free}}}"
    (document,) = documents(
        f"kind: Workflow\nspec: {{entrypoint: m, templates: [{{name: m, steps: [[{step}]]}}]}}"
    )
    assert "'name'" not in invalidity(document)


@pytest.mark.parametrize("name", [one for one in GOOD if GOOD[one]["kind"] == "Workflow"])
def test_what_keeps_the_rules_may_begin(name: str) -> None:
    """Whatever else may happen to it."""
    assert invalidity(GOOD[name]) == ""


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (workflow(WORK, entrypoint="x"), "spec.entrypoint: there is no template 'x'"),
        (
            steps({"name": "a", "template": "x"}),
            "spec.templates[0].steps[0][0].template: there is no template 'x'",
        ),
        (
            steps(call(hooks={"exit": {"template": "x"}})),
            "spec.templates[0].steps[0][0].hooks.exit.template: there is no template 'x'",
        ),
        (workflow(WORK, onExit="x"), "spec.onExit: there is no template 'x'"),
        (
            workflow({"name": "main", "steps": [[call()]]}, NEEDS),
            f"spec.templates[0].steps[0][0]: {LACKING}",
        ),
        (
            workflow(NEEDS, entrypoint="work"),
            f"spec.entrypoint: {LACKING}",
        ),
        (
            leaf(container={"image": "a", "args": ["{{inputs.parameters.p}}"]}),
            f"spec.templates[0].container.args[0]: {UNKNOWN}",
        ),
        (
            workflow(WORK, arguments={"parameters": [{"name": "p", "value": "c", "enum": ["a"]}]}),
            "spec.arguments.parameters[0].value: the parameter 'p' is none of its `enum`: 'c'",
        ),
    ],
    ids=["entrypoint", "step", "hook", "exit", "input", "its input", "tag", "enum"],
)
def test_what_it_refers_to_is_there(value: Object, told: str) -> None:
    """As far as the workflow itself decides that."""
    assert invalidity(value) == told


@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_a_label_that_a_workflow_names_is_there_when_it_begins(kind: str) -> None:
    """Until then somebody may add it; then it is refused, as with Argo."""
    value = leaf(container={"image": "a", "args": [f"{{{{workflow.{kind}.team}}}}"]})
    told = f"the workflow has no {kind[:-1]} 'team'"
    assert invalidity(value).endswith(f"nothing stands for {{{{workflow.{kind}.team}}}}: {told}")
    assert [one.message for one in check_tags(value)] == []
    value["metadata"][kind] = {"team": "shop"}
    assert invalidity(value) == ""


@pytest.mark.parametrize(
    "made",
    [{"labels": {"team": "shop"}}, {"labelsFrom": {"team": {"expression": "'shop'"}}}],
)
def test_a_label_that_a_workflow_gives_itself_is_there(made: Object) -> None:
    """Stated, or computed when it begins."""
    value = leaf(container={"image": "a", "args": ["{{workflow.labels.team}}"]})
    value["spec"]["workflowMetadata"] = made
    assert invalidity(value) == ""


@pytest.mark.parametrize("name", ["labels", "labels.json", "annotations.json"])
def test_all_labels_together_are_always_there(name: str) -> None:
    """None of them is as good as many."""
    assert invalidity(leaf(container={"image": "a", "args": [f"{{{{workflow.{name}}}}}"]})) == ""


LATE_GAUGE = {"realtime": True, "value": "{{resourcesDuration.cpu}}"}
METRIC = "spec.templates[0].metrics.prometheus[0]"
OUTPUT = "spec.templates[0].outputs.parameters[0]"
WRONG_SHAPES = {
    "a name of a step": (steps(call("a.b")), f"{INSIDE}.name: 'a.b' is no name"),
    "a name of a template": (
        workflow({**WORK, "name": "main"}, {**WORK, "name": "a_b"}),
        "spec.templates[1].name: 'a_b' is no name",
    ),
    "a name of a parameter": (
        leaf(inputs={"parameters": [{"name": "a+b", "value": ""}]}),
        "spec.templates[0].inputs.parameters[0].name: 'a+b' is no name",
    ),
    "a name of an output": (
        leaf(outputs={"parameters": [{"name": "a}", "valueFrom": {"path": "/a"}}]}),
        f"{OUTPUT}.name: 'a}}' is no name",
    ),
    "an action": (
        workflow({"name": "main", "resource": {"action": "put", "manifest": "a: b"}}),
        "spec.templates[0].resource.action: 'put' is not known here",
    ),
    "a strategy": (
        workflow({**WORK, "name": "main"}, podGC={"strategy": "Never"}),
        "spec.podGC.strategy: 'Never' is not known here",
    ),
    "two sources": (
        leaf(outputs={"parameters": [{"name": "a", "valueFrom": {"path": "/a", "jqFilter": "."}}]}),
        f"{OUTPUT}.valueFrom: 'path' and 'jqFilter' exclude one another",
    ),
    "two ends": (
        steps(call(withSequence={"count": 2, "end": 3})),
        f"{INSIDE}.withSequence: 'count' and 'end' exclude one another",
    ),
    "a metric in real time": (
        leaf(metrics={"prometheus": [{"name": "m", "help": "h", "gauge": LATE_GAUGE}]}),
        f"{METRIC}.gauge.value: in real time only a duration is known",
    ),
    "a metric": (
        leaf(metrics={"prometheus": [{"name": "m", "help": "h", "gauge": {}}]}),
        f"{METRIC}.gauge: a gauge needs a value",
    ),
}


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_what_a_schema_would_have_told_is_told_before_a_run(name: str) -> None:
    """Nobody may have asked one."""
    value, told = WRONG_SHAPES[name]
    assert invalidity(value) == told


@pytest.mark.parametrize("name", ["{{inputs.parameters.p}}", "a_b-c"])
def test_a_name_may_hold_a_tag(name: str) -> None:
    """What it becomes is known when it does."""
    value = leaf(
        inputs={"parameters": [{"name": "p", "value": ""}]},
        outputs={"parameters": [{"name": name, "valueFrom": {"path": "/a"}}]},
    )
    assert invalidity(value) == ""


@pytest.mark.parametrize(
    ("body", "told"),
    [({}, "of none"), ({"container": {"image": "a"}, "suspend": {}}, "container and suspend")],
    ids=["none", "two"],
)
def test_a_template_is_of_one_type(body: Object, told: str) -> None:
    """One that lacks its own may have that of the defaults."""
    value = workflow({"name": "main", **body})
    where = "spec.templates[0]"
    assert invalidity(value) == f"{where}: a template is of one type, and this is {told}"
    value["spec"]["templateDefaults"] = {"container": {"image": "a"}}
    assert not invalidity(value).startswith(where)


@pytest.mark.parametrize("dag", [{"tasks": []}, {}, {"tasks": None}], ids=["none", "", "nil"])
def test_a_dag_has_a_task(dag: Object) -> None:
    """Argo refuses one without; steps of which there is none are an error when they begin."""
    value = workflow({"name": "main", "dag": dag})
    assert invalidity(value) == "spec.templates[0]: a DAG must have at least one task"


def test_a_dag_that_is_null_is_none() -> None:
    """As a field that is not there."""
    assert invalidity(workflow({**WORK, "dag": None})) == ""


@pytest.mark.parametrize("kind", ["Workflow", "CronWorkflow"])
@pytest.mark.parametrize("name", ["entrypoint", "onExit"])
def test_what_a_workflow_begins_or_ends_with_has_what_it_needs(name: str, kind: str) -> None:
    """Whoever runs it may pass that: so a warning, and none for a template of workflows."""
    spec = {"entrypoint": "main", "templates": [{**WORK, "name": "main"}, NEEDS], name: "work"}
    value = {"kind": kind, "metadata": {"name": "w"}, "spec": spec}
    if kind == "CronWorkflow":
        value["spec"] = {"schedules": ["* * * * *"], "workflowSpec": spec}
    (found,) = check_calls(value)
    assert (found.severity, found.message) == (Severity.WARNING, LACKING)
    assert found.path[-1] == name
    assert list(check_calls({**value, "kind": "WorkflowTemplate"})) == []
    spec["arguments"] = GIVEN
    assert list(check_calls(value)) == []


def _calling(needing: Object, **fields: object) -> Object:
    """Return a workflow of one step that calls a template that needs something."""
    return workflow({"name": "main", "steps": [[call(**fields)]]}, needing)


def _file(**fields: object) -> Object:
    """Return the template that needs a file, of which its input says more."""
    return {**WORK, "inputs": {"artifacts": [{"name": "f", "path": "/f", **fields}]}}


def _passing(**fields: object) -> Object:
    """Return a workflow that passes the file, with fields that say where it lies."""
    return _calling(NEEDS_FILE, arguments={"artifacts": [{"name": "f", **fields}]})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (_calling(NEEDS_FILE), f"{INSIDE}: {NO_FILE}"),
        (_calling(NEEDS_FILE, when="false"), f"{INSIDE}: {NO_FILE}"),
        (
            workflow(
                {"name": "main", "dag": {"tasks": [call(arguments={"artifacts": []})]}}, NEEDS_FILE
            ),
            f"spec.templates[0].dag.tasks[0]: {NO_FILE}",
        ),
        (workflow(NEEDS_FILE), f"spec.entrypoint: {NO_FILE}"),
        (workflow({**WORK, "name": "a"}, NEEDS_FILE, onExit="work"), f"spec.onExit: {NO_FILE}"),
        (workflow({**WORK, "name": "a"}, NEEDS, onExit="work"), f"spec.onExit: {LACKING}"),
        (
            steps({"name": "a", "inline": {**NEEDS_FILE, "name": ""}}),
            f"{INSIDE}: inputs.artifacts.f was not supplied",
        ),
        (_calling(_file(s3={"bucket": "b"})), f"{INSIDE}: {NO_FILE}"),
        (_calling(_file(http={})), f"{INSIDE}: {NO_FILE}"),
        (_calling(_file(optional=False)), f"{INSIDE}: {NO_FILE}"),
    ],
    ids=[
        *("a step", "a step that is skipped", "a task", "the entrypoint", "the end"),
        *("a parameter at the end", "in place", "a bucket alone", "no address", "needed"),
    ],
)
def test_an_input_that_nobody_passes_keeps_a_workflow_from_beginning(
    value: Object, told: str
) -> None:
    """As with Argo: parameters and artifacts, also where the step would be skipped."""
    assert invalidity(value) == told


@pytest.mark.parametrize(
    "value",
    [
        _calling(_file(optional=True)),
        *(_calling(_file(**one)) for one in ({"raw": {"data": ""}}, {"s3": {"key": "k"}})),
        *(_calling(_file(**one)) for one in ({"git": {"repo": "r"}}, {"azure": {"blob": "b"}})),
        _calling(_file(hdfs={"addresses": ["h:1"]})),
        workflow(
            {
                **MAIN_OF_FILES,
                "steps": [[call(arguments={"artifacts": [TAKEN]})]],
            },
            NEEDS_FILE,
        ),
        _passing(http={"url": "http://x"}),
        workflow(NEEDS_FILE, arguments={"artifacts": [{"name": "f", "raw": {"data": ""}}]}),
        steps(call(hooks={"exit": {"template": "needy"}}), call("b")),
    ],
    ids=[
        *("optional", "text", "key", "repository", "blob", "addresses", "taken"),
        *("page", "of the workflow", "hook"),
    ],
)
def test_an_input_that_has_its_content_need_not_be_passed(value: Object) -> None:
    """Nor one that may lack it; and hooks are Argo's matter when they run."""
    value["spec"]["templates"].append({**NEEDS_FILE, "name": "needy"})
    assert invalidity(value) == ""


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (_passing(), f"{INSIDE}.arguments.artifacts[0]"),
        (_passing(optional=True), f"{INSIDE}.arguments.artifacts[0]"),
        (_passing(fromExpression="nil"), f"{INSIDE}.arguments.artifacts[0]"),
        (_passing(plugin={"name": "directory"}), f"{INSIDE}.arguments.artifacts[0]"),
        (workflow(WORK, arguments={"artifacts": [{"name": "f"}]}), "spec.arguments.artifacts[0]"),
    ],
    ids=["nothing", "optional", "expression", "a store alone", "of the workflow"],
)
def test_an_artifact_that_is_passed_says_where_it_lies(value: Object, where: str) -> None:
    """By where it is taken from, or a location with its key."""
    told = "the artifact 'f' is passed, and says not where it lies"
    assert invalidity(value) == f"{where}: {told}"


@pytest.mark.parametrize(
    "value",
    [
        steps({"name": "a", "templateRef": {"name": "t", "template": "x"}}),
        steps({"name": "a", "template": "{{workflow.name}}"}),
        steps(call(when="a b")),
        steps(call(when="{{=steps.none.status == 'Failed'}}")),
        leaf(container={"image": "a", "args": ["{{=1 +}}"]}),
        leaf(podSpecPatch="{{=asInt('x')}}"),
        leaf(podSpecPatch="{{outputs.parameters.none.path}}"),
        workflow(
            WORK, arguments={"parameters": [{"name": "p", "value": "{{workflow.parameters.x}}"}]}
        ),
        workflow(
            {
                "name": "main",
                "steps": [[call(arguments={"parameters": [{"name": "p", "value": "c"}]})]],
            },
            {**WORK, "inputs": {"parameters": [{"name": "p", "enum": ["a"]}]}},
        ),
        workflow(
            {
                "name": "main",
                "steps": [[{"name": "a", "templateRef": {"name": "t", "template": "x"}}]],
            },
            {**NEEDS, "name": "None"},
        ),
        workflow({"name": "main", "steps": [[{"name": "a", "template": "main"}]]}),
        workflow(
            {
                "name": "main",
                "steps": [[call(arguments={"parameters": [{"name": "p", "value": ""}]})]],
            },
            NEEDS,
        ),
        workflow({**NEEDS, "inputs": {"parameters": [{"name": "p", "default": ""}]}}),
    ],
)
def test_what_only_a_step_finds_is_its_own_error(value: Object) -> None:
    """Templates of other documents, conditions and expressions are looked at when it begins."""
    assert invalidity(value) == ""


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (workflow(WORK, entrypoint=5), ""),
        (workflow(WORK, entrypoint=""), "spec: a workflow needs an `entrypoint`"),
        (workflow(WORK, hooks={"exit": 5}), ""),
        (workflow(WORK, hooks=5, onExit={}, templates=[5, WORK]), ""),
        (workflow(WORK, workflowMetadata={"labels": 5, "annotations": [[]]}), ""),
        (workflow(WORK, templateDefaults=5), ""),
        (
            workflow(
                {
                    "name": "a",
                    "container": {
                        "image": "a",
                        "command": ["a"],
                        "volumeMounts": [{"name": "v", "mountPath": {}}],
                    },
                    "inputs": {"artifacts": [{"name": "a", "raw": {"data": ""}, "path": ["/a"]}]},
                }
            ),
            "",
        ),
        ({**leaf(), "spec": 5}, "spec: a workflow needs an `entrypoint`"),
        (
            workflow(WORK, arguments={"parameters": [{"name": {}}, 5]}),
            "spec.arguments.parameters[0]: 'name' is missing",
        ),
        (
            workflow(
                {"name": "main", "steps": [[call(arguments={"parameters": [{"name": []}]}), 5]]},
                NEEDS,
            ),
            "spec.templates[0].steps[0][0].arguments.parameters[0]: 'name' is missing",
        ),
        (
            workflow(
                {"name": "a", "containerSet": {"containers": [{"name": "b", "dependencies": 1.5}]}}
            ),
            "",
        ),
    ],
)
def test_a_workflow_may_have_any_shape(value: Object, told: str) -> None:
    """Nobody has held it to a schema: what has no meaning says nothing."""
    assert invalidity(value) == told
