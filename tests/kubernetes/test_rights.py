"""The rights that docs/pipelines.md lists, tried with the authorizer of a real API server."""

import signal
from collections.abc import Iterator

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import lookup
from tests.kubernetes.clusters import PATIENCE, PIPELINES, Cluster, cluster
from tests.kubernetes.rights import listed, read_alike, stated, used
from tests.local.sandboxes import until

OF_OTHER_AREAS = ("applications", "eventbus", "eventsources", "rollouts", "sensors")
"""What `ruleengine run` looks for, and leaves alone where it may not see it."""

ELSEWHERE = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: elsewhere, namespace: elsewhere}
spec: {entrypoint: main, templates: [{name: main, container: {image: alpine, command: [echo]}}]}
"""

GREET = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: greet}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: alpine, command: [echo, hi]}
---
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
metadata: {name: greet}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: alpine, command: [echo, hi]}
"""

WORKFLOWS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: whole}
spec:
  serviceAccountName: steps
  artifactGC: {strategy: OnWorkflowCompletion, serviceAccountName: collector}
  podDisruptionBudget: {minAvailable: 1}
  podGC: {strategy: OnPodSuccess}
  volumeClaimTemplates:
  - metadata: {name: work}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: served, template: served}
    - - {name: made, template: made, arguments: {parameters: [{name: key, value: a}]}}
    - - {name: again, template: made, arguments: {parameters: [{name: key, value: b}]}}
    - - {name: greet, templateRef: {name: greet, template: main}}
  - name: served
    daemon: true
    container: {image: alpine, command: [sleep, "600"]}
  - name: made
    inputs: {parameters: [{name: key}]}
    memoize:
      key: "{{inputs.parameters.key}}"
      cache: {configMap: {name: remembered}}
    script:
      image: alpine
      command: [sh]
      source: "echo made >/tmp/made"
      volumeMounts: [{name: work, mountPath: /work}]
    outputs:
      parameters: [{name: made, valueFrom: {path: /tmp/made}}]
      artifacts: [{name: made, path: /tmp/made}]
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: kept}
spec:
  serviceAccountName: steps
  artifactGC: {strategy: OnWorkflowCompletion, serviceAccountName: default}
  entrypoint: main
  templates:
  - name: main
    script: {image: alpine, command: [sh], source: "echo kept >/tmp/kept"}
    outputs: {artifacts: [{name: kept, path: /tmp/kept}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: brief}
spec:
  ttlStrategy: {secondsAfterCompletion: 1}
  workflowTemplateRef: {name: greet, clusterScope: true}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: ticks}
spec:
  schedules: ["* * * * *"]
  workflowSpec: {workflowTemplateRef: {name: greet}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of our own: what another test has created is created by nobody again."""
    with cluster(tmp_path_factory.mktemp("rights")) as found:
        yield found


@pytest.fixture(scope="module")
def driven(untouched: Cluster) -> Cluster:
    """Drive workflows of every feature that needs rights, with accounts that have those listed."""
    real = untouched
    steps, collector, everywhere, controlled, declared = listed("pipelines")
    real.account("steps", steps)
    real.account("collector", collector)
    real.account("driver", [*everywhere, *declared], everywhere=True)
    real.account("driver", controlled)
    files = {
        "pipelines/greet.yaml": GREET,
        "pipelines/workflows.yaml": WORKFLOWS,
        "pipelines/elsewhere.yaml": ELSEWHERE,
    }
    with real.running("rights", files, "driver", "run") as process:
        assert until(lambda: over(real)), real.log("rights")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    more = {"pipelines/more.yaml": ELSEWHERE.replace("name: elsewhere,", "name: more,")}
    gone = dict.fromkeys((*files, *more))
    only = {"pipelines/only.yaml": ELSEWHERE.replace("name: elsewhere,", "name: only,")}
    none = dict.fromkeys(only)
    for repo, change in (("rights", more), ("rights", gone), ("only", only), ("only", none)):
        with real.running(repo, change, "driver", "apply", "--allow-prune") as process:
            assert process.wait(PATIENCE) == 0, real.log(repo)
    return real


ALONE = """
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
metadata: {name: greets}
spec: {entrypoint: main, templates: [{name: main, container: {image: alpine, command: [echo]}}]}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: greets, namespace: ruleengine}
spec: {entrypoint: main, templates: [{name: main, container: {image: alpine, command: [echo]}}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: alone, namespace: ruleengine, labels: {ruleengine.dev/engine: native}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: here, templateRef: {name: greets, template: main}}
      - {name: everywhere, templateRef: {name: greets, template: main, clusterScope: true}}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: late, namespace: ruleengine, labels: {ruleengine.dev/engine: native}}
