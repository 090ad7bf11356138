"""The reconciler of Argo's EventSource: its Service, and where its events are received.

Receiving is asked for as a standing read: whoever drives opens the ports for as long as a
decision wants them, and answers with the addresses. A run that only applies has no such
performer; there the document waits for one, and its status says no more than is known.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import DONE, Answer, Decision, Next, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, TRIGGERS_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.triggers.buses import bus_problem
from ruleengine.triggers.conditions import (
    DEPLOYED,
    INVALID,
    Condition,
    fails,
    holds,
    make_status,
    refused,
)
from ruleengine.triggers.requests import Receiving, Serving
from ruleengine.triggers.source_service import service_actions
from ruleengine.triggers.source_specification import SourceSpecification, read_source

SOURCES: Final = "SourcesProvided"


class EventSourceReconciler:
    """Decides for EventSources whose events come by webhook."""

    area = "triggers"
    api_version = ARGO_API_VERSION
    kind = "EventSource"
    manager = TRIGGERS_MANAGER
    watches = ()

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one event source; ``memo`` is not needed."""
        del memo
        if lookup(value, "metadata", "deletionTimestamp"):
            return Decision()
        reading = read_source(value)
        if reading.specification is None:
            problem = reading.problems[0]
            nothing = fails("nothing is received", INVALID)
            return _waiting(
                value, {SOURCES: refused(problem), DEPLOYED: nothing}, problem.text, now
            )
        no_bus = bus_problem(world, Target.of(value).namespace, reading.specification.bus)
        if no_bus:
            conditions = {SOURCES: holds(), DEPLOYED: fails(no_bus, INVALID)}
            return _waiting(value, conditions, no_bus, now)
        return _received(value, reading.specification, world, now)


def _waiting(
    value: Object, conditions: Mapping[str, Condition], message: str, now: datetime
) -> Decision:
    """Return the decision that receives nothing until somebody changes a document."""
    return Decision(
        status=make_status(value, conditions, now), next=Next(stop=Stop.FOR, message=message)
    )


def _received(
    value: Object, specification: SourceSpecification, world: World, now: datetime
) -> Decision:
    receiving = _receiving(value, specification, world)
    answer = world.answer(receiving.request)
    deployed = _deployed(value, answer, _missing(specification, receiving))
    conditions = {SOURCES: holds()}
    if deployed is not None:
        conditions[DEPLOYED] = deployed
    return Decision(
        actions=tuple(service_actions(value, specification.service, world)),
        requests=() if answer is not None else (receiving.request,),
        status=make_status(value, conditions, now),
        next=_following(answer, deployed),
    )


def _receiving(value: Object, specification: SourceSpecification, world: World) -> Receiving:
    target = Target.of(value)
    names = sorted({one.token.name for one in specification.routes if one.token is not None})
    secrets = {name: world.get(Target("v1", "Secret", target.namespace, name)) for name in names}
    versions = {
        name: str(lookup(secret, "metadata", "resourceVersion", default=""))
        for name, secret in secrets.items()
    }
    return Receiving(
        namespace=target.namespace,
        source=target.name,
        bus=f"{target.namespace}/{specification.bus}",
        routes=specification.routes,
        versions=versions,
    )


def _missing(specification: SourceSpecification, receiving: Receiving) -> tuple[str, ...]:
    """Return what is to be said about Secrets that are not there."""
    return tuple(
        f"{one.event} refuses every request until Secret/{receiving.namespace}/{one.token.name} "
        "exists"
        for one in specification.routes
        if one.token is not None and not receiving.versions[one.token.name]
    )


def _deployed(value: Object, answer: Answer | None, missing: tuple[str, ...]) -> Condition | None:
    """Return whether events are received; as it was where nobody has answered in this run."""
    if answer is None:
        return _as_it_was(value)
    if answer.error:
        return fails(f"{answer.error}; {answer.remedy}", "NotReceived")
    serving = Serving.of(answer.value)
    problems = [*missing, *(f"{name}: {why}" for name, why in sorted(serving.refusals.items()))]
    if problems:
        return fails("; ".join(problems), "NotReceived")
    places = (f"{name} at {address}" for name, address in sorted(serving.addresses.items()))
    return holds(", ".join(places), "Receiving")


def _as_it_was(value: Object) -> Condition | None:
    for one in _conditions(value):
        if one.get("type") == DEPLOYED and one.get("reason") != INVALID:
            known = {name: str(one.get(name, "")) for name in ("status", "reason", "message")}
            return Condition(**known)
    return None


def _conditions(value: Object) -> Iterator[Object]:
    found = lookup(value, "status", "conditions", default=[])
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def _following(answer: Answer | None, deployed: Condition | None) -> Next:
    if answer is None:
        message = "its events are received while `ruleengine run` runs"
        return Next(stop=Stop.FOR, message=message)
    if deployed is not None and deployed.status != "True":
        return Next(stop=Stop.FOR, message=deployed.message)
    return DONE
