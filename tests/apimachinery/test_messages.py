"""What is wrong with an object is said in the words of the API."""

from typing import Any

import pytest

from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.validating import validate
from tests.apimachinery.good_objects import whole
from tests.apimachinery.test_validating import put

CONTAINER = "spec.containers[0]"
POD = "v1 Pod"
SERVICE = "v1 Service"
INGRESS = "networking.k8s.io/v1 Ingress"
DEPLOYMENT = "apps/v1 Deployment"
JOB = "batch/v1 Job"
CRON_JOB = "batch/v1 CronJob"
AUTOSCALER = "autoscaling/v2 HorizontalPodAutoscaler"
BINDING = "rbac.authorization.k8s.io/v1 RoleBinding"
POLICY = "networking.k8s.io/v1 NetworkPolicy"
WEBHOOKS = "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration"
CRD = "apiextensions.k8s.io/v1 CustomResourceDefinition"
NATURAL = "must be greater than or equal to 0"
ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
    "'93%', regex used for validation is '[0-9]+%')"
)
TIME_ZONE = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"

CASES: list[tuple[str, str, Any, str, str]] = [
    (
        POD,
        "spec.volumes.0.emptyDir",
        ...,
        "spec.volumes[0]",
        "Required value: must specify a volume type",
    ),
    (
        POD,
        "spec.volumes.0.hostPath",
        {"path": "/"},
        "spec.volumes[0].hostPath",
        "Forbidden: may not specify more than 1 volume type",
    ),
    (
        POD,
        "spec.volumes.0",
        {"name": "v", "secret": {}},
        "spec.volumes[0].secret.secretName",
        "Required value",
    ),
    (
        POD,
        "spec.volumes.0",
        {"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "../x"}]}},
        "spec.volumes[0].configMap.items[0].path",
        "Invalid value: \"../x\": must not contain '..'",
    ),
    (
        POD,
        "spec.containers.0.image",
        " i",
        f"{CONTAINER}.image",
        'Invalid value: " i": must not have leading or trailing whitespace',
    ),
    (
        POD,
        "spec.containers.0.ports.0.hostPort",
        70000,
        f"{CONTAINER}.ports[0].hostPort",
        "Invalid value: 70000: must be between 1 and 65535, inclusive",
    ),
    (
        POD,
        "spec.containers.0.ports.0.protocol",
        "TPC",
        f"{CONTAINER}.ports[0].protocol",
        'Unsupported value: "TPC": supported values: "SCTP", "TCP", "UDP"',
    ),
    (
        POD,
        "spec.containers.0.ports.0.name",
        "a--b",
        f"{CONTAINER}.ports[0].name",
        'Invalid value: "a--b": must not contain consecutive hyphens',
    ),
    (
        POD,
        "spec.containers.0.resources.requests.cpu",
        "2",
        f"{CONTAINER}.resources.requests",
        'Invalid value: "2": must be less than or equal to cpu limit of 1',
    ),
    (
        POD,
        "spec.containers.0.resources.limits.gpu",
        "1",
        f"{CONTAINER}.resources.limits[gpu]",
        'Invalid value: "gpu": must be a standard resource type or fully qualified',
    ),
    (
        POD,
        "spec.containers.0.livenessProbe.httpGet.scheme",
        "FTP",
        f"{CONTAINER}.livenessProbe.httpGet.scheme",
        'Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
    ),
    (
        POD,
        "spec.containers.0.livenessProbe.periodSeconds",
        -1,
        f"{CONTAINER}.livenessProbe.periodSeconds",
        f"Invalid value: -1: {NATURAL}",
    ),
    (
        POD,
        "spec.containers.0.livenessProbe.terminationGracePeriodSeconds",
        0,
        f"{CONTAINER}.livenessProbe.terminationGracePeriodSeconds",
        "Invalid value: 0: must be greater than 0",
    ),
    (
        POD,
        "spec.containers.0.livenessProbe",
        {"tcpSocket": {"port": 0}},
        f"{CONTAINER}.livenessProbe.tcpSocket.port",
        "Invalid value: 0: must be between 1 and 65535, inclusive",
    ),
    (
        POD,
        "spec.initContainers",
        [{"name": "i", "image": "i", "livenessProbe": {"exec": {}}}],
        "spec.initContainers[0].livenessProbe",
        "Forbidden: may not be set for init containers without restartPolicy=Always",
    ),
    (
        POD,
        "spec.nodeSelector",
        {"a": "x" * 64},
        "spec.nodeSelector",
        f'Invalid value: "{"x" * 64}": must be no more than 63 characters',
    ),
    (
        POD,
        "spec.tolerations",
        [{"operator": "Exists", "value": "x"}],
        "spec.tolerations[0].operator",
        "Invalid value: \"x\": value must be empty when `operator` is 'Exists'",
    ),
    (
        POD,
        "spec.tolerations",
        [{"operator": "Equal"}],
        "spec.tolerations[0].operator",
        (
            'Invalid value: "Equal": operator must be Exists when `key` is empty, which means '
            '"match all values and all keys"'
        ),
    ),
    (
        POD,
        "spec.tolerations",
        [{"key": "a", "tolerationSeconds": 1, "effect": "NoSchedule"}],
        "spec.tolerations[0].effect",
        "Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
    ),
    (
        POD,
        "spec.topologySpreadConstraints",
        [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}],
        "spec.topologySpreadConstraints[0].maxSkew",
        "Invalid value: 0: must be greater than zero",
    ),
    (
        POD,
        "spec.activeDeadlineSeconds",
        0,
        "spec.activeDeadlineSeconds",
        "Invalid value: 0: must be between 1 and 2147483647, inclusive",
    ),
    (
        POD,
        "spec.hostAliases",
        [{"ip": "x"}],
        "spec.hostAliases[0].ip",
        f'Invalid value: "x": {ADDRESS}',
    ),
    (
        POD,
        "spec.securityContext.runAsUser",
        -1,
        "spec.securityContext.runAsUser",
        "Invalid value: -1: must be between 0 and 2147483647, inclusive",
    ),
    (
        DEPLOYMENT,
        "spec.selector",
        {},
        "spec.selector",
        "Invalid value: {}: empty selector is invalid for deployment",
    ),
    (
        DEPLOYMENT,
        "spec.selector.matchExpressions",
        [{"key": "a", "operator": "In"}],
        "spec.selector.matchExpressions[0].values",
        "Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ),
    (
        DEPLOYMENT,
        "spec.selector.matchExpressions",
        [{"key": "a", "operator": "Exists", "values": ["b"]}],
        "spec.selector.matchExpressions[0].values",
        "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ),
    (
        DEPLOYMENT,
        "spec.selector.matchExpressions",
        [{"key": "a", "operator": "Gt"}],
        "spec.selector.matchExpressions[0].operator",
        'Invalid value: "Gt": not a valid selector operator',
    ),
    (
        DEPLOYMENT,
        "spec.template.metadata.labels",
        {"app": "x"},
        "spec.template.metadata.labels",
        'Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ),
    (
        DEPLOYMENT,
        "spec.template.spec.restartPolicy",
        "Never",
        "spec.template.spec.restartPolicy",
        'Unsupported value: "Never": supported values: "Always"',
    ),
    (
        DEPLOYMENT,
        "spec.progressDeadlineSeconds",
        0,
        "spec.progressDeadlineSeconds",
        "Invalid value: 0: must be greater than minReadySeconds",
    ),
    (
        DEPLOYMENT,
        "spec.strategy.rollingUpdate.maxUnavailable",
        "many",
        "spec.strategy.rollingUpdate.maxUnavailable",
        f'Invalid value: "many": {PERCENT}',
    ),
    (
        DEPLOYMENT,
        "spec.strategy.rollingUpdate.maxUnavailable",
        "101%",
        "spec.strategy.rollingUpdate.maxUnavailable",
        'Invalid value: "101%": must not be greater than 100%',
    ),
    (
        DEPLOYMENT,
        "spec.strategy.rollingUpdate",
        {"maxUnavailable": "0%", "maxSurge": 0},
        "spec.strategy.rollingUpdate.maxUnavailable",
        'Invalid value: "0%": may not be 0 when `maxSurge` is 0',
    ),
    (
        DEPLOYMENT,
        "spec.strategy.type",
        "Recreate",
        "spec.strategy.rollingUpdate",
        "Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ),
    (
        "apps/v1 StatefulSet",
        "spec.updateStrategy.rollingUpdate.partition",
        -1,
        "spec.updateStrategy.rollingUpdate.partition",
        f"Invalid value: -1: {NATURAL}",
    ),
    (
        "apps/v1 StatefulSet",
        "spec.updateStrategy",
        {"type": "OnDelete", "rollingUpdate": {}},
        "spec.updateStrategy.rollingUpdate",
        "Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'",
    ),
    (
        "apps/v1 DaemonSet",
        "spec.updateStrategy.rollingUpdate",
        {"maxUnavailable": 1, "maxSurge": 1},
        "spec.updateStrategy.rollingUpdate.maxSurge",
        "Invalid value: 1: may not be set when maxUnavailable is non-zero",
    ),
    (
        "apps/v1 DaemonSet",
        "spec.updateStrategy.rollingUpdate",
        {"maxUnavailable": 0, "maxSurge": 0},
        "spec.updateStrategy.rollingUpdate.maxUnavailable",
        "Required value: cannot be 0 when maxSurge is 0",
    ),
    (
        "v1 ReplicationController",
        "spec.selector",
        {"app": "x"},
        "spec.template.metadata.labels",
        'Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ),
    (
        JOB,
        "spec.template.spec.restartPolicy",
        "Always",
        "spec.template.spec.restartPolicy",
        'Required value: valid values: "OnFailure", "Never"',
    ),
    (
        JOB,
        "spec.backoffLimitPerIndex",
        1,
        "spec.backoffLimitPerIndex",
        "Invalid value: 1: requires indexed completion mode",
    ),
    (
        JOB,
        "spec.maxFailedIndexes",
        1,
        "spec.backoffLimitPerIndex",
        "Required value: when maxFailedIndexes is specified",
    ),
    (
        JOB,
        "spec.podFailurePolicy",
        {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [0]}}]},
        "spec.podFailurePolicy.rules[0].onExitCodes.values[0]",
        "Invalid value: 0: must not be 0 for the In operator",
    ),
    (
        CRON_JOB,
        "spec.schedule",
        "* * *",
        "spec.schedule",
        'Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
    ),
    (
        CRON_JOB,
        "spec.schedule",
        "@often",
        "spec.schedule",
        'Invalid value: "@often": unrecognized descriptor: @often',
    ),
    (
        CRON_JOB,
        "spec.schedule",
        "TZ=UTC * * * * *",
        "spec.schedule",
        (
            'Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone '
            "field instead"
        ),
    ),
    (
        CRON_JOB,
        "spec.timeZone",
        "",
        "spec.timeZone",
        'Invalid value: "": timeZone must be nil or non-empty string',
    ),
    (CRON_JOB, "spec.timeZone", "Local", "spec.timeZone", f'Invalid value: "Local": {TIME_ZONE}'),
    (
        CRON_JOB,
        "spec.jobTemplate.spec.manualSelector",
        True,
        "spec.jobTemplate.spec.manualSelector",
        "Forbidden: `manualSelector` is not allowed in a CronJob's jobTemplate",
    ),
    (
        "policy/v1 PodDisruptionBudget",
        "spec.minAvailable",
        -1,
        "spec.minAvailable",
        f"Invalid value: -1: {NATURAL}",
    ),
    (
        AUTOSCALER,
        "spec.minReplicas",
        0,
        "spec.minReplicas",
        "Invalid value: 0: must be greater than or equal to 1",
    ),
    (
        AUTOSCALER,
        "spec.minReplicas",
        9,
        "spec.maxReplicas",
        "Invalid value: 2: must be greater than or equal to `minReplicas`",
    ),
    (
        AUTOSCALER,
        "spec.metrics",
        [{"type": "Resource"}],
        "spec.metrics[0].resource",
        "Required value: must populate information for the given metric source",
    ),
    (
        AUTOSCALER,
        "spec.behavior",
        {"scaleUp": {"policies": []}},
        "spec.behavior.scaleUp.policies",
        "Required value: must specify at least one Policy",
    ),
    (
        SERVICE,
        "spec.ports.0.nodePort",
        30000,
        "spec.ports[0].nodePort",
        "Forbidden: may not be used when `type` is 'ClusterIP'",
    ),
    (
        SERVICE,
        "spec.ports.0.targetPort",
        "80",
        "spec.ports[0].targetPort",
        'Invalid value: "80": must contain at least one letter (a-z)',
    ),
    (
        SERVICE,
        "spec.ports",
        [{"port": 1, "name": "a", "protocol": "TCP"}, {"port": 1, "name": "b", "protocol": "TCP"}],
        "spec.ports[1]",
        'Duplicate value: {"protocol":"TCP","port":1}',
    ),
    (SERVICE, "spec.clusterIP", "x", "spec.clusterIP", f'Invalid value: "x": {ADDRESS}'),
    (SERVICE, "spec.externalIPs", ["x"], "spec.externalIPs[0]", f'Invalid value: "x": {ADDRESS}'),
    (
        SERVICE,
        "spec.loadBalancerSourceRanges",
        ["1.2.3.4"],
        "spec.loadBalancerSourceRanges[0]",
        'Invalid value: "1.2.3.4": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ),
    (
        SERVICE,
        "spec.externalTrafficPolicy",
        "Local",
        "spec.externalTrafficPolicy",
        'Invalid value: "Local": may only be set for externally-accessible services',
    ),
    (
        SERVICE,
        "spec.sessionAffinityConfig",
        {"clientIP": {"timeoutSeconds": 0}},
        "spec.sessionAffinityConfig",
        "Forbidden: must not be set when session affinity is None",
    ),
    (
        INGRESS,
        "spec.rules.0.host",
        "1.2.3.4",
        "spec.rules[0].host",
        'Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ),
    (
        INGRESS,
        "spec.rules.0.http.paths.0.path",
        "/a//b",
        "spec.rules[0].http.paths[0].path",
        "Invalid value: \"/a//b\": must not contain '//'",
    ),
    (
        INGRESS,
        "spec.rules.0.http.paths.0.path",
        "/a/..",
        "spec.rules[0].http.paths[0].path",
        "Invalid value: \"/a/..\": cannot end with '/..'",
    ),
    (
        INGRESS,
        "spec.rules.0.http.paths.0.backend.resource",
        {"kind": "K"},
        "spec.rules[0].http.paths[0].backend",
        'Invalid value: "": cannot set both resource and service backends',
    ),
    (INGRESS, "spec.rules.0.http.paths", [], "spec.rules[0].http.paths", "Required value"),
    (
        "networking.k8s.io/v1 IngressClass",
        "spec.controller",
        "nginx",
        "spec.controller",
        'Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")',
    ),
    (
        POLICY,
        "spec.ingress.0.from.0.podSelector",
        {},
        "spec.ingress[0].from[0]",
        "Forbidden: may not specify both ipBlock and another peer",
    ),
    (
        POLICY,
        "spec.ingress.0.ports.0.endPort",
        1,
        "spec.ingress[0].ports[0].endPort",
        "Invalid value: 1: must be greater than or equal to `port`",
    ),
    (
        POLICY,
        "spec.ingress.0.from.0",
        {},
        "spec.ingress[0].from[0]",
        "Required value: must specify a peer",
    ),
    (
        "discovery.k8s.io/v1 EndpointSlice",
        "endpoints.0.addresses",
        ["::1"],
        "endpoints[0].addresses[0]",
        'Invalid value: "::1": must be a valid IPv4 address',
    ),
    (
        "discovery.k8s.io/v1 EndpointSlice",
        "endpoints.0.addresses",
        [],
        "endpoints[0].addresses",
        "Required value: must contain at least 1 address",
    ),
    ("v1 Secret", "type", "kubernetes.io/tls", "data[tls.crt]", "Required value"),
    ("v1 PersistentVolume", "spec.capacity", {}, "spec.capacity", "Required value"),
    (
        "v1 PersistentVolume",
        "spec.hostPath",
        ...,
        "spec",
        "Required value: must specify a volume type",
    ),
    (
        "v1 PersistentVolume",
        "spec.hostPath.path",
        "/a/../b",
        "spec.hostPath.path",
        "Invalid value: \"/a/../b\": must not contain '..'",
    ),
    (
        "v1 PersistentVolumeClaim",
        "spec.resources.requests.storage",
        "0",
        "spec.resources[storage]",
        'Invalid value: "0": must be greater than 0',
    ),
    (
        "v1 PersistentVolumeClaim",
        "spec.accessModes",
        ["ReadWriteOncePod", "ReadWriteMany"],
        "spec.accessModes",
        "Forbidden: may not use ReadWriteOncePod with other access modes",
    ),
    (
        "v1 ResourceQuota",
        "spec.hard",
        {"cpu": "-1"},
        "spec.hard[cpu]",
        f'Invalid value: "-1": {NATURAL}',
    ),
    (
        "v1 LimitRange",
        "spec.limits.0.min",
        {"cpu": "3"},
        "spec.limits[0].min[cpu]",
        'Invalid value: "3": min value 3 is greater than max value 2',
    ),
    ("storage.k8s.io/v1 StorageClass", "provisioner", "", "provisioner", "Required value"),
    (
        "scheduling.k8s.io/v1 PriorityClass",
        "value",
        2000000000,
        "value",
        "Forbidden: maximum allowed value of a user defined priority is 1000000000",
    ),
    (
        "coordination.k8s.io/v1 Lease",
        "spec.leaseDurationSeconds",
        0,
        "spec.leaseDurationSeconds",
        "Invalid value: 0: must be greater than 0",
    ),
    (
        "v1 Event",
        "involvedObject.namespace",
        "other",
        "involvedObject.namespace",
        'Invalid value: "other": does not match event.namespace',
    ),
    (
        "rbac.authorization.k8s.io/v1 Role",
        "rules.0.verbs",
        [],
        "rules[0].verbs",
        "Required value: verbs must contain at least one value",
    ),
    (
        "rbac.authorization.k8s.io/v1 Role",
        "rules.0.apiGroups",
        [],
        "rules[0].apiGroups",
        "Required value: resource rules must supply at least one api group",
    ),
    (
        "rbac.authorization.k8s.io/v1 Role",
        "rules.0",
        {"verbs": ["get"], "nonResourceURLs": ["/x"]},
        "rules[0].nonResourceURLs",
        'Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ),
    (
        BINDING,
        "roleRef.kind",
        "Rolle",
        "roleRef.kind",
        'Unsupported value: "Rolle": supported values: "ClusterRole", "Role"',
    ),
    (
        BINDING,
        "subjects.0.kind",
        "Robot",
        "subjects[0].kind",
        'Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
    ),
    (
        WEBHOOKS,
        "webhooks.0.name",
        "a.b",
        "webhooks[0].name",
        'Invalid value: "a.b": should be a domain with at least three segments separated by dots',
    ),
    (
        WEBHOOKS,
        "webhooks.0.timeoutSeconds",
        31,
        "webhooks[0].timeoutSeconds",
        "Invalid value: 31: the timeout value must be between 1 and 30 seconds",
    ),
    (
        WEBHOOKS,
        "webhooks.0.clientConfig",
        {},
        "webhooks[0].clientConfig",
        "Required value: exactly one of url or service is required",
    ),
    (
        WEBHOOKS,
        "webhooks.0.clientConfig.url",
        "http://x",
        "webhooks[0].clientConfig.url",
        "Invalid value: \"http://x\": 'https' is the only allowed URL scheme",
    ),
    (
        CRD,
        "spec.names.listKind",
        "Lamp",
        "spec.names.listKind",
        'Invalid value: "Lamp": kind and listKind may not be the same',
    ),
    (
        CRD,
        "spec.versions.0.additionalPrinterColumns",
        [{"name": "a", "type": "x", "jsonPath": ".a"}],
        "spec.versions[0].additionalPrinterColumns[0].type",
        'Invalid value: "x": must be one of boolean,date,integer,number,string',
    ),
    (
        CRD,
        "spec.versions.0.subresources",
        {"scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": "x"}},
        "spec.versions[0].subresources.scale.statusReplicasPath",
        'Invalid value: "x": must be a simple json path starting with .',
    ),
    (
        CRD,
        "spec.versions.0.schema.openAPIV3Schema",
        {"type": "string"},
        "spec.validation.openAPIV3Schema.type",
        'Invalid value: "string": must be object at the root',
    ),
    (
        CRD,
        "spec.conversion",
        {"strategy": "Webhook"},
        "spec.conversion.webhookClientConfig",
        "Required value: required when strategy is set to Webhook",
    ),
]


@pytest.mark.parametrize(("kind", "path", "new", "field", "message"), CASES)
def test_a_cause_has_the_words_of_the_api(
    kind: str, path: str, new: Any, field: str, message: str
) -> None:
    """One thing is wrong; clients find the sentence that they know."""
    value = put(whole(kind), path, new)
    info = KindTable.built_in().find(value["apiVersion"], value["kind"])
    assert info is not None
    causes = validate(value, info, schema_for(info.api_version, info.kind))
    assert (field, message) in {(cause.field, cause.message) for cause in causes}
