"""Every rule that a workflow is held to before it runs, with a case that breaks only that one.

They are those of the reference, Workflows 25.
"""

from pathlib import Path

import pytest

from ruleengine.formats import yaml_writer
from ruleengine.model.values import Object
from tests.validation.config_repos import make_repo, told

CONTAINER: Object = {"image": "alpine", "command": ["work"]}
WORK: Object = {"name": "work", "container": CONTAINER}


def workflow(*templates: Object, **spec: object) -> Object:
    """Return a workflow whose first template is where it begins."""
    first = templates[0].get("name", "work") if templates else "work"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "spec": {"entrypoint": first, "templates": list(templates), **spec},
    }


def leaf(**fields: object) -> Object:
    """Return a workflow of one container with more fields."""
    return workflow({**WORK, **fields})


def steps(*calls: Object, **fields: object) -> Object:
    """Return a workflow of steps, one after another, that call ``work``."""
    main = {"name": "main", "steps": [[one] for one in calls], **fields}
    return workflow(main, WORK)


def dag(*tasks: Object, **fields: object) -> Object:
    """Return a workflow of tasks that call ``work``."""
    body = {"tasks": list(tasks), **fields}
    return workflow({"name": "main", "dag": body}, WORK)


def call(name: str = "a", **fields: object) -> Object:
    """Return a step or task that calls ``work``."""
    return {"name": name, "template": "work", **fields}


def cron(**fields: object) -> Object:
    """Return a workflow that runs by schedule."""
    made = workflow(WORK)
    spec = {"schedules": ["0 2 * * *"], "workflowSpec": made["spec"], **fields}
    return {**made, "kind": "CronWorkflow", "spec": spec}


def old_cron(schedule: str) -> Object:
    """Return a workflow that runs by the schedule of an older file."""
    value = cron(schedule=schedule)
    return {**value, "spec": {k: one for k, one in value["spec"].items() if k != "schedules"}}


def made(**kind: object) -> Object:
    """Return a workflow of one template of a type."""
    return workflow({"name": "work", **kind})


PARAMETER = {"name": "p", "value": "v"}
PATH = {"path": "/p"}

GOOD = {
    "a container": leaf(),
    "steps": steps(call("a"), call("b")),
    "tasks": dag(call("a"), call("b", depends="a.Succeeded || a.Failed")),
    "a loop that some succeed of": dag(
        call("a", withItems=[1]), call("b", depends="a.AnySucceeded || a.AllFailed")
    ),
    "a target": dag(call("a"), call("b"), target="b"),
    "a schedule": cron(timezone="Europe/Berlin", concurrencyPolicy="Forbid"),
    "a timeout": leaf(timeout="30s", activeDeadlineSeconds=5),
    "a resource": made(resource={"action": "create", "manifest": "kind: ConfigMap\n"}),
    "flags of kubectl": made(
        resource={"action": "delete", "flags": ["pod", "-l", "{{workflow.name}}"]}
    ),
    "flags that are known later": made(
        resource={"action": "delete", "flags": ["{{workflow.name}}", "--edit={{workflow.uid}}"]}
    ),
    "an output": leaf(outputs={"parameters": [{"name": "p", "valueFrom": PATH}]}),
    "a hook": steps(call(hooks={"exit": {"template": "work"}})),
    "a name of 63 letters": {**leaf(), "metadata": {"name": "w" * 63}},
    "a script without a source": made(script={"image": "a", "args": ["b"]}),
    "defaults for two types": {
        **leaf(),
        "spec": {**leaf()["spec"], "templateDefaults": {"script": {}, "container": {}}},
    },
    "an argument of the workflow that is given later": workflow(
        WORK,
        arguments={"parameters": [{"name": "p"}, {"name": "q", "valueFrom": {"supplied": {}}}]},
    ),
    "an output that is stated": steps(call(), outputs={"parameters": [PARAMETER]}),
}

