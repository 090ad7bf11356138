"""The rules of DAGs, one by one: results, what a bare name means, when, and how a DAG ends.

(Reference, Workflows 8 and 17.)
"""

import pytest

from ruleengine.pipelines.conditions import results_of
from ruleengine.pipelines.tree import Tree
from tests.pipelines.worlds import End, MemoryWorld, Script, run, world_of

FAILED, ERROR = 1, 64
"""Exit codes by which a step fails, or counts as an error."""

TEMPLATES = """
- {name: say, container: {image: alpine, command: [say]}}
- {name: serve, daemon: true, container: {image: alpine, command: [serve]}}
"""
LOOPED = "name: A, template: say, withItems: [x, z]"
HOOKED = f"{LOOPED}, onExit: say"
SKIPPED = 'name: A, template: say, when: "a == b"'
PLAIN = "name: A, template: say"


def ran(*tasks: str, codes: dict[str, int] | None = None, more: str = "") -> MemoryWorld:
    """Run a DAG whose tasks are flow maps without braces; ``codes`` are exit codes by node."""
    listed = "".join(f"    - {{{task}}}\n" for task in tasks)
    spec = f"""
entrypoint: main
arguments: {{parameters: [{{name: wanted, value: B}}]}}
templates:
- name: main
  dag:
    tasks:
{listed}
    {more}
{TEMPLATES}
"""
    return run(spec, ending(codes or {}))


def ending(codes: dict[str, int]) -> Script:
    """Return a script of exit codes by the end of the nodes' names."""

    def script(name: str, _: object) -> End:
        found = [code for part, code in codes.items() if part in name]
        return End(code=found[0] if found else 0)

    return script


@pytest.mark.parametrize(
    ("first", "codes", "condition", "begins"),
    [
        (PLAIN, {}, "A.Succeeded", True),
        (PLAIN, {"A": FAILED}, "A.Failed", True),
        (PLAIN, {"A": ERROR}, "A.Failed", False),
        (PLAIN, {"A": ERROR}, "A.Errored", True),
        (PLAIN, {"A": FAILED}, "A.Errored", False),
        (SKIPPED, {}, "A.Skipped", True),
        (PLAIN, {}, "A.Skipped", False),
        (SKIPPED, {}, "A.Succeeded", False),
        (SKIPPED, {}, "A", True),
        (PLAIN, {}, "A.Daemoned", False),
        (LOOPED, {"0:x": FAILED}, "A.AnySucceeded", True),
        (LOOPED, {"A": FAILED}, "A.AnySucceeded", False),
        (LOOPED, {"A": FAILED}, "A.AllFailed", True),
        (LOOPED, {"0:x": FAILED, "1:z": ERROR}, "A.AllFailed", False),
        (HOOKED, {"onExit": 0, "A": FAILED}, "A.AllFailed", True),
        (HOOKED, {"onExit": 0, "A": FAILED}, "A.AnySucceeded", False),
        (LOOPED, {"0:x": FAILED}, "A.AllFailed", False),
        (LOOPED, {"0:x": FAILED}, "A", False),
        (PLAIN, {"A": FAILED}, "!A.Succeeded", True),
    ],
)
def test_each_result_of_a_task_is_what_its_name_says(
    first: str, codes: dict[str, int], condition: str, *, begins: bool
) -> None:
    """And a bare name holds for what succeeded, was skipped, or runs as a daemon."""
    world = ran(first, f'name: Z, template: say, depends: "{condition}"', codes=codes)
    assert world.phases()[".Z"] == ("Succeeded" if begins else "Omitted")


def test_a_loop_of_which_nothing_began_has_not_failed_in_all_its_items() -> None:
    """It takes one at least."""
    loop = {"id": "wf-1", "name": "wf.A", "type": "TaskGroup", "phase": "Failed"}
    assert results_of(loop, Tree("wf", {"wf-1": loop})) == {"Failed"}


@pytest.mark.parametrize("condition", ["A.Daemoned", "A"])
def test_a_daemon_counts_as_soon_as_it_is_ready(condition: str) -> None:
    """By its own result, and by its bare name."""
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: A, template: serve}}
    - {{name: Z, template: say, depends: {condition}}}
{TEMPLATES}
"""
    world = world_of(spec, lambda name, _: None if name == ".A" else End())
    world.turn()
    world.run_pods()
    (pod,) = world.pods()
    ready = {"containerStatuses": [{"name": "main", "ready": True}]}
    assert world.turn().actions == ()
    world.put({**pod, "status": {**pod["status"], **ready}})
    world.settle()
    assert world.phases()[".Z"] == "Succeeded"


def test_an_omitted_task_is_no_success_and_may_be_asked_for() -> None:
    """So omissions go on along a branch until something asks for them."""
    world = ran(
        "name: X, template: say",
        "name: A, template: say, depends: X.Succeeded",
        "name: B, template: say, depends: A",
        "name: C, template: say, depends: A.Omitted",
        codes={"X": FAILED},
    )
    assert world.phases() == {
        ".X": "Failed",
        ".A": "Omitted",
        ".B": "Omitted",
        ".C": "Succeeded",
    }


def test_names_may_hold_hyphens() -> None:
    """They are no subtraction."""
    world = ran(
        "name: a-b, template: say",
        "name: c-d, template: say",
        'name: Z, template: say, depends: "a-b && c-d.Failed"',
        codes={"c-d": FAILED},
    )
    assert world.phases()[".Z"] == "Succeeded"


def test_a_task_waits_for_all_that_it_names_whatever_is_known_before() -> None:
    """No condition is decided early."""

    def script(name: str, _: object) -> End:
        return End(seconds=9 if name == ".B" else 1)

    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: A, template: say}}
    - {{name: B, template: say}}
    - {{name: Z, template: say, depends: "A || B"}}
{TEMPLATES}
"""
    world = run(spec, script)
    assert world.node("Z")["startedAt"] >= world.node("B")["finishedAt"]


