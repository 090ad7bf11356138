"""Fills Secrets that ask for the token of a service account, as the tokens controller does.

Such a Secret has the type ``kubernetes.io/service-account-token`` and names its account in an
annotation. It gets a token that is good for as long as Secret and account exist; one that names
an account that does not exist is deleted (Kubernetes documentation, "Service account token
Secrets"). What another server has filled, whose state was imported, is filled anew: this one
takes no token but its own.
"""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    Replace,
    is_deleting,
    key_of,
)
from ruleengine.local.service_accounts import Account, ServiceAccountTokens
from ruleengine.local.store import Event, Key
from ruleengine.model.values import Object, lookup

_TYPE: Final = "kubernetes.io/service-account-token"
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_ACCOUNT_UID: Final = "kubernetes.io/service-account.uid"
_LIFE: Final = timedelta(days=3650)


class TokenSecrets:
    """The controller of such Secrets. ``authority`` is the certificate that signs the API's."""

    manager: ClassVar[str] = "kube-controller-manager"

    def __init__(self, tokens: ServiceAccountTokens, authority: str) -> None:
        self._tokens = tokens
        self._authority = authority

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the Secret, or those of an account that has come or gone."""
        if event.key.resource == "secrets":
            return [event.key] if _account_of(event.object) else []
        if event.key.resource != "serviceaccounts":
            return []
        secrets = reader.objects("secrets", event.key.namespace)
        return [key_of("secrets", one) for one in secrets if _account_of(one) == event.key.name]

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Fill a Secret, or delete one whose account does not exist."""
        secret = reader.get(key)
        name = _account_of(secret)
        if secret is None or not name or is_deleting(secret):
            return Reconciled()
        account = reader.get(Key("serviceaccounts", key.namespace, name))
        known = lookup(secret, "metadata", "annotations", _ACCOUNT_UID)
        uid = lookup(account, "metadata", "uid")
        if account is None or known not in (None, "", uid):
            return Reconciled((Delete(secret),))
        if known and self._is_ours(secret.get("data") or {}, now):
            return Reconciled()
        filled = self._filled(secret, name, str(uid), now)
        return Reconciled((Replace(secret, filled),))

    def _is_ours(self, data: Object, now: datetime) -> bool:
        """Tell whether what a Secret holds is good here."""
        token, authority = (base64.b64decode(data.get(name) or "") for name in ("token", "ca.crt"))
        is_good = self._tokens.read(token.decode("latin-1"), now) is not None
        return is_good and authority == self._authority.encode()

    def _filled(self, secret: Object, name: str, uid: str, now: datetime) -> Object:
        metadata = secret["metadata"]
        account = Account(
            namespace=metadata["namespace"],
            name=name,
            uid=uid,
            secret=metadata["name"],
            secret_uid=metadata["uid"],
        )
        texts = {
            "ca.crt": self._authority,
            "namespace": metadata["namespace"],
            "token": self._tokens.mint(account, now, _LIFE).reveal(),
        }
        data = {one: base64.b64encode(text.encode()).decode() for one, text in texts.items()}
        annotations = {**metadata["annotations"], _ACCOUNT_UID: uid}
        return {
            **secret,
            "metadata": {**metadata, "annotations": annotations},
            "data": {**(secret.get("data") or {}), **data},
        }


def _account_of(secret: Object | None) -> str:
    """Return the account whose token a Secret asks for; empty where it asks for none."""
    if secret is None or secret.get("type") != _TYPE:
        return ""
    return str(lookup(secret, "metadata", "annotations", _ACCOUNT, default=""))
