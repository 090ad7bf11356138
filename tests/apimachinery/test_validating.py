"""Wrong objects are refused with the fields and reasons of the API; right ones are not."""

import copy
from typing import Any

import pytest

from ruleengine.apimachinery.causes import invalid_message, status_causes
from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.validating import validate

Object = dict[str, Any]

POD: Object = {
    "containers": [
        {
            "name": "c",
            "image": "i:1",
            "ports": [{"containerPort": 80, "name": "http"}],
            "env": [{"name": "A", "value": "b"}],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}},
            "livenessProbe": {"httpGet": {"port": 80}},
        }
    ],
    "volumes": [{"name": "v", "emptyDir": {}}],
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
WORKLOAD = {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
JOB = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}
PATH = {
    "path": "/",
    "pathType": "Prefix",
    "backend": {"service": {"name": "s", "port": {"number": 1}}},
}

GOOD: dict[str, Object] = {
    "v1 Pod": {"spec": POD},
    "v1 Service": {"spec": {"ports": [{"port": 80}]}},
    "v1 ConfigMap": {"data": {"a.yaml": "b"}},
    "v1 Secret": {"data": {"a": "Yg=="}},
    "v1 Namespace": {},
    "v1 PersistentVolumeClaim": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "apps/v1 Deployment": {"spec": WORKLOAD},
    "apps/v1 ReplicaSet": {"spec": WORKLOAD},
    "apps/v1 DaemonSet": {"spec": WORKLOAD},
    "apps/v1 StatefulSet": {
        "spec": {
            **WORKLOAD,
            "template": {
                **TEMPLATE,
                "spec": {"containers": POD["containers"]},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": {}}],
        }
    },
    "batch/v1 Job": {"spec": JOB},
    "batch/v1 CronJob": {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": JOB}}},
    "networking.k8s.io/v1 Ingress": {"spec": {"rules": [{"http": {"paths": [PATH]}}]}},
    "autoscaling/v2 HorizontalPodAutoscaler": {
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "d"}}
    },
    "policy/v1 PodDisruptionBudget": {"spec": {"minAvailable": "50%"}},
    "rbac.authorization.k8s.io/v1 RoleBinding": {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "n"}],
    },
    "apiextensions.k8s.io/v1 CustomResourceDefinition": {
        "metadata": {"name": "lamps.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Lamp", "plural": "lamps"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    },
    "v1 Event": {"involvedObject": {"kind": "Pod"}, "reason": "X"},
}


def whole(kind: str) -> Object:
    """Return the good object of a kind with its defaults."""
    api_version, _, name = kind.partition(" ")
    info = KindTable.built_in().find(api_version, name)
    assert info is not None
    metadata = {"name": "one", **({"namespace": "n"} if info.namespaced else {})}
    value = {"apiVersion": api_version, "kind": name, "metadata": metadata, **GOOD[kind]}
    return default(copy.deepcopy(value))


def problems(value: Object, old: Object | None = None) -> dict[str, str]:
    """Return field and reason of every cause."""
    info = KindTable.built_in().find(value["apiVersion"], value["kind"])
    assert info is not None
    schema = schema_for(value["apiVersion"], value["kind"])
    return {one.field: one.reason for one in validate(value, info, schema, old)}


def put(value: Object, path: str, new: Any) -> Object:
    """Return a copy with the value at a dotted path replaced; ``...`` removes it."""
    value = copy.deepcopy(value)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = value
    for step in steps:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    if new is ...:
        del inner[last]
    else:
        inner[last] = new
    return value


@pytest.mark.parametrize("kind", GOOD)
def test_a_right_object_is_accepted(kind: str) -> None:
    """Created, and updated to itself."""
    value = whole(kind)
    assert problems(value) == {}
    assert problems(value, copy.deepcopy(value)) == {}


