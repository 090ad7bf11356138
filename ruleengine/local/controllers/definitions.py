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
    key_of,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "customresourcedefinitions.apiextensions.k8s.io"
_CHECKED: Final = {
    "plural": "PluralConflict",
    "singular": "SingularConflict",
    "shortNames": "ShortNamesConflict",
    "kind": "KindConflict",
    "listKind": "ListKindConflict",
}
"""The names that a definition shares with no other of its group, and the reason if it would."""


class Definitions:
    """The controller of CustomResourceDefinitions."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A definition is looked at when it changes, and when one of its objects goes.

        So are the others of its group, since one may get the names that another gives up.
        """
        if event.key.resource == RESOURCE:
            group = event.object["spec"]["group"]
            others = (one for one in reader.objects(RESOURCE) if one["spec"]["group"] == group)
            return dict.fromkeys([event.key, *(key_of(RESOURCE, one) for one in others)])
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
    before = live.get("status") or {}
    accepted, conflict = _accepted(live, reader)
    was_established = _is_true(before, "Established")
    if conflict is None:
        names = ("True", "NoConflicts", "no conflicts found")
        established = (
            "True",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        )
    else:
        names = ("False", *conflict)
        established = ("False", "NotAccepted", "not all names are accepted")
    made = [_condition(before, "NamesAccepted", names, now)]
    if conflict is None or not was_established:  # what is served stays served
        made.append(_condition(before, "Established", established, now))
    else:
        made.append(_known(before, "Established"))
    storage = [one["name"] for one in live["spec"]["versions"] if one.get("storage")]
    stored = [*(before.get("storedVersions") or ())]
    stored += [one for one in storage if one not in stored]
    return {"acceptedNames": accepted, "conditions": made, "storedVersions": stored}


def _known(status: Object, kind: str) -> Object:
    conditions = status.get("conditions") or ()
    return next((one for one in conditions if one.get("type") == kind), {})


def _is_true(status: Object, kind: str) -> bool:
    return bool(_known(status, kind).get("status") == "True")


def _condition(before: Object, kind: str, now_is: tuple[str, str, str], now: datetime) -> Object:
    known = _known(before, kind)
    status, reason, message = now_is
    if (known.get("status"), known.get("reason"), known.get("message")) == now_is:
        return known
    since = known.get("lastTransitionTime") if known.get("status") == status else None
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since or format_time(now),
    }


def _accepted(live: Object, reader: Reader) -> tuple[Object, tuple[str, str] | None]:
    """Return the names that a definition has, and why not all that it wants.

    Names belong to the definition of the group that had them first. Those that are taken are
    left out, or stay what they were.
    """
    names, before = live["spec"]["names"], lookup(live, "status", "acceptedNames", default={})
    resources, kinds = _taken(live, reader)
    accepted = {name: value for name, value in names.items() if name not in _CHECKED}
    conflict: tuple[str, str] | None = None
    for field, reason in _CHECKED.items():
        wanted = names.get(field)
        taken = kinds if field in ("kind", "listKind") else resources
        stated = wanted if isinstance(wanted, list) else [wanted]
        clash = next((one for one in stated if one in taken), None)
        value = wanted if clash is None else before.get(field)
        if value is not None:
            accepted[field] = value
        if clash is not None and conflict is None:
            conflict = (reason, f'"{clash}" is already in use')
    accepted.setdefault("plural", "")
    accepted.setdefault("kind", "")
    return accepted, conflict


def _taken(live: Object, reader: Reader) -> tuple[set[str], set[str]]:
    """Return the names of resources, and of kinds, that other definitions of the group have."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for one in reader.objects(RESOURCE):
        same_group = one["spec"]["group"] == live["spec"]["group"]
        if not same_group or one["metadata"]["uid"] == live["metadata"]["uid"]:
            continue
        names = lookup(one, "status", "acceptedNames", default={})
        stated = (names.get("plural"), names.get("singular"), *(names.get("shortNames") or ()))
        resources.update(name for name in stated if name)
        kinds.update(name for name in (names.get("kind"), names.get("listKind")) if name)
    return resources, kinds
