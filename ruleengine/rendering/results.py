"""What rendering gives back, and the one way in which its findings are made."""

from dataclasses import dataclass, field
from enum import StrEnum

from ruleengine.model.codes import registry
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.values import Object


class SourceType(StrEnum):
    """The generators, named as Argo CD writes them into ``status.sourceType``."""

    DIRECTORY = "Directory"
    HELM = "Helm"
    KUSTOMIZE = "Kustomize"
    PLUGIN = "Plugin"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedObject:
    """One object, with the file it stands in and the line of its first key."""

    object: Object = field(repr=False)
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a source became.

    ``read`` holds path and blob id of every file whose content was looked at, and
    ``listed`` the folders whose list of files mattered: a result may be kept for as long
    as both are unchanged.
    """

    objects: tuple[RenderedObject, ...] = ()
    source_type: SourceType = SourceType.DIRECTORY
    findings: tuple[Finding, ...] = ()
    read: frozenset[tuple[str, str]] = frozenset()
    listed: frozenset[str] = frozenset()


def finding(
    code: str, message: str, place: Place, *, severity: Severity = Severity.ERROR, remedy: str = ""
) -> Finding:
    """Return a finding with the remedy of its code, unless a better one is known."""
    return Finding(
        severity=severity,
        code=code,
        message=message,
        remedy=remedy or registry()[code].remedy,
        place=place,
    )
