"""Pods that failed before their step began, and are made anew (reference, Workflows 10).

Nothing of the step has run, so this is no retry, and needs no strategy of the template: it is the
controller's ConfigMap that asks for it, by ``failedPodRestart``. A node counts how often, and
names the pod that goes, so that nothing is counted twice while that is still seen.
"""

from typing import TYPE_CHECKING, Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.names import PIPELINES_MANAGER
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.admitting import controller_settings, read_settings
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.problems import NodeError

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

RESTARTING: Final = "restartingPodUID"
_REASONS: Final = ("Evicted", "NodeShutdown", "NodeAffinity", "UnexpectedAdmissionError")
"""Why a pod failed that another machine, or another moment, may have room for."""

_USUALLY: Final = 3


def made_anew(machine: "Machine", node: Object, pod: Object) -> Object | None:
    """Return a node whose pod goes, as it never began; ``None`` where that is not to be.

    Raises ``NodeError`` for a number of restarts that is none.
    """
    status = pod.get("status") or {}
    reason = status.get("reason")
    if status.get("phase") != "Failed" or reason not in _REASONS or _began(status):
        return None
    times, uid = int(node.get("failedPodRestarts") or 0), uid_of(pod)
    if node.get(RESTARTING) != uid:
        if times >= _most(machine):
            return None
        times += 1
    target = Target.of(pod)
    machine.actions.append(
        Action(verb=Verb.DELETE, target=target, manager=PIPELINES_MANAGER, uid=uid, reason=reason)
    )
    machine.awaited.append(target)
    return machine.tree.update(
        node,
        phase=str(Phase.PENDING),
        message=f"Pod auto-restarting due to {reason}: {status.get('message') or ''}",
        failedPodRestarts=times,
        **{RESTARTING: uid},
    )


def _began(status: Object) -> bool:
    """Tell whether a container of the step runs or ran, be it before it was started anew."""
    return any(
        lookup(one, place, kind, "startedAt")
        for one in status.get("containerStatuses") or ()
        for place in ("state", "lastState")
        for kind in ("running", "terminated")
    )


def _most(machine: "Machine") -> int:
    """Return how often a pod is made anew."""
    settings = controller_settings(machine.world, machine.definitions.around.control_namespace)
    stated = read_settings(settings.get("failedPodRestart"))
    if stated.get("enabled") is not True:
        return 0
    try:
        return int(stated.get("maxRestarts", _USUALLY))
    except (TypeError, ValueError) as error:
        raise NodeError(
            f"failedPodRestart.maxRestarts {stated['maxRestarts']!r} is no whole number"
        ) from error