spec:
  schedules: [nonsense]
  workflowSpec: {workflowTemplateRef: {name: greets, clusterScope: true}}
"""


def test_who_only_drives_needs_no_right_of_those_who_declare(driven: Cluster) -> None:
    """What others make meanwhile is seen and comes to its end, with the first two roles."""
    _, _, everywhere, controlled, _ = listed("pipelines")
    driven.account("drives", everywhere, everywhere=True)
    driven.account("drives", controlled)
    target = Target(ARGO_API_VERSION, "Workflow", PIPELINES, "alone")
    with driven.running("alone", {"README.md": "Nothing.\n"}, "drives", "run") as process:
        assert until(lambda: "running until Ctrl-C" in driven.log("alone")), driven.log("alone")
        driven.apply(ALONE)
        assert until(lambda: lookup(driven.admin.get(target), "status", "phase") == "Succeeded"), (
            driven.log("alone")
        )
        late = Target(ARGO_API_VERSION, "CronWorkflow", PIPELINES, "late")
        assert until(lambda: lookup(driven.admin.get(late), "status", "conditions"))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert used(driven, "drives", OF_OTHER_AREAS)


def over(real: Cluster) -> bool:
    """Tell whether all is done: also a start of the schedule, and artifacts are deleted.

    Of those that an account without rights cannot delete an Event tells.
    """
    assert "in API group" not in real.log("rights"), real.log("rights")
    admin = real.admin
    if admin.kind(ARGO_API_VERSION, "Workflow") is None:
        return False
    listed = admin.list(ARGO_API_VERSION, "Workflow", namespace=PIPELINES).items
    found = {str(one["metadata"]["name"]): one for one in listed}
    ticks = [one for name, one in found.items() if name.startswith("ticks-")]
    whole = found.get("whole")
    phases = {lookup(one, "status", "phase") for one in (whole, *ticks)}
    assert not {"Failed", "Error"} & phases, found
    nodes = lookup(whole, "status", "nodes", default={}).values()
    artifacts = [one for node in nodes for one in lookup(node, "outputs", "artifacts", default=())]
    told = admin.list("v1", "Event", namespace=PIPELINES).items
    done = ticks and phases == {"Succeeded"} and "brief" not in found
    done = done and any(one["reason"] == "ArtifactGCFailed" for one in told)
    return bool(done) and all(one.get("deleted") for one in artifacts)


def test_the_rights_that_are_listed_are_enough(driven: Cluster) -> None:
    """Workflows end, artifacts are deleted, schedules start; nothing was refused."""
    for account in ("steps", "collector", "driver"):
        assert used(driven, account, OF_OTHER_AREAS)


@pytest.mark.parametrize(
    ("account", "roles"), [("steps", [0]), ("collector", [1]), ("driver", [2, 3, 4])]
)
def test_no_right_that_is_listed_is_superfluous(
    driven: Cluster, account: str, roles: list[int]
) -> None:
    """The server noted each of them in use."""
    found = [*listed("pipelines")]
    allowed = {right for number in roles for right in stated(found[number])}
    assert read_alike(allowed) - read_alike(used(driven, account, OF_OTHER_AREAS)) == set()
