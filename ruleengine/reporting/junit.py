"""Findings as JUnit XML, which CI servers list as test results.

Every file with findings is a test case, failed where one of them is an error; the run as a
whole is one more, so that a clean run reports a passed test instead of none.
"""

from collections.abc import Iterable
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ruleengine.model.findings import Finding, Severity, order_findings
from ruleengine.reporting.style import printable
from ruleengine.reporting.text import finding_text

_SUITE = "ruleengine validate"


def junit_text(findings: Iterable[Finding], *, files: int, documents: int) -> str:
    """Return the XML of one test suite. ``files`` and ``documents`` count what was checked."""
    ordered = order_findings(findings)
    suite = Element("testsuite", name=_SUITE)
    failures = 0
    cases = 1
    for path, group in groupby(ordered, key=lambda one: one.place.path):
        failures += _add_file(suite, path, tuple(group))
        cases += 1
    whole = SubElement(suite, "testcase", classname="ruleengine", name="validate")
    SubElement(whole, "system-out").text = f"{documents} documents in {files} files checked"
    totals = {"tests": str(cases), "failures": str(failures), "errors": "0", "skipped": "0"}
    suite.attrib.update(totals)
    root = Element("testsuites", {"name": _SUITE, **totals})
    root.append(suite)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_file(suite: Element, path: str, findings: tuple[Finding, ...]) -> bool:
    case = SubElement(suite, "testcase", classname="ruleengine.validate", name=_clean(path))
    case.set("file", _clean(path))
    if findings[0].place.line:
        case.set("line", str(findings[0].place.line))
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if errors:
        attributes = {"type": errors[0].code, "message": printable(errors[0].message)}
        failure = SubElement(case, "failure", attributes)
        failure.text = _clean("".join(finding_text(one) for one in errors))
    others = [one for one in findings if one.severity is not Severity.ERROR]
    if others:
        text = "".join(finding_text(one) for one in others)
        SubElement(case, "system-out").text = _clean(text)
    return bool(errors)


def _clean(text: str) -> str:
    """Drop what XML 1.0 cannot hold."""
    return "\n".join(printable(line) for line in text.split("\n"))
