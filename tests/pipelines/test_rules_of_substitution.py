"""The rules of tags, arguments and outputs, one by one, for steps and for DAGs alike.

(Reference, Workflows 4, 5, 7 and 21.)
"""

from typing import Final

import pytest

from ruleengine.model.values import lookup
from tests.pipelines.worlds import NODE_NAME, End, MemoryWorld, Script, plan_of, run, world_of

KINDS = pytest.mark.parametrize("kind", ["steps", "dag"])

TEMPLATES: Final = """
- {name: work, container: {image: alpine, command: [work]}}
- name: print
  script: {image: alpine, command: [sh], source: print}
- name: make
  container: {image: alpine, command: [make]}
  outputs:
    parameters: [{name: p, valueFrom: {path: /p}}, {name: q, valueFrom: {path: /q}}]
    artifacts: [{name: a, path: /a, archive: {none: {}}}]
- name: tell
  inputs: {parameters: [{name: x, default: usual}, {name: z, default: usual}]}
  container: {image: alpine, command: [tell, "{{inputs.parameters.x}} {{inputs.parameters.z}}"]}
- name: take
  inputs: {artifacts: [{name: b, path: /b, optional: true}]}
  container: {image: alpine, command: [take]}
"""


def chain(kind: str, *tasks: str, more: str = "", template: str = "", before: str = "") -> str:
    """Return a workflow whose tasks run one after another; ``each`` is ``steps`` or ``tasks``."""
    names = [task.partition(",")[0].removeprefix("name: ") for task in tasks]
    needs = [f", depends: {name}" for name in names[:-1]]
    if kind == "steps":
        listed = "".join(f"  - - {{{task}}}\n" for task in tasks)
        body = f"  steps:\n{listed}"
    else:
        pairs = zip(tasks, ["", *needs], strict=True)
        listed = "".join(f"    - {{{task}{need}}}\n" for task, need in pairs)
        body = f"  dag:\n    tasks:\n{listed}"
    text = f"""
entrypoint: main
arguments: {{parameters: [{{name: given, value: known}}]}}
{before}
templates:
- name: main
{body}  {template}
{TEMPLATES}
{more}
"""
    return text.replace("each.", "steps." if kind == "steps" else "tasks.").replace(
        "each[", "steps[" if kind == "steps" else "tasks["
    )


def made(**fields: object) -> Script:
    """Every pod succeeds and makes the same."""
    return lambda *_: End(**{"parameters": {"p": "1", "q": "2"}, **fields})  # type: ignore[arg-type]


def told(world: MemoryWorld) -> list[str]:
    """Return what was told."""
    commands = [one["spec"]["containers"][0]["command"] for one in world.pods()]
    return [one[1] for one in commands if one[0] == "tell"]


def passed(**values: str) -> str:
    """Return arguments that are texts."""
    listed = ", ".join(f'{{name: {name}, value: "{text}"}}' for name, text in values.items())
    return f"arguments: {{parameters: [{listed}]}}"


@KINDS
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"x": "{{each.b.outputs.parameters.p}}", "z": "{{each.never.outputs.parameters.p}}"},
            "1 usual",
        ),
        ({"x": "{{each.never.outputs.parameters.p}}"}, "usual usual"),
        ({"x": "{{= each.never.outputs.parameters.p ?? 'none'}}"}, "none usual"),
        ({"x": "{{=each['b'].outputs.parameters.p}}"}, "1 usual"),
        ({"x": "{{=toJson(each.b.outputs.parameters)}}"}, '{"p":"1","q":"2"} usual'),
        ({"x": "{{each.never.status}}", "z": "{{each.b.status}}"}, "Skipped Succeeded"),
        ({"x": "{{workflow.parameters.given}}"}, "known usual"),
        ({"x": ""}, " usual"),
        ({"x": "{{unknown}}"}, "{{unknown}} usual"),
    ],
)
def test_arguments_hold_what_others_made(kind: str, arguments: dict[str, str], text: str) -> None:
    """What was never made counts as not given; what nobody knows stays as it is."""
    if "{{= each" in str(arguments):
        arguments = {name: one.replace("{{= ", "{{=") for name, one in arguments.items()}
    world = run(
        chain(
            kind,
            'name: never, template: make, when: "a == b"',
            "name: b, template: make",
            f"name: c, template: tell, {passed(**arguments)}",
        ),
        made(),
    )
    assert told(world) == [text]
    assert world.status("phase") == "Succeeded"


