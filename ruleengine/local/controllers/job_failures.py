"""What the failure of one pod means for its Job: the rules of ``spec.podFailurePolicy``."""

from collections.abc import Iterator
from dataclasses import dataclass

from ruleengine.model.values import Object, lookup


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a failed pod leads to: ``FailJob``, ``FailIndex``, ``Ignore`` or ``Count``.

    ``message`` says by which rule; it is empty where none speaks of the pod.
    """

    action: str = "Count"
    message: str = ""


def treatment_of(job: Object, pod: Object) -> Treatment:
    """Return what the first matching rule says of a failed pod."""
    if lookup(pod, "status", "phase") != "Failed":
        return Treatment()
    for number, rule in enumerate(lookup(job, "spec", "podFailurePolicy", "rules", default=())):
        matched = _matched(rule, pod)
        if matched:
            action = str(rule.get("action"))
            return Treatment(action, f"{matched} matching {action} rule at index {number}")
    return Treatment()


def _matched(rule: Object, pod: Object) -> str:
    """Return what of a pod matches a rule, in words; empty for nothing."""
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    wanted = rule.get("onExitCodes")
    if wanted:
        for container, code in _exit_codes(pod):
            stated = wanted.get("containerName")
            among = code in (wanted.get("values") or ())
            if stated in (None, container) and code and among == (wanted["operator"] == "In"):
                return f"Container {container} for pod {name} failed with exit code {code}"
        return ""
    present = lookup(pod, "status", "conditions", default=())
    for pattern in rule.get("onPodConditions") or ():
        kind, value = pattern.get("type"), pattern.get("status") or "True"
        if any((one.get("type"), one.get("status")) == (kind, value) for one in present):
            return f"Pod {name} has condition {kind}"
    return ""


def _exit_codes(pod: Object) -> Iterator[tuple[str, int]]:
    for kind in ("initContainerStatuses", "containerStatuses"):
        for one in lookup(pod, "status", kind, default=()):
            code = lookup(one, "state", "terminated", "exitCode")
            if code is not None:
                yield str(one["name"]), int(code)
