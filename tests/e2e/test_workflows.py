"""Workflows for real: their steps are sandboxed processes of this machine."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import Place, end, place, wait_for
from tests.local.sandboxes import require_sandbox
from tests.services.test_http_calls import Served
from tests.vectors import vectors_folder

VECTORS: dict[str, str] = {
    "archive-location": "Succeeded",
    "arguments-parameters-from-configmap": "Succeeded",
    "artifact-passing": "Succeeded",
    "artifact-path-placeholders": "Succeeded",
    "coinflip": "Succeeded",
    "conditional-parameters": "Succeeded",
    "conditionals-complex": "Succeeded",
    "container-set-template/graph-workflow": "Succeeded",
    "container-set-template/workspace-workflow": "Succeeded",
    "continue-on-fail": "Succeeded",
    "dag-conditional-artifacts": "Succeeded",
    "dag-custom-metrics": "Succeeded",
    "dag-diamond": "Succeeded",
    "dag-diamond-steps": "Succeeded",
    "dag-inline-workflow": "Succeeded",
    "dag-targets": "Succeeded",
    "dag-task-level-timeout": "Failed",
    "dns-config": "Succeeded",
    "exit-handler-step-level": "Succeeded",
    "exit-handler-with-param": "Succeeded",
    "exit-handlers": "Failed",
    "expression-destructure-json": "Succeeded",
    "expression-tag-template-workflow": "Succeeded",
    "gc-ttl": "Succeeded",
    "global-outputs": "Succeeded",
    "hello-world": "Succeeded",
    "init-container": "Succeeded",
    "key-only-artifact": "Succeeded",
    "loops": "Succeeded",
    "loops-maps": "Succeeded",
    "loops-param-result": "Succeeded",
    "loops-sequence": "Succeeded",
    "memoize-simple": "Succeeded",
    "node-selector": "Succeeded",
    "output-parameter": "Succeeded",
    "parallelism-nested": "Succeeded",
    "parallelism-template-limit": "Succeeded",
    "parameter-aggregation": "Succeeded",
    "pod-gc-strategy": "Failed",
    "pod-metadata": "Succeeded",
    "pod-resources": "Succeeded",
    "pod-spec-from-previous-step": "Succeeded",
    "pod-spec-patch": "Succeeded",
    "recursive-for-loop": "Succeeded",
    "resource-claims-template-override": "Succeeded",
    "retry-backoff": "Succeeded",
    "retry-container": "Succeeded",
    "retry-container-to-completion": "Succeeded",
    "retry-with-steps": "Succeeded",
    "scripts-bash": "Succeeded",
    "skipped-output-defaults/producer-output-default": "Succeeded",
    "status-reference": "Succeeded",
    "steps": "Succeeded",
    "suspend-template": "Succeeded",
    "synchronization-mutex-wf-level": "Succeeded",
    "synchronization-tmpl-level": "Succeeded",
    "timeouts-step": "Failed",
    "workflow-template/hello-world": "Succeeded",
    "workflow-template/steps": "Succeeded",
    "workflow-template/workflow-template-ref": "Succeeded",
    "cluster-workflow-template/cluster-wftmpl-dag": "Succeeded",
    "cluster-workflow-template/workflow-template-ref": "Succeeded",
}
"""Documents of the vectors, and the phase that they must end with."""

SHORT_LIVED = ("gc-ttl",)
"""They are deleted a few seconds after their end, which may be before anybody looks."""

THIRD = "0 if {{retries}} >= 2 else 1"
"""Instead of chance: the third attempt is the first that succeeds."""

SHORTER = {
    "dag-task-level-timeout": (("20s", "60s"), ("10s", "1s"), ("15s", "3s")),
    "loops-param-result": (("range(20, 31)", "range(0, 11)"), ("; sleep {{", "; true {{")),
    "parallelism-nested": (("sleep 10", "sleep 1"),),
    "parallelism-template-limit": (("sleep 10", "sleep 1"),),
    "retry-backoff": (("random.choice([0, 1, 1])", THIRD),),
    "retry-container": (("random.choice([0, 1, 1])", THIRD),),
    "retry-container-to-completion": (("random.choice(range(0, 5))", THIRD),),
    "retry-with-steps": (("random.choice([0, 1, 1])", THIRD),),
    "suspend-template": (('"20"', '"1"'),),
    "synchronization-tmpl-level": (("sleep 10", "sleep 1"),),
}
"""What is replaced in documents that would take their time, or chances."""

LIMITS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: my-config, namespace: ruleengine}
data: {template: "2"}
"""