@KINDS
@pytest.mark.parametrize(
    "text",
    [
        "a {{each.never.outputs.parameters.p}}",
        "{{each.never.outputs.result}} {{each.never.outputs.parameters.p}}",
        "{{each.b.outputs.parameters.none}}",
        "{{each.b.exitCode}} {{each.b.ip}}",
    ],
)
def test_a_text_that_lacks_a_part_is_an_error(kind: str, text: str) -> None:
    """It is no text with a hole; keys exist only where there is something."""
    world = run(
        chain(
            kind,
            'name: never, template: make, when: "a == b"',
            "name: b, template: make",
            f"name: c, template: tell, {passed(x=text)}",
        ),
        made(),
    )
    assert world.status("phase") in ("Failed", "Error")
    assert told(world) == []


@KINDS
def test_an_item_that_has_no_such_value_is_an_error(kind: str) -> None:
    """After the items are put in everything of theirs has a value."""
    step = f"name: a, template: tell, withItems: [{{k: 1}}], {passed(x='{{item.none}}')}"
    world = run(chain(kind, step))
    assert world.status("phase") in ("Failed", "Error")
    assert "failed to resolve {{item.none}}" in str([one.get("message") for one in world.nodes()])


@KINDS
def test_a_condition_may_hold_the_item_beside_others(kind: str) -> None:
    """Each item that it does not hold for is a node of its own that says so."""
    when = 'when: "{{item}} == {{workflow.parameters.given}}"'
    world = run(chain(kind, f"name: a, template: work, withItems: [known, other], {when}"))
    assert [one[-10:] for one in world.began] == [".a(0:known)"[-10:]]
    other = world.node("a(1:other)")
    assert (other["type"], other["phase"]) == ("Skipped", "Skipped")
    assert other["message"] == "when 'other == known' evaluated false"
    assert world.status("phase") == "Succeeded"


@KINDS
def test_what_the_items_made_is_put_together_without_hooks_and_attempts(kind: str) -> None:
    """Only of items that succeeded, in their order; a parameter of those that have it."""
    retried = TEMPLATES[TEMPLATES.index("- name: make") :].split("- name: tell")[0]
    retried = retried.replace("name: make", "name: flaky") + "  retryStrategy: {limit: 1}\n"

    def script(name: str, _: object) -> End:
        if "onExit" in name:
            return End(parameters={"p": "hook"})
        if "(0:" in name:
            return End(code=int("(0)" in name), parameters={"p": "zero", "q": "nil"})
        return End(parameters={"p": "one"})

    world = run(
        chain(
            kind,
            "name: a, template: flaky, withItems: [v, w], onExit: make",
            "name: b, template: tell, "
            + passed(x="{{each.a.outputs.parameters.p}}", z="{{each.a.outputs.parameters.q}}"),
            more=retried,
        ),
        script,
    )
    assert told(world) == ['["zero","one"] ["nil"]']


@KINDS
@pytest.mark.parametrize(
    ("reference", "captured"),
    [
        ("{{each.a.outputs.result}}", "true"),
        ("{{=each['a'].outputs.result}}", "true"),
        ("{{each.a.status}}", "false"),
    ],
)
def test_the_output_of_a_step_is_kept_where_somebody_refers_to_it(
    kind: str, reference: str, captured: str
) -> None:
    """Else nobody reads it."""
    step = f"name: b, template: tell, {passed(x=reference)}"
    world = run(chain(kind, "name: a, template: print", step), made(result="7"))
    (pod,) = [one for one in world.pods() if one["metadata"]["annotations"][NODE_NAME][-1] == "a"]
    environment = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
    assert environment["ARGO_INCLUDE_SCRIPT_OUTPUT"] == captured