BAD: dict[str, Object] = {
    "an unknown field": leaf(containr=CONTAINER),
    "a name of a template": workflow({**WORK, "name": "a_b"}),
    "a name of a template that is too long": workflow({**WORK, "name": "a" * 129}),
    "two templates with one name": workflow(WORK, WORK),
    "a name of a step": steps(call("a_b")),
    "a name of a step that is too long": steps(call("a" * 129)),
    "two steps with one name": steps(call(), call()),
    "two tasks with one name": dag(call(), call()),
    "a name of a parameter": leaf(inputs={"parameters": [{"name": "a.b", "value": "v"}]}),
    "a name of a task that is too long": dag(call("a" * 129)),
    "two artifacts with one name": leaf(
        outputs={"artifacts": [{"name": "a", "path": "/a"}, {"name": "a", "path": "/b"}]}
    ),
    "two parameters with one name": leaf(inputs={"parameters": [PARAMETER, PARAMETER]}),
    "a name of an artifact": leaf(inputs={"artifacts": [{"name": "a b", "path": "/a"}]}),
    "a name of an artifact with a dot": leaf(outputs={"artifacts": [{"name": "a.b", **PATH}]}),
    "no type": workflow({"name": "work"}),
    "two types": leaf(script={"image": "a", "source": "b"}),
    "no entrypoint": {**leaf(), "spec": {"templates": [WORK]}},
    "an entrypoint that is not there": leaf() | {"spec": {"entrypoint": "x", "templates": [WORK]}},
    "a template that is not there": steps({"name": "a", "template": "none"}),
    "a template and a reference": steps(call(templateRef={"name": "t", "template": "x"})),
    "a template and one in place": steps(call(inline={"container": CONTAINER})),
    "half a reference": steps({"name": "a", "templateRef": {"name": "t"}}),
    "a step that calls nothing": steps({"name": "a"}),
    "a task that calls nothing": dag({"name": "a"}),
    "no tasks": dag(),
    "a task that is not there": dag(call(dependencies=["x"])),
    "a circle": dag(call("a", dependencies=["b"]), call("b", dependencies=["a"])),
    "a target that is not there": dag(call("a"), target="x"),
    "a result that is none": dag(call("a"), call("b", depends="a.Succeded")),
    "a result of loops": dag(call("a"), call("b", depends="a.AnySucceeded")),
    "both ways to depend": dag(call("a"), call("b", depends="a"), call("c", dependencies=["a"])),
    "continueOn with depends": dag(call("a"), call("b", depends="a", continueOn={"failed": True})),
    "a digit before depends": dag(call("1a"), call("b", dependencies=["1a"])),
    "no value for an input": workflow(
        {"name": "main", "steps": [[call()]]},
        {**WORK, "inputs": {"parameters": [{"name": "p"}]}},
    ),
    "two loops": steps(call(withItems=[1], withParam="[]")),
    "two loops of tasks": dag(call(withItems=[1], withParam="[]")),
    "a count and an end": steps(call(withSequence={"count": 1, "end": 2})),
    "a loop over a text": steps(call(withParam="not a list")),
    "a loop over a map": steps(call(withParam='{"a": 1}')),
    "a count that is no number": steps(call(withSequence={"count": "few"})),
    "a start that is no number beside a tag": steps(
        call(withSequence={"start": "few", "count": "{{workflow.priority}}"})
    ),
    "a list of more than can be run": steps(call(withParam=f"[{'1,' * 100_000}1]")),
    "a count of more than can be run": steps(call(withSequence={"count": "9" * 19})),
    "an end of more than can be run": steps(call(withSequence={"start": 100_000, "end": 0})),
    "two sources of a value": leaf(
        outputs={"parameters": [{"name": "p", "valueFrom": {**PATH, "expression": "1"}}]}
    ),
    "no source of an output": leaf(outputs={"parameters": [{"name": "p"}]}),
    "a path as an output of steps": steps(
        call(), outputs={"parameters": [{"name": "p", "valueFrom": PATH}]}
    ),
    "an expression as an output of a container": leaf(
        outputs={"parameters": [{"name": "p", "valueFrom": {"expression": "1"}}]}
    ),
    "an object as an output of a container": leaf(
        outputs={"parameters": [{"name": "p", "valueFrom": {"jsonPath": "{.x}"}}]}
    ),
    "a path as an output of a resource": made(
        resource={"action": "get", "manifest": "kind: ConfigMap\n"},
        outputs={"parameters": [{"name": "p", "valueFrom": PATH}]},
    ),
    "an artifact without a path": leaf(inputs={"artifacts": [{"name": "a", "raw": {"data": "x"}}]}),
    "an output artifact without a path": leaf(outputs={"artifacts": [{"name": "a"}]}),
    "an artifact of steps with a path": steps(
        call(), outputs={"artifacts": [{"name": "a", "path": "/a"}]}
    ),
    "an input from somewhere": leaf(
        inputs={"artifacts": [{"name": "a", "path": "/a", "from": "{{workflow.name}}"}]}
    ),
    "two ways to take an artifact": steps(
        call(),
        outputs={
            "artifacts": [
                {"name": "a", "from": "{{steps.a.outputs.artifacts.x}}", "fromExpression": "nil"}
            ]
        },
    ),
    "a path of several lines": leaf(outputs={"artifacts": [{"name": "a", "path": "/a\nb"}]}),
    "a parameter at a path of several lines": leaf(
        outputs={"parameters": [{"name": "p", "valueFrom": {"path": "/a\nb"}}]}
    ),
    "no image": made(container={"command": ["work"]}),
    "no image of a script": made(script={"command": ["sh"], "source": "true"}),
    "an action that is none": made(resource={"action": "make", "manifest": "kind: ConfigMap\n"}),
    "no manifest": made(resource={"action": "create"}),
    "a manifest that is no YAML": made(resource={"action": "create", "manifest": "a: [b"}),
    "a flag of kubectl that no step honours": made(
        resource={"action": "create", "manifest": "a: b", "flags": ["--edit"]}
    ),
    "flags that name no object": made(resource={"action": "patch", "flags": ["pod"]}),
    "parallelism of a leaf": leaf(parallelism=1),
    "a parallelism that is a tag": steps(call(), parallelism="{{workflow.priority}}"),
    "a deadline of steps": steps(call(), activeDeadlineSeconds=5),
    "a timeout of steps": steps(call(), timeout="5s"),
    "a timeout without a unit": leaf(timeout="30"),
    "a timeout that is none": leaf(timeout="soon"),
    "a policy of retries": leaf(retryStrategy={"retryPolicy": "Sometimes"}),
    "a back-off without a duration": leaf(retryStrategy={"backoff": {"factor": 2}}),
    "a strategy of pods": workflow(WORK, podGC={"strategy": "Never"}),
    "a selector of pods": workflow(
        WORK,
        podGC={
            "strategy": "OnPodCompletion",
            "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]},
        },
    ),
    "a name of a metric": leaf(
        metrics={"prometheus": [{"name": "a-b", "help": "h", "counter": {"value": "1"}}]}
    ),
    "a metric without help": leaf(
        metrics={"prometheus": [{"name": "ab", "help": "", "counter": {"value": "1"}}]}
    ),
    "a metric of two kinds": leaf(
        metrics={
            "prometheus": [
                {"name": "ab", "help": "h", "counter": {"value": "1"}, "gauge": {"value": "1"}}
            ]
        }
    ),
    "a gauge in real time of something else": leaf(
        metrics={
            "prometheus": [
                {"name": "ab", "help": "h", "gauge": {"realtime": True, "value": "{{status}}"}}
            ]
        }
    ),
    "a hook without an expression": steps(call(hooks={"early": {"template": "work"}})),
    "a hook of the workflow without an expression": workflow(
        WORK, hooks={"early": {"template": "work"}}
    ),
    "a reserved name": leaf(sidecars=[{"name": "wait", "image": "a"}]),
    "a reserved name of a set": made(
        containerSet={"containers": [{"name": "supervisor", "image": "a"}]}
    ),
    "an init container without a name": leaf(initContainers=[{"image": "a"}]),
    "a set that makes something without a main": made(
        containerSet={"containers": [{"name": "a", "image": "a"}]},
        outputs={"parameters": [{"name": "p", "valueFrom": PATH}]},
    ),
    "containers that wait for each other": made(
        containerSet={
            "containers": [
                {"name": "a", "image": "a", "dependencies": ["b"]},
                {"name": "b", "image": "a", "dependencies": ["a"]},
            ]
        }
    ),
    "a container that waits for none": made(
        containerSet={"containers": [{"name": "a", "image": "a", "dependencies": ["b"]}]}
    ),
    "a resource of pods": workflow(WORK, podResources={"limits": {"example.com/gpu": "1"}}),
    "claims of steps": steps(call(), resourceClaims=[{"name": "c"}]),
    "a schedule that is none": cron(schedules=["61 * * * *"]),
    "a time zone that is none": cron(timezone="Europe/Nowhere"),
    "a policy that is none": cron(concurrencyPolicy="Sometimes"),
    "no schedule": cron(schedules=[]),
    "more templates than may be": workflow(
        *({**WORK, "name": f"t{number}"} for number in range(201))
    ),
    "more tasks than may be": dag(*(call(f"t{number}") for number in range(201))),
    "more parameters than may be": workflow(
        WORK,
        arguments={"parameters": [{"name": f"p{one}", "value": "v"} for one in range(501)]},
    ),
    "a workflow of a template with templates": workflow(WORK, workflowTemplateRef={"name": "t"}),
    "a semaphore of nowhere": workflow(WORK, synchronization={"semaphores": [{}]}),
    "a name of a task": dag(call("a_b")),
    "a name that is too long for pods": {**leaf(), "metadata": {"name": "w" * 64}},
    "a name that is too long for what a schedule makes": {
        **cron(),
        "metadata": {"name": "w" * 53},
    },
    "a workflow of no template": {**leaf(), "spec": {"workflowTemplateRef": {"name": "t"}}},
    "a reference to nothing": steps({"name": "a", "templateRef": {"name": "t", "template": "x"}}),
    "the other half of a reference": steps({"name": "a", "templateRef": {"template": "x"}}),
    "a reference and one in place": steps(
        {
            "name": "a",
            "inline": {"container": CONTAINER},
            "templateRef": {"name": "t", "template": "x"},
        }
    ),
    "another result of loops": dag(call("a"), call("b", depends="a.AllFailed")),
    "a digit before a condition": dag(call("a"), call("1b", depends="a")),
    "a path as an input": leaf(inputs={"parameters": [{"name": "p", "valueFrom": PATH}]}),
    "a path as an argument": workflow(
        {
            "name": "main",
            "steps": [[call(arguments={"parameters": [{"name": "p", "valueFrom": PATH}]})]],
        },
        {**WORK, "inputs": {"parameters": [{"name": "p"}]}},
    ),
    "a path as an argument of the workflow": workflow(
        WORK, arguments={"parameters": [{"name": "p", "valueFrom": PATH}]}
    ),
    "an argument that supplies itself": workflow(
        {
            "name": "main",
            "steps": [
                [call(arguments={"parameters": [{"name": "p", "valueFrom": {"supplied": {}}}]})]
            ],
        },
        {**WORK, "inputs": {"parameters": [{"name": "p"}]}},
    ),
    "an argument without a value": workflow(
        {"name": "main", "steps": [[call(arguments={"parameters": [{"name": "p"}]})]]},
        {**WORK, "inputs": {"parameters": [{"name": "p"}]}},
    ),
    "an argument that nobody asks for": steps(call(arguments={"parameters": [PARAMETER]})),
    "a path as an output of tasks": workflow(
        {
            "name": "main",
            "dag": {"tasks": [call()]},
            "outputs": {"parameters": [{"name": "p", "valueFrom": PATH}]},
        },
        WORK,
    ),
    "a path as an output of what is suspended": made(
        suspend={}, outputs={"parameters": [{"name": "p", "valueFrom": PATH}]}
    ),
    "a parameter as an output of a script": made(
        script={"image": "a", "source": "x"},
        outputs={"parameters": [{"name": "p", "valueFrom": {"parameter": "{{workflow.name}}"}}]},
    ),
    "an artifact of a script without a path": made(
        script={"image": "a", "source": "x"}, outputs={"artifacts": [{"name": "a"}]}
    ),
    "an artifact of tasks with a path": workflow(
        {
            "name": "main",
            "dag": {"tasks": [call()]},
            "outputs": {"artifacts": [{"name": "a", "path": "/a"}]},
        },
        WORK,
    ),
    "an input by an expression": leaf(
        inputs={"artifacts": [{"name": "a", "path": "/a", "fromExpression": "nil"}]}
    ),
    "an empty image": leaf(container={"image": "", "command": ["work"]}),
    "two manifests": made(
        resource={
            "action": "create",
            "manifest": "kind: ConfigMap\n",
            "manifestFrom": {"artifact": {"name": "a", "raw": {"data": "x"}}},
        }
    ),
    "parallelism of what is suspended": made(suspend={}, parallelism=1),
    "a deadline of what is suspended": made(suspend={}, activeDeadlineSeconds=5),
    "a timeout of what is suspended": made(suspend={}, timeout="5s"),
    "a time to begin of tasks": workflow(
        {"name": "main", "dag": {"tasks": [call()]}, "pendingTimeout": "5s"}, WORK
    ),
    "a time to begin that is none": leaf(pendingTimeout="5"),
    "a policy of retries of all": workflow(WORK, retryStrategy={"retryPolicy": "Sometimes"}),
    "a metric of no kind": leaf(metrics={"prometheus": [{"name": "ab", "help": "h"}]}),
    "a metric of the workflow without help": workflow(
        WORK, metrics={"prometheus": [{"name": "ab", "help": "", "counter": {"value": "1"}}]}
    ),
    "a reserved name of a plugin": leaf(
        initContainers=[{"name": "artifact-plugin-x", "image": "a"}]
    ),
    "a set that is given something without a main": made(
        containerSet={"containers": [{"name": "a", "image": "a"}]},
        inputs={"artifacts": [{"name": "p", "path": "/p", "raw": {"data": "x"}}]},
    ),
    "a set that keeps something without a main": made(
        containerSet={"containers": [{"name": "a", "image": "a"}]},
        outputs={"artifacts": [{"name": "p", "path": "/p"}]},
    ),
    "a resource of one pod": leaf(podResources={"requests": {"example.com/gpu": "1"}}),
    "claims of a call": made(http={"url": "http://x"}, resourceClaims=[{"name": "c"}]),
    "an old schedule that is none": old_cron("61 * * * *"),
    "two templates of a schedule with one name": cron(
        workflowSpec={"entrypoint": "work", "templates": [WORK, WORK]}
    ),
    "no entrypoint of a schedule": cron(workflowSpec={"templates": [WORK]}),
    "a hook of a task without an expression": dag(call(hooks={"early": {"template": "work"}})),
    "a hook that calls what is not there": steps(call(hooks={"exit": {"template": "none"}})),
    "a hook of a task that calls what is not there": dag(
        call(hooks={"x": {"template": "none", "expression": "true"}})
    ),
    "a hook of the workflow that calls what is not there": workflow(
        WORK, hooks={"exit": {"template": "none"}}
    ),
    "a handler of the end that is not there": workflow(WORK, onExit="none"),
    "a handler of the end of a task that is not there": dag(call(onExit="none")),
    "a hook that calls nothing": steps(call(hooks={"exit": {}})),
    "a loop of nothing": steps(call(withSequence={"start": 1})),
    "two sequences of a loop": dag(call(withItems=[1], withSequence={"count": 1})),
    "a lock of nowhere": workflow(WORK, synchronization={"mutexes": [{}]}),
    "a mode that is none": leaf(outputs={"artifacts": [{"name": "a", "path": "/a", "mode": 4096}]}),
    "a condition that is none": steps(call(when="a b")),
    "a depends that is none": dag(call("a"), call("b", depends="a &&")),
    "an artifact from nowhere": workflow(
        {"name": "main", "steps": [[call(arguments={"artifacts": [{"name": "f"}]})]]},
        {**WORK, "inputs": {"artifacts": [{"name": "f", "path": "/f", "optional": True}]}},
    ),
    "an artifact of the workflow from nowhere": workflow(
        WORK, arguments={"artifacts": [{"name": "f"}]}
    ),
    "an excuse beside conditions": dag(
        call("a"), call("b", continueOn={"failed": True}), call("c", depends="b")
    ),
    "a deadline before the beginning": leaf(activeDeadlineSeconds=-60),
    "a deadline that is none": leaf(activeDeadlineSeconds="soon"),
    "two volumes at a path": leaf(
        container={
            "image": "a",
            "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/v"}],
        }
    ),
    "an artifact where a volume is": leaf(
        inputs={"artifacts": [{"name": "f", "path": "/v", "raw": {"data": ""}}]},
        container={"image": "a", "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
    ),
}