CONTAINER = "spec.template.spec.containers.0"
WRONG = [
    ("v1 ConfigMap", "metadata.name", "A_b", "metadata.name", "FieldValueInvalid"),
    ("v1 ConfigMap", "metadata.name", ..., "metadata.name", "FieldValueRequired"),
    ("v1 ConfigMap", "metadata.namespace", ..., "metadata.namespace", "FieldValueRequired"),
    ("v1 Namespace", "metadata.namespace", "n", "metadata.namespace", "FieldValueForbidden"),
    ("v1 Namespace", "metadata.name", "a.b", "metadata.name", "FieldValueInvalid"),
    ("v1 ConfigMap", "metadata.labels", {"a": "b c"}, "metadata.labels", "FieldValueInvalid"),
    ("v1 ConfigMap", "metadata.labels", {"-a": "b"}, "metadata.labels", "FieldValueInvalid"),
    ("v1 ConfigMap", "metadata.labels", {"a": 1}, "metadata.labels.a", "FieldValueTypeInvalid"),
    (
        "v1 ConfigMap",
        "metadata.annotations",
        {"a b": "c"},
        "metadata.annotations",
        "FieldValueInvalid",
    ),
    (
        "v1 ConfigMap",
        "metadata.annotations",
        {"a": "x" * 262144},
        "metadata.annotations",
        "FieldValueTooLong",
    ),
    ("v1 ConfigMap", "metadata.finalizers", ["x"], "metadata.finalizers", "FieldValueInvalid"),
    (
        "v1 ConfigMap",
        "metadata.ownerReferences",
        [{"apiVersion": "v1", "kind": "Pod", "name": "p"}],
        "metadata.ownerReferences[0].uid",
        "FieldValueRequired",
    ),
    ("v1 ConfigMap", "data", {"a/b": "c"}, 'data["a/b"]', "FieldValueInvalid"),
    ("v1 ConfigMap", "data", {"a": "x" * 1048577}, "", "FieldValueTooLong"),
    ("v1 ConfigMap", "data", "x", "data", "FieldValueTypeInvalid"),
    ("v1 ConfigMap", "metadata.namespace", "N", "metadata.namespace", "FieldValueInvalid"),
    ("v1 ConfigMap", "metadata.finalizers", ["-"], "metadata.finalizers", "FieldValueInvalid"),
    (
        "v1 ConfigMap",
        "metadata.ownerReferences",
        [
            {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid, "controller": True}
            for uid in "ab"
        ],
        "metadata.ownerReferences",
        "FieldValueInvalid",
    ),
    (
        "v1 ConfigMap",
        "binaryData",
        {"a.yaml": "Yg=="},
        'binaryData["a.yaml"]',
        "FieldValueDuplicate",
    ),
    (
        "rbac.authorization.k8s.io/v1 RoleBinding",
        "metadata.name",
        "a/b",
        "metadata.name",
        "FieldValueInvalid",
    ),
    ("v1 Secret", "data", {"a": "?"}, "data.a", "FieldValueInvalid"),
    ("apps/v1 Deployment", "spec.replicas", -1, "spec.replicas", "FieldValueInvalid"),
    ("apps/v1 Deployment", "spec.replicas", "2", "spec.replicas", "FieldValueTypeInvalid"),
    ("apps/v1 Deployment", "spec.paused", "yes", "spec.paused", "FieldValueTypeInvalid"),
    ("apps/v1 Deployment", "spec.selector", ..., "spec.selector", "FieldValueRequired"),
    ("apps/v1 Deployment", "spec.selector", {}, "spec.selector", "FieldValueInvalid"),
    ("apps/v1 Deployment", "spec.template", ..., "spec.template", "FieldValueRequired"),
    (
        "apps/v1 Deployment",
        "spec.selector.matchLabels",
        {"app": "api"},
        "spec.template.metadata.labels",
        "FieldValueInvalid",
    ),
    (
        "apps/v1 Deployment",
        "spec.template.spec.restartPolicy",
        "Never",
        "spec.template.spec.restartPolicy",
        "FieldValueNotSupported",
    ),
    (
        "apps/v1 Deployment",
        "spec.strategy.rollingUpdate",
        {"maxSurge": 0, "maxUnavailable": "0%"},
        "spec.strategy.rollingUpdate.maxUnavailable",
        "FieldValueInvalid",
    ),
    (
        "apps/v1 Deployment",
        "spec.strategy.rollingUpdate.maxSurge",
        "many",
        "spec.strategy.rollingUpdate.maxSurge",
        "FieldValueInvalid",
    ),
    (
        "apps/v1 Deployment",
        "spec.strategy.type",
        "Spam",
        "spec.strategy.type",
        "FieldValueNotSupported",
    ),
    (
        "apps/v1 Deployment",
        "spec.strategy.type",
        "Recreate",
        "spec.strategy.rollingUpdate",
        "FieldValueForbidden",
    ),
    ("v1 Pod", "spec.containers", [], "spec.containers", "FieldValueRequired"),
    ("v1 Pod", "spec.containers.0.image", ..., "spec.containers[0].image", "FieldValueRequired"),
    ("v1 Pod", "spec.containers.0.image", " i", "spec.containers[0].image", "FieldValueInvalid"),
    ("v1 Pod", "spec.containers.0.name", "A", "spec.containers[0].name", "FieldValueInvalid"),
    (
        "v1 Pod",
        "spec.containers",
        [{"name": "a", "image": "i"}, {"name": "a", "image": "i"}],
        "spec.containers[1].name",
        "FieldValueDuplicate",
    ),
    (
        "v1 Pod",
        "spec.containers.0.ports.0.containerPort",
        70000,
        "spec.containers[0].ports[0].containerPort",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.ports.0.protocol",
        "TCPP",
        "spec.containers[0].ports[0].protocol",
        "FieldValueNotSupported",
    ),
    (
        "v1 Pod",
        "spec.containers.0.ports.0.name",
        "UPPER",
        "spec.containers[0].ports[0].name",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.env.0.valueFrom",
        {"fieldRef": {"fieldPath": "x"}},
        "spec.containers[0].env[0].valueFrom",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.env.0.name",
        "",
        "spec.containers[0].env[0].name",
        "FieldValueRequired",
    ),
    (
        "v1 Pod",
        "spec.containers.0.volumeMounts.0.name",
        "w",
        "spec.containers[0].volumeMounts[0].name",
        "FieldValueNotFound",
    ),
    (
        "v1 Pod",
        "spec.containers.0.resources.requests.cpu",
        "2",
        "spec.containers[0].resources.requests",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.resources.limits.cpu",
        "many",
        "spec.containers[0].resources.limits.cpu",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.resources.limits.cpu",
        "-1",
        "spec.containers[0].resources.limits.cpu",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.livenessProbe",
        {"periodSeconds": 1},
        "spec.containers[0].livenessProbe",
        "FieldValueRequired",
    ),
    (
        "v1 Pod",
        "spec.containers.0.livenessProbe.successThreshold",
        2,
        "spec.containers[0].livenessProbe.successThreshold",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.volumes.0.hostPath",
        {"path": "/"},
        "spec.volumes[0]",
        "FieldValueForbidden",
    ),
    (
        "batch/v1 Job",
        "spec.template.spec.restartPolicy",
        "Always",
        "spec.template.spec.restartPolicy",
        "FieldValueNotSupported",
    ),
    ("batch/v1 Job", "spec.backoffLimit", -1, "spec.backoffLimit", "FieldValueInvalid"),
    ("batch/v1 CronJob", "spec.schedule", "* * *", "spec.schedule", "FieldValueInvalid"),
    ("batch/v1 CronJob", "spec.schedule", ..., "spec.schedule", "FieldValueRequired"),
    ("batch/v1 CronJob", "metadata.name", "a" * 53, "metadata.name", "FieldValueInvalid"),
    ("v1 Service", "spec.ports", [], "spec.ports", "FieldValueRequired"),
    ("v1 Service", "spec.ports.0.name", "A", "spec.ports[0].name", "FieldValueInvalid"),
    (
        "v1 Service",
        "spec.ports",
        [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}],
        "spec.ports[1].name",
        "FieldValueDuplicate",
    ),
    (
        "batch/v1 CronJob",
        "spec.schedule",
        "TZ=UTC * * * *",
        "spec.schedule",
        "FieldValueInvalid",
    ),
    (
        "batch/v1 Job",
        "spec.completionMode",
        "Spam",
        "spec.completionMode",
        "FieldValueNotSupported",
    ),
    (
        "networking.k8s.io/v1 Ingress",
        "spec.rules.0.http.paths.0.backend",
        {},
        "spec.rules[0].http.paths[0].backend",
        "FieldValueRequired",
    ),
    (
        "networking.k8s.io/v1 Ingress",
        "spec.rules.0.http.paths.0.pathType",
        "Spam",
        "spec.rules[0].http.paths[0].pathType",
        "FieldValueNotSupported",
    ),
    (
        "autoscaling/v2 HorizontalPodAutoscaler",
        "spec.minReplicas",
        5,
        "spec.maxReplicas",
        "FieldValueInvalid",
    ),
    (
        "autoscaling/v2 HorizontalPodAutoscaler",
        "spec.scaleTargetRef.name",
        "",
        "spec.scaleTargetRef.name",
        "FieldValueRequired",
    ),
    (
        "v1 Pod",
        "spec.containers.0.volumeMounts",
        [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v"}],
        "spec.containers[0].volumeMounts[1].mountPath",
        "FieldValueInvalid",
    ),
    (
        "v1 Pod",
        "spec.containers.0.livenessProbe.exec",
        {"command": ["x"]},
        "spec.containers[0].livenessProbe.httpGet",
        "FieldValueForbidden",
    ),
    (
        "v1 Pod",
        "spec.containers.0.livenessProbe.timeoutSeconds",
        -1,
        "spec.containers[0].livenessProbe.timeoutSeconds",
        "FieldValueInvalid",
    ),
    ("v1 Service", "spec.ports.0.port", 0, "spec.ports[0].port", "FieldValueRequired"),
    ("v1 Service", "spec.type", "Spam", "spec.type", "FieldValueNotSupported"),
    ("v1 Service", "spec.type", "ExternalName", "spec.externalName", "FieldValueRequired"),
    (
        "v1 Service",
        "spec.ports",
        [{"port": 1, "name": "a"}, {"port": 2}],
        "spec.ports[1].name",
        "FieldValueRequired",
    ),
    ("networking.k8s.io/v1 Ingress", "spec", {}, "spec", "FieldValueInvalid"),
    (
        "networking.k8s.io/v1 Ingress",
        "spec.rules.0.http.paths.0.pathType",
        ...,
        "spec.rules[0].http.paths[0].pathType",
        "FieldValueRequired",
    ),
    (
        "networking.k8s.io/v1 Ingress",
        "spec.rules.0.http.paths.0.path",
        "x",
        "spec.rules[0].http.paths[0].path",
        "FieldValueInvalid",
    ),
    (
        "networking.k8s.io/v1 Ingress",
        "spec.rules.0.http.paths.0.backend.service.port",
        {},
        "spec.rules[0].http.paths[0].backend.service.port",
        "FieldValueRequired",
    ),
    (
        "autoscaling/v2 HorizontalPodAutoscaler",
        "spec.maxReplicas",
        0,
        "spec.maxReplicas",
        "FieldValueInvalid",
    ),
    ("policy/v1 PodDisruptionBudget", "spec.maxUnavailable", 1, "spec", "FieldValueInvalid"),
    (
        "rbac.authorization.k8s.io/v1 RoleBinding",
        "subjects.0.namespace",
        ...,
        "subjects[0].namespace",
        "FieldValueRequired",
    ),
    (
        "v1 PersistentVolumeClaim",
        "spec.accessModes",
        ["Spam"],
        "spec.accessModes[0]",
        "FieldValueNotSupported",
    ),
    ("v1 PersistentVolumeClaim", "spec.accessModes", [], "spec.accessModes", "FieldValueRequired"),
    (
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        "metadata.name",
        "x.example.com",
        "metadata.name",
        "FieldValueInvalid",
    ),
    (
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        "spec.versions.0.storage",
        False,
        "spec.versions",
        "FieldValueInvalid",
    ),
    (
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        "spec.versions.0.schema",
        ...,
        "spec.versions[0].schema.openAPIV3Schema",
        "FieldValueRequired",
    ),
]


