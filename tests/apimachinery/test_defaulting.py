"""Defaults are what a server would have filled in, and filling in twice changes nothing."""

import copy
from typing import Any

import pytest

from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import schema_for
from ruleengine.model.values import lookup

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "serviceAccountName": "web",
        "containers": [
            {
                "name": "c",
                "image": "registry:5000/web",
                "ports": [{"containerPort": 80}],
                "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                "livenessProbe": {"httpGet": {"port": 80}},
                "readinessProbe": {"grpc": {"port": 1}},
                "lifecycle": {"preStop": {"httpGet": {"port": 80}}},
                "resources": {"limits": {"cpu": "1"}},
            }
        ],
        "volumes": [
            {"name": "scratch"},
            {"name": "s", "secret": {"secretName": "x"}},
            {"name": "h", "hostPath": {"path": "/"}},
            {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "name": "d",
                "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "f"}}]},
            },
        ],
    },
}

OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Pod", "spec": {**TEMPLATE["spec"], "hostNetwork": True}},
    {"apiVersion": "v1", "kind": "PodTemplate", "template": TEMPLATE},
    {"apiVersion": "v1", "kind": "ReplicationController", "spec": {"template": TEMPLATE}},
    {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}},
    {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}},
    {"apiVersion": "v1", "kind": "Service", "spec": {"sessionAffinity": "ClientIP"}},
    {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}, "data": {"c": "ZA=="}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}},
    {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {}},
    {"apiVersion": "v1", "kind": "PersistentVolume", "spec": {}},
    {"apiVersion": "v1", "kind": "Endpoints", "subsets": [{"ports": [{"port": 1}]}]},
    {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": TEMPLATE}},
    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"template": TEMPLATE}},
    {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "spec": {"template": TEMPLATE, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
    },
    {"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {"template": TEMPLATE}},
    {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": TEMPLATE}},
    {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}},
    },
    {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "spec": {}},
    {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {}},
    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "ports": [{"port": 1}]},
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "spec": {"egress": [{"ports": [{"port": 1}]}]},
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}],
    },
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1},
    {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "p"},
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {"names": {"kind": "Lamp", "plural": "lamps"}},
    },
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: value["kind"])
def test_filling_in_twice_changes_nothing(value: dict[str, Any]) -> None:
    """The second time the very object comes back, and the input is never touched."""
    before = copy.deepcopy(value)
    once = default(value)
    assert once != before
    assert default(once) is once
    assert value == before


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: value["kind"])
def test_every_default_is_a_field_of_its_kind(value: dict[str, Any]) -> None:
    """No default is misspelt."""
    assert prune(default(value), schema_for(value["apiVersion"], value["kind"]))[1] == ()


def test_a_deployment_gets_its_strategy_and_limits() -> None:
    """Numbers of the reference, and the template's own defaults."""
    spec = default({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": TEMPLATE}})[
        "spec"
    ]
    rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": rolling}
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (1, 10)
    assert spec["progressDeadlineSeconds"] == 600
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["dnsPolicy"]) == ("Always", "ClusterFirst")
    assert pod["serviceAccount"] == "web"
    assert "enableServiceLinks" not in pod
    container = pod["containers"][0]
    assert container["imagePullPolicy"] == "Always"
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert "requests" not in container["resources"]
    assert pod["volumes"][0] == {"name": "scratch", "emptyDir": {}}
    assert pod["volumes"][1]["secret"]["defaultMode"] == 420


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_a_moving_tag_is_always_pulled(image: str, policy: str) -> None:
    """The pull policy follows the tag."""
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": image}]}}
    assert lookup(default(pod), "spec", "containers", 0, "imagePullPolicy") == policy


def test_a_lone_pod_requests_its_limits_and_links_services() -> None:
    """And takes the ports of the host when it lives in its network."""
    spec = default(OBJECTS[0])["spec"]
    assert spec["enableServiceLinks"] is True
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "1"}
    assert spec["containers"][0]["ports"][0]["hostPort"] == 80


def test_a_secrets_plain_text_is_stored_encoded() -> None:
    """``stringData`` is only for writing."""
    stored = default(OBJECTS[6])
    assert stored["data"] == {"a": "Yg==", "c": "ZA=="}
    assert "stringData" not in stored
    assert stored["type"] == "Opaque"


def test_what_was_chosen_is_kept() -> None:
    """A default never overrides, and another strategy gets no rolling parameters."""
    value = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"replicas": 0, "strategy": {"type": "Recreate"}},
    }
    spec = default(value)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (0, {"type": "Recreate"})


def test_a_kind_without_defaults_comes_back_as_it_is() -> None:
    """Nothing is known of custom kinds here."""
    value = {"apiVersion": "example.com/v1", "kind": "Lamp", "spec": {}}
    assert default(value) is value


