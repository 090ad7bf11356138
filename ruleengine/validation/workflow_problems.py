"""What is wrong somewhere in a workflow, before it is known where that stands in a file."""

from dataclasses import dataclass
from typing import Final

from ruleengine.model.findings import Severity
from ruleengine.model.values import Path

BROKEN: Final = "schema-workflow-invalid"
"""The code of a rule that is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowProblem:
    """What is wrong at a path of a workflow: a code, a message and a remedy.

    ``late`` is what Argo tells when it comes to that place, or never, but not before a workflow
    begins.
    """

    path: Path
    code: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
    late: bool = False


def broken(path: Path, message: str, remedy: str, *, late: bool = False) -> WorkflowProblem:
    """Return the problem that a workflow breaks a rule at a path."""
    remedy = remedy or "correct it"
    return WorkflowProblem(path=path, code=BROKEN, message=message, remedy=remedy, late=late)
