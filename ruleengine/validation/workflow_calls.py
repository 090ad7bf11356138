"""Calls inside a workflow: values that are lacking or outside their ``enum``, endless calls.

Argo holds the arguments of a workflow against their ``enum`` when it is submitted, and never what
its steps pass; a template that calls itself without a condition runs a hundred levels deep before
it fails (reference, Workflows 1 and 4).
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.artifact_places import says_where
from ruleengine.model.findings import Severity
from ruleengine.model.values import Object, Path, Value
from ruleengine.validation.graphs import calls_of, items_of, spec_of
from ruleengine.validation.workflow_problems import WorkflowProblem, broken

_TAG: Final = "{{"
_RUNS: Final = ("Workflow", "CronWorkflow")
_VALUES: Final = ("value", "valueFrom", "default")
_CONDITIONS: Final = ("when", "depends", "withItems", "withParam", "withSequence")
"""What may keep a step from being run, or from being run by every level."""


def check_calls(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield what is wrong with the values and calls of a workflow."""
    path, spec = spec_of(workflow)
    for at, parameter in items_of(spec, ("arguments", "parameters")):
        yield from _outside(parameter, parameter, (*path, *at))
    yield from _nowhere(spec, path)
    templates = {str(one.get("name")): one for _, one in items_of(spec, ("templates",))}
    yield from _not_passed(workflow, templates)
    for where, template in items_of(spec, ("templates",)):
        for at, parameter in items_of(template, ("inputs", "parameters")):
            yield from _outside(parameter, parameter, (*path, *where, *at))
        for at, call in calls_of(template):
            called = templates.get(str(call.get("template")))
            yield from _arguments(call, called or {}, (*path, *where, *at))
            yield from _nowhere(call, (*path, *where, *at))
        name = str(template.get("name"))
        circle = _endless(name, templates)
        if circle:
            yield WorkflowProblem(
                path=(*path, *where, "name"),
                code="reference-template-endless",
                message="these call each other without a condition, a hundred levels deep: "
                + " → ".join(circle),
                remedy="give the call that goes round a `when` that ends it",
                severity=Severity.WARNING,
            )


def _arguments(call: Object, called: Object, path: Path) -> Iterator[WorkflowProblem]:
    declared = {str(one.get("name")): one for _, one in items_of(called, ("inputs", "parameters"))}
    for at, argument in items_of(call, ("arguments", "parameters")):
        yield from _outside(declared.get(str(argument.get("name")), {}), argument, (*path, *at))


def needs_of(called: Object, call: Object) -> Iterator[str]:
    """Yield the inputs of a template that a call does not pass, and that say nothing themselves."""
    for kind, has_own in (("parameters", _has_value), ("artifacts", _has_content)):
        given = [one.get("name") for _, one in items_of(call, ("arguments", kind))]
        for _, needed in items_of(called, ("inputs", kind)):
            if needed.get("name") not in given and not has_own(needed):
                yield f"{kind}.{needed.get('name')}"


def _has_value(parameter: Object) -> bool:
    return any(parameter.get(one) is not None for one in _VALUES)


def _has_content(artifact: Object) -> bool:
    """Tell whether nobody has to pass an artifact; that none says `from` is another rule."""
    return bool(artifact.get("optional")) or says_where(artifact)


def _not_passed(workflow: Object, templates: dict[str, Object]) -> Iterator[WorkflowProblem]:
    """Yield what a workflow begins or ends with and lacks; who runs it would have to pass it."""
    path, spec = spec_of(workflow)
    if workflow.get("kind") not in _RUNS or "workflowTemplateRef" in spec:
        return
    for name in ("entrypoint", "onExit"):
        asked = spec.get(name)
        called = templates.get(asked, {}) if isinstance(asked, str) else {}
        for needed in needs_of(called, {"arguments": spec.get("arguments")}):
            yield WorkflowProblem(
                path=(*path, name),
                code="reference-parameter-missing",
                message=f"inputs.{needed} of template {asked!r} was not supplied",
                remedy="add it to `arguments`, or give it a default",
                severity=Severity.WARNING,
            )


def _nowhere(caller: Object, path: Path) -> Iterator[WorkflowProblem]:
    """Yield the artifacts that are passed and say not where their content lies.

    Only outputs are taken from what an expression gives, as with Argo.
    """
    for at, artifact in items_of(caller, ("arguments", "artifacts")):
        if not says_where({**artifact, "fromExpression": None}):
            told = f"the artifact {artifact.get('name')!r} is passed, and says not where it lies"
            yield broken((*path, *at), told, "write `from:`, or a location with its key")


def _outside(declared: Object, given: Object, path: Path) -> Iterator[WorkflowProblem]:
    allowed = declared.get("enum")
    if not isinstance(allowed, list) or not allowed:
        return
    texts = [_text(one) for one in allowed]
    for key in ("value", "default"):
        value = given.get(key)
        if value is None or _TAG in _text(value) or _text(value) in texts:
            continue
        yield WorkflowProblem(
            path=(*path, key),
            code="reference-parameter-outside",
            message=f"the parameter {given.get('name')!r} is none of its `enum`: {_text(value)!r}",
            remedy=f"write one of {', '.join(texts)}",
            late="templates" in path,
        )


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _endless(name: str, templates: dict[str, Object]) -> list[str]:
    """Return the way from a template back to it by calls that no condition ends.

    It is told of the one of them that is written first.
    """
    order = list(templates)
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for called in _always_called(templates.get(way[-1], {})):
            if called == name and order.index(name) == min(order.index(one) for one in way):
                return [*way, called]
            if called in templates and called not in seen:
                seen.add(called)
                ways.append([*way, called])
    return []


def _always_called(template: Object) -> Iterator[str]:
    for _, call in calls_of(template):
        if isinstance(call.get("template"), str) and not any(one in call for one in _CONDITIONS):
            yield call["template"]