@pytest.mark.parametrize(
    ("api_version", "kind", "before", "after"),
    [
        (
            "v1",
            "LimitRange",
            {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1"}}]},
            {
                "limits": [
                    {
                        "type": "Container",
                        "max": {"cpu": "2"},
                        "min": {"memory": "1"},
                        "default": {"cpu": "2"},
                        "defaultRequest": {"cpu": "2", "memory": "1"},
                    }
                ]
            },
        ),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {"minReplicas": 2, "metrics": [{}], "behavior": {"scaleDown": {"selectPolicy": "Min"}}},
            {
                "minReplicas": 2,
                "metrics": [{}],
                "behavior": {
                    "scaleDown": {
                        "selectPolicy": "Min",
                        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                    },
                    "scaleUp": {
                        "stabilizationWindowSeconds": 0,
                        "selectPolicy": "Max",
                        "policies": [
                            {"type": "Pods", "value": 4, "periodSeconds": 15},
                            {"type": "Percent", "value": 100, "periodSeconds": 15},
                        ],
                    },
                },
            },
        ),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {"metrics": [{}], "behavior": {}},
            {
                "minReplicas": 1,
                "metrics": [{}],
                "behavior": {
                    "scaleUp": {
                        "stabilizationWindowSeconds": 0,
                        "selectPolicy": "Max",
                        "policies": [
                            {"type": "Pods", "value": 4, "periodSeconds": 15},
                            {"type": "Percent", "value": 100, "periodSeconds": 15},
                        ],
                    },
                    "scaleDown": {
                        "selectPolicy": "Max",
                        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                    },
                },
            },
        ),
        (
            "batch/v1",
            "Job",
            {
                "backoffLimitPerIndex": 1,
                "podFailurePolicy": {"rules": [{"onPodConditions": [{"type": "X"}]}]},
            },
            {
                "backoffLimitPerIndex": 1,
                "backoffLimit": 2147483647,
                "podFailurePolicy": {
                    "rules": [{"onPodConditions": [{"type": "X", "status": "True"}]}]
                },
                "completions": 1,
                "parallelism": 1,
                "completionMode": "NonIndexed",
                "suspend": False,
                "podReplacementPolicy": "Failed",
                "manualSelector": False,
            },
        ),
        (
            "v1",
            "PersistentVolume",
            {"iscsi": {"lun": 0}, "rbd": {"pool": "p"}},
            {
                "iscsi": {"lun": 0, "iscsiInterface": "default"},
                "rbd": {"pool": "p", "user": "admin", "keyring": "/etc/ceph/keyring"},
                "volumeMode": "Filesystem",
                "persistentVolumeReclaimPolicy": "Retain",
            },
        ),
        (
            "networking.k8s.io/v1",
            "IngressClass",
            {"parameters": {"kind": "K", "name": "n"}},
            {"parameters": {"kind": "K", "name": "n", "scope": "Cluster"}},
        ),
        (
            "storage.k8s.io/v1",
            "CSIDriver",
            {"podInfoOnMount": True},
            {
                "podInfoOnMount": True,
                "attachRequired": True,
                "storageCapacity": False,
                "fsGroupPolicy": "ReadWriteOnceWithFSType",
                "volumeLifecycleModes": ["Persistent"],
                "requiresRepublish": False,
                "seLinuxMount": False,
            },
        ),
        (
            "apiregistration.k8s.io/v1",
            "APIService",
            {"service": {"name": "s"}},
            {"service": {"name": "s", "port": 443}},
        ),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            {"matchConstraints": {"resourceRules": [{}]}},
            {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "resourceRules": [{"scope": "*"}],
                    "matchPolicy": "Equivalent",
                    "namespaceSelector": {},
                    "objectSelector": {},
                },
            },
        ),
        (
            "v1",
            "Service",
            {"externalIPs": ["1.2.3.4"]},
            {
                "externalIPs": ["1.2.3.4"],
                "externalTrafficPolicy": "Cluster",
                "internalTrafficPolicy": "Cluster",
                "type": "ClusterIP",
                "sessionAffinity": "None",
            },
        ),
    ],
)
def test_a_specification_gets_the_defaults_of_its_kind(
    api_version: str, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Scaling rules, limits, sources of volumes, admission."""
    value = {"apiVersion": api_version, "kind": kind, "spec": before}
    filled = default(value)
    assert filled["spec"] == after
    assert default(filled) is filled


def test_webhooks_and_references_to_resources_get_theirs_too() -> None:
    """Ports, scopes, policies; the unit of a resource field."""
    webhook = {"rules": [{}], "clientConfig": {"service": {"name": "s"}}}
    value = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "webhooks": [webhook],
    }
    assert default(value)["webhooks"] == [
        {
            "reinvocationPolicy": "Never",
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "timeoutSeconds": 10,
            "rules": [{"scope": "*"}],
            "clientConfig": {"service": {"name": "s", "port": 443}},
        }
    ]
    source = {"resourceFieldRef": {"resource": "limits.cpu"}}
    pod = {"containers": [{"name": "c", "env": [{"name": "A", "valueFrom": source}]}]}
    filled = default({"apiVersion": "v1", "kind": "Pod", "spec": pod})
    variable = filled["spec"]["containers"][0]["env"][0]
    assert variable["valueFrom"]["resourceFieldRef"] == {"resource": "limits.cpu", "divisor": "0"}