def found(folder: Path, value: Object) -> list[tuple[str, str, str, str]]:
    """Return the lines, codes, messages and remedies of what is wrong with a workflow.

    What only the wish for a newer field is does not count.
    """
    text = yaml_writer.write(value)
    report = make_repo(folder / "config", {"pipelines/w.yaml": text}).validate()
    lines = text.splitlines()
    return [
        (lines[one.place.line - 1].strip()[:40], one.code, one.message, one.remedy)
        for one in told(report)
        if one.code not in ("schema-field-deprecated", "support-field-unsupported")
    ]


def expected() -> dict[str, tuple[str, ...]]:
    """Return what is told of each wrong workflow: the text of its line, and words."""
    path = Path(__file__).with_name("broken_workflows.tsv")
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
    return {row[0]: tuple(row[1:]) for row in rows}


@pytest.mark.parametrize("name", GOOD)
def test_what_keeps_the_rules_has_no_finding(tmp_path: Path, name: str) -> None:
    """Or the others would prove nothing."""
    assert found(tmp_path, GOOD[name]) == []


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_a_rule_is_told_before_it_runs(tmp_path: Path, name: str) -> None:
    """Once, at its own line, with what is wrong and what to do about it."""
    assert found(tmp_path, BAD[name]) == [expected()[name]]


def test_what_is_expected_is_what_is_tried() -> None:
    """No row is left of a case that is gone."""
    assert list(expected()) == list(BAD)
