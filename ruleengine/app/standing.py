"""Who performs the standing requests of the triggers area: the bus, and the receivers.

``events`` is answered wherever something drives, from the log of the state folder;
``receive`` only where a run receives. Both live for as long as the run.
"""

import itertools
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruleengine.app.clusters import Connected
from ruleengine.app.repeating import repeating
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.digests import short_digest
from ruleengine.model.errors import StoreError
from ruleengine.model.secrets import Secret
from ruleengine.model.values import lookup
from ruleengine.reconcile.standing import News, StandingPerformer
from ruleengine.triggers.requests import EVENTS, RECEIVE, Arrived, EventsWanted, Receiving
from ruleengine.triggers.source_specification import Route

if TYPE_CHECKING:
    from ruleengine.services.embedded_bus import EmbeddedBus
    from ruleengine.web.receivers import Receivers
    from ruleengine.web.storing import Stored

_MOST: Final = 64
"""How many events one answer holds at most."""

_LOOK_EVERY: Final = 0.5
"""Seconds after which it is looked for events that another process has stored."""

_TRY_AGAIN_EVERY: Final = 10
"""After how many of these looks a port is tried again that could not be opened."""


@contextmanager
def standing(
    cluster: Connected, state: Path, news: News, *, receive: bool
) -> Iterator[Mapping[str, StandingPerformer]]:
    """Offer who performs standing requests for the time of a run.

    ``receive`` lets the webhooks of every EventSource be served on this machine.
    """
    bus = BusOfState(bus_path(cluster, state))
    performers: dict[str, StandingPerformer] = {EVENTS: Reading(bus)}
    try:
        if not receive:
            yield performers
            return
        with _serving(bus, cluster.client, news) as serving, _looking(bus, serving, news):
            yield {**performers, RECEIVE: serving}
    finally:
        bus.close()


def bus_path(cluster: Connected, state: Path) -> Path:
    """Return where the events of a cluster are kept: no two clusters share a log."""
    name = "bus" if cluster.local else f"bus-{short_digest(cluster.name)}"
    return state / f"{name}.sqlite"


