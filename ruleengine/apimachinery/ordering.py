"""In which order kinds are applied, so that what others need is there first.

Namespaces and CustomResourceDefinitions come before everything; then the table of the
reference, Argo CD section 3.3. Deleting goes the other way round.
"""

from typing import Final

_FIRST: Final = ("Namespace", "CustomResourceDefinition")
ARGO_ORDER: Final = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
)
"""What Argo CD applies first within a wave, by the name of the kind alone."""

_RANKS: Final = {kind: number for number, kind in enumerate(dict.fromkeys((*_FIRST, *ARGO_ORDER)))}

LAST: Final = len(_RANKS)
"""The rank of every kind that the table does not name."""


def rank(group: str, kind: str) -> int:
    """Return the place of a kind in the order; a small number is applied early.

    The table goes by the name of the kind. The two that come before everything do so only
    in their own groups, because any group may have a kind of that name.
    """
    if kind in _FIRST and group not in ("", "apiextensions.k8s.io"):
        return LAST
    return _RANKS.get(kind, LAST)
