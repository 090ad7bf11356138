"""From the creation of a pod to its processes: how long a step of a pipeline waits for itself.

Each pod is what a workflow makes: a container of our own image before, a step, and one of our own
beside it. Times are those at which the processes say that they run, by the clock of the machine,
against the moment before the request that creates the pod. The same command started in a plain
way stands beside it, and the bare interpreter, so that machines can be compared.
"""

import argparse
import http.client
import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ruleengine.local import process
from ruleengine.model.names import ARGO_WORKFLOW
from ruleengine.model.values import Object

_PODS = "/api/v1/namespaces/default/pods"
_SAY = "date +%s.%N"
_PAUSE = 0.005


class Api:
    """Calls a server as its administrator, on one connection for each thread."""

    def __init__(self, running: process.Running) -> None:
        state = running.kubeconfig.parent
        self._place = urlsplit(running.url).netloc
        self._trust = ssl.create_default_context(cafile=str(state / "ca.crt"))
        token = (state / "token").read_text()
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._mine = threading.local()

    def __call__(self, path: str, body: Object | None = None) -> str:
        """Send a request; return the body of the answer."""
        if not hasattr(self._mine, "connection"):
            self._mine.connection = http.client.HTTPSConnection(self._place, context=self._trust)
        data = None if body is None else json.dumps(body)
        method = "GET" if body is None else "POST"
        self._mine.connection.request(method, path, data, self._headers)
        text: str = self._mine.connection.getresponse().read().decode()
        return text


def pod(name: str, image: str, command: list[str]) -> Object:
    """Return a pod whose containers before and beside its step run a command in an image."""
    ours = {"image": image, "command": command}
    step = {"name": "main", "image": "busybox", "command": ["sh", "-c", _SAY]}
    return {
        "metadata": {"name": name, "labels": {ARGO_WORKFLOW: "benchmark"}},
        "spec": {
            "restartPolicy": "Never",
            "initContainers": [{"name": "init", **ours}],
            "containers": [step, {"name": "wait", **ours}],
        },
    }


def run(api: Api, value: Object) -> tuple[float, float]:
    """Run a pod; return after how many milliseconds its step ran, and it was over."""
    name = value["metadata"]["name"]
    begin = time.time()
    api(_PODS, value)
    while True:
        found = json.loads(api(f"{_PODS}/{name}"))
        if found["status"]["phase"] in ("Succeeded", "Failed"):
            break
        time.sleep(_PAUSE)
    end = time.time()
    if found["status"]["phase"] == "Failed":
        raise RuntimeError(f"the pod {name} failed: {found['status']}")
    ran = float(api(f"{_PODS}/{name}/log?container=main"))
    return (ran - begin) * 1000, (end - begin) * 1000


def plain(command: list[str], runs: int) -> float:
    """Return the median milliseconds of a command started in a plain way."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def measure(api: Api, runs: int) -> None:
    """Print the table."""
    kinds = {
        "step between `sleep 0`": ("busybox", ["sleep", "0"]),
        "step between two of our own, forked": ("ruleengine", ["ruleengine", "--version"]),
        "step between two of our own, started": (
            "ruleengine",
            ["python", "-m", "ruleengine", "--version"],
        ),
    }
    interpreter = plain([sys.executable, "-I", "-S", "-c", "pass"], runs)
    print("| what | runs after ms | over after ms | x interpreter |\n|---|---|---|---|")
    print(f"| bare interpreter | | {interpreter:.0f} | 1.0 |")
    for number, (what, (image, command)) in enumerate(kinds.items()):
        run(api, pod(f"first-{number}", image, command))
        found = [run(api, pod(f"one-{number}-{n}", image, command)) for n in range(runs)]
        ran, over = (statistics.median(one) for one in zip(*found, strict=True))
        print(f"| {what} | {ran:.0f} | {over:.0f} | {over / interpreter:.1f} |")
    image, command = kinds["step between two of our own, forked"]
    count = runs * 3
    begin = time.perf_counter()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: run(api, pod(f"many-{n}", image, command)), range(count)))
    seconds = time.perf_counter() - begin
    print(f"\n{count} such pods, 8 at a time: {count / seconds:.1f} pods a second")


def main() -> None:
    """Measure on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with process.ensure(state) as running:
            measure(Api(running), runs)
        process.stop(state)


if __name__ == "__main__":
    main()
