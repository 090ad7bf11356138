"""Findings as SARIF 2.1.0, which code hosts show beside the changed lines."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from ruleengine.model.codes import Code
from ruleengine.model.findings import Finding, Place, Severity, order_findings
from ruleengine.model.values import Object
from ruleengine.reporting.style import printable

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_data(
    findings: Iterable[Finding],
    codes: Mapping[str, Code],
    version: str,
    waived: Iterable[tuple[Finding, str]] = (),
) -> Object:
    """Return a SARIF log with one run.

    ``codes`` is the registry of finding codes: every code in use becomes a rule.
    ``version`` is ours. ``waived`` are findings that the team accepts, with the
    reason: they are listed as suppressed.
    """
    ordered = order_findings(findings)
    accepted = tuple(waived)
    used = sorted({one.code for one in (*ordered, *(finding for finding, _ in accepted))})
    numbers = {name: number for number, name in enumerate(used)}
    results = [_result(one, numbers) for one in ordered]
    for finding, reason in accepted:
        suppression = {"kind": "external", "status": "accepted", "justification": reason}
        results.append({**_result(finding, numbers), "suppressions": [suppression]})
    driver = {
        "name": "ruleengine",
        "version": version,
        "rules": [_rule(name, codes.get(name)) for name in used],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, code: Code | None) -> Object:
    rule: Object = {"id": name}
    if code:
        rule["shortDescription"] = {"text": code.title}
        rule["help"] = {"text": code.remedy}
    return rule


def _result(finding: Finding, numbers: Mapping[str, int]) -> Object:
    text = printable(finding.message)
    if finding.remedy:
        text += f" - {printable(finding.remedy)}"
    result: Object = {
        "ruleId": finding.code,
        "ruleIndex": numbers[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.place)],
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": printable(one.message)}, **_location(one.place)}
            for number, one in enumerate(finding.related)
        ]
    return result


def _location(place: Place) -> Object:
    physical: Object = {
        "artifactLocation": {"uri": quote(place.path), "uriBaseId": "%SRCROOT%"},
    }
    if place.line:
        region = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
        physical["region"] = region
    return {"physicalLocation": physical}
