"""When hooks and exit handlers begin, and what they are told (reference, Workflows 12)."""

from datetime import datetime, timedelta

import pytest

from ruleengine.formats.json_text import loads
from ruleengine.pipelines.early_ends import TIMED_OUT
from tests.pipelines.worlds import NODE_NAME, End, MemoryWorld, Script, run, world_of

TEMPLATES = """
- {name: say, container: {image: alpine, command: [say]}}
- {name: other, container: {image: alpine, command: [other]}}
- name: tell
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [tell], args: ["{{inputs.parameters.text}}"]}
"""
ALWAYS = 'hooks: {now: {template: other, expression: "true"}}'


def steps(step: str, more: str = "") -> str:
    """Return the spec of a workflow of one step."""
    return f"""
entrypoint: main
{more}
templates:
- name: main
  steps: [[{{name: one, {step}}}]]
{TEMPLATES}
"""


def tasks(*listed: str) -> str:
    """Return the spec of a workflow of some tasks."""
    made = "".join(f"    - {{{one}}}\n" for one in listed)
    return f"entrypoint: main\ntemplates:\n- name: main\n  dag:\n    tasks:\n{made}{TEMPLATES}"


def failing(*names: str, code: int = 1) -> Script:
    """Return a script in which some pods fail."""
    return lambda name, _: End(code=code * int(name in names))


def hooks(world: MemoryWorld) -> list[str]:
    """Return the pods of hooks that began."""
    return [one for one in world.began if "hooks" in one or "onExit" in one]


def test_a_pod_says_that_it_is_part_of_an_exit_handler_and_when_it_has_to_be_over() -> None:
    """By Argo's label and variable; an exit handler has no deadline, and says so as Argo does."""
    more = "activeDeadlineSeconds: 100\nonExit: other"
    world = run(steps("template: say, onExit: other", more))
    started = datetime.fromisoformat(world.status("startedAt"))
    label = "workflows.argoproj.io/on-exit"
    found = {}
    for pod in world.pods():
        name = pod["metadata"]["annotations"][NODE_NAME].removeprefix("wf")
        environment = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
        found[name] = pod["metadata"]["labels"].get(label), environment["ARGO_DEADLINE"]
    end = f"{started + timedelta(seconds=100):%Y-%m-%dT%H:%M:%SZ}"
    never = "0001-01-01T00:00:00Z"
    assert found == {
        "[0].one": (None, end),
        "[0].one.onExit": ("true", never),
        ".onExit": ("true", never),
    }


def test_no_hook_begins_while_its_step_waits() -> None:
    """Only once that runs, whatever the expression says."""
    world = world_of(steps(f"template: say, {ALWAYS}"))
    world.turn()
    world.turn()
    assert world.node("one")["phase"] == "Pending"
    assert hooks(world) == []
    world.run_pods()
    world.turn()
    world.turn()
    assert hooks(world) == ["[0].one.hooks.now"]
    assert world.node("one.hooks.now")["id"] in world.node("one")["children"]


@pytest.mark.parametrize(
    ("hook", "begun"), [(ALWAYS, [".b.hooks.now", ".c.hooks.now"]), ("onExit: other", [])]
)
def test_of_a_task_that_is_omitted_or_skipped_only_the_exit_does_not_run(
    hook: str, begun: list[str]
) -> None:
    """It is over, and hooks go by their expression; what runs at the end wants a run."""
    world = run(
        tasks(
            "name: a, template: say",
            f"name: b, template: say, depends: a.Failed, {hook}",
            f'name: c, template: say, when: "x == z", {hook}',
        )
    )
    assert (world.phases()[".b"], world.phases()[".c"]) == ("Omitted", "Skipped")
    assert sorted(hooks(world)) == begun
    assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (1, "Failed"), (64, "Error")])
