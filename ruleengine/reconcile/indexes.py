"""Indexes: under which values an object can be found without looking at all of its kind."""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.names import ARGO_TRACKING
from ruleengine.model.values import Object, lookup

APPLICATION: Final = "application"
"""The index by the application that an object's tracking annotation names."""

OWNER: Final = "owner"
"""The index by the uid of every owner reference."""

ENDED: Final = "ended"
"""The index by the uid of every owner reference, of pods that have ended."""

LOCK: Final = "lock"
"""The index by ``holding NAME`` and ``waiting NAME`` of each lock in a workflow's status."""

LABEL: Final = "label:"
"""How the index by a label begins; the key of the label follows."""

_ENDS: Final = ("Succeeded", "Failed")

Kind = tuple[str, str]
"""API version and kind."""


def index_values(value: Object, index: str) -> tuple[str, ...]:
    """Return under which values an object stands in an index.

    >>> index_values({"metadata": {"labels": {"app": "web"}}}, "label:app")
    ('web',)
    """
    if index == ENDED and lookup(value, "status", "phase") not in _ENDS:
        return ()
    if index in (OWNER, ENDED):
        owners = lookup(value, "metadata", "ownerReferences", default=())
        return tuple({str(owner.get("uid", "")): None for owner in owners})
    if index == APPLICATION:
        tracking = lookup(value, "metadata", "annotations", ARGO_TRACKING, default="")
        return (str(tracking).partition(":")[0],) if tracking else ()
    if index == LOCK:
        return tuple(dict.fromkeys(_locks(lookup(value, "status", "synchronization", default={}))))
    if index.startswith(LABEL):
        label = lookup(value, "metadata", "labels", index[len(LABEL) :])
        return () if label is None else (str(label),)
    raise ValueError(f"a world has no index {index!r}")


def _locks(synchronization: Object) -> Iterator[str]:
    for kind in ("mutex", "semaphore"):
        for state in ("holding", "waiting"):
            for one in lookup(synchronization, kind, state, default=()):
                yield f"{state} {one.get(kind)}"


def in_index(value: Object, index: tuple[str, str]) -> bool:
    """Tell whether an object stands in an index under a value."""
    return index[1] in index_values(value, index[0])
