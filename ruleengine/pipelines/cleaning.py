"""What becomes of a workflow and its pods after its end: ``ttlStrategy`` and ``podGC``."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import PIPELINES_MANAGER
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import Phase

_BY_END: Final = ("OnWorkflowCompletion", "OnPodCompletion")
_BY_SUCCESS: Final = ("OnWorkflowSuccess", "OnPodSuccess")


def decide(value: Object, world: World, now: datetime) -> Decision:
    """Return what is left to do about a workflow that came to its end."""
    actions = list(_pods(value, world))
    end = expires(value)
    if end is None:
        return Decision(actions=tuple(actions), next=DONE)
    if now < end:
        message = f"kept until {end:%Y-%m-%d %H:%M:%S}"
        following = Next(stop=Stop.FOR, time=end, message=message)
        return Decision(actions=tuple(actions), next=following)
    uid = str(lookup(value, "metadata", "uid", default=""))
    gone = Action(
        verb=Verb.DELETE,
        target=Target.of(value),
        manager=PIPELINES_MANAGER,
        uid=uid,
        reason="ttlStrategy",
    )
    return Decision(actions=(gone,), next=DONE)


def expires(value: Object) -> datetime | None:
    """Return when a workflow that ended is to be deleted; ``None``: it is kept."""
    strategy = lookup(value, "spec", "ttlStrategy") or lookup(
        value, "status", "storedWorkflowTemplateSpec", "ttlStrategy", default={}
    )
    phase = lookup(value, "status", "phase")
    own = "secondsAfterSuccess" if phase == Phase.SUCCEEDED else "secondsAfterFailure"
    seconds = strategy.get(own, strategy.get("secondsAfterCompletion"))
    finished = lookup(value, "status", "finishedAt")
    if seconds is None or not finished:
        return None
    return parse_time(finished) + timedelta(seconds=int(seconds))


def _pods(value: Object, world: World) -> Iterator[Action]:
    """Yield the deletion of pods that ``podGC`` does not keep."""
    strategy = str(lookup(value, "spec", "podGC", "strategy", default=""))
    phase = lookup(value, "status", "phase")
    if strategy == "OnWorkflowSuccess" and phase != Phase.SUCCEEDED:
        return
    if strategy not in (*_BY_END, *_BY_SUCCESS):
        return
    uid = str(lookup(value, "metadata", "uid", default=""))
    for pod in world.list("v1", "Pod", index=("owner", uid)):
        ended = lookup(pod, "status", "phase")
        if strategy == "OnPodSuccess" and ended != "Succeeded":
            continue
        if not lookup(pod, "metadata", "deletionTimestamp"):
            yield Action(
                verb=Verb.DELETE,
                target=Target.of(pod),
                manager=PIPELINES_MANAGER,
                uid=str(lookup(pod, "metadata", "uid", default="")),
                reason=f"podGC {strategy}",
            )