def test_the_hook_at_the_end_runs_whatever_the_end(code: int, phase: str) -> None:
    """It is told what that was, and changes nothing about it."""
    given = '{parameters: [{name: text, value: "{{steps.one.status}}"}]}'
    step = f"template: say, hooks: {{exit: {{template: tell, arguments: {given}}}}}"
    world = run(steps(step), failing("[0].one", code=code))
    assert world.node("one.onExit")["inputs"]["parameters"][0]["value"] == phase
    assert world.status("phase") == ("Failed" if code else "Succeeded")


@pytest.mark.parametrize(
    ("expression", "begun"),
    [
        ("tasks.b.status == 'Succeeded'", True),
        ("tasks['b'].status == 'Failed'", False),
        ("tasks.a.status == 'Succeeded'", False),
        ("workflow.name == 'wf'", True),
    ],
)
def test_a_hook_of_a_task_sees_that_task(expression: str, *, begun: bool) -> None:
    """And the workflow; of a task that it does not see it says so on its own node."""
    hook = f'hooks: {{now: {{template: other, expression: "{expression}"}}}}'
    world = run(tasks("name: a, template: say", f"name: b, template: say, depends: a, {hook}"))
    assert hooks(world) == [".b.hooks.now"] * begun
    assert world.status("phase") == "Succeeded"


def test_a_name_with_a_hyphen_is_read_in_brackets() -> None:
    """A dot would make it a difference."""
    hook = """hooks: {now: {template: other, expression: "steps['a-b'].status == 'Succeeded'"}}"""
    world = run(steps(f"template: say, {hook}").replace("name: one,", "name: a-b,"))
    assert hooks(world) == ["[0].a-b.hooks.now"]


@pytest.mark.parametrize(
    ("strategy", "begun"),
    [("Stop", ["[0].one.onExit"]), ("Terminate", [])],
)
@pytest.mark.parametrize("hook", ["onExit: other", "hooks: {exit: {template: other}}"])
def test_the_hook_at_the_end_of_a_step_runs_after_a_stop(
    strategy: str, begun: list[str], hook: str
) -> None:
    """As exit handlers do; other hooks do not, and after a termination none."""
    late = "later: {template: other, expression: \"steps.one.status == 'Failed'\"}"
    stated = hook.replace("hooks: {", f"hooks: {{{late}, ")
    world = world_of(
        steps(f"template: say, {stated}"), lambda name, _: None if name == "[0].one" else End()
    )
    for _ in range(3):
        world.turn()
        world.run_pods()
    world.change({"spec": {"shutdown": strategy}})
    world.settle()
    assert hooks(world) == begun
    assert world.status("phase") == "Failed"


def test_hooks_of_what_an_exit_handler_calls_run_after_a_stop() -> None:
    """Those that are for its end, and all others."""
    inner = f"steps: [[{{name: a, template: say, {ALWAYS}}}]]"
    spec = steps("template: say", "onExit: handle") + f"- {{name: handle, {inner}}}\n"
    world = world_of(spec, lambda name, _: End(seconds=3) if "onExit" in name else None)
    for _ in range(3):
        world.turn()
        world.run_pods()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert world.began[1:] == [".onExit[0].a", ".onExit[0].a.hooks.now"]
    assert world.phases()[".onExit"] == "Succeeded"


def test_a_hook_that_begins_is_waited_for_although_its_workflow_is_full() -> None:
    """Its step is over only then."""
    spec = steps(f"template: say, {ALWAYS}", "parallelism: 1").replace(
        "steps: [[", "steps: [[{name: zero, template: say}, "
    )
    world = run(spec, lambda *_: End(seconds=3))
    assert world.most == 1
    assert hooks(world) == ["[0].one.hooks.now"]
    ended = world.node("one.hooks.now")["finishedAt"]
    assert world.node("[0]")["finishedAt"] >= ended


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ("hooks: {exit: {template: tell}}", "mine"),
        ("onExit: tell", "mine"),
        (
            "hooks: {exit: {template: tell, arguments: {parameters: [{name: text, value: own}]}}}",
            "own",
        ),
    ],
)
def test_an_exit_handler_has_the_arguments_of_the_workflow_or_its_own(
    stated: str, text: str
) -> None:
    """Whichever way it is written."""
    given = "arguments: {parameters: [{name: text, value: mine}]}"
    world = run(steps("template: say", f"{stated}\n{given}"))
    assert world.node("wf.onExit")["inputs"]["parameters"][0]["value"] == text


