"""What a rule of role-based access control allows, as pure functions.

Roles, bindings and attributes are those of ``rbac.authorization.k8s.io/v1`` and
``authorization.k8s.io/v1`` (reference, Kubernetes API section 8).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.local.api.users import ACCOUNT_PREFIX, User
from ruleengine.model.values import Object, lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What somebody wants to do: a verb on a resource, or on a path where ``path`` is set."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def allows(rule: Object, wanted: Attributes) -> bool:
    """Tell whether one rule of a role allows what is wanted."""
    if not _names(rule, "verbs", wanted.verb):
        return False
    if wanted.path:
        stated = rule.get("nonResourceURLs") or ()
        return any(_path_matches(str(one), wanted.path) for one in stated)
    names = rule.get("resourceNames") or ()
    return (
        _names(rule, "apiGroups", wanted.group)
        and _resource_matches(rule.get("resources") or (), wanted)
        and (not names or (wanted.name in names and bool(wanted.name)))
    )


def _names(rule: Object, field: str, wanted: str) -> bool:
    stated = rule.get(field) or ()
    return "*" in stated or wanted in stated


def _resource_matches(stated: Iterable[str], wanted: Attributes) -> bool:
    full = wanted.resource
    accepted = {"*"}
    if wanted.subresource:
        full = f"{wanted.resource}/{wanted.subresource}"
        accepted.add(f"*/{wanted.subresource}")
    return not accepted.isdisjoint(stated) or full in stated


def _path_matches(stated: str, path: str) -> bool:
    return stated in ("*", path) or (stated.endswith("*") and path.startswith(stated[:-1]))


def is_subject(binding: Object, user: User) -> bool:
    """Tell whether a binding speaks of a user."""
    home = str(lookup(binding, "metadata", "namespace", default=""))
    return any(_is(one, user, home) for one in binding.get("subjects") or ())


def _is(subject: Object, user: User, home: str) -> bool:
    name = str(subject.get("name", ""))
    match subject.get("kind"):
        case "User":
            return name == user.name
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            namespace = subject.get("namespace") or home
            return user.name == f"{ACCOUNT_PREFIX}{namespace}:{name}"
    return False


def rules_of(role: Object, others: Iterable[Object]) -> list[Object]:
    """Return the rules of a role, with those of the cluster roles that it aggregates."""
    rules = list(role.get("rules") or ())
    for stated in lookup(role, "aggregationRule", "clusterRoleSelectors", default=()):
        try:
            selector = label_selector_from_object(stated)
        except SelectorError:
            continue
        for other in others:
            if other is not role and selector.matches(lookup(other, "metadata", "labels")):
                rules += other.get("rules") or ()
    return rules


def refusal(user: User, wanted: Attributes) -> str:
    """Return the sentence by which API servers refuse something."""
    if wanted.path:
        return f'User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
    resource = "/".join(one for one in (wanted.resource, wanted.subresource) if one)
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    return (
        f'User "{user.name}" cannot {wanted.verb} resource "{resource}" '
        f'in API group "{wanted.group}" {where}'
    )
