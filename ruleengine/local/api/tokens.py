"""TokenRequests: a token for a service account, for a time and an audience.

Reference, Kubernetes API section 8: expiry, audience, bound to the uid of the account and,
on request, to a Pod or a Secret.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ruleengine.apimachinery.causes import Cause, not_supported
from ruleengine.apimachinery.causes import invalid as invalid_value
from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.local.api.failures import conflict, invalid, not_found
from ruleengine.local.service_accounts import AUDIENCE, Account, ServiceAccountTokens
from ruleengine.local.store import Key, Store
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

_SHORTEST: Final = 600
_LONGEST: Final = 1 << 32
_USUAL: Final = 3600
_BOUND: Final = {"Pod": "pods", "Secret": "secrets"}


def answer(
    request: Object, owner: Object, tokens: ServiceAccountTokens, store: Store, now: datetime
) -> Object:
    """Return a TokenRequest with its token. Raises ``ApiFailure`` 404, 409 and 422."""
    spec = request.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    seconds = _USUAL if seconds is None else seconds
    _check(spec, seconds)
    metadata = owner["metadata"]
    account = Account(namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"])
    account = _bound(account, spec.get("boundObjectRef"), store)
    audiences = [str(one) for one in spec.get("audiences") or [AUDIENCE]]
    token = tokens.mint(account, now, timedelta(seconds=seconds), *audiences)
    end = format_time(now + timedelta(seconds=seconds))
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": account.name,
            "namespace": account.namespace,
            "creationTimestamp": format_time(now),
        },
        "spec": {**spec, "audiences": audiences, "expirationSeconds": seconds},
        "status": {"token": token.reveal(), "expirationTimestamp": end},
    }


def _check(spec: Object, seconds: int) -> None:
    causes: list[Cause] = []
    path = ("spec", "expirationSeconds")
    if seconds < _SHORTEST:
        detail = "may not specify a duration less than 10 minutes"
        causes.append(invalid_value(path, seconds, detail))
    elif seconds > _LONGEST:
        detail = "may not specify a duration larger than 2^32 seconds"
        causes.append(invalid_value(path, seconds, detail))
    kind = lookup(spec, "boundObjectRef", "kind", default="Pod")
    if kind not in _BOUND:
        causes.append(not_supported(("spec", "boundObjectRef", "kind"), kind, _BOUND))
    if causes:
        raise invalid(_KIND, "", causes)


def _bound(account: Account, reference: Object | None, store: Store) -> Account:
    if not reference:
        return account
    kind, name = str(reference.get("kind", "Pod")), str(reference.get("name", ""))
    found = store.get(Key(_BOUND[kind], account.namespace, name))
    info = replace(_KIND, group="", kind=kind, plural=_BOUND[kind])
    if found is None:
        raise not_found(info, name)
    uid = found["metadata"]["uid"]
    if reference.get("uid", uid) != uid:
        problem = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the "
            f"UID in record. The object might have been deleted and then recreated"
        )
        raise conflict(info, name, problem)
    if kind == "Pod":
        return replace(account, pod=name, pod_uid=uid)
    return replace(account, secret=name, secret_uid=uid)


_KIND: Final = KindInfo(
    group="authentication.k8s.io",
    version="v1",
    kind="TokenRequest",
    plural="tokenrequests",
    singular="tokenrequest",
    namespaced=True,
)