@KINDS
def test_a_step_knows_its_own_name_at_each_attempt(kind: str) -> None:
    """And how the attempt before it ended."""
    named = "{{each.name}} {{retries}} {{lastRetry.message}}."
    flaky = f"""
- name: flaky
  retryStrategy: {{limit: 1}}
  container: {{image: alpine, command: [tell, "{named}"]}}
"""
    world = run(
        chain(kind, "name: a-b, template: flaky", more=flaky),
        lambda name, _: End(code=int("(0)" in name)),
    )
    assert sorted(told(world)) == ["a-b 0 .", "a-b 1 main: Error (exit code 1)."]


OUTPUTS: Final = [
    ("value: constant", "constant"),
    ('valueFrom: {parameter: "{{each.a.outputs.parameters.p}}"}', "1"),
    ("valueFrom: {parameter: each.a.outputs.parameters.p}", "1"),
    ('valueFrom: {expression: "each.a.outputs.parameters.q"}', "2"),
    ("valueFrom: {parameter: each.a.outputs.parameters.none, default: other}", "other"),
    ("valueFrom: {parameter: each.never.outputs.parameters.p, default: other}", "other"),
    ("valueFrom: {expression: \"each.a.none['x']\", default: other}", "other"),
    ("valueFrom: {expression: nil, default: other}", "other"),
    ("valueFrom: {parameter: each.a.outputs.parameters.none}", None),
    ("valueFrom: {expression: \"asInt('x')\"}", None),
    ("valueFrom: {expression: nil}", None),
]


@KINDS
@pytest.mark.parametrize(("stated", "value"), OUTPUTS)
def test_outputs_are_what_they_are_taken_from(kind: str, stated: str, value: str | None) -> None:
    """Or their default; without one the template is an error, and stays what it is else."""
    world = run(
        chain(
            kind,
            'name: never, template: make, when: "a == b"',
            "name: a, template: make",
            template=f"outputs: {{parameters: [{{name: out, {stated}}}]}}",
        ),
        made(),
    )
    root = world.node("wf")
    found = lookup(root, "outputs", "parameters", default=[])
    assert [one["value"] for one in found] == ([] if value is None else [value])
    assert root["phase"] == ("Error" if value is None else "Succeeded")
    assert root["type"] == {"steps": "Steps", "dag": "DAG"}[kind]
    assert root["startedAt"] == world.status("startedAt")


@KINDS
@pytest.mark.parametrize(("optional", "phase"), [(", optional: true", "Succeeded"), ("", "Error")])
def test_an_artifact_that_was_never_made_is_missed_unless_it_is_optional(
    kind: str, optional: str, phase: str
) -> None:
    """As an output of the whole template."""
    stated = f'{{name: out, from: "{{{{each.never.outputs.artifacts.a}}}}"{optional}}}'
    world = run(
        chain(
            kind,
            'name: never, template: make, when: "a == b"',
            template=f"outputs: {{artifacts: [{stated}]}}",
        )
    )
    assert world.node("wf")["phase"] == phase


@KINDS
def test_what_is_given_to_all_is_that_of_the_last_writer(kind: str) -> None:
    """Other names stay; whoever comes later sees it."""
    named = """
- name: export
  inputs: {parameters: [{name: x}]}
  container: {image: alpine, command: [export]}
  outputs:
    parameters:
    - {name: p, valueFrom: {path: /p}, globalName: shared}
    - {name: q, valueFrom: {path: /q}, globalName: "of-{{inputs.parameters.x}}"}
"""

    def script(name: str, _: object) -> End:
        return End(parameters={"p": name[-1], "q": name[-1] * 2})

    world = run(
        chain(
            kind,
            f"name: a, template: export, {passed(x='one')}",
            f"name: b, template: export, {passed(x='two')}",
            "name: c, template: tell, "
            + passed(
                x="{{workflow.outputs.parameters.shared}}",
                z="{{workflow.outputs.parameters.of-one}}",
            ),
            more=named,
        ),
        script,
    )
    assert told(world) == ["b aa"]
    values = {one["name"]: one["value"] for one in world.status("outputs", "parameters")}
    assert values == {"shared": "b", "of-one": "aa", "of-two": "bb"}
    assert len(world.status("outputs", "parameters")) == len(values)


