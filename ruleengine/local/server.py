"""The process itself: opens the store, serves TLS on loopback, runs the controllers.

It stops on SIGTERM and Ctrl-C, and by itself when no client holds the clients' lock and
nobody asked to keep it (see :mod:`ruleengine.local.process`).
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import resource
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from ruleengine.formats import json_text
from ruleengine.formats.private_files import write_private
from ruleengine.local.api.routing import reads_one_object
from ruleengine.local.bridge import Bridge
from ruleengine.local.clock import SystemClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.material import prepare, write_kubeconfig
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.settings import SettingsFile
from ruleengine.local.sqlite_store import open_store

if TYPE_CHECKING:
    import uvicorn

_HOST: Final = "127.0.0.1"
_LOOK_EVERY: Final = 0.2
_MOST_FILES: Final = 1 << 16
_ENDING: Final = 8.0
"""Seconds for which a server that is about to end is waited for."""

_LONELY: Final = 2.0
"""Seconds without any client after which a server that is not kept stops."""


def serve(state: Path) -> None:
    """Serve a state folder until told to stop. Raises ``StoreError``."""
    import uvicorn

    from ruleengine.local.gathering import GatheringProtocol

    allow_many_files()
    store = open_store(state, patience=_ENDING)
    listener = _listen(state)
    url, material = f"https://{_HOST}:{listener.getsockname()[1]}", prepare(state)
    clock, settings = SystemClock(), SettingsFile(state)
    plane = ControlPlane(
        store,
        clock,
        token=material.token,
        reports=state,
        runner=ProcessRunner(state / "pods", clock),
        authority=material.authority.read_text(),
        images=settings.images,
        most_pods=settings.most_pods,
        address=listener.getsockname(),
    )
    bridge = Bridge(plane.send, plane.api.connect, reads_one_object)
    store.listen(bridge.news)
    configuration = uvicorn.Config(
        bridge,
        ssl_keyfile=str(material.key),
        ssl_certfile=str(material.certificate),
        ssl_ca_certs=str(material.authority),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        http=GatheringProtocol,
        ws=cast("type[asyncio.Protocol]", _websockets),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(configuration)
    # uvicorn sends itself the signal again once it has stopped serving: the default would end
    # the process there, before containers are asked to end and the store is closed.
    signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
    stop = threading.Event()
    controllers = threading.Thread(target=plane.run, args=(stop,), name="controllers")
    write_kubeconfig(state, url, material)
    # The clients' lock stays open to the very end: whoever comes while this process ends
    # waits for it, and then starts anew.
    with (state / "clients.lock").open("a") as clients:
        controllers.start()
        try:
            with _loop_runner() as runner:
                runner.run(_main(server, listener, bridge, _Post(state, url, clients)))
        finally:
            _unannounce(state)
            stop.set()
            store.wake()
            controllers.join()
            plane.close()
            store.close()


def _websockets(**parts: Any) -> asyncio.Protocol:
    """Speak websockets on a connection; few clients do, so the library waits for the first."""
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

    return WSProtocol(**parts)


@contextlib.contextmanager
def _loop_runner() -> "Iterator[asyncio.Runner]":
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield runner


@dataclass(frozen=True, slots=True)
class _Post:
    """Where clients find this process, and the lock that they hold while they need it."""

    state: Path
    url: str
    clients: IO[str]


async def _main(
    server: "uvicorn.Server", listener: socket.socket, bridge: Bridge, post: _Post
) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    announced = False
    lonely = 0.0
    while not serving.done():
        await asyncio.wait({serving}, timeout=_LOOK_EVERY if announced else 0.02)
        if server.started and not announced:
            announced = True
            content = {"pid": os.getpid(), "url": post.url, "version": 1}
            write_private(post.state / "server.json", json_text.dump_bytes(content))
        wanted = (post.state / "keep").exists() or _has_clients(post.clients)
        lonely = 0.0 if wanted else lonely + _LOOK_EVERY
        if lonely >= _LONELY and _try_lock(post.clients):
            server.should_exit = True
        if server.should_exit:
            _unannounce(post.state)
            bridge.stop()
    await serving


def _unannounce(state: Path) -> None:
    """Let nobody find this process any more."""
    (state / "server.json").unlink(missing_ok=True)


def _try_lock(clients: IO[str]) -> bool:
    """Take the clients' lock for good; false where a client has just come."""
    try:
        fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_clients(clients: IO[str]) -> bool:
    if not _try_lock(clients):
        return True
    fcntl.flock(clients, fcntl.LOCK_UN)
    return False


def _listen(state: Path) -> socket.socket:
    """Listen on the port of the last time if it is free, so that kubeconfigs stay valid."""
    path = state / "port"
    known = int(path.read_text()) if path.exists() and path.read_text().isdecimal() else 0
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, known))
    except (OSError, OverflowError):
        listener.bind((_HOST, 0))
    write_private(path, str(listener.getsockname()[1]).encode())
    return listener


def allow_many_files() -> None:
    """Have as many descriptors as may be: every client takes one, and every container two.

    The limit that most systems begin with is one for programs that know no others than the first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def configure_logging() -> None:
    """Log to standard error, which the starter sends to ``server.log``."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
