"""Findings for people: grouped by file, each with its remedy and the line it means.

The first line of every finding is ``path:line:column severity code: message``, which
editors and terminals turn into a link.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from ruleengine.model.findings import Finding, Severity, order_findings
from ruleengine.reporting.counts import count, listed
from ruleengine.reporting.excerpts import Sources, excerpt
from ruleengine.reporting.style import PLAIN, Style, printable

_INDENT = "    "
_LONGEST = 1_000


def findings_text(
    findings: Iterable[Finding], style: Style = PLAIN, sources: Sources | None = None
) -> str:
    """Return findings in the order of their places, files parted by an empty line.

    ``sources`` gives the text of a file for the excerpts; without it there are none. The
    result ends with a line break unless it is empty.
    """
    blocks = []
    for path, group in groupby(order_findings(findings), key=lambda one: one.place.path):
        source = sources(path) if sources else None
        blocks.append("".join(finding_text(one, style, source) for one in group))
    return "\n".join(blocks)


def finding_text(finding: Finding, style: Style = PLAIN, source: str | None = None) -> str:
    """Return one finding as lines: what is wrong and where, the source, the remedy."""
    where = printable(str(finding.place))
    place = f"{style.paint(where, 'bold')} " if where else ""
    head = f"{place}{style.severity(finding.severity)} {finding.code}: "
    lines = [head + _cut(printable(finding.message))]
    lines += [_INDENT + line for line in excerpt(finding.place, source, style)]
    if finding.remedy:
        lines.append(f"{_INDENT}remedy: {_cut(printable(finding.remedy))}")
    lines += [
        f"{_INDENT}see {printable(str(related.place))}: {printable(related.message)}"
        for related in finding.related
    ]
    return "\n".join(lines) + "\n"


def _cut(text: str) -> str:
    """Return a text that a person can take in: messages name what a file holds, however long."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def severity_counts(findings: Sequence[Finding]) -> str:
    """Return ``2 errors, 1 warning and 3 infos``, leaving out what there is none of."""
    parts = []
    for severity in Severity:
        number = sum(one.severity is severity for one in findings)
        if number:
            parts.append(count(number, severity.value))
    return listed(parts) if parts else "no findings"


def summary_text(
    findings: Sequence[Finding],
    *,
    files: int,
    documents: int,
    waived: int = 0,
    nothing: str = "there is no document",
    style: Style = PLAIN,
) -> str:
    """Return the last line of a report; nothing checked is said as plainly as an error.

    ``nothing`` says why there is nothing to check.
    """
    checked = f"{count(documents, 'document')} in {count(files, 'file')} checked"
    if not files and not findings:
        return style.paint(f"nothing to check: {nothing}", "yellow") + "\n"
    worst = min((list(Severity).index(one.severity) for one in findings), default=3)
    looks = ("red", "yellow", "blue", "green")[worst]
    line = f"{style.paint(severity_counts(findings), looks, 'bold')}; {checked}"
    if waived:
        line += f"; {count(waived, 'finding')} waived"
    return line + "\n"