TAKES: Final = "{name: b, from: '{{each.a.outputs.artifacts.a}}'}"


@KINDS
def test_an_artifact_is_passed_beside_parameters_and_as_it_was_packed(kind: str) -> None:
    """Arguments of both kinds reach the step."""
    both = "arguments: {parameters: [{name: x, value: given}], artifacts: [" + TAKES + "]}"
    taking = """
- name: both
  inputs:
    parameters: [{name: x}]
    artifacts: [{name: b, path: /b}, {name: own, path: /own, raw: {data: text}}]
  container: {image: alpine, command: [tell, "{{inputs.parameters.x}} {{inputs.artifacts.b.path}}"]}
"""
    world = run(
        chain(kind, "name: a, template: make", f"name: c, template: both, {both}", more=taking)
    )
    assert told(world) == ["given /b"]
    loaded = {one["name"]: one for one in lookup(world.node("c"), "inputs", "artifacts")}
    assert loaded["b"]["archive"] == {"none": {}}
    assert loaded["own"]["raw"] == {"data": "text"}
    (pod,) = [one for one in world.pods() if one["spec"]["containers"][0]["command"][0] == "tell"]
    assert [one["name"] for one in plan_of(pod, "init")["inputs"]] == ["b", "own"]


@KINDS
def test_what_a_template_was_given_it_may_pass_on(kind: str) -> None:
    """The artifacts of its inputs, to those that it calls and as its own outputs."""
    inner = chain(
        kind,
        "name: c, template: take, "
        "arguments: {artifacts: [{name: b, from: '{{inputs.artifacts.i}}'}]}",
        template="outputs: {artifacts: [{name: o, from: '{{inputs.artifacts.i}}'}]}",
    )
    body = inner[inner.index("- name: main") : inner.index("- {name: work")]
    more = body.replace("name: main", "name: inner\n  inputs: {artifacts: [{name: i, path: /i}]}")
    given = TAKES.replace("name: b", "name: i")
    world = run(
        chain(
            kind,
            "name: a, template: make",
            f"name: b, template: inner, arguments: {{artifacts: [{given}]}}",
            more=more,
        )
    )
    assert world.status("phase") == "Succeeded"
    (source,) = lookup(world.node("a"), "outputs", "artifacts")
    (end,) = lookup(world.node("b"), "outputs", "artifacts")
    (loaded,) = lookup(world.node("c"), "inputs", "artifacts")
    assert end["plugin"] == loaded["plugin"] == source["plugin"]


@KINDS
def test_a_template_in_place_may_wait_and_go_on(kind: str) -> None:
    """It is looked up anew whenever its node is looked at."""
    inline = (
        'inline: {container: {image: alpine, command: [tell, "{{workflow.parameters.given}}"]}}'
    )
    world = run(
        chain(kind, f"name: a, {inline}", "name: b, template: work"), lambda *_: End(seconds=3)
    )
    assert told(world) == ["known"]
    assert world.status("phase") == "Succeeded"


@KINDS
def test_numbers_that_fields_take_as_texts_may_be_tags(kind: str) -> None:
    """How many items there are, and for how many seconds a pod may be active."""
    timed = """
- name: timed
  inputs: {parameters: [{name: x, value: 7}]}
  activeDeadlineSeconds: "{{inputs.parameters.x}}"
  container: {image: alpine, command: [work]}
"""
    step = "name: a, template: timed, withSequence: {count: '{{workflow.parameters.many}}'}"
    spec = chain(kind, step, more=timed).replace(
        "value: known}", "value: known}, {name: many, value: 2}"
    )
    world = run(spec)
    assert [one["spec"]["activeDeadlineSeconds"] for one in world.pods()] == [7, 7]


