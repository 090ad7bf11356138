"""One decision, performed: requests are answered, actions written, the status kept up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ruleengine.apimachinery.patches import make_merge_patch
from ruleengine.model.actions import (
    Action,
    Change,
    Outcome,
    PlannedAction,
    Result,
    Target,
    Verb,
)
from ruleengine.model.decisions import Decision, Reconciler, Request, Stop
from ruleengine.model.digests import content_digest, derive_name
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, Value, lookup
from ruleengine.reconcile.asking import perform_request
from ruleengine.reconcile.foreseeing import desired, plan_action
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.world import LiveWorld, Observations
from ruleengine.reconcile.writing import Writer

_SAME_ACTIONS: Final = 5
"""How often the same writes in a row are performed before the object is left alone."""

_RESTLESS: Final = 200
"""How many decisions in a row may change something without the object coming to rest."""

_STATUS_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = 60.0
_REPORT: Final = "report it with the object; this is a fault of ruleengine"

Seen = tuple[Target, Object | None, Object | None]
"""An object that we changed: which, as it was, as it is."""


@dataclass(frozen=True, slots=True)
class Told:
    """An object and what is to be said about it."""

    target: Target
    message: str


class Decider:
    """Asks reconcilers and performs what they decide, one object at a time."""

    def __init__(
        self,
        surroundings: Surroundings,
        observations: Observations,
        writer: Writer,
        progress: Callable[[Outcome], None],
    ) -> None:
        self._surroundings = surroundings
        self._observations = observations
        self._writer = writer
        self._progress = progress
        self._published: set[str] = set()
        self.outcomes: list[Outcome] = []
        self.findings: list[Finding] = []
        self.decisions = 0

    def decide(self, key: Key, now: datetime) -> list[Seen]:
        """Decide about one object and perform the decision; return what we changed."""
        value = self._observations.get(key.target)
        reconciler = self._surroundings.reconciler_of(key.target)
        if value is None or reconciler is None:
            return []
        if key.problem:
            if key.bad_version == _version(value):
                return []
            key.problem, key.repeats, key.restless = "", 0, 0
        world = LiveWorld(self._observations)
        self.decisions += 1
        try:
            decision = reconciler.decide(value, world, now, key.memo)
        except Exception as error:  # noqa: BLE001 - one poisonous object never stops the others
            what = f"its reconciler failed ({type(error).__name__})"
            self._quarantine(key, value, "plan-decision-failed", what)
            return []
        key.memo, key.reads, key.following = decision.memo, frozenset(world.reads), decision.next
        key.wake_at = decision.next.time if decision.next.stop is Stop.AT else None
        return self._perform(key, reconciler, decision, now)

    def _perform(
        self, key: Key, reconciler: Reconciler, decision: Decision, now: datetime
    ) -> list[Seen]:
        answered = self._ask(decision.requests)
        planned = self._needed(reconciler, decision.actions, now)
        if planned and self._goes_round(key, planned):
            return []
        changed: list[Seen] = []
        failed = False
        for one in planned:
            seen, good = self._write(one)
            changed.extend(seen)
            failed = failed or not good
        changed.extend(self._write_status(key, reconciler, decision, now, urgent=bool(planned)))
        self._publish(reconciler, decision.events)
        self._pace(key, now, moved=bool(changed) or answered, failed=failed)
        return changed

    def _pace(self, key: Key, now: datetime, *, moved: bool, failed: bool) -> None:
        """Settle when the object is decided again."""
        key.failures = key.failures + 1 if failed else 0
        if failed:
            pause = min(2.0**key.failures, _LONGEST_PAUSE)
            key.wake_at = min(filter(None, (key.wake_at, now + timedelta(seconds=pause))))
        if not moved:
            key.restless = 0
            if key.wake_at is not None and key.wake_at <= now:
                key.wake_at = now + _STATUS_PAUSE
            return
        key.restless += 1
        value = self._observations.get(key.target)
        if key.restless > _RESTLESS and value is not None:
            what = f"after {_RESTLESS} decisions in a row there is still something new"
            self._quarantine(key, value, "plan-decision-endless", what)
            return
        if not failed:
            key.wake_at = now

    def _ask(self, requests: Iterable[Request]) -> bool:
        """Have requests performed that have no answer; tell whether any was."""
        asked = False
        for request in requests:
            if request.key not in self._observations.answers:
                answer = perform_request(request, self._surroundings.performers)
                self._observations.answers[request.key] = answer
                asked = True
        return asked

    def _needed(
        self, reconciler: Reconciler, actions: Iterable[Action], now: datetime
    ) -> list[PlannedAction]:
        """Return the actions that would change something, as the world is now."""
        found = []
        for asked in actions:
            live = self._observations.get(asked.target)
            action = replace(asked, object=desired(asked, self._surroundings))
            planned, _ = plan_action(
                action, reconciler.area, live, self._surroundings, format_time(now)
            )
            if planned.change is not Change.UNCHANGED:
                found.append(planned)
        return found

    def _goes_round(self, key: Key, planned: list[PlannedAction]) -> bool:
        """Tell whether the same writes are asked for too often; the object is left alone then."""
        digest = content_digest(
            [[str(one.action.verb), str(one.action.target), one.action.object] for one in planned]
        )
        key.repeats = key.repeats + 1 if digest == key.last_actions else 0
        key.last_actions = digest
        value = self._observations.get(key.target)
        if key.repeats < _SAME_ACTIONS or value is None:
            return False
        what = f"its reconciler asks for the same {len(planned)} writes again and again"
        self._quarantine(key, value, "plan-decision-endless", what)
        return True

    def _write(self, planned: PlannedAction) -> tuple[list[Seen], bool]:
        target = planned.action.target
        done = self._writer.perform(planned)
        self.outcomes.append(done.outcome)
        self._progress(done.outcome)
        before = self._observations.seen(target)
        match done.outcome.result:
            case Result.CREATED | Result.UPDATED if done.object is not None:
                self._observations.put(done.object)
            case Result.DELETED if done.object is not None:
                self._observations.put(done.object)
            case Result.DELETED | Result.UNCHANGED if planned.action.verb is Verb.DELETE:
                self._observations.remove(target)
            case Result.UNCHANGED if done.object is not None:
                self._observations.put(done.object)
            case _:
                return [], False
        return [(target, before, self._observations.seen(target))], True

    def _write_status(
        self,
        key: Key,
        reconciler: Reconciler,
        decision: Decision,
        now: datetime,
        *,
        urgent: bool,
    ) -> list[Seen]:
        """Write what differs of the status: at once on a change of phase, else each second."""
        live = self._observations.get(key.target)
        if decision.status is None or live is None:
            return []
        before = live.get("status") or {}
        difference = make_merge_patch(before, decision.status)
        if not difference:
            return []
        since = now - key.status_at if key.status_at is not None else _STATUS_PAUSE
        phase_changed = _phases(before) != _phases(decision.status)
        if not (urgent or phase_changed) and since < _STATUS_PAUSE:
            later = now + _STATUS_PAUSE - since
            key.wake_at = min(filter(None, (key.wake_at, later)))
            return []
        action = Action(
            verb=Verb.STATUS,
            target=key.target,
            manager=reconciler.manager,
            object={"status": difference},
            resource_version=_version(live),
        )
        planned = PlannedAction(action=action, change=Change.UPDATE, area=reconciler.area)
        done = self._writer.perform(planned)
        key.status_at = now
        if done.object is not None:
            self._observations.put(done.object)
            return [(key.target, live, done.object)]
        return self._read_again(key, now, live, done.outcome)

    def _read_again(self, key: Key, now: datetime, live: Object, outcome: Outcome) -> list[Seen]:
        """Look at an object anew whose status could not be written."""
        fresh = self._surroundings.client.get(key.target)
        if outcome.result is not Result.CONFLICT and fresh is not None:
            self.outcomes.append(outcome)
            key.wake_at = now + timedelta(seconds=min(2.0 ** (key.failures + 1), _LONGEST_PAUSE))
            return []
        if fresh is None:
            self._observations.remove(key.target)
        else:
            self._observations.put(fresh)
        return [(key.target, live, fresh)]

    def _publish(self, reconciler: Reconciler, events: Iterable[Object]) -> None:
        """Create the Events that are not there yet; one that fails is not worth a failure."""
        for event in events:
            digest = content_digest(event)
            if digest in self._published:
                continue
            self._published.add(digest)
            named = _named_event(event)
            target = Target.of(named)
            if self._surroundings.client.get(target) is None:
                action = Action(
                    verb=Verb.EVENT, target=target, manager=reconciler.manager, object=named
                )
                self._writer.perform(
                    PlannedAction(action=action, change=Change.CREATE, area=reconciler.area)
                )

    def _quarantine(self, key: Key, value: Object, code: str, what: str) -> None:
        key.problem, key.bad_version, key.wake_at = what, _version(value), None
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code=code,
                message=f"{key.target}: {what}",
                remedy=_REPORT,
                place=Place(""),
            )
        )


def _phases(status: Value, depth: int = 3) -> list[str]:
    """Return the texts of a status that say in which phase something is."""
    if not isinstance(status, dict) or not depth:
        return []
    found = [
        f"{name}={status[name]}"
        for name in ("phase", "status")
        if isinstance(status.get(name), str)
    ]
    for name in sorted(status):
        found.extend(f"{name}.{one}" for one in _phases(status[name], depth - 1))
    return found


def _version(value: Object) -> str:
    return str(lookup(value, "metadata", "resourceVersion", default=""))


def _named_event(event: Object) -> Object:
    metadata = event.get("metadata") or {}
    if metadata.get("name"):
        return event
    owner = str(lookup(event, "involvedObject", "name", default="event"))
    return {**event, "metadata": {**metadata, "name": derive_name(owner, "event", event)}}