def told(value: str, step: str = "template: say", script: Script | None = None) -> str:
    """Return what an exit handler is told by a tag."""
    given = f'{{parameters: [{{name: text, value: "{value}"}}]}}'
    exits = f"hooks: {{exit: {{template: tell, arguments: {given}}}}}"
    world = run(steps(step, exits), script or failing())
    text: str = world.node("wf.onExit")["inputs"]["parameters"][0]["value"]
    return text


def test_an_exit_handler_is_told_what_failed() -> None:
    """A list of the pods that did, quoted once more, as in Argo; ``null`` where none did.

    What other exit handlers came to is none of it.
    """
    failed = "{{workflow.failures}}"
    hooked = "template: say, onExit: say"
    both = told(failed, step=hooked, script=lambda name, _: End(code=int("one" in name)))
    (found,) = loads(loads(both))
    assert found.keys() == {
        *("displayName", "message", "templateName", "phase", "podName", "finishedAt")
    }
    assert (found["displayName"], found["templateName"], found["phase"]) == ("one", "say", "Failed")
    assert found["message"] == "main: Error (exit code 1)"
    assert found["podName"].startswith("wf-say-")
    assert told(failed) == "null"


def test_an_exit_handler_is_told_the_end_and_how_long_it_took() -> None:
    """The phase of the whole, not of itself."""
    assert told("{{workflow.status}}") == "Succeeded"
    assert told("{{workflow.status}}", script=failing("[0].one")) == "Failed"
    assert told("{{workflow.status}}", script=failing("[0].one", code=64)) == "Failed"
    assert told("{{workflow.status}}", step='template: say, when: "a == b"') == "Succeeded"
    lasted = told("{{workflow.duration}}", script=lambda *_: End(seconds=9))
    assert float(lasted) >= 9
    assert len(lasted.partition(".")[2]) == 6


def test_a_workflow_that_is_out_of_time_has_its_exit_handler() -> None:
    """Which may take as long as it likes."""
    spec = steps("template: say", "activeDeadlineSeconds: 5\nonExit: other")
    world = run(spec, lambda name, _: End(seconds=60) if "onExit" in name else None)
    assert world.phases()[".onExit"] == "Succeeded"
    assert world.status("phase") == "Failed"
    handler = next(one for one in world.pods() if "other" in one["metadata"]["name"])
    assert "activeDeadlineSeconds" not in handler["spec"]


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ({"shutdown": "Stop"}, ""),
        ({"shutdown": "Terminate"}, ""),
        ({}, "activeDeadlineSeconds: 5"),
    ],
)
def test_a_workflow_that_ends_early_waits_for_no_hook_that_has_not_begun(
    change: dict[str, str], more: str
) -> None:
    """Its condition holds by then, and yet nothing new begins; its node says why, as in Argo."""
    hook = """{template: other, expression: "workflow.status == 'Failed'"}"""
    whole = """{template: main, expression: "workflow.status == 'Failed'"}"""
    spec = steps("template: say", f"hooks: {{bad: {hook}, whole: {whole}}}\n{more}")
    world = world_of(spec, lambda *_: End(seconds=60))
    world.turn()
    world.change({"spec": change})
    world.settle()
    assert (world.status("phase"), hooks(world)) == ("Failed", [])
    strategy = change.get("shutdown")
    told = f"workflow shutdown with strategy: {strategy}" if strategy else TIMED_OUT
    for name in ("bad", "whole[0].one"):
        (node,) = [one for one in world.nodes() if one["name"] == f"wf.hooks.{name}"]
        assert (node["type"], node["phase"], node["message"]) == ("Pod", "Failed", told)
    assert world.phases()[".hooks.whole"] == "Failed"