@pytest.mark.parametrize(("kind", "path", "new", "field", "reason"), WRONG)
def test_a_wrong_object_is_refused(kind: str, path: str, new: Any, field: str, reason: str) -> None:
    """One thing is wrong, and that field is named with its reason."""
    assert problems(put(whole(kind), path, new)).get(field) == reason


CHANGED = [
    ("apps/v1 Deployment", "spec.selector.matchLabels.tier", "x", "spec.selector"),
    ("apps/v1 StatefulSet", "spec.serviceName", "x", "spec"),
    ("batch/v1 Job", "spec.template.spec.containers.0.image", "j", "spec.template"),
    ("v1 Pod", "spec.nodeSelector", {"a": "b"}, "spec"),
    ("v1 Pod", "spec.containers.0.tty", True, "spec"),
    ("v1 PersistentVolumeClaim", "spec.storageClassName", "x", "spec"),
    ("v1 Secret", "type", "other", "type"),
    ("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef.name", "x", "roleRef"),
    ("v1 ConfigMap", "metadata.name", "two", "metadata.name"),
    (
        "v1 ConfigMap",
        "metadata.deletionTimestamp",
        "2026-01-01T00:00:00Z",
        "metadata.deletionTimestamp",
    ),
    ("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec.scope", "Cluster", "spec.scope"),
]


