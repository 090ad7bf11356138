"""What events cost: received, stored and acknowledged, and from there to what they start.

    python benchmarks/triggers.py [--smoke]

A process of its own sends webhooks over many connections that stay open; the receivers and
the bus are the real ones, the disk too. Beside them stands the same web server answering
without storing anything, and SQLite with one durable transaction per event: the most that
either of the two could do alone. The way to what an event starts goes over the real command
and the real control plane.
"""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness import RULEENGINE, machine

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.local import process
from ruleengine.model.events import CloudEvent
from ruleengine.model.names import STARTED_BY
from ruleengine.services.embedded_bus import EmbeddedBus
from ruleengine.triggers.source_specification import Route
from ruleengine.web.answering import Answering
from ruleengine.web.receivers import Offer, Receivers
from ruleengine.web.storing import Storing

EVENTS, CONNECTIONS = 5000, 32
LATENCIES, BACKLOG = 40, 500
BODY = json.dumps({"ref": "refs/heads/main", "after": "0" * 40, "commits": ["x" * 100] * 10})
BUS = "ruleengine/default"
_HEAD = "POST /push HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SENDER = f"""
import socket, sys, threading, time
port, count, connections = map(int, sys.argv[1:])
body = {BODY.encode()!r}
request = {_HEAD.encode()!r} + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body
def send(number):
    with socket.create_connection(("127.0.0.1", port)) as line:
        for _ in range(number):
            line.sendall(request)
            answer = b""
            while b"success" not in answer:
                answer += line.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
threads = [threading.Thread(target=send, args=(count // connections,)) for _ in range(connections)]
begin = time.perf_counter()
for one in threads: one.start()
for one in threads: one.join()
print(count // connections * connections / (time.perf_counter() - begin))
"""
"""The same bytes over each connection, each request after the answer to the one before."""

TRIGGER = """\
on:
  push:
    webhook: {{port: "{port}", endpoint: /push, method: POST}}
    filters:
      data: [{{path: body.ref, type: string, value: [refs/heads/main]}}]
do:
- k8s:
    operation: create
    source:
      resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{generateName: got-}}}}
    parameters:
    - src: {{dependencyName: push, dataTemplate: "{{{{ .Input.body.after }}}}"}}
      dest: data.after
"""


def main() -> None:
    """Measure and print."""
    smoke = "--smoke" in sys.argv
    events = EVENTS // 50 if smoke else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        rows = list(_receiving(Path(folder), events))
        rows += _starting(Path(folder), 3 if smoke else LATENCIES, 20 if smoke else BACKLOG)
    print(f"{machine()}\n\n| what | measured |\n|---|---|")
    for what, measured in rows:
        print(f"| {what} | {measured} |")


def _receiving(folder: Path, events: int) -> Iterator[tuple[str, str]]:
    bare = _rate(lambda _: None, events, CONNECTIONS)
    yield f"answered and not stored, {CONNECTIONS} connections, events a second", f"{bare:,.0f}"
    bus = EmbeddedBus(folder / "bus.sqlite")
    stored = _rate(bus.append, events, CONNECTIONS)
    yield f"received, stored, acknowledged, {CONNECTIONS} connections", f"{stored:,.0f}"
    yield "that is of what is not stored", f"{stored / bare:.2f}"
    single = _rate(bus.append, max(events // 10, 20), 1)
    yield "the same over one connection", f"{single:,.0f}"
    alone = _transactions(EmbeddedBus(folder / "alone.sqlite"), max(events // 10, 20))
    yield "one durable transaction per event, without HTTP", f"{alone:,.0f}"
    begin = time.perf_counter()
    read, after = 0, 0
    while batch := bus.read(BUS, [("on-push", "push")], after):
        read, after = read + len(batch), batch[-1].sequence
    yield "read back, 64 at a time", f"{read / (time.perf_counter() - begin):,.0f}"
    bus.close()


def _rate(store: Callable[..., None], events: int, connections: int) -> float:
    """Return how many webhooks were acknowledged in a second."""
    storing = Storing(store, lambda _: None)
    answering = Answering(
        storing=storing, new_id=lambda: uuid.uuid4().hex, now=lambda: datetime.now(UTC)
    )
    receivers = Receivers(answering)
    port = _free_port()
    route = Route(event="push", type="webhook", port=port, endpoint="/push", method="POST")
    receivers.serve(Offer(owner="a/b", source="on-push", bus=BUS, routes=(route,)))
    command = [sys.executable, "-c", SENDER, str(port), str(events), str(connections)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        receivers.close()
        storing.close()
    return float(done.stdout)


def _transactions(bus: EmbeddedBus, count: int) -> float:
    event = CloudEvent(
        id="",
        source="on-push",
        subject="push",
        type="webhook",
        time="2026-01-02T03:04:05Z",
        data=BODY,
    )
    begin = time.perf_counter()
    for number in range(count):
        bus.append([(BUS, replace(event, id=str(number)))])
    rate = count / (time.perf_counter() - begin)
    bus.close()
    return rate


def _starting(folder: Path, latencies: int, backlog: int) -> Iterator[tuple[str, str]]:
    """Measure from the acknowledgement to the object, one by one and many at once."""
    port, state = _free_port(), folder / "state"
    (folder / "triggers").mkdir()
    (folder / "triggers" / "on-push.yaml").write_text(TRIGGER.format(port=port))
    subprocess.run(["git", "init", "--quiet", "."], cwd=folder, check=True)
    with process.start(state) as plane, _running(folder, state):
        _wait_for(port)
        client = Client(connect(str(plane.kubeconfig), ""))
        seen = _Watcher(client)
        times = []
        for number in range(latencies):
            _send(port)
            begin = time.perf_counter()
            times.append(seen.wait_for(number + 1) - begin)
        yield (
            "from the acknowledgement to the object, median ms",
            f"{statistics.median(times) * 1e3:.0f}",
        )
        begin = time.perf_counter()
        command = [sys.executable, "-c", SENDER, str(port), str(backlog), "10"]
        subprocess.run(command, capture_output=True, check=True)
        acknowledged = time.perf_counter() - begin
        total = seen.wait_for(latencies + backlog) - begin
        yield f"{backlog} events at once, until the last is acknowledged, s", f"{acknowledged:.2f}"
        yield f"{backlog} events at once, until the last has started its object, s", f"{total:.2f}"
    process.stop(state)


class _Watcher:
    """Counts the objects that events have started, as a watch tells of them."""

    def __init__(self, client: Client) -> None:
        self._count = 0
        self._told = threading.Condition()
        listed = client.list("v1", "ConfigMap")
        events = client.watch("v1", "ConfigMap", resource_version=listed.resource_version)
        threading.Thread(target=self._run, args=(events,), daemon=True).start()

    def _run(self, events: Iterator) -> None:
        for event in events:
            if STARTED_BY in (event.object["metadata"].get("annotations") or {}):
                with self._told:
                    self._count += 1
                    self._told.notify_all()

    def wait_for(self, count: int) -> float:
        """Return when so many were there."""
        with self._told:
            if not self._told.wait_for(lambda: self._count >= count, timeout=120):
                raise RuntimeError(f"{self._count} of {count} objects are there")
            return time.perf_counter()


@contextmanager
def _running(folder: Path, state: Path) -> Iterator[None]:
    command = [*RULEENGINE, "run", "--state", str(state)]
    run = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(30)


def _send(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/push", BODY, {"Content-Type": "application/json"})
    if connection.getresponse().status != 200:
        raise RuntimeError("not acknowledged")
    connection.close()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the port was not opened")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
