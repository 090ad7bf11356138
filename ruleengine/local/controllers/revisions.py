"""ControllerRevisions: the history of a pod template, as ``kubectl rollout undo`` reads it."""

from collections.abc import Collection, Sequence
from typing import Final

from ruleengine.local.controllers.work import Create, Delete, Replace, Write, owner_reference
from ruleengine.model.digests import short_digest
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "controllerrevisions.apps"
HASH: Final = "controller-revision-hash"


def template_hash(owner: Object) -> str:
    """Return what tells the pod template of ``owner`` from others."""
    collisions = int(lookup(owner, "status", "collisionCount", default=0))
    return short_digest([owner["spec"]["template"], collisions])


def revision_name(owner: Object) -> str:
    """Return the name of the revision of the template that ``owner`` has now."""
    return f"{owner['metadata']['name'][:52]}-{template_hash(owner)}"


def template_of(revision: Object) -> Object:
    """Return the pod template that a revision keeps."""
    template = revision["data"]["spec"]["template"]
    return {name: inner for name, inner in template.items() if name != "$patch"}


def by_age(revisions: Sequence[Object]) -> list[Object]:
    """Return revisions, the oldest first."""
    return sorted(revisions, key=lambda one: (int(one["revision"]), one["metadata"]["name"]))


def record(owner: Object, revisions: Sequence[Object]) -> list[Write]:
    """Return the write that makes the present template the newest revision, if it is not."""
    name = revision_name(owner)
    newest = max((int(one["revision"]) for one in revisions), default=0)
    known = next((one for one in revisions if one["metadata"]["name"] == name), None)
    if known is None:
        return [Create(_revision(owner, name, newest + 1))]
    if int(known["revision"]) < newest:
        return [Replace(known, {**known, "revision": newest + 1})]
    return []


def _revision(owner: Object, name: str, number: int) -> Object:
    template = owner["spec"]["template"]
    labels = lookup(template, "metadata", "labels", default={})
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": {**labels, HASH: template_hash(owner)},
            "ownerReferences": [owner_reference(owner)],
        },
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": number,
    }


def forget(owner: Object, revisions: Sequence[Object], used: Collection[str]) -> list[Write]:
    """Delete revisions that nothing uses beyond the history limit, the oldest first."""
    limit = int(owner["spec"].get("revisionHistoryLimit", 10))
    unused = [one for one in by_age(revisions) if one["metadata"]["name"] not in used]
    return [Delete(one) for one in unused[: max(len(unused) - limit, 0)]]
