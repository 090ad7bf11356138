"""The checks that come before anything is planned or run."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ruleengine.app.checkouts import Checkout
from ruleengine.app.validating import ValidationOptions, validate, validate_checkout
from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding, order_findings
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


def check_alone(path: Path) -> tuple[Finding, ...]:
    """Return the findings of a file that no config repo declares.

    What it does not declare itself may be on the cluster: that is not held against it.
    """
    from ruleengine.app.checkouts import open_checkout
    from ruleengine.app.workspace import Workspace

    folder = path.absolute().parent
    alone = Workspace(root=folder, git_root=None, found=False)
    found = check_file(open_checkout(alone, only=(path.name,)), path.name)
    return tuple(replace(one, place=one.place._replace(path=str(path))) for one in found)


def read_outside(path: Path) -> tuple[list[Document], tuple[Finding, ...]]:
    """Return the documents of a file that no config repo declares, and what is wrong with them.

    Only schemas are asked. Raises ``OSError`` where the file cannot be read.
    """
    from ruleengine.app.setup_trees import SetupTree
    from ruleengine.repository.snapshots import read_file
    from ruleengine.validation.schemas import SchemaChecker

    name = str(path)
    documents, findings = read_file(SetupTree(contents={name: ("", path.read_bytes())}), name, "")
    checker = SchemaChecker()
    wrong = (one for document in documents for one in checker.check(document))
    return documents, order_findings((*findings, *wrong))
