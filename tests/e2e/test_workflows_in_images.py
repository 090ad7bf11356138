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
from tests.local.engines import IMAGE, NO_ENGINE, engine_command
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
