"""The rules of hooks, of limits and of caches, one by one (reference, Workflows 12, 17 and 19)."""

from datetime import timedelta

import pytest

from ruleengine.model.values import Object
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


def hooked(held: str) -> str:
    """Return a workflow whose hook holds this, begins while it runs, and reads its end later."""
    return f"""
entrypoint: bad
hooks: {{h: {{template: main, expression: "workflow.status == 'Running'"}}}}
templates:
- name: main
  {held}
- {{name: bad, container: {{image: alpine, command: [bad]}}}}
- {{name: work, container: {{image: alpine, command: [work]}}}}
"""


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
        ('template: say, when: "a == b", hooks: {a: {template: other, expression: "true"}}', True),
    ],
)
def test_a_hook_of_a_step_runs_when_its_time_has_come(step: str, *, begun: bool) -> None:
    """The one at the end where the step has run, the others where their expression holds."""
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


@pytest.mark.parametrize("stated", ["onExit: bye", "hooks: {exit: {template: bye}}"])
def test_the_exit_handler_of_a_looped_task_runs_for_each_item_and_for_all(stated: str) -> None:
    """Where an item is skipped there is nothing to run it for."""
    world = run(f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: a, template: work, withItems: [p, q, r], when: "{{{{item}}}} != q", {stated}}}
- {{name: work, container: {{image: alpine, command: [work]}}}}
- {{name: bye, container: {{image: alpine, command: [bye]}}}}
""")
    handlers = [name for name in world.phases() if name.endswith(".onExit")]
    assert sorted(handlers) == [".a(0:p).onExit", ".a(2:r).onExit", ".a.onExit"]
    assert world.status("phase") == "Succeeded"


def test_the_hook_of_a_looped_task_is_no_result_of_it() -> None:
    """It is drawn below the task, as the items are."""
    made = '{parameters: [{name: text, value: "{{tasks.one.outputs.result}}"}]}'
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: one, template: print, withItems: [x, y], onExit: print}}
    - {{name: two, template: tell, depends: one, arguments: {made}}}
{STEP}
"""
    world = run(spec, lambda name, _: End(result="9" if "onExit" in name else "1"))
    assert world.node("one.onExit")["id"] in world.node("one")["children"]
    assert world.node("two")["inputs"]["parameters"][0]["value"] == "[1,1]"


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


@pytest.mark.parametrize(
    ("expression", "begun"),
    [
        ("workflow.status == 'Running'", True),
        ("workflow.parameters.given == 'known'", True),
        ("steps.one.status == 'Running'", True),
        ("steps['one'].status == 'Succeeded'", True),
        ("steps.one.status == 'Failed'", False),
        ("steps.one.status == 'Succeeded' && steps.one.outputs.result == 'made'", True),
    ],
)
def test_an_expression_sees_the_workflow_and_its_own_step(expression: str, *, begun: bool) -> None:
    """Also while that runs; the hook runs once, and what follows waits for it."""
    hook = f'hooks: {{now: {{template: other, expression: "{expression}"}}}}'
    given = "arguments: {parameters: [{name: given, value: known}]}"

    def script(name: str, _: object) -> End:
        return End(result="made", seconds=9 if "hooks" in name else 3)

    world = stepped(f"template: print, {hook}", script=script, more=given)
    hooks = [one for one in world.began if "hooks" in one]
    assert hooks == ["[0].one.hooks.now"] * begun
    if begun:
        assert world.node("two")["startedAt"] >= world.node("one.hooks.now")["finishedAt"]


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("now", "a +", "one.hooks.now"),
        ("now", "", "one.hooks.now"),
        ("exit", "a +", "one.onExit"),
    ],
)
def test_a_hook_whose_expression_cannot_be_read_is_an_error_of_its_own(
    name: str, text: str, shown: str
) -> None:
    """Its step is none, and what follows goes on."""
    world = stepped(f"template: say, hooks: {{{name}: {{template: other, expression: '{text}'}}}}")
    hook = world.node(shown)
    assert (hook["phase"], hook["nodeFlag"]) == ("Error", {"hooked": True})
    assert f"expression '{text}'" in hook["message"]
    assert hook["id"] in world.node("one")["children"]
    assert world.status("phase") == "Succeeded"


