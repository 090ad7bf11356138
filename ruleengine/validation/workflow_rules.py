"""What a workflow is held to as a whole before it runs (reference, Workflows 25).

Its shape is the schema's matter; here are the rules over several fields, in the order of the
spec. Argo tells of them when a workflow is submitted.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from ruleengine.model.values import Object, Path, Value, lookup
from ruleengine.validation.graphs import calls_of, items_of, spec_of
from ruleengine.validation.workflow_problems import WorkflowProblem, broken
from ruleengine.validation.workflow_template_rules import check_template

_MOST_PARAMETERS: Final = 500
_LONGEST_NAME: Final = 63
_NAMED: Final = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate")
_OF_WORKFLOWS: Final = ("configMapKeyRef", "supplied")
_OF_CALLS: Final = ("configMapKeyRef",)
_RESOURCES: Final = ("cpu", "memory", "hugepages-")
_LIVE: Final = ("{{duration}}", "{{workflow.duration}}")
_ARTIFACT: Final = re.compile(r"[-a-zA-Z0-9_]+")
_TAG: Final = "{{"


def check_rules(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield which rules a workflow breaks."""
    path, spec = spec_of(workflow)
    if workflow.get("kind") == "CronWorkflow":
        yield from _schedules(workflow)
    name = lookup(workflow, "metadata", "name")
    if workflow.get("kind") in _NAMED and isinstance(name, str) and len(name) > _LONGEST_NAME:
        told = f"the name has more than the {_LONGEST_NAME} letters that it may have"
        yield broken(("metadata", "name"), told, "shorten it")
    runs = workflow.get("kind") in ("Workflow", "CronWorkflow")
    if runs and not spec.get("entrypoint") and "workflowTemplateRef" not in spec:
        yield broken(path, "a workflow needs an `entrypoint`", "name the template to begin with")
    yield from _twice(spec, path, ("templates",))
    yield from parameters_of(spec, path, "arguments")
    yield from _sources(spec, path, "arguments", _OF_WORKFLOWS)
    yield from _hooks(spec, path)
    yield from _resources(spec, path)
    yield from _metrics(spec, path)
    for where, template in items_of(spec, ("templates",)):
        at = (*path, *where)
        for what in ("inputs", "outputs"):
            yield from parameters_of(template, at, what)
        yield from _sources(template, at, "inputs", _OF_CALLS)
        yield from _resources(template, at)
        yield from _metrics(template, at)
        yield from _calls(template, at)
        yield from check_template(template, at, lookup(spec, "templateDefaults", default={}))


def _schedules(workflow: Object) -> Iterator[WorkflowProblem]:
    from ruleengine.expressions import cron
    from ruleengine.expressions.language import ExpressionError

    zone = str(lookup(workflow, "spec", "timezone", default=""))
    stated = lookup(workflow, "spec", "schedules")
    found: list[tuple[Path, Value]] = [
        (("spec", "schedules", index), one)
        for index, one in enumerate(stated if isinstance(stated, list) else ())
    ]
    if only := lookup(workflow, "spec", "schedule"):
        found.append((("spec", "schedule"), only))
    for path, one in found:
        try:
            cron.compile(str(one))
        except ExpressionError as error:
            yield broken(path, f"{one!r} is no schedule: {error.message}", error.hint)
    if zone:
        try:
            cron.compile(f"CRON_TZ={zone} * * * * *")
        except ExpressionError:
            yield broken(
                ("spec", "timezone"),
                f"there is no time zone {zone!r}",
                "write one of the IANA database, such as Europe/Berlin",
            )


def _twice(owner: Object, path: Path, where: tuple[str, ...]) -> Iterator[WorkflowProblem]:
    yield from named_twice([((*path, *at), one) for at, one in items_of(owner, where)])


def named_twice(named: list[tuple[Path, Object]]) -> Iterator[WorkflowProblem]:
    """Yield who has the name of another before it."""
    seen: Counter[str] = Counter()
    for path, one in named:
        name = str(one.get("name"))
        seen[name] += 1
        if seen[name] == 2 and one.get("name") is not None:
            remedy = "give each a name of its own"
            yield broken((*path, "name"), f"another one here has the name {name!r}", remedy)


