"""What is wrong with the objects that the rules made of a document, in one call."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ruleengine.model.documents import Derived, Document
from ruleengine.model.findings import Finding, Severity, has_errors
from ruleengine.model.values import Path
from ruleengine.validation.graphs import check_graphs
from ruleengine.validation.naming import check_names
from ruleengine.validation.schemas import SchemaChecker
from ruleengine.validation.whereabouts import related_document, team_rule


def check_derived(derived: Sequence[Derived], checker: SchemaChecker) -> list[Finding]:
    """Return what is wrong with derived objects on their own.

    What the built-in rules make is proven by their tests; what a team's rule made or changed
    is checked as if it had been written. Where that has not the shape of its kind, nothing
    further is asked of it.
    """
    findings = list(check_names(derived))
    formed: list[Derived] = []
    for one in derived:
        wrong = list(_check_schema(one, checker))
        findings += wrong
        if not has_errors(wrong):
            formed.append(one)
    return [*findings, *check_graphs(formed)]


def _check_schema(one: Derived, checker: SchemaChecker) -> Iterator[Finding]:
    place = team_rule(one)
    if place is None:
        return
    made = Document(
        path=place.path,
        index=0,
        line=place.line,
        blob="",
        value=one.object,
        locator=_Everywhere(place.line, place.column),
    )
    name = one.object.get("metadata", {}).get("name", "")
    for finding in checker.check(made):
        if finding.severity is not Severity.INFO:
            message = f"{one.object.get('kind')} {name!r}, as this rule makes it: {finding.message}"
            yield replace(finding, message=message, related=related_document(one))


class _Everywhere(NamedTuple):
    """A locator of an object that stands in no file: all of it lies at the rule."""

    line: int
    column: int

    def key(self, path: Path) -> tuple[int, int]:
        """Return the place of the rule."""
        del path
        return self.line, self.column

    def value(self, path: Path) -> tuple[int, int]:
        """Return the place of the rule."""
        del path
        return self.line, self.column
