"""Workflows for real: their steps are sandboxed processes of this machine."""

import json
import os
import signal
from pathlib import Path

import pytest

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import Place, end, place, wait_for
from tests.local.sandboxes import require_sandbox
from tests.services.test_http_calls import Served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> None:
    """Skip where this machine has no sandbox for processes."""
    require_sandbox()


def nodes(workflow: Object) -> dict[str, Object]:
    """Return the nodes of a workflow by the names they are shown under."""
    return {one["displayName"]: one for one in workflow["status"]["nodes"].values()}


CALL = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: call, namespace: ruleengine}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {{name: ask, template: ask}}
      - {{name: metadata, template: metadata, continueOn: {{error: true}}}}
    - - name: use
        template: use
        arguments: {{parameters: [{{name: text, value: "{{{{steps.ask.outputs.result}}}}"}}]}}
  - name: ask
    http:
      url: "{url}/path"
      method: POST
      body: data
      headers: [{{name: token, valueFrom: {{secretKeyRef: {{name: tokens, key: mine}}}}}}]
      successCondition: response.body == "answer"
  - name: metadata
    http: {{url: "http://169.254.169.254/latest/meta-data", timeoutSeconds: 5}}
  - name: use
    inputs: {{parameters: [{{name: text}}]}}
    container: {{image: alpine, command: [test, "{{{{inputs.parameters.text}}}}", "=", answer]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: tokens, namespace: ruleengine}}
stringData: {{mine: hidden}}
"""


def test_an_http_template_calls_for_real(tmp_path: Path) -> None:
    """With the header from a Secret; its result reaches the next step."""
    served = Served()
    try:
        with place(tmp_path, {"pipelines/call.yaml": CALL.format(url=served.url)}) as made:
            made.start()
            made.call("apply", "--timeout", "2m")
            (workflow,) = made.client().list(ARGO_API_VERSION, "Workflow").items
    finally:
        served.close()
    found = nodes(workflow)
    assert workflow["status"]["phase"] == "Succeeded", found
    assert found["ask"]["outputs"]["result"] == "answer"
    assert "169.254.169.254, which nobody may reach" in found["metadata"]["message"]
    ((method, path, headers, body),) = served.seen
    assert (method, path, body) == ("POST", "/path", b"data")
    assert headers["token"] == "hidden"


SLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: slow, namespace: ruleengine}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: first, template: once}
    - - {name: second, template: sleep}
    - - name: third
        template: once
  - name: once
    script: {image: alpine, command: [sh], source: "echo ran"}
    outputs: {parameters: [{name: one, valueFrom: {default: "1", path: /none}}]}
  - name: sleep
    container: {image: alpine, command: [sleep, "3"]}
"""


def test_killed_in_the_middle_it_finishes_and_runs_no_finished_step_twice(tmp_path: Path) -> None:
    """The process that drives is killed; the next one goes on where that stopped."""
    with place(tmp_path, {"pipelines/slow.yaml": SLOW}) as made:
        made.start()
        child = made.spawn("apply")
        try:
            assert wait_for(lambda: "slow-sleep" in _pods(made), 60)
        finally:
            end(child)
        before = _uids(made)
        made.call("apply").check_explained(0)
        (workflow,) = made.client().list(ARGO_API_VERSION, "Workflow").items
        assert workflow["status"]["phase"] == "Succeeded"
        assert before.items() <= _uids(made).items()
        assert len(_uids(made)) == 3
        writes = made.writes()
        made.call("apply").check_explained(0)
        assert made.writes() == writes


def test_killed_with_everything_that_runs_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Who drives and the control plane die, and running steps with them: those are retried."""
    again = '{image: alpine, command: [sleep, "3"]}\n    retryStrategy: {retryPolicy: Always}'
    files = {"pipelines/slow.yaml": SLOW.replace('{image: alpine, command: [sleep, "3"]}', again)}
    with place(tmp_path, files) as made:
        made.start()
        child = made.spawn("apply")
        try:
            assert wait_for(lambda: "Running" in _phases_of(made, "slow-sleep"), 60)
            os.kill(made.running().pid, signal.SIGKILL)
        finally:
            end(child)
        made.call("apply").check_explained(0)
        (workflow,) = made.client().list(ARGO_API_VERSION, "Workflow").items
        ended = {name: one["phase"] for name, one in nodes(workflow).items()}
        assert workflow["status"]["phase"] == "Succeeded"
        assert (ended["second(0)"], ended["second(1)"]) == ("Error", "Succeeded")
        assert _phases_of(made, "slow-once") == ["Succeeded", "Succeeded"]
        assert _phases_of(made, "slow-sleep") == ["Failed", "Succeeded"]


def _phases_of(made: Place, prefix: str) -> list[str]:
    pods = made.client().list("v1", "Pod").items
    return sorted(
        str(lookup(one, "status", "phase"))
        for one in pods
        if one["metadata"]["name"].startswith(prefix)
    )


def _uids(made: Place) -> dict[str, str]:
    pods = made.client().list("v1", "Pod").items
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in pods}


def _pods(made: Place) -> str:
    return json.dumps(sorted(_uids(made)))
