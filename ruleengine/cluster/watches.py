"""Watch caches: the objects of the kinds in use, kept up to date, one thread per kind.

A thread lists its kind, then watches from there; bookmarks move the version on, a version
that is too old (410) leads to a new list, a lost connection to a pause and another try.
"""

import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError, ForbiddenError, GoneError, UnauthorizedError
from ruleengine.cluster.events import EventType, WatchEvent
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object, lookup

MOST_KINDS: Final = 64
"""How many kinds one cache follows; others have to be read when needed."""

_WATCH_SECONDS: Final = 300

_SILENT: Final = 5
"""After so many attempts in a row, each with its own repetitions, a server counts as silent.

So does one that refuses our credentials: those may be renewed meanwhile.
"""

Kind = tuple[str, str]


class Changed(NamedTuple):
    """An object that changed: as it is now (``None``: gone), and at which version.

    ``last`` is how one was that is gone, for what it came to may have been seen by nobody.
    """

    target: Target
    object: Object | None
    version: str
    last: Object | None = None


class WatchCache:
    """Follows kinds of one server. Safe to use from several threads; close it when done."""

    def __init__(
        self,
        client: Client,
        *,
        retrying: Retrying | None = None,
        spawn: Callable[[Callable[[], None]], None] | None = None,
        most_kinds: int = MOST_KINDS,
    ) -> None:
        self._client = client
        self._retrying = retrying or Retrying()
        self._spawn = spawn or in_thread
        self._most_kinds = most_kinds
        self._condition = threading.Condition()
        self._objects: dict[Kind, dict[Target, Object]] = {}
        self._listing: set[Kind] = set()
        self._changed: dict[Target, Changed] = {}
        self._woken = False
        self._silence: UnreachableError | UnauthorizedError | None = None
        self._closed = threading.Event()

    def follow(self, api_version: str, kind: str) -> bool:
        """Follow a kind from now on; false where that cannot be (too many, unknown, forbidden).

        Returns once the kind has been listed, by whichever thread asked first.
        """
        key = (api_version, kind)
        if key in self._objects:
            return True
        with self._condition:
            self._condition.wait_for(lambda: key not in self._listing)
            if key in self._objects:
                return True
            if len(self._objects) >= self._most_kinds or self._closed.is_set():
                return False
            self._listing.add(key)
        try:
            return self._begin(key)
        finally:
            with self._condition:
                self._listing.discard(key)
                self._condition.notify_all()

    def _begin(self, key: Kind) -> bool:
        if self._client.kind(*key) is None:
            return False
        try:
            version = self._relist(key)
        except ApiError:
            return False
        self._spawn(lambda: self._run(key, version))
        return True

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind is followed."""
        return (api_version, kind) in self._objects

    def get(self, target: Target) -> Object | None:
        """Return an object of a followed kind, or ``None``."""
        with self._condition:
            return self._objects[(target.api_version, target.kind)].get(target)

    def objects(self, api_version: str, kind: str) -> tuple[Object, ...]:
        """Return the objects of a followed kind."""
        with self._condition:
            return tuple(self._objects[(api_version, kind)].values())

    def wait_for_change(self, timeout: float) -> tuple[Changed, ...]:
        """Return what changed since the last call, waiting up to ``timeout`` seconds.

        :meth:`wake` ends the waiting early, also where it came before.
        """
        with self._condition:
            if not (self._changed or self._woken):
                self._condition.wait(timeout)
            changed = tuple(self._changed.values())
            self._changed, self._woken = {}, False
            return changed

    def check_answered(self) -> None:
        """Raise the error of a server that has not answered, or let us in, for a while.

        The watches go on trying all the same: who can wait, does.
        """
        if self._silence is not None:
            raise self._silence

    def wake(self) -> None:
        """Let whoever waits for a change look at something else now."""
        with self._condition:
            self._woken = True
            self._condition.notify_all()

    def close(self) -> None:
        """Stop following; threads end with their current watch."""
        self._closed.set()
        with self._condition:
            self._condition.notify_all()

    def _run(self, key: Kind, version: str) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                if not version:
                    version = self._relist(key)
                    failures, self._silence = 0, None
                version = self._watch(key, version)
                failures, self._silence = 0, None
            except GoneError:
                version = ""
            except (ApiError, UnreachableError) as error:
                if isinstance(error, ForbiddenError):
                    self._client.unreadable[key] = error.message
                failures += 1
                if isinstance(error, UnreachableError) and failures >= _SILENT - 1:
                    version = ""  # a stream may break off for less: a list tells who answers
                    self._silence = error if failures >= _SILENT else None
                elif isinstance(error, UnauthorizedError) and failures >= _SILENT:
                    self._silence = error
                self._closed.wait(self._retrying.pause(min(failures, 10)))

    def _watch(self, key: Kind, version: str) -> str:
        """Watch until the stream ends; return the version to go on from."""
        events = self._client.watch(*key, resource_version=version, timeout_seconds=_WATCH_SECONDS)
        for event in events:
            if self._closed.is_set():
                break
            version = event.resource_version or version
            if event.type is not EventType.BOOKMARK:
                self._take(key, event)
        return version

    def _take(self, key: Kind, event: WatchEvent) -> None:
        target = Target.of(event.object)
        with self._condition:
            if event.type is EventType.DELETED:
                self._objects[key].pop(target, None)
                self._note_gone(target, event.object, event.resource_version)
            else:
                self._objects[key][target] = event.object
                self._note(target, event.object, event.resource_version)

    def _relist(self, key: Kind) -> str:
        """Read the whole kind; note what differs from what was known."""
        listed = self._client.list(*key)
        found = {Target.of(one): one for one in listed.items}
        with self._condition:
            before = self._objects.get(key)
            self._objects[key] = found
            if before is not None:
                for target, value in found.items():
                    if _version(before.get(target)) != _version(value):
                        self._note(target, value, _version(value))
                for target in before.keys() - found.keys():
                    self._note_gone(target, before[target], listed.resource_version)
        return listed.resource_version

    def _note(self, target: Target, value: Object, version: str) -> None:
        self._changed[target] = Changed(target=target, object=value, version=version)
        self._condition.notify_all()

    def _note_gone(self, target: Target, last: Object, version: str) -> None:
        self._changed[target] = Changed(target=target, object=None, version=version, last=last)
        self._condition.notify_all()


def _version(value: Object | None) -> str:
    return str(lookup(value, "metadata", "resourceVersion", default=""))


class Later:
    """Begins what is to run beside us only at a signal; until then it would be in the way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] | None = []

    def __call__(self, run: Callable[[], None]) -> None:
        """Run something in a thread of its own, once the signal has come."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.append(run)
                return
        in_thread(run)

    def begin(self) -> None:
        """Give the signal; any but the first changes nothing."""
        with self._lock:
            waiting, self._waiting = self._waiting or [], None
        for run in waiting:
            in_thread(run)


def in_thread(run: Callable[[], None]) -> None:
    """Run something in a thread of its own, which does not keep the process alive."""
    threading.Thread(target=run, name="watch", daemon=True).start()
