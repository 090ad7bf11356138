"""``plugin`` templates: the node, the pod, and the plugins beside the step."""

from typing import Any

import pytest

from ruleengine.model.values import Object, lookup
from tests.pipelines.worlds import NAMESPACE, End, plan_of, run, world_of

SPEC = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: ask, template: ask, arguments: {parameters: [{name: who, value: you}]}}
  - - {name: use, template: use, arguments: {parameters: [
        {name: text, value: "{{steps.ask.outputs.parameters.said}}"}]}}
- name: ask
  inputs: {parameters: [{name: who}]}
  plugin: {greeter: {to: "{{inputs.parameters.who}}"}}
  outputs: {parameters: [{name: said, valueFrom: {supplied: {}}, globalName: heard}]}
- name: use
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [use], args: ["{{inputs.parameters.text}}"]}
"""
SIDECAR = "{name: serve, image: greeter:1, command: [serve], ports: [{containerPort: 4355}]}"


def plugin(
    name: str = "greeter", namespace: str = NAMESPACE, sidecar: str = SIDECAR, **data: str
) -> Object:
    """Return the ConfigMap of an executor plugin."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name}-executor-plugin",
            "namespace": namespace,
            "labels": {"workflows.argoproj.io/configmap-type": "ExecutorPlugin"},
        },
        "data": {"sidecar.container": sidecar, **data},
    }


def pod_of(spec: str, *others: Object) -> Object:
    """Return the pod of the first step."""
    world = world_of(spec, lambda *_: None, *others)
    world.turn()
    (pod,) = world.pods()
    return pod


def test_a_plugin_runs_beside_the_step_and_knows_its_token() -> None:
    """It is there before it is asked, sees a token of its own, and is told of the template."""
    pod = pod_of(SPEC, plugin())
    (main,) = pod["spec"]["containers"]
    tokens, sidecar = pod["spec"]["initContainers"]
    assert main["command"] == ["ruleengine", "step", "plugin"]
    assert tokens["command"] == ["ruleengine", "step", "tokens"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("serve", "Always")
    (mount,) = sidecar["volumeMounts"]
    assert mount == {
        "name": "var-run-argo",
        "mountPath": "/var/run/argo",
        "subPath": "greeter",
        "readOnly": True,
    }
    for one in (main, tokens):
        assert {"name": "var-run-argo", "mountPath": "/var/run/argo"} in one["volumeMounts"]
    assert pod["spec"]["volumes"] == [{"name": "var-run-argo", "emptyDir": {}}]
    assert pod["metadata"]["annotations"]["ruleengine.dev/reports"] == "true"
    assert pod["metadata"]["annotations"]["local.ruleengine.dev/ports"] == "4355"
    plan = plan_of(pod, "main")
    assert plan["plugin"]["plugins"] == [{"name": "greeter", "port": 4355}]
    asked = plan["plugin"]["asked"]
    assert asked["workflow"]["metadata"]["name"] == "wf"
    assert (asked["template"]["name"], asked["template"]["plugin"]) == (
        "ask",
        {"greeter": {"to": "you"}},
    )


def test_a_plugin_may_have_an_account_of_its_own() -> None:
    """The token of the service account that is called like it, as with Argo."""
    account = {"sidecar.automountServiceAccountToken": "true"}
    pod = pod_of(SPEC, plugin(**account))
    mounts = pod["spec"]["initContainers"][1]["volumeMounts"]
    assert mounts[1] == {
        "name": "greeter-account",
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "readOnly": True,
    }
    secret = {"secretName": "greeter-executor-plugin.service-account-token"}
    assert {"name": "greeter-account", "secret": secret} in pod["spec"]["volumes"]


def test_a_plugin_of_a_workflow_may_have_an_account_too() -> None:
    """It is named like one of a ConfigMap."""
    own = """
executorPlugins:
- metadata: {name: own}
  spec:
    sidecar:
      automountServiceAccountToken: true
      container: {image: own:1, ports: [{containerPort: 5}]}
"""
    volumes = {one["name"]: one for one in pod_of(own + SPEC)["spec"]["volumes"]}
    secret = {"secretName": "own-executor-plugin.service-account-token"}
    assert volumes["own-account"]["secret"] == secret


def test_who_is_named_is_asked_first_then_the_others() -> None:
    """Those of the namespace, of the control namespace, and of the workflow itself."""
    own = """
executorPlugins:
- metadata: {name: own}
  spec: {sidecar: {container: {image: own:1, ports: [{containerPort: 5}]}}}
"""
    others = (
        plugin("another"),
        plugin("shared", "ruleengine"),
        plugin("greeter", "ruleengine"),
        plugin("elsewhere", "other"),
    )
    pod = pod_of(own + SPEC, *others)
    names = [one["name"] for one in plan_of(pod, "main")["plugin"]["plugins"]]
    assert names[0] == "greeter"
    assert sorted(names) == ["another", "greeter", "own", "shared"]


def test_a_plugin_of_the_namespace_takes_the_place_of_a_shared_one() -> None:
    """Of one name the nearer counts."""
    nearer = plugin(sidecar=SIDECAR.replace("4355", "1"))
    pod = pod_of(SPEC, plugin(namespace="ruleengine"), nearer)
    assert plan_of(pod, "main")["plugin"]["plugins"] == [{"name": "greeter", "port": 1}]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ((), "there is no executor plugin"),
        ((plugin(sidecar="["),), "has no `sidecar.container` with an image"),
        ((plugin(sidecar="{command: [x]}"),), "has no `sidecar.container` with an image"),
        ((plugin(sidecar="{image: x}"),), "states no containerPort"),
        ((plugin(sidecar="{image: x, ports: [{name: y}]}"),), "states no containerPort"),
    ],
)
def test_a_plugin_that_cannot_be_asked_is_an_error_of_the_node(
    others: tuple[Object, ...], told: str
) -> None:
    """With its name, and what to do."""
    world = run(SPEC, lambda *_: End(), *others)
    assert world.node("ask")["phase"] == "Error"
    assert told in world.node("ask")["message"]


def test_the_node_is_what_the_plugin_said() -> None:
    """Its type is its own; outputs reach other steps, messages lose what our container adds."""
    said = {"said": "hello"}
    world = run(SPEC, lambda *_: End(parameters=said), plugin())
    assert world.status("phase") == "Succeeded"
    assert world.node("ask")["type"] == "Plugin"
    assert world.node("use")["inputs"]["parameters"][0]["value"] == "hello"
    ends: dict[int, Any] = {1: "Failed", 64: "Error"}
    for code, phase in ends.items():
        world = run(SPEC, lambda *_, code=code: End(code=code, message="no voice"), plugin())
        node = world.node("ask")
        assert (node["phase"], node["message"]) == (phase, "no voice")
        assert lookup(world.status(), "phase") in ("Failed", "Error")
