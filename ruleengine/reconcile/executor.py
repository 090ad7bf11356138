"""The executor: performs a plan, step by step, and says what became of every action.

Actions of one step are independent and run side by side. A failed action never hides the
others; what depends on a failed namespace or CustomResourceDefinition is skipped with the
reason. The inventory is widened before the first write that it has to remember, and shrunk
after the last, whatever happened in between.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Change, Outcome, Plan, PlannedAction, Result, Target, Verb
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.inventory import is_tracked
from ruleengine.reconcile.records import InventoryStore
from ruleengine.reconcile.sequence import groups
from ruleengine.reconcile.writing import RULES, STORE_FULL, Writer, skipped, store_full, unreachable

_ESTABLISHED_ATTEMPTS = 50
_ESTABLISHED_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How a plan is performed.

    ``workers`` actions run side by side (1 keeps everything in the calling thread),
    ``cancel`` stops before the next action, ``progress`` is told every outcome as it comes,
    ``lost`` why nothing more could be written, where the server went away or is full.
    """

    workers: int = 8
    cancel: threading.Event = field(default_factory=threading.Event)
    progress: Callable[[Outcome], None] = field(default=lambda _: None, repr=False)
    lost: Callable[[UnreachableError], None] = field(default=lambda _: None, repr=False)
    retrying: Retrying = field(default_factory=Retrying)


def perform(
    plan: Plan,
    client: Client,
    store: InventoryStore | None = None,
    execution: Execution | None = None,
) -> tuple[Outcome, ...]:
    """Perform what the rules ask for, and return what became of every such action.

    The actions that reconcilers would take (any other ``area``) are left to
    :func:`ruleengine.reconcile.settling.settle`, which decides on what is really there.
    Where the inventory cannot be widened, nothing that it has to remember is written either.
    Raises ``ApiError`` or ``UnreachableError`` where it cannot be shrunk at the end; it then
    remembers too much, which the next run mends.
    """
    run = _Run(client, execution or Execution())
    own = [one for one in plan.actions if one.area == RULES]
    recorded = store is None
    for group in groups(own):
        if not recorded and any(is_tracked(one.action.target) for one in group):
            recorded = True
            if store is not None and not run.stopped:
                run.record(store, plan)
        run.perform(group)
    if store is not None and not run.stopped:
        store.finish(plan, run.outcomes)
    return tuple(run.outcomes)


class _Run:
    """One performance of a plan: outcomes so far, and what failed that others need."""

    def __init__(self, client: Client, execution: Execution) -> None:
        self._client = client
        self._execution = execution
        self._writer = Writer(client, execution.retrying)
        self._failed_namespaces: set[str] = set()
        self._failed_kinds: set[tuple[str, str]] = set()
        self._lost: UnreachableError | None = None
        self._unrecorded = ""
        self.outcomes: list[Outcome] = []

    @property
    def stopped(self) -> bool:
        """Whether nothing more may be written: cancelled, not recorded, or the server is gone."""
        lost = self._lost is not None or bool(self._unrecorded)
        return self._execution.cancel.is_set() or lost

    def record(self, store: InventoryStore, plan: Plan) -> None:
        """Widen the inventory; where that fails, nothing it has to remember is written."""
        try:
            store.begin(plan)
        except UnreachableError as error:
            self._lose(error)
        except ApiError as error:
            if error.status == STORE_FULL:
                self._lose(store_full(error))
                return
            self._unrecorded = f"the inventory cannot be written: {error.message}"

    def perform(self, group: Sequence[PlannedAction]) -> None:
        """Perform the actions of one step and wait for them all."""
        for outcome in self._outcomes(group):
            self.outcomes.append(outcome)
            self._note_failure(outcome)
            self._execution.progress(outcome)
        self._await_kinds(one for one in self.outcomes[-len(group) :])

    def _outcomes(self, group: Sequence[PlannedAction]) -> Iterator[Outcome]:
        workers = min(self._execution.workers, len(group))
        if workers <= 1:
            yield from map(self._one, group)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="apply") as pool:
            yield from pool.map(self._one, group)

    def _one(self, planned: PlannedAction) -> Outcome:
        if planned.change in (Change.CREATE, Change.UPDATE, Change.DELETE, Change.WAITING):
            if self._execution.cancel.is_set():
                return skipped(planned, "the run was cancelled before it")
            if self._lost is not None:
                return skipped(planned, f"not tried: {self._lost.message}")
            if self._unrecorded:
                return Outcome(planned=planned, result=Result.FAILED, message=self._unrecorded)
            why = self._missing_ground(planned.action.target)
            if why:
                return skipped(planned, why)
        try:
            return self._writer.perform(planned).outcome
        except UnreachableError as error:
            self._lose(error)
            return unreachable(planned, error)

    def _lose(self, error: UnreachableError) -> None:
        self._lost = error
        self._execution.lost(error)

    def _missing_ground(self, target: Target) -> str:
        if target.namespace in self._failed_namespaces:
            return f"its namespace {target.namespace} could not be made"
        if (target.group, target.kind) in self._failed_kinds:
            return (
                f"the definition of its kind {target.kind} could not be applied, or is not served"
            )
        return ""

    def _note_failure(self, outcome: Outcome) -> None:
        action = outcome.planned.action
        if action.verb is Verb.DELETE or outcome.result not in (
            Result.FAILED,
            Result.CONFLICT,
            Result.REFUSED,
            Result.SKIPPED,
        ):
            return
        if action.target.kind == "Namespace" and not action.target.group:
            self._failed_namespaces.add(action.target.name)
        elif action.target.kind == "CustomResourceDefinition":
            self._failed_kinds.add(_defined_kind(action.object or {}))

    def _await_kinds(self, outcomes: Iterable[Outcome]) -> None:
        """Wait until the server offers every kind that was just defined.

        A definition is offered by discovery once it is established, so that no object of
        the kind is sent too early.
        """
        missing = {
            _defined_kind(one.planned.action.object or {})
            for one in outcomes
            if one.result in (Result.CREATED, Result.UPDATED, Result.UNCHANGED)
            and one.planned.change is not Change.UNCHANGED  # somebody else may have been quicker
            and one.planned.action.target.kind == "CustomResourceDefinition"
        }
        for _ in range(_ESTABLISHED_ATTEMPTS):
            if not missing or self.stopped:
                return
            try:
                kinds = self._client.discover(again=True).resources()
            except (ApiError, UnreachableError):
                break
            missing -= {(one.group, one.kind) for one in kinds}
            if missing:
                self._execution.retrying.sleep(_ESTABLISHED_PAUSE)
        self._failed_kinds |= missing


def _defined_kind(crd: Object) -> tuple[str, str]:
    group = str(lookup(crd, "spec", "group", default=""))
    return group, str(lookup(crd, "spec", "names", "kind", default=""))
