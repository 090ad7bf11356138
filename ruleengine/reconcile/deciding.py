"""One decision, performed: requests are answered, actions written, the status kept up.

Nothing is written for an area whose lease is held elsewhere; the object is watched then. What
a write came to that nobody acknowledged is looked up before its object is decided again.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.fencing import FencedError
from ruleengine.formats.json_text import dump_bytes
from ruleengine.model.actions import (
    Action,
    Change,
    Outcome,
    PlannedAction,
    Result,
    Target,
    Verb,
)
from ruleengine.model.decisions import DONE, Next, Reconciler, Stop
from ruleengine.model.errors import UnreachableError
from ruleengine.model.findings import Finding
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, version_of
from ruleengine.reconcile.answering import Answering
from ruleengine.reconcile.driving import Driving, read_anew
from ruleengine.reconcile.foreseeing import in_form, plan_action
from ruleengine.reconcile.hands import Hands, Manner
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.observations import Observations, Seen
from ruleengine.reconcile.pacing import pace, pause_of
from ruleengine.reconcile.patience import EndlessError, Patience
from ruleengine.reconcile.quarantine import Quarantine, put_aside
from ruleengine.reconcile.standing import Standing
from ruleengine.reconcile.statuses import PAUSE, Statuses, is_urgent, status_difference
from ruleengine.reconcile.steps import Step
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.world import LiveWorld, Read

_SAME_ACTIONS: Final = 5
"""How often the same writes in a row are performed before the object is left alone."""

_MOST_WRITES: Final = 250
"""How many writes of one decision are performed before other objects have their turn."""


_FEW_READS: Final = 1000
_READS_A_SECOND: Final = 10_000.0
"""Who reads more than a few things is decided so rarely that it reads so many in a second."""


class Decider:
    """Asks reconcilers and performs what they decide, one object at a time."""

    def __init__(
        self,
        surroundings: Surroundings,
        observations: Observations,
        driving: Driving,
        manner: Manner,
        patience: Patience,
    ) -> None:
        self._surroundings = surroundings
        self._patience = patience
        self._observations = observations
        self._driving = driving
        self._manner = manner
        self.hands = Hands(surroundings, observations, driving, manner)
        self._quarantine = Quarantine(manner.seed)
        self._statuses = Statuses(observations, surroundings.packing)
        self._answering = Answering(surroundings, observations, self._quarantine, self._drives)
        self.outcomes: deque[Outcome] = deque(maxlen=manner.most_outcomes)
        self._broken_off: dict[Target, Step] = {}
        self.decisions = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with single objects."""
        return self._quarantine.findings

    @property
    def standing(self) -> Standing:
        """The standing requests of all objects."""
        return self._answering.standing

    def decide(self, key: Key, now: datetime) -> list[Seen]:
        """Decide about one object and perform the decision; return what we changed."""
        broken_off = self._broken_off.pop(key.target, None)
        changed = self._make_sure(key, now)
        value = self._observations.get(key.target)
        reconciler = self._surroundings.reconciler_of(key.target)
        if key.unsure or value is None or reconciler is None:
            return changed
        if not self._surroundings.may_decide(value):
            key.following, key.wake_at, key.watched = DONE, None, ""
            return changed
        if broken_off is not None and version_of(broken_off.value) == version_of(value):
            changed = self._go_on(broken_off, changed, now)
        elif self._quarantine.lets_out(key, value, now):
            changed = self._take_step(key, value, reconciler, changed, now)
        else:
            return changed
        if key.problem:
            self.hands.warn(reconciler, put_aside(value, key.problem, now))
        return changed

    def _take_step(
        self, key: Key, value: Object, reconciler: Reconciler, changed: list[Seen], now: datetime
    ) -> list[Seen]:
        """Decide about an object; whatever goes wrong costs that one object only."""
        packing = self._surroundings.packing
        world = LiveWorld(self._observations, packing, key.refused)
        if key.stored is not None:
            self._statuses.stored(key)
        self.decisions += 1
        try:
            decision = self._patience.ask(reconciler, packing.unpack(value), world, now, key.memo)
        except EndlessError as error:
            self._quarantine.put_aside(key, value, str(error))
            return changed
        except UnreachableError:
            raise
        except ApiError as error:  # what it reads cannot be had now: no fault of who reads it
            self.try_later(key, now, error)
            return changed
        except Exception as error:  # noqa: BLE001 - one poisonous object never stops the others
            self._quarantine.crashed(key, value, error, now)
            return changed
        self._quarantine.recovered(key)
        key.watched = ""
        awaited = [Read(target=one) for one in decision.next.targets]
        key.memo, key.following = decision.memo, decision.next
        key.reads = frozenset(world.reads.union(awaited) if awaited else world.reads)
        key.wake_at = None if decision.next.stop is Stop.DONE else decision.next.time
        key.rests = None
        if len(key.reads) >= _FEW_READS:
            key.rests = now + timedelta(seconds=len(key.reads) / _READS_A_SECOND)
        hand = self.hands.of(reconciler.area)
        step = Step(key, value, reconciler, hand, decision, now, changed)
        return self._carry_out(step, self._perform)

    def _go_on(self, step: Step, changed: list[Seen], now: datetime) -> list[Seen]:
        """Write what is left of a decision; others had their turn in between."""
        step.changed, step.foreseen, step.now = changed, [], now
        step.key.wake_at = None if step.decision.next.stop is Stop.DONE else step.decision.next.time
        return self._carry_out(step, self._write_rest)

    def _carry_out(self, step: Step, perform: Callable[[Step], None]) -> list[Seen]:
        key, now = step.key, step.now
        try:
            perform(step)
        except FencedError:
            key.wake_at = now + PAUSE
            self._drives(step)
        except UnreachableError:
            raise
        except ApiError as error:
            self.try_later(key, now, error)
        except Exception as error:  # noqa: BLE001 - nor does a decision that cannot be performed
            self._quarantine.crashed(key, step.value, error, now)
        return [*step.changed, *step.foreseen]

    def _make_sure(self, key: Key, now: datetime) -> list[Seen]:
        """Look up what became of writes that nobody acknowledged; return what is new.

        What cannot be looked up stays unsure, and its object is not decided until it can.
        """
        changed: list[Seen] = []
        for target in sorted(key.unsure):
            try:
                changed += read_anew(self._observations, self._surroundings.client, target)
            except ApiError as error:
                self.try_later(key, now, error)
                return changed
            key.unsure.discard(target)
        return changed

    def try_later(self, key: Key, now: datetime, error: ApiError) -> None:
        """Have an object decided again once what it reads can perhaps be had."""
        key.following = Next(stop=Stop.ON, message=error.message)
        key.failures += 1
        key.wake_at = now + pause_of(key, self._manner.seed)

    def _perform(self, step: Step) -> None:
        decision, key = step.decision, step.key
        failed, key.failed = key.failed, {}
        step.answered = self._answering.read(step)
        effects = self._answering.effects(step)
        needed = self._needed(step.reconciler, decision.actions, step.now)
        planned = [one for one in needed if not one.action.late]
        step.late = [one for one in needed if one.action.late][:_MOST_WRITES]
        due = bool(planned) or self._statuses.is_due(key, decision, step.now)
        if (effects or due) and not self._drives(step):
            return
        if not self._answering.perform(step, effects):
            return
        if planned and self._goes_round(step, planned, failed):
            return
        step.urgent = bool(planned) and not decision.may_wait
        step.mark = self._mark_of(step, planned) if step.urgent else None
        step.rest = [one for one in planned if one is not step.mark]
        self._write_rest(step)

    def _mark_of(self, step: Step, planned: Sequence[PlannedAction]) -> PlannedAction | None:
        """Return the patch of the object's own metadata, if one write takes the status as well.

        That is so where the status of its kind is no subresource.
        """
        target = step.key.target
        found = [one for one in planned if one.action.target == target]
        if len(found) != 1 or not _is_mark(found[0]):
            return None
        info = self._surroundings.client.kind(target.api_version, target.kind)
        return found[0] if info is not None and "status" not in info.subresources else None

    def _write_rest(self, step: Step) -> None:
        """Perform the writes of a decision; where there are many, others have turns in between."""
        planned, step.rest = step.rest[:_MOST_WRITES], step.rest[_MOST_WRITES:]
        for one in planned:
            if not self._drives(step):
                return
            self._write(step, one)
        if step.rest:
            self._broken_off[step.key.target] = step
        else:
            is_stored = self._write_status(step)
            if step.mark is not None and self._drives(step):
                self._write(step, step.mark)
            if is_stored:
                self._write_late(step)
            if not step.void and not self._driving.is_idle(step.reconciler.area):
                step.hand.publisher.publish(step.reconciler, step.decision.events)
        pace(step, self._observations, self._quarantine, self._manner.seed)

    def _drives(self, step: Step) -> bool:
        """Tell whether we may write; where not, look again later.

        What was decided before others drove is void, and the world is read anew; so is what
        is left of a decision when the run is cancelled.
        """
        driving, area = self._driving, step.reconciler.area
        step.void = step.void or self._manner.cancel.is_set()
        if step.void:
            return False
        may_write = driving.may_write(area)
        if may_write and not driving.is_outdated(area):
            return True
        later = step.now + timedelta(seconds=driving.pause(area))
        if not may_write:
            step.key.watched, step.key.wake_at = driving.why_not(area), later
            return False
        step.void, step.key.wake_at = True, step.now
        try:
            self.hands.look_anew(step.changed)
            self.standing.look_anew()
        except ApiError as error:
            step.key.watched, step.key.wake_at = error.message, later
        return False

    def _needed(
        self, reconciler: Reconciler, actions: Sequence[Action], now: datetime
    ) -> list[PlannedAction]:
        """Return the actions that would change something, as the world is now."""
        found = []
        moment = format_time(now) if actions else ""
        for asked in actions:
            live = self._observations.get(asked.target)
            action = in_form(asked, self._surroundings)
            planned, _ = plan_action(
                action, reconciler.area, live, self._surroundings, moment, owners=False
            )
            if planned.change is not Change.UNCHANGED:
                found.append(planned)
        return found

    def _goes_round(
        self, step: Step, planned: Sequence[PlannedAction], failed: Mapping[Target, str]
    ) -> bool:
        """Tell whether the same writes are asked for too often; the object is left alone then.

        ``failed`` is what the decision before could not write, and why.
        """
        key = step.key
        writes = [[one.action.verb, *one.action.target, one.action.object] for one in planned]
        asked = hash(dump_bytes(writes, ordered=True))
        key.repeats = key.repeats + 1 if asked == key.last_actions else 0
        key.last_actions = asked
        value = self._observations.get(key.target)
        if key.repeats < _SAME_ACTIONS or value is None:
            return False
        if failed:
            self._quarantine.refused(key, value, failed, step.now)
        else:
            self._quarantine.undone(key, value, (one.action.target for one in planned))
        return True

    def _write(self, step: Step, planned: PlannedAction) -> None:
        target = planned.action.target
        step.key.unsure.add(target)
        done = step.hand.writer.perform(planned)
        self.outcomes.append(done.outcome)
        self._manner.progress(done.outcome)
        before = self._observations.seen(target)
        step.key.refused.pop(target, None)
        if done.refusal is not None:
            step.key.refused[target] = done.refusal
        match done.outcome.result:
            case Result.CREATED | Result.UPDATED if done.object is not None:
                self._observations.put(done.object)
            case Result.DELETED if done.object is not None:
                self._observations.put(done.object)
            case Result.DELETED | Result.UNCHANGED if planned.action.verb is Verb.DELETE:
                self._observations.remove(target)
            case Result.UNCHANGED if done.object is not None:
                self._observations.put(done.object)
            case Result.FAILED | Result.CONFLICT | Result.REFUSED:
                step.failed = True
                step.key.failed[target] = done.outcome.message
                return
            case _:
                step.failed = True
                return
        step.key.unsure.discard(target)
        foreseen = planned.action.foreseen and done.outcome.result is Result.CREATED
        seen = step.foreseen if foreseen else step.changed
        seen.append((target, before, self._observations.seen(target)))

    def _write_late(self, step: Step) -> None:
        """Perform the writes that waited for the status."""
        for one in step.late:
            if not self._drives(step):
                return
            self._write(step, one)

    def _write_status(self, step: Step) -> bool:
        """Write what differs of the status: at once on a change of phase, else each second.

        Tells whether the server has it.
        """
        key, now = step.key, step.now
        live, status = self._statuses.stored(key), step.decision.status
        if live is None or status is None:
            return live is not None
        if self._statuses.may_wait(key, step.decision, now):
            if self._statuses.show(key, step.decision) or step.late:
                step.wake_by(self._statuses.due(key, step.decision, now))
            return False
        read = self._statuses.read(live)
        difference = status_difference(read, status)
        if not difference:
            return True
        urgent = step.urgent or is_urgent(read, step.decision)
        if not urgent and self._statuses.is_too_early(key, step.decision, now):
            step.wake_by(self._statuses.due(key, step.decision, now))
            return False
        if not self._drives(step):
            return False
        mark, step.mark = step.mark, None
        action = Action(
            verb=Verb.STATUS,
            target=key.target,
            manager=step.reconciler.manager,
            object={
                **((mark.action.object or {}) if mark else {}),
                "status": self._statuses.patch(live, status, difference),
            },
            resource_version=version_of(live),
        )
        planned = PlannedAction(action=action, change=Change.UPDATE, area=step.reconciler.area)
        key.unsure.add(key.target)
        done = step.hand.writer.perform(planned)
        key.status_at = now
        if done.object is not None:
            key.unsure.discard(key.target)
            key.stored = key.turn = None
            self._observations.put(done.object, key.target)
            step.changed.append((key.target, live, done.object))
        else:
            key.failed[key.target] = done.outcome.message
            if done.outcome.result is Result.CONFLICT:
                step.answered = True
            else:
                self.outcomes.append(done.outcome)
                step.failed = True
        return done.object is not None


def _is_mark(planned: PlannedAction) -> bool:
    """Tell whether an action is nothing but a patch of metadata, whatever the object has become."""
    action = planned.action
    is_patch = action.verb is Verb.PATCH and planned.change is Change.UPDATE
    free = not (action.resource_version or action.uid)
    return is_patch and free and (action.object or {}).keys() == {"metadata"}
