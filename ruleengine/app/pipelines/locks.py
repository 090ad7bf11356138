"""``pipeline sync``: locks that lie in the database, and how many may hold them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruleengine.apimachinery.naming import check_dns_label
from ruleengine.app.database_locks import open_lock_table
from ruleengine.app.pipelines.places import Place
from ruleengine.model.errors import UsageError

if TYPE_CHECKING:
    from ruleengine.services.archives.locks import Entry, LockTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """How many may hold each semaphore, and who holds a lock or waits for one, in order."""

    limits: dict[str, int]
    entries: tuple["Entry", ...]


@contextmanager
def _table(place: Place) -> Iterator["LockTable"]:
    table = open_lock_table(place.configuration, place.cluster, place.state)
    try:
        yield table
    finally:
        table.close()


def known_locks(place: Place) -> Locks:
    """Return what the database says of its locks, whatever controller asked for them."""
    with _table(place) as table:
        return Locks(limits=table.limits(), entries=tuple(table.entries()))


def set_limit(place: Place, name: str, limit: int) -> str:
    """Say how many may hold a semaphore; return its whole name."""
    whole = _whole(place, name)
    with _table(place) as table:
        table.set_limit(whole, limit)
    return whole


def drop_limit(place: Place, name: str) -> str:
    """Forget the limit of a semaphore. Raises ``UsageError`` where it has none."""
    whole = _whole(place, name)
    with _table(place) as table:
        if table.limit(whole) is None:
            raise UsageError(
                f"the semaphore {whole} has no limit", "see `ruleengine pipeline sync list`"
            )
        table.drop_limit(whole)
    return whole


def _whole(place: Place, name: str) -> str:
    """Return the name of a semaphore with its namespace: that of pipelines if it says none.

    Raises ``UsageError`` for what no semaphore can be called.
    """
    namespace, slash, key = name.partition("/")
    if not slash:
        namespace, key = place.namespace, name
    if not key or check_dns_label(namespace):
        raise UsageError(f"no semaphore can be called {name!r}", "write KEY or NAMESPACE/KEY")
    return f"{namespace}/{key}"
