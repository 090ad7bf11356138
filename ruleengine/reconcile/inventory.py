"""The inventory: what we own, remembered in Secrets of the control namespace.

One Secret per (repo, folder, shard of 500) holds key → API version and digest of what was
declared. It is written as the union before the first write and shrunk after confirmed
deletes, so that a run that is killed at any point forgets nothing.

Namespaces and CustomResourceDefinitions are never in it: pruning one would take down
everything inside, which may belong to others.

Of a Workflow it also says that it was begun: a run that is gone is done (decision 0020).
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.actions import Target
from ruleengine.model.digests import content_digest, short_digest
from ruleengine.model.errors import StoreError
from ruleengine.model.names import ARGO_API_VERSION, INVENTORY_TYPE
from ruleengine.model.values import Object, lookup

SHARD: Final = 500
"""How many entries one Secret holds."""

FORMAT: Final = 1
"""The version of the stored format; a newer one is refused."""

Entries = Mapping[str, str]
"""Key of an object → its API version and the digest of what was declared."""

_BEGUN: Final = " begun"
"""How the entry of a Workflow ends that was once created."""

_UNTRACKED: Final = frozenset(
    {("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")}
)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one repo owns, per folder. ``repo`` identifies the config repo."""

    repo: str
    folders: Mapping[str, Entries] = field(default_factory=dict)

    def entries(self, folder: str) -> Entries:
        """Return what a folder owns."""
        return self.folders.get(folder, {})

    def with_folder(self, folder: str, entries: Entries) -> "Inventory":
        """Return the inventory with one folder's entries replaced."""
        return Inventory(self.repo, {**self.folders, folder: dict(entries)})


def is_tracked(target: Target) -> bool:
    """Tell whether objects of this kind are remembered, and so may be pruned."""
    return (target.group, target.kind) not in _UNTRACKED


def owner_text(repo: str, folder: str) -> str:
    """Return the value of the annotation ``ruleengine.dev/owner``.

    >>> owner_text("https://example.com/config.git", "environments")
    'https://example.com/config.git#environments'
    """
    return f"{repo}#{folder}"


def key_of(target: Target) -> str:
    """Return the key of an object, the same for every version of its group.

    >>> key_of(Target("apps/v1", "Deployment", "shop", "web"))
    'apps/Deployment/shop/web'
    """
    return f"{target.group}/{target.kind}/{target.namespace}/{target.name}"


def entry_of(target: Target, value: Object) -> str:
    """Return what is remembered of a declared object: its API version and its digest."""
    return f"{target.api_version} {content_digest(value)}"


def is_run(target: Target) -> bool:
    """Tell whether an object is something that happens once: a Workflow."""
    return (target.api_version, target.kind) == (ARGO_API_VERSION, "Workflow")


def begun_entry(target: Target, value: Object) -> str:
    """Return what is remembered of a run that was created: with the digest of what it runs."""
    return f"{target.api_version} {content_digest(value.get('spec'))}{_BEGUN}"


def has_begun(entry: str) -> bool:
    """Tell whether an entry is that of a run that was created."""
    return entry.endswith(_BEGUN)


def target_of(key: str, entry: str) -> Target:
    """Return the object that a key and its entry name."""
    group, kind, namespace, name = key.split("/", 3)
    api_version = entry.partition(" ")[0] or group
    return Target(api_version, kind, namespace, name)


def spread(shards: Mapping[int, Entries], wanted: Entries) -> dict[int, dict[str, str]]:
    """Return the shards that hold exactly ``wanted``, moving as little as possible.

    Entries stay in the shard they are in; new ones fill the first shards with room. A
    shard without entries is left out.
    """
    placed: dict[str, int] = {}
    for number in sorted(shards):
        for key in shards[number]:
            placed.setdefault(key, number)
    result: dict[int, dict[str, str]] = {}
    rest = []
    for key in sorted(wanted):
        number = placed.get(key, -1)
        if number >= 0 and len(result.get(number, ())) < SHARD:
            result.setdefault(number, {})[key] = wanted[key]
        else:
            rest.append(key)
    number = 0
    for key in rest:
        while len(result.get(number, ())) >= SHARD:
            number += 1
        result.setdefault(number, {})[key] = wanted[key]
    return result


def shard_name(repo: str, folder: str, number: int) -> str:
    """Return the name of the Secret of one shard."""
    return f"ruleengine-inventory-{short_digest([repo, folder])}-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One stored shard."""

    repo: str
    folder: str
    number: int
    entries: Entries


def to_secret(shard: Shard, namespace: str) -> Object:
    """Return the Secret that stores a shard."""
    stored = {
        "format": FORMAT,
        "repo": shard.repo,
        "folder": shard.folder,
        "shard": shard.number,
        "entries": dict(shard.entries),
    }
    text = base64.b64encode(json_text.dump_bytes(stored, ordered=True)).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": shard_name(shard.repo, shard.folder, shard.number),
            "namespace": namespace,
        },
        "type": INVENTORY_TYPE,
        "data": {"inventory": text},
    }


def from_secret(secret: Object) -> Shard:
    """Return the shard that a Secret stores.

    Raises ``StoreError`` for a newer format or a Secret that somebody broke: pruning from a
    guess would delete what is not ours.
    """
    name = lookup(secret, "metadata", "name", default="")
    try:
        stored = json_text.loads(base64.b64decode(secret["data"]["inventory"]))
        version = int(stored["format"])
        shard = Shard(
            repo=stored["repo"],
            folder=stored["folder"],
            number=int(stored["shard"]),
            entries=dict(stored["entries"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the inventory Secret {name} cannot be read",
            "restore it from a backup, or delete it: then nothing it listed is pruned any more",
        ) from error
    if version > FORMAT:
        raise StoreError(
            f"the inventory Secret {name} was written by a newer ruleengine (format {version})",
            "use that version of ruleengine",
        )
    return shard


def union(one: Entries, other: Entries) -> dict[str, str]:
    """Return both sets of entries; of one key ``other`` counts, but that a run has begun stays."""
    begun = {key: entry for key, entry in one.items() if has_begun(entry)}
    return {**one, **other, **begun}


def without(entries: Entries, keys: Iterable[str]) -> dict[str, str]:
    """Return the entries that are not among ``keys``."""
    gone = set(keys)
    return {key: entry for key, entry in entries.items() if key not in gone}