@pytest.mark.parametrize(("kind", "path", "new", "field"), CHANGED)
def test_what_must_not_change_is_refused(kind: str, path: str, new: Any, field: str) -> None:
    """Selectors, templates of jobs, identities."""
    old = whole(kind)
    assert field in problems(put(old, path, new), old)


@pytest.mark.parametrize(
    ("kind", "path", "new"),
    [
        ("apps/v1 Deployment", f"{CONTAINER}.image", "j"),
        ("apps/v1 StatefulSet", "spec.replicas", 3),
        ("v1 Pod", "spec.containers.0.image", "j"),
        ("batch/v1 Job", "spec.suspend", True),
        ("v1 Service", "spec.clusterIP", "10.0.0.1"),
    ],
)
def test_what_may_change_is_accepted(kind: str, path: str, new: Any) -> None:
    """Images, numbers of replicas, and values that were not set before."""
    old = whole(kind)
    assert problems(put(old, path, new), old) == {}


def test_immutable_data_stays_and_a_cluster_ip_too() -> None:
    """Once they are set."""
    old = put(whole("v1 ConfigMap"), "immutable", True)
    assert problems(put(old, "data.more", "x"), old) == {"data": "FieldValueForbidden"}
    assert "immutable" in problems(put(old, "immutable", False), old)
    old = put(whole("v1 Service"), "spec.clusterIP", "10.0.0.1")
    assert "spec.clusterIP" in problems(put(old, "spec.clusterIP", "10.0.0.2"), old)


def test_no_finalizer_joins_an_object_that_is_being_deleted() -> None:
    """Removing one is fine."""
    old = put(whole("v1 ConfigMap"), "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")
    old = put(old, "metadata.finalizers", ["a.io/x"])
    more = put(old, "metadata.finalizers", ["a.io/x", "a.io/y"])
    assert problems(more, old) == {"metadata.finalizers": "FieldValueForbidden"}
    assert problems(put(old, "metadata.finalizers", []), old) == {}


def test_the_message_is_that_of_the_api() -> None:
    """One problem is written plainly, several in brackets."""
    value = put(whole("apps/v1 Deployment"), "spec.replicas", -1)
    info = KindTable.built_in().find("apps/v1", "Deployment")
    assert info is not None
    causes = validate(value, info, schema_for("apps/v1", "Deployment"))
    text = "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    assert invalid_message("apps", "Deployment", "one", causes) == (
        f'Deployment.apps "one" is invalid: {text}'
    )
    twice = invalid_message("", "Pod", "p", [*causes, *causes])
    assert twice == f'Pod "p" is invalid: [{text}, {text}]'
    assert status_causes(causes) == [
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
    ]
