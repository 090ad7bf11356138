"""Artifact drivers for real: a team's own program serves them beside sandboxed steps."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from tests.e2e.process_kit import Place, place
from tests.e2e.test_workflows import nodes
from tests.local.sandboxes import require_sandbox
from tests.services import artifact_driver
from tests.services.artifact_driver import serve

pytestmark = pytest.mark.slow

PLUGIN = f"files-{os.getpid()}"
"""Nobody else's socket on this machine."""

DRIVER = Path(artifact_driver.__file__).read_text(encoding="utf-8")
SILENT = """
import socket, sys, time
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[-1])
listening.listen()
time.sleep(1000)
"""
SETTINGS = {
    "local": {
        "images": {
            "drivers/ruleengine": {"entrypoint": ["python3", "-c", DRIVER]},
            "silent": {"entrypoint": ["python3", "-c", SILENT]},
        }
    }
}
"""A container of ours finds the library of gRPC, and so does one whose image is called like it."""

CONFIGURED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap, namespace: ruleengine}
data:
  artifactDrivers: |
    - {name: PLUGIN, image: "drivers/ruleengine:1", connectionTimeoutSeconds: 60}
    - {name: silent, image: silent, connectionTimeoutSeconds: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: stores, namespace: ruleengine}
data:
  files: |
    archiveLogs: true
    plugin: {name: PLUGIN, configuration: /kept, keyFormat: "runs/{{workflow.name}}"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: kept, namespace: ruleengine}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
"""
PATCH = """
      initContainers:
      - {name: artifact-plugin-PLUGIN, volumeMounts: [{name: kept, mountPath: /kept}]}
      volumes: [{name: kept, persistentVolumeClaim: {claimName: kept}}]
"""
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: behind, namespace: ruleengine}
spec:
  artifactRepositoryRef: {configMap: stores, key: files}
  podSpecPatch: |
%(patch)s
  artifactGC:
    strategy: OnWorkflowDeletion
    podSpecPatch: |
%(patch)s
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: make, template: make}
    - - name: list
        inline:
          data:
            source: {artifactPaths: {name: paths, plugin: {key: runs/behind/rows}}}
            transformation: [{expression: "map(data, {split(#, '/')[3]})"}]
    - - name: read
        template: read
        withParam: "{{steps.list.outputs.result}}"
        arguments:
          parameters: [{name: file, value: "{{item}}"}]
          artifacts:
          - {name: rows, from: "{{steps.make.outputs.artifacts.rows}}"}
          - {name: packed, from: "{{steps.make.outputs.artifacts.packed}}"}
  - name: make
    script:
      image: alpine
      command: [sh]
      source: |
        mkdir -p /out/rows; echo one >/out/rows/a; echo two >/out/rows/b
        echo three >/out/packed; chmod 600 /out/packed
        echo made
    outputs:
      artifacts:
      - {name: rows, path: /out/rows, archive: {none: {}}}
      - {name: packed, path: /out/packed}
  - name: read
    inputs:
      parameters: [{name: file}]
      artifacts:
      - {name: rows, path: /in/rows}
      - {name: packed, path: /in/packed}
      - {name: gone, path: /in/gone, optional: true, plugin: {name: PLUGIN, key: gone}}
    script:
      image: alpine
      command: [sh]
      source: "test ! -e /in/gone/x; cat /in/rows/{{inputs.parameters.file}} /in/packed >/result"
    outputs: {parameters: [{name: text, valueFrom: {path: /result}}]}
"""


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> None:
    """Skip where this machine has no sandbox for processes."""
    require_sandbox()


@contextmanager
def placed(folder: Path, workflow: str) -> Iterator[Place]:
    """Yield a place that knows the drivers, in which a workflow has run."""
    files = {
        "ruleengine.yaml": json.dumps(SETTINGS),
        "pipelines/drivers.yaml": CONFIGURED.replace("PLUGIN", PLUGIN),
        "pipelines/behind.yaml": workflow.replace("PLUGIN", PLUGIN),
    }
    with place(folder, files) as found:
        found.start()
        found.call("apply", "--timeout", "3m")
        yield found


