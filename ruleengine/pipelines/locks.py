"""Locks as they are stated, and as the statuses of workflows say who has them.

Argo's own shapes and names (reference, Workflows 18): ``NAMESPACE/Mutex/NAME``,
``NAMESPACE/ConfigMap/NAME/KEY`` and ``NAMESPACE/Database/NAME``; a holder is
``NAMESPACE/WORKFLOW`` or, for a template, ``NAMESPACE/WORKFLOW/NODE-ID``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import World
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.database_locks import lock_name, row_of
from ruleengine.pipelines.problems import NodeError

MUTEX: Final = "mutex"
SEMAPHORE: Final = "semaphore"

Held = Mapping[str, Sequence[str]]
"""Holders, or those that are waited for, by the names of locks."""

Rank = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock. ``limit`` is how many may hold it; of a semaphore it stands in a ConfigMap.

    ``source`` names that ConfigMap and ``key`` the key in it. ``row`` is the name of a lock that
    lies in the database: there it is known who holds it, and how many may.
    """

    kind: str
    name: str
    limit: int = 1
    source: Target | None = None
    key: str = ""
    row: str = ""


def locks_of(stated: Object, namespace: str) -> list[Lock]:
    """Return the locks that a workflow or template states, those of older files included."""
    mutexes = [*(stated.get("mutexes") or ()), stated.get(MUTEX)]
    semaphores = [*(stated.get("semaphores") or ()), stated.get(SEMAPHORE)]
    found = [_mutex(one, namespace) for one in mutexes if one]
    found += [_semaphore(one, namespace) for one in semaphores if one]
    return list(dict.fromkeys(found))


def _mutex(stated: Object, namespace: str) -> Lock:
    where = str(stated.get("namespace") or namespace)
    if stated.get("database"):
        return _in_database(MUTEX, where, str(stated.get("name")))
    return Lock(MUTEX, f"{where}/Mutex/{stated.get('name')}")


def _in_database(kind: str, namespace: str, name: str) -> Lock:
    shown = lock_name(namespace, name)
    return Lock(kind, shown, row=row_of(kind, shown))


def _semaphore(stated: Object, namespace: str) -> Lock:
    where = str(stated.get("namespace") or namespace)
    if stated.get("database"):
        return _in_database(SEMAPHORE, where, str(stated["database"].get("key")))
    reference = stated.get("configMapKeyRef") or {}
    name, key = str(reference.get("name")), str(reference.get("key"))
    source = Target("v1", "ConfigMap", where, name)
    return Lock(SEMAPHORE, f"{where}/ConfigMap/{name}/{key}", source=source, key=key)


def limit_of(lock: Lock, world: World) -> int:
    """Return how many may hold a lock now. Raises ``NodeError`` where nobody says so."""
    if lock.source is None:
        return lock.limit
    stated = lookup(world.get(lock.source), "data", lock.key)
    where = f"key '{lock.key}' of ConfigMap '{lock.source.namespace}/{lock.source.name}'"
    if stated is None:
        raise NodeError(
            f"the limit of the semaphore {lock.name} is missing: there is no {where}; add it"
        )
    try:
        return int(str(stated))
    except ValueError as error:
        raise NodeError(
            f"the limit of the semaphore {lock.name} is no whole number: {where} is {stated!r}"
        ) from error


def holders_in(value: Object | None) -> dict[str, list[str]]:
    """Return by lock who of a workflow holds it."""
    return _read(value, "holding")


def waits_in(value: Object | None) -> dict[str, list[str]]:
    """Return by lock whom a workflow waits for."""
    return _read(value, "waiting")


def _read(value: Object | None, state: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    told = lookup(value, "status", "synchronization", default={})
    for kind in (MUTEX, SEMAPHORE) if told else ():
        for one in lookup(told, kind, state, default=()):
            holders = one.get("holders") or ([one["holder"]] if one.get("holder") else [])
            found.setdefault(str(one.get(kind)), []).extend(map(str, holders))
    return found


def written(kinds: Mapping[str, str], holding: Held, waiting: Held) -> Object:
    """Return ``status.synchronization``; ``kinds`` says of what kind each lock is."""
    found: Object = {}
    for state, held in (("holding", holding), ("waiting", waiting)):
        for name, holders in held.items():
            if holders or state == "waiting":
                place = found.setdefault(kinds[name], {}).setdefault(state, [])
                place.extend(_entries(kinds[name], name, holders))
    return found


def _entries(kind: str, name: str, holders: Sequence[str]) -> Iterator[Object]:
    if kind == SEMAPHORE:
        yield {SEMAPHORE: name, "holders": list(holders)} if holders else {SEMAPHORE: name}
    elif not holders:
        yield {MUTEX: name}
    for one in holders if kind == MUTEX else ():
        yield {MUTEX: name, "holder": one}


def kinds_in(value: Object) -> dict[str, str]:
    """Return the kinds of the locks that a workflow's status names."""
    told = lookup(value, "status", "synchronization", default={})
    return {
        str(one.get(kind)): kind
        for kind in ((MUTEX, SEMAPHORE) if told else ())
        for state in ("holding", "waiting")
        for one in lookup(told, kind, state, default=())
    }


def slots_before(value: Object | None, lock: str, rank: Rank) -> int:
    """Return how often a lock goes to a workflow before it goes to one of ``rank``.

    What it holds counts, and what it waits for where it stands before the other in the queue.
    """
    if value is None:
        return 0
    held = holders_in(value).get(lock, [])
    if lock not in waits_in(value) or rank_of(value) >= rank:
        return len(held)
    nodes = lookup(value, "status", "nodes", default={}).values()
    has = {one.rpartition("/")[2] for one in held}
    waiting = sum(waited_for(one) == lock and one["id"] not in has for one in nodes)
    return len(held) + max(waiting, 1)


def waited_for(node: Object) -> str:
    """Return the lock that a node waits for; empty where it waits for none."""
    return str(lookup(node, "synchronizationStatus", "waiting", default=""))


def rank_of(value: Object) -> Rank:
    """Return what orders workflows in a queue: priority first, then the time of creation."""
    metadata = value["metadata"]
    spec = lookup(value, "status", "storedWorkflowTemplateSpec") or value.get("spec") or {}
    created = str(metadata.get("creationTimestamp") or "")
    place = str(metadata.get("namespace") or ""), str(metadata["name"])
    return -int(spec.get("priority") or 0), created, *place


def workflow_of(holder: str) -> Target:
    """Return the workflow of a holder.

    >>> workflow_of("jobs/build/build-123").name
    'build'
    """
    namespace, _, rest = holder.partition("/")
    return Target(ARGO_API_VERSION, "Workflow", namespace, rest.partition("/")[0])
