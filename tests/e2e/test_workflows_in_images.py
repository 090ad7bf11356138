"""Workflows with a container engine: their steps run in their images, and meet in volumes."""

import json
import os
import shlex
from pathlib import Path

import pytest

from ruleengine.local.runtime.container_engine import ContainerEngine
from ruleengine.local.runtime.engine_client import VARIABLE
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import lookup
from tests.e2e.process_kit import place
from tests.e2e.test_workflow_vectors import VECTORS, document_of
from tests.local.engines import (
    DISTROLESS,
    IMAGE,
    NO_ENGINE,
    PROGRAM,
    SCRATCH,
    engine_command,
    import_bare_images,
    import_named_images,
)
from tests.local.sandboxes import require_sandbox
from tests.vectors import vectors_folder
from tests.web.test_receivers import free_port

WORKFLOW = f"""
apiVersion: {ARGO_API_VERSION}
kind: Workflow
metadata: {{name: images, namespace: ruleengine}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {{name: one, template: one}}
    - - name: two
        template: two
        arguments:
          parameters: [{{name: word, value: "{{{{steps.one.outputs.parameters.word}}}}"}}]
          artifacts: [{{name: folder, from: "{{{{steps.one.outputs.artifacts.folder}}}}"}}]
  - name: one
    container:
      image: {IMAGE}
      command: [sh, -c]
      args: ["cat /etc/os-release > /tmp/word; mkdir /made; echo inside > /made/file"]
    outputs:
      parameters: [{{name: word, valueFrom: {{path: /tmp/word}}}}]
      artifacts: [{{name: folder, path: /made}}]
  - name: two
    inputs:
      parameters: [{{name: word}}]
      artifacts: [{{name: folder, path: /given}}]
    container:
      image: {IMAGE}
      command: [sh, -c]
      args: ["cat /given/file; echo '{{{{inputs.parameters.word}}}}'; exit 7"]
"""

BARE = f"""
apiVersion: {ARGO_API_VERSION}
kind: Workflow
metadata: {{name: bare, namespace: ruleengine}}
spec:
  entrypoint: main
  securityContext: {{runAsNonRoot: true, runAsUser: 65532}}
  templates:
  - name: main
    dag:
      tasks:
      - name: makes
        template: makes
        withItems: [{IMAGE}, {DISTROLESS}, {SCRATCH}]
        arguments: {{parameters: [{{name: image, value: "{{{{item}}}}"}}]}}
      - name: ends
        template: ends
        continueOn: {{failed: true}}
        withItems: [{IMAGE}, {DISTROLESS}, {SCRATCH}]
        arguments: {{parameters: [{{name: image, value: "{{{{item}}}}"}}]}}
    outputs:
      parameters: [{{name: said, valueFrom: {{parameter: "{{{{tasks.makes.outputs.result}}}}"}}}}]
  - name: makes
    inputs: {{parameters: [{{name: image}}]}}
    volumes: [{{name: out, emptyDir: {{}}}}]
    container:
      image: "{{{{inputs.parameters.image}}}}"
      command: [{PROGRAM}, sh, -c]
      args: ["echo 7; echo made >/out/file; echo no 2>/dev/null >/here; exit 0"]
      securityContext: {{readOnlyRootFilesystem: true}}
      volumeMounts: [{{name: out, mountPath: /out}}]
    outputs:
      parameters: [{{name: word, valueFrom: {{path: /out/file}}}}]
      artifacts: [{{name: file, path: /out/file}}]
  - name: ends
    inputs: {{parameters: [{{name: image}}]}}
    activeDeadlineSeconds: 15
    container:
      image: "{{{{inputs.parameters.image}}}}"
      command: [{PROGRAM}, sh, -c]
      args: ["trap 'echo told; exit 5' TERM; while :; do {PROGRAM} sleep 0.1; done"]
    outputs:
      parameters: [{{name: word, valueFrom: {{path: /none, default: absent}}}}]
"""

SERVE = r"""
length=0 shown=
while read -r name value; do
  value=${value%$(printf '\r')}
  case $name in
  [Cc]ontent-[Ll]ength:) length=$value ;;
  [Aa]uthorization:) shown=${value#Bearer } ;;
  ?) break ;;
  esac
done
body=$(head -c "$length")
answer='{"node": {"phase": "Failed", "message": "who asks?"}}'
if [ "$shown" = "$(cat /var/run/argo/token)" ]; then
  said=$(echo "$body" | sed 's/.*"to": *"\([^"]*\)".*/\1/')
  outputs='{"parameters": [{"name": "said", "value": "hello '$said'"}]}'
  answer='{"node": {"phase": "Succeeded", "outputs": '$outputs'}}'
fi
head='HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s'
printf "$head" "${#answer}" "$answer"
"""
"""Answers a request, as a server of one connection after the other."""

GREET = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: {name}, namespace: ruleengine}}
spec:
  entrypoint: main
  executorPlugins:
  - metadata: {{name: greeter}}
    spec: {{sidecar: {{container: {container}}}}}
  templates:
  - name: main
    inputs: {{parameters: [{{name: to, value: {name}}}]}}
    plugin: {{greeter: {{to: "{{{{inputs.parameters.to}}}}"}}}}
    outputs: {{parameters: [{{name: said, valueFrom: {{supplied: {{}}}}}}]}}
