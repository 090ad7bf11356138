"""Refusing to go on with files that are wrong, in commands that print no findings."""

from collections.abc import Iterable

from ruleengine.model.errors import FailedError
from ruleengine.model.findings import Finding, Severity, order_findings


def refuse_errors(findings: Iterable[Finding], more_at: str = "") -> None:
    """Raise ``FailedError`` with the first error among findings; ``more_at`` shows all of them."""
    wrong = [one for one in order_findings(findings) if one.severity is Severity.ERROR]
    if wrong:
        first = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        see = f"; see all: {more_at}" if more_at else ""
        raise FailedError(f"{first.place}: {first.message}{more}", f"{first.remedy}{see}")