class BusOfState:
    """The bus of a state folder, opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._bus: EmbeddedBus | None = None

    def open(self) -> "EmbeddedBus":
        """Return the bus. Raises ``StoreError`` where its file cannot be used."""
        from ruleengine.services.embedded_bus import EmbeddedBus

        with self._lock:
            if self._bus is None:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._bus = EmbeddedBus(self._path)
            return self._bus

    def store(self, events: "Sequence[Stored]") -> None:
        """Store events. Raises ``StoreError``."""
        self.open().append(events)

    def has_news(self) -> bool:
        """Tell whether another process has stored events since the last call."""
        return self._bus is not None and self._bus.refresh()

    def close(self) -> None:
        """Close the bus where it was opened."""
        if self._bus is not None:
            self._bus.close()


class Reading:
    """Performs ``events``: what arrived on the bus after a place in its log."""

    exclusive = False

    def __init__(self, bus: BusOfState) -> None:
        self._bus = bus
        self._readers: dict[str, str] = {}

    def answer(self, request: Request) -> Answer | None:
        """Return what arrived; ``None`` while that is nothing. Raises ``StoreError``."""
        from ruleengine.services.embedded_bus import Need

        wanted, bus = EventsWanted.of(request), self._bus.open()
        if wanted.log != bus.identity:
            arrived = Arrived(log=bus.identity, after=_beginning(wanted, bus))
            return Answer(value=arrived.as_value())
        self._readers[wanted.reader] = request.key
        held = frozenset(wanted.held)
        need = Need(bus=wanted.bus, subjects=wanted.subjects, after=wanted.after, held=held)
        bus.note(wanted.reader, need)
        events = bus.read(wanted.bus, wanted.subjects, wanted.after, most=_MOST)
        if not events:
            return None
        arrived = Arrived(
            log=bus.identity,
            after=wanted.after,
            events=tuple(events),
            held=bus.get(wanted.held),
            full=bus.newest(wanted.bus, wanted.subjects) > events[-1].sequence,
        )
        return Answer(value=arrived.as_value())

    def end(self, request: Request) -> None:
        """Note that a reader is gone, unless it only asks for something else now."""
        reader = EventsWanted.of(request).reader
        if self._readers.get(reader) == request.key:
            del self._readers[reader]
            self._bus.open().forget(reader)


def _beginning(wanted: EventsWanted, bus: "EmbeddedBus") -> int:
    """Return the place in a log from which on events are for a reader that has none in it."""
    if wanted.log:
        return 0  # it knows another log: of this one it has handled nothing
    return bus.before(wanted.since) if wanted.since else bus.end


class Storage:
    """Whether events can be stored, as the last transaction shows; ``problem`` says why not."""

    def __init__(self, news: News) -> None:
        self._news = news
        self.problem = ""

    def tell(self, problem: str) -> None:
        """Take in what became of a transaction; called from the thread that stores."""
        if not problem:
            self._news.tell(EVENTS)
        if problem != self.problem:
            self.problem = problem
            self._news.tell(RECEIVE)


class Serving:
    """Performs ``receive``: the webhooks of an EventSource are served for as long as it is read."""

    exclusive = True

    def __init__(
        self, receivers: "Receivers", client: Client, news: News, storage: "Storage"
    ) -> None:
        self._receivers = receivers
        self._client = client
        self._news = news
        self._storage = storage
        self._current: dict[str, str] = {}
        self._refused: set[str] = set()

    @property
    def has_refusals(self) -> bool:
        """Whether something could not be served: it is worth trying again."""
        return bool(self._refused)

    def answer(self, request: Request) -> Answer | None:
        """Serve, and return the addresses."""
        from ruleengine.web.receivers import Offer

        wanted = Receiving.of(request)
        owner = f"{wanted.namespace}/{wanted.source}"
        tokens = {
            one.event: self._token(wanted.namespace, one)
            for one in wanted.routes
            if one.token is not None
        }
        serving = self._receivers.serve(
            Offer(
                owner=owner,
                source=wanted.source,
                bus=wanted.bus,
                routes=wanted.routes,
                tokens=tokens,
            )
        )
        self._current[owner] = request.key
        self._refused.discard(owner)
        if serving.refusals:
            self._refused.add(owner)
        if self._storage.problem:
            return Answer(error="events cannot be stored", remedy=self._storage.problem)
        return Answer(value=serving.as_value())

    def end(self, request: Request) -> None:
        """Close what was served, unless it is served in another way now."""
        wanted = Receiving.of(request)
        owner = f"{wanted.namespace}/{wanted.source}"
        if self._current.get(owner) == request.key:
            del self._current[owner]
            self._refused.discard(owner)
            self._receivers.withdraw(owner)
            self._news.tell(RECEIVE)

    def _token(self, namespace: str, route: Route) -> Secret | None:
        """Return what senders must know; ``None`` where it cannot be read."""
        import base64

        key = route.token
        if key is None:
            return None
        try:
            secret = self._client.get(Target("v1", "Secret", namespace, key.name))
            data = base64.b64decode(lookup(secret, "data", key.key, default=""), validate=True)
            text = data.decode().removesuffix("\n")
        except (ApiError, ValueError):
            return None
        return Secret(text) if text else None


@contextmanager
def _serving(bus: BusOfState, client: Client, news: News) -> Iterator[Serving]:
    from ruleengine.web.answering import Answering
    from ruleengine.web.receivers import Receivers
    from ruleengine.web.storing import Storing

    storage = Storage(news)
    storing = Storing(bus.store, storage.tell)
    answering = Answering(
        storing=storing, new_id=lambda: uuid.uuid4().hex, now=lambda: datetime.now(UTC)
    )
    receivers = Receivers(answering)
    try:
        yield Serving(receivers, client, news, storage)
    finally:
        receivers.close()
        storing.close()


@contextmanager
def _looking(bus: BusOfState, serving: Serving, news: News) -> Iterator[None]:
    """Look for what nobody tells: events that other processes store, ports that became free."""
    count = itertools.count(1)

    def look() -> None:
        tries = next(count) % _TRY_AGAIN_EVERY == 0
        try:
            new = bus.has_news()
        except StoreError:
            new = tries  # who asks is told what is wrong with it
        if new:
            news.tell(EVENTS)
        if serving.has_refusals and tries:
            news.tell(RECEIVE)

    with repeating(look, _LOOK_EVERY, "looking"):
        yield