"""

SOME_VECTORS = (
    "artifact-passing",
    "container-set-template/graph-workflow",
    "exit-handlers",
    "global-outputs",
)
"""Documents whose images hold no more than a shell and what it calls."""

pytestmark = pytest.mark.slow


def test_steps_run_in_their_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With outputs, artifacts and exit codes, as in the sandbox."""
    require_sandbox()
    files = {"pipelines/images.yaml": WORKFLOW}
    with engine_command() as command, place(tmp_path, files) as made:
        if not ContainerEngine(command, tmp_path, os.environ).has(IMAGE):
            pytest.skip(NO_ENGINE)
        monkeypatch.setenv(VARIABLE, shlex.join(command))
        made.start()
        made.call("apply")
        found = made.client().get(Target(ARGO_API_VERSION, "Workflow", "ruleengine", "images"))
    nodes = lookup(found, "status", "nodes", default={}).values()
    by_name = {one["displayName"]: one for one in nodes}
    one, two = by_name["one"], by_name["two"]
    assert (one["phase"], two["phase"]) == ("Succeeded", "Failed"), by_name
    assert lookup(one, "outputs", "parameters")[0]["value"] == "ID=tiny"
    assert lookup(two, "outputs", "exitCode") == "7"


def test_steps_run_in_images_without_shell_user_or_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like alpine, distroless and scratch, read-only and not as root: outputs, codes, signals."""
    require_sandbox()
    with engine_command() as command, place(tmp_path, {"pipelines/bare.yaml": BARE}) as made:
        if not ContainerEngine(command, tmp_path, os.environ).has(IMAGE):
            pytest.skip(NO_ENGINE)
        import_bare_images(command)
        monkeypatch.setenv(VARIABLE, shlex.join(command))
        made.start()
        made.call("apply")
        found = made.client().get(Target(ARGO_API_VERSION, "Workflow", "ruleengine", "bare"))
    nodes = list(lookup(found, "status", "nodes", default={}).values())
    makes = [one for one in nodes if one["displayName"].startswith("makes(")]
    ends = [one for one in nodes if one["displayName"].startswith("ends(")]
    (main,) = [one for one in nodes if one["name"] == "bare"]
    assert lookup(main, "outputs", "parameters")[0]["value"] == "[7,7,7]", nodes
    assert [one["phase"] for one in makes] == ["Succeeded"] * 3, nodes
    for one in makes:
        assert lookup(one, "outputs", "parameters")[0]["value"] == "made"
        assert [kept["name"] for kept in one["outputs"]["artifacts"]] == ["file"]
    assert [one["phase"] for one in ends] == ["Failed"] * 3, nodes
    assert [lookup(one, "outputs", "exitCode") for one in ends] == ["5"] * 3, nodes


def test_plugins_serve_in_their_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workflows at once whose plugins listen on one port."""
    require_sandbox()
    port = free_port()
    start = 'echo "$SERVE" >/serve; chmod 755 /serve; exec nc -ll -p $PORT -e /serve'
    container = {
        "name": "greeter",
        "image": IMAGE,
        "command": ["sh", "-c", start],
        "env": [
            {"name": "SERVE", "value": f"#!/bin/sh\n{SERVE}"},
            {"name": "PORT", "value": str(port)},
        ],
        "ports": [{"containerPort": port}],
    }
    names = ("one", "two")
    files = {
        f"pipelines/{name}.yaml": GREET.format(name=name, container=json.dumps(container))
        for name in names
    }
    with engine_command() as command, place(tmp_path, files) as made:
        if not ContainerEngine(command, tmp_path, os.environ).has(IMAGE):
            pytest.skip(NO_ENGINE)
        monkeypatch.setenv(VARIABLE, shlex.join(command))
        made.start()
        made.call("apply", "--timeout", "3m")
        client = made.client()
        found = [
            client.get(Target(ARGO_API_VERSION, "Workflow", "ruleengine", name)) for name in names
        ]
    for name, workflow in zip(names, found, strict=True):
        (node,) = lookup(workflow, "status", "nodes").values()
        assert node["phase"] == "Succeeded", node
        assert node["outputs"]["parameters"][0]["value"] == f"hello {name}"


@pytest.mark.vectors
def test_documents_of_the_vectors_end_in_their_images_as_they_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the sandbox, under the images' own names."""
    require_sandbox()
    folder = vectors_folder("workflows") / "documents"
    files = {
        f"pipelines/{name.replace('/', '-')}.yaml": (folder / f"{name}.yaml").read_text()
        for name in SOME_VECTORS
    }
    with engine_command() as command, place(tmp_path, files) as made:
        if not ContainerEngine(command, tmp_path, os.environ).has(IMAGE):
            pytest.skip(NO_ENGINE)
        import_named_images(command)
        monkeypatch.setenv(VARIABLE, shlex.join(command))
        made.start()
        made.call("apply", "--timeout", "5m")
        workflows = made.client().list(ARGO_API_VERSION, "Workflow").items
        records = (made.state / "pods").glob("*/containers/main/*/record.json")
        in_engine = [json.loads(one.read_text()).get("engine", False) for one in records]
    ended = {document_of(one): lookup(one, "status", "phase") for one in workflows}
    assert ended == {name.replace("/", "-"): VECTORS[name] for name in SOME_VECTORS}
    assert in_engine
    assert all(in_engine)
