"""Which check looks at which built-in kind, beyond the types of its fields.

One function per kind, for an object by itself; what an update must not change is in
:mod:`ruleengine.apimachinery.change_validating` (reference, Kubernetes API section 8).
"""

from typing import Final

from ruleengine.apimachinery.access_validating import (
    check_binding,
    check_event,
    check_lease,
    check_priority,
    check_role,
    check_webhooks,
)
from ruleengine.apimachinery.checks import Check
from ruleengine.apimachinery.definition_validating import DEFINITION, check_definition
from ruleengine.apimachinery.network_validating import (
    check_endpoint_slice,
    check_ingress,
    check_ingress_class,
    check_network_policy,
)
from ruleengine.apimachinery.pod_validating import check_pod
from ruleengine.apimachinery.quota_validating import check_limit_range, check_quota
from ruleengine.apimachinery.scaling_validating import check_autoscaler
from ruleengine.apimachinery.service_validating import check_service
from ruleengine.apimachinery.storage_validating import (
    check_claim,
    check_config_map,
    check_secret,
    check_storage_class,
    check_volume,
)
from ruleengine.apimachinery.workload_validating import (
    check_cron_job,
    check_daemon_set,
    check_deployment,
    check_disruption_budget,
    check_job,
    check_pod_template,
    check_replication_controller,
    check_stateful_set,
    check_workload,
)

_ADMISSION: Final = "admissionregistration.k8s.io"
_NETWORKING: Final = "networking.k8s.io"
_RBAC: Final = "rbac.authorization.k8s.io"

CHECKS: Final[dict[tuple[str, str], Check]] = {
    ("", "ConfigMap"): check_config_map,
    ("", "Event"): check_event,
    ("", "LimitRange"): check_limit_range,
    ("", "PersistentVolume"): check_volume,
    ("", "PersistentVolumeClaim"): check_claim,
    ("", "Pod"): check_pod,
    ("", "PodTemplate"): check_pod_template,
    ("", "ReplicationController"): check_replication_controller,
    ("", "ResourceQuota"): check_quota,
    ("", "Secret"): check_secret,
    ("", "Service"): check_service,
    (_ADMISSION, "MutatingWebhookConfiguration"): check_webhooks,
    (_ADMISSION, "ValidatingWebhookConfiguration"): check_webhooks,
    ("apps", "DaemonSet"): check_daemon_set,
    ("apps", "Deployment"): check_deployment,
    ("apps", "ReplicaSet"): check_workload,
    ("apps", "StatefulSet"): check_stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): check_autoscaler,
    ("batch", "CronJob"): check_cron_job,
    ("batch", "Job"): check_job,
    ("coordination.k8s.io", "Lease"): check_lease,
    ("discovery.k8s.io", "EndpointSlice"): check_endpoint_slice,
    (_NETWORKING, "Ingress"): check_ingress,
    (_NETWORKING, "IngressClass"): check_ingress_class,
    (_NETWORKING, "NetworkPolicy"): check_network_policy,
    ("policy", "PodDisruptionBudget"): check_disruption_budget,
    (_RBAC, "ClusterRole"): check_role,
    (_RBAC, "ClusterRoleBinding"): check_binding,
    (_RBAC, "Role"): check_role,
    (_RBAC, "RoleBinding"): check_binding,
    ("scheduling.k8s.io", "PriorityClass"): check_priority,
    ("storage.k8s.io", "StorageClass"): check_storage_class,
    DEFINITION: check_definition,
}
"""The check of each kind by group and kind."""
