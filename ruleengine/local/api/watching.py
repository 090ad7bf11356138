"""Watches: a stream of JSON lines that begins at a revision and follows the store.

Where the store no longer has the events that a watch asks for, the stream carries one
ERROR event with the 410 that tells clients to list anew (reference, section 4).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ruleengine.formats import json_text
from ruleengine.local.api.failures import ApiFailure, expired
from ruleengine.local.api.options import flag, number
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

Present = Callable[[Object], Object]
"""Turns an object into what the client accepts: itself, a Table, its metadata."""


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
        text = "sendInitialEvents is forbidden without resourceVersionMatch NotOlderThan"
        raise ApiFailure(422, "Invalid", text)
    if query.get("resourceVersionMatch") and not initial:
        text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        raise ApiFailure(422, "Invalid", text)
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


def watch(
    request: WatchRequest, store: Store, present: Present, patience: float | None
) -> Iterator[bytes]:
    """Yield the lines of a watch; empty chunks while there is nothing to say.

    ``patience`` is how many seconds an idle stream stays open, ``None`` for as long as the
    client asked. Without patience a stream ends at once when it has told everything.
    """
    after = request.after
    if after is None:
        snapshot = store.list(request.route.served.resource, request.selection.namespace)
        for value in snapshot.items:
            if request.selection.matches(value):
                yield _line("ADDED", present(presented(value, request.route.served)))
        after = snapshot.revision
        if request.initial_events:
            yield _bookmark(request, after, initial=True)
    yield from _follow(request, store, present, after, patience)


def _follow(
    request: WatchRequest, store: Store, present: Present, after: int, patience: float | None
) -> Iterator[bytes]:
    end = time.monotonic() + request.seconds
    next_bookmark = time.monotonic() + _BOOKMARK_EVERY
    idle_since = time.monotonic()
    while (now := time.monotonic()) < end:
        try:
            events = store.events(after)
        except CompactedError:
            status = expired(f"too old resource version: {after}").status()
            yield _line("ERROR", status)
            return
        lines = [line for event in events if (line := _event_line(request, event, present))]
        if events:
            after = events[-1].revision
            idle_since = now
        if lines:
            yield b"".join(lines)
            continue
        if patience is not None and now - idle_since >= patience:
            break
        if request.bookmarks and now >= next_bookmark:
            next_bookmark = now + _BOOKMARK_EVERY
            yield _bookmark(request, after)
        elif not events:
            yield b""
        store.wait(after, min(_LOOK_AROUND, max(end - now, 0)))
    if request.bookmarks:
        yield _bookmark(request, after)


def _event_line(request: WatchRequest, event: Event, present: Present) -> bytes:
    """Return what an event of the store is to this watch; nothing if it is not selected."""
    selection = request.selection
    if event.key.resource != request.route.served.resource:
        return b""
    if selection.namespace and event.key.namespace != selection.namespace:
        return b""
    was_selected = event.previous is None or selection.matches(event.previous)
    before = event.type is not EventType.ADDED and was_selected
    after = event.type is not EventType.DELETED and selection.matches(event.object)
    if not before and not after:
        return b""
    value = event.object
    if not after and event.type is not EventType.DELETED and event.previous is not None:
        # what leaves the selection is told as it was, at the revision at which it left
        version = value["metadata"]["resourceVersion"]
        metadata = {**event.previous["metadata"], "resourceVersion": version}
        value = {**event.previous, "metadata": metadata}
    return _line(_KINDS[before, after], present(presented(value, request.route.served)))


def _bookmark(request: WatchRequest, revision: int, *, initial: bool = False) -> bytes:
    info = request.route.served.info
    metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    value = {"kind": info.kind, "apiVersion": info.api_version, "metadata": metadata}
    return _line("BOOKMARK", value)


def _line(kind: str, value: Object) -> bytes:
    return json_text.dump_bytes({"type": kind, "object": value}) + b"\n"
