"""What each key of a short form stands for, as a field of the Argo kind that it becomes.

The rules make the objects (``rules/<folder>/``); this says the same key by key, so that a use
of a field can be told at the line where it is written.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ruleengine.apimachinery.facts import fields_of
from ruleengine.model.documents import Document
from ruleengine.model.values import Object, Path, Value


class Part(NamedTuple):
    """A value of a document, and the field of a kind that it is a value of."""

    kind: str
    field: str
    path: Path
    value: Value


_CRON: Final = "argoproj.io/workflows.CronWorkflowSpec"
_TEMPLATE: Final = "argoproj.io/workflows.Template"
_CONTAINER: Final = "core/v1.Container"
_SCRIPT: Final = "argoproj.io/workflows.ScriptTemplate"
_TRIGGER: Final = "argoproj.io/events.Trigger"
_ACTION: Final = "argoproj.io/events.TriggerTemplate"
_DEPENDENCY: Final = "argoproj.io/events.EventDependency"
_HTTP: Final = "argoproj.io/events.HTTPTrigger"
_CALLING: Final = frozenset({"inline", "template", "templateRef"})
_PLACING: Final = _CALLING | {
    "arguments",
    "continueOn",
    "depends",
    "hooks",
    "onExit",
    "when",
    "withItems",
    "withParam",
    "withSequence",
}
"""What a step says about its place in the pipeline; the rest is about its template."""

_OUTPUTS: Final = frozenset({"artifacts", "exitCode", "parameters", "result"})
_CALENDAR: Final = frozenset({"interval", "schedule", "timezone"})
_TAG: Final = "{{"

_SUBMIT: Final = "spec.triggers[].template.argoWorkflow"
_PATCH: Final = "spec.triggers[].template.k8s"
_ACTIONS: Final = {
    "abort": f"{_SUBMIT}.source.resource",
    "clusterScope": f"{_SUBMIT}.source.resource",
    "pipeline": f"{_SUBMIT}.source.resource",
    "promote": f"{_PATCH}.source.resource",
    "sync": f"{_PATCH}.source.resource",
    "on": "spec.triggers[].template.conditions",
}
"""What the words of an entry of ``do`` become."""


def parts_of(document: Document) -> Iterator[Part]:
    """Yield the parts of a short form in the four folders; nothing of other folders."""
    spell = _FOLDERS.get(document.folder)
    if spell is not None:
        yield from spell(document.value)


def _environment(value: Object) -> Iterator[Part]:
    for name, one in value.items():
        if name in fields_of("argoproj.io/cd.ApplicationSpec"):
            yield Part("Application", f"spec.{name}", (name,), one)


def _rollout(value: Object) -> Iterator[Part]:
    for name, one in value.items():
        if name in fields_of("argoproj.io/rollouts.RolloutSpec"):
            yield Part("Rollout", f"spec.{name}", (name,), one)


def _pipeline(value: Object) -> Iterator[Part]:
    cron = "schedules" in value
    kind, spec = ("CronWorkflow", "spec.workflowSpec") if cron else ("WorkflowTemplate", "spec")
    for name, one in value.items():
        if name == "parameters":
            yield from _parameters(Part(kind, f"{spec}.arguments.parameters", (name,), one))
        elif name == "steps":
            for index, step in enumerate(one if isinstance(one, list) else ()):
                if isinstance(step, dict):
                    yield from _step(Part(kind, spec, (name, index), step), value)
        elif cron and name in fields_of(_CRON):
            yield Part(kind, f"spec.{name}", (name,), one)
        elif name in fields_of("argoproj.io/workflows.WorkflowSpec"):
            yield Part(kind, f"{spec}.{name}", (name,), one)


def _parameters(part: Part) -> Iterator[Part]:
    """Yield parameters: a list of Argo's, or a map of names to defaults."""
    kind, field, path, value = part
    if not isinstance(value, dict):
        yield part
        return
    for name, default in value.items():
        if isinstance(default, dict):
            yield Part(kind, f"{field}[]", (*path, name), default)
        else:
            own = "name" if default is None else "value"
            yield Part(kind, f"{field}[].{own}", (*path, name), default)


