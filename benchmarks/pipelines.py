"""What a task of a pipeline costs when its pod costs nothing.

    python benchmarks/pipelines.py [--smoke] [CASE ...]

Three processes of their own: the real control plane on the real disk, a controller that settles
with the real reconciler over TLS and watches, and a node whose pods succeed the moment they
appear. Processor time is that of each process; writes are counted at the server by who wrote.
What the controller takes before it decides anything (its imports, its connection) is not
counted, and of its memory only what it has above that.
"""

import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness import machine

from ruleengine.app.clusters import LOCAL_NAME, Connected
from ruleengine.app.packing import make_packing
from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.cluster.watches import WatchCache
from ruleengine.formats import json_text, yaml_reader
from ruleengine.local import process
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Configuration
from ruleengine.model.data import data_folder
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import ARGO_API_VERSION, MANAGER
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.reconciler import WorkflowReconciler
from ruleengine.reconcile.feeds import WatchFeed
from ruleengine.reconcile.settling import Settling, settle
from ruleengine.reconcile.surroundings import Surroundings

NAMESPACE = "pipelines"
LONGEST = timedelta(minutes=30)
TICKS = 100.0
"""Clock ticks a second in ``/proc/PID/stat``."""

STEP = {"name": "step", "container": {"image": "alpine", "command": ["true"]}}
Tasks = list[Object]


def independent(count: int) -> Tasks:
    """Return tasks of which none waits for another."""
    return [{"name": f"t{number}", "template": "step"} for number in range(count)]


def chain(count: int) -> Tasks:
    """Return tasks of which each waits for the one before."""
    tasks = independent(count)
    for number in range(1, count):
        tasks[number]["dependencies"] = [f"t{number - 1}"]
    return tasks


def layers(count: int) -> Tasks:
    """Return a DAG in layers of a hundred, each task after three of the layer before."""
    tasks = independent(count)
    for number in range(100, count):
        layer, place = divmod(number, 100)
        before = ((place + step) % 100 for step in (0, 1, 7))
        tasks[number]["dependencies"] = [f"t{(layer - 1) * 100 + one}" for one in before]
    return tasks


def loop(count: int) -> Tasks:
    """Return one task with so many items."""
    items = json.dumps([f"item-{number}" for number in range(count)])
    return [{"name": "each", "template": "step", "withParam": items}]


def workflow(name: str, tasks: Tasks) -> Object:
    """Return a workflow whose pods no scheduler takes: the node of the benchmark ends them."""
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "entrypoint": "main",
            "schedulerName": "nobody",
            "templates": [{"name": "main", "dag": {"tasks": tasks}}, STEP],
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Some workflows at once."""

    name: str
    workflows: int
    make: Callable[[int], Tasks]
    tasks: int

    @property
    def total(self) -> int:
        """How many tasks there are in all."""
        return self.workflows * self.tasks


CASES = (
    Case(name="100 independent", workflows=1, make=independent, tasks=100),
    Case(name="1,000 independent", workflows=1, make=independent, tasks=1000),
    Case(name="chain of 100", workflows=1, make=chain, tasks=100),
    Case(name="chain of 1,000", workflows=1, make=chain, tasks=1000),
    Case(name="DAG of 1,000", workflows=1, make=layers, tasks=1000),
    Case(name="DAG of 10,000", workflows=1, make=layers, tasks=10_000),
    Case(name="loop over 3,000", workflows=1, make=loop, tasks=3000),
    Case(name="loop over 30,000", workflows=1, make=loop, tasks=30_000),
    Case(name="500 workflows of 4", workflows=500, make=chain, tasks=4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a case took: seconds, MB, writes by the engine and by the node of the benchmark.

    ``halfway`` is how many tasks of a workflow were over when half of all tasks were: of the one
    that was the least far, and of the farthest.
    """

    seconds: float
    controller: float
    server: float
    memory: float
    decisions: int
    writes: int
    node_writes: int
    ends: tuple[float, ...]
    halfway: tuple[int, int]


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--controller"]:
        return control(sys.argv[2])
    if sys.argv[1:2] == ["--node"]:
        return be_node(sys.argv[2])
    smoke = "--smoke" in sys.argv
    wanted = [one for one in sys.argv[1:] if one != "--smoke"]
    cases = [one for one in CASES if one.name in wanted or not wanted]
    print(f"{machine()}\n")
    print(
        "| case | ms of controller a task | ms of server | writes a task | of the node "
        "| decisions a task | seconds in all | MB |\n|---|---|---|---|---|---|---|---|"
    )
    for case in cases[:1] if smoke else cases:
        print(_row(case, measure(case)), flush=True)
    return None


