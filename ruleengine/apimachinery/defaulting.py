"""What a server fills in on objects of the main built-in kinds.

Users compare what they wrote with what is stored, so these defaults decide what shows as
drift; they follow the reference, Kubernetes API section 8 ("Admission"). What needs the
state of a server (cluster IPs, node ports, the selector of a Job) is not filled in here.
"""

import base64
from typing import Final

from ruleengine.apimachinery.cluster_defaults import CLUSTER_DEFAULTS
from ruleengine.apimachinery.edits import Edit, edited, edited_items, filled, made
from ruleengine.apimachinery.pod_defaults import default_pod, default_pod_spec
from ruleengine.model.values import Object, lookup

_RBAC: Final = "rbac.authorization.k8s.io"
_LARGEST: Final = 2**31 - 1


def default(value: Object) -> Object:
    """Return the object with its defaults; itself where there is nothing to fill in."""
    edit = _KINDS.get((str(value.get("apiVersion")), str(value.get("kind"))))
    return edit(value) if edit else value


def _spec(edit: Edit) -> Edit:
    return lambda value: made(value, "spec", edit)


def _template(spec: Object) -> Object:
    return edited(spec, "template", lambda template: edited(template, "spec", default_pod_spec))


def _deployment(spec: Object) -> Object:
    spec = filled(
        spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={}
    )
    return _template(edited(spec, "strategy", _deployment_strategy))


def _deployment_strategy(strategy: Object) -> Object:
    strategy = filled(strategy, type="RollingUpdate")
    if strategy["type"] != "RollingUpdate":
        return strategy
    return made(
        strategy,
        "rollingUpdate",
        lambda rolling: filled(rolling, maxUnavailable="25%", maxSurge="25%"),
    )


def _replica_set(spec: Object) -> Object:
    return _template(filled(spec, replicas=1))


def _replication_controller(value: Object) -> Object:
    labels = lookup(value, "spec", "template", "metadata", "labels")
    value = made(value, "spec", lambda spec: _replica_set(_selecting(spec, labels)))
    return _labelled(value, labels)


def _selecting(spec: Object, labels: Object | None) -> Object:
    return filled(spec, selector=labels) if labels else spec


def _labelled(value: Object, labels: Object | None) -> Object:
    """Return an object that takes over the labels of its template if it has none."""
    if not isinstance(labels, dict) or not labels or lookup(value, "metadata", "labels"):
        return value
    return made(value, "metadata", lambda metadata: {**metadata, "labels": labels})


def _stateful_set(spec: Object) -> Object:
    spec = filled(
        spec,
        replicas=1,
        revisionHistoryLimit=10,
        podManagementPolicy="OrderedReady",
        persistentVolumeClaimRetentionPolicy={},
        updateStrategy={},
    )
    spec = edited(spec, "updateStrategy", _stateful_set_strategy)
    spec = edited(
        spec,
        "persistentVolumeClaimRetentionPolicy",
        lambda policy: filled(policy, whenDeleted="Retain", whenScaled="Retain"),
    )
    return _template(edited_items(spec, "volumeClaimTemplates", _claim_template))


def _stateful_set_strategy(strategy: Object) -> Object:
    strategy = filled(strategy, type="RollingUpdate")
    if strategy["type"] != "RollingUpdate":
        return strategy
    return made(strategy, "rollingUpdate", lambda rolling: filled(rolling, partition=0))


def _claim_template(claim: Object) -> Object:
    return _claim(filled(claim, apiVersion="v1", kind="PersistentVolumeClaim"))


def _claim(value: Object) -> Object:
    value = made(value, "spec", lambda spec: filled(spec, volumeMode="Filesystem"))
    return made(value, "status", lambda status: filled(status, phase="Pending"))


def _daemon_set(spec: Object) -> Object:
    spec = filled(spec, revisionHistoryLimit=10, updateStrategy={})

    def strategy(value: Object) -> Object:
        value = filled(value, type="RollingUpdate")
        if value["type"] != "RollingUpdate":
            return value
        return made(
            value, "rollingUpdate", lambda rolling: filled(rolling, maxUnavailable=1, maxSurge=0)
        )

    return _template(edited(spec, "updateStrategy", strategy))


def _job(value: Object) -> Object:
    labels = lookup(value, "spec", "template", "metadata", "labels")
    value = made(value, "spec", _job_spec)
    return _labelled(edited(value, "spec", lambda one: filled(one, manualSelector=False)), labels)


