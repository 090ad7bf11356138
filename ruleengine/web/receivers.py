"""Receivers: every webhook of every EventSource, on its port of this machine.

One loop thread serves all ports. A port is open for as long as a route wants it, and routes
of several EventSources share it; of two that want the same place on one port the first keeps
it. Locally nothing but loopback is listened on, and web pages may not send events: a page of
any site could start pipelines otherwise.
"""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from ruleengine.model.secrets import Secret
from ruleengine.triggers.requests import Serving
from ruleengine.triggers.source_specification import Route
from ruleengine.web.answering import Answering, Place

LOOPBACK: Final = "127.0.0.1"
_PATIENCE: Final = 10.0

Returned = TypeVar("Returned")


@dataclass(slots=True)
class _Port:
    """An open port: its server, and what is served at which path."""

    places: dict[str, Place]
    server: Any
    serving: "asyncio.Task[None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The routes of one EventSource, and the tokens that their senders must know.

    A route whose token cannot be read has ``None`` in its place and refuses everybody.
    """

    owner: str
    source: str
    bus: str
    routes: tuple[Route, ...]
    tokens: Mapping[str, Secret | None] = field(default_factory=dict)

    def place(self, route: Route) -> Place:
        """Return what is served at the endpoint of a route."""
        return Place(
            owner=self.owner,
            source=self.source,
            bus=self.bus,
            route=route,
            token=self.tokens.get(route.event),
        )


class Receivers:
    """The open ports of this process. Called from one thread; serves in a thread of its own."""

    def __init__(self, answering: Answering, host: str = LOOPBACK) -> None:
        self._answering = answering
        self._host = host
        self._ports: dict[int, _Port] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def serve(self, offer: Offer) -> Serving:
        """Serve what an EventSource offers, in place of what it offered before."""
        wanted = {(one.port, one.endpoint) for one in offer.routes}
        self._drop(offer.owner, keep=wanted)
        addresses, refusals = {}, {}
        for route in offer.routes:
            refusal = self._open(offer.place(route))
            if refusal:
                refusals[route.event] = refusal
            else:
                addresses[route.event] = f"http://{self._host}:{route.port}{route.endpoint}"
        return Serving(addresses=addresses, refusals=refusals)

    def withdraw(self, owner: str) -> None:
        """Serve nothing of an EventSource any more."""
        self._drop(owner, keep=set())

    def close(self) -> None:
        """Close every port, once the requests that are under way are answered."""
        for number in list(self._ports):
            self._close_port(number)
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_PATIENCE)
            self._loop.close()
            self._loop = self._thread = None

    def _drop(self, owner: str, keep: set[tuple[int, str]]) -> None:
        for number, port in list(self._ports.items()):
            for path, place in list(port.places.items()):
                if place.owner == owner and (number, path) not in keep:
                    del port.places[path]
            if not port.places:
                self._close_port(number)

    def _open(self, place: Place) -> str:
        """Serve one place; return why that cannot be, or an empty text."""
        number, path = place.route.port, place.route.endpoint
        port = self._ports.get(number)
        if port is None:
            try:
                listener = self._listen(number)
            except OSError as error:
                return f"port {number} cannot be opened: {error.strerror or error}; {_PORT_REMEDY}"
            self._ports[number] = self._run(self._start(listener, {path: place}))
            return ""
        taken = port.places.get(path)
        if taken is not None and taken.owner != place.owner:
            return f"{path} on port {number} is received by {taken.owner} already; {_PATH_REMEDY}"
        if taken is not None and taken.route.event != place.route.event:
            return f"{path} on port {number} is the event {taken.route.event}; {_PATH_REMEDY}"
        port.places[path] = place
        return ""

    def _listen(self, number: int) -> socket.socket:
        # the protocol is named because asyncio sends small answers at once only then
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, number))
            listener.listen(128)
        except OSError:
            listener.close()
            raise
        return listener

    async def _start(self, listener: socket.socket, places: dict[str, Place]) -> _Port:
        import uvicorn

        configuration = uvicorn.Config(
            self._answering.application(places),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(configuration)
        return _Port(places, server, asyncio.ensure_future(server.serve(sockets=[listener])))

    def _close_port(self, number: int) -> None:
        port = self._ports.pop(number)

        async def stop() -> None:
            port.server.should_exit = True
            await port.serving

        self._run(stop())

    def _run(self, work: Coroutine[Any, Any, Returned]) -> Returned:
        """Do something in the loop thread, which is started where it does not run."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
            self._thread.start()
        running: Future[Returned] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return running.result(_PATIENCE)


_PORT_REMEDY: Final = "end the program that has it, or choose another port"
_PATH_REMEDY: Final = "choose another endpoint or port"
