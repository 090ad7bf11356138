"""The phase ``require``: policies, whose unmet checks are findings at the named field."""

from collections.abc import Iterator

from ruleengine.model.findings import Finding, Related
from ruleengine.rules.filters import as_text
from ruleengine.rules.ruleset import Rank, Requirement, Rule
from ruleengine.rules.subjects import Subject, holds
from ruleengine.rules.templates import Part, Scope, TemplateFault


def requirements(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every check that does not hold."""
    for rule, requirement in subject.group.requiring:
        try:
            yield from _unmet(subject, rule, requirement)
        except TemplateFault as fault:
            subject.around.fault(rule, fault)


def _unmet(subject: Subject, rule: Rule, requirement: Requirement) -> Iterator[Finding]:
    scope = subject.scope(rule)
    for path, _ in subject.selected(requirement.each, scope):
        if not holds(requirement.when, scope):
            continue
        met, missing = _holds(requirement, scope)
        if met:
            continue
        at = tuple(step for step in requirement.at if isinstance(step, str | int))
        built_in = rule.rank is Rank.BUILT_IN
        message = _text(requirement.message, scope)
        policy = "" if built_in else f" (policy {rule.name})"
        yield Finding(
            severity=requirement.severity,
            code="rule-convention-unmet" if built_in else "policy-requirement-unmet",
            message=f"{message}{f': {missing}' if missing else ''}{policy}",
            remedy=_text(requirement.remedy, scope),
            place=subject.around.places.key(subject.object, (*path, *at)),
            related=()
            if built_in
            else (Related(rule.place(*requirement.path), f"policy {rule.name}"),),
        )


def _holds(requirement: Requirement, scope: Scope) -> tuple[bool, str]:
    """Return whether a check holds; a field that is not there fails it, and is named."""
    try:
        return bool(requirement.that.program(scope)), ""
    except TemplateFault as fault:
        if not fault.undefined:
            raise
        return False, fault.message


def _text(part: Part, scope: Scope) -> str:
    return as_text(part.render(scope))
