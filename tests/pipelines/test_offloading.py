"""What is too long for a process: plans lie in a ConfigMap, arguments are refused."""

import json

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.values import Object, lookup
from ruleengine.step.plan import StepError, read_plan
from tests.pipelines.worlds import NAMESPACE, run, world_of

LONG = "x" * 140_000
SCRIPT = f"""
entrypoint: main
templates:
- name: main
  script: {{image: alpine, command: [sh], source: "echo {LONG}"}}
"""
NEEDED = Target("v1", "ConfigMap", NAMESPACE, "wf")


def variables(container: Object) -> dict[str, str]:
    """Return the variables of a container."""
    return {one["name"]: str(one.get("value")) for one in container["env"]}


def test_a_plan_that_is_too_long_lies_in_a_config_map_that_comes_first() -> None:
    """The pod is made once that is there, and mounts it where the plan is read."""
    world = world_of(SCRIPT)
    world.turn()
    assert not world.pods()
    plan = json.loads(world.objects[NEEDED]["data"]["plan"])
    assert plan["script"]["source"] == f"echo {LONG}"
    assert lookup(world.objects[NEEDED], "metadata", "ownerReferences", 0, "name") == "wf"
    world.turn()
    (pod,) = world.pods()
    (init,) = pod["spec"]["initContainers"]
    assert variables(init)["RULEENGINE_STEP_FILE"] == "/var/run/ruleengine/plan"
    assert "RULEENGINE_STEP" not in variables(init)
    assert "ARGO_TEMPLATE" not in variables(pod["spec"]["containers"][0])
    assert {"name": "step-plan", "configMap": {"name": "wf"}} in pod["spec"]["volumes"]
    mounts = [one["mountPath"] for one in init["volumeMounts"]]
    assert "/var/run/ruleengine" in mounts
    world.settle()
    assert world.status("phase") == "Succeeded"


def test_a_plan_is_read_from_the_file_that_is_named(tmp_path: object) -> None:
    """A file that is not there is told like a plan that is none."""
    file = f"{tmp_path}/plan"
    with open(file, "w", encoding="utf-8") as written:  # noqa: PTH123
        json.dump({"node": "n", "workflow": "w", "directory": "/d"}, written)
    assert read_plan({"RULEENGINE_STEP_FILE": file}).node == "n"
    with pytest.raises(StepError, match="holds no plan"):
        read_plan({"RULEENGINE_STEP_FILE": f"{file}.none"})


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (f'args: ["{LONG}"]', "an argument of container 'main' has 140000 bytes"),
        (f'env: [{{name: A, value: "{LONG}"}}]', "the variable A of container 'main' has 140000"),
    ],
)
def test_arguments_that_no_process_takes_are_an_error_that_says_so(field: str, told: str) -> None:
    """Instead of a container that cannot be started."""
    world = run(
        f"""
entrypoint: main
templates:
- name: main
  container: {{image: alpine, command: [echo], {field}}}
"""
    )
    assert world.status("phase") == "Error"
    assert told in world.status("message")
    assert world.began == []


def test_a_template_that_is_too_long_is_left_out_of_the_environment() -> None:
    """Nothing else changes of the pod."""
    spec = f"""
entrypoint: main
arguments: {{parameters: [{{name: text, value: "{LONG}"}}]}}
templates:
- name: main
  inputs: {{parameters: [{{name: text}}]}}
  container: {{image: alpine, command: [echo]}}
"""
    world = world_of(spec)
    world.turn()
    (pod,) = world.pods()
    found = variables(pod["spec"]["containers"][0])
    assert "ARGO_TEMPLATE" not in found
    assert found["ARGO_NODE_ID"] == "wf"
