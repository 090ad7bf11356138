"""What the local control plane asks of the place where its objects are kept.

Objects lie under keys; every write consumes one revision of a single growing counter and
leaves one event, together or not at all. Watches read the events; lists read the objects.
A value is stored with its revision as ``metadata.resourceVersion`` (reference, Kubernetes
API section 4).
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from enum import StrEnum
from typing import NamedTuple, Protocol

from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object


class Key(NamedTuple):
    """Where an object lies: ``resource`` is ``plural`` or ``plural.group``."""

    resource: str
    namespace: str
    name: str


class EventType(StrEnum):
    """What a write did to its object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@immutable(frozen=True, slots=True)
class Event:
    """One write. ``object`` is the state after it, for a deletion the last one.

    ``previous`` is the state before, ``None`` for an added object and where a restart has
    forgotten it.
    """

    revision: int
    type: EventType
    key: Key
    object: Object = field(repr=False)
    previous: Object | None = field(default=None, repr=False)


@immutable(frozen=True, slots=True)
class Snapshot:
    """The objects of one resource at one revision, ordered by namespace and name."""

    items: Sequence[Object] = field(repr=False)
    revision: int


class ChangedError(Exception):
    """The object is not at the revision that a write expected (0: absent)."""


class CompactedError(Exception):
    """The events that were asked for are no longer kept."""


class Store(Protocol):
    """Keeps objects and the events of their changes. Safe to use from several threads."""

    @property
    def revision(self) -> int:
        """The revision of the last acknowledged write."""

    def get(self, key: Key) -> Object | None:
        """Return an object, or ``None``."""

    def list(self, resource: str, namespace: str = "", at: int = 0) -> Snapshot:
        """Return the objects of a resource, in one namespace or all of them.

        ``at`` asks for the state at an older revision; raises ``CompactedError`` where it
        is no longer known.
        """

    def last_write(self, resource: str) -> int:
        """Return a revision after which no object of a resource was written."""

    def resources(self) -> Sequence[str]:
        """Return the resources of which any object exists."""

    def write(self, key: Key, value: Object | None, *, expected: int) -> Object:
        """Store ``value``, or remove the object for ``None``; durable on return.

        Returns the object with its new resourceVersion. Raises ``ChangedError`` unless the
        object is at revision ``expected``, and ``StoreError`` where it cannot be written;
        then nothing has changed.
        """

    def events(self, after: int) -> Sequence[Event]:
        """Return the writes after a revision, oldest first. Raises ``CompactedError``."""

    def wait(self, after: int, timeout: float, or_until: Callable[[], bool] = lambda: False) -> int:
        """Wait until there is a revision beyond ``after``; return the current one.

        ``or_until`` ends the wait too; it is asked again after :meth:`wake`.
        """

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after each write, by the thread that wrote."""

    def wake(self) -> None:
        """Let every waiting thread ask again."""

    def close(self) -> None:
        """Finish; no method may be called afterwards."""