@pytest.mark.parametrize("strategy", ["Stop", "Terminate", ""])
def test_whatever_a_hook_is_that_can_no_longer_begin_it_has_failed(strategy: str) -> None:
    """Attempts, tasks and those that wait for a person as well, at once."""
    failed = "workflow.status == 'Failed'"
    spec = f"""
entrypoint: say
activeDeadlineSeconds: 5
hooks:
  tried: {{template: tried, expression: "{failed}"}}
  tasks: {{template: tasks, expression: "{failed}"}}
templates:
- {{name: tried, retryStrategy: {{limit: 3}}, container: {{image: alpine, command: [say]}}}}
- {{name: tasks, dag: {{tasks: [{{name: a, template: asked}}, {{name: b, template: tried}}]}}}}
- {{name: asked, suspend: {{}}}}
- {{name: say, container: {{image: alpine, command: [say]}}}}
"""
    world = world_of(spec, lambda *_: End(seconds=60))
    world.turn()
    world.change({"spec": {"shutdown": strategy or None}})
    world.now += timedelta(seconds=0 if strategy else 5)
    world.turn()
    stopped = f"Stopped with strategy '{strategy}'"
    unbegun = f"workflow shutdown with strategy: {strategy}" if strategy else TIMED_OUT
    late = "retry exceeded workflow deadline 2026-01-02 03:04:10 +0000 UTC"
    ended = stopped if strategy else late
    assert hooks(world) == []
    assert {one["name"]: one.get("message") for one in world.nodes()[1:]} == {
        "wf.hooks.tried": ended,
        "wf.hooks.tried(0)": unbegun,
        "wf.hooks.tasks": None,
        "wf.hooks.tasks.a": stopped if strategy else TIMED_OUT,
        "wf.hooks.tasks.b": ended,
        "wf.hooks.tasks.b(0)": unbegun,
    }
    assert set(world.phases().values()) == {world.status("phase")} == {"Failed"}


def test_an_exit_handler_waits_for_all_that_runs_before_it() -> None:
    """Hooks of the workflow and of its steps as well."""
    spec = steps(f"template: say, {ALWAYS}", "onExit: other")
    world = run(spec, lambda name, _: End(seconds=20 if "hooks" in name else 1))
    ended = world.node("one.hooks.now")["finishedAt"]
    assert world.node("wf.onExit")["startedAt"] >= ended


def test_an_exit_handler_is_told_what_was_made_for_all_to_see() -> None:
    """Outputs with a global name."""
    given = '{parameters: [{name: text, value: "{{workflow.outputs.parameters.all}}"}]}'
    spec = steps("template: make", f"hooks: {{exit: {{template: tell, arguments: {given}}}}}")
    spec += """- name: make
  container: {image: alpine, command: [make]}
  outputs: {parameters: [{name: own, globalName: all, valueFrom: {path: /made}}]}
"""
    world = run(spec, lambda *_: End(parameters={"own": "made"}))
    assert world.node("wf.onExit")["inputs"]["parameters"][0]["value"] == "made"


@pytest.mark.parametrize("after", ["depends: a", "dependencies: [a]"])
def test_a_hook_that_fails_fails_no_task(after: str) -> None:
    """What depends on it goes on, once the hook is over."""
    task = "template: say, onExit: other"
    spec = tasks(f"name: a, {task}", f"name: b, {after}, {task}")
    world = run(spec, lambda name, _: End(code=int("onExit" in name), seconds=3))
    succeeded, failed = ({f".{name}{end}" for name in "ab"} for end in ("", ".onExit"))
    assert world.phases() == dict.fromkeys(succeeded, "Succeeded") | dict.fromkeys(failed, "Failed")
    assert world.node("b")["startedAt"] >= world.node("a.onExit")["finishedAt"]
    assert world.status("phase") == "Succeeded"
