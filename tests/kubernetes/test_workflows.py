"""Workflows on a real API server: admitted, watched, and driven to their end."""

from pathlib import Path

import pytest

from ruleengine.cluster.errors import GoneError
from ruleengine.model.actions import Target
from ruleengine.model.data import data_folder
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.kubernetes.clusters import PATIENCE, Cluster
from tests.kubernetes.documents import ENDING, assert_ended_as_it_must, run_documents
from tests.local.sandboxes import until

STEP = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  entrypoint: main
  templates:
  - name: main
    script: {image: alpine, command: [sh], source: "echo made >/tmp/made"}
    outputs: {parameters: [{name: made, valueFrom: {path: /tmp/made}}]}
"""

RESTRICTED = """
apiVersion: v1
kind: Namespace
metadata:
  name: restricted
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: steps, namespace: restricted}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin-of-steps}
subjects: [{kind: ServiceAccount, name: default, namespace: restricted}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: admin-of-steps}
rules: [{apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create, patch]}]
"""

CAREFUL = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: careful, namespace: restricted}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  entrypoint: main
  templates:
  - name: main
    script:
      image: alpine
      command: [sh]
      source: "echo made >/tmp/made"
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    outputs: {parameters: [{name: made, valueFrom: {path: /tmp/made}}]}
"""

pytestmark = pytest.mark.slow


def status(real: Cluster, name: str, namespace: str) -> Object:
    """Return the status of a workflow that has ended."""
    target = Target(ARGO_API_VERSION, "Workflow", namespace, name)

    def over() -> Object | None:
        found: Object = lookup(real.admin.get(target), "status", default={})
        return found if found.get("finishedAt") else None

    found = until(over)
    assert found is not None, real.admin.get(target)
    return found


def made(found: Object) -> str:
    """Return the only output of the only step."""
    (node,) = found["nodes"].values()
    return str(node["outputs"]["parameters"][0]["value"])


def test_pods_of_steps_meet_the_restricted_pod_security_standard(real: Cluster) -> None:
    """Ours do by themselves; of the step it is asked, and what it lacks is the node's message."""
    real.apply(RESTRICTED)
    careless = STEP.replace("NAMESPACE", "restricted").replace("NAME", "careless")
    documents = {"pipelines/careful.yaml": CAREFUL, "pipelines/careless.yaml": careless}
    with real.running("restricted", documents, "admin", "apply", "--drive") as process:
        found = status(real, "careful", "restricted")
        assert (found["phase"], made(found)) == ("Succeeded", "made")
        refused = status(real, "careless", "restricted")
        process.wait(PATIENCE)
    assert refused["phase"] == "Error"
    assert 'violates PodSecurity "restricted' in refused["message"]


def test_what_the_server_has_forgotten_is_gone(real: Cluster) -> None:
    """A watch from before it remembers is told so; whoever asks lists anew."""
    definition = Path(data_folder("schemas")) / "crds" / "workflows.yaml"
    real.apply(definition.read_text(encoding="utf-8"))
    assert until(lambda: real.admin.kind(ARGO_API_VERSION, "Workflow"))
    with pytest.raises(GoneError):
        next(real.admin.watch(ARGO_API_VERSION, "Workflow", resource_version="1"))


@pytest.fixture(scope="module")
def ended(real: Cluster) -> dict[str, Object]:
    """Run all documents of the vectors at once; return each workflow by its document."""
    return run_documents(real)


@pytest.mark.vectors
@pytest.mark.parametrize("name", ENDING)
def test_a_workflow_of_the_vectors_ends_as_it_must(ended: dict[str, Object], name: str) -> None:
    """With the phase that is stated, as on the local control plane."""
    assert_ended_as_it_must(ended, name)
