"""Pods of steps on a real API server: whatever a workflow says of them is taken, and stays."""

import json
from pathlib import Path

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.kubernetes.clusters import PATIENCE, SETTINGS, Cluster
from tests.local.sandboxes import until
from tests.services import artifact_driver

PLACE = """
apiVersion: v1
kind: Namespace
metadata: {name: NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: steps, namespace: NAMESPACE}
rules: [{apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: steps, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: steps}
subjects: [{kind: ServiceAccount, name: default, namespace: NAMESPACE}]
"""

QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: counted, namespace: NAMESPACE}
spec: {hard: {requests.cpu: "4", requests.memory: 4Gi, pods: "9"}}
"""

COUNTED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: counted, namespace: NAMESPACE}
spec:
  entrypoint: main
  templates:
  - name: main
    script:
      image: alpine
      command: [sh]
      source: "echo made >/tmp/made"
      resources: {requests: {cpu: 10m, memory: 16Mi}}
    outputs: {parameters: [{name: made, valueFrom: {path: /tmp/made}}]}
"""

STATED = f"{SETTINGS}executor: {{resources: {{requests: {{cpu: 10m, memory: 64Mi}}}}}}\n"

WHOLE = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: whole, namespace: whole}
spec:
  entrypoint: main
  hostAliases: [{ip: 10.0.0.1, hostnames: [a.example]}]
  dnsPolicy: None
  dnsConfig: {nameservers: [10.0.0.53], options: [{name: ndots, value: "1"}]}
  podSpecPatch: |
    terminationGracePeriodSeconds: 7
    hostname: of-workflow
  templateDefaults:
    script:
      lifecycle: {preStop: {exec: {command: ["true"]}}}
  templates:
  - name: main
    podSpecPatch: "hostname: of-template"
    inputs: {artifacts: [{name: given, path: /given, raw: {data: given}}]}
    volumes:
    - name: tokens
      projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}]}
    - {name: shared, emptyDir: {}}
    initContainers:
    - name: first
      image: alpine
      mirrorVolumeMounts: true
      command: [sh, -c, "cp /given /shared/first"]
    sidecars:
    - name: beside
      image: alpine
      mirrorVolumeMounts: true
      command: [sh, -c, "cp /given /shared/beside; exec sleep 600"]
    script:
      image: alpine
      command: [sh]
      source: |
        until [ -s /shared/beside ] && [ -e /shared/started ]; do sleep 0.1; done
        test -s /tokens/token
        cat /shared/first >/tmp/made
      lifecycle: {postStart: {exec: {command: [touch, /shared/started]}}}
      volumeMounts:
      - {name: tokens, mountPath: /tokens, readOnly: true}
      - {name: shared, mountPath: /shared}
    outputs: {parameters: [{name: made, valueFrom: {path: /tmp/made}}]}
"""

LISTED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap, namespace: ruleengine}
data:
  artifactDrivers: |
    - {name: files, image: drivers/ruleengine, connectionTimeoutSeconds: 60}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: kept, namespace: driven}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
"""

DRIVEN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: driven, namespace: driven}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  entrypoint: main
  templates:
  - name: main
    podSpecPatch: PATCH
    inputs:
      artifacts:
      - name: gone
        path: /gone
        optional: true
        plugin: {name: files, configuration: /kept, key: gone}
    script:
      image: alpine
      command: [sh]
      source: "test ! -e /gone/any; echo made >/tmp/made"
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    outputs:
      artifacts:
      - {name: made, path: /tmp/made, plugin: {name: files, configuration: /kept, key: k}}
