"""Tags and expressions of workflows, as far as it is known at commit time what they name.

Argo tells of a tag that nothing stands for when a workflow is submitted, and of an expression
that cannot be read when the step is run that holds it (reference, Workflows 5 and 25). What only a
run knows (labels, what a caller passes) is let pass. What is read of templates of other documents
is found here, and looked up where these are known.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ruleengine.model.findings import Severity
from ruleengine.model.values import Object, Path, Value
from ruleengine.validation.graphs import TaskNeeds, calls_of, items_of, spec_of
from ruleengine.validation.workflow_names import Scope, Told, unresolved
from ruleengine.validation.workflow_outputs import (
    Known,
    OutputRead,
    declared_in,
    known_of,
    outputs_of,
)
from ruleengine.validation.workflow_problems import WorkflowProblem

if TYPE_CHECKING:
    from ruleengine.expressions.expr import Expression

_TAG: Final = "{{"
_EXPRESSIONS: Final = frozenset({"expression", "fromExpression"})
_READ: Final = _EXPRESSIONS | {"when"}
"""Fields that are read whole, without any tag in them."""

_ROOTS: Final = (
    *("workflow", "inputs", "outputs", "steps", "tasks", "item", "retries", "lastRetry"),
    *("node", "pod", "status", "duration", "exitCode", "resourcesDuration", "cronworkflow"),
    *("data", "request", "response"),
)
"""What the names of expressions begin with, somewhere in a workflow."""

_TEXTS: Final = ("inputs.parameters", "workflow.parameters")
"""Where every value is a text."""

_READY: Final = re.compile(r"\?\?|\?\.|\b(nil|in)\b")
"""What makes an expression ready for a name that is missing."""

_NOT_OF_SPEC: Final = frozenset({"metrics", "templateDefaults", "templates", "volumes"})
"""Fields of a spec whose tags are those of templates, or are replaced later."""

_LEFT: Final = frozenset({"metrics", "name"})
"""Fields of templates whose tags are not those of the template."""

_OF_GRAPH: Final = frozenset({"dependencies", "depends", "name"})
"""Fields of steps and tasks that :mod:`.graphs` looks at."""

_LOOPS: Final = ("withItems", "withParam", "withSequence")


def check_tags(workflow: Object, *, begins: bool = False) -> Iterator[WorkflowProblem]:
    """Yield what is wrong with the tags and expressions of a workflow.

    Of one that ``begins`` nobody adds labels and annotations any more.
    """
    found = _looked_through(workflow, known_of(workflow, begins=begins))
    return (one for one in found if isinstance(one, WorkflowProblem))


def outputs_read(workflow: Object) -> Iterator[OutputRead]:
    """Yield the outputs that a workflow reads of templates of other documents."""
    known = known_of(workflow)
    found = _looked_through(workflow, known) if known.calls_others else ()
    return (one for one in found if isinstance(one, OutputRead))


def _looked_through(workflow: Object, known: Known) -> Iterator[Told]:
    path, spec = spec_of(workflow)
    rest = {key: value for key, value in spec.items() if key not in _NOT_OF_SPEC}
    for one in _texts(rest, path, Scope(workflow=known)):  # left as they are, in Argo
        yield replace(one, late=True) if isinstance(one, WorkflowProblem) else one
    for where, template in items_of(spec, ("templates",)):
        yield from _template(template, (*path, *where), known)


def _template(template: Object, path: Path, workflow: Known) -> Iterator[Told]:
    scope = Scope(
        workflow=workflow,
        inputs=declared_in(template, "inputs", workflow.defaults),
        outputs=declared_in(template, "outputs", workflow.defaults),
        pod=not any(one in template for one in ("steps", "dag", "suspend")),
    )
    if "steps" in template or "dag" in template:
        yield from _calling(template, path, scope)
        return
    for key, value in template.items():
        if key not in _LEFT:
            yield from _texts(value, (*path, key), scope)


def _calling(template: Object, path: Path, scope: Scope) -> Iterator[Told]:
    """Yield what is wrong in a template of steps or tasks."""
    word = "steps" if "steps" in template else "tasks"
    calls = list(_steps(template) if word == "steps" else _tasks(template))
    outputs = {name: outputs_of(call, scope.workflow) for name, call, _, _ in calls}
    whole = replace(scope, word=word, visible=outputs)
    for name, call, where, before in calls:
        own = replace(
            whole,
            visible={one: outputs[one] for one in before if one in outputs},
            beside=frozenset(outputs),
            loops=any(loop in call for loop in _LOOPS),
        )
        at = (*path, *where)
        for key, value in call.items():
            if key == "inline" and isinstance(value, dict):
                yield from _template(value, (*at, key), scope.workflow)
            elif key in ("hooks", "onExit"):
                visible = {**own.visible, name: outputs[name]}
                yield from _texts(value, (*at, key), replace(own, visible=visible))
            elif key not in _OF_GRAPH:
                yield from _texts(value, (*at, key), own)
    for key in ("inputs", "outputs"):
        yield from _texts(template.get(key), (*path, key), whole)


_Call = tuple[str, Object, Path, frozenset[str]]
"""The name of a step or task, it, where it stands, and the names of those before it."""


def _steps(template: Object) -> Iterator[_Call]:
    before: frozenset[str] = frozenset()
    for _, group in groupby(calls_of(template), key=lambda one: one[0][1]):
        calls = [(str(call.get("name")), call, where) for where, call in group]
        for name, call, where in calls:
            yield name, call, where, before
        before |= {name for name, _, _ in calls}


def _tasks(template: Object) -> Iterator[_Call]:
    calls = list(items_of(template, ("dag", "tasks")))
    needs = TaskNeeds([call for _, call in calls])
    for where, call in calls:
        name = str(call.get("name"))
        yield name, call, where, needs.before(name)


def _texts(value: Value, path: Path, scope: Scope) -> Iterator[Told]:
    """Yield what is wrong in the texts of a value."""
    found: list[tuple[Path, str]] = []
    _collect(value, path, found)
    for at, text in found:
        yield from _text(text, at, scope)


def _collect(value: Value, path: Path, found: list[tuple[Path, str]]) -> None:
    """Note the texts that name something. Most do not, so nothing is made for those."""
    if isinstance(value, str):
        if _TAG in value or path[-1] in _READ:
            found.append((path, value))
        return
    items = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else items:
        if isinstance(one, dict | list) or (isinstance(one, str) and (_TAG in one or key in _READ)):
            _collect(one, (*path, key), found)


def _text(text: str, path: Path, scope: Scope) -> Iterator[Told]:
    if path[-1] in _EXPRESSIONS and _TAG not in text:
        yield from _expression(text, path, scope)
    elif path[-1] == "when" and _TAG not in text:
        yield from _condition(text, path)
    if _TAG not in text:
        return
    from ruleengine.expressions import tags
    from ruleengine.expressions.language import ExpressionError

    try:
        found = tags.compile(text).tags
    except ExpressionError as error:
        yield _invalid(path, error)
        return
    for tag in found:
        if tag.expression is not None:
            yield from _named(tag.expression, path, scope)
        elif _TAG not in tag.source and "manifest" not in path:
            yield from unresolved(tag.names[0], path, scope)


def _expression(text: str, path: Path, scope: Scope) -> Iterator[Told]:
    from ruleengine.expressions import expr
    from ruleengine.expressions.language import ExpressionError

    try:
        expression = expr.compile(text, expr.WORKFLOWS)
    except ExpressionError as error:
        yield _invalid(path, error)
        return
    yield from _named(expression, path, scope)


def _condition(text: str, path: Path) -> Iterator[WorkflowProblem]:
    from ruleengine.expressions import when
    from ruleengine.expressions.language import ExpressionError

    try:
        when.compile(text)
    except ExpressionError as error:
        yield _invalid(path, error)


def _invalid(path: Path, error: Exception) -> WorkflowProblem:
    hint = str(getattr(error, "hint", "") or "")
    message = f"this cannot be read: {getattr(error, 'message', error)}"
    return WorkflowProblem(
        path=path,
        code="reference-expression-invalid",
        message=message,
        remedy=hint or "correct the expression",
        late=True,
    )


def _named(expression: "Expression", path: Path, scope: Scope) -> Iterator[Told]:
    """Yield what an expression names that is not there to be named.

    Steps and tasks are waited for and never come. What else is missing leaves the tag as it
    is, or takes part as nil: where the text is ready for that, it may be meant so.
    """
    names = expression.names
    for name in names:
        word, _, rest = name.partition(".")
        if any(one.startswith(f"{name}.") for one in names) or not (rest or word == "item"):
            continue
        for one in unresolved(name, path, scope):
            if isinstance(one, OutputRead):
                yield one
            elif word == scope.word:
                yield replace(one, late=True)
            elif not _READY.search(expression.text):
                yield replace(one, severity=Severity.WARNING)
    for error in expression.faults(_TEXTS):
        yield WorkflowProblem(
            path=path,
            code="reference-expression-invalid",
            message=f"this fails whenever it is evaluated: {error.message}",
            remedy=error.hint or "correct the expression",
            late=True,
        )
    for error in expression.unknown(_ROOTS):
        yield WorkflowProblem(
            path=path,
            code="reference-tag-unresolved",
            message=f"an expression cannot find this: {error.message}",
            remedy=error.hint or "correct the name",
            severity=Severity.WARNING,
        )