def _row(case: Case, cost: Cost) -> str:
    total = case.total
    numbers = [
        f"{cost.controller / total * 1000:.2f}",
        f"{cost.server / total * 1000:.2f}",
        f"{cost.writes / total:.2f}",
        f"{cost.node_writes / total:.2f}",
        f"{cost.decisions / total:.2f}",
        f"{cost.seconds:.1f}",
        f"{cost.memory:.0f}",
    ]
    row = f"| {case.name} | {' | '.join(numbers)} |"
    if case.workflows > 1:
        ends = sorted(cost.ends)
        marks = (ends[0], ends[len(ends) // 2], ends[-1])
        row += "\n\nends after {:.0f}, {:.0f} and {:.0f} s (first, median, last); ".format(*marks)
        row += "when half of all tasks were over, each workflow had {} to {} of its {}".format(
            *cost.halfway, case.tasks
        )
    return row


def measure(case: Case) -> Cost:
    """Run a case on a control plane of its own."""
    with tempfile.TemporaryDirectory() as folder:
        with process.start(Path(folder)) as running:
            client = Client(connect(str(running.kubeconfig), ""))
            _prepare(client)
            with _child("--node", running.kubeconfig) as node:
                try:
                    cost = _measured(case, client, running)
                finally:
                    node.kill()
        process.stop(Path(folder))
    return cost


def _measured(case: Case, client: Client, running: process.Running) -> Cost:
    for number in range(case.workflows):
        client.create(workflow(f"w{number}", case.make(case.tasks)), "user")
    before, begin, since = _processor(running.pid), time.perf_counter(), datetime.now(UTC)
    with _child("--controller", running.kubeconfig) as child:
        told, _ = child.communicate()
    seconds = time.perf_counter() - begin
    found = json.loads(told)
    counts = _writes(running)
    ended = client.list(ARGO_API_VERSION, "Workflow").items
    phases = {lookup(one, "status", "phase") for one in ended}
    if phases != {"Succeeded"}:
        raise RuntimeError(f"{case.name}: the workflows are {phases}")
    return Cost(
        seconds=seconds,
        server=_processor(running.pid) - before,
        writes=sum(number for name, number in counts.items() if name.startswith(MANAGER)),
        node_writes=counts.get("node", 0),
        ends=tuple(
            (parse_time(one["status"]["finishedAt"]) - since).total_seconds() for one in ended
        ),
        halfway=_halfway(ended) if case.workflows > 1 else (0, 0),
        **found,
    )


def _halfway(ended: Iterable[Object]) -> tuple[int, int]:
    """Return how many tasks the slowest and the fastest workflow had done when half were done."""
    times = [
        [node["finishedAt"] for node in one["status"]["nodes"].values() if node["type"] == "Pod"]
        for one in ended
    ]
    middle = statistics.median_low(moment for one in times for moment in one)
    counts = [sum(moment <= middle for moment in one) for one in times]
    return min(counts), max(counts)


def _prepare(client: Client) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    client.create(namespace, "user")
    for kind in ("workflows", "workflowtaskresults"):
        definition = data_folder("schemas") / "crds" / f"{kind}.yaml"
        value = yaml_reader.read(definition.read_bytes(), "crd").documents[0].value
        client.create(value, "user")
    client.discover(again=True)


def _child(role: str, kubeconfig: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, __file__, role, str(kubeconfig)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _processor(pid: int) -> float:
    """Return the processor seconds that a process has used, Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _writes(running: process.Running) -> dict[str, int]:
    transport = connect(str(running.kubeconfig), "")
    answer = transport.send(HttpRequest(method="GET", path="/debug/ruleengine/writes"))
    found: dict[str, int] = json_text.loads(answer.body)["writes"]
    return found


def control(kubeconfig: str) -> None:
    """Settle everything as one process of ours, and print what that took."""
    client = Client(connect(kubeconfig, ""))
    cache = WatchCache(client)
    cluster = Connected(client=client, local=True, name=LOCAL_NAME)
    packing = make_packing(Configuration(), cluster, Path(kubeconfig).parent)
    surroundings = replace(Surroundings.of(client, [WorkflowReconciler()]), packing=packing)
    settling = Settling(
        now=lambda: datetime.now(UTC),
        feed=WatchFeed(client, cache),
        deadline=datetime.now(UTC) + LONGEST,
    )
    used, held = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    settled = settle(surroundings, settling)
    cache.close()
    if settled.findings or settled.failed or settled.unsettled:
        raise RuntimeError(f"{settled.findings} {settled.failed} {settled.unsettled}")
    found = {
        "controller": time.process_time() - used,
        "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024,
        "decisions": settled.decisions,
    }
    print(json.dumps(found))


def be_node(kubeconfig: str) -> None:
    """End every pod that appears, as a node would that needs no time."""
    client = Client(connect(kubeconfig, ""))
    listed = client.list("v1", "Pod")
    with ThreadPoolExecutor(4) as threads:
        for pod in itertools.chain(listed.items, _appearing(client, listed.resource_version)):
            threads.submit(_end, client, pod)


def _appearing(client: Client, version: str) -> Iterator[Object]:
    while True:
        for event in client.watch("v1", "Pod", resource_version=version, timeout_seconds=300):
            version = event.resource_version or version
            if event.type == "ADDED":
                yield event.object


def _end(client: Client, pod: Object) -> None:
    ended = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    containers = [
        {
            "name": one["name"],
            "image": one["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": ended,
        }
        for one in pod["spec"]["containers"]
    ]
    status = {"phase": "Succeeded", "containerStatuses": containers}
    client.status_patch(
        Target.of(pod), status, "node", resource_version=pod["metadata"]["resourceVersion"]
    )


if __name__ == "__main__":
    main()
