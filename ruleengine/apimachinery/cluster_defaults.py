"""What a server fills in on kinds around the workloads: scaling, storage, networks, admission.

Together with :mod:`ruleengine.apimachinery.defaulting`, which asks this table for the kinds
that it does not know itself (reference, Kubernetes API section 8, "Admission").
"""

from typing import Final

from ruleengine.apimachinery.edits import Edit, edited, edited_items, filled, made
from ruleengine.apimachinery.pod_defaults import default_volume_source
from ruleengine.model.values import Object, lookup

_HTTPS: Final = 443


def _spec(edit: Edit) -> Edit:
    return lambda value: made(value, "spec", edit)


def _autoscaler(spec: Object) -> Object:
    target = {"type": "Utilization", "averageUtilization": 80}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    spec = filled(spec, minReplicas=1)
    if not spec.get("metrics"):
        spec = {**spec, "metrics": [metric]}
    return edited(spec, "behavior", _behavior)


def _behavior(behavior: Object) -> Object:
    """Return scaling rules with everything said that the controller goes by."""
    double: Object = {"type": "Percent", "value": 100, "periodSeconds": 15}
    four: Object = {"type": "Pods", "value": 4, "periodSeconds": 15}
    behavior = filled(behavior, scaleUp={}, scaleDown={})
    behavior = edited(
        behavior,
        "scaleUp",
        lambda rules: filled(
            rules, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[four, double]
        ),
    )
    return edited(
        behavior, "scaleDown", lambda rules: filled(rules, selectPolicy="Max", policies=[double])
    )


def _limit_range(spec: Object) -> Object:
    return edited_items(spec, "limits", _limit)


def _limit(limit: Object) -> Object:
    """Return the limits of containers with what follows from the largest and the smallest."""
    if limit.get("type") != "Container":
        return limit
    amounts = [limit.get(name) or {} for name in ("max", "min", "default", "defaultRequest")]
    if not all(isinstance(one, dict) for one in amounts):
        return limit
    default = {**amounts[0], **amounts[2]}
    request = {**amounts[1], **default, **amounts[3]}
    for name, one in (("default", default), ("defaultRequest", request)):
        if one and limit.get(name) != one:
            limit = {**limit, name: one}
    return limit


def _persistent_volume(value: Object) -> Object:
    def spec(one: Object) -> Object:
        one = filled(one, volumeMode="Filesystem", persistentVolumeReclaimPolicy="Retain")
        return default_volume_source(one)

    value = made(value, "spec", spec)
    return made(value, "status", lambda status: filled(status, phase="Pending"))


def _node(value: Object) -> Object:
    capacity = lookup(value, "status", "capacity")
    return edited(value, "status", lambda status: filled(status, allocatable=capacity))


def _network_policy(spec: Object) -> Object:
    types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    spec = filled(spec, podSelector={})
    spec = spec if spec.get("policyTypes") else {**spec, "policyTypes": types}

    def rule(value: Object) -> Object:
        return edited_items(value, "ports", lambda port: filled(port, protocol="TCP"))

    return edited_items(edited_items(spec, "ingress", rule), "egress", rule)


def _ingress_class(spec: Object) -> Object:
    return edited(spec, "parameters", lambda one: filled(one, scope="Cluster"))


def _driver(spec: Object) -> Object:
    return filled(
        spec,
        attachRequired=True,
        podInfoOnMount=False,
        storageCapacity=False,
        fsGroupPolicy="ReadWriteOnceWithFSType",
        volumeLifecycleModes=["Persistent"],
        requiresRepublish=False,
        seLinuxMount=False,
    )


def _client(config: Object) -> Object:
    return edited(config, "service", lambda service: filled(service, port=_HTTPS))


def _webhook(webhook: Object) -> Object:
    webhook = filled(
        webhook,
        failurePolicy="Fail",
        matchPolicy="Equivalent",
        namespaceSelector={},
        objectSelector={},
        timeoutSeconds=10,
    )
    webhook = edited(webhook, "clientConfig", _client)
    return edited_items(webhook, "rules", lambda rule: filled(rule, scope="*"))


def _mutating(value: Object) -> Object:
    def webhook(one: Object) -> Object:
        return _webhook(filled(one, reinvocationPolicy="Never"))

    return edited_items(value, "webhooks", webhook)


def _matched(match: Object) -> Object:
    match = filled(match, matchPolicy="Equivalent", namespaceSelector={}, objectSelector={})
    for name in ("resourceRules", "excludeResourceRules"):
        match = edited_items(match, name, lambda rule: filled(rule, scope="*"))
    return match


def _admission_policy(spec: Object) -> Object:
    spec = filled(spec, failurePolicy="Fail")
    return edited(spec, "matchConstraints", _matched)


def _definition(spec: Object) -> Object:
    spec = made(spec, "conversion", lambda conversion: filled(conversion, strategy="None"))
    spec = edited(
        spec,
        "conversion",
        lambda conversion: edited(
            conversion, "webhook", lambda one: edited(one, "clientConfig", _client)
        ),
    )
    kind = str(lookup(spec, "names", "kind", default=""))
    return edited(
        spec, "names", lambda names: filled(names, singular=kind.lower(), listKind=f"{kind}List")
    )


CLUSTER_DEFAULTS: Final[dict[tuple[str, str], Edit]] = {
    ("v1", "LimitRange"): _spec(_limit_range),
    ("v1", "Node"): _node,
    ("v1", "PersistentVolume"): _persistent_volume,
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"): _mutating,
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"): lambda value: (
        edited_items(value, "webhooks", _webhook)
    ),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): _spec(_admission_policy),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): _spec(
        lambda spec: edited(spec, "matchResources", _matched)
    ),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _spec(_definition),
    ("apiregistration.k8s.io/v1", "APIService"): _spec(
        lambda spec: edited(spec, "service", lambda one: filled(one, port=_HTTPS))
    ),
    ("autoscaling/v1", "HorizontalPodAutoscaler"): _spec(lambda spec: filled(spec, minReplicas=1)),
    ("autoscaling/v2", "HorizontalPodAutoscaler"): _spec(_autoscaler),
    ("networking.k8s.io/v1", "IngressClass"): _spec(_ingress_class),
    ("networking.k8s.io/v1", "NetworkPolicy"): _spec(_network_policy),
    ("scheduling.k8s.io/v1", "PriorityClass"): lambda value: filled(
        value, preemptionPolicy="PreemptLowerPriority"
    ),
    ("storage.k8s.io/v1", "CSIDriver"): _spec(_driver),
    ("storage.k8s.io/v1", "StorageClass"): lambda value: filled(
        value, reclaimPolicy="Delete", volumeBindingMode="Immediate"
    ),
}
"""What is filled in, by apiVersion and kind."""
