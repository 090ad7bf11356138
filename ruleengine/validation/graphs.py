"""Who waits for whom, found at commit time: tasks of a DAG, dependencies of a sensor.

Argo finds a task that does not exist or tasks that wait for each other when a workflow is
submitted; a sensor whose conditions name nothing never fires, and nobody is told.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ruleengine.model.documents import Derived, Form
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.places import Places
from ruleengine.model.references import Reference
from ruleengine.model.values import Object, Path, Value, lookup
from ruleengine.validation.references import OUTPUTS, TEMPLATE, suggestion
from ruleengine.validation.whereabouts import related_document, team_rule
from ruleengine.validation.workflow_problems import BROKEN, WorkflowProblem

_WORKFLOWS: Final = frozenset(
    {"ClusterWorkflowTemplate", "CronWorkflow", "Workflow", "WorkflowTemplate"}
)
_WAITING: Final = _WORKFLOWS | {"Sensor"}
_NAME: Final = re.compile(r"[^\s()&|!]+")
_TAG: Final = "{{"
_STARTING: Final = ("argoWorkflow", "k8s")


class TaskNeeds:
    """Which tasks of a DAG come before one. Where that is known when they run only: all."""

    def __init__(self, tasks: Sequence[Object]) -> None:
        self._needs: dict[str, tuple[str, ...]] = {}
        self._late = False
        for task in tasks:
            try:
                needs = _needs(task)
            except _ConditionError:
                needs, self._late = (), True  # what is wrong there is a finding of its own
            self._needs[str(task.get("name"))] = needs
            self._late = self._late or _TAG in str(
                task.get("depends") or task.get("dependencies") or ""
            )

    def before(self, name: str) -> frozenset[str]:
        """Return the names of all tasks before one."""
        if self._late:
            return frozenset(self._needs)
        found: set[str] = set()
        waiting = [name]
        while waiting:
            new = set(self._needs.get(waiting.pop(), ())) - found
            found |= new
            waiting += new
        return frozenset(found)


class _ConditionError(Exception):
    """A text that is no condition over tasks, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def check_graphs(derived: Iterable[Derived]) -> Iterator[Finding]:
    """Yield what waits for something that does not exist, or for itself."""
    for one in derived:
        value = one.object
        kind = value.get("kind")
        if value.get("apiVersion") != ARGO_API_VERSION or kind not in _WAITING:
            continue
        if kind == "Sensor":
            yield from _sensor(one)
        for path, workflow in _workflows(value):
            for at, dag in _dags(workflow, path):
                yield from _dag(one, at, dag)
        if value.get("kind") in _WORKFLOWS:
            yield from _workflow(one)


def output_reads(derived: Iterable[Derived]) -> Iterator[Reference]:
    """Yield pointers at what workflows read of templates that lie in other documents.

    Whether these are there is told by the pointers of the calls.
    """
    for one in derived:
        value = one.object
        if value.get("apiVersion") != ARGO_API_VERSION or value.get("kind") not in _WORKFLOWS:
            continue
        from ruleengine.validation.workflow_tags import outputs_read

        for read in outputs_read(value):
            place = _place(one, read.path)
            if place is None:
                continue
            cluster = read.reference.get("clusterScope") is True
            kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
            yield Reference(
                kind=TEMPLATE,
                namespace="" if cluster else str(value["metadata"].get("namespace") or ""),
                name=f"{kind}/{read.reference['name']}/{read.reference['template']}",
                place=place,
                passes={OUTPUTS[read.kind]: ((read.name, place),)},
                partial=True,
                optional=True,
            )


def _workflow(one: Derived) -> Iterator[Finding]:
    """Yield what is wrong in the texts, values and calls of a workflow."""
    from ruleengine.validation.workflow_calls import check_calls
    from ruleengine.validation.workflow_rules import check_rules
    from ruleengine.validation.workflow_tags import check_tags

    value = one.object
    for found in (*check_rules(value), *check_tags(value), *check_calls(value)):
        place = _place(one, found.path)
        if place is None and found.code == BROKEN:
            continue  # a built-in rule wrote it, and tells by itself what it cannot write well
        place = place or one.source.place()
        finding = _finding(found.code, found.message, found.remedy, place, one)
        yield replace(finding, severity=found.severity)


