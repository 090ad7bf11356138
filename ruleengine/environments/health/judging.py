"""The one question of health: which check speaks for an object, and what it says."""

from collections.abc import Callable, Mapping

from ruleengine.environments.health import argo, autoscaling, batch, networking, pods, workloads
from ruleengine.environments.health.verdicts import HealthStatus, Verdict, progressing
from ruleengine.model.actions import Target
from ruleengine.model.values import Object, lookup

HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"

Check = Callable[[Object], Verdict]

_CHECKS: Mapping[tuple[str, str], tuple[frozenset[str], Check]] = {
    ("apps", "Deployment"): (frozenset({"v1"}), workloads.deployment),
    ("apps", "StatefulSet"): (frozenset({"v1"}), workloads.stateful_set),
    ("apps", "DaemonSet"): (frozenset({"v1"}), workloads.daemon_set),
    ("apps", "ReplicaSet"): (frozenset({"v1"}), workloads.replica_set),
    ("", "Pod"): (frozenset({"v1"}), pods.pod),
    ("", "Service"): (frozenset({"v1"}), networking.service),
    ("", "PersistentVolumeClaim"): (frozenset({"v1"}), networking.persistent_volume_claim),
    ("networking.k8s.io", "Ingress"): (frozenset({"v1", "v1beta1"}), networking.ingress),
    ("extensions", "Ingress"): (frozenset({"v1beta1"}), networking.ingress),
    ("apiregistration.k8s.io", "APIService"): (
        frozenset({"v1", "v1beta1"}),
        networking.api_service,
    ),
    ("batch", "Job"): (frozenset({"v1"}), batch.job),
    ("batch", "CronJob"): (frozenset({"v1"}), batch.cron_job),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        frozenset({"v1", "v2"}),
        autoscaling.autoscaler,
    ),
    ("argoproj.io", "Workflow"): (frozenset({"v1alpha1"}), argo.workflow),
    ("argoproj.io", "ApplicationSet"): (frozenset({"v1alpha1"}), argo.application_set),
}
"""Group and kind to the versions that a check understands, and the check."""


def health_of(value: Object) -> Verdict | None:
    """Return the health of a live object and why, or ``None`` for a kind without a check."""
    finalizers = lookup(value, "metadata", "finalizers", default=[])
    if lookup(value, "metadata", "deletionTimestamp") and HOOK_FINALIZER not in finalizers:
        return progressing("pending deletion")
    target = Target.of(value)
    version = target.api_version.rpartition("/")[2]
    versions, check = _CHECKS.get((target.group, target.kind), (frozenset(), None))
    if check is None:
        return None
    if version not in versions:
        message = f"the health of {target.kind} is not known in {target.api_version}"
        return Verdict(HealthStatus.UNKNOWN, message)
    try:
        return check(value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"the status of the {target.kind} is malformed: {type(error).__name__}"
        return Verdict(HealthStatus.UNKNOWN, message)