def test_a_hook_may_be_named_by_a_parameter() -> None:
    """Its tags are replaced when it begins."""
    hook = 'hooks: {exit: {template: "{{workflow.parameters.which}}"}}'
    given = "arguments: {parameters: [{name: which, value: other}]}"
    world = stepped(f"template: say, {hook}", more=given)
    assert world.node("one.onExit")["templateName"] == "other"


@pytest.mark.parametrize(
    "handler",
    [
        "steps: [[{name: a, template: say}], [{name: b, template: say}]]",
        "dag: {tasks: [{name: a, template: say}, {name: b, template: say, depends: a}]}",
    ],
)
def test_what_an_exit_handler_calls_is_no_hook_itself(handler: str) -> None:
    """And runs to its end, although the workflow was stopped, its own hooks included."""
    handler = handler.replace("{name: a,", "{name: a, onExit: other,")
    spec = f"""
entrypoint: main
onExit: handle
templates:
- {{name: main, container: {{image: alpine, command: [main]}}}}
- name: handle
  {handler}
{STEP}
"""
    world = world_of(spec, lambda name, _: End() if "onExit" in name else None)
    world.turn()
    world.run_pods()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert len(world.began) == 4
    flags = {one["displayName"]: one.get("nodeFlag") for one in world.nodes()}
    assert flags["a"] is flags["b"] is None
    assert flags["a.onExit"] == {"hooked": True}
    assert world.phases()[".onExit"] == "Succeeded"


def test_what_a_hook_prints_is_kept_for_nobody() -> None:
    """A step that is referred to does not make its hooks be, too."""
    given = '{parameters: [{name: text, value: "{{steps.one.outputs.result}}"}]}'
    when = "expression: \"steps.one.status == 'Succeeded'\""
    later = f"later: {{template: tell, arguments: {given}, {when}}}"
    world = stepped(f"template: print, hooks: {{exit: {{template: print}}, {later}}}")
    kept = {}
    for pod in world.pods():
        listed = pod["spec"]["containers"][0].get("env") or ()
        values = {one["name"]: one.get("value") for one in listed}
        name = pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]
        kept[name] = values["ARGO_INCLUDE_SCRIPT_OUTPUT"]
    assert kept["wf[0].one"] == "true"
    assert kept["wf[0].one.onExit"] == "false"


def test_a_workflow_waits_for_all_of_its_hooks() -> None:
    """Not for the last of them alone."""
    when = "expression: \"workflow.status == 'Running'\""
    spec = f"""
entrypoint: work
hooks: {{slow: {{template: work, {when}}}, quick: {{template: work, {when}}}}}
templates:
- {{name: work, container: {{image: alpine, command: [work]}}}}
"""
    world = run(spec, lambda name, _: End(seconds=9 if name.endswith("slow") else 1))
    assert world.status("phase") == "Succeeded"
    assert {one["name"]: one["phase"] for one in world.nodes()} == dict.fromkeys(
        ("wf", "wf.hooks.slow", "wf.hooks.quick"), "Succeeded"
    )


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_a_loop_that_was_skipped_stays_so_although_it_would_have_items_by_now(
    kind: str,
) -> None:
    """Its condition reads the status of the workflow, which is another one by then."""
    loop = "template: work, when: \"'{{workflow.status}}' != 'Running'\""
    made, after = "{name: made, template: work}", "name: b, template: work"
    looped = f"name: a, {loop}, withParam: '{{{{WORD.made.outputs.result}}}}'"
    if kind == "steps":
        held = f"steps: [[{made}], [{{{looped.replace('WORD', 'steps')}}}, {{{after}}}]]"
    else:
        looped = f"{{{looped.replace('WORD', 'tasks')}, depends: made}}"
        held = f"dag: {{tasks: [{made}, {looped}, {{{after}, depends: made}}]}}"

    def script(name: str, _: Object) -> End:
        if not name:
            return End(code=1, seconds=4)
        return End(result="[1, 2]") if name.endswith("made") else End(seconds=9)

    world = world_of(hooked(held), script)
    for _ in range(20):
        world.turn()
        world.memo = None
        world.run_pods()
        world.now += timedelta(seconds=1)
    assert world.status("phase") == "Failed"
    skipped = [one for one in world.nodes() if one["phase"] == "Skipped"]
    assert [one["displayName"] for one in skipped] == ["a"], world.phases()
    assert skipped[0]["message"] == "Skipped, empty params"
    assert len(world.pods()) == 3


