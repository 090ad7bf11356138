"""Steps: groups one after another, and what they hand to one another."""

from ruleengine.model.values import Object
from tests.pipelines.worlds import End, run, world_of

HELLO = """
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [echo], args: [hello]}
"""

TWO_GROUPS = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: first, template: say}
  - - {name: left, template: say}
    - {name: right, template: say}
- name: say
  container: {image: alpine, command: [echo], args: [hello]}
"""

HANDED_ON = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make}
  - - name: use
      template: use
      arguments:
        parameters:
        - name: text
          value: "{{steps.make.outputs.parameters.text}} and {{steps.make.outputs.result}}"
- name: make
  script: {image: alpine, command: [sh], source: "echo made"}
  outputs:
    parameters:
    - {name: text, valueFrom: {path: /tmp/text}}
- name: use
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""


def test_a_workflow_of_one_container_is_one_pod_of_its_name() -> None:
    """The root is the pod; nothing of ours stands in it, for nobody asks for outputs."""
    world = run(HELLO)
    assert world.status("phase") == "Succeeded"
    (pod,) = world.pods()
    assert pod["metadata"]["name"] == "wf"
    assert [one["name"] for one in pod["spec"]["containers"]] == ["main"]
    assert "initContainers" not in pod["spec"]
    assert world.status("progress") == "1/1"


def test_groups_run_one_after_another_and_steps_of_a_group_side_by_side() -> None:
    """The second group begins when the first is over."""
    world = run(TWO_GROUPS)
    assert world.began == ["[0].first", "[1].left", "[1].right"]
    assert world.phases() == {
        "[0]": "Succeeded",
        "[0].first": "Succeeded",
        "[1]": "Succeeded",
        "[1].left": "Succeeded",
        "[1].right": "Succeeded",
    }
    assert world.most == 2


def test_nodes_are_linked_as_they_are_drawn() -> None:
    """The node of the steps leads to its first group, a group to its steps, these to the next."""
    world = run(TWO_GROUPS)
    names = {one["id"]: one["displayName"] for one in world.nodes()}
    drawn = {
        one["displayName"]: [names[child] for child in one.get("children", [])]
        for one in world.nodes()
    }
    assert drawn == {
        "wf": ["[0]"],
        "[0]": ["first"],
        "first": ["[1]"],
        "[1]": ["left", "right"],
        "left": [],
        "right": [],
    }


EMPTY_AT_THE_END = """
entrypoint: main
templates:
- name: main
  steps: [[{name: inner, template: inner}], [{name: next, template: work}]]
- name: inner
  steps: [[{name: first, template: work}], []]
- {name: work, container: {image: alpine, command: [work]}}
"""


def test_steps_whose_last_group_is_empty_have_no_outbound_nodes() -> None:
    """As with Argo; what follows them is drawn after them."""
    world = run(EMPTY_AT_THE_END)
    inner, (after,) = world.node("inner"), world.node("wf")["outboundNodes"]
    assert world.status("phase") == "Succeeded"
    assert "outboundNodes" not in inner
    assert after == world.node("next")["id"]
    group = next(one for one in world.nodes() if one["name"] == "wf[1]")
    assert group["id"] in inner["children"]


def test_a_step_that_fails_fails_its_group_and_the_workflow() -> None:
    """Steps beside it come to their end; later groups get no nodes."""
    world = run(TWO_GROUPS, lambda name, _: End(code=int(name == "[0].first")))
    assert world.status("phase") == "Failed"
    assert world.phases() == {"[0]": "Failed", "[0].first": "Failed"}
    first = world.node("first")
    assert first["message"] == "main: Error (exit code 1)"
    assert first["outputs"]["exitCode"] == "1"
    assert world.status("message") == f"child '{first['id']}' failed"


def test_outputs_reach_the_steps_that_name_them() -> None:
    """Parameters and the standard output; the latter is kept only where somebody names it."""

    def script(name: str, _: Object) -> End:
        made = name == "[0].make"
        return End(result="made", parameters={"text": "a text"}) if made else End()

    world = run(HANDED_ON, script)
    assert world.status("phase") == "Succeeded"
    use = next(one for one in world.pods() if "use" in one["metadata"]["name"])
    assert use["spec"]["containers"][0]["args"] == ["a text and made"]
    make = next(one for one in world.pods() if "make" in one["metadata"]["name"])
    assert [one["name"] for one in make["spec"]["containers"]] == ["main", "wait"]


def test_deciding_twice_writes_nothing_the_second_time() -> None:
    """A finished workflow is left alone."""
    world = run(TWO_GROUPS)
    before = len(world.written)
    world.turn()
    assert len(world.written) == before


def test_a_decision_that_is_cut_off_at_any_write_leads_to_the_same_end() -> None:
    """Pods have derived names, so that none is made twice."""
    whole = run(TWO_GROUPS)
    for turn in range(4):
        for writes in range(3):
            world = world_of(TWO_GROUPS)
            for _ in range(turn):
                world.turn()
                world.run_pods()
            world.turn(writes)
            world.memo = None
            world.settle()
            assert world.phases() == whole.phases()
            assert sorted(world.began) == sorted(whole.began)


def test_continue_on_excuses_a_step_that_failed() -> None:
    """For exactly the ends that it names."""
    excused = TWO_GROUPS.replace("name: first,", "name: first, continueOn: {failed: true},")
    world = run(excused, lambda name, _: End(code=int(name == "[0].first")))
    assert world.status("phase") == "Succeeded"
    assert world.phases()["[0].first"] == "Failed"
    world = run(excused, lambda name, _: End(code=64 * int(name == "[0].first")))
    assert world.phases() == {"[0]": "Failed", "[0].first": "Error"}


def test_steps_that_fail_fast_wait_for_what_runs_beside_a_failure() -> None:
    """It comes to its own end; nothing after it begins."""
    first = "  - - {name: first, template: say}\n"
    spec = TWO_GROUPS.replace("  steps:", "  failFast: true\n  steps:")
    spec = spec.replace(first, f"{first}    - {{name: beside, template: say}}\n")
    seconds = {"[0].first": 1, "[0].beside": 5}
    world = run(spec, lambda name, _: End(code=int(".first" in name), seconds=seconds[name]))
    assert world.phases() == {"[0]": "Failed", "[0].first": "Failed", "[0].beside": "Succeeded"}
    assert world.node("wf")["finishedAt"] >= world.node("beside")["finishedAt"]
