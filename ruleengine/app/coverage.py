"""``coverage``: every Argo field that a repo uses, and what becomes of it here."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ruleengine.apimachinery.support import Support
from ruleengine.app.declaring import declare
from ruleengine.app.workspace import config_repo
from ruleengine.model.configuration import Engine
from ruleengine.model.findings import Finding
from ruleengine.validation.support import FieldUse, coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Every use of a field of an Argo kind in a repo, and what could not be looked at."""

    uses: tuple[FieldUse, ...]
    findings: tuple[Finding, ...]


def cover(directory: Path, engine: Engine | None) -> Coverage:
    """Return every use of a field of an Argo kind in a repo, by file and line.

    ``engine`` overrides the one that the repo is configured for.
    """
    declared = declare(config_repo(directory))
    uses = coverage(declared.snapshot.documents, engine or declared.configuration.engine)
    return Coverage(uses=uses, findings=declared.unread)


def totals(uses: Iterable[FieldUse]) -> dict[Support, int]:
    """Return how many uses there are of each state."""
    numbers = dict.fromkeys(Support, 0)
    for use in uses:
        numbers[use.state] += 1
    return numbers
