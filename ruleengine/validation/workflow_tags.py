"""Tags and expressions of workflows, as far as it is known at commit time what they name.

Argo tells of a tag that nothing stands for when a workflow is submitted, and of an expression
that cannot be read when the step is run that holds it (reference, Workflows 5 and 25). What only a
run knows (labels, what a caller passes) is let pass. What is read of templates of other documents
is found here, and looked up where these are known.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ruleengine.model.findings import Severity
from ruleengine.model.values import Object, Path, Value
from ruleengine.validation.graphs import TaskNeeds, calls_of, items_of, spec_of
from ruleengine.validation.references import suggestion
from ruleengine.validation.workflow_outputs import (
    Declared,
    Elsewhere,
    Known,
    Made,
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

_OF_WORKFLOW: Final = (
    *("name", "namespace", "uid", "serviceAccountName", "mainEntrypoint", "priority"),
    *("creationTimestamp", "scheduledTime", "duration", "status", "failures"),
    *("parameters", "labels", "annotations", "outputs"),
)
_OF_STEP: Final = (
    *("id", "ip", "status", "exitCode", "startedAt", "finishedAt", "hostNodeName", "outputs"),
)
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

_OUTPUT: Final = ("outputs", "kind", "name")
"""What follows the name of a step in a tag of one of its outputs."""

_LOOPS: Final = ("withItems", "withParam", "withSequence")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What may be named at a place.

    ``word`` is ``steps`` or ``tasks``; ``visible`` are those that are over by then with what
    they declare as outputs (``None``: unknown), ``beside`` the others of the same template.
    ``pod`` tells whether there is one.
    """

    workflow: Known
    inputs: Declared | None = None
    outputs: Declared = field(default_factory=dict)
    word: str = ""
    visible: Mapping[str, Made] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    loops: bool = False
    pod: bool = True


def check_tags(workflow: Object) -> Iterator[WorkflowProblem]:
    """Yield what is wrong with the tags and expressions of a workflow."""
    found = _looked_through(workflow, known_of(workflow))
    return (one for one in found if isinstance(one, WorkflowProblem))


def outputs_read(workflow: Object) -> Iterator[OutputRead]:
    """Yield the outputs that a workflow reads of templates of other documents."""
    known = known_of(workflow)
    found = _looked_through(workflow, known) if known.calls_others else ()
    return (one for one in found if isinstance(one, OutputRead))


_Told = WorkflowProblem | OutputRead


def _looked_through(workflow: Object, known: Known) -> Iterator[_Told]:
    path, spec = spec_of(workflow)
    rest = {key: value for key, value in spec.items() if key not in _NOT_OF_SPEC}
    yield from _texts(rest, path, _Scope(workflow=known))
    for where, template in items_of(spec, ("templates",)):
        yield from _template(template, (*path, *where), known)