def _step(part: Part, pipeline: Object) -> Iterator[Part]:
    kind, spec, path, step = part
    steps = [one for one in pipeline["steps"] if isinstance(one, dict)]
    by_depends = any("depends" in one for one in steps)
    graph = by_depends or any("needs" in one for one in steps)
    place = f"{spec}.templates[].dag.tasks[]" if graph else f"{spec}.templates[].steps[][]"
    template = f"{spec}.templates[]"
    body = f"{template}.{'script' if 'run' in step else 'container'}"
    called = bool(_CALLING & step.keys())
    for name, value in step.items():
        at = (*path, name)
        if name == "run":
            yield Part(kind, f"{template}.script.source", at, value)
        elif name == "needs":
            needed = "depends" if by_depends else "dependencies"
            yield Part(kind, f"{place}.{needed}", at, value)
        elif name == "name":
            yield Part(kind, f"{place if called else template}.name", at, value)
        elif name == "env" and isinstance(value, dict):
            yield from _variables(Part(kind, f"{body}.env[]", at, value))
        elif name == "outputs" and isinstance(value, dict) and not _OUTPUTS & value.keys():
            field = f"{template}.outputs.parameters[].valueFrom.path"
            yield from (Part(kind, field, (*at, one), file) for one, file in value.items())
        elif name in _PLACING:
            yield Part(kind, f"{place}.{name}", at, value)
        elif name in fields_of(_SCRIPT if "run" in step else _CONTAINER):
            yield Part(kind, f"{body}.{name}", at, value)
        elif name in fields_of(_TEMPLATE):
            yield Part(kind, f"{template}.{name}", at, value)


def _variables(part: Part) -> Iterator[Part]:
    kind, field, path, value = part
    for name, content in value.items():
        inner = field if isinstance(content, dict) else f"{field}.value"
        yield Part(kind, inner, (*path, name), content)


def _trigger(value: Object) -> Iterator[Part]:
    for name, one in value.items():
        if name == "eventBusName":
            yield Part("EventSource", "spec.eventBusName", (name,), one)
            yield Part("Sensor", "spec.eventBusName", (name,), one)
        elif name in ("eventSource", "sensor") and isinstance(one, dict):
            kind = "Sensor" if name == "sensor" else "EventSource"
            known = fields_of(f"argoproj.io/events.{kind}Spec")
            for key, inner in one.items():
                if key in known:
                    yield Part(kind, f"spec.{key}", (name, key), inner)
        elif name == "on" and isinstance(one, dict):
            for event, entry in one.items():
                yield from _event((name, event), entry)
        elif name == "do" and isinstance(one, list):
            for index, entry in enumerate(one):
                yield from _action((name, index), entry)


def _event(path: Path, entry: Value) -> Iterator[Part]:
    for name, value in entry.items() if isinstance(entry, dict) else ():
        at = (*path, name)
        if name in _CALENDAR:
            yield Part("EventSource", f"spec.calendar{{}}.{name}", at, value)
        elif name in fields_of(_DEPENDENCY):
            yield Part("Sensor", f"spec.dependencies[].{name}", at, value)
        elif name in fields_of("argoproj.io/events.EventSourceSpec"):
            yield Part("EventSource", f"spec.{name}{{}}", at, value)


def _action(path: Path, entry: Value) -> Iterator[Part]:
    for name, value in entry.items() if isinstance(entry, dict) else ():
        at = (*path, name)
        if name == "parameters" and isinstance(value, dict):
            yield from _bindings(Part("Sensor", _SUBMIT, at, value))
        elif name == "publish" and isinstance(value, dict):
            for kind, inner in value.items():
                if kind in fields_of(_ACTION):
                    yield Part("Sensor", f"spec.triggers[].template.{kind}", (*at, kind), inner)
        elif name == "http" and isinstance(value, dict):
            yield from _request(at, value)
        elif name in _ACTIONS:
            yield Part("Sensor", _ACTIONS[name], at, value)
        elif name in fields_of(_ACTION):
            yield Part("Sensor", f"spec.triggers[].template.{name}", at, value)
        elif name in fields_of(_TRIGGER):
            yield Part("Sensor", f"spec.triggers[].{name}", at, value)


def _request(path: Path, value: Object) -> Iterator[Part]:
    """Yield an HTTP call, whose payload may be a map of fields to values or templates."""
    field = "spec.triggers[].template.http"
    for name, one in value.items():
        if name == "payload" and isinstance(one, dict):
            yield from _bindings(Part("Sensor", field, (*path, name), one), "payload")
        elif name in fields_of(_HTTP):
            yield Part("Sensor", f"{field}.{name}", (*path, name), one)


def _bindings(part: Part, listed: str = "parameters") -> Iterator[Part]:
    """Yield a map of names to what is taken from the event, or to what is always the same."""
    kind, field, path, value = part
    for name, content in value.items():
        at = (*path, name)
        if isinstance(content, dict):
            yield Part(kind, f"{field}.{listed}[].src", at, content)
        elif _TAG in str(content):
            yield Part(kind, f"{field}.{listed}[].src.dataTemplate", at, content)
        elif listed == "payload":
            yield Part(kind, f"{field}.{listed}[].src.value", at, content)
        else:
            yield Part(kind, f"{field}.source.resource", at, content)


_FOLDERS: Final[dict[str, Callable[[Object], Iterator[Part]]]] = {
    "environments": _environment,
    "pipelines": _pipeline,
    "rollouts": _rollout,
    "triggers": _trigger,
}