def _job_spec(spec: Object) -> Object:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec = filled(spec, completions=1)
    failed = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    per_index = spec.get("backoffLimitPerIndex") is not None
    spec = filled(
        spec,
        parallelism=1,
        backoffLimit=_LARGEST if per_index else 6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy=failed,
    )
    return _template(_failure_policy(spec))


def _failure_policy(spec: Object) -> Object:
    def rule(value: Object) -> Object:
        return edited_items(value, "onPodConditions", lambda one: filled(one, status="True"))

    return edited(spec, "podFailurePolicy", lambda policy: edited_items(policy, "rules", rule))


def _job_template(spec: Object) -> Object:
    return _template(_failure_policy(spec))


def _cron_job(spec: Object) -> Object:
    spec = filled(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    return edited(spec, "jobTemplate", lambda job: edited(job, "spec", _job_template))


def _service(spec: Object) -> Object:
    spec = filled(spec, type="ClusterIP", sessionAffinity="None")
    if spec["sessionAffinity"] == "ClientIP":
        spec = made(
            spec,
            "sessionAffinityConfig",
            lambda config: made(config, "clientIP", lambda ip: filled(ip, timeoutSeconds=10800)),
        )
    elif spec["sessionAffinity"] == "None" and "sessionAffinityConfig" in spec:
        # what was a default is nobody's to take away once its reason has gone
        spec = {name: one for name, one in spec.items() if name != "sessionAffinityConfig"}
    if spec["type"] != "ExternalName":
        spec = filled(spec, internalTrafficPolicy="Cluster")
    exposed = spec["type"] in ("NodePort", "LoadBalancer")
    if exposed or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec = filled(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        spec = filled(spec, allocateLoadBalancerNodePorts=True)
    return edited_items(spec, "ports", _service_port)


def _service_port(port: Object) -> Object:
    port = filled(port, protocol="TCP", targetPort=port.get("port"))
    unset = port.get("targetPort") in (0, "") and port.get("port")
    return {**port, "targetPort": port["port"]} if unset else port


def _secret(value: Object) -> Object:
    return fold_texts(filled(value, type="Opaque"))


def fold_texts(secret: Object) -> Object:
    """Return a Secret with its ``stringData`` in ``data``, where servers keep it."""
    texts, stored = secret.get("stringData"), secret.get("data") or {}
    if not isinstance(texts, dict) or not isinstance(stored, dict):
        return secret
    encoded = {
        name: base64.b64encode(str("" if text is None else text).encode()).decode()
        for name, text in texts.items()
    }
    rest = {name: inner for name, inner in secret.items() if name != "stringData"}
    return {**rest, "data": {**stored, **encoded}}


def _namespace(value: Object) -> Object:
    name = lookup(value, "metadata", "name")
    if name:
        label = {"kubernetes.io/metadata.name": name}
        value = made(
            value,
            "metadata",
            lambda metadata: made(
                metadata,
                "labels",
                lambda labels: labels if labels.items() >= label.items() else {**labels, **label},
            ),
        )
    value = made(value, "spec", lambda spec: filled(spec, finalizers=["kubernetes"]))
    return made(value, "status", lambda status: filled(status, phase="Active"))


def _binding(value: Object) -> Object:
    def subject(one: Object) -> Object:
        return filled(one, apiGroup=_RBAC) if one.get("kind") in ("User", "Group") else one

    value = edited(value, "roleRef", lambda role: filled(role, apiGroup=_RBAC))
    return edited_items(value, "subjects", subject)


def _ports(name: str) -> Edit:
    def group(value: Object) -> Object:
        return edited_items(value, "ports", lambda port: filled(port, protocol="TCP"))

    return lambda value: edited_items(value, name, group)


_KINDS: Final[dict[tuple[str, str], Edit]] = {
    **CLUSTER_DEFAULTS,
    ("v1", "Pod"): default_pod,
    ("v1", "PodTemplate"): _template,
    ("v1", "ReplicationController"): _replication_controller,
    ("v1", "Service"): _spec(_service),
    ("v1", "Secret"): _secret,
    ("v1", "Namespace"): _namespace,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("v1", "Endpoints"): _ports("subsets"),
    ("apps/v1", "Deployment"): _spec(_deployment),
    ("apps/v1", "ReplicaSet"): _spec(_replica_set),
    ("apps/v1", "StatefulSet"): _spec(_stateful_set),
    ("apps/v1", "DaemonSet"): _spec(_daemon_set),
    ("batch/v1", "Job"): _job,
    ("batch/v1", "CronJob"): _spec(_cron_job),
    ("discovery.k8s.io/v1", "EndpointSlice"): lambda value: edited_items(
        value, "ports", lambda port: filled(port, name="", protocol="TCP")
    ),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): _binding,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): _binding,
}
