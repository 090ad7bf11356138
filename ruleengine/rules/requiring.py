"""The phase ``require``: policies, whose unmet checks are findings at the named field."""

from collections.abc import Iterator

from ruleengine.model.findings import Finding, Related
from ruleengine.model.values import Value
from ruleengine.rules.filters import as_text
from ruleengine.rules.ruleset import Rank, Requirement, Rule
from ruleengine.rules.subjects import Subject
from ruleengine.rules.templates import Scope, TemplateFault


def requirements(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every check that does not hold."""
    for rule, requirement in subject.group.requiring:
        try:
            yield from _unmet(subject, rule, requirement)
        except TemplateFault as fault:
            subject.around.fault(rule, fault)


def _unmet(subject: Subject, rule: Rule, requirement: Requirement) -> Iterator[Finding]:
    parts, asked = subject.selected(requirement.each), requirement.asked
    if not parts:
        return
    scope = subject.scope(rule)
    for path, _, part in parts:
        if asked is not None and asked.values(scope, *part) is None:
            continue
        met, missing = _holds(requirement, scope, part)
        if met:
            continue
        built_in = rule.rank is Rank.BUILT_IN
        message, remedy = map(as_text, requirement.words.values(scope, *part) or ("", ""))
        policy = "" if built_in else f" (policy {rule.name})"
        yield Finding(
            severity=requirement.severity,
            code="rule-convention-unmet" if built_in else "policy-requirement-unmet",
            message=f"{message}{f': {missing}' if missing else ''}{policy}",
            remedy=remedy,
            place=subject.around.places.key(subject.object, (*path, *requirement.at)),
            related=()
            if built_in
            else (Related(rule.place(*requirement.path), f"policy {rule.name}"),),
        )


def _holds(requirement: Requirement, scope: Scope, part: tuple[Value, ...]) -> tuple[bool, str]:
    """Return whether a check holds; a field that is not there fails it, and is named."""
    try:
        (value,) = requirement.that.values(scope, *part) or (False,)
        return bool(value), ""
    except TemplateFault as fault:
        if not fault.undefined:
            raise
        return False, fault.message
