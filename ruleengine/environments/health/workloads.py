"""Health of the workloads of ``apps/v1`` (the reference, Argo CD section 7)."""

from ruleengine.environments.health.verdicts import (
    HealthStatus,
    Verdict,
    behind,
    condition,
    degraded,
    healthy,
    number,
    progressing,
)
from ruleengine.model.values import Object, lookup

_NOT_SEEN = "waiting until its controller has seen the newest spec"


def deployment(value: Object) -> Verdict:  # noqa: PLR0911 - the rules of the reference, first match wins
    """Judge a Deployment: all replicas updated, available, and no old ones left."""
    if lookup(value, "spec", "paused", default=False):
        return Verdict(HealthStatus.SUSPENDED, "the Deployment is paused")
    if behind(value):
        return progressing(_NOT_SEEN)
    state = condition(value, "Progressing")
    if state and state.get("reason") == "ProgressDeadlineExceeded":
        return degraded(f"the Deployment exceeded its progress deadline: {state.get('message')}")
    replicas = lookup(value, "spec", "replicas")
    updated = number(value, "status", "updatedReplicas")
    total = number(value, "status", "replicas")
    available = number(value, "status", "availableReplicas")
    if replicas is not None and updated < replicas:
        return progressing(f"{updated} of {replicas} new replicas are updated")
    if total > updated:
        return progressing(f"{total - updated} old replicas are still to end")
    if available < updated:
        return progressing(f"{available} of {updated} updated replicas are available")
    return healthy()


def stateful_set(value: Object) -> Verdict:  # noqa: PLR0911 - the rules of the reference, first match wins
    """Judge a StatefulSet by its ready and updated replicas."""
    if number(value, "status", "observedGeneration") == 0 or behind(value):
        return progressing(_NOT_SEEN)
    replicas = lookup(value, "spec", "replicas")
    ready = number(value, "status", "readyReplicas")
    if replicas is not None and ready < replicas:
        return progressing(f"{ready} of {replicas} replicas are ready")
    strategy = lookup(value, "spec", "updateStrategy", default={})
    if strategy.get("type") == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        updated = number(value, "status", "updatedReplicas")
        partition = lookup(strategy, "rollingUpdate", "partition")
        if replicas is not None and partition is not None and updated < replicas - partition:
            return progressing(f"{updated} of {replicas - partition} replicas are updated")
        return healthy()
    if strategy.get("type") == "OnDelete":
        return healthy("its pods are updated when somebody deletes them")
    revisions = [lookup(value, "status", f"{which}Revision") for which in ("update", "current")]
    if revisions[0] != revisions[1]:
        updated = number(value, "status", "updatedReplicas")
        return progressing(f"a rolling update has updated {updated} replicas")
    return healthy()


def daemon_set(value: Object) -> Verdict:
    """Judge a DaemonSet: a pod on every node that should have one."""
    if behind(value):
        return progressing(_NOT_SEEN)
    if lookup(value, "spec", "updateStrategy", "type") == "OnDelete":
        return healthy("its pods are updated when somebody deletes them")
    desired = number(value, "status", "desiredNumberScheduled")
    updated = number(value, "status", "updatedNumberScheduled")
    available = number(value, "status", "numberAvailable")
    if updated < desired:
        return progressing(f"{updated} of {desired} pods are updated")
    if available < desired:
        return progressing(f"{available} of {desired} pods are available")
    return healthy()


def replica_set(value: Object) -> Verdict:
    """Judge a ReplicaSet by its available replicas."""
    if behind(value):
        return progressing(_NOT_SEEN)
    failure = condition(value, "ReplicaFailure")
    if failure and failure.get("status") == "True":
        return degraded(str(failure.get("message", "pods cannot be created")))
    replicas = lookup(value, "spec", "replicas")
    available = number(value, "status", "availableReplicas")
    if replicas is not None and available < replicas:
        return progressing(f"{available} of {replicas} replicas are available")
    return healthy()
