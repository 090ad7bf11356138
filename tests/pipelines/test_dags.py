"""DAGs: tasks begin when what they depend on has come to an end."""

import pytest

from tests.pipelines.worlds import End, Script, run

DIAMOND = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: A, template: say}
    - {name: B, template: say, dependencies: [A]}
    - {name: C, template: say, dependencies: [A]}
    - {name: D, template: say, dependencies: [B, C]}
- name: say
  container: {image: alpine, command: [echo]}
"""


def dag(*tasks: str, extra: str = "") -> str:
    """Return a workflow of tasks, each a flow map without braces."""
    listed = "\n".join(f"    - {{{task}, template: say}}" for task in tasks)
    return f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
{listed}
{extra}
- name: say
  container: {{image: alpine, command: [echo]}}
"""


def failing(*names: str) -> Script:
    """Return a script in which the pods of some tasks fail."""
    return lambda name, _: End(code=int(name.removeprefix(".") in names))


def test_a_diamond_runs_from_its_point_to_its_end() -> None:
    """The two in the middle run side by side."""
    world = run(DIAMOND)
    assert world.status("phase") == "Succeeded"
    assert world.began == [".A", ".B", ".C", ".D"]
    assert world.most == 2


def test_a_dag_is_drawn_along_its_dependencies() -> None:
    """The node of the DAG leads to its roots, a task to those that depend on it."""
    world = run(DIAMOND)
    names = {one["id"]: one["displayName"] for one in world.nodes()}
    drawn = {
        one["displayName"]: [names[child] for child in one.get("children", [])]
        for one in world.nodes()
    }
    assert drawn == {"wf": ["A"], "A": ["B", "C"], "B": ["D"], "C": ["D"], "D": []}
    assert world.node("wf")["outboundNodes"] == [world.node("D")["id"]]


def test_what_depends_on_a_failed_task_is_omitted_and_so_on_along_the_branch() -> None:
    """Other branches come to their end; the DAG fails as its task did."""
    world = run(DIAMOND, failing("B"))
    assert world.status("phase") == "Failed"
    assert world.phases() == {".A": "Succeeded", ".B": "Failed", ".C": "Succeeded", ".D": "Omitted"}
    assert world.node("D")["message"] == "omitted: depends condition not met"
    assert world.node("D")["type"] == "Skipped"


@pytest.mark.parametrize(
    ("condition", "failed", "expected"),
    [
        ("A", (), "Succeeded"),
        ("A", ("A",), "Omitted"),
        ("A.Failed", ("A",), "Succeeded"),
        ("A.Failed", (), "Omitted"),
        ("A.Succeeded || A.Failed", ("A",), "Succeeded"),
        ("A && B", ("B",), "Omitted"),
        ("A || B", ("B",), "Succeeded"),
        ("A && !B", ("B",), "Succeeded"),
        ("(A || B) && !(A && B)", (), "Omitted"),
    ],
)
def test_depends_decides_by_the_results(
    condition: str, failed: tuple[str, ...], expected: str
) -> None:
    """It is evaluated once all tasks that it names have come to an end."""
    world = run(dag("name: A", "name: B", f'name: C, depends: "{condition}"'), failing(*failed))
    assert world.phases()[".C"] == expected


def test_a_failure_is_forgiven_when_what_follows_it_succeeds() -> None:
    """The DAG is judged by its targets."""
    world = run(dag("name: A", 'name: clean, depends: "A.Failed"'), failing("A"))
    assert world.status("phase") == "Succeeded"


def test_an_omitted_target_has_the_phase_of_its_branch() -> None:
    """Nothing ran at its end, so what went wrong before it counts."""
    world = run(dag("name: A", "name: B, dependencies: [A]"), failing("A"))
    assert world.status("phase") == "Failed"


def test_continue_on_excuses_a_failure_for_what_depends_on_it() -> None:
    """With dependencies; the excused task itself does not fail the DAG."""
    excused = "name: A, continueOn: {failed: true}"
    world = run(dag(excused, "name: B, dependencies: [A]"), failing("A"))
    assert world.phases() == {".A": "Failed", ".B": "Succeeded"}
    assert world.status("phase") == "Succeeded"
    assert run(dag(excused), failing("A")).status("phase") == "Succeeded"


