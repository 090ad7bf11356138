"""``plugin`` templates on the local control plane: a real server in a container does the work."""

from pathlib import Path

from ruleengine.model.names import ARGO_API_VERSION
from tests.e2e.process_kit import place
from tests.e2e.test_workflows import nodes
from tests.web.test_receivers import free_port

PLUGIN = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: greeter-executor-plugin
  namespace: ruleengine
  labels: {{workflows.argoproj.io/configmap-type: ExecutorPlugin}}
data:
  sidecar.automountServiceAccountToken: "false"
  sidecar.container: |
    name: greeter
    image: python:alpine
    command: [python3, -c]
    ports: [{{containerPort: {port}}}]
    args:
    - |
      import json
      from http.server import BaseHTTPRequestHandler, HTTPServer

      asked = 0
      token = open("/var/run/argo/token").read().strip()

      class Plugin(BaseHTTPRequestHandler):
          def do_POST(self):
              global asked
              body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
              work = body["template"]["plugin"].get("greeter")
              asked += 1
              if self.headers["Authorization"] != "Bearer " + token:
                  status, answer = 403, {{}}
              elif work is None:
                  status, answer = 200, {{}}
              elif asked == 1:
                  status = 200
                  answer = {{"node": {{"phase": "Running"}}, "requeue": "200ms"}}
              elif not work.get("to"):
                  status = 200
                  answer = {{"node": {{"phase": "Failed", "message": "nobody to greet"}}}}
              else:
                  said = {{"name": "said", "value": "hello " + work["to"]}}
                  outputs = {{"parameters": [said]}}
                  node = {{"phase": "Succeeded", "message": "greeted", "outputs": outputs}}
                  status, answer = 200, {{"node": node}}
              text = json.dumps(answer).encode()
              self.send_response(status)
              self.send_header("Content-Length", str(len(text)))
              self.end_headers()
              self.wfile.write(text)

      HTTPServer(("127.0.0.1", {port}), Plugin).serve_forever()
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: greetings, namespace: ruleengine}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: greet
        template: greet
        arguments: {{parameters: [{{name: to, value: you}}]}}
    - - name: use
        template: use
        arguments: {{parameters: [
          {{name: text, value: "{{{{steps.greet.outputs.parameters.said}}}}"}}]}}
    - - name: nobody
        template: greet
        continueOn: {{failed: true}}
        arguments: {{parameters: [{{name: to, value: ""}}]}}
    - - {{name: unknown, template: unknown, continueOn: {{error: true}}}}
  - name: greet
    inputs: {{parameters: [{{name: to}}]}}
    plugin: {{greeter: {{to: "{{{{inputs.parameters.to}}}}"}}}}
    outputs: {{parameters: [{{name: said, valueFrom: {{supplied: {{}}}}}}]}}
  - name: unknown
    plugin: {{painter: {{}}}}
  - name: use
    inputs: {{parameters: [{{name: text}}]}}
    container:
      image: alpine
      command: [test, "{{{{inputs.parameters.text}}}}", "=", hello you]
"""


def test_a_plugin_does_the_work_for_real(tmp_path: Path) -> None:
    """It is asked until it is done; what it said is the node, and others may use it."""
    with place(tmp_path, {"pipelines/greet.yaml": PLUGIN.format(port=free_port())}) as made:
        made.start()
        made.call("apply", "--timeout", "2m")
        (workflow,) = made.client().list(ARGO_API_VERSION, "Workflow").items
    found = nodes(workflow)
    assert workflow["status"]["phase"] == "Succeeded", found
    assert found["greet"]["type"] == "Plugin"
    assert found["greet"]["outputs"]["parameters"] == [{"name": "said", "value": "hello you"}]
    assert (found["nobody"]["phase"], found["nobody"]["message"]) == ("Failed", "nobody to greet")
    assert found["unknown"]["phase"] == "Error"
    assert "no plugin executed the template; asked: greeter" in found["unknown"]["message"]


def test_workflows_whose_plugins_listen_on_one_port_take_turns(tmp_path: Path) -> None:
    """However many there are, nobody is asked for another's work, and nobody waits in vain."""
    plugin, greetings = PLUGIN.format(port=free_port()).split("---\n", 1)
    names = [f"greetings-{number}" for number in range(4)]
    files = {
        f"pipelines/{name}.yaml": greetings.replace("name: greetings", f"name: {name}")
        for name in names
    }
    with place(tmp_path, {"pipelines/plugin.yaml": plugin, **files}) as made:
        made.start()
        made.call("apply", "--timeout", "4m")
        workflows = made.client().list(ARGO_API_VERSION, "Workflow").items
    ended = {one["metadata"]["name"]: one["status"]["phase"] for one in workflows}
    assert ended == dict.fromkeys(names, "Succeeded"), [nodes(one) for one in workflows]
    for one in workflows:
        assert nodes(one)["nobody"]["message"] == "nobody to greet"