def test_a_task_waits_for_the_hooks_of_what_it_depends_on() -> None:
    """Also for one that began while that ran."""
    hook = """hooks: {now: {template: say, expression: tasks.A.status == 'Running'}}"""
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: A, template: say, {hook}}}
    - {{name: Z, template: say, depends: A}}
{TEMPLATES}
"""
    world = run(spec, lambda name, _: End(seconds=9 if "hooks" in name else 3))
    assert world.began == [".A", ".A.hooks.now", ".Z"]
    assert world.node("A.hooks.now")["finishedAt"] > world.node("A")["finishedAt"]
    assert world.node("Z")["startedAt"] >= world.node("A.hooks.now")["finishedAt"]


@pytest.mark.parametrize(
    ("codes", "phase"),
    [
        ({"A": FAILED}, "Failed"),
        ({"A": ERROR}, "Error"),
        ({"A": FAILED, "B": ERROR}, "Failed"),
        ({"A": ERROR, "B": FAILED}, "Error"),
    ],
)
def test_a_dag_ends_with_the_very_phase_of_its_first_wrong_target(
    codes: dict[str, int], phase: str
) -> None:
    """By the names of the targets."""
    world = ran("name: B, template: say", "name: A, template: say", codes=codes)
    assert world.status("phase") == phase


def test_a_target_that_did_not_run_has_the_worst_phase_before_it() -> None:
    """A failure counts more than a success beside it."""
    world = ran(
        "name: A, template: say",
        "name: B, template: say",
        'name: Z, template: say, depends: "A.Succeeded && B.Succeeded"',
        codes={"B": ERROR},
    )
    assert world.phases()[".Z"] == "Omitted"
    assert world.status("phase") == "Error"


@pytest.mark.parametrize(
    ("target", "begun"),
    [
        ("target: B C", [".A", ".B", ".C"]),
        ('target: "{{workflow.parameters.wanted}}"', [".A", ".B"]),
    ],
)
def test_targets_are_listed_and_may_be_parameters(target: str, begun: list[str]) -> None:
    """They and what they need run; nothing else has a node."""
    tasks = [f"name: {one}, template: say, dependencies: [A]" for one in "BCD"]
    world = ran("name: A, template: say", *tasks, more=target)
    assert world.began == begun


def test_of_two_targets_the_first_that_is_stated_counts() -> None:
    """Not the first by name."""
    world = ran(
        "name: A, template: say",
        "name: B, template: say",
        codes={"A": FAILED, "B": ERROR},
        more="target: B A",
    )
    assert world.status("phase") == "Error"


def test_a_target_that_is_no_task_is_an_error() -> None:
    """Nothing of the DAG begins."""
    world = ran("name: A, template: say", more="target: A Z")
    assert world.status("phase") == "Error"
    assert world.node("wf")["message"] == "target 'Z' is not defined"
    assert not world.began


def test_a_name_may_begin_with_a_digit_where_nothing_depends_on_anything() -> None:
    """Only ``depends`` could not name it."""
    assert ran("name: 1a, template: say").status("phase") == "Succeeded"


@pytest.mark.parametrize(
    ("codes", "phase"),
    [
        ({"0:x": FAILED, "1:z": ERROR}, "Error"),
        ({"0:x": ERROR, "1:z": FAILED}, "Failed"),
        ({"0:x": ERROR}, "Error"),
    ],
)
def test_the_last_wrong_item_gives_a_loop_its_phase(codes: dict[str, int], phase: str) -> None:
    """By the order of the items."""
    world = ran(LOOPED, codes=codes)
    assert world.node("A")["phase"] == phase


@pytest.mark.parametrize(("more", "fails"), [("failFast: true", True), ("", False)])
def test_a_template_that_fails_fast_begins_nothing_after_a_failure(
    more: str, *, fails: bool
) -> None:
    """Not even what waited for that; it ends when what runs has ended, and says why."""
    spec = f"""
