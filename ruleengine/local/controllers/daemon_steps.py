"""The next step of a DaemonSet, as a pure function: which nodes get a pod, which pods go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ruleengine.apimachinery.int_or_string import scaled
from ruleengine.local.affinity import wants_node
from ruleengine.local.controllers.pods import OVER, available_at, deletion_rank
from ruleengine.local.controllers.revisions import HASH
from ruleengine.local.controllers.work import is_deleting
from ruleengine.local.scheduling import SHUT, untolerated
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

_PATIENCE: Final = timedelta(seconds=10)
"""How long a pod that ended stays before it is made anew."""

_REQUIRED: Final = ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
_SET_ASIDE: Final = "node.kubernetes.io/"
"""The taints of this domain are the node's own; pods of DaemonSets put up with them."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The nodes to make a pod for, the pods to delete, and when to look again if any."""

    made: list[str]
    deleted: list[Object]
    again: datetime | None


def node_of(pod: Object) -> str:
    """Return the node of a pod, or the one that it was made for."""
    stated = pod["spec"].get("nodeName")
    path = (*_REQUIRED, "nodeSelectorTerms", 0, "matchFields", 0, "values", 0)
    return str(stated or lookup(pod, "spec", "affinity", *path, default=""))


def should_run(live: Object, node: Object) -> bool:
    """Tell whether a node gets a pod of a DaemonSet."""
    template = live["spec"]["template"]
    taints = [
        one
        for one in lookup(node, "spec", "taints", default=())
        if not str(one["key"]).startswith(_SET_ASIDE)
    ]
    tainted = {**node, "spec": {**(node.get("spec") or {}), "taints": taints}}
    shut = untolerated(template, tainted, SHUT)
    return not is_deleting(node) and wants_node(template["spec"], node) and shut is None


def is_available(live: Object, pod: Object, now: datetime) -> bool:
    """Tell whether a pod is ready, and was long enough."""
    at = available_at(pod, live)
    return at is not None and (not live["spec"].get("minReadySeconds") or at <= now)


def is_updated(pod: Object, update: str) -> bool:
    """Tell whether a pod comes from the present template."""
    return bool(lookup(pod, "metadata", "labels", HASH) == update)


def next_steps(
    live: Object,
    nodes: Mapping[str, Object],
    pods: Sequence[Object],
    update: str,
    now: datetime,
) -> Steps:
    """Return the next step of a DaemonSet that is not deleted."""
    made: list[str] = []
    deleted: list[Object] = []
    again: list[datetime] = []
    staying: dict[str, list[Object]] = {name: [] for name in nodes}
    leaving = {node_of(one) for one in pods if is_deleting(one)}
    for pod in pods:
        if not is_deleting(pod) and node_of(pod) in nodes:
            staying[node_of(pod)].append(pod)
    for name, found in staying.items():
        if not should_run(live, nodes[name]):
            deleted += found
            found.clear()
            continue
        for pod in [one for one in found if lookup(one, "status", "phase") in OVER]:
            end = parse_time(pod["metadata"]["creationTimestamp"]) + _PATIENCE
            if now < end:
                again.append(end)
            else:
                deleted.append(pod)
        again += [at for one in found if (at := available_at(one, live)) and at > now]
        if not found and name not in leaving:
            made.append(name)
    if lookup(live, "spec", "updateStrategy", "type") != "OnDelete":
        running = {name: staying[name] for name in staying if should_run(live, nodes[name])}
        more, fewer = _rolled(live, running, update, now)
        made += more
        deleted += [one for one in fewer if one not in deleted]
    return Steps(made, deleted, min(again, default=None))


def _rolled(
    live: Object, running: Mapping[str, list[Object]], update: str, now: datetime
) -> tuple[list[str], list[Object]]:
    """Return the nodes that get a new pod beside the old, and the old pods that go.

    With a surge the old one goes once the new one is available; else it goes first, on as
    many nodes at a time as may be unavailable.
    """
    rolling = lookup(live, "spec", "updateStrategy", "rollingUpdate", default={})
    surge = scaled(rolling.get("maxSurge") or 0, len(running), round_up=True)
    most = scaled(rolling.get("maxUnavailable", 1), len(running), round_up=True)
    room = most - sum(
        not any(is_available(live, one, now) for one in found) for found in running.values()
    )
    both = sum(_is_mixed(found, update) for found in running.values())
    made: list[str] = []
    deleted: list[Object] = []
    for name, found in running.items():
        old = [one for one in found if not is_updated(one, update)]
        new = [one for one in found if is_updated(one, update)]
        if len(new) > 1:
            deleted += sorted(new, key=deletion_rank)[:-1]
        if not old:
            continue
        if any(is_available(live, one, now) for one in new) or not any(
            is_available(live, one, now) for one in old
        ):
            deleted += old
        elif surge:
            if not new and both < surge:
                made.append(name)
                both += 1
        elif room > 0:
            deleted += old
            room -= 1
    return made, deleted


def _is_mixed(found: Sequence[Object], update: str) -> bool:
    return len({is_updated(one, update) for one in found}) > 1