def parameters_of(owner: Object, path: Path, what: str) -> Iterator[WorkflowProblem]:
    """Yield what is wrong with the names and the number of parameters and artifacts."""
    if what not in owner:
        return
    for kind in ("parameters", "artifacts"):
        yield from _twice(owner, path, (what, kind))
    for at, one in items_of(owner, (what, "artifacts")):
        name = str(one.get("name"))
        if _TAG not in name and not _ARTIFACT.fullmatch(name):
            told = f"{name!r} is no name of an artifact"
            yield broken((*path, *at, "name"), told, "write letters, digits, '-' and '_'")
    count = len(list(items_of(owner, (what, "parameters"))))
    if count > _MOST_PARAMETERS:
        yield broken(
            (*path, what, "parameters"),
            f"{count} parameters are more than the {_MOST_PARAMETERS} that may be",
            "pass several values as one, in JSON for instance",
        )


def _sources(
    owner: Object, path: Path, what: str, known: tuple[str, ...]
) -> Iterator[WorkflowProblem]:
    """Yield parameters that are taken from where there is nothing to take before a step ran."""
    for at, one in items_of(owner, (what, "parameters")):
        source = one.get("valueFrom")
        for name in source if isinstance(source, dict) else ():
            if name not in (*known, "default"):
                words = " or ".join(f"`{word}`" for word in known)
                told = f"nothing is taken from `{name}` here: that is for outputs"
                yield broken(
                    (*path, *at, "valueFrom", name),
                    told,
                    f"write `value:`, or {words} in its place",
                )


def _calls(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    """Yield what is wrong with the names, arguments and hooks of steps and tasks."""
    calls = [((*path, *at), one) for at, one in calls_of(template)]
    yield from named_twice(calls)
    for at, one in calls:
        yield from _hooks(one, at)
        yield from _sources(one, at, "arguments", _OF_CALLS)
        for where, given in items_of(one, ("arguments", "parameters")):
            if not any(given.get(name) is not None for name in ("value", "valueFrom", "default")):
                told = f"the argument {given.get('name')!r} has no value"
                yield broken((*at, *where), told, "write `value:`, or leave it out")


def _hooks(owner: Object, path: Path) -> Iterator[WorkflowProblem]:
    hooks = owner.get("hooks")
    for name, hook in (hooks if isinstance(hooks, dict) else {}).items():
        if not isinstance(hook, dict):
            continue
        if not hook.get("template") and not hook.get("templateRef"):
            told = f"the hook {name!r} calls nothing"
            yield broken((*path, "hooks", name), told, "name what it runs as `template`")
        if name != "exit" and not hook.get("expression"):
            yield broken(
                (*path, "hooks", name),
                f"the hook {name!r} has no expression, so it never runs",
                "say in `expression` when it runs, or call it `exit` if that is at the end",
            )


def _resources(owner: Object, path: Path) -> Iterator[WorkflowProblem]:
    if "podResources" not in owner:
        return
    for kind in ("requests", "limits"):
        stated = lookup(owner, "podResources", kind)
        for name in stated if isinstance(stated, dict) else ():
            if not str(name).startswith(_RESOURCES):
                yield broken(
                    (*path, "podResources", kind, name),
                    f"a pod as a whole has no {name!r}",
                    "state it at the container: pods have cpu, memory and huge pages",
                )


def _metrics(owner: Object, path: Path) -> Iterator[WorkflowProblem]:
    for at, metric in items_of(owner, ("metrics", "prometheus")):
        where = (*path, *at)
        if metric.get("help") == "":
            yield broken((*where, "help"), "a metric needs help", "say what it tells")
        gauge = metric.get("gauge")
        if not isinstance(gauge, dict) or not gauge.get("realtime"):
            continue
        value = str(gauge.get("value"))
        if value.replace(" ", "") not in _LIVE:
            yield broken(
                (*where, "gauge", "value"),
                "in real time only a duration is known",
                f"write {' or '.join(_LIVE)}, or leave out `realtime`",
                late="resourcesDuration." not in value,
            )
