"""The rules of hooks, of limits and of caches, one by one (reference, Workflows 12, 17 and 19)."""

import pytest

from tests.pipelines.worlds import End, MemoryWorld, Script, run, world_of

STEP = """
- {name: say, container: {image: alpine, command: [say]}}
- {name: other, container: {image: alpine, command: [other]}}
- name: tell
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [tell], args: ["{{inputs.parameters.text}}"]}
- {name: print, script: {image: alpine, command: [sh], source: print}}
"""


def failing(*names: str) -> Script:
    """Return a script in which some pods fail."""
    return lambda name, _: End(code=int(name in names), result="made")


def stepped(step: str, *, script: Script | None = None, more: str = "") -> MemoryWorld:
    """Run one step, then another one."""
    spec = f"""
entrypoint: main
{more}
templates:
- name: main
  steps:
  - - {{name: one, {step}}}
  - - {{name: two, template: say}}
{STEP}
"""
    return run(spec, script or failing())


@pytest.mark.parametrize(
    ("step", "begun"),
    [
        ("template: say, hooks: {exit: {template: other}}", True),
        ("template: say, hooks: {exit: {template: other, expression: 'true'}}", True),
        ("template: say, hooks: {exit: {template: other, expression: 'false'}}", False),
        ("template: say, hooks: {a: {template: other, expression: 'false'}}", False),
        ('template: say, when: "a == b", hooks: {exit: {template: other}}', False),
        ('template: say, when: "a == b", hooks: {a: {template: other, expression: "true"}}', False),
    ],
)
def test_a_hook_of_a_step_runs_when_its_time_has_come(step: str, *, begun: bool) -> None:
    """The one at the end where the step has run, each where its expression holds."""
    world = stepped(step)
    hooks = [one for one in world.began if "onExit" in one or "hooks" in one]
    assert bool(hooks) == begun
    assert world.status("phase") == "Succeeded"


def test_a_hook_at_the_end_is_given_what_its_step_made() -> None:
    """The step's own outputs."""
    given = '{parameters: [{name: text, value: "{{steps.one.outputs.result}}"}]}'
    world = stepped(f"template: print, hooks: {{exit: {{template: tell, arguments: {given}}}}}")
    (hook,) = [one for one in world.nodes() if one["name"].endswith(".onExit")]
    assert hook["inputs"]["parameters"] == [{"name": "text", "value": "made"}]
    assert hook["nodeFlag"] == {"hooked": True}


def test_a_hook_that_fails_fails_no_step() -> None:
    """What follows goes on."""
    world = stepped("template: say, onExit: other", script=failing("[0].one.onExit"))
    assert world.phases()["[0].one.onExit"] == "Failed"
    assert world.phases()["[1].two"] == "Succeeded"
    assert world.status("phase") == "Succeeded"


def test_hooks_are_no_results_of_a_loop() -> None:
    """Only the items are put together."""
    world = stepped(
        "template: print, withItems: [x, y], hooks: {exit: {template: print}}",
        script=lambda name, _: End(result="9" if "onExit" in name else "1"),
    )
    assert len([one for one in world.began if "onExit" in one]) == 2
    assert world.phases()["[1].two"] == "Succeeded"


@pytest.mark.parametrize(
    ("stated", "template"),
    [
        ("onExit: say", "say"),
        ("hooks: {exit: {template: say}}", "say"),
        ("onExit: other\nhooks: {exit: {template: say}}", "other"),
        ("hooks: {exit: {template: say, expression: 'false'}}", "say"),
    ],
)
def test_a_workflow_has_one_exit_handler(stated: str, template: str) -> None:
    """``onExit`` wins, and no expression keeps it from running, as in Argo."""
    world = stepped("template: say", more=stated)
    handler = next(one for one in world.nodes() if one["name"].endswith("wf.onExit"))
    assert (handler["templateName"], handler["phase"]) == (template, "Succeeded")


def test_an_exit_handler_makes_no_failed_workflow_better_and_an_error_of_it_counts() -> None:
    """It can only make things worse."""
    assert stepped("template: say", more="onExit: say", script=failing("[1].two")).status(
        "phase"
    ) == ("Failed")
    world = stepped(
        "template: say",
        more="onExit: say",
        script=lambda name, _: End(code=64 * (name == ".onExit")),
    )
    assert world.status("phase") == "Error"


NESTED = f"""
entrypoint: main
templates:
- name: main
  parallelism: 2
  steps:
  - - {{name: each, template: inner, withSequence: {{count: 4}}}}
- name: inner
  steps:
  - - {{name: a, template: say}}
    - {{name: b, template: say}}
{STEP}
"""


def test_a_template_within_a_limit_counts_as_one_whatever_it_begins() -> None:
    """Two at once, each with two pods."""
    world = run(NESTED)
    assert world.most == 4
    assert world.status("phase") == "Succeeded"


def test_a_template_that_gives_up_says_why() -> None:
    """In Argo's words, and nothing more of it begins."""
    spec = NESTED.replace("parallelism: 2", "parallelism: 1\n  failFast: true")
    world = run(spec, lambda name, _: End(code=int("(0:0)" in name)))
    assert not [one for one in world.began if "(1:1)" in one]
    assert world.status("phase") == "Failed"
    message = "template has failed or errored children and failFast enabled"
    told = [one.get("message") for one in world.nodes() if one["name"] in ("wf", "wf[0]")]
    assert told == [message, message]


@pytest.mark.parametrize("what", ["hooks: {exit: {template: other}}", "retried"])
def test_a_hook_and_a_single_attempt_that_fail_are_no_failure_of_a_template(what: str) -> None:
    """It goes on, although it is to fail fast."""
    step = "template: flaky" if what == "retried" else f"template: say, {what}"
    spec = f"""
entrypoint: main
templates:
- name: main
  failFast: true
  steps:
  - - {{name: one, {step}}}
  - - {{name: two, template: say}}
- {{name: flaky, retryStrategy: {{limit: 1}}, container: {{image: alpine, command: [flaky]}}}}
{STEP}
"""
    world = run(spec, failing("[0].one(0)", "[0].one.onExit"))
    assert world.status("phase") == "Succeeded"


def test_a_failure_that_is_excused_is_one_all_the_same_where_a_template_fails_fast() -> None:
    """Nothing of the next group begins."""
    spec = f"""
entrypoint: main
templates:
- name: main
  failFast: true
  steps:
  - - {{name: one, template: say, continueOn: {{failed: true}}}}
  - - {{name: two, template: say}}
{STEP}
"""
    world = run(spec, failing("[0].one"))
    assert world.began == ["[0].one"]
    assert world.status("phase") == "Failed"


CACHED = f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: first, template: kept}}
  - - {{name: second, template: kept}}
- name: kept
  memoize: {{key: same, cache: {{configMap: {{name: cache}}}}}}
  container: {{image: alpine, command: [kept]}}
{STEP}
"""


def test_what_makes_nothing_can_be_remembered_too() -> None:
    """A hit is a node of the same type that succeeds at once; the cache says what it is."""
    world = world_of(CACHED)
    world.settle()
    assert world.began == ["[0].first"]
    second = world.node("second")
    assert (second["type"], second["phase"]) == ("Pod", "Succeeded")
    assert second["memoizationStatus"]["hit"] is True
    (cache,) = world.list("v1", "ConfigMap")
    assert cache["metadata"]["labels"] == {"workflows.argoproj.io/configmap-type": "Cache"}