def spec_of(workflow: Object) -> tuple[Path, Object]:
    """Return the spec of a workflow, be it that of a schedule, and where it lies."""
    spec = lookup(workflow, "spec")
    path: Path = ("spec",)
    if isinstance(spec, dict) and isinstance(spec.get("workflowSpec"), dict):
        path, spec = (*path, "workflowSpec"), spec["workflowSpec"]
    return path, spec if isinstance(spec, dict) else {}


def _workflows(value: Object) -> Iterator[tuple[Path, Object]]:
    """Yield the object where it is a workflow, or those that a sensor starts."""
    if value.get("kind") in _WORKFLOWS:
        yield (), value
    for path, trigger in items_of(value, ("spec", "triggers")):
        for kind in _STARTING:
            inside = ("template", kind, "source", "resource")
            resource = lookup(trigger, *inside)
            if isinstance(resource, dict) and resource.get("kind") in _WORKFLOWS:
                yield (*path, *inside), resource


def _dags(workflow: Object, path: Path) -> Iterator[tuple[Path, list[Object]]]:
    for spec in (("spec",), ("spec", "workflowSpec")):
        for at, template in items_of(workflow, (*spec, "templates")):
            tasks = [task for _, task in items_of(template, ("dag", "tasks"))]
            if tasks:
                yield (*path, *at, "dag", "tasks"), tasks


def items_of(value: Value, path: Path) -> Iterator[tuple[Path, Object]]:
    """Yield path and value of every map in a list; other shapes are the schemas' matter."""
    found = value
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, list):
        return
    for index, one in enumerate(found):
        if isinstance(one, dict):
            yield (*path, index), one


def calls_of(template: Object) -> Iterator[tuple[Path, Object]]:
    """Yield path and value of every step of every group, or of every task."""
    groups = template.get("steps")
    for index, group in enumerate(groups if isinstance(groups, list) else ()):
        for at, call in items_of(group, ()):
            yield ("steps", index, *at), call
    yield from items_of(template, ("dag", "tasks"))


def _dag(one: Derived, path: Path, tasks: Sequence[Object]) -> Iterator[Finding]:
    for name, found in dag_problems(tasks):
        place = _place_of_task(one, (*path, *found.path), name)
        yield _finding(found.code, found.message, found.remedy, place, one)


def dag_problems(tasks: Sequence[Object]) -> Iterator[tuple[str, WorkflowProblem]]:
    """Yield what is wrong with what tasks wait for, each with the name of a task.

    The path of a problem begins with the number of the task.
    """
    names = {str(task.get("name")) for task in tasks}
    needs: dict[str, tuple[str, ...]] = {}
    paths: dict[str, Path] = {}
    for index, task in enumerate(tasks):
        name = str(task.get("name"))
        path = paths[name] = (index, "depends" if task.get("depends") else "dependencies")
        try:
            needs[name] = _needs(task)
        except _ConditionError as error:
            message = f"`depends` of task {name!r} is no condition: {error}"
            yield name, _problem(path, "reference-condition-invalid", message, error.hint)
            continue
        for needed in needs[name]:
            if needed not in names:
                message = f"task {name!r} waits for {needed!r}, and there is no such task beside it"
                remedy = suggestion(needed, names) or "correct the name, or add the task"
                yield name, _problem(path, "reference-task-missing", message, remedy)
    circle = circle_of(needs)
    if circle:
        message = f"tasks wait for each other, so none of them ever runs: {' → '.join(circle)}"
        if len(circle) == 2:
            message = f"task {circle[0]!r} waits for itself, so it never runs"
        first = circle[0]
        yield (
            first,
            _problem(paths[first], "reference-task-cycle", message, "remove one of the names"),
        )


