"""What a tag of a workflow may name at its place, as far as that is known at commit time.

(Reference, Workflows 5.1 and 25.) What only a run knows is let pass.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.values import Path
from ruleengine.validation.references import is_declared, suggestion
from ruleengine.validation.workflow_outputs import Declared, Elsewhere, Known, Made, OutputRead
from ruleengine.validation.workflow_problems import WorkflowProblem

_OF_WORKFLOW: Final = (
    *("name", "namespace", "uid", "serviceAccountName", "mainEntrypoint", "priority"),
    *("creationTimestamp", "scheduledTime", "duration", "status", "failures"),
    *("parameters", "labels", "annotations", "outputs"),
)
_OF_STEP: Final = (
    *("id", "ip", "status", "exitCode", "startedAt", "finishedAt", "hostNodeName", "outputs"),
)
_OUTPUT: Final = ("outputs", "kind", "name")
"""What follows the name of a step in a tag of one of its outputs."""

Told = WorkflowProblem | OutputRead
"""What is told of a name: what is wrong, or that it is looked up in another document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
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


def unresolved(name: str, path: Path, scope: Scope) -> Iterator[Told]:
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
            path=path,
            code="reference-tag-unresolved",
            message=message,
            remedy=remedy,
            late=word == "outputs",
        )


_Found = tuple[()] | tuple[str, str]
"""Why nothing stands for a tag, and the remedy; nothing where that is fine."""


def _of_template(word: str, rest: str, scope: Scope) -> _Found:
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


def _of_others(word: str, rest: str, scope: Scope) -> _Found:
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


def _read_elsewhere(rest: str, path: Path, scope: Scope) -> Iterator[OutputRead]:
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
    if any(is_declared(one, declared[kind]) for one in (name, name.partition(".")[0])):
        return ()
    remedy = (
        suggestion(name, declared[kind]) or f"correct the name, or declare it in `outputs.{kind}`"
    )
    return f"the template of {step!r} declares no output {kind[:-1]} {name!r}", remedy


def _of_pod(rest: str, scope: Scope) -> _Found:
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
    if first in workflow.marks and name not in workflow.marks[first] | {"", "json"}:
        remedy = suggestion(name, workflow.marks[first]) or "give it one of that name"
        return f"the workflow has no {first[:-1]} {name!r}", remedy
    kind, _, shared = name.partition(".")
    if first == "outputs" and shared and not workflow.calls_others and kind in workflow.shared:
        shares = workflow.shared[kind]
        if not workflow.open and not is_declared(shared, shares):
            remedy = suggestion(shared, shares) or "give an output that name as `globalName`"
            return f"no output has the global name {shared!r}", remedy
    return ()
