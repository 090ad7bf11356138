"""The reconciler of Argo's Workflow: one observation in, one decision out.

``decide`` is pure. It walks the tree of nodes from the root, and after the root's end runs the
exit handlers; what it must remember stands in the status.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, PIPELINES_MANAGER, RETRIES
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import (
    cleaning,
    collecting,
    daemons,
    early_ends,
    estimating,
    hooking,
    leaves,
    locking,
)
from ruleengine.pipelines.admitting import limits
from ruleengine.pipelines.archiving import ArchivePolicy
from ruleengine.pipelines.arguments import workflow_parameters
from ruleengine.pipelines.beginning import lacking
from ruleengine.pipelines.definitions import Definitions
from ruleengine.pipelines.labels import COMPLETED_LABEL, PHASE_LABEL
from ruleengine.pipelines.locks import Lock, locks_of
from ruleengine.pipelines.machine import Call, Machine
from ruleengine.pipelines.phases import (
    COMPLETED,
    Phase,
    is_broken,
    is_fulfilled,
    is_wrong,
)
from ruleengine.pipelines.problems import (
    InvalidSpecError,
    NoArgumentError,
    NodeError,
    WorkflowError,
)
from ruleengine.pipelines.refusing import refusals
from ruleengine.pipelines.repositories import Around
from ruleengine.pipelines.spec_tags import put_globals
from ruleengine.pipelines.status import make_status, pending_status, refused_status
from ruleengine.pipelines.substituting import substitute
from ruleengine.pipelines.suspending import WAITING
from ruleengine.pipelines.tree import DURATIONS
from ruleengine.pipelines.variables import (
    NOW,
    exported_variables,
    global_variables,
    run_variables,
)

_OF_NODES: Final = {"nodes", "progress", DURATIONS}
_NODES_A_SECOND: Final = 1000.0
"""How many nodes of a status that may wait are written a second."""


_DEEP: Final = 6000
"""Calls that a hundred templates inside one another take, each with attempts and loops."""


Check = Callable[[Object], str]
"""Returns which rule keeps a workflow with this spec from beginning; empty where none does."""


class WorkflowReconciler:
    """Runs workflows: their nodes as pods, in the order that their templates say."""

    area = "pipelines"
    api_version = ARGO_API_VERSION
    kind = "Workflow"
    manager = PIPELINES_MANAGER

    def __init__(
        self,
        around: Around | None = None,
        archive: ArchivePolicy | None = None,
        check: Check | None = None,
    ) -> None:
        self._around = around or Around()
        self._archive = archive
        self._check = check

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one workflow."""
        if lookup(value, "metadata", "deletionTimestamp"):
            return collecting.decide_deletion(value, world, now, self._around)
        try:
            if lookup(value, "status", "phase") in COMPLETED:
                decision = cleaning.decide(value, world, now, self._archive)
                return collecting.beside(decision, value, world, now, self._around)
            definitions, kept = Definitions(value, world, self._around), _memo(value, memo)
            if "refusals" not in kept:
                kept["refusals"] = refusals(definitions.spec)
            if kept["refusals"]:
                return _refused(value, Phase.ERROR, kept["refusals"][0], now)
            self._require_valid(value, definitions.spec)
            return _brought_on(Machine(value, definitions, world, now, kept))
        except (InvalidSpecError, NoArgumentError) as error:
            return _refused(value, Phase.FAILED, str(error), now)
        except (WorkflowError, NodeError) as error:
            return _refused(value, Phase.ERROR, str(error), now)

    def _require_valid(self, value: Object, spec: Object) -> None:
        """Hold a workflow that is seen for the first time to the rules of its spec."""
        if self._check is None or lookup(value, "status", "phase"):
            return
        if wrong := self._check({**value, "spec": spec}):
            raise InvalidSpecError(wrong)


