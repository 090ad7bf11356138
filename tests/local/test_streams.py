"""Streams on the event loop: nothing is lost, and whoever goes leaves nothing behind."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ruleengine.local import process, streams
from ruleengine.local.api.watching import Watch
from ruleengine.local.control_plane import in_memory_plane
from ruleengine.local.streams import Streams
from ruleengine.local.websockets import Message
from ruleengine.model.http import HttpRequest
from tests.local.planes import Caller, configmap
from tests.local.test_process import eventually

MAPS = "/api/v1/namespaces/default/configmaps"


class Client:
    """Whoever reads a stream: it notes what comes, and goes when it is told to."""

    def __init__(self, *, reads: bool = True, enough: int = 1) -> None:
        self.satisfied = asyncio.Event()
        self._enough = enough
        self.data = b""
        self.ended = False
        self.gone = asyncio.Event()
        self._reads = reads

    async def receive(self) -> Message:
        """Return only when the client goes."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part, or never come back from it."""
        if message["body"] and not self._reads:
            await asyncio.Event().wait()
        self.data += message["body"]
        self.ended = not message["more_body"]
        if self.data.count(b"\n") >= self._enough:
            self.satisfied.set()

    def names(self) -> list[str]:
        """Return the names of the objects of which it was told."""
        events = [json.loads(line) for line in self.data.splitlines()]
        return [one["object"]["metadata"]["name"] for one in events]


def watch_of(call: Caller, **query: str) -> Watch:
    """Return a watch on ConfigMaps."""
    request = HttpRequest(method="GET", path=MAPS, query=(("watch", "1"), *query.items()))
    found = call.plane.send(request).stream
    assert isinstance(found, Watch)
    return found


def test_two_hundred_watchers_are_told_everything_in_order() -> None:
    """While four threads write; nobody needs a thread of its own."""
    call = Caller(in_memory_plane())
    at = str(call.plane.store.revision)
    found = Streams()
    call.plane.store.listen(found.news)

    def write(number: int) -> None:
        mine = Caller(call.plane)
        for one in range(25):
            mine("POST", MAPS, configmap(f"w{number}-{one}"))

    async def tell() -> list[Client]:
        clients = [Client(enough=100) for _ in range(200)]
        threads_before = threading.active_count()
        told = [
            asyncio.ensure_future(
                found.watch(watch_of(call, resourceVersion=at), one.receive, one.send)
            )
            for one in clients
        ]
        await asyncio.sleep(0)
        assert threading.active_count() == threads_before
        await asyncio.gather(*(asyncio.to_thread(write, number) for number in range(4)))
        async with asyncio.timeout(60):
            await asyncio.gather(*(one.satisfied.wait() for one in clients))
        found.stop()
        await asyncio.gather(*told)
        return clients

    clients = asyncio.run(tell())
    expected = clients[0].names()
    assert len(set(expected)) == 100
    assert all(one.names() == expected and one.ended for one in clients)


def test_whoever_goes_is_forgotten() -> None:
    """At once, and nothing more is sent."""
    call = Caller(in_memory_plane())
    found = Streams()

    async def go() -> Client:
        client = Client()
        watch = watch_of(call, resourceVersion=str(call.plane.store.revision))
        told = asyncio.ensure_future(found.watch(watch, client.receive, client.send))
        await asyncio.sleep(0)
        client.gone.set()
        async with asyncio.timeout(20):
            await told
        return client

    client = asyncio.run(go())
    assert (client.data, client.ended) == (b"", False)
    assert (found._count, found._waiting) == (0, set())


@pytest.mark.parametrize("kind", ["watch", "follow"])
def test_whoever_does_not_read_is_given_up(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers never wait for it."""
    monkeypatch.setattr(streams, "_UNREAD", 0.05)
    call = Caller(in_memory_plane())
    found = Streams()

    def lines() -> Iterator[bytes]:
        while True:
            yield b"line\n"

    async def read_nothing() -> Client:
        client = Client(reads=False)
        async with asyncio.timeout(20):
            if kind == "watch":
                await found.watch(watch_of(call), client.receive, client.send)
            else:
                await found.follow(lines(), client.receive, client.send)
        return client

    assert asyncio.run(read_nothing()).ended is False
    assert found._count == 0
    assert eventually(lambda: "stream" not in {one.name for one in threading.enumerate()})


def test_a_long_beginning_comes_in_pieces() -> None:
    """So that others have their turn between them; the end of it is marked for who asks."""
    call = Caller(in_memory_plane())
    for number in range(250):
        call("POST", MAPS, configmap(f"m{number:03}"))
    watch = watch_of(call, sendInitialEvents="true", resourceVersionMatch="NotOlderThan")
    chunks = [watch.take() for _ in range(4)]
    sizes = [len(chunk.splitlines()) for chunk in chunks if chunk]
    assert sizes == [100, 100, 51, 1]
    assert watch.take() == b""


def test_watches_of_one_kind_share_their_lines() -> None:
    """An event is written as JSON once; tables tell ages and are made for each."""
    call = Caller(in_memory_plane())
    first, second = watch_of(call), watch_of(call)
    first.take(), second.take()
    call("POST", MAPS, configmap("a"))
    assert (one := first.take())
    assert one is second.take()


def connections(running: process.Running, count: int) -> list[ssl.SSLSocket]:
    """Return connections that each have a watch running."""
    state = running.kubeconfig.parent
    trust = ssl.create_default_context(cafile=str(state / "ca.crt"))
    place = urlsplit(running.url)
    token = (state / "token").read_text()
    request = f"GET {MAPS}?watch=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    found = []
    for _ in range(count):
        plain = socket.create_connection((place.hostname or "", place.port or 0))
        found.append(trust.wrap_socket(plain, server_hostname="localhost"))
        found[-1].sendall(request.encode())
        assert found[-1].recv(100).startswith(b"HTTP/1.1 200")
    return found


def test_clients_that_vanish_leave_neither_threads_nor_files(tmp_path: Path) -> None:
    """Half of them in the middle of a record, as when a laptop is closed."""
    with process.ensure(tmp_path) as running:
        held = Path(f"/proc/{running.pid}")

        def counts() -> tuple[int, int]:
            return len([*(held / "task").iterdir()]), len([*(held / "fd").iterdir()])

        for one in connections(running, 8):
            one.close()
        assert eventually(lambda: counts()[1] > 0)
        threads, files = counts()
        for _ in range(2):
            for number, one in enumerate(connections(running, 25)):
                if number % 2:
                    linger = (1).to_bytes(4, "little") + bytes(4)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                one.close()
        assert eventually(lambda: counts()[0] <= threads + 1 and counts()[1] <= files)
    process.stop(tmp_path)
