"""Reads YAML for the tests of this folder into documents."""

from pathlib import Path

from ruleengine.formats import yaml_reader
from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding, Severity
from ruleengine.validation.schemas import SchemaChecker

CHECKER = SchemaChecker()
"""One checker for all tests: it builds each validator once."""


def documents(text: str | bytes, path: str) -> tuple[Document, ...]:
    """Return the documents of a text as if they stood in a file at ``path``."""
    return read(text, path)[0]


def read(text: str | bytes, path: str) -> tuple[tuple[Document, ...], tuple[Finding, ...]]:
    """Return the documents of a text and what was wrong with reading it."""
    data = text.encode() if isinstance(text, str) else text
    parsed = yaml_reader.read(data, path)
    found = tuple(
        Document(
            path=path, index=index, line=one.line, blob="", value=one.value, locator=one.locator
        )
        for index, one in enumerate(parsed.documents)
        if isinstance(one.value, dict)
    )
    return found, parsed.findings


def check(text: str, path: str, checker: SchemaChecker = CHECKER) -> list[Finding]:
    """Return what the checker finds in a text at ``path``."""
    return [one for document in documents(text, path) for one in checker.check(document)]


def errors(findings: list[Finding] | tuple[Finding, ...]) -> list[Finding]:
    """Return the findings of severity error."""
    return [one for one in findings if one.severity is Severity.ERROR]


def read_file(file: Path, path: str) -> tuple[tuple[Document, ...], tuple[Finding, ...]]:
    """Return the documents of a file and what was wrong with reading it."""
    return read(file.read_bytes(), path)
