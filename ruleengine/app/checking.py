"""The checks that come before anything is planned or run."""

from datetime import UTC, datetime
from pathlib import Path

from ruleengine.app.checkouts import Checkout
from ruleengine.app.validating import ValidationOptions, validate, validate_checkout
from ruleengine.model.findings import Finding
from ruleengine.validation.check_names import Check

_CHECKS = frozenset({Check.SCHEMA, Check.IDENTITY, Check.REFERENCES, Check.POLICY})
"""Rendering is part of the plan itself."""


def check(directory: Path, revision: str = "") -> tuple[Finding, ...]:
    """Return the findings of the checks that every plan begins with."""
    today = datetime.now(UTC).date()
    options = ValidationOptions(today=today, directory=directory, revision=revision, checks=_CHECKS)
    return validate(options).report.findings


def check_file(checkout: Checkout, path: str) -> tuple[Finding, ...]:
    """Return the findings of one file of a checkout, and of what it is read with."""
    root = checkout.workspace.root
    today = datetime.now(UTC).date()
    options = ValidationOptions(today=today, directory=root, paths=(root / path,), checks=_CHECKS)
    return validate_checkout(options, checkout).report.findings
