"""Reviews: questions about users and tokens that are answered and never stored.

The answers are those of the authorizer and the authenticator themselves, so they agree with
what is enforced (reference, Kubernetes API section 8).
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.apimachinery.causes import Cause
from ruleengine.apimachinery.causes import invalid as invalid_value
from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.local.api.access import Attributes
from ruleengine.local.api.authenticating import Authenticator
from ruleengine.local.api.authorizing import Authorizer
from ruleengine.local.api.failures import bad_request, invalid
from ruleengine.local.api.users import User
from ruleengine.local.service_accounts import AUDIENCE
from ruleengine.model.values import Object, Value, lookup

KINDS: Final = frozenset(
    {
        "LocalSubjectAccessReview",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
        "TokenReview",
    }
)
"""The kinds that :class:`Reviews` answers."""

_ALL: Final = "*"


class Reviews:
    """Answers the reviews of one server."""

    def __init__(self, authenticator: Authenticator, authorizer: Authorizer) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer

    def answer(self, value: Object, info: KindInfo, caller: User, namespace: str = "") -> Object:
        """Return a review with its answer. Raises ``ApiFailure`` 400 and 422."""
        spec = value.get("spec") or {}
        causes = list(_problems(spec, info.kind))
        if causes:
            raise invalid(info, "", causes)
        match info.kind:
            case "SelfSubjectAccessReview":
                status = self._access(caller, spec)
            case "SubjectAccessReview" | "LocalSubjectAccessReview":
                status = self._access(_subject(spec), _in(spec, namespace, info))
            case "SelfSubjectRulesReview":
                status = self._rules(caller, str(spec.get("namespace", "")))
            case "SelfSubjectReview":
                status = {"userInfo": caller.info()}
            case _:
                status = self._token(spec)
        return {**value, "status": status}

    def _access(self, user: User, spec: Object) -> Object:
        wanted = _attributes(spec)
        if self._authorizer.allows(user, wanted):
            reason = "a member of system:masters" if user.unlimited else "allowed by a role"
            return {"allowed": True, "reason": f"RBAC: {reason}"}
        return {"allowed": False}

    def _rules(self, user: User, namespace: str) -> Object:
        if user.unlimited:
            found: list[Object] = [
                {"verbs": [_ALL], "apiGroups": [_ALL], "resources": [_ALL]},
                {"verbs": [_ALL], "nonResourceURLs": [_ALL]},
            ]
        else:
            found = list(self._authorizer.rules(user, namespace))
        return {
            "resourceRules": [one for one in found if one.get("resources")],
            "nonResourceRules": [one for one in found if one.get("nonResourceURLs")],
            "incomplete": False,
        }

    def _token(self, spec: Object) -> Object:
        token = spec.get("token")
        if not isinstance(token, str) or not token:
            raise bad_request("token is required for TokenReview in authentication")
        for audience in spec.get("audiences") or [AUDIENCE]:
            user = self._authenticator.known(token, str(audience))
            if user is not None:
                return {"authenticated": True, "user": user.info(), "audiences": [audience]}
        return {"authenticated": False, "error": "the token is not one of this server's"}


def _subject(spec: Object) -> User:
    groups = spec.get("groups") or []
    return User(name=str(spec.get("user") or ""), groups=tuple(str(one) for one in groups))


def _problems(spec: Object, kind: str) -> Iterator[Cause]:
    """Yield what is wrong with a question about somebody's rights."""
    if not kind.endswith("AccessReview"):
        return
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource and other:
        detail = "cannot be specified in combination with resourceAttributes"
        yield invalid_value(("spec", "nonResourceAttributes"), other, detail)
    elif not resource and not other:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield invalid_value(("spec", "resourceAttributes"), resource, detail)
    if not kind.startswith("Self") and not spec.get("user") and not spec.get("groups"):
        detail = "at least one of user or group must be specified"
        yield invalid_value(("spec", "user"), spec.get("user"), detail)


def _in(spec: Object, namespace: str, info: KindInfo) -> Object:
    """Return the question of a local review, which is about its own namespace only."""
    stated = lookup(spec, "resourceAttributes", "namespace", default="")
    if namespace and stated != namespace:
        place = ("spec", "resourceAttributes", "namespace")
        cause = invalid_value(place, stated, "must match metadata.namespace")
        raise invalid(info, "", [cause])
    return spec


def _attributes(spec: Object) -> Attributes:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if other:
        return Attributes(verb=_word(other, "verb"), path=_word(other, "path"))
    return Attributes(
        verb=_word(resource, "verb"),
        group=_word(resource, "group"),
        resource=_word(resource, "resource"),
        subresource=_word(resource, "subresource"),
        namespace=_word(resource, "namespace"),
        name=_word(resource, "name"),
    )


def _word(stated: Value, field: str) -> str:
    return str(lookup(stated, field, default=""))
