"""The checks of ``validate``, and the report that a run of them ends in.

Every finding belongs to one check, told by the area of its code. What is wrong with reading
files, with the configuration or with the rules belongs to none: it is always reported,
because the other checks mean nothing without it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from ruleengine.model.configuration import Waiver
from ruleengine.model.findings import Finding, Severity, order_findings
from ruleengine.validation.check_names import ALL_CHECKS, Check
from ruleengine.validation.facts import decode_findings
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.policies import Waived, apply_waivers
from ruleengine.validation.problems import Key, suggest_names
from ruleengine.validation.renders import PREFIX as RENDERS

__all__ = ["ALL_CHECKS", "Check", "Report", "Selection", "check_of", "choose", "stored_findings"]


_CHECK_OF_AREA = {
    "identity": Check.IDENTITY,
    "policy": Check.POLICY,
    "reference": Check.REFERENCES,
    "render": Check.RENDER,
    "schema": Check.SCHEMA,
    "support": Check.SCHEMA,
}


class Selection(NamedTuple):
    """The paths that a run reports on; ``everything`` or the named files and folders."""

    everything: bool = True
    files: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Tell whether a path is reported on."""
        return (
            self.everything
            or path in self.files
            or any(not folder or path.startswith(f"{folder}/") for folder in self.folders)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run of ``validate`` found, and what it looked at.

    ``files`` and ``documents`` count what was selected, ``recorded`` those documents that no
    reconciler acts on yet; ``chosen`` says that only a part of the repo was; ``note`` says
    where the run was slower than it could be, and why.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...] = ()
    files: int = 0
    documents: int = 0
    recorded: int = 0
    checks: tuple[Check, ...] = tuple(Check)
    revision: str = ""
    dirty: bool = False
    chosen: bool = False
    note: str = field(default="", compare=False)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(one.severity is Severity.ERROR for one in self.findings)


def check_of(code: str) -> Check | None:
    """Return the check that a finding's code belongs to, ``None`` for what is always told."""
    return _CHECK_OF_AREA.get(code.partition("-")[0])


def stored_findings(
    index: ValidationIndex,
    selection: Selection,
    checks: Collection[Check] = ALL_CHECKS,
    broken: Collection[Key] = (),
) -> Sequence[Finding]:
    """Return the findings that the index holds for a selection and the chosen checks.

    ``broken`` are keys of what the selected files no longer declare: the pointers of other
    files that this breaks are told as well.
    """
    problems = [
        ((kind, name), finding)
        for kind, name, path, data in index.problems()
        if selection.holds(path) or (kind, name) in broken
        for finding in decode_findings(data)
    ]
    found = [*_own_findings(index, selection), *suggest_names(index, problems)]
    wanted = [one for one in found if check_of(one.code) in (None, *checks)]
    if Check.RENDER in checks:
        wanted += _render_findings(index, selection)
    return wanted


def _own_findings(index: ValidationIndex, selection: Selection) -> Iterable[Finding]:
    if selection.everything or selection.folders:
        rows = index.entries_with_findings()
    else:
        rows = [(path, index.findings_of(path)) for path in selection.files]
    for path, text in rows:
        if not path.startswith(RENDERS) and selection.holds(path):
            yield from decode_findings(text)


def recorded_findings(index: ValidationIndex, selection: Selection) -> Sequence[Finding]:
    """Return that documents are only recorded, one finding for each: a repo may have many."""
    return [
        finding
        for path, text in index.recorded_findings()
        if selection.holds(path)
        for finding in decode_findings(text)
    ]


def _render_findings(index: ValidationIndex, selection: Selection) -> Iterable[Finding]:
    """Yield what is wrong in renders of selected applications, or in selected files of any."""
    for path, text in index.entries_with_findings():
        if path.startswith(RENDERS):
            whole = selection.holds(path.removeprefix(RENDERS))
            for finding in decode_findings(text):
                if whole or selection.holds(finding.place.path):
                    yield finding


def choose(
    findings: Iterable[Finding], waivers: Sequence[Waiver], today: date
) -> tuple[tuple[Finding, ...], tuple[Waived, ...]]:
    """Return the findings in order, and those that are waived."""
    remaining, waived = apply_waivers(findings, waivers, today)
    return order_findings(remaining), waived
