"""Nobody grants what it does not hold: the escalation checks of role-based access control.

Whoever writes a role needs every right in it, or the verb ``escalate`` on it; whoever binds a
role needs its rights, or the verb ``bind`` on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, product
from typing import Final

from ruleengine.local.api.access import Attributes, allows, rules_of
from ruleengine.local.api.authorizing import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, Authorizer
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import forbidden, not_found
from ruleengine.local.api.users import User
from ruleengine.model.values import Object, lookup

_GROUP: Final = "rbac.authorization.k8s.io"
_ROLES: Final = (f"roles.{_GROUP}", CLUSTER_ROLES)
_BINDINGS: Final = (f"rolebindings.{_GROUP}", CLUSTER_ROLE_BINDINGS)
_MOST: Final = 20_000
"""How many single rights of one role are compared; nobody writes so many."""


def grants_of(
    user: User, authorizer: Authorizer
) -> Callable[[Served, Object, Object | None], None]:
    """Return the check of what ``user`` writes. It raises ``ApiFailure`` 403.

    Who applies what is not there creates it, and needs that right besides.
    """

    def admit(served: Served, new: Object, live: Object | None) -> None:
        if live is None and not user.unlimited:
            authorizer.check(user, _creation(served, new))
        if served.info.group != _GROUP or user.unlimited:
            return
        if served.resource in _ROLES:
            _check_role(user, authorizer, served, new, live)
        elif served.resource in _BINDINGS:
            _check_binding(user, authorizer, served, new)

    return admit


def _creation(served: Served, new: Object) -> Attributes:
    metadata = new["metadata"]
    return Attributes(
        verb="create",
        group=served.info.group,
        resource=served.info.plural,
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
    )


def _check_role(
    user: User, authorizer: Authorizer, served: Served, new: Object, live: Object | None
) -> None:
    unchanged = live is not None and _granted(live) == _granted(new)
    metadata = new["metadata"]
    namespace = str(metadata.get("namespace", ""))
    wanted = Attributes(
        verb="escalate",
        group=_GROUP,
        resource=served.info.plural,
        namespace=namespace,
        name=str(metadata["name"]),
    )
    if unchanged or authorizer.allows(user, wanted):
        return
    rules = list(new.get("rules") or ())
    if new.get("aggregationRule"):  # it takes over rules that nobody knows yet
        rules.append({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})
        rules.append({"nonResourceURLs": ["*"], "verbs": ["*"]})
    _confirm(user, authorizer, served, new, rules)


def _granted(role: Object) -> tuple[object, object]:
    return role.get("rules") or [], role.get("aggregationRule")


def _check_binding(user: User, authorizer: Authorizer, served: Served, new: Object) -> None:
    kind = str(lookup(new, "roleRef", "kind", default=""))
    name = str(lookup(new, "roleRef", "name", default=""))
    namespace = str(new["metadata"].get("namespace", ""))
    resource = "roles" if kind == "Role" else "clusterroles"
    wanted = Attributes(
        verb="bind", group=_GROUP, resource=resource, namespace=namespace, name=name
    )
    if authorizer.allows(user, wanted):
        return
    role, others = authorizer.role(kind, namespace, name)
    if role is None:
        raise not_found(replace(served.info, kind=kind, plural=resource), name)
    _confirm(user, authorizer, served, new, rules_of(role, others))


def _confirm(
    user: User, authorizer: Authorizer, served: Served, new: Object, rules: list[Object]
) -> None:
    metadata = new["metadata"]
    held = list(authorizer.rules(user, str(metadata.get("namespace", ""))))
    single = list(islice((one for rule in rules for one in _rights(rule)), _MOST + 1))
    lacking = [one for one in single if not any(allows(rule, one) for rule in held)]
    if lacking or len(single) > _MOST:
        groups = " ".join(f'"{one}"' for one in user.groups)
        problem = (
            f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not '
            f"currently held: {'; '.join(map(_text, lacking[:10]))}"
        )
        raise forbidden(served.info, str(metadata["name"]), problem, [])


def _rights(rule: Object) -> Iterator[Attributes]:
    """Yield the single rights that a rule grants."""
    verbs = [str(one) for one in rule.get("verbs") or ()]
    for verb, path in product(verbs, rule.get("nonResourceURLs") or ()):
        yield Attributes(verb=verb, path=str(path))
    places = (rule.get("apiGroups") or (), rule.get("resources") or ())
    names = rule.get("resourceNames") or ("",)
    for verb, group, resource, name in product(verbs, *places, names):
        plural, _, subresource = str(resource).partition("/")
        yield Attributes(
            verb=verb, group=str(group), resource=plural, subresource=subresource, name=str(name)
        )


def _text(right: Attributes) -> str:
    if right.path:
        return f"{right.verb} {right.path}"
    resource = "/".join(one for one in (right.resource, right.subresource) if one)
    named = f" {right.name}" if right.name else ""
    return f'{right.verb} {resource}{named} in API group "{right.group}"'