CLAIMS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: claims, namespace: ruleengine}
spec:
  entrypoint: main
  volumeClaimTemplates:
  - metadata: {name: work}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
  templates:
  - name: main
    steps:
    - - name: write
        template: run
        arguments: {parameters: [{name: what, value: "echo hi >/work/x"}]}
    - - name: read
        template: run
        arguments: {parameters: [{name: what, value: "grep hi /work/x"}]}
  - name: run
    inputs: {parameters: [{name: what}]}
    container:
      image: alpine
      command: [sh, -c, "{{inputs.parameters.what}}"]
      volumeMounts: [{name: work, mountPath: /work}]
"""

LONG = f"""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: long, namespace: ruleengine}}
spec:
  entrypoint: main
  templates:
  - name: main
    script: {{image: alpine, command: [sh], source: "exit 0 # {"x" * 140_000}"}}
"""

LOADED = ("workflow-template/templates", "cluster-workflow-template/clustertemplates", "configmaps")
"""What has to be there before."""

Ended = dict[str, Object]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> None:
    """Skip where this machine has no sandbox for processes."""
    require_sandbox()


def files(folder: Path) -> dict[str, str]:
    """Return the files of a config repo with all vectors that can run, and what these need."""
    own = {"limits": LIMITS, "claims": CLAIMS, "long": LONG}
    found = {f"pipelines/{name}.yaml": text for name, text in own.items()}
    for name in VECTORS:
        text = (folder / f"{name}.yaml").read_text()
        for old, new in SHORTER.get(name, ()):
            text = text.replace(old, new)
        found[f"pipelines/{name.replace('/', '-')}.yaml"] = text
    for path in sorted(folder.rglob("*.yaml")):
        name = str(path.relative_to(folder).with_suffix(""))
        if name.startswith(LOADED):
            found[f"pipelines/loaded/{name.replace('/', '-')}.yaml"] = path.read_text()
    return found


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """Run all vectors at once; return each workflow as it ended, by its document."""
    repo = files(vectors_folder("workflows") / "documents")
    with place(tmp_path_factory.mktemp("workflows"), repo) as made:
        made.start()
        made.call("apply", "--timeout", "5m")
        _resume(made)
        workflows = made.client().list(ARGO_API_VERSION, "Workflow").items
        yield {_document_of(one): one for one in workflows}


def _resume(made: Place) -> None:
    """Let the workflow go on that waits for a human."""
    workflows = made.client().list(ARGO_API_VERSION, "Workflow").items
    (paused,) = (one for one in workflows if _document_of(one) == "suspend-template")
    found = nodes(paused)
    assert (paused["status"]["phase"], found["approve"]["phase"]) == ("Running", "Running")
    assert "delay" not in found
    made.call("pipeline", "resume", paused["metadata"]["name"])
    made.call("apply", "--timeout", "5m")


def _document_of(workflow: Object) -> str:
    origin = str(lookup(workflow, "metadata", "annotations", "ruleengine.dev/origin", default=""))
    return origin.partition(":")[0].removeprefix("pipelines/").removesuffix(".yaml")


@pytest.mark.vectors
@pytest.mark.parametrize("name", VECTORS)
def test_a_workflow_of_the_vectors_ends_as_it_must(ended: Ended, name: str) -> None:
    """With the phase that is stated; none of its pods was simulated."""
    workflow = ended.get(name.replace("/", "-"))
    if workflow is None:
        assert name in SHORT_LIVED
        return
    status = workflow["status"]
    wrong = {
        one["displayName"]: one.get("message")
        for one in status.get("nodes", {}).values()
        if one["phase"] in ("Error", "Failed")
    }
    assert status["phase"] == VECTORS[name], (status.get("message"), wrong)


def nodes(workflow: Object) -> dict[str, Object]:
    """Return the nodes of a workflow by the names they are shown under."""
    return {one["displayName"]: one for one in workflow["status"]["nodes"].values()}


def value(outputs: Object, name: str) -> Any:
    """Return an output parameter."""
    return {one["name"]: one["value"] for one in outputs["parameters"]}[name]


@pytest.mark.vectors
def test_outputs_and_loops_of_the_vectors_are_what_they_must_be(ended: Ended) -> None:
    """The counts, results and phases that the vectors name."""
    assert [nodes(ended["continue-on-fail"])[one]["phase"] for one in "CD"] == [
        "Failed",
        "Succeeded",
    ]
    pods = [one for one in nodes(ended["loops-sequence"]).values() if one["type"] == "Pod"]
    assert len(pods) == 25
    flips = Counter(one["phase"] for one in nodes(ended["coinflip"]).values())
    assert flips["Skipped"] == 1
    targets = nodes(ended["dag-targets"])
    assert {"A", "C", "E"} <= targets.keys()
    assert not {"B", "D"} & targets.keys()
    flaky = nodes(ended["status-reference"])
    assert flaky["succeeded"]["phase"] == "Skipped"
    handler = nodes(ended["exit-handlers"])
    assert (handler["celebrate"]["phase"], handler["cry"]["phase"]) == ("Skipped", "Succeeded")
    conditional = ended["conditional-parameters"]
    root = conditional["status"]["nodes"][conditional["metadata"]["name"]]
    flip = nodes(conditional)["flip-coin"]["outputs"]["result"]
    assert value(root["outputs"], "stepresult") == flip
    assert nodes(ended["timeouts-step"]).popitem()[1]["message"].startswith("Pod was active")


def at_once(workflow: Object, template: str) -> int:
    """Return how many pods of a template were on their way at the same time, at most."""
    pods = [
        one
        for one in workflow["status"]["nodes"].values()
        if one["type"] == "Pod" and one["templateName"] == template
    ]
    begun = [(one["startedAt"], one["finishedAt"]) for one in pods]
    return max(sum(start <= moment < end for start, end in begun) for moment, _ in begun)


@pytest.mark.vectors
def test_limits_of_the_vectors_are_kept(ended: Ended) -> None:
    """Steps beyond a limit have no node yet; what waits for a lock begins when one is free."""
    assert at_once(ended["parallelism-template-limit"], "sleep") <= 2
    assert at_once(ended["parallelism-nested"], "one-job") <= 4
    phases = nodes(ended["dag-task-level-timeout"])
    assert [phases[one]["phase"] for one in "ABC"] == ["Succeeded", "Failed", "Succeeded"]


@pytest.mark.vectors
def test_attempts_of_the_vectors_are_nodes_under_one_that_retries(ended: Ended) -> None:
    """Three of them, as only the third succeeds; pauses grow where a back-off says so."""
    for name in ("retry-container", "retry-container-to-completion", "retry-backoff"):
        found = list(ended[name]["status"]["nodes"].values())
        assert sorted(one["type"] for one in found) == ["Pod", "Pod", "Pod", "Retry"]
        phases = [one["phase"] for one in sorted(found, key=lambda one: str(one["name"]))]
        assert phases == ["Succeeded", "Failed", "Failed", "Succeeded"]
    steps = Counter(one["type"] for one in nodes(ended["retry-with-steps"]).values())
    assert (steps["Retry"], steps["Pod"]) == (3, 9)


@pytest.mark.vectors
def test_steps_share_what_a_claim_of_their_workflow_holds(ended: Ended) -> None:
    """What one step writes there the next one reads; the claim is gone after the end."""
    assert ended["claims"]["status"]["phase"] == "Succeeded"


@pytest.mark.vectors
def test_a_script_may_be_longer_than_an_argument(ended: Ended) -> None:
    """It reaches its step by another way."""
    assert ended["long"]["status"]["phase"] == "Succeeded"


@pytest.mark.vectors
def test_artifacts_of_the_vectors_hold_what_they_must(ended: Ended) -> None:
    """What one step made the next one had; logs are artifacts where that is asked for."""
    placed = ended["artifact-path-placeholders"]
    root = placed["status"]["nodes"][placed["metadata"]["name"]]
    assert value(root["outputs"], "actual-lines-count") == "3"
    (logged,) = nodes(ended["archive-location"]).values()
    assert [one["name"] for one in logged["outputs"]["artifacts"]] == ["main-logs"]
    shared = ended["global-outputs"]["status"]["outputs"]
    assert value(shared, "my-global-param") == "hello world"
    assert [one["name"] for one in shared["artifacts"]] == ["my-global-art"]
    passed = nodes(ended["artifact-passing"])["consume-artifact"]["inputs"]["artifacts"]
    assert [one["name"] for one in passed] == ["message"]


@pytest.mark.vectors
def test_containers_of_a_set_run_in_their_order(ended: Ended) -> None:
    """Each is a node; what the set makes is what ``main`` leaves."""
    graph = nodes(ended["container-set-template-graph-workflow"])
    assert {graph[one]["type"] for one in "abcd"} == {"Container"}
    assert {graph[one]["phase"] for one in "abcd"} == {"Succeeded"}
    shared = ended["container-set-template-workspace-workflow"]
    root = shared["status"]["nodes"][shared["metadata"]["name"]]
    assert value(root["outputs"], "out") == "hi"


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
