"""The report of ``validate`` in every output format."""

from ruleengine.model.values import Object
from ruleengine.reporting.as_json import STRUCTURED, as_text, finding_data, findings_data
from ruleengine.reporting.excerpts import Sources
from ruleengine.reporting.style import PLAIN, Style
from ruleengine.reporting.text import findings_text, summary_text
from ruleengine.validation.checks import Report

FORMATS = ("text", "json", "yaml", "sarif", "junit")
"""The output formats, the default first."""


def report_text(
    report: Report, output: str, style: Style = PLAIN, sources: Sources | None = None
) -> str:
    """Return a report in one of :data:`FORMATS`; ``style`` and ``sources`` are for text."""
    if output in STRUCTURED:
        return as_text(report_data(report), output)
    if output == "sarif":
        return _sarif(report)
    if output == "junit":
        from ruleengine.reporting.junit import junit_text

        return junit_text(report.findings, files=report.files, documents=report.documents)
    body = findings_text(report.findings, style, sources)
    summary = summary_text(
        report.findings,
        files=report.files,
        documents=report.documents,
        waived=len(report.waived),
        style=style,
    )
    return f"{body}\n{summary}" if body else summary


def report_data(report: Report) -> Object:
    """Return the envelope ``Findings`` of a report, with what was looked at."""
    checked = {
        "files": report.files,
        "documents": report.documents,
        "checks": [one.value for one in report.checks],
        "revision": report.revision,
        "dirty": report.dirty,
    }
    waived = [
        {
            "finding": finding_data(one.finding),
            "reason": one.waiver.reason,
            "expires": one.waiver.expires,
        }
        for one in report.waived
    ]
    return findings_data(report.findings, {"checked": checked, "waived": waived})


def _sarif(report: Report) -> str:
    from ruleengine import __version__
    from ruleengine.model.codes import registry
    from ruleengine.reporting.sarif import sarif_data

    waived = [(one.finding, one.waiver.reason) for one in report.waived]
    return as_text(sarif_data(report.findings, registry(), __version__, waived), "json")
