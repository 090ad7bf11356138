"""The inventory in the cluster: read before planning, widened before and shrunk after writes."""

from collections.abc import Callable, Iterable, Mapping

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ConflictError
from ruleengine.model.actions import Change, Outcome, Plan, Target, Verb
from ruleengine.model.names import INVENTORY_TYPE, MANAGER, OWNER
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.inventory import (
    Entries,
    Inventory,
    Shard,
    entry_of,
    from_secret,
    is_tracked,
    key_of,
    owner_text,
    shard_name,
    spread,
    target_of,
    to_secret,
    union,
)
from ruleengine.reconcile.runs import Begun
from ruleengine.reconcile.stamping import folder_of

RULES = "rules"
_ATTEMPTS = 3
"""How often a record is read again after a conflict."""


class InventoryStore:
    """Keeps the inventory of one repo in Secrets of the control namespace."""

    def __init__(self, client: Client, repo: str, namespace: str) -> None:
        self._client = client
        self._repo = repo
        self._namespace = namespace
        self._shards: dict[str, dict[int, Entries]] = {}
        self._secrets: dict[str, Object] = {}

    @property
    def namespace(self) -> str:
        """The control namespace, which has to exist before anything is stored."""
        return self._namespace

    def read(self) -> Inventory:
        """Return what the repo owns. Raises ``StoreError`` for a record that cannot be read."""
        self._shards, self._secrets = {}, {}
        listed = self._client.list(
            "v1",
            "Secret",
            namespace=self._namespace,
            field_selector=f"type={INVENTORY_TYPE}",
        )
        for secret in listed.items:
            if secret.get("type") != INVENTORY_TYPE:
                continue
            shard = from_secret(secret)
            if shard.repo == self._repo:
                self._shards.setdefault(shard.folder, {})[shard.number] = shard.entries
                self._secrets[lookup(secret, "metadata", "name")] = secret
        return self._inventory()

    def begin(self, plan: Plan) -> int:
        """Store the union of what was owned and what is declared; return the writes."""
        return self._insist(lambda: self._widen(plan))

    def finish(self, plan: Plan, outcomes: Iterable[Outcome] = ()) -> int:
        """Forget what is gone or no longer ours, remember which runs have begun; return the writes.

        An object that was to be deleted and still lives stays tracked; call this again
        once everything has settled, and what has vanished since is forgotten.
        """
        begun = Begun(outcomes)
        return self._insist(lambda: self._shrink(plan, begun))

    def _insist(self, store: Callable[[], int]) -> int:
        """Store; where somebody else wrote a record meanwhile, read and store again."""
        for _ in range(_ATTEMPTS):
            try:
                return store()
            except ConflictError:
                self.read()
        return store()

    def _widen(self, plan: Plan) -> int:
        writes = 0
        for folder, entries in declared_entries(plan).items():
            before = self._inventory().entries(folder)
            writes += self._store(folder, union(before, entries))
        return writes

    def _shrink(self, plan: Plan, begun: Begun) -> int:
        declared = declared_entries(plan)
        keys = {key for entries in declared.values() for key in entries}
        writes = 0
        for folder, entries in self._inventory().folders.items():
            gone = {
                key
                for key, entry in entries.items()
                if key not in declared.get(folder, {})
                and (key in keys or not self._owned(target_of(key, entry), folder))
            }
            kept = {key: entry for key, entry in entries.items() if key not in gone}
            writes += self._store(folder, begun.noted(kept))
        return writes

    def _owned(self, target: Target, folder: str) -> bool:
        live = self._client.get(target)
        says = lookup(live, "metadata", "annotations", OWNER, default="")
        return live is not None and says == owner_text(self._repo, folder)

    def _inventory(self) -> Inventory:
        folders = {
            folder: {key: entry for one in shards.values() for key, entry in one.items()}
            for folder, shards in self._shards.items()
        }
        return Inventory(self._repo, folders)

    def _store(self, folder: str, wanted: Entries) -> int:
        before = self._shards.get(folder, {})
        after = spread(before, wanted)
        writes = 0
        for number in sorted(set(before) | set(after)):
            if before.get(number) != after.get(number):
                self._write(folder, number, after.get(number))
                writes += 1
        self._shards[folder] = dict(after)
        return writes

    def _write(self, folder: str, number: int, entries: Mapping[str, str] | None) -> None:
        name = shard_name(self._repo, folder, number)
        target = Target("v1", "Secret", self._namespace, name)
        if entries is None:
            self._client.delete(target)
            self._secrets.pop(name, None)
            return
        shard = Shard(repo=self._repo, folder=folder, number=number, entries=entries)
        value = to_secret(shard, self._namespace)
        known = self._secrets.get(name)
        if known is None:
            self._secrets[name] = self._client.create(value, MANAGER).object
            return
        version = lookup(known, "metadata", "resourceVersion", default="")
        value["metadata"]["resourceVersion"] = version
        self._secrets[name] = self._client.replace(value, MANAGER).object


def declared_entries(plan: Plan) -> dict[str, dict[str, str]]:
    """Return what a plan declares, per folder, as the inventory remembers it."""
    folders: dict[str, dict[str, str]] = {}
    for one in plan.actions:
        action = one.action
        if one.area != RULES or action.verb is not Verb.APPLY or not is_tracked(action.target):
            continue
        if action.object is None or one.change in (Change.REFUSED, Change.WAITING):
            continue
        entries = folders.setdefault(folder_of(action.origin), {})
        entries[key_of(action.target)] = entry_of(action.target, action.object)
    return folders