def _nodes(made: Place) -> dict[str, Object]:
    (found,) = made.client().list(ARGO_API_VERSION, "Workflow").items
    return nodes(found)


def _kept(made: Place) -> set[str]:
    return {one.name for one in (made.state / "claims").rglob("*") if one.is_file()}


def test_a_driver_keeps_brings_lists_and_deletes(tmp_path: Path) -> None:
    """Files, trees and logs; what is optional may be missing; all is gone with the workflow."""
    with placed(tmp_path, WORKFLOW % {"patch": PATCH.strip("\n")}) as made:
        found = _nodes(made)
        assert {one["phase"] for one in found.values()} == {"Succeeded"}, found
        read = [found[name]["outputs"]["parameters"][0] for name in ("read(0:a)", "read(1:b)")]
        assert [one["value"] for one in read] == ["one\nthree", "two\nthree"]
        assert _kept(made) == {"a", "b", "packed.tgz", "main.log"}
        _check_getting(made, tmp_path)
        assert made.pipeline("delete", "behind").code == 0
        made.call("apply", "--timeout", "3m")
        assert not made.client().list(ARGO_API_VERSION, "Workflow").items
        assert _kept(made) == set()


def _check_getting(made: Place, folder: Path) -> None:
    """Nobody gets an artifact without its driver; who runs that on this machine does."""
    listening = Path("/tmp/artifact-plugins", PLUGIN, "socket")
    packed = ("artifact", "get", "behind", "packed", "--to", str(folder / "packed"))
    refused = made.pipeline(*packed)
    assert refused.code == 1
    assert f"start its driver here with the one argument {listening}" in refused.text
    (claim,) = (made.state / "claims").iterdir()
    listening.parent.mkdir(parents=True)
    server = serve(Elsewhere(claim), str(listening))
    try:
        assert made.pipeline(*packed).code == 0
        rows = ("artifact", "get", "behind", "rows", "--to", str(folder / "rows"))
        assert made.pipeline(*rows).code == 0
    finally:
        server.stop(None).wait()
        shutil.rmtree(listening.parent)
        with suppress(OSError):  # somebody else's driver listens there
            listening.parent.parent.rmdir()
    assert (folder / "packed").read_text() == "three\n"
    assert {one.name: one.read_text() for one in (folder / "rows").iterdir()} == {
        "a": "one\n",
        "b": "two\n",
    }


class Elsewhere(artifact_driver.DirectoryDriver):
    """The same driver in a place where its folder has another path, and ours are not seen."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def place(self, artifact: Any) -> Path:
        """Return where an artifact lies."""
        assert artifact.plugin.configuration == "/kept"
        return self._root / artifact.plugin.key

    def list_objects(self, request: Any) -> dict[str, Any]:
        """List the keys of files."""
        files = sorted(self.place(request.artifact).rglob("*"))
        return {"objects": [one.relative_to(self._root).as_posix() for one in files]}

    def load(self, request: Any) -> dict[str, Any]:
        """Nothing of ours is seen here."""
        raise AssertionError(request)


UNANSWERED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: behind, namespace: ruleengine}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: make, template: make, continueOn: {error: true}}
      - {name: take, template: take}
  - name: make
    container: {image: alpine, command: [touch, /out]}
    outputs: {artifacts: [{name: a, path: /out, plugin: {name: silent, key: k}}]}
  - name: take
    container: {image: alpine, command: [test, -e, /in]}
    inputs: {artifacts: [{name: a, path: /in, plugin: {name: silent, key: k}}]}
"""


def test_a_driver_that_never_answers_holds_nobody_up(tmp_path: Path) -> None:
    """The nodes say for how long it was asked, and where to look."""
    with placed(tmp_path, UNANSWERED) as made:
        found = _nodes(made)
    for name, what in (("make", "kept"), ("take", "loaded")):
        assert found[name]["phase"] == "Error"
        assert f"the artifact 'a' cannot be {what}" in found[name]["message"]
        assert "took no connection within 1 seconds" in found[name]["message"]
