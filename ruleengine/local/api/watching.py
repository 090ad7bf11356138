"""Watches: a stream of JSON lines that begins at a revision and follows the store.

Where the store no longer has the events that a watch asks for, the stream carries one
ERROR event with the 410 that tells clients to list anew (reference, section 4).
"""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.formats import json_text
from ruleengine.local.api.failures import expired
from ruleengine.local.api.options import flag, invalid_option, number
from ruleengine.local.api.preparing import presented
from ruleengine.local.api.reading import check_not_future
from ruleengine.local.api.routing import Route
from ruleengine.local.api.selecting import Selection, read_selection
from ruleengine.local.store import CompactedError, Event, EventType, Store
from ruleengine.model.values import Object

_LONGEST: Final = 1800
_BOOKMARK_EVERY: Final = 60.0
_LOOK_AROUND: Final = 1.0
"""Seconds after which an idle watch yields an empty chunk, so that its carrier can stop it."""

_KINDS: Final = {(True, True): "MODIFIED", (False, True): "ADDED", (True, False): "DELETED"}
"""What an event is to a watch: whether the object was selected before, and is after."""

_AT_ONCE: Final = 100
"""How many objects of the state at the beginning are told in one chunk."""


class Lines:
    """The lines of the latest events, so that many watches of one kind share the work."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._known: dict[Hashable, bytes] = {}

    def once(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return a line, made where no watch has asked for it lately."""
        line = self._known.get(key)
        if line is None:
            line = make()
            if len(self._known) >= self._most:
                self._known = {}
            self._known[key] = line
        return line


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the objects of a watch are shown: ``present`` makes of one what the client accepts.

    Watches of one ``name`` show an event alike; without one each makes its own, since what they
    show depends on the moment.
    """

    present: Callable[[Object], Object]
    name: Hashable = None
    lines: Lines = field(default_factory=Lines)

    def once(self, event: tuple[int, str], make: Callable[[], bytes]) -> bytes:
        """Return the line of an event."""
        return make() if self.name is None else self.lines.once((self.name, event), make)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """What a watch asks for. ``after`` is ``None`` to begin with the present state."""

    route: Route
    selection: Selection
    after: int | None
    bookmarks: bool
    initial_events: bool
    seconds: float


def read_watch(route: Route, query: Mapping[str, str], store: Store) -> WatchRequest:
    """Return what a request asks for. Raises ``ApiFailure``."""
    selection = read_selection(query, route.served, route.namespace)
    initial = flag(query, "sendInitialEvents")
    if initial and query.get("resourceVersionMatch") != "NotOlderThan":
        text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise invalid_option("ListOptions", "resourceVersionMatch", text)
    if query.get("resourceVersionMatch") and not initial:
        text = (
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
            "provided"
        )
        raise invalid_option("ListOptions", "resourceVersionMatch", text)
    revision = number(query, "resourceVersion") or 0
    check_not_future(store, revision)
    seconds = number(query, "timeoutSeconds")
    return WatchRequest(
        route=route,
        selection=selection,
        after=revision if revision and not initial else None,
        bookmarks=flag(query, "allowWatchBookmarks"),
        initial_events=initial,
        seconds=float(min(seconds, _LONGEST) if seconds else _LONGEST),
    )


class Watch(Iterator[bytes]):
    """The lines of one watch, in chunks. It ends by itself when its time is over.

    Whoever can wait for news asks :meth:`take`, which never waits. Iterating waits for the
    store; empty chunks come while there is nothing to say. ``patience`` is then how many seconds
    an idle watch goes on, ``None`` for as long as the client asked.
    """

    def __init__(
        self,
        request: WatchRequest,
        store: Store,
        presentation: Presentation,
        patience: float | None,
    ) -> None:
        self._request = request
        self._store = store
        self._presentation = presentation
        self._patience = patience
        self._after = 0
        self._end = time.monotonic() + request.seconds
        self._idle_since = time.monotonic()
        self._chunks = self._told()

    def take(self) -> bytes | None:
        """Return what there is to say now, empty for nothing, ``None`` at the end."""
        return next(self._chunks, None)

    def __next__(self) -> bytes:
        chunk = self.take()
        if chunk is None:
            raise StopIteration
        now = time.monotonic()
        if chunk:
            self._idle_since = now
        elif self._patience is not None and now - self._idle_since >= self._patience:
            self._end = now
        else:
            self._store.wait(self._after, min(_LOOK_AROUND, max(self._end - now, 0)))
        return chunk

    def _told(self) -> Iterator[bytes]:
        request = self._request
        if request.after is None:
            yield from self._initial()
        else:
            self._after = request.after
        next_bookmark = time.monotonic() + _BOOKMARK_EVERY
        while (now := time.monotonic()) < self._end:
            try:
                events = self._store.events(self._after)
            except CompactedError:
                status = expired(f"too old resource version: {self._after}").status()
                yield _line("ERROR", status)
                return
            lines = [line for event in events if (line := self._event_line(event))]
            if events:
                self._after = events[-1].revision
            if lines:
                yield b"".join(lines)
            elif request.bookmarks and now >= next_bookmark:
                next_bookmark = now + _BOOKMARK_EVERY
                yield _bookmark(request, self._after)
            else:
                yield b""
        if request.bookmarks:
            yield _bookmark(request, self._after)

    def _initial(self) -> Iterator[bytes]:
        """Yield the present state as events, some at a time."""
        request = self._request
        snapshot = self._store.list(request.route.served.resource, request.selection.namespace)
        self._after = snapshot.revision
        chosen = [value for value in snapshot.items if request.selection.matches(value)]
        for start in range(0, len(chosen), _AT_ONCE):
            part = chosen[start : start + _AT_ONCE]
            yield b"".join(self._shown("ADDED", value) for value in part)
        if request.initial_events:
            yield _bookmark(request, self._after, initial=True)

    def _event_line(self, event: Event) -> bytes:
        """Return what an event of the store is to this watch; nothing if it is not selected."""
        selection = self._request.selection
        if event.key.resource != self._request.route.served.resource:
            return b""
        if selection.namespace and event.key.namespace != selection.namespace:
            return b""
        was_selected = event.previous is None or selection.matches(event.previous)
        before = event.type is not EventType.ADDED and was_selected
        after = event.type is not EventType.DELETED and selection.matches(event.object)
        if not before and not after:
            return b""
        kind, value = _KINDS[before, after], event.object
        if after or event.type is EventType.DELETED or event.previous is None:
            return self._presentation.once((event.revision, kind), lambda: self._shown(kind, value))
        # what leaves the selection is told as it was, at the revision at which it left
        version = value["metadata"]["resourceVersion"]
        metadata = {**event.previous["metadata"], "resourceVersion": version}
        return self._shown(kind, {**event.previous, "metadata": metadata})

    def _shown(self, kind: str, value: Object) -> bytes:
        value = presented(value, self._request.route.served)
        return _line(kind, self._presentation.present(value))


def _bookmark(request: WatchRequest, revision: int, *, initial: bool = False) -> bytes:
    info = request.route.served.info
    metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    value = {"kind": info.kind, "apiVersion": info.api_version, "metadata": metadata}
    return _line("BOOKMARK", value)


def _line(kind: str, value: Object) -> bytes:
    return json_text.dump_bytes({"type": kind, "object": value}) + b"\n"