@pytest.mark.parametrize("kind", ["steps", "dag"])
@pytest.mark.parametrize("looped", [False, True])
def test_what_a_hook_began_goes_on_although_its_condition_holds_no_more(
    kind: str, *, looped: bool
) -> None:
    """It reads the status of the workflow, which is another one by then; also after a restart."""
    loop = ", withItems: [x]" if looped else ""
    step = f"{{name: a, template: work{loop}, when: \"'{{{{workflow.status}}}}' == 'Running'\"}}"
    held = f"steps: [[{step}]]" if kind == "steps" else f"dag: {{tasks: [{step}]}}"
    world = run(hooked(held), lambda name, _: End(seconds=9) if name else End(code=1, seconds=2))
    assert world.status("phase") == "Failed"
    name = ".hooks.h[0].a" if kind == "steps" else ".hooks.h.a"
    child = f"{name}(0:x)" if looped else name
    found = {one: phase for one, phase in world.phases().items() if one.startswith(name)}
    assert found[child] == "Succeeded"
    assert set(found.values()) == {"Succeeded"}


def test_a_workflow_that_is_suspended_at_its_end_still_has_its_hooks() -> None:
    """It is over when they are, which begin once it is resumed."""
    hook = """hooks: {last: {template: other, expression: "workflow.status == 'Succeeded'"}}"""
    world = world_of(f"""
entrypoint: say
{hook}
templates:
{STEP}
""")
    world.turn()
    world.change({"spec": {"suspend": True}})
    world.settle()
    assert (world.node("wf")["phase"], world.status("phase")) == ("Succeeded", "Running")
    world.change({"spec": {"suspend": None}})
    world.settle()
    assert (world.began, world.status("phase")) == (["", ".hooks.last"], "Succeeded")


def test_what_a_step_makes_is_not_there_for_a_hook_that_begins_while_it_runs() -> None:
    """Its tag stays as it is, as in Argo, and the hook runs."""
    given = '{parameters: [{name: text, value: "{{steps.one.outputs.result}}"}]}'
    when = "expression: \"steps.one.status == 'Running'\""
    world = stepped(
        f"template: print, hooks: {{now: {{template: tell, arguments: {given}, {when}}}}}",
        script=lambda *_: End(result="made", seconds=3),
    )
    hook = world.node("one.hooks.now")
    assert hook["phase"] == "Succeeded"
    assert hook["inputs"]["parameters"][0]["value"] == "{{steps.one.outputs.result}}"


def test_an_exit_handler_runs_although_its_step_made_nothing() -> None:
    """Who tidies up after a failure is not kept from it by what the failure lacks."""
    given = '{parameters: [{name: text, value: "{{steps.one.outputs.result}}{{=steps.one.ip}}"}]}'
    world = stepped(
        f"template: print, hooks: {{exit: {{template: tell, arguments: {given}}}}}",
        script=lambda name, _: End(code=0 if "onExit" in name else 1),
    )
    assert (world.node("one")["phase"], world.node("one.onExit")["phase"]) == (
        "Failed",
        "Succeeded",
    )
