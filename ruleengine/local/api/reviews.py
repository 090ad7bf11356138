"""Reviews: questions about the caller that are answered and never stored.

There is one user, who holds the token of the server and may do everything; the answers
agree with that.
"""

from typing import Final

from ruleengine.model.values import Object

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
"""The kinds that :func:`review` answers."""

USER: Final[Object] = {
    "username": "ruleengine:local-admin",
    "groups": ["system:masters", "system:authenticated"],
}
"""Who the token stands for."""

_ALL_RULES: Final[Object] = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def review(value: Object, kind: str) -> Object:
    """Return a review with its answer."""
    spec = value.get("spec") or {}
    match kind:
        case "SelfSubjectAccessReview":
            status: Object = {"allowed": True, "reason": "the local token may do everything"}
        case "SubjectAccessReview" | "LocalSubjectAccessReview":
            own = spec.get("user") == USER["username"] or "system:masters" in (
                spec.get("groups") or []
            )
            status = {"allowed": own}
        case "SelfSubjectRulesReview":
            status = _ALL_RULES
        case "SelfSubjectReview":
            status = {"userInfo": USER}
        case _:
            status = {"authenticated": False, "error": "tokens are not reviewed by this server"}
    return {**value, "status": status}