def _brought_on(machine: Machine) -> Decision:
    """Return the decision; the deepest templates need many calls of Python inside one another."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEP))
    try:
        return _decide(machine)
    finally:
        sys.setrecursionlimit(before)
        # They refer back to it: only a search for circles would free what it looked at.
        del machine.locks, machine.metering, machine.turns


def _memo(value: Object, memo: object) -> dict[str, Any]:
    """Return what earlier decisions made of the same spec.

    The generation does not tell: the status of a Workflow is no subresource, and counts.
    """
    of = (lookup(value, "metadata", "uid"), value["spec"])
    if isinstance(memo, dict) and memo.get("of") == of:
        memo["of"] = of  # the next one is compared by identity, whatever the size of its spec
        return memo
    return {"of": of}


def _refused(value: Object, phase: Phase, message: str, now: datetime) -> Decision:
    """Return the decision for a workflow that cannot be run, or not be tidied up after."""
    if lookup(value, "status", "phase") in COMPLETED:
        return Decision(next=Next(stop=Stop.FOR, message=message))
    status = refused_status(value, phase, message, now)
    return Decision(actions=tuple(_labels(value, phase)), status=status)


def _decide(machine: Machine) -> Decision:
    started = lookup(machine.value, "status", "startedAt")
    if started:
        machine.started = parse_time(started)
    _set_variables(machine)
    machine.locks.keep()
    early = _before_it_begins(machine, started=bool(started))
    if early is not None:
        return early
    daemons.watch(machine)
    _watch_deadline(machine)
    call = Call(
        name=machine.name,
        step={"template": machine.spec.get("entrypoint")},
        scope=machine.definitions.scope,
        arguments=_arguments(machine),
    )
    root = machine.run(call)
    phase, message = _outcome(machine, root)
    daemons.end_unneeded(machine)
    machine.metering.tell()
    machine.metering.tell_workflow(root, phase)
    status = make_status(machine, phase, message)
    over = phase in COMPLETED
    if not over:
        machine.actions.extend(cleaning.as_they_end(machine))
    if over or machine.ending:
        early_ends.end_unknown(machine)
    return Decision(
        actions=(*machine.actions, *collecting.guard(machine), *_labels(machine.value, phase)),
        requests=tuple(machine.requests),
        status=status,
        may_wait=_may_wait(machine, status),
        next=DONE if over else _next(machine),
        memo=None if over else machine.memo,
    )


def _watch_deadline(machine: Machine) -> None:
    if machine.deadline is not None and not machine.ending:
        machine.wake(machine.deadline, "its time is over")


def _before_it_begins(machine: Machine, *, started: bool) -> Decision | None:
    """Return the decision for a workflow that cannot begin yet, or not go on after a retry."""
    retried = bool(lookup(machine.value, "metadata", "annotations", RETRIES))
    if not started or (retried and not machine.locks.has(machine.locks.holder())):
        held_up = _held_up(machine)
        if held_up is not None:
            return held_up
    begins = retried or machine.tree.find(machine.name) is None
    lacks = lacking(machine) if begins and not machine.ending else []
    if lacks:
        return _prepared(machine, lacks)
    return None if started else _asked(machine)


def _asked(machine: Machine) -> Decision | None:
    """Return the decision for a workflow that could begin, and asks something before it does."""
    request = estimating.unanswered(machine)
    if request is None:
        return None
    return Decision(
        requests=(*machine.requests, request),
        next=Next(stop=Stop.ON, message="waiting to hear how long it will take"),
        memo=machine.memo,
    )


def _prepared(machine: Machine, lacks: list[Action]) -> Decision:
    """Return the decision for a workflow that lacks something to begin."""
    targets = tuple(one.target for one in lacks)
    return Decision(
        actions=tuple(lacks),
        requests=tuple(machine.requests),
        next=Next(stop=Stop.ON, targets=targets, message="waiting for what it needs to begin"),
        memo=machine.memo,
    )


def _may_wait(machine: Machine, status: Object) -> float:
    """Return for how many seconds a status may wait.

    It may where all that is new in it follows from pods, which stay where they are: whoever
    decides before it is written comes to the same nodes again. The more nodes there are the
    more a write costs, and the rarer it is.
    """
    before = machine.value.get("status") or {}
    others = {*before, *status} - _OF_NODES
    follows = all(before.get(one) == status.get(one) for one in others) and all(
        one.late or (one.verb is Verb.CREATE and one.target.kind == "Pod")
        for one in machine.actions
    )
    return 1.0 + len(machine.tree.nodes) / _NODES_A_SECOND if follows else 0.0


def _held_up(machine: Machine) -> Decision | None:
    """Return the decision for a workflow that needs locks to begin and has not begun."""
    try:
        locks = _locks(machine)
        if not locks:
            return None
        if machine.ending:
            return _not_begun(machine, Phase.FAILED, machine.ending)
        waits = locking.hold_up_workflow(machine, locks)
    except NodeError as error:
        message = f"Failed to acquire the synchronization lock. {error}"
        return _not_begun(machine, Phase.FAILED, message)
    if waits is None:
        return _asked(machine) or _not_begun(machine, Phase.RUNNING, "")
    return _not_begun(machine, Phase.PENDING, waits)


def _locks(machine: Machine) -> list[Lock]:
    """Return what a workflow needs to begin: its own locks, and room among the others."""
    stated = substitute(machine.spec.get("synchronization") or {}, machine.globals)
    own = locks_of(stated, machine.namespace)
    control = machine.definitions.around.control_namespace
    return [*limits(machine.world, machine.namespace, control), *own]


def _not_begun(machine: Machine, phase: Phase, message: str) -> Decision:
    """Return the decision for a workflow without nodes; it begins when that was written."""
    waits = phase is Phase.PENDING
    status = pending_status(machine, message) if waits else make_status(machine, phase, message)
    following = Next(stop=Stop.FOR, message=message or "about to begin")
    return Decision(
        actions=tuple(_labels(machine.value, phase)),
        requests=tuple(machine.requests),
        status=status,
        next=DONE if phase in COMPLETED else following,
        memo=machine.memo,
    )


def _set_variables(machine: Machine) -> None:
    machine.parameters = workflow_parameters(machine.spec, machine.read_key)
    phase = str(lookup(machine.value, "status", "phase", default=Phase.PENDING))
    if phase == Phase.PENDING:  # what begins is on its way, as in Argo
        phase = str(Phase.RUNNING)
    of = machine.value["metadata"], machine.parameters
    found = machine.memory.latest(
        "variables", of, lambda: global_variables(of[0], machine.spec, of[1])
    )
    machine.globals = {
        **found,
        **exported_variables(machine.outputs),
        **run_variables(phase, machine.started, machine.now),
        NOW: machine.now,
    }
    put_globals(machine)


def _arguments(machine: Machine) -> Object:
    """Return the workflow's arguments, with which its entrypoint is called."""
    stated: Object = substitute(machine.spec.get("arguments") or {}, machine.globals)
    return {**stated, "parameters": machine.parameters}


