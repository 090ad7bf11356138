"""Who asks: the user behind a request, as the API's reviews describe one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.local.service_accounts import Account
from ruleengine.model.values import Object

MASTERS: Final = "system:masters"
"""Members of this group may do everything, whatever the roles say."""

AUTHENTICATED: Final = "system:authenticated"
ACCOUNT_PREFIX: Final = "system:serviceaccount:"
ACCOUNTS: Final = "system:serviceaccounts"
"""The group of all service accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user and the groups it belongs to."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unlimited(self) -> bool:
        """Whether nothing is refused to it."""
        return MASTERS in self.groups

    def info(self) -> Object:
        """Return the ``UserInfo`` of the user."""
        found: Object = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            found["uid"] = self.uid
        if self.extra:
            found["extra"] = {name: list(values) for name, values in self.extra.items()}
        return found


ADMINISTRATOR: Final = User(name="ruleengine:local-admin", groups=(MASTERS, AUTHENTICATED))
"""Who the token of the server stands for."""


def user_of(account: Account) -> User:
    """Return the user that a service account is."""
    extra = {}
    if account.pod:
        extra = {
            "authentication.kubernetes.io/pod-name": (account.pod,),
            "authentication.kubernetes.io/pod-uid": (account.pod_uid,),
        }
    return User(
        name=account.user,
        groups=groups_of_account(account.namespace),
        uid=account.uid,
        extra=extra,
    )


def groups_of_account(namespace: str) -> tuple[str, ...]:
    """Return the groups of every service account of a namespace."""
    return (ACCOUNTS, f"{ACCOUNTS}:{namespace}", AUTHENTICATED)


def impersonated(name: str, groups: tuple[str, ...]) -> User:
    """Return the user that headers of impersonation name."""
    if not groups and name.startswith(ACCOUNT_PREFIX):
        namespace = name.removeprefix(ACCOUNT_PREFIX).partition(":")[0]
        return User(name=name, groups=groups_of_account(namespace))
    return User(name=name, groups=tuple(dict.fromkeys((*groups, AUTHENTICATED))))
