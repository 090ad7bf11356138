"""Checks of who may do what, and of the small kinds of the control plane.

Roles and bindings, leases, events, priorities, webhooks. The rules and their words are the
API's (reference, Kubernetes API sections 5 and 8).
"""

import re
from typing import Final

from ruleengine.apimachinery.causes import forbidden, invalid, not_supported, required, wrong_type
from ruleengine.apimachinery.checks import Causes, named, natural, objects, one_of, positive
from ruleengine.apimachinery.naming import check_dns_subdomain, check_path_segment
from ruleengine.model.values import Object, Path, Value, lookup

_SPEC: Final[Path] = ("spec",)
_RBAC: Final = "rbac.authorization.k8s.io"
_SUBJECTS: Final = ("Group", "ServiceAccount", "User")
_HIGHEST_PRIORITY: Final = 1_000_000_000
_SYSTEM_PRIORITY: Final = "system-"
SYSTEM_PRIORITIES: Final = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
}
"""The classes that every server has, with their values; no other may begin so."""

_PREEMPTION: Final = ("Never", "PreemptLowerPriority")
_MICROSECONDS: Final = re.compile(r"[.,]\d{6}(Z|[+-]\d\d:\d\d)$")
_LONGEST_WEBHOOK: Final = 30
_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")


def check_role(value: Object) -> Causes:
    """Yield what is wrong with a Role or ClusterRole."""
    namespaced = value.get("kind") == "Role"
    for number, rule in enumerate(objects(value.get("rules"))):
        yield from _rule(rule, ("rules", number), namespaced=namespaced)


def _rule(rule: Object, path: Path, *, namespaced: bool) -> Causes:
    if not rule.get("verbs"):
        yield required((*path, "verbs"), "verbs must contain at least one value")
    addresses = rule.get("nonResourceURLs")
    if addresses:
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield invalid((*path, "nonResourceURLs"), addresses, detail)
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid((*path, "nonResourceURLs"), addresses, detail)
        return
    if not rule.get("apiGroups"):
        detail = "resource rules must supply at least one api group"
        yield required((*path, "apiGroups"), detail)
    if not rule.get("resources"):
        detail = "resource rules must supply at least one resource"
        yield required((*path, "resources"), detail)


def check_binding(value: Object) -> Causes:
    """Yield what is wrong with a RoleBinding or ClusterRoleBinding."""
    role = value.get("roleRef") or {}
    kinds = ("ClusterRole", "Role") if value.get("kind") == "RoleBinding" else ("ClusterRole",)
    if role.get("apiGroup") != _RBAC:
        yield not_supported(("roleRef", "apiGroup"), role.get("apiGroup") or "", (_RBAC,))
    if role.get("kind") not in kinds:
        yield not_supported(("roleRef", "kind"), role.get("kind") or "", kinds)
    yield from named(("roleRef", "name"), role.get("name"), check_path_segment)
    for number, subject in enumerate(objects(value.get("subjects"))):
        yield from _subject(subject, ("subjects", number))
        if (
            value.get("kind") == "ClusterRoleBinding"
            and subject.get("kind") == "ServiceAccount"
            and not subject.get("namespace")
        ):
            yield required(("subjects", number, "namespace"))


def _subject(subject: Object, path: Path) -> Causes:
    kind, group = subject.get("kind"), subject.get("apiGroup") or ""
    if not subject.get("name"):
        yield required((*path, "name"))
    if kind == "ServiceAccount":
        if subject.get("name"):
            yield from named((*path, "name"), subject["name"], check_dns_subdomain)
        if group:
            yield not_supported((*path, "apiGroup"), group, ("",))
    elif kind in _SUBJECTS:
        if group != _RBAC:
            yield not_supported((*path, "apiGroup"), group, (_RBAC,))
    else:
        yield not_supported((*path, "kind"), kind or "", _SUBJECTS)


def check_lease(value: Object) -> Causes:
    """Yield what is wrong with a Lease."""
    spec = value.get("spec") or {}
    yield from positive(spec, _SPEC, "leaseDurationSeconds")
    yield from natural(spec, _SPEC, "leaseTransitions")
    for field in ("acquireTime", "renewTime"):
        moment = spec.get(field)
        if isinstance(moment, str) and not _MICROSECONDS.search(moment):
            yield wrong_type((*_SPEC, field), moment, "date-time with microseconds")


def check_event(value: Object) -> Causes:
    """Yield what is wrong with an Event of the core group."""
    namespace = lookup(value, "metadata", "namespace", default="")
    about = lookup(value, "involvedObject", "namespace", default="")
    if about and about != namespace:
        yield invalid(("involvedObject", "namespace"), about, "does not match event.namespace")
    elif not about and namespace not in ("", "default"):
        yield invalid(("involvedObject", "namespace"), "", "does not match event.namespace")


def check_priority(value: Object) -> Causes:
    """Yield what is wrong with a PriorityClass."""
    number = value.get("value")
    name = str(lookup(value, "metadata", "name", default=""))
    if name in SYSTEM_PRIORITIES and number == SYSTEM_PRIORITIES[name]:
        return
    if name.startswith(_SYSTEM_PRIORITY):
        detail = "priority class names with 'system-' prefix are reserved for system use only"
        yield forbidden(("metadata", "name"), detail)
    elif isinstance(number, int) and number > _HIGHEST_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
        yield forbidden(("value",), detail)
    yield from one_of(("preemptionPolicy",), value.get("preemptionPolicy"), _PREEMPTION)


def check_webhooks(value: Object) -> Causes:
    """Yield what is wrong with a configuration of admission webhooks."""
    for number, webhook in enumerate(objects(value.get("webhooks"))):
        yield from _webhook(webhook, ("webhooks", number))


def _webhook(webhook: Object, path: Path) -> Causes:
    name = str(webhook.get("name") or "")
    yield from named((*path, "name"), name, check_dns_subdomain)
    if name and name.count(".") < 2:
        detail = "should be a domain with at least three segments separated by dots"
        yield invalid((*path, "name"), name, detail)
    effects = webhook.get("sideEffects")
    if effects is None:
        detail = f"must specify one of {', '.join(_SIDE_EFFECTS)}"
        yield required((*path, "sideEffects"), detail)
    elif effects not in _SIDE_EFFECTS:
        yield not_supported((*path, "sideEffects"), effects, _SIDE_EFFECTS)
    seconds = webhook.get("timeoutSeconds")
    if isinstance(seconds, int) and not 1 <= seconds <= _LONGEST_WEBHOOK:
        detail = "the timeout value must be between 1 and 30 seconds"
        yield invalid((*path, "timeoutSeconds"), seconds, detail)
    versions = webhook.get("admissionReviewVersions") or []
    if not versions:
        detail = "must specify one of v1, v1beta1"
        yield required((*path, "admissionReviewVersions"), detail)
    elif not {"v1", "v1beta1"} & set(versions):
        detail = "must include at least one of v1, v1beta1"
        yield invalid((*path, "admissionReviewVersions"), versions, detail)
    yield from _client(webhook.get("clientConfig") or {}, (*path, "clientConfig"))


def _client(config: Object, path: Path) -> Causes:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif isinstance(url, str) and not url.startswith("https://"):
        detail = "'https' is the only allowed URL scheme"
        yield invalid((*path, "url"), url, detail)
    elif isinstance(service, dict):
        yield from _service_reference(service, (*path, "service"))


def _service_reference(service: Object, path: Path) -> Causes:
    for field in ("name", "namespace"):
        value: Value = service.get(field)
        if not value:
            yield required((*path, field), f"service {field} is required")
