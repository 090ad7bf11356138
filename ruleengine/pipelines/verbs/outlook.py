"""What a workflow on its way comes to, as far as it shows."""

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import suspending
from ruleengine.pipelines.phases import COMPLETED, WITH_POD, NodeType, Phase, is_fulfilled


def is_over(workflow: Object) -> bool:
    """Tell whether a workflow has come to its end."""
    return lookup(workflow, "status", "phase") in COMPLETED


def succeeded(workflow: Object) -> bool:
    """Tell whether a workflow has come to a good end."""
    return bool(lookup(workflow, "status", "phase") == Phase.SUCCEEDED)


def waits_for_people(workflow: Object) -> str:
    """Return why a workflow goes on only when a person says so; empty where it goes on.

    A suspended node with a duration goes on by itself, and whatever is shut down comes to its end.
    """
    if is_over(workflow) or lookup(workflow, "spec", "shutdown"):
        return ""
    active = _active(workflow)
    if any(one["type"] in WITH_POD for one in active):
        return ""
    waiting = [one for one in active if one["type"] == NodeType.SUSPEND]
    if waiting and not any(_duration(workflow, one) for one in waiting):
        return f"waiting to be resumed: {', '.join(one['displayName'] for one in waiting)}"
    if lookup(workflow, "spec", "suspend") and not waiting:
        return "suspended"
    return ""


def questions_in(workflow: Object) -> list[suspending.Question]:
    """Return what somebody is asked for by the nodes of a workflow that wait, each name once."""
    waiting = (one for one in _active(workflow) if one["type"] == NodeType.SUSPEND)
    asked = (question for one in waiting for question in suspending.questions_of(one))
    return list({one.name: one for one in asked}.values())


def _active(workflow: Object) -> list[Object]:
    nodes: Object = lookup(workflow, "status", "nodes", default={})
    return [one for one in nodes.values() if not is_fulfilled(one)]


def _duration(workflow: Object, node: Object) -> bool:
    """Tell whether the template of a suspended node says for how long."""
    spec = lookup(workflow, "status", "storedWorkflowTemplateSpec") or workflow["spec"]
    reference = node.get("templateRef") or {}
    name = reference.get("template") or node.get("templateName")
    stored = lookup(workflow, "status", "storedTemplates", default={})
    templates = [*(spec.get("templates") or ()), *stored.values()]
    return any(one.get("name") == name and lookup(one, "suspend", "duration") for one in templates)
