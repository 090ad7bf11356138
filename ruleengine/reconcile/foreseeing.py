"""Foreseeing: the decisions of reconcilers on a world that shows the plan as performed.

Every reconciler that the plan touches decides; its actions are laid over the world and
decide on, until nothing new appears or an answer from outside is needed.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ruleengine.cluster.errors import ApiError
from ruleengine.formats.differences import compare, mask_secrets
from ruleengine.model.actions import (
    ABSENT,
    Action,
    Change,
    Difference,
    PlannedAction,
    Target,
    Verb,
)
from ruleengine.model.decisions import Decision, Reconciler, Request, Stop
from ruleengine.model.digests import short_digest
from ruleengine.model.errors import UnreachableError
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.reconcile.asking import perform_request
from ruleengine.reconcile.engines import marked
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.patience import EndlessError, Patience
from ruleengine.reconcile.predicting import Predicted, comparable, predict, prepare
from ruleengine.reconcile.quarantine import CRASHED, ENDLESS, REPORT, words_of
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.world import LiveWorld

MOST_DECISIONS: Final = 100
"""How often one object is decided within one plan."""


@dataclass(slots=True)
class Forecast:
    """A plan in the making: the world as it will be, and what led there."""

    surroundings: Surroundings
    observations: Observations
    now: datetime
    planned: dict[tuple[Verb, Target, str], PlannedAction] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    then: list[str] = field(default_factory=list)
    _queue: deque[Target] = field(default_factory=deque)
    _decided: dict[Target, int] = field(default_factory=dict)
    _last_words: dict[Target, tuple[str, ...]] = field(default_factory=dict)

    def add(self, action: Action, area: str) -> PlannedAction:
        """Plan one action: compute its change and show it to the world."""
        planned, predicted = self._plan(action, area)
        key = (action.verb, action.target, area)
        if planned.change is not Change.UNCHANGED or key not in self.planned:
            self.planned[key] = planned
        self.show(action.target, planned.change, predicted)
        return planned

    def show(self, target: Target, change: Change, predicted: Predicted) -> None:
        """Lay what an action makes over the world, and wake who decides about it."""
        if change in (Change.CREATE, Change.UPDATE) and predicted.object is not None:
            self.observations.put(_as_stored(predicted.object, self.now))
            self._expect_kind(predicted.object)
        elif change is Change.DELETE:
            if predicted.object is None:
                self.observations.remove(target)
            else:
                self.observations.put(predicted.object)
        if change not in (Change.REFUSED, Change.WAITING):
            self._wake(target)

    def run(self) -> None:
        """Let every reconciler that is touched decide until nothing new appears."""
        with Patience(self.surroundings.longest_decision) as patience:
            while self._queue:
                self._next(self._queue.popleft(), patience)
        self.then = [line for lines in self._last_words.values() for line in lines]

    def _next(self, target: Target, patience: Patience) -> None:
        value = self.observations.get(target)
        reconciler = self.surroundings.reconciler_of(target)
        if value is None or reconciler is None or not self.surroundings.may_decide(value):
            return
        count = self._decided[target] = self._decided.get(target, 0) + 1
        if count > MOST_DECISIONS:
            what = f"after {MOST_DECISIONS} decisions there is still something new"
            self._find(target, ENDLESS, what, REPORT)
            return
        packing = self.surroundings.packing
        world = LiveWorld(self.observations, packing)
        try:
            decision = patience.ask(reconciler, packing.unpack(value), world, self.now, None)
            self._take(target, decision, reconciler)
        except EndlessError as error:
            self._find(target, ENDLESS, str(error), REPORT)
        except (ApiError, UnreachableError):
            raise
        except Exception as error:  # noqa: BLE001 - one poisonous object never stops the others
            self._find(target, CRASHED, *words_of(error))

    def _take(self, target: Target, decision: Decision, reconciler: Reconciler) -> None:
        """Add what a reconciler decided to the plan."""
        moved = self._ask(decision.requests)
        for asked in decision.actions:
            action = in_form(asked, self.surroundings)
            planned = self.add(action, reconciler.area)
            moved = moved or planned.change in (Change.CREATE, Change.UPDATE, Change.DELETE)
        current = self.observations.get(target)
        status = decision.status
        if status is not None and current is not None and current.get("status") != status:
            self.observations.put({**current, "status": status})
            moved = True
        self._last_words[target] = _last_words(target, decision)
        if moved:
            self._wake(target)

    def _ask(self, requests: Iterable[Request]) -> bool:
        """Perform the reads among requests; tell whether there is an answer more.

        A standing read is for who drives: a plan opens no port and takes no event.
        """
        asked = False
        for request in requests:
            known = request.key in self.observations.answers
            if request.effect or request.standing or known:
                continue
            answer = perform_request(request, self.surroundings.performers)
            self.observations.answers[request.key] = answer
            asked = True
        return asked

    def _plan(self, action: Action, area: str) -> tuple[PlannedAction, Predicted]:
        return plan_action(
            action,
            area,
            self.observations.get(action.target),
            self.surroundings,
            format_time(self.now),
        )

    def _wake(self, target: Target) -> None:
        if self.surroundings.reconciler_of(target) and target not in self._queue:
            self._queue.append(target)

    def _expect_kind(self, value: Object) -> None:
        if value.get("kind") == "CustomResourceDefinition":
            self.surroundings.shapes.expect(value)

    def _find(self, target: Target, code: str, what: str, remedy: str) -> None:
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code=code,
                message=f"{target}: {what}",
                remedy=remedy,
                place=self._place(target),
            )
        )

    def _place(self, target: Target) -> Place:
        for one in self.planned.values():
            if one.action.target == target and one.action.origin is not None:
                return Place(one.action.origin.path, one.action.origin.line)
        return Place("")


_WHOLE: Final = (Verb.APPLY, Verb.CREATE, Verb.REPLACE)
"""What is asked for with a whole object."""

_DIFFERING: Final = (Change.CREATE, Change.UPDATE)
_SAME: Final = ("apiVersion", "kind")
"""What tells nothing new of an object that is."""

_UNKNOWN_KIND: Final = "the server does not know the kind of {}"


def desired(action: Action, surroundings: Surroundings) -> Object | None:
    """Return the object of an action in the form in which it is compared and sent.

    What reconcilers of ours will act on is marked where others act, too.
    """
    value = action.object
    if value is None or action.verb not in _WHOLE:
        return value
    if surroundings.shared and surroundings.reconciler_of(action.target) is not None:
        value = marked(value)
    schema = surroundings.shapes(action.target.api_version, action.target.kind)
    return prepare(value, schema)


def in_form(action: Action, surroundings: Surroundings) -> Action:
    """Return an action with its object in the form of :func:`desired`."""
    value = desired(action, surroundings)
    return action if value is action.object else replace(action, object=value)


def plan_action(
    action: Action,
    area: str,
    live: Object | None,
    surroundings: Surroundings,
    now: str,
    *,
    owners: bool = True,
) -> tuple[PlannedAction, Predicted]:
    """Return what an action would change of ``live``, and what it would make of it.

    ``action`` holds its object in the form of :func:`desired`; ``now`` and ``owners`` are those
    of :func:`~ruleengine.reconcile.predicting.predict`.
    """
    target = action.target
    obstacle = surroundings.obstacle(action)
    if obstacle:
        return _refused(action, area, obstacle)
    info = surroundings.shapes.find(target.api_version, target.kind)
    if info is not None and info.namespaced and not target.namespace:
        return _refused(action, area, f"metadata.namespace is missing: {target.kind} needs one")
    if info is None:
        predicted = Predicted(change=Change.WAITING, message=_UNKNOWN_KIND.format(target))
        return _planned(action, area, None, predicted), predicted
    predicted = predict(action, live, surroundings.shapes, now, owners=owners)
    if predicted.problem:
        return _refused(action, area, predicted.problem)
    return _planned(action, area, live, predicted), predicted


def _refused(action: Action, area: str, why: str) -> tuple[PlannedAction, Predicted]:
    planned = PlannedAction(action=action, change=Change.REFUSED, message=why, area=area)
    return planned, Predicted(change=Change.REFUSED, message=why)


def _planned(action: Action, area: str, live: Object | None, predicted: Predicted) -> PlannedAction:
    message = predicted.message or action.reason
    if predicted.conflicts:
        managers = ", ".join(sorted({one.manager for one in predicted.conflicts}))
        message = f"{managers} owns fields that would change"
    return PlannedAction(
        action=action,
        change=predicted.change,
        differences=_differences(live, predicted),
        message=message,
        area=area,
    )


def _differences(live: Object | None, predicted: Predicted) -> tuple[Difference, ...]:
    if predicted.change not in _DIFFERING or predicted.object is None:
        return ()
    new = comparable(predicted.object)
    if live is None:
        whole = (Difference((name,), ABSENT, one) for name, one in new.items() if name not in _SAME)
        return mask_secrets(None, predicted.object, tuple(whole))
    return mask_secrets(live, predicted.object, compare(comparable(live), new))


def _as_stored(value: Object, now: datetime) -> Object:
    """Return an object with what the server would add to its metadata."""
    target = Target.of(value)
    metadata = {
        "uid": f"planned-{short_digest(str(target))}",
        "creationTimestamp": format_time(now),
        **value.get("metadata", {}),
    }
    return {**value, "metadata": metadata}


def _last_words(target: Target, decision: Decision) -> tuple[str, ...]:
    """Return what can only be known once the plan is performed."""
    lines = [
        f"{target} asks for: {request.kind}" for request in decision.requests if request.effect
    ]
    following = decision.next
    if following.stop is Stop.ON:
        names = ", ".join(str(one) for one in following.targets[:3])
        more = f" and {len(following.targets) - 3} more" if len(following.targets) > 3 else ""
        why = f"waits for {names}{more}" if names else following.message
        lines.append(f"{target} {why}")
    elif following.stop is Stop.FOR:
        lines.append(f"{target} waits: {following.message}")
    return tuple(lines)
