"""The checks that come before anything is planned or run."""

from datetime import UTC, datetime
from pathlib import Path

from ruleengine.app.validating import ValidationOptions, validate
from ruleengine.model.findings import Finding
from ruleengine.validation.checks import Check

_CHECKS = frozenset({Check.SCHEMA, Check.IDENTITY, Check.REFERENCES, Check.POLICY})
"""Rendering is part of the plan itself."""


def check(directory: Path, revision: str = "") -> tuple[Finding, ...]:
    """Return the findings of the checks that every plan begins with."""
    today = datetime.now(UTC).date()
    options = ValidationOptions(today=today, directory=directory, revision=revision, checks=_CHECKS)
    return validate(options).report.findings


def check_files(directory: Path, paths: tuple[Path, ...]) -> tuple[Finding, ...]:
    """Return the findings of some files only, named from ``directory``."""
    options = ValidationOptions(
        today=datetime.now(UTC).date(),
        directory=directory,
        paths=tuple(directory / one for one in paths),
        checks=_CHECKS,
    )
    return validate(options).report.findings
