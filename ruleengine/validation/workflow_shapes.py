"""What a schema would have told of a workflow, had whoever wrote it to a server asked one.

Argo looks at these once more before it begins one (reference, Workflows 25); at commit time they
are the schema's matter.
"""

import re
from collections.abc import Iterator
from typing import Final

from ruleengine.model.values import Object, Path, Value, lookup
from ruleengine.validation.graphs import calls_of, items_of, spec_of
from ruleengine.validation.workflow_problems import WorkflowProblem, broken

_TAG: Final = "{{"
_NAME: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}")
_VARIABLE: Final = re.compile(r"[-a-zA-Z0-9_]+")
_ACTIONS: Final = ("get", "create", "apply", "delete", "replace", "patch")
_STRATEGIES: Final = (
    *("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"),
)
_SOURCES: Final = ("path", "jsonPath", "jqFilter", "parameter", "expression")
_VALUED: Final = ("gauge", "counter", "histogram")


def check_shapes(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield what has a shape that Argo refuses to begin with."""
    path, spec = spec_of(workflow)
    yield from _one_of(lookup(spec, "podGC", "strategy"), (*path, "podGC", "strategy"), _STRATEGIES)
    for where, template in items_of(spec, ("templates",)):
        at = (*path, *where)
        yield from _named(template, at, _NAME)
        action = lookup(template, "resource", "action")
        yield from _one_of(action, (*at, "resource", "action"), _ACTIONS)
        for inner, call in calls_of(template):
            yield from _named(call, (*at, *inner), _NAME)
            yield from _together(call, (*at, *inner), "withSequence", ("count", "end"))
        for inner, one in _variables(template):
            yield from _named(one, (*at, *inner), _VARIABLE)
            yield from _together(one, (*at, *inner), "valueFrom", _SOURCES)
        yield from _metrics(template, at)


def _variables(template: Object) -> Iterator[tuple[Path, Object]]:
    for what in ("inputs", "outputs"):
        for kind in ("parameters", "artifacts"):
            yield from items_of(template, (what, kind))


def _named(owner: Object, path: Path, form: re.Pattern[str]) -> Iterator[WorkflowProblem]:
    name = owner.get("name")
    if isinstance(name, str) and name and _TAG not in name and not form.fullmatch(name):
        remedy = f"write letters, digits and '-'{' and _' if form is _VARIABLE else ''}"
        yield broken((*path, "name"), f"{name!r} is no name", remedy)


def _one_of(value: Value, path: Path, known: tuple[str, ...]) -> Iterator[WorkflowProblem]:
    if isinstance(value, str) and value and _TAG not in value and value not in known:
        yield broken(path, f"{value!r} is not known here", f"write {' or '.join(known)}")


def _together(
    owner: Object, path: Path, field: str, exclusive: tuple[str, ...]
) -> Iterator[WorkflowProblem]:
    stated = owner.get(field)
    given = [one for one in exclusive if isinstance(stated, dict) and stated.get(one) is not None]
    if len(given) > 1:
        told = f"{' and '.join(map(repr, given))} exclude one another"
        yield broken((*path, field), told, "keep one of them")


def _metrics(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    for at, metric in items_of(template, ("metrics", "prometheus")):
        for kind in _VALUED:
            if isinstance(metric.get(kind), dict) and metric[kind].get("value") in (None, ""):
                yield broken((*path, *at, kind), f"a {kind} needs a value", "write `value:`")
