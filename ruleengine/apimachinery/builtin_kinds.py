"""The built-in kinds that we serve, as a table.

Groups follow the reference, Kubernetes API section 3; names, scopes and short names are
Kubernetes' own (a test compares the scopes with ``schemas/kubernetes/types.json``).
A row: kind, whether it is namespaced, short names, categories, subresources.
"""

from typing import Final, TypeAlias

Row: TypeAlias = tuple[str, bool, str, str, str]
"""Kind, namespaced, and three lists of words: short names, categories, subresources."""

VIRTUAL: Final = frozenset(
    {
        "Binding",
        "LocalSubjectAccessReview",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
        "TokenReview",
    }
)
"""Kinds that are answered and never stored: they can only be created."""

READ_ONLY: Final = frozenset({"APIService"})
"""Kinds that the server tells of by itself: they can only be read."""

_OF_PODS: Final = "status log exec attach portforward binding eviction ephemeralcontainers"

ROWS: Final[dict[tuple[str, str, str], tuple[Row, ...]]] = {
    ("core/v1", "", "v1"): (
        ("Binding", True, "", "", ""),
        ("ConfigMap", True, "cm", "", ""),
        ("Endpoints", True, "ep", "", ""),
        ("Event", True, "ev", "", ""),
        ("LimitRange", True, "limits", "", ""),
        ("Namespace", False, "ns", "", "status finalize"),
        ("Node", False, "no", "", "status"),
        ("PersistentVolume", False, "pv", "", "status"),
        ("PersistentVolumeClaim", True, "pvc", "", "status"),
        ("Pod", True, "po", "all", _OF_PODS),
        ("PodTemplate", True, "", "", ""),
        ("ReplicationController", True, "rc", "all", "status scale"),
        ("ResourceQuota", True, "quota", "", "status"),
        ("Secret", True, "", "", ""),
        ("Service", True, "svc", "all", "status"),
        ("ServiceAccount", True, "sa", "", "token"),
    ),
    ("admissionregistration/v1", "admissionregistration.k8s.io", "v1"): (
        ("MutatingWebhookConfiguration", False, "", "api-extensions", ""),
        ("ValidatingAdmissionPolicy", False, "", "api-extensions", "status"),
        ("ValidatingAdmissionPolicyBinding", False, "", "api-extensions", ""),
        ("ValidatingWebhookConfiguration", False, "", "api-extensions", ""),
    ),
    ("apiextensions.k8s.io/v1", "apiextensions.k8s.io", "v1"): (
        ("CustomResourceDefinition", False, "crd crds", "api-extensions", "status"),
    ),
    ("apiregistration/v1", "apiregistration.k8s.io", "v1"): (
        ("APIService", False, "", "api-extensions", ""),
    ),
    ("apps/v1", "apps", "v1"): (
        ("ControllerRevision", True, "", "", ""),
        ("DaemonSet", True, "ds", "all", "status"),
        ("Deployment", True, "deploy", "all", "status scale"),
        ("ReplicaSet", True, "rs", "all", "status scale"),
        ("StatefulSet", True, "sts", "all", "status scale"),
    ),
    ("authentication/v1", "authentication.k8s.io", "v1"): (
        ("SelfSubjectReview", False, "", "", ""),
        ("TokenReview", False, "", "", ""),
    ),
    ("authorization/v1", "authorization.k8s.io", "v1"): (
        ("LocalSubjectAccessReview", True, "", "", ""),
        ("SelfSubjectAccessReview", False, "", "", ""),
        ("SelfSubjectRulesReview", False, "", "", ""),
        ("SubjectAccessReview", False, "", "", ""),
    ),
    ("autoscaling/v2", "autoscaling", "v2"): (
        ("HorizontalPodAutoscaler", True, "hpa", "all", "status"),
    ),
    ("autoscaling/v1", "autoscaling", "v1"): (
        ("HorizontalPodAutoscaler", True, "hpa", "all", "status"),
    ),
    ("batch/v1", "batch", "v1"): (
        ("CronJob", True, "cj", "all", "status"),
        ("Job", True, "", "all", "status"),
    ),
    ("coordination/v1", "coordination.k8s.io", "v1"): (("Lease", True, "", "", ""),),
    ("discovery/v1", "discovery.k8s.io", "v1"): (("EndpointSlice", True, "", "", ""),),
    ("events/v1", "events.k8s.io", "v1"): (("Event", True, "ev", "", ""),),
    ("networking/v1", "networking.k8s.io", "v1"): (
        ("Ingress", True, "ing", "", "status"),
        ("IngressClass", False, "", "", ""),
        ("NetworkPolicy", True, "netpol", "", ""),
    ),
    ("node/v1", "node.k8s.io", "v1"): (("RuntimeClass", False, "", "", ""),),
    ("policy/v1", "policy", "v1"): (("PodDisruptionBudget", True, "pdb", "", "status"),),
    ("rbac/v1", "rbac.authorization.k8s.io", "v1"): (
        ("ClusterRole", False, "", "", ""),
        ("ClusterRoleBinding", False, "", "", ""),
        ("Role", True, "", "", ""),
        ("RoleBinding", True, "", "", ""),
    ),
    ("scheduling/v1", "scheduling.k8s.io", "v1"): (("PriorityClass", False, "pc", "", ""),),
    ("storage/v1", "storage.k8s.io", "v1"): (
        ("CSIDriver", False, "", "", ""),
        ("CSINode", False, "", "", ""),
        ("CSIStorageCapacity", True, "", "", ""),
        ("StorageClass", False, "sc", "", ""),
        ("VolumeAttachment", False, "", "", "status"),
    ),
}
"""Keyed by the name of the group version in the facts, the API group and the version."""
