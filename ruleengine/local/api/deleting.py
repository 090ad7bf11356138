"""What a deletion does to an object (reference, Kubernetes API section 3, "Delete options")."""

from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.api.catalog import Served
from ruleengine.local.api.options import DeleteOptions
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


def begin_deletion(live: Object, served: Served, options: DeleteOptions, now: datetime) -> Object:
    """Return the object as a delete leaves it; itself where nothing changes."""
    metadata = dict(live["metadata"])
    finalizers = _finalizers(list(metadata.get("finalizers") or []), options.propagation)
    grace = _grace(live, served, options)
    if "deletionTimestamp" in metadata:
        before = int(metadata.get("deletionGracePeriodSeconds") or 0)
        grace = min(grace, before)
        if grace == before and finalizers == list(metadata.get("finalizers") or []):
            return live
        if grace < before:
            metadata["deletionTimestamp"] = format_time(now + timedelta(seconds=grace))
    else:
        metadata["deletionTimestamp"] = format_time(now + timedelta(seconds=grace))
        if served.has_generation:
            metadata["generation"] = int(metadata.get("generation") or 0) + 1
    metadata["deletionGracePeriodSeconds"] = grace
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    marked = {**live, "metadata": metadata}
    if served.resource == "namespaces":
        marked["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
    return marked


def _finalizers(found: list[str], propagation: str) -> list[str]:
    if propagation:
        wanted = {"Foreground": FOREGROUND, "Orphan": ORPHAN}.get(propagation)
        found = [one for one in found if one not in (FOREGROUND, ORPHAN)]
        if wanted:
            found.append(wanted)
    return found


def _grace(live: Object, served: Served, options: DeleteOptions) -> int:
    """Return the seconds that the object may take; only running pods get any."""
    if served.resource != "pods" or not lookup(live, "spec", "nodeName"):
        return 0
    if lookup(live, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace is not None:
        return options.grace
    return int(lookup(live, "spec", "terminationGracePeriodSeconds", default=30))


def is_over(value: Object, served: Served) -> bool:
    """Tell whether a deleted object has nothing left to wait for."""
    metadata = value["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if served.resource == "namespaces" and lookup(value, "spec", "finalizers"):
        return False
    return not metadata.get("deletionGracePeriodSeconds")
