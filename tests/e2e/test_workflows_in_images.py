"""Workflows with a container engine: their steps run in their images, and meet in volumes."""

import os
import shlex
from pathlib import Path

import pytest

from ruleengine.local.runtime.container_engine import VARIABLE, ContainerEngine
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import lookup
from tests.e2e.process_kit import place
from tests.local.engines import (
    DISTROLESS,
    IMAGE,
    NO_ENGINE,
    PROGRAM,
    SCRATCH,
    engine_command,
    import_bare_images,
)
from tests.local.sandboxes import require_sandbox

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
    activeDeadlineSeconds: 6
    container:
      image: "{{{{inputs.parameters.image}}}}"
      command: [{PROGRAM}, sh, -c]
      args: ["trap 'echo told; exit 5' TERM; while :; do {PROGRAM} sleep 0.1; done"]
    outputs:
      parameters: [{{name: word, valueFrom: {{path: /none, default: absent}}}}]
"""

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