def test_only_the_targets_and_what_they_need_run() -> None:
    """Other tasks get no node."""
    tasks = ["name: A", "name: B, dependencies: [A]", "name: C, dependencies: [A]", "name: D"]
    world = run(dag(*tasks, extra="    target: C"))
    assert world.phases() == {".A": "Succeeded", ".C": "Succeeded"}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (("name: A, dependencies: [X]",), "task 'A' depends on 'X', which is not defined"),
        (
            tuple(f"name: {one}, dependencies: [{other}]" for one, other in ("AC", "BA", "CB")),
            "tasks wait for each other: A → C → B → A",
        ),
        (("name: A", 'name: B, depends: "A &&"'), "depends of task 'B': a task is missing"),
        (("name: A", 'name: B, depends: "A.Done"'), "'Done' is no result of a task"),
    ],
)
def test_a_graph_that_is_none_is_an_error_that_says_why(
    tasks: tuple[str, ...], message: str
) -> None:
    """No task runs."""
    world = run(dag(*tasks))
    assert world.status("phase") == "Error"
    assert message in world.status("message")
    assert world.began == []


def test_a_task_that_cannot_be_begun_is_an_error_of_its_own() -> None:
    """What does not depend on it goes on."""
    argument = '{name: p, value: "{{tasks.B.outputs.result}}"}'
    world = run(dag(f"name: A, arguments: {{parameters: [{argument}]}}", "name: B"))
    assert world.phases() == {".A": "Error", ".B": "Succeeded"}
    assert "failed to resolve {{tasks.B.outputs.result}}" in world.node("A")["message"]


def test_outputs_of_a_dag_are_those_that_its_tasks_made() -> None:
    """By reference, by default where a task was skipped."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  outputs:
    parameters:
    - {name: one, valueFrom: {parameter: "{{tasks.make.outputs.parameters.text}}"}}
    - name: two
      globalName: seen
      valueFrom: {parameter: "{{tasks.none.outputs.parameters.text}}", default: x}
  dag:
    tasks:
    - {name: make, template: make}
    - {name: none, template: make, when: "a == b"}
- name: make
  container: {image: alpine, command: [make]}
  outputs: {parameters: [{name: text, valueFrom: {path: /text}}]}
""",
        lambda *_: End(parameters={"text": "made"}),
    )
    assert world.node("wf")["outputs"]["parameters"] == [
        {"name": "one", "value": "made"},
        {"name": "two", "globalName": "seen", "value": "x"},
    ]
    assert world.status("outputs") == {"parameters": [{"name": "seen", "value": "x"}]}


def test_outputs_of_tasks_reach_those_that_depend_on_them() -> None:
    """Directly or through another task; those of other tasks do not exist for it."""
    argument = '{name: text, value: "{{tasks.A.outputs.parameters.text}}"}'
    passing = f"arguments: {{parameters: [{argument}]}}"
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    failFast: false
    tasks:
    - {{name: A, template: make}}
    - {{name: B, template: make, dependencies: [A]}}
    - {{name: C, template: use, dependencies: [B], {passing}}}
    - {{name: D, template: use, {passing}}}
- name: make
  container: {{image: alpine, command: [make]}}
  outputs: {{parameters: [{{name: text, valueFrom: {{path: /text}}}}]}}
- name: use
  inputs: {{parameters: [{{name: text}}]}}
  container: {{image: alpine, command: [echo]}}
"""
    world = run(spec, lambda *_: End(parameters={"text": "made"}))
    assert world.node("C")["inputs"]["parameters"] == [{"name": "text", "value": "made"}]
    assert world.node("D")["phase"] == "Error"


def test_continue_on_excuses_an_error_only_where_it_says_so() -> None:
    """A failure is no error."""
    tasks = ("name: A, continueOn: {error: true}", "name: B, dependencies: [A]")
    world = run(dag(*tasks), lambda name, _: End(code=64 * int(name == ".A")))
    assert world.phases() == {".A": "Error", ".B": "Succeeded"}
    world = run(dag(*tasks), failing("A"))
    assert world.phases() == {".A": "Failed", ".B": "Omitted"}


def test_a_loop_that_is_skipped_item_by_item_has_succeeded_itself() -> None:
    """A task that depends on that runs, and one that depends on the loop being skipped does not."""
    world = run("""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: loop, template: work, when: "a == b", withItems: [1, 2]}
    - {name: after, template: work, depends: loop.Succeeded}
    - {name: never, template: work, depends: loop.Skipped}
