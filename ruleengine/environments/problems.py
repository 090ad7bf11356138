"""Problems: what is wrong with an application, on the way into its status conditions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ruleengine.model.codes import registry
from ruleengine.model.values import Object

INVALID_SPEC = "InvalidSpecError"
COMPARISON = "ComparisonError"
SYNC = "SyncError"
SHARED = "SharedResourceWarning"
REPEATED = "RepeatedResourceWarning"
IGNORED_OPTION = "IgnoredOptionWarning"
UNSUPPORTED_HOOK = "UnsupportedHookWarning"
SOURCE = "SourceWarning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One condition to be: its type in Argo's words, our finding code, and what is wrong.

    Types that end in ``Error`` block a sync, those that end in ``Warning`` do not.
    """

    type: str
    code: str
    message: str
    remedy: str = ""

    @property
    def blocks(self) -> bool:
        """Whether a sync must not start while the problem stands."""
        return self.type.endswith("Error")

    @property
    def text(self) -> str:
        """The whole message: what is wrong, what to do about it, and the code."""
        remedy = self.remedy or registry()[self.code].remedy
        return f"{self.message}; {remedy} [{self.code}]"


def to_conditions(
    problems: Iterable[Problem], previous: Sequence[Object], now: str
) -> list[Object]:
    """Return the conditions of a status; one that stood before keeps its time."""
    since = {
        (one.get("type"), one.get("message")): one.get("lastTransitionTime")
        for one in previous
        if isinstance(one, dict)
    }
    keys = dict.fromkeys((one.type, one.text) for one in problems)
    return [
        {"type": kind, "message": text, "lastTransitionTime": since.get((kind, text)) or now}
        for kind, text in sorted(keys)
    ]
