"""Findings: what is wrong or doubtful in user data, as values.

Errors in user data are collected over all files and reported once; exceptions
(:mod:`ruleengine.model.errors`) are for broken programs and broken surroundings.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a finding weighs. Only ``ERROR`` makes a command exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(NamedTuple):
    """A position in a file of the config repo.

    ``path`` is relative to the root of the repo with ``/`` between its parts;
    ``line`` and ``column`` count from 1; 0 means the file as a whole.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return ``path:line:column`` without the parts that are unknown."""
        parts = [self.path, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


class Related(NamedTuple):
    """A second place that helps to understand a finding, with why it matters."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong or doubtful in user data, with its place and its remedy.

    ``code`` is one of the registry in :mod:`ruleengine.model.codes`; ``message``
    says what is wrong, ``remedy`` what to do about it. Neither ever holds a secret.
    """

    severity: Severity
    code: str
    message: str
    remedy: str
    place: Place
    related: tuple[Related, ...] = field(default=())


def order_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings without repetition, by place, then severity, then code."""
    unique = dict.fromkeys(findings)
    if len(unique) < 2:
        return tuple(unique)
    weight = {severity: rank for rank, severity in enumerate(Severity)}
    return tuple(
        sorted(unique, key=lambda one: (one.place, weight[one.severity], one.code, one.message))
    )


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is of severity ``ERROR``."""
    return any(finding.severity is Severity.ERROR for finding in findings)
