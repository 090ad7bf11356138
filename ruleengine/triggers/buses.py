"""Event buses: which of them the embedded one stands for (decision 0006).

An EventBus that Argo Events would run itself (``jetstream``, ``nats.native``) is a bus that
nobody else speaks to: the embedded bus takes its place. One that is run by others
(``jetstreamExotic``, ``nats.exotic``, ``kafka``) is spoken to by others, too, and is
not honoured yet. Without any document the embedded bus serves.
"""

from datetime import datetime
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, TRIGGERS_MANAGER
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object, Value, lookup
from ruleengine.triggers.conditions import DEPLOYED, INVALID, fails, holds, make_status, refused
from ruleengine.triggers.problems import WrongError, unsupported
from ruleengine.triggers.values import mapping, text

CONFIGURED: Final = "Configured"
_KINDS: Final = ("nats", "jetstream", "jetstreamExotic", "kafka")


class EventBusReconciler:
    """Decides for EventBuses: says what serves them."""

    area = "triggers"
    api_version = ARGO_API_VERSION
    kind = "EventBus"
    manager = TRIGGERS_MANAGER
    watches = ()

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the status of an event bus."""
        del world, memo
        problem = read_problem(value)
        if problem is not None:
            conditions = {
                CONFIGURED: refused(problem),
                DEPLOYED: fails("nothing serves it", INVALID),
            }
            following = Next(stop=Stop.FOR, message=problem.text)
            return Decision(status=make_status(value, conditions, now), next=following)
        conditions = {CONFIGURED: holds(), DEPLOYED: holds(_served(value["spec"]), "Embedded")}
        return Decision(status=make_status(value, conditions, now), next=DONE)


def bus_problem(world: World, namespace: str, name: str) -> str:
    """Return why a bus cannot be used, or an empty text."""
    target = Target(ARGO_API_VERSION, "EventBus", namespace, name)
    value = world.get(target)
    problem = None if value is None else read_problem(value)
    return "" if problem is None else f"{target}: {problem.text}"


def read_problem(value: Object) -> Problem | None:
    """Return what is wrong with an EventBus, or not honoured; ``None`` where it is served."""
    try:
        spec = mapping(value, "spec", "")
        _check(spec)
    except WrongError as error:
        return error.problem
    return next(iter(unsupported("EventBus", spec)), None)


def _check(spec: Object) -> None:
    """Check what Argo Events checks; the messages are its own."""
    if not any(spec.get(kind) is not None for kind in _KINDS):
        raise WrongError(
            'invalid spec: either "nats", "jetstream", "jetstreamExotic", or "kafka" '
            "needs to be specified"
        )
    if spec.get("jetstream") is None:
        return
    jetstream = mapping(spec, "jetstream", "spec")
    if not text(jetstream, "version", "spec.jetstream"):
        raise WrongError("invalid spec: a version for jetstream needs to be specified")
    replicas = jetstream.get("replicas")
    if replicas is not None and not _is_replicas(replicas):
        raise WrongError(f"spec.jetstream.replicas must be 1 or at least 3, not {replicas!r}")


def _is_replicas(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (value == 1 or value > 2)


def _served(spec: Object) -> str:
    version = lookup(spec, "jetstream", "version")
    replicas = lookup(spec, "jetstream", "replicas", default=3)
    if version is None:
        return "the embedded bus serves it"
    return f"the embedded bus serves it in place of {replicas} servers of JetStream {version}"