def _problem(path: Path, code: str, message: str, remedy: str) -> WorkflowProblem:
    return WorkflowProblem(path=path, code=code, message=message, remedy=remedy)


def _needs(task: Object) -> tuple[str, ...]:
    """Return the names that a task waits for, as far as they are known before it runs.

    Raises ``_ConditionError``.
    """
    condition, names = task.get("depends"), task.get("dependencies")
    if isinstance(condition, str) and condition:
        return () if _TAG in condition else _named_in(condition)
    listed = names if isinstance(names, list) else ()
    return tuple(name for name in listed if isinstance(name, str) and _TAG not in name)


def _named_in(condition: str) -> tuple[str, ...]:
    # Late: few pipelines have conditions, and every commit waits for what is imported.
    from ruleengine.expressions import depends
    from ruleengine.expressions.language import ExpressionError

    try:
        return depends.compile(condition).tasks
    except ExpressionError as error:
        raise _ConditionError(error.message, error.hint) from error


def circle_of(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return who wait for each other, from the one that is written first around to it."""
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][:0:-1]
        first = circle.index(next(name for name in needs if name in circle))
        return [*circle[first:], *circle[: first + 1]]
    return []


def _sensor(one: Derived) -> Iterator[Finding]:
    names = {str(each.get("name")) for _, each in items_of(one.object, ("spec", "dependencies"))}
    for path, trigger in items_of(one.object, ("spec", "triggers")):
        at = (*path, "template", "conditions")
        conditions = lookup(trigger, *at[len(path) :])
        if isinstance(conditions, str):
            yield from _conditions(one, at, conditions, names)
        for inner, name in _dependencies_of(trigger, path):
            if name not in names:
                yield from _unknown(one, inner, name, names)


def _conditions(one: Derived, path: Path, text: str, names: set[str]) -> Iterator[Finding]:
    for name in dict.fromkeys(_NAME.findall(text)):
        if name not in names:
            yield from _unknown(one, path, name, names)
    if "!" in text:
        message = "conditions know `&&`, `||` and parentheses: a sensor with `!` never fires"
        remedy = "write which dependencies it needs"
        if place := _place(one, path):
            yield _finding("reference-condition-invalid", message, remedy, place, one)


def _unknown(one: Derived, path: Path, name: str, names: set[str]) -> Iterator[Finding]:
    message = f"{name!r} is no dependency of this sensor, so this never happens"
    remedy = suggestion(name, names) or "correct the name, or add the dependency"
    if place := _place(one, path):
        yield _finding("reference-dependency-missing", message, remedy, place, one)


def _dependencies_of(value: Value, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the dependencies that the parameters of a trigger take their values from."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _dependencies_of(inner, (*path, index))
    elif isinstance(value, dict):
        name = lookup(value, "src", "dependencyName")
        if isinstance(name, str):
            yield (*path, "src", "dependencyName"), name
        for key, inner in value.items():
            if key != "resource":
                yield from _dependencies_of(inner, (*path, key))


def _place_of_task(one: Derived, path: Path, task: str) -> Place:
    """Return where a task says what it waits for: in a short form, at the step's own key."""
    for at, step in items_of(one.source.value, ("steps",)):
        if step.get("name") == task:
            return one.source.place(*at, "depends" if "depends" in step else "needs")
    return _place(one, path) or one.source.place()


def _place(one: Derived, path: Path) -> Place | None:
    """Return where the document or a team's rule says it; nowhere if a built-in rule did."""
    places = Places(one.source)
    place = places.key(one.object, path)
    if place != places.whole or one.source.form is Form.FULL:
        return place
    return team_rule(one)


def _finding(code: str, message: str, remedy: str, place: Place, one: Derived) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code=code,
        message=message,
        remedy=remedy,
        place=place,
        related=related_document(one) if place == team_rule(one) else (),
    )
