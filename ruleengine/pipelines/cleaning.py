"""What becomes of a workflow and its pods after their end: ``ttlStrategy`` and ``podGC``."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ruleengine.apimachinery.selectors import (
    LabelSelector,
    SelectorError,
    label_selector_from_object,
)
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import PIPELINES_MANAGER
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.archiving import ArchivePolicy, archiving
from ruleengine.pipelines.beginning import left
from ruleengine.pipelines.collectors import COLLECTS
from ruleengine.pipelines.phases import Phase, is_over
from ruleengine.pipelines.pods import NODE_ID
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.timing import duration_of, end_of, seconds_of

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

_BY_POD: Final = ("OnPodCompletion", "OnPodSuccess")
_BY_WORKFLOW: Final = ("OnWorkflowCompletion", "OnWorkflowSuccess")
_USUAL_DELAY: Final = "5s"
"""For how long a pod that has ended is left alone while its workflow goes on, as by Argo.

So says ``PodGCDeleteDelayDuration`` in ``config/config.go`` of argo-workflows; what a workflow
states goes before it, 0 as well (``getPodGCDelay`` in ``workflow/controller``).
"""


def decide(
    value: Object, world: World, now: datetime, policy: ArchivePolicy | None = None
) -> Decision:
    """Return what is left to do about a workflow that came to its end.

    What is to be archived is not deleted before it is. Raises ``NodeError`` for a delay or a
    selector that is none.
    """
    archive = archiving(value, world, now, policy)
    if archive.waits:
        return Decision(
            actions=archive.actions,
            requests=archive.requests,
            next=Next(stop=Stop.FOR, message=archive.waits, time=archive.again),
        )
    spec = lookup(value, "status", "storedWorkflowTemplateSpec") or value["spec"]
    pods = [*_pods(value, world)]
    due = (_deletion(pod, _collection(value)) for pod, at in pods if now >= at)
    actions = (*left(value, spec, world), *due)
    end = expires(value)
    if end is not None and now >= end:
        return Decision(actions=(_gone(value),), next=DONE)
    times = (*(at for _, at in pods), *(() if end is None else (end,)))
    coming = [one for one in times if one > now]
    if not coming:
        return Decision(actions=actions, next=DONE)
    message = f"its pods or itself are kept until {min(coming):%Y-%m-%d %H:%M:%S}"
    return Decision(actions=actions, next=Next(stop=Stop.FOR, time=min(coming), message=message))


def _gone(value: Object) -> Action:
    return Action(
        verb=Verb.DELETE,
        target=Target.of(value),
        manager=PIPELINES_MANAGER,
        uid=str(lookup(value, "metadata", "uid", default="")),
        reason="ttlStrategy",
    )


def _collection(value: Object) -> Object:
    """Return the ``podGC`` of a workflow, its own or that of the template it was made of."""
    found: Object = lookup(value, "spec", "podGC") or lookup(
        value, "status", "storedWorkflowTemplateSpec", "podGC", default={}
    )
    return found


def _collects(collection: Object, value: Object) -> bool:
    """Tell whether pods of a workflow that ended like this are deleted."""
    strategy = collection.get("strategy")
    if strategy == "OnWorkflowSuccess":
        return bool(lookup(value, "status", "phase") == Phase.SUCCEEDED)
    return strategy in (*_BY_POD, *_BY_WORKFLOW)


def expires(value: Object) -> datetime | None:
    """Return when a workflow that ended is to be deleted; ``None``: it is kept.

    Raises ``NodeError`` where it ended at no time.
    """
    strategy = lookup(value, "spec", "ttlStrategy") or lookup(
        value, "status", "storedWorkflowTemplateSpec", "ttlStrategy", default={}
    )
    phase = lookup(value, "status", "phase")
    own = "secondsAfterSuccess" if phase == Phase.SUCCEEDED else "secondsAfterFailure"
    seconds = strategy.get(own, strategy.get("secondsAfterCompletion"))
    finished = end_of(value)
    if seconds is None or finished is None:
        return None
    return finished + seconds_of(seconds)


def _pods(value: Object, world: World) -> Iterator[tuple[Object, datetime]]:
    """Yield the pods that ``podGC`` does not keep, and from when on they are deleted.

    That is as long as ``podGC`` states after the end of the workflow, or of each where the
    strategy names pods. Where it states nothing that is at once: who ran one workflow does not
    stay to tidy up later. Raises ``NodeError`` for a delay or a selector that is none.
    """
    collection, finished = _collection(value), end_of(value)
    if finished is None or not _collects(collection, value):
        return
    selector, delay = _selector(collection), _delay(collection, "0s")
    uid = str(lookup(value, "metadata", "uid", default=""))
    for pod in world.list("v1", "Pod", index=("owner", uid)):
        kept = COLLECTS in lookup(pod, "metadata", "labels", default={})
        if kept or not _is_collected(pod, collection, selector):
            continue
        node = str(lookup(pod, "metadata", "annotations", NODE_ID))
        own = lookup(value, "status", "nodes", node, "finishedAt")
        by_pod = collection["strategy"] in _BY_POD
        yield pod, (parse_time(own) if by_pod and own else finished) + delay


def _delay(collection: Object, usual: str) -> timedelta:
    """Return for how long a pod is kept that could go. Raises ``NodeError``."""
    stated = collection.get("deleteDelayDuration") or usual
    return duration_of(stated, "deleteDelayDuration")


def _selector(collection: Object) -> LabelSelector:
    try:
        return label_selector_from_object(collection.get("labelSelector") or {})
    except SelectorError as error:
        raise NodeError(f"podGC.labelSelector: {error}") from error


def _is_collected(pod: Object, collection: Object, selector: LabelSelector) -> bool:
    """Tell whether a pod that has ended is deleted, and is not on its way out already."""
    ended = lookup(pod, "status", "phase")
    if collection["strategy"] == "OnPodSuccess" and ended != "Succeeded":
        return False
    if lookup(pod, "metadata", "deletionTimestamp"):
        return False
    return selector.matches(lookup(pod, "metadata", "labels", default={}))


def _deletion(pod: Object, collection: Object, *, late: bool = False) -> Action:
    return Action(
        verb=Verb.DELETE,
        target=Target.of(pod),
        manager=PIPELINES_MANAGER,
        uid=str(lookup(pod, "metadata", "uid", default="")),
        reason=f"podGC {collection['strategy']}",
        late=late,
    )


def as_they_end(machine: "Machine") -> list[Action]:
    """Return the deletion of pods whose nodes are over, while the workflow goes on.

    They go once the status is stored that says how their nodes ended. A ``podGC`` that cannot be
    read is told at the end.
    """
    collection = machine.spec.get("podGC") or {}
    if collection.get("strategy") not in _BY_POD:
        return []
    try:
        selector = _selector(collection)
        delay = _delay(collection, _USUAL_DELAY)
    except NodeError:
        return []
    uid = str(lookup(machine.value, "metadata", "uid", default=""))
    found = []
    for pod in machine.world.list("v1", "Pod", index=("ended", uid)):
        node = machine.tree.get(str(lookup(pod, "metadata", "annotations", NODE_ID)))
        if node is None or not is_over(node) or not _is_collected(pod, collection, selector):
            continue
        due = parse_time(node["finishedAt"]) + delay
        if due > machine.now:
            machine.wake(due, "pods that have ended are deleted")
        else:
            found.append(_deletion(pod, collection, late=True))
    return found