def _outcome(machine: Machine, root: Object | None) -> tuple[Phase, str]:
    """Return the phase of the workflow, its exit handlers having been looked after."""
    if root is None:
        return Phase.PENDING, ""
    if not is_fulfilled(root):
        _run_hooks(machine, root)
        return Phase.RUNNING, ""
    result = Phase(root["phase"])
    if result in (Phase.SKIPPED, Phase.OMITTED):
        result = Phase.SUCCEEDED
    machine.globals = {
        **machine.globals,
        "workflow.status": str(result),
        "workflow.failures": _failures(machine),
    }
    if not _run_hooks(machine, {**root, "phase": str(result)}):
        return Phase.RUNNING, ""
    handler = machine.tree.find(hooking.hook_name(machine.name, hooking.EXIT))
    stopped = machine.ending if machine.stopped and is_wrong(root) else ""
    message = stopped or str(root.get("message") or "")
    if is_broken(root):
        message = f"error in entry template execution: {root.get('message', '')}"
    if handler is not None and is_broken(handler):
        return Phase.ERROR, f"error in exit template execution : {handler.get('message', '')}"
    if handler is not None and result is Phase.SUCCEEDED and handler["phase"] != Phase.SUCCEEDED:
        return Phase(handler["phase"]), str(handler.get("message") or "")
    return result, message


def _failures(machine: Machine) -> str:
    found = leaves.failures(machine)
    return dumps(dumps(found, ordered=True)) if found else "null"


def _run_hooks(machine: Machine, root: Object) -> bool:
    """Look after the hooks of the workflow itself; tell whether all are over."""
    owner = {key: machine.spec[key] for key in ("hooks", "onExit") if machine.spec.get(key)}
    hooks, done = hooking.hooks_of(owner), True
    if not hooks:
        return done
    call = Call(name=machine.name, step={}, scope=machine.definitions.scope)
    for name, stated in hooks.items():
        step = {**stated, "arguments": stated.get("arguments") or _arguments(machine)}
        if name == hooking.EXIT:
            step.pop("expression", None)  # as in Argo it always runs (reference, Workflows 12)
        hook = hooking.Hook(name=name, stated=step, variables=machine.globals)
        done = hooking.run_hook(machine, root, hook, call) and done
    return done


def _next(machine: Machine) -> Next:
    """Return why a workflow on its way stops, and what wakes it."""
    soonest, what = min(machine.wakes, default=(None, ""))
    if machine.awaited:
        targets = tuple(dict.fromkeys(machine.awaited))
        return Next(stop=Stop.ON, targets=targets, time=soonest, message="waiting for its pods")
    if machine.turns.waits:
        stop = Stop.FOR if soonest is None else Stop.AT
        return Next(stop=stop, time=soonest, message="waiting for the turns of its pods")
    if soonest is None:
        held_up = "waiting for locks" if machine.locks.waits else "waiting for its nodes"
        return Next(stop=Stop.FOR, message=_waits_for(machine) or held_up)
    message = _waits_for(machine) or f"{what} at {format_time(soonest)}"
    return Next(stop=Stop.AT, time=soonest, message=message)


def _waits_for(machine: Machine) -> str:
    """Return what somebody has to do for a workflow to go on; empty where time alone does it."""
    if machine.spec.get("suspend"):
        return "suspended; resume it to go on"
    return f"{WAITING}: {', '.join(machine.asks)}" if machine.asks else ""


def _labels(value: Object, phase: Phase) -> Iterator[Action]:
    """Yield the patch of the labels by which workflows are selected, where they differ."""
    wanted = {PHASE_LABEL: str(phase), COMPLETED_LABEL: "true" if phase in COMPLETED else "false"}
    labels = lookup(value, "metadata", "labels", default={})
    if not wanted.items() <= labels.items():
        yield Action(
            verb=Verb.PATCH,
            target=Target.of(value),
            manager=PIPELINES_MANAGER,
            object={"metadata": {"labels": wanted}},
            reason=f"phase {phase}",
        )
