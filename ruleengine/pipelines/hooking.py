"""Hooks of steps and tasks, and exit handlers (reference, Workflows 12)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ruleengine.model.values import Object
from ruleengine.pipelines import naming
from ruleengine.pipelines.expanding import resolve
from ruleengine.pipelines.phases import NodeType, Phase, is_completed, is_fulfilled
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.substituting import OF_PARENTS, evaluate
from ruleengine.pipelines.variables import Variables, node_variables

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

EXIT: Final = "exit"


def hooks_of(step: Object) -> dict[str, Object]:
    """Return the hooks of a step, a task or a workflow; ``onExit`` is that called ``exit``."""
    hooks = dict(step.get("hooks") or {})
    if step.get("onExit"):
        hooks[EXIT] = {"template": step["onExit"]}
    return hooks


def exit_of(step: Object) -> dict[str, Object]:
    """Return the hook of a step that runs once it has come to its end, if it has one."""
    return {name: stated for name, stated in hooks_of(step).items() if name == EXIT}


def hook_name(owner: str, hook: str) -> str:
    """Return the name of a hook's node."""
    return f"{owner}{naming.ON_EXIT}" if hook == EXIT else f"{owner}.hooks.{hook}"


def run_hooks(machine: "Machine", node: Object, step: Object, prefix: str, call: "Call") -> bool:
    """Begin the hooks of a step or task whose time has come; tell whether all that began are over.

    ``prefix`` is ``steps.NAME`` or ``tasks.NAME``, under which hooks see their own step.
    """
    hooks = hooks_of(step)
    if not hooks:
        return True
    variables = {**machine.globals, **node_variables(prefix, node, machine.tree, {})}
    for hook, stated in hooks.items():
        run_hook(machine, node, Hook(name=hook, stated=stated, variables=variables), call)
    begun = (machine.tree.find(hook_name(node["name"], hook)) for hook in hooks)
    return all(is_fulfilled(one) for one in begun if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook by its name, as it is stated, and what its tags and its expression see."""

    name: str
    stated: Object
    variables: Variables


def run_hook(machine: "Machine", node: Object, hook: Hook, call: "Call") -> bool:
    """Begin a hook if its time has come, or look after it; tell whether it is over."""
    name = hook_name(node["name"], hook.name)
    own = call._replace(
        name=name,
        step=hook.stated,
        arguments={},
        limit=0,
        hooked=True,
        captures=False,
        exiting=(call.exiting or hook.name == EXIT) and machine.stopped != "Terminate",
    )
    if machine.tree.find(name) is None:
        if machine.only_tells(own) and hook.name == EXIT:
            return True  # it begins no more
        try:
            begun = _begin(node, hook)
        except NodeError as error:
            found = machine.add_node(own, NodeType.SKIPPED)
            _link(machine, node, found)
            machine.end(found, Phase.ERROR, str(error))
            return True
        if begun is None:
            return True
        own = own._replace(step=begun, arguments=begun.get("arguments") or {})
    made = machine.run(own)
    if made is None:
        return False
    _link(machine, node, made)
    return is_fulfilled(made)


def _link(machine: "Machine", owner: Object, hook: Object) -> None:
    """Note a hook as child of its owner; the exit handler of a workflow is nobody's, as in Argo."""
    if hook["name"] != hook_name(machine.name, EXIT):
        machine.tree.link([owner["id"]], hook["id"])


def _begin(node: Object, hook: Hook) -> Object | None:
    """Return a hook with its tags replaced, or ``None`` while it is not its time.

    A tag of what its step never made stays as it is: who tidies up does so all the same.
    """
    if hook.name == EXIT and not is_completed(node):
        return None
    if hook.name != EXIT and node["phase"] == Phase.PENDING:
        return None
    text = hook.stated.get("expression") or ""
    if (text or hook.name != EXIT) and evaluate(str(text), hook.variables) is not True:
        return None
    resolved: Object = resolve(hook.stated, hook.variables, OF_PARENTS)
    return resolved