"""

pytestmark = pytest.mark.slow


def ended(real: Cluster, name: str, namespace: str, text: str, settings: str) -> Object:
    """Run a workflow to its end; return its only node."""
    files = {"ruleengine.yaml": settings, "pipelines/one.yaml": text}
    with real.running(namespace, files, "admin", "apply", "--drive") as process:
        process.wait(PATIENCE)
    found = real.admin.get(Target(ARGO_API_VERSION, "Workflow", namespace, name))
    nodes: list[Object] = [*lookup(found, "status", "nodes", default={}).values()]
    assert len(nodes) == 1, real.log(namespace)
    return nodes[0]


@pytest.mark.parametrize("settings", [SETTINGS, STATED], ids=["unstated", "stated"])
def test_a_quota_may_ask_what_our_own_containers_ask_for(real: Cluster, settings: str) -> None:
    """The settings state it; where they do not, the node says that they can."""
    namespace = "counted" if settings == STATED else "uncounted"
    real.apply((PLACE + "---" + QUOTA).replace("NAMESPACE", namespace))
    quota = Target("v1", "ResourceQuota", namespace, "counted")
    assert until(lambda: lookup(real.admin.get(quota), "status", "hard"))
    node = ended(real, "counted", namespace, COUNTED.replace("NAMESPACE", namespace), settings)
    if settings == STATED:
        assert node["phase"] == "Succeeded", node.get("message")
        return
    assert node["phase"] == "Error"
    assert "must specify" in node["message"]
    assert "`executor.resources` in ruleengine.yaml" in node["message"]


@pytest.fixture(scope="module")
def whole(real: Cluster) -> tuple[Object, Object]:
    """Return the node and the pod of a workflow that says much of its pods."""
    real.apply(PLACE.replace("NAMESPACE", "whole"))
    node = ended(real, "whole", "whole", WHOLE, SETTINGS)
    (pod,) = real.admin.list("v1", "Pod", namespace="whole").items
    return node, pod


def test_containers_beside_a_step_see_its_artifacts(whole: tuple[Object, Object]) -> None:
    """With ``mirrorVolumeMounts``; tokens for others and hooks of containers work, too."""
    node, _ = whole
    assert node["phase"] == "Succeeded", node.get("message")
    assert node["outputs"]["parameters"][0]["value"] == "given"


def test_what_is_said_of_pods_is_what_the_server_has(whole: tuple[Object, Object]) -> None:
    """By fields, by defaults for templates, and by both patches, that of the template last."""
    _, pod = whole
    spec = pod["spec"]
    assert (spec["terminationGracePeriodSeconds"], spec["hostname"]) == (7, "of-template")
    assert spec["hostAliases"] == [{"ip": "10.0.0.1", "hostnames": ["a.example"]}]
    assert (spec["dnsPolicy"], spec["dnsConfig"]["nameservers"]) == ("None", ["10.0.0.53"])
    (main,) = (one for one in spec["containers"] if one["name"] == "main")
    assert main["lifecycle"].keys() == {"preStop", "postStart"}


def test_a_driver_runs_where_nobody_has_rights(real: Cluster) -> None:
    """As the user that ours are, with all that the restricted standard asks of a container."""
    place = PLACE.replace("NAMESPACE", "driven")
    enforced = "metadata: {name: driven, labels: {pod-security.kubernetes.io/enforce: restricted}}"
    real.apply(place.replace("metadata: {name: driven}", enforced, 1))
    real.ensure_namespace("ruleengine")
    real.apply(LISTED)
    source = Path(artifact_driver.__file__).read_text(encoding="utf-8")
    driver = {
        "name": "artifact-plugin-files",
        "command": ["python3", "-c", source],
        "volumeMounts": [{"name": "kept", "mountPath": "/kept"}],
    }
    volume = {"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}}
    patch = json.dumps({"initContainers": [driver], "volumes": [volume]})
    text = DRIVEN.replace("PATCH", json.dumps(patch))
    node = ended(real, "driven", "driven", text, SETTINGS)
    assert node["phase"] == "Succeeded", node.get("message")
    (pod,) = real.admin.list("v1", "Pod", namespace="driven").items
    listed = (*pod["spec"]["initContainers"], *pod["spec"]["containers"])
    users = {one["name"]: lookup(one, "securityContext", "runAsUser") for one in listed}
    ours = dict.fromkeys(("artifact-plugin-files", "init", "wait"), 65532)
    assert users == {**ours, "main": None}