- {name: work, container: {image: alpine, command: [work]}}
""")
    phases = {name: phase for name, phase in world.phases().items() if name != ".loop"}
    assert phases == {
        ".loop(0:1)": "Skipped",
        ".loop(1:2)": "Skipped",
        ".after": "Succeeded",
        ".never": "Omitted",
    }
    assert (world.node("loop")["type"], world.node("loop")["phase"]) == ("TaskGroup", "Succeeded")
    named = {one["templateName"] for one in world.nodes() if one["type"] != "DAG"}
    assert named == {"work"}


def test_hooks_of_a_task_run_before_what_depends_on_it() -> None:
    """Named as a hook or the old way."""
    for hook in ("hooks: {exit: {template: say}}", "onExit: say"):
        world = run(dag(f"name: A, {hook}", "name: B, dependencies: [A]"))
        assert world.began == [".A", ".A.onExit", ".B"]
        assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize(
    ("stated", "loop", "ran"),
    [
        ("", ", withParam: none", ""),
        ("failFast: true", ", withParam: none", ""),
        ("failFast: false", ", withParam: none", "b"),
        ("", "", "ab"),
    ],
)
def test_a_dag_gives_up_when_nothing_of_it_can_run_and_a_target_failed(
    stated: str, loop: str, ran: str
) -> None:
    """What has no room yet is not waited for, unless it says so."""
    world = run(f"""
entrypoint: main
parallelism: 1
templates:
- name: main
  steps: [[{{name: other, template: work}}, {{name: mine, template: mine}}]]
- name: mine
  dag:
    {stated}
    tasks: [{{name: a, template: work{loop}}}, {{name: b, template: work}}]
- {{name: work, container: {{image: alpine, command: [work]}}}}
""")
    assert [one[-1] for one in world.began if "mine" in one] == list(ran)
    assert world.node("mine")["phase"] == ("Error" if loop else "Succeeded")


@pytest.mark.parametrize(
    ("stated", "excused"),
    [
        ("", ""),
        ("failFast: true", ""),
        ("failFast: false", ""),
        ("", ", continueOn: {failed: true}"),
    ],
)
def test_what_can_begin_in_a_dag_begins_although_a_target_failed(stated: str, excused: str) -> None:
    """It begins when what runs has come to its end; the DAG fails after that."""
    world = run(
        f"""
entrypoint: main
templates:
- name: main
  dag:
    {stated}
    tasks:
    - {{name: a, template: work{excused}}}
    - {{name: b, template: work}}
    - {{name: c, template: work, dependencies: [b]}}
- {{name: work, container: {{image: alpine, command: [work]}}}}
""",
        lambda name, _: End(code=int(name == ".a"), seconds=1 if name == ".a" else 4),
    )
    assert world.began == [".a", ".b", ".c"]
    assert world.node("c")["phase"] == "Succeeded"
    assert world.status("phase") == ("Succeeded" if excused else "Failed")


def test_a_task_that_is_omitted_last_has_its_node() -> None:
    """Nothing of the DAG runs any more."""
    world = run(dag("name: A", "name: B", "name: C, depends: B"), lambda *_: End(code=1))
    assert world.phases() == {".A": "Failed", ".B": "Failed", ".C": "Omitted"}


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        (
            (
                "[{name: a, template: w}, {name: b, template: w, depends: a}, "
                "{name: c, template: w, dependencies: [a]}]"
            ),
            "either 'depends' or 'dependencies'",
        ),
        (
            "[{name: 1a, template: w}, {name: b, template: w, dependencies: [1a]}]",
            "task '1a' begins with a digit",
        ),
        (
            (
                "[{name: a, template: w}, {name: b, template: w, depends: a, "
                "continueOn: {failed: true}}]"
            ),
            "task 'b' has 'continueOn'",
        ),
        (
            "[{name: a, template: w}, {name: b, template: w, depends: a.AnySucceeded}]",
            "'a' is no loop",
        ),
        (
            "[{name: a, template: w}, {name: b, template: w, depends: a.AllFailed}]",
            "'a' is no loop",
        ),
    ],
)
def test_ways_to_depend_that_argo_refuses_are_errors(tasks: str, told: str) -> None:
    """Nothing of such a DAG begins."""
    world = run(
        f"""
entrypoint: main
templates:
- {{name: main, dag: {{tasks: {tasks}}}}}
- {{name: w, container: {{image: alpine, command: [work]}}}}
"""
    )
    assert world.status("phase") == "Error"
    assert told in world.status("message")
    assert world.began == []
