"""Every document of the vectors for real, and all that is stated of how it ends.

They run at once on one local control plane; what takes its time is shortened, and chance is
replaced (``SHORTER``). At their full length they run in virtual time
(``tests/pipelines/test_vectors_in_virtual_time.py``); documents that people or schedules begin
are in ``test_schedules_and_retries.py``.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import Place, place
from tests.local.sandboxes import require_sandbox
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

HEADS, TAILS = (("random.randint(0,1)", "0"),), (("random.randint(0,1)", "1"),)

SHORTER = {
    "coinflip": HEADS,
    "conditional-parameters": TAILS,
    "conditionals-complex": TAILS,
    "dag-conditional-artifacts": HEADS,
    "memoize-simple": (('"10s"', '"1h"'),),
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
"""What is replaced in documents that would take their time, or chances.

What is memoized may be used for an hour: a machine with much to do takes ten seconds to look.
"""

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


@dataclass
class Ended:
    """Workflows as they ended, by their documents; the pods of each, and what these printed.

    Both are by the names of nodes without that of their workflow; ``metrics`` is what was told.
    """

    workflows: dict[str, Object] = field(default_factory=dict)
    pods: dict[str, dict[str, Object]] = field(default_factory=dict)
    printed: dict[str, dict[str, str]] = field(default_factory=dict)
    metrics: str = ""
    place: Place | None = None

    def __getitem__(self, document: str) -> Object:
        """Return the workflow of a document."""
        return self.workflows[document]

    def lines(self, document: str) -> list[str]:
        """Return what the pods of a document printed, in order."""
        return sorted(line.strip() for line in self.printed[document].values())

    def artifact(self, document: str, name: str, folder: Path) -> str:
        """Return the text of an artifact that was kept."""
        assert self.place is not None
        workflow = self.workflows[document]["metadata"]["name"]
        words = ("artifact", "get", workflow, name, "--to", str(folder / name))
        self.place.call("pipeline", *words).check_explained(0)
        found = folder / name
        (file,) = [found] if found.is_file() else [one for one in found.rglob("*") if one.is_file()]
        return file.read_text()


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> None:
    """Skip where this machine has no sandbox for processes."""
    require_sandbox()


def files(folder: Path) -> dict[str, str]:
    """Return the files of a config repo with all vectors that can run, and what these need."""
    mutex = (folder / "synchronization-mutex-wf-level.yaml").read_text()
    copy = mutex.replace("synchronization-wf-level-", "synchronization-wf-copy-")
    own = {"limits": LIMITS, "claims": CLAIMS, "long": LONG, "mutex-copy": copy}
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
        found = Ended(place=made, metrics=made.call("pipeline", "metrics").output)
        for one in made.client().list(ARGO_API_VERSION, "Workflow").items:
            document = document_of(one)
            found.workflows[document] = one
            found.pods[document], found.printed[document] = _pods_of(made, one)
        yield found


def _pods_of(made: Place, workflow: Object) -> tuple[dict[str, Object], dict[str, str]]:
    """Return the pods of a workflow that are still there, and what their main containers said."""
    client, pods, printed = made.client(), {}, {}
    label = f"workflows.argoproj.io/workflow={workflow['metadata']['name']}"
    known = workflow["status"].get("nodes", {})
    for pod in client.list("v1", "Pod", label_selector=label).items:
        node = known.get(pod["metadata"]["annotations"].get("workflows.argoproj.io/node-id"))
        if node is not None:
            name = node["name"].removeprefix(workflow["metadata"]["name"])
            pods[name] = pod
            names = [one["name"] for one in pod["spec"]["containers"]]
            if "main" in names:
                log = b"".join(client.logs(Target.of(pod), "main", {}))
                printed[name] = log.decode()
    return pods, printed


def _resume(made: Place) -> None:
    """Let the workflow go on that waits for a human."""
    workflows = made.client().list(ARGO_API_VERSION, "Workflow").items
    (paused,) = (one for one in workflows if document_of(one) == "suspend-template")
    found = nodes(paused)
    assert (paused["status"]["phase"], found["approve"]["phase"]) == ("Running", "Running")
    assert "delay" not in found
    made.call("pipeline", "resume", paused["metadata"]["name"])
    made.call("apply", "--timeout", "5m")


def document_of(workflow: Object) -> str:
    """Return the name of the document that a workflow came from."""
    """Return the document of a workflow, by its path without the folder."""
    origin = str(lookup(workflow, "metadata", "annotations", "ruleengine.dev/origin", default=""))
    return origin.partition(":")[0].removeprefix("pipelines/").removesuffix(".yaml")


@pytest.mark.vectors
@pytest.mark.parametrize("name", VECTORS)
def test_a_workflow_of_the_vectors_ends_as_it_must(ended: Ended, name: str) -> None:
    """With the phase that is stated; none of its pods was simulated."""
    workflow = ended.workflows.get(name.replace("/", "-"))
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


PRINTED = {
    "hello-world": ["hello world"],
    "steps": ["hello1", "hello2a", "hello2b"],
    "loops": ["goodbye world", "hello world"],
    "dag-inline-workflow": ["hello argo"],
    "arguments-parameters-from-configmap": ["hello world"],
    "coinflip": ["heads", "it was heads"],
    "expression-destructure-json": ["123"],
    "exit-handler-step-level": ["hello1", "hello2a", "hello2b", *["step cleanup"] * 3],
    "exit-handler-with-param": ["", "hello world"],
    "key-only-artifact": ["", "hello"],
    "output-parameter": ["", "hello world"],
    "artifact-passing": ["hello world", "hello world"],
    "global-outputs": ["", *["hello world"] * 4],
    "init-container": ["bye"],
    "retry-with-steps": [f"retries: {one}" for one in (0, 0, 0, 1, 1, 1, 2, 2, 2)],
    "skipped-output-defaults-producer-output-default": ["consumer got: [hello-from-producer]"],
    "workflow-template-hello-world": ["hello world"],
    "workflow-template-workflow-template-ref": ["hello world"],
    "synchronization-mutex-wf-level": ["hello world"],
    "dag-diamond-steps": sorted(f"{one}{number}" for one in "ABCD" for number in (1, 2, 3)),
    "dag-custom-metrics": [
        f"console output-->TEST-{one}" for one in ("ONE-A", "ONE-B", "TWO-A", "TWO-B")
    ],
    "loops-sequence": sorted(
        [
            *map(str, [*range(5), *range(100, 106), *range(200, 203), *range(6)]),
            *(f"testuser{number:02X}" for number in range(5)),
        ]
    ),
}
"""What the steps of documents print, all of it, in alphabetical order."""


@pytest.mark.vectors
@pytest.mark.parametrize("document", PRINTED)
def test_steps_of_the_vectors_print_what_they_must(ended: Ended, document: str) -> None:
    """Each of them once, and no step more."""
    assert ended.lines(document) == PRINTED[document]


def shown(workflow: Object) -> set[str]:
    """Return the full names of nodes without that of their workflow."""
    name = workflow["metadata"]["name"]
    return {one["name"].removeprefix(name) for one in workflow["status"]["nodes"].values()}


@pytest.mark.vectors
def test_nodes_of_the_vectors_have_the_names_that_are_stated(ended: Ended) -> None:
    """Of steps, of loops, and of hooks."""
    assert {"[0].hello1", "[1].hello2a", "[1].hello2b"} <= shown(ended["steps"])
    loop = {"[0].print-message-loop(0:hello world)", "[0].print-message-loop(1:goodbye world)"}
    assert loop <= shown(ended["loops"])
    hooks = [one for one in shown(ended["exit-handler-step-level"]) if one.endswith(".onExit")]
    assert len(hooks) == 3
    assert len(ended.pods["loops-param-result"]) == 12
    backwards = [
        one["inputs"]["parameters"][0]["value"]
        for name, one in sorted(nodes(ended["loops-sequence"]).items())
        if name.startswith("sequence-negative(")
    ]
    assert backwards == ["5", "4", "3", "2", "1", "0"]


@pytest.mark.vectors
def test_what_scripts_of_the_vectors_print_is_what_always_holds(ended: Ended) -> None:
    """Numbers of chance are in their range, systems say their name."""
    (result,) = (one for one in ended.lines("scripts-bash") if one.startswith("result was"))
    assert 1 <= int(result.rpartition(" ")[2]) <= 100
    assert ended.lines("node-selector")[0].startswith("Linux ")
    releases = ended.printed["loops-maps"]
    assert len(releases) == 4
    assert all("NAME=" in one for one in releases.values())
    counters = [
        int(one["outputs"]["result"])
        for one in nodes(ended["recursive-for-loop"]).values()
        if lookup(one, "outputs", "result")
    ]
    assert max(counters) == 10
    year = ended["expression-tag-template-workflow"]["metadata"]["creationTimestamp"][:4]
    (task,) = (
        one
        for one in nodes(ended["expression-tag-template-workflow"]).values()
        if one["type"] == "Pod"
    )
    assert value(task["outputs"], "output").strip() == f"hello 30 @ {year}"
    assert task["displayName"] == "task-0(0:3)"


@pytest.mark.vectors
def test_what_the_vectors_aggregate_is_a_list(ended: Ended) -> None:
    """Of parameters by name, of maps, and of results; what was skipped is left out."""
    printed = ended.printed["parameter-aggregation"]
    assert printed["[1].print-nums"].strip() == '["1","2","3","4"]'
    assert printed["[2].print-evenness"].strip() == '["odd","even","odd","even"]'
    found = nodes(ended["parameter-aggregation"])
    divided = [one for name, one in found.items() if name.startswith("divide-by-2(")]
    assert sorted(one["phase"] for one in divided) == ["Skipped"] * 2 + ["Succeeded"] * 2
    results = [one["outputs"]["result"] for one in divided if one["phase"] == "Succeeded"]
    assert sorted(results) == ["1", "2"]
    assert {"1", "2"} <= {text.strip() for name, text in printed.items() if ".print(" in name}


@pytest.mark.vectors
def test_conditions_of_the_vectors_choose_one_way(ended: Ended) -> None:
    """Tails twice: the complex one holds, and of two patterns one."""
    both = nodes(ended["conditionals-complex"])
    assert [both[one]["phase"] for one in ("heads", "tails", "heads-regex", "tails-regex")] == [
        *("Skipped", "Succeeded"),
        *("Skipped", "Succeeded"),
    ]
    assert both["complex-condition"]["phase"] == "Succeeded"
    flipped = nodes(ended["coinflip"])
    assert (flipped["heads"]["phase"], flipped["tails"]["phase"]) == ("Succeeded", "Skipped")
    handler = nodes(ended["exit-handlers"])
    assert {handler[one]["phase"] for one in ("notify", "cry")} == {"Succeeded"}
    assert ended["exit-handlers"]["status"]["phase"] == "Failed"
    sent = ended.printed["exit-handlers"][".onExit[0].notify"]
    assert re.search(r"send e-mail: \S+ Failed \d+\.\d+\. Failed steps ", sent), sent
    assert "exit code 1" in sent
    collected = nodes(ended["pod-gc-strategy"])
    assert (collected["fail"]["phase"], collected["succeed"]["phase"]) == ("Failed", "Succeeded")
    status = nodes(ended["status-reference"])
    assert (status["flakey-container"]["phase"], status["failed"]["phase"]) == (
        "Failed",
        "Succeeded",
    )


def began(workflow: Object, name: str) -> str:
    """Return when a node began."""
    return str(nodes(workflow)[name]["startedAt"])


@pytest.mark.vectors
def test_what_follows_begins_after_what_it_follows(ended: Ended) -> None:
    """Tasks of a diamond, containers of a pod, and workflows with one mutex."""
    diamond = nodes(ended["dag-diamond"])
    ends = {name: one["finishedAt"] for name, one in diamond.items()}
    assert ends["A"] <= min(began(ended["dag-diamond"], one) for one in "BC")
    assert max(ends["B"], ends["C"]) <= began(ended["dag-diamond"], "D")
    (pod,) = ended.pods["init-container"].values()
    inits = {one["name"]: one["state"] for one in pod["status"]["initContainerStatuses"]}
    mains = {one["name"]: one["state"] for one in pod["status"]["containerStatuses"]}
    hello, bye = inits["hello"]["terminated"], mains["main"]["terminated"]
    assert hello["finishedAt"] <= bye["startedAt"]
    copies = ("synchronization-mutex-wf-level", "mutex-copy")
    first, second = sorted(
        (ended[one]["status"]["startedAt"], ended[one]["status"]["finishedAt"]) for one in copies
    )
    assert first[1] <= second[0]


@pytest.mark.vectors
def test_pods_of_the_vectors_are_made_as_they_say(ended: Ended) -> None:
    """Also what only a cluster can honour stands there."""

    def main(document: str, name: str = "") -> Object:
        pods = ended.pods[document]
        pod = pods[name] if name else next(iter(pods.values()))
        (found,) = (one for one in pod["spec"]["containers"] if one["name"] == "main")
        return found

    def spec(document: str, name: str = "") -> Object:
        pods = ended.pods[document]
        found: Object = (pods[name] if name else next(iter(pods.values())))["spec"]
        return found

    assert main("pod-spec-patch")["resources"]["limits"]["cpu"] == "100m"
    patched = main("pod-spec-from-previous-step", ".setup-resources")["resources"]
    assert patched["requests"] == patched["limits"] == {"memory": "10Gi", "cpu": "2"}
    labelled = ended.pods["pod-metadata"]["[0].hello1"]["metadata"]
    assert (labelled["labels"]["app"], labelled["labels"]["tier"]) == ("print-message", "demo")
    assert labelled["annotations"]["iam.amazonaws.com/role"] == "role-arn"
    dns = spec("dns-config")["dnsConfig"]
    assert dns == {"nameservers": ["1.2.3.4"], "options": [{"name": "ndots", "value": "2"}]}
    assert spec("node-selector")["nodeSelector"] == {"beta.kubernetes.io/arch": "amd64"}
    requested = spec("pod-resources")["resources"]["requests"]
    assert requested == {"cpu": "100m", "memory": "64Mi"}
    claims = [
        spec("resource-claims-template-override", one)["resourceClaims"][0]
        for one in ("[0].default-device", "[1].other-device")
    ]
    assert [one["resourceClaimTemplateName"] for one in claims] == [
        "example-device-claim-template",
        "example-large-device-claim-template",
    ]


@pytest.mark.vectors
def test_artifacts_of_the_vectors_can_be_fetched(ended: Ended, tmp_path: Path) -> None:
    """With the content that is stated."""
    assert ended.artifact("artifact-path-placeholders", "text", tmp_path) == "1\n2\n3\n"
    assert ended.artifact("archive-location", "main-logs", tmp_path) == "hello world\n"
    chosen = ended["dag-conditional-artifacts"]
    root = chosen["status"]["nodes"][chosen["metadata"]["name"]]
    assert [one["name"] for one in root["outputs"]["artifacts"]] == ["result"]
    assert ended.artifact("dag-conditional-artifacts", "result", tmp_path) == "it was heads"
    (logged,) = nodes(ended["archive-location"]).values()
    (kept,) = logged["outputs"]["artifacts"]
    assert "main.log" in str(kept)


@pytest.mark.vectors
def test_metrics_of_the_vectors_are_told(ended: Ended) -> None:
    """A counter for each tag, and those of the whole workflow."""
    counter = "argo_workflows_playground_workflow_result_task_counter_total"
    for tag in ("TEST-ONE-A", "TEST-ONE-B", "TEST-TWO-A", "TEST-TWO-B"):
        labels = f'playground_task_name_counter="{tag}",status="Succeeded"'
        assert f"{counter}{{{labels}}} 1.0" in ended.metrics
    whole = 'playground_id_workflow_counter="test",status="Succeeded"'
    name = "argo_workflows_playground_workflow_result_counter_total"
    assert f"{name}{{{whole}}} 1.0" in ended.metrics
    assert ended.metrics.count("# TYPE argo_workflows_playground_workflow_duration") == 2


@pytest.mark.vectors
def test_what_was_memoized_is_not_run_again(ended: Ended) -> None:
    """The second run takes over what the first one made."""
    first = ended["memoize-simple"]
    (node,) = nodes(first).values()
    assert value(node["outputs"], "hello") == "world"
    assert node["memoizationStatus"]["hit"] is False
    made = ended.place
    assert made is not None
    name = first["metadata"]["name"]
    again = made.call("pipeline", "resubmit", name, "--watch", "-o", "json")
    again.check_explained(0)
    workflows = made.client().list(ARGO_API_VERSION, "Workflow").items
    (second,) = (
        one
        for one in workflows
        if lookup(one, "metadata", "labels", "workflows.argoproj.io/resubmitted-from-workflow")
        == name
    )
    (node,) = nodes(second).values()
    assert node["memoizationStatus"]["hit"] is True
    assert value(node["outputs"], "hello") == "world"


@pytest.mark.vectors
def test_a_time_that_is_over_ends_a_step_at_that_time(ended: Ended) -> None:
    """About ten seconds after it began."""
    status = ended["timeouts-step"]["status"]
    took = parse_time(status["finishedAt"]) - parse_time(status["startedAt"])
    assert took.total_seconds() >= 10
