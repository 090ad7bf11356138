"""What a run needs and may not read: told once, and everything else goes on.

Who drives may have rights for one area only. Kinds of the others are told together, for they are
left alone as a whole. What a decision reads beside its object is told kind by kind: the decision
finds none of it.
"""

from collections.abc import Callable, Iterable, Mapping

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Reconciler
from ruleengine.model.findings import Finding, Place, Severity

_CODE = "plan-kind-unreadable"


class Unseen:
    """Finds out which kinds may not be read; ``found`` is told of each finding once."""

    def __init__(self, client: Client, found: Callable[[Finding], None]) -> None:
        self._client = client
        self._found = found
        self._known: set[tuple[str, str]] = set()
        self._left: set[tuple[str, str]] = set()
        self.findings: list[Finding] = []

    def leaves_alone(self, target: Target) -> bool:
        """Tell whether nothing is decided about an object: its kind may not be listed.

        One that we make ourselves is for whoever drives its area.
        """
        return (target.api_version, target.kind) in self._left

    def tell(self, reconcilers: Iterable[Reconciler] = ()) -> None:
        """Tell of what is new; whose objects ``reconcilers`` act on is told together."""
        unreadable = dict(self._client.unreadable)
        new = {kind: words for kind, words in unreadable.items() if kind not in self._known}
        self._known.update(new)
        left = {_kind(one): one.area for one in reconcilers if _kind(one) in new}
        if left:
            self._left.update(left)
            self._add(_left_alone(left))
        for (api_version, kind), words in sorted(new.items()):
            if (api_version, kind) not in left:
                self._add(_unreadable(api_version, kind, words))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._found(finding)


def _kind(reconciler: Reconciler) -> tuple[str, str]:
    return reconciler.api_version, reconciler.kind


def _left_alone(left: Mapping[tuple[str, str], str]) -> Finding:
    ordered = sorted((area, kind) for (_, kind), area in left.items())
    kinds = ", ".join(f"{kind} ({area})" for area, kind in ordered)
    return Finding(
        severity=Severity.WARNING,
        code=_CODE,
        message=f"these kinds may not be listed here, and are left alone: {kinds}",
        remedy="grant list and watch on them in all namespaces and start again, or let another "
        "process drive their areas",
        place=Place(""),
    )


def _unreadable(api_version: str, kind: str, words: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code=_CODE,
        message=f"nothing is known of any {kind} of {api_version}, or of its changes: {words}",
        remedy="grant list and watch on it in all namespaces, and start again",
        place=Place(""),
    )
