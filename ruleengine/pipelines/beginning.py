"""What has to be there before a workflow begins: labels, claims, a disruption budget.

(Reference, Workflows 2 and 16.) They belong to the workflow; claims and budget go when it has
ended, as it says.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ruleengine.apimachinery.naming import check_label_value
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import World
from ruleengine.model.names import ARGO_WORKFLOW, PIPELINES_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.problems import WorkflowError
from ruleengine.pipelines.substituting import evaluate

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

_ON_COMPLETION: Final = "OnWorkflowCompletion"


def with_claims(spec: Object, workflow: str) -> Object:
    """Return a spec whose volumes hold those of its claim templates."""
    claims = [_volume(workflow, one) for one in spec.get("volumeClaimTemplates") or ()]
    return {**spec, "volumes": [*(spec.get("volumes") or ()), *claims]} if claims else spec


def claimed(machine: "Machine") -> list[Object]:
    """Return the volumes of a workflow's claims as its status lists them."""
    stated = machine.spec.get("volumeClaimTemplates") or ()
    return [_volume(machine.name, one) for one in stated]


def _volume(workflow: str, template: Object) -> Object:
    name = str(lookup(template, "metadata", "name"))
    claim = {"claimName": f"{workflow}-{name}"}
    return {"name": name, "persistentVolumeClaim": claim}


def lacking(machine: "Machine") -> list[Action]:
    """Return what makes that there which is not; nothing begins before it is.

    Raises ``WorkflowError`` for labels that cannot be, and where the server refuses for good.
    """
    patch = _marks(machine)
    found = [*([patch] if patch else ())]
    for value in (*_claims(machine), *_budget(machine)):
        target = Target.of(value)
        refusal = machine.world.refusal(target)
        if refusal is not None and refusal.final:
            raise WorkflowError(f"{target.kind} {target.name} was refused: {refusal.message}")
        if machine.world.get(target) is None:
            found.append(_creation(target, value))
    return found


def _creation(target: Target, value: Object) -> Action:
    return Action(
        verb=Verb.CREATE,
        target=target,
        manager=PIPELINES_MANAGER,
        object=value,
        reason="before the workflow begins",
    )


def _marks(machine: "Machine") -> Action | None:
    """Return the patch of the workflow's own labels and annotations, where they differ."""
    stated = machine.spec.get("workflowMetadata") or {}
    wanted = {
        "labels": {**(stated.get("labels") or {}), **_computed(machine, stated)},
        "annotations": dict(stated.get("annotations") or {}),
    }
    for name, text in wanted["labels"].items():
        problem = check_label_value(str(text))
        if problem:
            source = lookup(stated, "labelsFrom", name, "expression")
            by = f' and expression "{source}"' if source else ""
            raise WorkflowError(f'invalid label value "{text}" for label "{name}"{by}: {problem}')
    metadata = machine.value["metadata"]
    kept = {}
    for kind, marks in wanted.items():
        known = metadata.get(kind) or {}
        changed = {key: text for key, text in marks.items() if known.get(key) != text}
        if changed:
            kept[kind] = changed
    if not kept:
        return None
    return Action(
        verb=Verb.PATCH,
        target=Target.of(machine.value),
        manager=PIPELINES_MANAGER,
        object={"metadata": kept},
        reason="workflowMetadata",
    )


def _computed(machine: "Machine", stated: Object) -> dict[str, str]:
    found = {}
    for name, source in (stated.get("labelsFrom") or {}).items():
        expression = str(source.get("expression") or "")
        value = evaluate(expression, machine.globals)
        if not isinstance(value, str):
            raise WorkflowError(
                f"the expression '{expression}' of the label '{name}' is no text but {value!r}"
            )
        found[str(name)] = value
    return found


def _claims(machine: "Machine") -> Iterator[Object]:
    for template in machine.spec.get("volumeClaimTemplates") or ():
        stated = template.get("metadata") or {}
        name = f"{machine.name}-{stated.get('name')}"
        yield {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": _metadata(machine, name, stated),
            "spec": template.get("spec") or {},
        }


def _budget(machine: "Machine") -> Iterator[Object]:
    stated = machine.spec.get("podDisruptionBudget")
    if stated:
        yield {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": _metadata(machine, machine.name, {}),
            "spec": {**stated, "selector": {"matchLabels": {ARGO_WORKFLOW: machine.name}}},
        }


def _metadata(machine: "Machine", name: str, stated: Object) -> Object:
    workflow = machine.value
    found: Object = {
        "name": name,
        "namespace": machine.namespace,
        "labels": {**(stated.get("labels") or {}), ARGO_WORKFLOW: machine.name},
        "ownerReferences": [
            {
                "apiVersion": workflow["apiVersion"],
                "kind": workflow["kind"],
                "name": machine.name,
                "uid": lookup(workflow, "metadata", "uid", default=""),
                "controller": True,
            }
        ],
    }
    if stated.get("annotations"):
        found["annotations"] = stated["annotations"]
    return found


def left(value: Object, spec: Object, world: World) -> Iterator[Action]:
    """Yield the deletion of what a workflow that has ended needs no more."""
    strategy = lookup(spec, "volumeClaimGC", "strategy")
    namespace = str(lookup(value, "metadata", "namespace", default=""))
    targets = []
    if strategy == _ON_COMPLETION or lookup(value, "status", "phase") == Phase.SUCCEEDED:
        for one in lookup(value, "status", "persistentVolumeClaims", default=()):
            name = str(lookup(one, "persistentVolumeClaim", "claimName"))
            targets.append(Target("v1", "PersistentVolumeClaim", namespace, name))
    if spec.get("podDisruptionBudget"):
        name = str(value["metadata"]["name"])
        targets.append(Target("policy/v1", "PodDisruptionBudget", namespace, name))
    for target in targets:
        found = world.get(target)
        if found is not None and not lookup(found, "metadata", "deletionTimestamp"):
            uid = str(lookup(found, "metadata", "uid", default=""))
            yield Action(
                verb=Verb.DELETE,
                target=target,
                manager=PIPELINES_MANAGER,
                uid=uid,
                reason="the workflow has ended",
            )