entrypoint: main
templates:
- name: main
  {more}
  dag:
    tasks:
    - {{name: A, template: say}}
    - {{name: B, template: say, depends: A}}
    - {{name: C, template: say, depends: B.Failed}}
    - {{name: D, template: say}}
{TEMPLATES}
"""
    world = run(spec, lambda name, _: End(code=int(name == ".B"), seconds=5 if name == ".D" else 1))
    assert world.began == [".A", ".D", ".B", *([] if fails else [".C"])]
    assert world.status("phase") == ("Failed" if fails else "Succeeded")
    if fails:
        message = "template has failed or errored children and failFast enabled"
        assert world.node("wf")["message"] == message
        assert world.node("wf")["finishedAt"] == world.node("D")["finishedAt"]


def test_what_runs_after_a_task_whose_hook_never_came_is_waited_for() -> None:
    """Although another target has failed meanwhile."""
    hook = "hooks: {now: {template: say, expression: 'false'}}"
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: A, template: say, {hook}}}
    - {{name: B, template: say, depends: A}}
    - {{name: C, template: say}}
{TEMPLATES}
"""
    seconds = {".A": 1, ".B": 9, ".C": 3}
    world = run(spec, lambda name, _: End(code=int(name == ".C"), seconds=seconds[name]))
    assert world.phases() == {".A": "Succeeded", ".B": "Succeeded", ".C": "Failed"}
    assert world.node("wf")["finishedAt"] == world.node("B")["finishedAt"]


def test_a_dag_of_which_a_target_failed_begins_what_can_begin() -> None:
    """While something runs, and when the last of that has come to its end."""
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: A, template: say}}
    - {{name: B, template: say}}
    - {{name: C, template: say}}
    - {{name: D, template: say, depends: C}}
    - {{name: E, template: say, depends: B}}
{TEMPLATES}
"""
    seconds = {".A": 1, ".B": 9, ".C": 3, ".D": 3, ".E": 1}
    world = run(spec, lambda name, _: End(code=int(name == ".A"), seconds=seconds[name]))
    assert sorted(world.began) == [".A", ".B", ".C", ".D", ".E"]
    assert world.status("phase") == "Failed"


def test_a_template_that_fails_fast_begins_no_further_item() -> None:
    """The loop says why it ended before its last one."""
    world = ran(
        "name: A, template: say, withSequence: {count: 4}",
        codes={"1:1": FAILED},
        more="\n  failFast: true\n  parallelism: 1",
    )
    assert world.began == [".A(0:0)", ".A(1:1)"]
    message = "template has failed or errored children and failFast enabled"
    assert (world.node("A")["phase"], world.node("A")["message"]) == ("Failed", message)
    assert world.status("phase") == "Failed"


@pytest.mark.parametrize(
    ("excuse", "code", "begins"),
    [
        ("failed: true", FAILED, True),
        ("failed: true", ERROR, False),
        ("error: true", ERROR, True),
        ("error: true", FAILED, False),
        ("error: true, failed: true", ERROR, True),
        ("failed: false", FAILED, False),
    ],
)
def test_an_end_is_excused_by_its_very_phase(excuse: str, code: int, *, begins: bool) -> None:
    """A failure is no error, and an error is no failure."""
    first = f"name: A, template: say, continueOn: {{{excuse}}}"
    world = ran(first, "name: B, template: say, dependencies: [A]", codes={"A": code})
    assert world.phases()[".B"] == ("Succeeded" if begins else "Omitted")


def test_that_a_task_never_ran_is_excused_by_nothing() -> None:
    """What depends on it is omitted as well."""
    world = ran(
        "name: X, template: say",
        "name: A, template: say, dependencies: [X], continueOn: {failed: true, error: true}",
        "name: B, template: say, dependencies: [A]",
        codes={"X": FAILED},
    )
    assert world.phases() == {".X": "Failed", ".A": "Omitted", ".B": "Omitted"}
    assert world.status("phase") == "Failed"


def test_a_task_knows_those_it_depends_on_and_no_other_that_is_over() -> None:
    """Although that one has ended long before."""
    given = 'arguments: {parameters: [{name: t, value: "{{tasks.A.outputs.result}}"}]}'
    tell = "inputs: {parameters: [{name: t}]}, container: {image: alpine, command: [t]}"
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: A, template: print}}
    - {{name: V, template: say}}
    - {{name: W, template: say, depends: V}}
    - {{name: B, template: tell, depends: W, {given}}}
    - {{name: C, template: tell, depends: "W && A", {given}}}
- {{name: print, script: {{image: alpine, command: [sh], source: print}}}}
- {{name: tell, {tell}}}
{TEMPLATES}
"""
    world = run(spec, lambda name, _: End(result="made" if name == ".A" else None))
    assert (world.phases()[".B"], world.phases()[".C"]) == ("Error", "Succeeded")
    assert world.node("C")["inputs"]["parameters"][0]["value"] == "made"
