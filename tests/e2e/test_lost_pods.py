"""Pods that come to harm on the local node for real: the nodes say what happened to them."""

from collections.abc import Iterator

import pytest

from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import Place, end, place, wait_for
from tests.e2e.test_workflows import nodes
from tests.local.sandboxes import require_sandbox

HARMED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: harmed, namespace: ruleengine}
spec:
  entrypoint: main
  templates:
  - name: main
    failFast: false
    dag:
      failFast: false
      tasks:
      - {name: deleted, template: deleted}
      - {name: evicted, template: evicted}
      - {name: retried, template: retried}
      - {name: no-image, template: no-image}
      - {name: no-program, template: no-program}
      - {name: no-program-wrapped, template: no-program-wrapped}
      - {name: crashing, template: crashing}
      - {name: stubborn, template: stubborn}
      - {name: meshed, template: meshed}
      - {name: greedy, template: greedy}
  - name: deleted
    container: {image: alpine, command: [sleep, "600"]}
  - name: evicted
    container: {image: alpine, command: [sleep, "600"]}
    outputs: {parameters: [{name: one, valueFrom: {path: /none, default: "1"}}]}
  - name: retried
    retryStrategy: {limit: 1, retryPolicy: Always}
    container: {image: alpine, command: [sh, -c], args: ["exec sleep $(({{retries}} ? 0 : 600))"]}
  - name: no-image
    container: {image: "registry.invalid/acme/none:1"}
  - name: no-program
    container: {image: alpine, command: [no-such-program]}
  - name: no-program-wrapped
    container: {image: alpine, command: [no-such-program]}
    outputs: {parameters: [{name: one, valueFrom: {path: /none, default: "1"}}]}
  - name: crashing
    sidecars:
    - name: beside
      image: alpine
      command: [sh, -c]
      args: ["echo x >>/shared/starts; [ $(wc -l </shared/starts) = 1 ] || exec sleep 600; exit 1"]
      volumeMounts: [{name: shared, mountPath: /shared}]
    volumes: [{name: shared, emptyDir: {}}]
    container:
      image: alpine
      command: [sh, -c, "until [ $(wc -l </shared/starts) -ge 2 ]; do sleep 0.1; done"]
      volumeMounts: [{name: shared, mountPath: /shared}]
  - name: stubborn
    sidecars:
    - name: beside
      image: alpine
      command: [sh, -c, "trap 'exit 3' TERM; echo >/shared/up; while :; do sleep 0.1; done"]
      volumeMounts: [{name: shared, mountPath: /shared}]
    volumes: [{name: shared, emptyDir: {}}]
    container:
      image: alpine
      command: [sh, -c, "until [ -e /shared/up ]; do sleep 0.1; done"]
      volumeMounts: [{name: shared, mountPath: /shared}]
  - name: meshed
    podSpecPatch: |
      containers: [{name: proxy, image: alpine, command: [sleep, "600"]}]
    script: {image: alpine, command: [sh], source: "echo made >/tmp/made"}
    outputs: {parameters: [{name: made, valueFrom: {path: /tmp/made}}]}
  - name: greedy
    container:
      image: python:3
      command: [python3, -c, "x = bytearray(1 << 30); x[::4096] = bytes(1 << 18)"]
      resources: {limits: {memory: 100Mi}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Object]]:
    """Return the nodes of a workflow, some of whose pods were taken away while they ran."""
    require_sandbox()
    with place(tmp_path_factory.mktemp("harm"), {"pipelines/harmed.yaml": HARMED}) as made:
        made.start()
        driving = made.spawn("apply", "--timeout", "4m")
        try:
            for name, how in (("deleted", ""), ("evicted", "eviction"), ("retried", "")):
                take_away(made, f"harmed-{name}", how)
            assert driving.wait(300) == 1
        finally:
            end(driving)
        (workflow,) = made.client().list(ARGO_API_VERSION, "Workflow").items
        assert workflow["status"]["phase"] in ("Error", "Failed")
        yield nodes(workflow)


def take_away(made: Place, name: str, how: str) -> None:
    """Delete a pod as soon as it runs, or have it evicted."""
    running: list[str] = []

    def runs() -> bool:
        running[:] = [
            one["metadata"]["name"]
            for one in made.client().list("v1", "Pod").items
            if one["metadata"]["name"].startswith(name)
            and lookup(one, "status", "phase") == "Running"
        ]
        return bool(running)

    assert wait_for(runs, 120)
    path = f"/api/v1/namespaces/ruleengine/pods/{running[0]}"
    evicted = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": running[0]}}
    request = (
        HttpRequest(method="POST", path=f"{path}/eviction", body=json_text.dump_bytes(evicted))
        if how
        else HttpRequest(method="DELETE", path=path)
    )
    assert connect(str(made.running().kubeconfig), "").send(request).status < 300


@pytest.mark.parametrize("name", ["deleted", "evicted", "retried(0)"])
def test_a_pod_that_was_taken_away_is_no_success(harmed: dict[str, Object], name: str) -> None:
    """Whether somebody saw its end before it was gone, or not."""
    found = harmed[name]
    assert (found["phase"], found["message"]) in (
        ("Error", "pod deleted"),
        ("Failed", "main: Error (exit code 143)"),
    )


@pytest.mark.parametrize(
    ("name", "phase", "said"),
    [
        ("retried(1)", "Succeeded", ""),
        ("retried", "Succeeded", ""),
        ("no-image", "Error", "registry.invalid/acme/none:1"),
        ("no-program", "Failed", "no-such-program"),
        ("no-program-wrapped", "Error", "no-such-program"),
        ("crashing", "Succeeded", ""),
        ("stubborn", "Failed", "beside: Error (exit code 3)"),
        ("meshed", "Succeeded", ""),
        ("greedy", "Failed", ""),
    ],
)
def test_what_became_of_a_pod_is_told(
    harmed: dict[str, Object], name: str, phase: str, said: str
) -> None:
    """By the node whose pod it was; the others go on."""
    found = harmed[name]
    assert found["phase"] == phase, found.get("message")
    assert said in found.get("message", "")