@KINDS
def test_a_template_knows_its_node_and_its_pod(kind: str) -> None:
    """By their names."""
    named = """
- name: named
  container: {image: alpine, command: [tell, "{{pod.name}} {{node.name}}"]}
"""
    world = run(chain(kind, "name: a, template: named", more=named))
    (pod,) = world.pods()
    assert told(world) == [f"{pod['metadata']['name']} wf{'[0]' if kind == 'steps' else ''}.a"]


@KINDS
def test_a_template_has_room_for_so_many_of_its_own(kind: str) -> None:
    """``parallelism`` counts what it calls, items among it; hooks need no room."""
    hook = 'hooks: {now: {template: print, expression: "true"}}'
    step = f"name: a, template: work, withSequence: {{count: 4}}, {hook}"
    world = run(chain(kind, step, template="parallelism: 2"), lambda *_: End(seconds=5))
    begun = {one["displayName"]: one["startedAt"] for one in world.nodes() if one["type"] == "Pod"}
    times = [begun[f"a({one}:{one})"] for one in range(4)]
    assert times[0] == times[1] < times[2] == times[3]
    hooks = [one for name, one in begun.items() if "hooks" in name]
    assert hooks[0] < times[2]


@KINDS
def test_a_suspended_workflow_has_no_new_nodes_of_any_kind(kind: str) -> None:
    """Not even of what would be skipped or omitted."""
    spec = chain(kind, "name: a, template: work", 'name: b, template: work, when: "a == b"')
    world = world_of(spec)
    world.turn()
    world.change({"spec": {"suspend": True}})
    world.settle()
    assert world.node("a")["phase"] == "Succeeded"
    assert "b" not in [one["displayName"] for one in world.nodes()]
    world.change({"spec": {"suspend": False}})
    world.settle()
    assert world.status("phase") == "Succeeded"


@KINDS
def test_what_follows_a_template_is_drawn_after_its_ends(kind: str) -> None:
    """Its outbound nodes are those that nothing of it follows."""
    inner = chain(kind, "name: c, template: work", "name: d, template: work")
    body = inner[inner.index("- name: main") : inner.index("- {name: work")]
    world = run(
        chain(
            kind,
            "name: a, template: inner",
            "name: b, template: work",
            more=body.replace("main", "inner"),
        )
    )
    assert world.node("a")["outboundNodes"] == [world.node("d")["id"]]
    after = "wf[1]" if kind == "steps" else "wf.b"
    names = {one["id"]: one["name"] for one in world.nodes()}
    assert [names[one] for one in world.node("d")["children"]] == [after]
    assert world.node("wf")["outboundNodes"] == [world.node("b")["id"]]


@KINDS
def test_an_artifact_that_nobody_passes_is_missed_unless_it_is_optional(kind: str) -> None:
    """The step that needs it is an error, the other runs without."""
    needing = """
- name: need
  inputs: {artifacts: [{name: b, path: /b}]}
  container: {image: alpine, command: [need]}
"""
    assert run(chain(kind, "name: a, template: take")).status("phase") == "Succeeded"
    world = run(chain(kind, "name: a, template: need", more=needing))
    assert world.node("a")["phase"] == "Error"
    of_task = "task 'wf.a' errored: " if kind == "dag" else ""
    assert world.node("a")["message"] == f"{of_task}inputs.artifacts.b was not supplied"


@KINDS
def test_a_parameter_of_a_config_map_that_is_not_there_has_its_default(kind: str) -> None:
    """Without one, that is an error."""
    reading = """
- name: read
  inputs:
    parameters:
    - {name: x, valueFrom: {configMapKeyRef: {name: none, key: k}, default: other}}
  container: {image: alpine, command: [tell, "{{inputs.parameters.x}}"]}
"""
    assert told(run(chain(kind, "name: a, template: read", more=reading))) == ["other"]
    world = run(
        chain(kind, "name: a, template: read", more=reading.replace(", default: other", ""))
    )
    assert world.node("a")["phase"] == "Error"
    assert "ConfigMap 'none' does not exist" in world.node("a")["message"]
