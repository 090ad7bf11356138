"""Who may do what: roles and bindings, read from the store at every question.

The administrator may do everything. Everybody else may do what bindings grant; a new control
plane grants every service account everything, by a binding that one can see and delete
(decision 0007).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from ruleengine.local.api.access import Attributes, allows, is_subject, refusal, rules_of
from ruleengine.local.api.failures import ApiFailure
from ruleengine.local.api.users import User
from ruleengine.local.store import Key, Store
from ruleengine.model.values import Object, lookup

_GROUP: Final = "rbac.authorization.k8s.io"
CLUSTER_ROLES: Final = f"clusterroles.{_GROUP}"
CLUSTER_ROLE_BINDINGS: Final = f"clusterrolebindings.{_GROUP}"
_ROLES: Final = f"roles.{_GROUP}"
_ROLE_BINDINGS: Final = f"rolebindings.{_GROUP}"


class Authorizer:
    """Answers from the roles and bindings of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, user: User, wanted: Attributes) -> bool:
        """Tell whether a user may do what is wanted."""
        if user.unlimited:
            return True
        return any(allows(rule, wanted) for rule in self.rules(user, wanted.namespace))

    def check(self, user: User, wanted: Attributes) -> None:
        """Refuse what a user may not do. Raises ``ApiFailure`` 403."""
        if self.allows(user, wanted):
            return
        problem = refusal(user, wanted)
        if wanted.path:
            raise ApiFailure(403, "Forbidden", f"forbidden: {problem}", {})
        resource = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
        named = f'{resource} "{wanted.name}"' if wanted.name else resource
        details: Object = {"kind": wanted.resource}
        details |= {"name": wanted.name} if wanted.name else {}
        details |= {"group": wanted.group} if wanted.group else {}
        raise ApiFailure(403, "Forbidden", f"{named} is forbidden: {problem}", details)

    def rules(self, user: User, namespace: str) -> Iterator[Object]:
        """Yield every rule that counts for a user in a namespace, or cluster-wide."""
        bindings = list(self._store.list(CLUSTER_ROLE_BINDINGS).items)
        if namespace:
            bindings += self._store.list(_ROLE_BINDINGS, namespace).items
        for binding in bindings:
            if is_subject(binding, user):
                yield from self._granted(binding, namespace)

    def role(self, kind: str, namespace: str, name: str) -> tuple[Object | None, Sequence[Object]]:
        """Return a role, and the cluster roles that it may aggregate."""
        key = Key(_ROLES, namespace, name) if kind == "Role" else Key(CLUSTER_ROLES, "", name)
        role = self._store.get(key)
        aggregates = role is not None and role.get("aggregationRule")
        return role, self._store.list(CLUSTER_ROLES).items if aggregates else ()

    def _granted(self, binding: Object, namespace: str) -> list[Object]:
        kind = str(lookup(binding, "roleRef", "kind", default=""))
        name = str(lookup(binding, "roleRef", "name", default=""))
        role, others = self.role(kind, namespace, name)
        return [] if role is None else rules_of(role, others)
