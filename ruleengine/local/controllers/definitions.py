"""CustomResourceDefinitions: accepted names, conditions, and what goes with one."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.api.preparing import CLEANUP
from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    Replace,
    SetStatus,
    Write,
    is_deleting,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.times import format_time
from ruleengine.model.values import Object

RESOURCE: Final = "customresourcedefinitions.apiextensions.k8s.io"


class Definitions:
    """The controller of CustomResourceDefinitions."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A definition is looked at when it changes, and when one of its objects goes."""
        if event.key.resource == RESOURCE:
            return [event.key]
        if event.type is EventType.DELETED and reader.get(Key(RESOURCE, "", event.key.resource)):
            return [Key(RESOURCE, "", event.key.resource)]
        return []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Establish a definition, or delete its objects before it goes."""
        live = reader.get(key)
        if live is None:
            return Reconciled()
        if is_deleting(live):
            return Reconciled(tuple(_clean_up(live, reader)))
        status = _status(live, reader, now)
        if status == live.get("status"):
            return Reconciled()
        return Reconciled((SetStatus(live, status),))


def _clean_up(live: Object, reader: Reader) -> Iterable[Write]:
    finalizers = live["metadata"].get("finalizers") or []
    if CLEANUP not in finalizers:
        return
    left = reader.objects(live["metadata"]["name"])
    for one in left:
        if not is_deleting(one):
            yield Delete(one)
    if not left:
        kept = [one for one in finalizers if one != CLEANUP]
        yield Replace(live, {**live, "metadata": {**live["metadata"], "finalizers": kept}})


def _status(live: Object, reader: Reader, now: datetime) -> Object:
    names = live["spec"]["names"]
    taken = _taken(live, reader)
    conditions = (
        [
            ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
        if not taken
        else [
            ("NamesAccepted", "False", "NameConflict", f"the names are taken by {taken}"),
            ("Established", "False", "NotAccepted", "not all names are accepted"),
        ]
    )
    before = live.get("status") or {}
    known = {one["type"]: one for one in before.get("conditions") or ()}
    made = [
        known[kind]
        if known.get(kind, {}).get("status") == value
        else {
            "type": kind,
            "status": value,
            "reason": reason,
            "message": message,
            "lastTransitionTime": format_time(now),
        }
        for kind, value, reason, message in conditions
    ]
    storage = [one["name"] for one in live["spec"]["versions"] if one.get("storage")]
    stored = [*(before.get("storedVersions") or ())]
    stored += [one for one in storage if one not in stored]
    return {
        "acceptedNames": names
        if not taken
        else before.get("acceptedNames") or {"kind": "", "plural": ""},
        "conditions": made,
        "storedVersions": stored,
    }


def _taken(live: Object, reader: Reader) -> str:
    """Return which older definition of the group has the same kind; empty for none."""
    group, kind = live["spec"]["group"], live["spec"]["names"]["kind"]
    for one in reader.objects(RESOURCE):
        metadata = one["metadata"]
        older = int(metadata["resourceVersion"]) and (
            metadata["creationTimestamp"],
            metadata["name"],
        ) < (live["metadata"]["creationTimestamp"], live["metadata"]["name"])
        same = one["spec"]["group"] == group and one["spec"]["names"]["kind"] == kind
        if same and older and metadata["uid"] != live["metadata"]["uid"]:
            return str(metadata["name"])
    return ""