def _template(template: Object, path: Path, workflow: Known) -> Iterator[_Told]:
    scope = _Scope(
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


def _calling(template: Object, path: Path, scope: _Scope) -> Iterator[_Told]:
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


def _texts(value: Value, path: Path, scope: _Scope) -> Iterator[_Told]:
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


def _text(text: str, path: Path, scope: _Scope) -> Iterator[_Told]:
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
            yield from _unresolved(tag.names[0], path, scope)


def _expression(text: str, path: Path, scope: _Scope) -> Iterator[_Told]:
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


def _named(expression: "Expression", path: Path, scope: _Scope) -> Iterator[_Told]:
    """Yield what an expression names that is not there to be named.

    Steps and tasks are waited for and never come. What else is missing leaves the tag as it
    is, or takes part as nil: where the text is ready for that, it may be meant so.
    """
    names = expression.names
    for name in names:
        word, _, rest = name.partition(".")
        if any(one.startswith(f"{name}.") for one in names) or not (rest or word == "item"):
            continue
        for one in _unresolved(name, path, scope):
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


def _unresolved(name: str, path: Path, scope: _Scope) -> Iterator[_Told]:
    """Yield why nothing stands for a tag; nothing where something does, or may later."""
    word, _, rest = name.partition(".")
    match word:
        case "inputs" | "outputs":
            found = _of_template(word, rest, scope)
        case "steps" | "tasks":
            yield from _read_elsewhere(rest, path, scope)
            found = _of_others(word, rest, scope)
        case "item":
            found = ("", "loop over something with `withItems`, `withParam` or `withSequence`")
            found = () if scope.loops or not scope.word else found
        case "workflow":
            found = _of_workflow(rest, scope.workflow)
        case "pod":
            found = _of_pod(rest, scope)
        case _:
            found = ()
    if found:
        why, remedy = found
        message = f"nothing stands for {{{{{name}}}}}{why and ': '}{why}"
        yield WorkflowProblem(
            path=path, code="reference-tag-unresolved", message=message, remedy=remedy
        )


_Found = tuple[()] | tuple[str, str]
"""Why nothing stands for a tag, and the remedy; nothing where that is fine."""


def _of_template(word: str, rest: str, scope: _Scope) -> _Found:
    declared = scope.inputs if word == "inputs" else scope.outputs
    kind, _, name = rest.partition(".")
    if declared is None or kind not in declared or not name:
        return ()
    known = declared[kind]
    own = name.removesuffix(".path")
    if own in known or name in known or (word == "outputs" and own == name):
        return ()
    noun = f"{word[:-1]} {kind[:-1]}"
    remedy = suggestion(own, known) or f"correct the name, or declare it in `{word}.{kind}`"
    return f"the template declares no {noun} {own!r}", remedy


def _of_others(word: str, rest: str, scope: _Scope) -> _Found:
    noun = word[:-1]
    name, _, what = rest.partition(".")
    if rest == "name":
        return ()
    if word != scope.word:
        if not scope.word and scope.inputs is None:
            return ()
        return f"{word} are known where {word} are listed only", "pass the value as a parameter"
    if name not in scope.visible:
        if name in scope.beside:
            why = f"the {noun} {name!r} is not over by then"
            needed = "put it into an earlier group" if noun == "step" else "depend on it"
            return why, needed
        known = {*scope.visible, *scope.beside}
        remedy = suggestion(name, known) or f"correct the name, or add the {noun}"
        return f"there is no {noun} {name!r} in this template", remedy
    return _of_outputs(name, what, scope.visible[name])


def _read_elsewhere(rest: str, path: Path, scope: _Scope) -> Iterator[OutputRead]:
    step, _, what = rest.partition(".")
    made = scope.visible.get(step)
    words = what.split(".")
    if not isinstance(made, Elsewhere) or words[0] != "outputs" or len(words) < len(_OUTPUT):
        return
    _, kind, name, *_ = words
    if name not in made.declared.get(kind, (name,)):
        yield OutputRead(path=path, reference=made.reference, kind=kind, name=name)


def _of_outputs(step: str, what: str, made: Made) -> _Found:
    declared = None if isinstance(made, Elsewhere) else made
    first, _, rest = what.partition(".")
    kind, _, name = rest.partition(".")
    if first not in _OF_STEP and what:
        return f"a step has no {first!r}", suggestion(first, _OF_STEP) or "correct the name"
    if first != "outputs" or declared is None or kind not in declared or not name:
        return ()
    if name in declared[kind] or name.partition(".")[0] in declared[kind]:
        return ()
    remedy = (
        suggestion(name, declared[kind]) or f"correct the name, or declare it in `outputs.{kind}`"
    )
    return f"the template of {step!r} declares no output {kind[:-1]} {name!r}", remedy


def _of_pod(rest: str, scope: _Scope) -> _Found:
    if rest != "name":
        return f"a pod has no {rest!r}", suggestion(rest, ("name",)) or "only its `name` is known"
    return () if scope.pod else ("there is no pod here", "write it in the template that has one")


def _of_workflow(rest: str, workflow: Known) -> _Found:
    first, _, name = rest.partition(".")
    if first not in _OF_WORKFLOW:
        remedy = suggestion(first, _OF_WORKFLOW) or "correct the name"
        return f"a workflow has no {first!r}", remedy
    known = workflow.parameters | {"", "json"}
    if first == "parameters" and name not in known and not workflow.open:
        remedy = suggestion(name, workflow.parameters) or "add it to `arguments.parameters`"
        return f"the workflow has no parameter {name!r}", remedy
    kind, _, shared = name.partition(".")
    if first == "outputs" and shared and not workflow.calls_others and kind in workflow.shared:
        shares = workflow.shared[kind]
        if not workflow.open and shared not in shares:
            remedy = suggestion(shared, shares) or "give an output that name as `globalName`"
            return f"no output has the global name {shared!r}", remedy
    return ()
