"""``http`` templates: the node, and the pod that makes the call."""

import json

from ruleengine.model.values import Object
from tests.pipelines.worlds import End, run, world_of

SPEC = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: ask, template: ask, arguments: {parameters: [{name: path, value: x}]}}
  - - {name: use, template: use, arguments: {parameters: [
        {name: text, value: "{{steps.ask.outputs.result}}"}]}}
- name: ask
  inputs: {parameters: [{name: path}]}
  timeout: 1m
  http:
    url: "http://server/{{inputs.parameters.path}}"
    method: POST
    headers:
    - {name: plain, value: text}
    - {name: token, valueFrom: {secretKeyRef: {name: tokens, key: mine}}}
    body: "{{inputs.parameters.path}}"
    timeoutSeconds: 5
    successCondition: response.statusCode == 200
    insecureSkipVerify: true
- name: use
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [use], args: ["{{inputs.parameters.text}}"]}
"""


def container_of(pod: Object) -> Object:
    """Return the one container of a pod."""
    (found,) = pod["spec"]["containers"]
    result: Object = found
    return result


def test_a_call_is_made_by_a_pod_of_its_own() -> None:
    """Its tags are replaced; what is secret stands in a variable, not in the plan."""
    world = world_of(SPEC)
    world.turn()
    (pod,) = world.pods()
    container = container_of(pod)
    assert container["command"] == ["ruleengine", "step", "http"]
    variables = {one["name"]: one for one in container["env"]}
    plan = json.loads(variables["RULEENGINE_STEP"]["value"])
    assert plan["http"] == {
        "url": "http://server/x",
        "method": "POST",
        "headers": [
            {"name": "plain", "value": "text"},
            {"name": "token", "variable": "HTTP_HEADER_1"},
        ],
        "body": "x",
        "timeoutSeconds": 5,
        "successCondition": "response.statusCode == 200",
        "insecureSkipVerify": True,
    }
    secret = {"secretKeyRef": {"name": "tokens", "key": "mine"}}
    assert variables["HTTP_HEADER_1"]["valueFrom"] == secret
    assert "initContainers" not in pod["spec"]
    assert pod["metadata"]["annotations"]["ruleengine.dev/reports"] == "true"


def test_the_result_is_what_was_answered() -> None:
    """The node is of its own type; it ends when the reply was reported."""
    world = run(SPEC, lambda *_: End(result="said"))
    assert world.status("phase") == "Succeeded"
    assert world.node("ask")["type"] == "HTTP"
    assert world.node("use")["inputs"]["parameters"][0]["value"] == "said"


def test_the_message_of_a_failed_call_is_what_was_wrong_with_the_reply() -> None:
    """As Argo words it."""
    said = "received non-2xx response code: 500"
    world = run(SPEC, lambda *_: End(code=1, message=said))
    assert world.node("ask")["phase"] == "Failed"
    assert world.node("ask")["message"] == said
    world = run(SPEC, lambda *_: End(code=64, message="cannot be reached"))
    assert world.node("ask")["phase"] == "Error"


def test_calls_are_limited_stopped_and_timed_like_other_leaves() -> None:
    """Nothing of them is forgotten where the workflow ends."""
    world = world_of(SPEC, lambda *_: None)
    world.turn()
    world.run_pods()
    world.turn()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert world.node("ask")["phase"] == "Failed"
    world = run(SPEC, lambda *_: End(seconds=100))
    assert world.node("ask")["message"] == "Step exceeded its deadline"
