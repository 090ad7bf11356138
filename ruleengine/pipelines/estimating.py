"""How long a workflow and its nodes will take, by the last run that went well (Workflows 23).

The baseline is the newest workflow of the same cron workflow or template that had succeeded when
this one began: so it stays the same while this one runs, whatever runs beside it. Where none is
left the archive is asked before the workflow begins; as in Argo it tells how long the whole took,
and nothing of its nodes.
"""

from typing import TYPE_CHECKING, Any, Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Request
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines import naming
from ruleengine.pipelines.labels import CLUSTER_TEMPLATE_LABEL, CRON_LABEL, TEMPLATE_LABEL
from ruleengine.pipelines.phases import Phase

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

LAST_RUN: Final = "last-run"
"""The kind of request for the ``seconds`` that the last good run in the archive took."""

_LABELS: Final = (TEMPLATE_LABEL, CLUSTER_TEMPLATE_LABEL, CRON_LABEL)


def estimate(machine: "Machine") -> int | None:
    """Return how many seconds the workflow will take; ``None`` where nothing tells."""
    found = _baseline(machine)
    if found is not None:
        return _seconds(found["status"])
    request = _question(machine)
    answer = machine.world.answer(request) if request else None
    seconds = lookup(answer.value, "seconds") if answer is not None else None
    return seconds if isinstance(seconds, int) and seconds > 0 else None


def unanswered(machine: "Machine") -> Request | None:
    """Return the question to the archive that a workflow has to ask before it begins.

    Any answer will do: where the archive cannot be had, nothing tells.
    """
    request = _question(machine)
    return None if request is None or machine.world.answer(request) is not None else request


def _question(machine: "Machine") -> Request | None:
    if not machine.definitions.around.archived or _baseline(machine) is not None:
        return None
    labels = lookup(machine.value, "metadata", "labels", default={})
    stated = [[one, str(labels[one])] for one in _LABELS if one in labels]
    if not stated:
        return None
    payload: Object = {
        "namespace": machine.namespace,
        "labels": stated,
        "uid": uid_of(machine.value),
    }
    return Request(kind=LAST_RUN, payload=payload)


def estimate_node(machine: "Machine", name: str) -> int | None:
    """Return how many seconds the node with a name will take; ``None`` where nothing tells."""
    found = _baseline(machine)
    if found is None:
        return None
    whole = str(found["metadata"]["name"])
    same = naming.node_id(whole, whole + name.removeprefix(machine.name))
    return _seconds(lookup(found, "status", "nodes", same, default={}))


def _baseline(machine: "Machine") -> Object | None:
    """Return the run to compare with; once it was found, nothing else is read."""
    labels = lookup(machine.value, "metadata", "labels", default={})
    if not any(one in labels for one in _LABELS):
        return None
    since, target = machine.memo.get("baseline", (None, None))
    found = machine.world.get(target) if target else None
    if since != machine.started or (target and found is None):
        found = _find(machine, labels)
        machine.memo["baseline"] = (machine.started, Target.of(found) if found else None)
    return found


def _find(machine: "Machine", labels: Object) -> Object | None:
    for label in _LABELS:
        if label not in labels:
            continue
        index = (f"label:{label}", str(labels[label]))
        runs = machine.world.list(ARGO_API_VERSION, "Workflow", machine.namespace, index)
        before = [one for one in runs if _was_over(machine, one)]
        if before:
            return max(before, key=_age)
    return None


def _was_over(machine: "Machine", run: Object) -> bool:
    """Tell whether a run had succeeded when the workflow began."""
    if lookup(run, "status", "phase") != Phase.SUCCEEDED:
        return False
    end = lookup(run, "status", "finishedAt")
    return bool(end) and parse_time(end) <= machine.started


def _age(run: Object) -> tuple[str, str]:
    metadata = run["metadata"]
    return str(metadata.get("creationTimestamp") or ""), str(metadata["name"])


def _seconds(status: Object) -> int | None:
    """Return how long something took whose end is known, in whole seconds; none for nothing."""
    begin: Any = status.get("startedAt")
    end: Any = status.get("finishedAt")
    if not begin or not end:
        return None
    return int((parse_time(end) - parse_time(begin)).total_seconds()) or None
