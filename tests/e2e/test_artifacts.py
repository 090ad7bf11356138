"""Artifacts for real: steps are sandboxed processes, the store is a server of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from ruleengine.services.artifacts.opening import open_store
from ruleengine.services.artifacts.store import ArtifactStore
from tests.e2e.process_kit import place
from tests.local.sandboxes import require_sandbox
from tests.services.servers import s3_server
from tests.services.test_artifact_stores import KEYS, selector

pytestmark = pytest.mark.slow

REPOSITORY = """
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {user: me, word: hunter22}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: stores}
data:
  s3: |
    archiveLogs: true
    s3:
      endpoint: %s
      insecure: true
      bucket: artifacts
      keyFormat: "runs/{{workflow.name}}"
      accessKeySecret: {name: s, key: user}
      secretKeySecret: {name: s, key: word}
"""
IN_S3 = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: in-s3}
spec:
  artifactRepositoryRef: {configMap: stores, key: s3}
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: make, template: make}
    - - name: list
        inline:
          data:
            source: {artifactPaths: {name: paths, s3: {key: runs/in-s3/rows}}}
            transformation: [{expression: "map(data, {split(#, '/')[3]})"}]
    - - name: read
        template: read
        withParam: "{{steps.list.outputs.result}}"
        arguments:
          parameters: [{name: file, value: "{{item}}"}]
          artifacts: [{name: rows, from: "{{steps.make.outputs.artifacts.rows}}"}]
  - name: make
    script:
      image: alpine
      command: [sh]
      source: |
        mkdir -p /out/rows; echo one >/out/rows/a; echo two >/out/rows/b
        ln -s a /out/rows/link
        echo made
    outputs:
      artifacts:
      - {name: rows, path: /out/rows, archive: {none: {}}}
      - {name: secret, path: /argo/secret, optional: true}
  - name: read
    inputs:
      parameters: [{name: file}]
      artifacts: [{name: rows, path: /in/rows, mode: 0500}]
    script:
      image: alpine
      command: [sh]
      source: "cat /in/rows/{{inputs.parameters.file}} >/result; stat -c %a /in/rows >>/result"
    outputs: {parameters: [{name: text, valueFrom: {path: /result}}]}
"""
COLLECTED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: collected}
spec:
  artifactRepositoryRef: {configMap: stores, key: s3}
  artifactGC: {strategy: OnWorkflowCompletion}
  entrypoint: main
  templates:
  - name: main
    container: {image: alpine, command: [sh, -c, "echo x >/one; echo y >/two; exit 1"]}
    outputs:
      artifacts:
      - {name: one, path: /one}
      - {name: two, path: /two, artifactGC: {strategy: Never}}
"""


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> None:
    """Skip where this machine has no sandbox for processes."""
    require_sandbox()


class Ran:
    """Workflows that have run: as they ended, everything that was stored, and the store."""

    def __init__(self, workflows: list[Object], stored: str, store: ArtifactStore) -> None:
        self.by_name = {one["metadata"]["name"]: one for one in workflows}
        self.stored = stored
        self.keys = sorted(store.list(""))
        self.store = store

    def nodes(self, name: str) -> dict[str, Object]:
        """Return the nodes of a workflow by the names they are shown under."""
        return {one["displayName"]: one for one in self.by_name[name]["status"]["nodes"].values()}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Run the workflows once."""
    folder = tmp_path_factory.mktemp("artifacts")
    with s3_server(folder) as endpoint:
        body: Object = {
            "endpoint": endpoint,
            "insecure": True,
            "bucket": "artifacts",
            "accessKeySecret": selector("user"),
            "secretKeySecret": selector("word"),
            "createBucketIfNotPresent": {},
        }
        store, _ = open_store({"s3": body}, KEYS)
        (folder / "first").touch()
        store.save(folder / "first", "first")  # so that the bucket is there
        repo = {
            "pipelines/stores.yaml": REPOSITORY % endpoint,
            "pipelines/in-s3.yaml": IN_S3,
            "pipelines/collected.yaml": COLLECTED,
        }
        with place(folder / "place", repo) as made:
            made.start()
            made.call("apply", "--timeout", "2m")
            client = made.client()
            workflows = client.list(ARGO_API_VERSION, "Workflow").items
            kinds = [("v1", "Pod"), (ARGO_API_VERSION, "WorkflowTaskResult")]
            listed: list[Any] = [client.list(*one).items for one in kinds]
            yield Ran(workflows, json.dumps([workflows, listed]), store)


def test_artifacts_pass_through_a_store_and_are_listed_there(ran: Ran) -> None:
    """A folder, as one object for each of its files; each step sees it with the stated mode."""
    workflow = ran.by_name["in-s3"]
    assert workflow["status"]["phase"] == "Succeeded", json.dumps(workflow["status"], indent=1)
    nodes = ran.nodes("in-s3")
    texts = [nodes[f"read({one})"]["outputs"]["parameters"][0]["value"] for one in ("0:a", "1:b")]
    assert texts == ["one\n500", "two\n500"]
    assert {"runs/in-s3/rows/a", "runs/in-s3/rows/b", "runs/in-s3/main.log"} <= set(ran.keys)


def test_secrets_of_a_store_reach_nobody(ran: Ran, tmp_path: Path) -> None:
    """Not what is stored, and not the step, which finds no such folder."""
    assert "hunter22" not in ran.stored
    made = [one["name"] for one in ran.nodes("in-s3")["make"]["outputs"]["artifacts"]]
    assert sorted(made) == ["main-logs", "rows"]
    ran.store.load("runs/in-s3/main.log", tmp_path / "log")


def test_a_failed_step_keeps_what_it_made_until_that_is_collected(ran: Ran) -> None:
    """What is gone is marked, in the store and in the status."""
    workflow = ran.by_name["collected"]
    assert workflow["status"]["phase"] == "Failed"
    listed = ran.nodes("collected")["collected"]["outputs"]["artifacts"]
    marked = {one["name"]: one.get("deleted", False) for one in listed}
    assert marked == {"one": True, "two": False, "main-logs": True}, workflow["status"]
    assert [key for key in ran.keys if "collected" in key] == ["runs/collected/two.tgz"]
    assert not workflow["metadata"].get("finalizers")
