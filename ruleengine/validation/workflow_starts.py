"""What keeps a workflow from beginning: rules that Argo holds it to before anything of it runs.

Whoever writes a workflow to an API server has asked nobody before (reference, Workflows 25).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ruleengine.model.findings import Severity
from ruleengine.model.values import Object, Path, Value, format_path, lookup
from ruleengine.validation.graphs import calls_of, dag_problems, items_of, spec_of
from ruleengine.validation.workflow_calls import check_calls, needs_of
from ruleengine.validation.workflow_problems import WorkflowProblem, broken
from ruleengine.validation.workflow_rules import check_rules
from ruleengine.validation.workflow_shapes import check_shapes
from ruleengine.validation.workflow_tags import check_tags
from ruleengine.validation.workflow_template_rules import TYPES

_TAG: Final = "{{"
_LISTS: Final = frozenset(
    {
        *("artifacts", "containers", "env", "initContainers", "parameters", "sidecars", "steps"),
        *("tasks", "templates", "volumes"),
    }
)
"""Lists of what is found by its name. Steps lie in groups, of which each is a list of them."""

_FREE: Final = frozenset({"plugin", "withItems"})
"""Fields of any shape."""


def invalidity(workflow: Object) -> str:
    """Return why a workflow cannot begin; empty where it can.

    Its spec is the effective one: over that of the template it is made of.
    """
    for found in _problems(workflow):
        if found.severity is Severity.ERROR and not found.late:
            return f"{format_path(found.path)}: {found.message}"
    return ""


def _problems(workflow: Object) -> Iterator[WorkflowProblem]:
    yield from _nameless(*spec_of(workflow))
    yield from _typeless(*spec_of(workflow))
    yield from _missing(workflow)
    yield from _not_supplied(workflow)
    yield from check_rules(workflow)
    yield from check_shapes(workflow)
    yield from _waiting(workflow)
    yield from check_calls(workflow)
    yield from check_tags(workflow, begins=True)


def _nameless(path: Path, value: Value, *, named: bool = False) -> Iterator[WorkflowProblem]:
    """Yield what has no name at and below a value; ``named``: the items of a list need one."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            if named and isinstance(one, dict) and not one.get("name"):
                yield broken((*path, index), "'name' is missing", "add it")
            yield from _nameless((*path, index), one, named=named and isinstance(one, list))
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in _FREE:
                yield from _nameless((*path, key), one, named=key in _LISTS)


def _typeless(path: Path, spec: Object) -> Iterator[WorkflowProblem]:
    """Yield templates of no type, and of several."""
    defaults = spec.get("templateDefaults")
    if isinstance(defaults, dict) and not defaults.keys().isdisjoint(TYPES):
        return
    for where, template in items_of(spec, ("templates",)):
        kinds = [one for one in TYPES if template.get(one) is not None]
        if len(kinds) != 1:
            told = f"a template is of one type, and this is {' and '.join(kinds) or 'of none'}"
            yield broken((*path, *where), told, f"write one of {', '.join(TYPES)}")


def _missing(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield who names a template of the workflow that is not there."""
    path, spec = spec_of(workflow)
    names = [template.get("name") for _, template in items_of(spec, ("templates",))]
    for at, name in _named(spec):
        if isinstance(name, str) and name and _TAG not in name and name not in names:
            yield broken((*path, *at), f"there is no template {name!r}", "add it")


def _named(spec: Object) -> Iterator[tuple[Path, Value]]:
    yield ("entrypoint",), spec.get("entrypoint")
    yield from _ending(spec, ())
    for where, template in items_of(spec, ("templates",)):
        for at, call in calls_of(template):
            yield (*where, *at, "template"), call.get("template")
            yield from _ending(call, (*where, *at))


def _ending(owner: Object, path: Path) -> Iterator[tuple[Path, Value]]:
    """Yield the templates of hooks."""
    yield (*path, "onExit"), owner.get("onExit")
    hooks = owner.get("hooks")
    for name, hook in (hooks if isinstance(hooks, dict) else {}).items():
        if isinstance(hook, dict):
            yield (*path, "hooks", name, "template"), hook.get("template")


def _not_supplied(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield who calls a template of the workflow without a value that it needs."""
    path, spec = spec_of(workflow)
    templates = {str(one.get("name")): one for _, one in items_of(spec, ("templates",))}
    for at, call in _callers(spec):
        asked, inline = call.get("template"), call.get("inline")
        called = templates.get(asked, {}) if isinstance(asked, str) else {}
        for needed in needs_of(inline if isinstance(inline, dict) else called, call):
            of = "" if isinstance(inline, dict) else f" of template {asked!r}"
            yield broken((*path, *at), f"inputs.{needed}{of} was not supplied", "pass it")


def _callers(spec: Object) -> Iterator[tuple[Path, Object]]:
    """Yield who calls a template: workflow, exit handler, steps and tasks; no other hooks."""
    for name in ("entrypoint", "onExit"):
        yield (name,), {"arguments": spec.get("arguments"), "template": spec.get(name)}
    for where, template in items_of(spec, ("templates",)):
        for at, call in calls_of(template):
            yield (*where, *at), call


def _waiting(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield which tasks wait for what never comes, and DAGs without any."""
    path, spec = spec_of(workflow)
    for where, template in items_of(spec, ("templates",)):
        if template.get("dag") is not None and not lookup(template, "dag", "tasks"):
            yield broken((*path, *where), "a DAG must have at least one task", "add one")
        for _, found in dag_problems([task for _, task in items_of(template, ("dag", "tasks"))]):
            yield replace(found, path=(*path, *where, "dag", "tasks", *found.path))
