"""From the headers of a request to the user who asks."""

import hashlib
import hmac
from typing import Final

from ruleengine.local.api.access import Attributes
from ruleengine.local.api.authorizing import Authorizer
from ruleengine.local.api.failures import ApiFailure, bad_request
from ruleengine.local.api.users import (
    ACCOUNT_PREFIX,
    ADMINISTRATOR,
    AUTHENTICATED,
    User,
    impersonated,
    user_of,
)
from ruleengine.local.clock import Clock
from ruleengine.local.service_accounts import AUDIENCE, Account, ServiceAccountTokens
from ruleengine.local.store import Key, Store
from ruleengine.model.http import HttpRequest
from ruleengine.model.secrets import Secret
from ruleengine.model.values import lookup

_USER: Final = "impersonate-user"
_GROUP: Final = "impersonate-group"


class Authenticator:
    """Knows the callers of one server by their certificates and tokens.

    Without a ``token`` every caller is the administrator.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        token: Secret | None,
        accounts: ServiceAccountTokens | None,
        authorizer: Authorizer,
    ) -> None:
        self._store = store
        self._clock = clock
        self._token = _digest(token.reveal()) if token else b""
        self._accounts = accounts
        self._authorizer = authorizer

    def caller(self, request: HttpRequest) -> User:
        """Return who asks. Raises ``ApiFailure`` 401, and 403 for a wrong impersonation."""
        user = ADMINISTRATOR
        if request.peer is not None:
            user = User(
                name=request.peer.name,
                groups=tuple(dict.fromkeys((*request.peer.groups, AUTHENTICATED))),
            )
        elif self._token:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            found = self.known(given.strip()) if scheme.lower() == "bearer" else None
            if found is None:
                raise ApiFailure(401, "Unauthorized", "Unauthorized")
            user = found
        if _USER in request.headers or _GROUP in request.headers:
            return self._impersonated(user, request)
        return user

    def known(self, token: str, audience: str = AUDIENCE) -> User | None:
        """Return whom a token speaks for, ``None`` where it opens nothing."""
        own = bool(self._token) and audience == AUDIENCE
        if own and hmac.compare_digest(_digest(token), self._token):
            return ADMINISTRATOR
        if self._accounts is None:
            return None
        account = self._accounts.read(token, self._clock.now(), audience)
        return user_of(account) if account and self._exists(account) else None

    def _exists(self, account: Account) -> bool:
        """Tell whether an account exists, and what its token is bound to."""
        bound = [("serviceaccounts", account.name, account.uid)]
        if account.pod:
            bound.append(("pods", account.pod, account.pod_uid))
        if account.secret:
            bound.append(("secrets", account.secret, account.secret_uid))
        for resource, name, uid in bound:
            found = self._store.get(Key(resource, account.namespace, name))
            if lookup(found, "metadata", "uid") != uid:
                return False
        return True

    def _impersonated(self, user: User, request: HttpRequest) -> User:
        name = request.headers.get(_USER, "")
        if not name:
            raise bad_request("groups cannot be impersonated without a user")
        stated = request.headers.get(_GROUP, "").split(",")
        groups = tuple(text for one in stated if (text := one.strip()))
        if name.startswith(ACCOUNT_PREFIX):
            namespace, _, account = name.removeprefix(ACCOUNT_PREFIX).partition(":")
            wanted = Attributes(
                verb="impersonate", resource="serviceaccounts", namespace=namespace, name=account
            )
        else:
            wanted = Attributes(verb="impersonate", resource="users", name=name)
        self._authorizer.check(user, wanted)
        for group in groups:
            self._authorizer.check(
                user, Attributes(verb="impersonate", resource="groups", name=group)
            )
        return impersonated(name, groups)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
