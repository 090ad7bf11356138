"""Health of Services, Ingresses, volume claims and API services (the reference, section 7)."""

from ruleengine.environments.health.verdicts import (
    HealthStatus,
    Verdict,
    condition,
    degraded,
    healthy,
    progressing,
)
from ruleengine.model.values import Object, lookup


def service(value: Object) -> Verdict:
    """Judge a Service: one of type LoadBalancer needs an address."""
    if lookup(value, "spec", "type") != "LoadBalancer" or _addresses(value):
        return healthy()
    return progressing("waiting for a load balancer")


def ingress(value: Object) -> Verdict:
    """Judge an Ingress: it needs an address."""
    return healthy() if _addresses(value) else progressing("waiting for an address")


def persistent_volume_claim(value: Object) -> Verdict:
    """Judge a claim by its phase."""
    match lookup(value, "status", "phase", default=""):
        case "Bound":
            return healthy()
        case "Pending":
            return progressing("waiting for a volume")
        case "Lost":
            return degraded("the volume is lost")
        case phase:
            return Verdict(HealthStatus.UNKNOWN, f"unknown phase {phase!r}")


def api_service(value: Object) -> Verdict:
    """Judge an APIService: it has to be available."""
    available = condition(value, "Available")
    if available and available.get("status") == "True":
        return healthy(_explain(available))
    return progressing(_explain(available) if available else "waiting to be processed")


def _addresses(value: Object) -> bool:
    return bool(lookup(value, "status", "loadBalancer", "ingress", default=[]))


def _explain(state: Object) -> str:
    return f"{state.get('reason', '')}: {state.get('message', '')}"
