"""What the local control plane gives to clients that do nothing but ask.

    python benchmarks/control_plane.py [--seconds 5] [--pods 10000] [WHAT ...]

The server is the real process on the real disk, over TLS. Because machines are shared, each row
says beside the rate how much processor time of the server one answer took, and what that
comes to on one core that is its own; the second is what to compare between machines and days.
"""

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import machine, surroundings
from lean_client import Connection, Load, load, processor_seconds

from ruleengine.local import process
from ruleengine.model.values import Object

CLIENTS = 8
WATCHERS, CHANGES = 200, 200
_FEW = 300
_MAPS = "/api/v1/namespaces/default/configmaps"
_PODS = "/api/v1/namespaces/default/pods"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
_APPLY = "application/apply-patch+yaml"
_FORK = multiprocessing.get_context("fork")


def deployment(name: str, version: int = 0) -> bytes:
    """Return a Deployment as people write it; it is paused, so that only it is measured."""
    labels = {"app": name, "tier": "web"}
    container = {
        "name": "web",
        "image": f"registry.example.com/web:{version}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"NAME_{one}", "value": f"value {one}"} for one in range(6)],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}
    value = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 0,
            "paused": True,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    return json.dumps(value).encode()


def pod(name: str) -> bytes:
    """Return a pod that nobody schedules, so that it stays as it is."""
    found = json.loads(deployment(name))["spec"]["template"]
    found["metadata"]["name"] = name
    found["spec"]["schedulerName"] = "nobody"
    return json.dumps(found).encode()


def gets(connection: Connection, number: int) -> Iterator[bytes]:
    """Yield reads of one Deployment."""
    while True:
        yield connection.request("GET", f"{_DEPLOYMENTS}/read-{number}")


def creates(connection: Connection, number: int) -> Iterator[bytes]:
    """Yield creates of ConfigMaps."""
    count = 0
    while True:
        count += 1
        value = {"metadata": {"name": f"made-{number}-{count}"}, "data": {"text": "x" * 200}}
        yield connection.request("POST", _MAPS, json.dumps(value).encode())


def applies(connection: Connection, number: int) -> Iterator[bytes]:
    """Yield applies of one Deployment, each with another image."""
    count = 0
    while True:
        count += 1
        name = f"applied-{number}"
        path = f"{_DEPLOYMENTS}/{name}?fieldManager=bench&force=true"
        yield connection.request("PATCH", path, deployment(name, count), _APPLY)


def same_applies(connection: Connection, number: int) -> Iterator[bytes]:
    """Yield applies of one Deployment that change nothing."""
    name = f"same-{number}"
    path = f"{_DEPLOYMENTS}/{name}?fieldManager=bench&force=true"
    while True:
        yield connection.request("PATCH", path, deployment(name), _APPLY)


def pods(first: int, count: int) -> Callable[[Connection, int], Iterator[bytes]]:
    """Return what creates ``count`` pods with all clients together."""

    def made(connection: Connection, number: int) -> Iterator[bytes]:
        for one in range(first + number, first + count, CLIENTS):
            yield connection.request("POST", _PODS, pod(f"pod-{one:05}"))

    return made


def _row(what: str, found: Load, target: str) -> None:
    print(
        f"| {what} | {found.rate:,.0f} | {found.microseconds:,.0f} "
        f"| {found.on_a_free_core:,.0f} | {target} |",
        flush=True,
    )


def rates(running: process.Running, seconds: float) -> None:
    """Print how many requests of each kind are answered in a second."""
    print("| what, 8 clients | a second | server µs each | a second and core | target |")
    print("|---|---|---|---|---|")
    first = Connection(running)
    for number in range(CLIENTS):
        first.ask(first.request("POST", _DEPLOYMENTS, deployment(f"read-{number}")))
    time.sleep(1)
    _row("GET of a Deployment", load(running, CLIENTS, seconds, gets), "4,000")
    _row("create of a ConfigMap", load(running, CLIENTS, seconds, creates), "500")
    _row("server-side apply, changed", load(running, CLIENTS, seconds, applies), "250")
    _row("server-side apply, unchanged", load(running, CLIENTS, seconds, same_applies), "")


def watchers(running: process.Running) -> None:
    """Print what it takes to tell every change to every watcher."""
    first = Connection(running)
    _, listed = first.ask(first.request("GET", f"{_MAPS}?limit=1"))
    at = json.loads(listed)["metadata"]["resourceVersion"]
    path = f"{_MAPS}?watch=1&resourceVersion={at}&labelSelector=bench%3Dwatched"
    ready, results = _FORK.Barrier(CLIENTS + 1), _FORK.SimpleQueue()

    def watch(number: int) -> None:
        watching = [Connection(running) for _ in range(number, WATCHERS, CLIENTS)]
        streams = [one.lines(one.request("GET", path)) for one in watching]
        ready.wait()
        for stream in streams:
            told = [json.loads(next(stream))["object"] for _ in range(CHANGES)]
            versions = [int(one["metadata"]["resourceVersion"]) for one in told]
            names = {one["metadata"]["name"] for one in told}
            results.put(versions == sorted(set(versions)) and len(names) == CHANGES)

    processes = [_FORK.Process(target=watch, args=(one,)) for one in range(CLIENTS)]
    for one in processes:
        one.start()
    ready.wait()
    time.sleep(1)
    used, begin = processor_seconds(running.pid), time.monotonic()
    for number in range(CHANGES):
        metadata = {"name": f"told-{number}", "labels": {"bench": "watched"}}
        body = json.dumps({"metadata": metadata, "data": {"text": "x" * 200}}).encode()
        first.ask(first.request("POST", _MAPS, body))
    written = time.monotonic() - begin
    whole = sum(results.get() for _ in range(WATCHERS)) == WATCHERS
    took, spent = time.monotonic() - begin, processor_seconds(running.pid) - used
    for one in processes:
        one.join()
    told = Load(WATCHERS * CHANGES, took, spent)
    print(f"\n{WATCHERS} watchers, {CHANGES} changes: {'nothing' if whole else 'SOMETHING'} lost")
    print(f"written in {written:.2f} s, told in {took:.2f} s; {told.rate:,.0f} events a second,")
    print(f"{told.microseconds:.0f} µs of the server for each")


def many(running: process.Running, count: int) -> None:
    """Print what a list of many pods takes, and how much memory they need."""
    before = _memory(running.pid)
    made = load(running, CLIENTS, 600, pods(0, count))
    print(f"\n{count:,} pods made, {made.rate:,.0f} a second, {made.microseconds:,.0f} µs each")
    first = Connection(running)
    made_memory = _memory(running.pid)
    times, spent = [], []
    size = 0
    for _ in range(5):
        used, begin = processor_seconds(running.pid), time.monotonic()
        _, body = first.ask(first.request("GET", _PODS))
        times.append(time.monotonic() - begin)
        spent.append(processor_seconds(running.pid) - used)
        size = len(body)
    listed: Object = json.loads(body)
    if len(listed["items"]) < count:
        raise RuntimeError("the list is not whole")
    print(f"list of them: {min(times):.2f} s, {min(spent):.2f} s of the server, target 1 s")
    after = _memory(running.pid)
    print(
        f"memory {before:.0f} MB before, {made_memory:.0f} MB with them, {after:.0f} MB when they "
        f"have been listed; as JSON they are "
        f"{size / 1e6:.0f} MB: {after - size / 1e6:.0f} MB beyond, target 120"
    )


def beside(running: process.Running, count: int) -> None:
    """Print what a pod costs where a quota, a budget and a Service look, among few and many."""
    first = Connection(running)
    one = {"app": "pod-00001"}
    budget = {"minAvailable": 1, "selector": {"matchLabels": one}}
    for path, spec in (
        ("/api/v1/namespaces/default/resourcequotas", {"hard": {"pods": "100000"}}),
        ("/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget),
        ("/api/v1/namespaces/default/services", {"selector": one, "ports": [{"port": 80}]}),
    ):
        value = {"metadata": {"name": "looks"}, "spec": spec}
        first.ask(first.request("POST", path, json.dumps(value).encode()))
    few = load(running, CLIENTS, 600, pods(0, _FEW))
    load(running, CLIENTS, 600, pods(_FEW, count - _FEW))
    many = load(running, CLIENTS, 600, pods(count, _FEW))
    print(
        f"\na pod beside {_FEW} others at most: {few.microseconds:,.0f} µs of the server; beside "
        f"{count:,}: {many.microseconds:,.0f} µs, {many.microseconds / few.microseconds:.2f} x"
    )


def _memory(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    line = next(one for one in text.splitlines() if one.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def starts(folder: Path, runs: int) -> None:
    """Print after how long a server that is started answers."""
    print("\n| start | ready after ms, median | fastest | processor ms | target |")
    print("|---|---|---|---|---|")
    for what, again in (("of a new state", False), ("of a known state", True)):
        found = [_start(folder / f"{again}-{0 if again else one}") for one in range(runs + 1)]
        times, spent = zip(*found[1:], strict=True)
        print(
            f"| {what} | {statistics.median(times):.0f} | {min(times):.0f} "
            f"| {statistics.median(spent):.0f} | 600 |"
        )


def _start(state: Path) -> tuple[float, float]:
    state.mkdir(exist_ok=True)
    (state / "server.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "ruleengine.local", "--state", str(state)]
    begin = time.monotonic()
    with subprocess.Popen(command, env=surroundings()) as child:
        while (running := process.status(state)) is None:
            time.sleep(0.005)
        first = Connection(running)
        first.ask(first.request("GET", "/readyz"))
        took, spent = time.monotonic() - begin, processor_seconds(child.pid)
        first.close()
        os.kill(child.pid, signal.SIGTERM)
    return took * 1000, spent * 1000


def main() -> None:
    """Measure on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument(
        "what", nargs="*", default=["rates", "watchers", "many", "beside", "starts"]
    )
    asked = parser.parse_args()
    print(machine() + "\n")
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with process.ensure(state) as running:
            if "rates" in asked.what:
                rates(running, asked.seconds)
            if "watchers" in asked.what:
                watchers(running)
        process.stop(state)
        if "many" in asked.what:
            with process.ensure(state.with_name("many")) as running:
                many(running, asked.pods)
            process.stop(state.with_name("many"))
        if "beside" in asked.what:
            with process.ensure(state.with_name("beside")) as running:
                beside(running, asked.pods // 4)
            process.stop(state.with_name("beside"))
        if "starts" in asked.what:
            starts(Path(folder), 7)


if __name__ == "__main__":
    main()
