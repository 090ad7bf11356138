"""What a run may not read, or may not do at all: told once, and everything else goes on.

Who drives may have rights for one area only. Kinds of the others are told together, for they are
left alone as a whole. What a decision reads beside its object is told kind by kind: the decision
finds none of it. Where the server refuses the credentials themselves, that is told once each time:
a token runs out, and is renewed, while we go on.
"""

from collections.abc import Callable, Iterable, Mapping

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import UnauthorizedError
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Reconciler
from ruleengine.model.findings import Finding, Place, Severity

_CODE = "plan-kind-unreadable"
_REFUSED = "plan-credentials-refused"


class Unseen:
    """Finds out which kinds may not be read; ``found`` is told of each finding once."""

    def __init__(self, client: Client, found: Callable[[Finding], None]) -> None:
        self._client = client
        self._found = found
        self._known: set[tuple[str, str]] = set()
        self._left: set[tuple[str, str]] = set()
        self._refused = False
        self.findings: list[Finding] = []

    def leaves_alone(self, target: Target) -> bool:
        """Tell whether nothing is decided about an object: its kind may not be listed.

        One that we make ourselves is for whoever drives its area.
        """
        return (target.api_version, target.kind) in self._left

    def tell(self, reconcilers: Iterable[Reconciler] = ()) -> None:
        """Tell of what is new; whose objects ``reconcilers`` act on is told together."""
        self._tell_of_credentials()
        if not self._client.unreadable:
            return
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

    def _tell_of_credentials(self) -> None:
        error, told = self._client.refused, self._refused
        self._refused = error is not None
        if error is not None and not told:
            self._add(refused_credentials(error))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._found(finding)


def refused_credentials(error: UnauthorizedError) -> Finding:
    """Return what is said where a server that let us in does so no longer."""
    return Finding(
        severity=Severity.WARNING,
        code=_REFUSED,
        message=f"the API server refuses the credentials (401): {error.message}; nothing is read "
        "or written until they are good again",
        remedy="renew the credentials in the kubeconfig, which is read anew once it changes, or "
        "log in again and start anew",
        place=Place(""),
    )


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
