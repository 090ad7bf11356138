"""Answering: what one decision asks of the outside, read, listened for or done for it."""

from collections.abc import Callable, Sequence
from typing import Final

from ruleengine.cluster.errors import ApiError
from ruleengine.model.decisions import Request
from ruleengine.model.errors import StoreError
from ruleengine.reconcile.asking import perform_request
from ruleengine.reconcile.effects import Performed
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.quarantine import Quarantine
from ruleengine.reconcile.standing import Standing
from ruleengine.reconcile.steps import Step
from ruleengine.reconcile.surroundings import Surroundings

_UNRECORDED: Final = "plan-effect-unrecorded"


class Answering:
    """Has the requests of decisions answered. ``drives`` tells whether a step may still act."""

    def __init__(
        self,
        surroundings: Surroundings,
        observations: Observations,
        quarantine: Quarantine,
        drives: Callable[[Step], bool],
    ) -> None:
        self._surroundings = surroundings
        self._answers = observations.answers
        self._quarantine = quarantine
        self._drives = drives
        self.standing = Standing(surroundings.standing, observations.answers)

    def read(self, step: Step) -> bool:
        """Have reads performed that have no answer, and tell of requests nobody performs.

        Returns whether there is an answer now that was not.
        """
        asked = False
        for request in step.decision.requests:
            if request.standing:
                asked = self._stand(step, request) or asked
                continue
            if request.kind not in self._surroundings.performers:
                self._quarantine.unknown(step.value, request.kind)
            elif request.effect:
                continue
            if request.key not in self._answers:
                answer = perform_request(request, self._surroundings.performers)
                self._answers[request.key] = answer
                asked = True
        return asked

    def _stand(self, step: Step, request: Request) -> bool:
        """Ask a standing request; tell whether there is an answer now that was not."""
        performer = self.standing.performer(request)
        if performer is None or (performer.exclusive and not self._drives(step)):
            return False
        heard = self.standing.ask(request)
        step.heard = step.heard or heard
        return heard

    def effects(self, step: Step) -> list[Request]:
        """Return the effects that a decision asks for and that are still to be done."""
        asked = step.decision.requests
        return [one for one in asked if one.effect and one.key not in self._answers]

    def perform(self, step: Step, effects: Sequence[Request]) -> bool:
        """Perform effects; tell whether the rest of the decision is still worth performing.

        It is not where a process before us has done an effect already: the decision has to
        be taken again with its answer.
        """
        if not effects:
            return True
        alive = frozenset(one.answer for one in step.key.reads if one.answer)
        for request in effects:
            if not self._drives(step):
                return False
            try:
                done = step.hand.effects.perform(
                    step.value, request, step.reconciler.manager, alive
                )
            except (ApiError, StoreError) as error:  # not recorded, and so not performed
                step.failed = True
                self._quarantine.find(step.value, _UNRECORDED, error.message, error.remedy)
                continue
            self._quarantine.withdraw(step.key.target, _UNRECORDED)
            if done is Performed.BEFORE:
                step.key.wake_at = step.now
                return False
            step.answered = step.answered or done is Performed.NOW
            step.failed = step.failed or done is Performed.NOT_YET
        return True
