"""Waivers: findings that a team accepts for a while, by code, path, reason and expiry.

A waived finding leaves the report but is counted and listed with its reason. A waiver that
has run out waives nothing and is itself a finding, so that nobody forgets it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ruleengine.model.configuration import Waiver
from ruleengine.model.documents import CONFIGURATION_FILE
from ruleengine.model.findings import Finding, Place, Severity

if TYPE_CHECKING:
    from ruleengine.expressions.regular import Pattern


class Waived(NamedTuple):
    """A finding with the waiver that accepts it."""

    finding: Finding
    waiver: Waiver


def apply_waivers(
    findings: Iterable[Finding], waivers: Sequence[Waiver], today: date
) -> tuple[tuple[Finding, ...], tuple[Waived, ...]]:
    """Return the findings that remain, and those that are waived.

    Waivers that ran out before ``today`` are added to the findings that remain.
    """
    alive = [one for one in waivers if not _expired(one, today)]
    remaining: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        waiver = next((one for one in alive if _covers(one, finding)), None)
        if waiver:
            waived.append(Waived(finding, waiver))
        else:
            remaining.append(finding)
    remaining += (_expiry(one) for one in waivers if one not in alive)
    return tuple(remaining), tuple(waived)


@cache
def glob_pattern(glob: str) -> "Pattern":
    """Return a path glob as a pattern: ``*`` stays inside a folder, ``**`` does not."""
    from ruleengine.expressions import regular  # few teams waive anything

    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    whole = "".join(wild.get(part) or regular.quote(part) for part in parts)
    return regular.compile(rf"\A(?:{whole})\z")


def _covers(waiver: Waiver, finding: Finding) -> bool:
    same_code = waiver.code == finding.code
    return same_code and glob_pattern(waiver.path).matches(finding.place.path)


def _expired(waiver: Waiver, today: date) -> bool:
    try:
        return date.fromisoformat(waiver.expires) < today
    except ValueError:
        # The schema of ruleengine.yaml refuses other texts; what it refused waives nothing.
        return True


def _expiry(waiver: Waiver) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="policy-waiver-expired",
        message=f"the waiver of {waiver.code} for {waiver.path} ended on {waiver.expires}",
        remedy="mend what it waived, or give the waiver a new end and a reason that still holds",
        place=waiver.place or Place(CONFIGURATION_FILE),
    )
