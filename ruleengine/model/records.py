"""Records: what a decision must remember beyond an object's life.

A held revision, a stable hash, runs done, approvals: small durable facts, each a Secret of
type ``ruleengine.dev/record`` in the control namespace. A reconciler reads one through its
world and writes one by an ordinary action, so that records are planned, compared and
crashed like everything else (design, section 2).
"""

import base64
import json
from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import World
from ruleengine.model.digests import derive_name, ordered_json
from ruleengine.model.errors import StoreError
from ruleengine.model.names import CONTROL_NAMESPACE, RECORD_TYPE
from ruleengine.model.values import Object, lookup

FORMAT: Final = 1
"""The version of the stored format; a newer one is refused."""

LIMIT: Final = 256 * 1024
"""How many bytes the content of one record may have, as JSON."""


def record_target(owner: Target, purpose: str, namespace: str = CONTROL_NAMESPACE) -> Target:
    """Return the Secret in which is remembered what ``owner`` needs for ``purpose``.

    It is the same for every version of the owner's group, and for an owner that was deleted
    and made again: records outlive objects.
    """
    whose = [owner.group, owner.kind, owner.namespace, owner.name]
    return Target("v1", "Secret", namespace, derive_name(f"record-{owner.name}", purpose, whose))


def read_record(
    world: World, owner: Target, purpose: str, namespace: str = CONTROL_NAMESPACE
) -> Object | None:
    """Return what is remembered, or ``None``. Raises ``StoreError`` as :func:`from_secret`."""
    secret = world.get(record_target(owner, purpose, namespace))
    return None if secret is None else from_secret(secret)


def keep_record(
    owner: Target, purpose: str, content: Object, manager: str, namespace: str = CONTROL_NAMESPACE
) -> Action:
    """Return the action that remembers ``content`` in place of what was remembered.

    Raises ``ValueError`` for more than :data:`LIMIT` bytes: a record is no store of data.
    """
    target = record_target(owner, purpose, namespace)
    value = to_secret(target, owner, purpose, content)
    return Action(verb=Verb.APPLY, target=target, manager=manager, object=value, reason=purpose)


def forget_record(
    owner: Target, purpose: str, manager: str, namespace: str = CONTROL_NAMESPACE
) -> Action:
    """Return the action that forgets what was remembered."""
    target = record_target(owner, purpose, namespace)
    return Action(verb=Verb.DELETE, target=target, manager=manager, reason=purpose)


def to_secret(target: Target, owner: Target, purpose: str, content: Object) -> Object:
    """Return the Secret of a record. Raises ``ValueError`` for too large a content."""
    stored = {"format": FORMAT, "owner": str(owner), "purpose": purpose, "content": content}
    data = ordered_json(stored)
    if len(data) > LIMIT:
        raise ValueError(f"the record {purpose!r} of {owner} has {len(data)} of {LIMIT} bytes")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": target.name, "namespace": target.namespace},
        "type": RECORD_TYPE,
        "data": {"record": base64.b64encode(data).decode()},
    }


def from_secret(secret: Object) -> Object:
    """Return the content of a record.

    Raises ``StoreError`` for a newer format or a Secret that somebody broke: going on
    without what was remembered would do again what was done.
    """
    name = lookup(secret, "metadata", "name", default="")
    try:
        stored = json.loads(base64.b64decode(secret["data"]["record"]))
        version = int(stored["format"])
        content = dict(stored["content"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the record {name} cannot be read",
            "restore the Secret from a backup, or delete it: then its owner starts anew",
        ) from error
    if version > FORMAT:
        raise StoreError(
            f"the record {name} was written by a newer ruleengine (format {version})",
            "use that version of ruleengine",
        )
    return content
