"""Two documents must not declare one object.

An object is told by API group (not version), kind, namespace, name and cluster. Which of
two documents is right nobody can tell, so each of them gets a finding that names the other.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from ruleengine.model.actions import Target
from ruleengine.model.findings import Finding, Place, Related, Severity

_MOST_OTHERS = 5
"""So many other places are named; a thousand copies would take a million lines."""


class Identity(NamedTuple):
    """An object that a document declares: its key and where the document stands.

    ``key`` is :func:`identity_key` of the object; ``name`` is how we call it in messages.
    """

    key: str
    name: str
    place: Place


def identity_key(target: Target) -> str:
    """Return what tells an object: ``cluster|group|kind|namespace|name``."""
    parts = (target.cluster, target.group, target.kind, target.namespace, target.name)
    return "|".join(parts)


def identity_of(target: Target, place: Place) -> Identity:
    """Return the identity of an object declared at ``place``."""
    cluster = f" on {target.cluster}" if target.cluster else ""
    return Identity(identity_key(target), f"{target}{cluster}", place)


def duplicates(identities: Iterable[Identity]) -> Sequence[Finding]:
    """Return a finding at every place whose object is declared at another place too."""
    findings: list[Finding] = []
    ordered = sorted(identities, key=lambda one: (one.key, one.place))
    for _, group in groupby(ordered, key=lambda one: one.key):
        same = list(group)
        if len(same) > 1:
            findings += (_duplicate(one, same) for one in same)
    return findings


def _duplicate(identity: Identity, same: Sequence[Identity]) -> Finding:
    others = islice((one for one in same if one is not identity), _MOST_OTHERS)
    return Finding(
        severity=Severity.ERROR,
        code="identity-object-duplicate",
        message=f"{identity.name} is declared more than once",
        remedy="rename one of them, give it another namespace, or remove it",
        place=identity.place,
        related=tuple(Related(one.place, "declared here too") for one in others),
    )
