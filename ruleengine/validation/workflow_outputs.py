"""What a workflow's steps make, as far as its document says it: for the tags that read it.

What a template of another document makes is not known here; who reads it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ruleengine.model.values import Object, Path, Value, lookup
from ruleengine.validation.graphs import items_of, spec_of

_TAG: Final = "{{"
_MARKS: Final = ("labels", "annotations")
_MADE: Final = {"labels": "labels", "labelsFrom": "labels", "annotations": "annotations"}
"""What `workflowMetadata` adds, by its fields."""

Declared = Mapping[str, frozenset[str]]
"""Names by ``parameters`` and ``artifacts``."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a step makes whose template lies in another document; ``declared`` comes on top."""

    reference: Object
    declared: Declared


Made = Declared | Elsewhere | None
"""What a step declares as outputs; ``None``: unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRead:
    """An output, by ``parameters`` or ``artifacts``, that is read where ``path`` says.

    ``reference`` is the ``templateRef`` of the step or task that is to make it.
    """

    path: Path
    reference: Object
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a workflow. ``open`` says that others may give it more parameters.

    ``marks`` are its labels and annotations, empty where others may still add some.
    """

    parameters: frozenset[str]
    marks: Declared
    shared: Declared
    open: bool
    calls_others: bool
    templates: Mapping[str, Object]
    defaults: Object


def known_of(workflow: Object, *, begins: bool = False) -> Known:
    """Return what a workflow, or a template of one, says of itself; ``begins``: for good."""
    kind, (_, spec) = workflow.get("kind"), spec_of(workflow)
    templates = {str(one.get("name")): one for _, one in items_of(spec, ("templates",))}
    defaults = spec.get("templateDefaults")
    shared: dict[str, set[str]] = {"parameters": set(), "artifacts": set()}
    for one in templates.values():
        for what, names in shared.items():
            found = (each.get("globalName") for _, each in items_of(one, ("outputs", what)))
            names.update(str(name) for name in found if name)
    return Known(
        marks=_marks(workflow, spec) if begins else {},
        parameters=_names(spec, "arguments", "parameters"),
        shared={what: frozenset(names) for what, names in shared.items()},
        open=kind not in ("Workflow", "CronWorkflow") or "workflowTemplateRef" in spec,
        calls_others="workflowTemplateRef" in spec or _calls_others(spec),
        templates=templates,
        defaults=defaults if isinstance(defaults, dict) else {},
    )


def _marks(workflow: Object, spec: Object) -> Declared:
    """Return the names of a workflow's labels and annotations, and of those that it will have."""
    found: dict[str, set[str]] = {kind: set() for kind in _MARKS}
    given = ((lookup(workflow, "metadata", kind), kind) for kind in _MARKS)
    made = ((lookup(spec, "workflowMetadata", name), kind) for name, kind in _MADE.items())
    for stated, kind in (*given, *made):
        if isinstance(stated, dict):
            found[kind].update(stated)
    return {kind: frozenset(names) for kind, names in found.items()}


def _calls_others(value: Value) -> bool:
    if isinstance(value, dict):
        return "templateRef" in value or any(_calls_others(one) for one in value.values())
    return isinstance(value, list) and any(_calls_others(one) for one in value)


def _names(value: Object, *path: str) -> frozenset[str]:
    return frozenset(str(one.get("name")) for _, one in items_of(value, path))


def declared_in(template: Object, what: str, defaults: Object) -> Declared:
    """Return what a template declares as ``inputs`` or ``outputs``, the workflow's defaults too."""
    return {
        kind: _names(template, what, kind) | _names(defaults, what, kind)
        for kind in ("parameters", "artifacts")
    }


def outputs_of(call: Object, workflow: Known) -> Made:
    """Return what a step or task makes."""
    inline, reference = call.get("inline"), call.get("templateRef")
    if isinstance(reference, dict):
        named = (reference.get("name"), reference.get("template"))
        if not all(isinstance(one, str) and one and _TAG not in one for one in named):
            return None
        return Elsewhere(reference, declared_in({}, "outputs", workflow.defaults))
    template = (
        inline if isinstance(inline, dict) else workflow.templates.get(str(call.get("template")))
    )
    return None if template is None else declared_in(template, "outputs", workflow.defaults)
