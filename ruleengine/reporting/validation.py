"""The report of ``validate`` in every output format."""

from ruleengine.model.values import Object
from ruleengine.reporting.as_json import STRUCTURED, as_text, finding_data, findings_data
from ruleengine.reporting.counts import count
from ruleengine.reporting.excerpts import Sources
from ruleengine.reporting.style import PLAIN, Style
from ruleengine.reporting.text import findings_text, summary_text
from ruleengine.validation.checks import Report
from ruleengine.validation.facts import RECORDED

FORMATS = ("text", "json", "yaml", "sarif", "junit")
"""The output formats, the default first."""


def report_text(
    report: Report,
    output: str,
    style: Style = PLAIN,
    sources: Sources | None = None,
    *,
    verbose: bool = False,
) -> str:
    """Return a report in one of :data:`FORMATS`; ``style``, ``sources``, ``verbose`` are for text.

    Text that is not ``verbose`` counts the documents that are only recorded in one line.
    """
    if output in STRUCTURED:
        return as_text(report_data(report), output)
    if output == "sarif":
        return _sarif(report)
    if output == "junit":
        from ruleengine.reporting.junit import junit_text

        return junit_text(report.findings, files=report.files, documents=report.documents)
    shown = [one for one in report.findings if verbose or one.code != RECORDED]
    body = findings_text(shown, style, sources)
    summary = summary_text(
        shown,
        files=report.files,
        documents=report.documents,
        waived=len(report.waived),
        nothing=f"there is no document {'in what was chosen' if report.chosen else 'here'}",
        style=style,
    )
    if report.recorded and not verbose:
        are = "is" if report.recorded == 1 else "are"
        summary += (
            f"{count(report.recorded, 'document')} {are} recorded: no reconciler of the native"
            " engine acts on them yet (--verbose lists them)\n"
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
