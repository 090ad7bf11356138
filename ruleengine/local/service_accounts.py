"""Tokens of service accounts: signed claims about who asks, checked without being stored.

A token is a JSON Web Token signed with HMAC-SHA256 (RFC 7519, RFC 7515). Its claims are those
of Kubernetes: subject, audience, times in seconds, and under ``kubernetes.io`` the namespace,
the account and the pod that it is bound to. Whether account and pod still exist is for the
server to look up. The key is derived from the server's own token, so a new one of that
makes these worthless too.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.secrets import Secret

AUDIENCE: Final = "https://kubernetes.default.svc.cluster.local"
"""The audience of tokens for the API server itself, and their issuer."""

_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a token speaks for; the last four are empty where it is bound to no such object."""

    namespace: str
    name: str
    uid: str
    pod: str = ""
    pod_uid: str = ""
    secret: str = ""
    secret_uid: str = ""

    @property
    def user(self) -> str:
        """The name of the user that the account is."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


class ServiceAccountTokens:
    """Makes and reads the tokens of one server."""

    def __init__(self, secret: Secret) -> None:
        self._key = hashlib.sha256(b"service accounts\0" + secret.reveal().encode()).digest()

    def mint(self, account: Account, now: datetime, life: timedelta, *audiences: str) -> Secret:
        """Return a token that is good for ``life``, for the server itself if nobody is named."""
        begin = int(now.timestamp())
        bound: dict[str, object] = {
            "namespace": account.namespace,
            "serviceaccount": {"name": account.name, "uid": account.uid},
        }
        if account.pod:
            bound["pod"] = {"name": account.pod, "uid": account.pod_uid}
        if account.secret:
            bound["secret"] = {"name": account.secret, "uid": account.secret_uid}
        claims = {
            "aud": list(audiences or (AUDIENCE,)),
            "exp": begin + int(life.total_seconds()),
            "iat": begin,
            "iss": AUDIENCE,
            "kubernetes.io": bound,
            "nbf": begin,
            "sub": account.user,
        }
        content = f"{_encoded(_HEADER)}.{_encoded(claims)}"
        return Secret(f"{content}.{self._signature(content)}")

    def read(self, token: str, now: datetime, audience: str = AUDIENCE) -> Account | None:
        """Return whom a token speaks for, ``None`` where it is not ours, or good no more."""
        content, _, signature = token.rpartition(".")
        if not content or not hmac.compare_digest(
            signature.encode(), self._signature(content).encode()
        ):
            return None
        claims = json_text.loads(_decoded(content.partition(".")[2]))
        moment = now.timestamp()
        if audience not in claims["aud"] or not claims["nbf"] <= moment < claims["exp"]:
            return None
        bound = claims["kubernetes.io"]
        pod, secret = bound.get("pod") or {}, bound.get("secret") or {}
        return Account(
            namespace=bound["namespace"],
            name=bound["serviceaccount"]["name"],
            uid=bound["serviceaccount"]["uid"],
            pod=pod.get("name", ""),
            pod_uid=pod.get("uid", ""),
            secret=secret.get("name", ""),
            secret_uid=secret.get("uid", ""),
        )

    def _signature(self, content: str) -> str:
        digest = hmac.digest(self._key, content.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json_text.dump_bytes(value)).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
