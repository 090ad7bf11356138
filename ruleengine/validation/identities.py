"""Two documents must not declare one object, and neither must two applications.

An object is told by API group (not version), kind, namespace, name and cluster. Which of
two is right nobody can tell, so each of them gets a finding that names the other.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from ruleengine.model.actions import Target
from ruleengine.model.findings import Finding, Place, Related, Severity

_RENDERED = "//render/"
_MOST_OTHERS = 5
"""So many other places are named; a thousand copies would take a million lines."""


class Identity(NamedTuple):
    """An object that a document or an application declares: its key and where that stands.

    ``key`` is :func:`identity_key` of the object; ``name`` is how we call it in messages.
    ``manifest`` is the place of the object itself, where an application renders it.
    """

    key: str
    name: str
    place: Place
    manifest: Place | None = None


def identity_key(target: Target) -> str:
    """Return what tells an object: ``cluster|group|kind|namespace|name``."""
    parts = (target.cluster, target.group, target.kind, target.namespace, target.name)
    return "|".join(parts)


def identity_of(target: Target, place: Place) -> Identity:
    """Return the identity of an object declared at ``place``."""
    cluster = f" on {target.cluster}" if target.cluster else ""
    return Identity(identity_key(target), f"{target}{cluster}", place)


def rendered_identity(target: Target, place: Place, manifest: Place) -> Identity:
    """Return the identity of an object that the application declared at ``place`` renders.

    Such objects have keys of their own: what a document declares is not what it renders to.
    """
    of_document = identity_of(target, place)
    return of_document._replace(key=f"{_RENDERED}{of_document.key}", manifest=manifest)


def duplicates(identities: Iterable[Identity]) -> Sequence[Finding]:
    """Return a finding at every place whose object is declared at another place too.

    An application may render an object from several of its sources: that is one place.
    """
    findings: list[Finding] = []
    ordered = sorted(identities, key=lambda one: (one.key, one.place))
    for key, group in groupby(ordered, key=lambda one: one.key):
        same = list(group)
        if key.startswith(_RENDERED):
            same = list({one.place: one for one in same}.values())
        if len(same) > 1:
            describe = _shared if key.startswith(_RENDERED) else _duplicate
            findings += (describe(one, same) for one in same)
    return findings


def _duplicate(identity: Identity, same: Sequence[Identity]) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="identity-object-duplicate",
        message=f"{identity.name} is declared more than once",
        remedy="rename one of them, give it another namespace, or remove it",
        place=identity.place,
        related=_others(identity, same, "declared here too"),
    )


def _shared(identity: Identity, same: Sequence[Identity]) -> Finding:
    own = (Related(identity.manifest, "this is the object"),) if identity.manifest else ()
    return Finding(
        severity=Severity.WARNING,
        code="identity-object-shared",
        message=f"{identity.name} belongs to more than one application",
        remedy="declare it in one of them only, or give each a namespace of its own",
        place=identity.place,
        related=(*own, *_others(identity, same, "this application declares it, too")),
    )


def _others(identity: Identity, same: Sequence[Identity], text: str) -> tuple[Related, ...]:
    others = islice((one for one in same if one is not identity), _MOST_OTHERS)
    return tuple(Related(one.place, text) for one in others)
