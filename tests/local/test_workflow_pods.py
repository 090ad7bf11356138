"""A pod as a workflow makes it, on the real process: init, main and wait share what they need."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.local import process
from ruleengine.model.configuration import LocalSettings
from ruleengine.model.names import ARGO_WORKFLOW
from ruleengine.model.values import Object
from tests.local.sandboxes import require_sandbox
from tests.local.servers import PODS, Server

_SHARED = {"name": "var-run-argo", "mountPath": "/var/run/argo"}
_ASK = """
import json, os, ssl, time, urllib.request
while not os.path.exists("/var/run/argo/done"):
    time.sleep(0.02)
folder = "/var/run/secrets/kubernetes.io/serviceaccount"
token, namespace = (open(f"{folder}/{name}").read() for name in ("token", "namespace"))
host, port = (os.environ[f"KUBERNETES_SERVICE_{name}"] for name in ("HOST", "PORT"))
request = urllib.request.Request(
    f"https://{host}:{port}/api/v1/namespaces/{namespace}/pods/p",
    headers={"authorization": f"Bearer {token}"},
)
trust = ssl.create_default_context(cafile=f"{folder}/ca.crt")
import ruleengine
print(ruleengine.__name__, json.load(urllib.request.urlopen(request, context=trust))["kind"])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that can run pods, and stops after the tests of this file."""
    require_sandbox()
    state = tmp_path_factory.mktemp("state")
    images: dict[str, Any] = {"acme/hello": {"entrypoint": ["echo", "hello from"], "cmd": ["acme"]}}
    with process.ensure(state, LocalSettings(images=images)) as found:
        yield Server(found)
    process.stop(state)


def pod(name: str, **spec: Any) -> Object:
    """Return a pod that carries the label of workflows."""
    labels = {ARGO_WORKFLOW: "w"}
    spec = {"restartPolicy": "Never", **spec}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def test_init_main_and_wait_run_and_wait_asks_the_api(server: Server, tmp_path: Path) -> None:
    """The package is there in containers of its own image, and nothing else of the checkout."""
    package = Path(process.__file__).parents[2]
    done = server.run(
        pod(
            "p",
            volumes=[{"name": "var-run-argo", "emptyDir": {}}],
            initContainers=[
                {
                    "name": "init",
                    "image": "ruleengine",
                    "command": ["ruleengine", "--version"],
                    "volumeMounts": [_SHARED],
                }
            ],
            containers=[
                {
                    "name": "main",
                    "image": "argoproj/argosay:v2",
                    "args": ["echo", "done", "/var/run/argo/done"],
                    "volumeMounts": [_SHARED],
                },
                {
                    "name": "wait",
                    "image": "registry.example/ruleengine:1",
                    "command": [
                        "python",
                        "-c",
                        f"{_ASK}\nprint(os.path.exists('{package}/tests'))",
                    ],
                    "volumeMounts": [_SHARED],
                },
            ],
        )
    )
    logs = {name: server(f"{PODS}/p/log?container={name}") for name in ("init", "main", "wait")}
    assert done["status"]["phase"] == "Succeeded", (done["status"], logs)
    assert logs["wait"] == "ruleengine Pod\nFalse\n"
    assert "ruleengine" in logs["init"]
    assert logs["main"] == ""
    assert str(tmp_path) not in logs["init"]


def test_our_own_package_runs_the_same_forked_and_started(server: Server) -> None:
    """With its data, its modules, its exit codes and what it says of errors."""
    commands = (["schema", "Application"], ["init", "/tmp/config"], ["nonsense"])
    containers = [
        {"name": f"{way}{number}", "image": "ruleengine", "command": [*start, *command]}
        for number, command in enumerate(commands)
        for way, start in (("forked", ["ruleengine"]), ("started", ["env", "ruleengine"]))
    ]
    done = server.run(pod("t", containers=containers))
    codes = {
        one["name"]: one["state"]["terminated"]["exitCode"]
        for one in done["status"]["containerStatuses"]
    }
    logs = {name: server(f"{PODS}/t/log?container={name}") for name in codes}
    for number in range(len(commands)):
        assert logs[f"forked{number}"] == logs[f"started{number}"]
        assert codes[f"forked{number}"] == codes[f"started{number}"]
    assert [codes[f"forked{number}"] for number in range(3)] == [0, 0, 3], logs


def test_an_image_of_the_config_repo_runs(server: Server) -> None:
    """What ``ruleengine.yaml`` says of it is what it starts."""
    done = server.run(pod("q", containers=[{"name": "main", "image": "acme/hello:2"}]))
    assert done["status"]["phase"] == "Succeeded"
    assert server(f"{PODS}/q/log") == "hello from acme\n"


def test_absolute_paths_are_private_to_each_container(server: Server) -> None:
    """Two write the same path and neither sees the other's."""
    script = "mkdir -p /mnt/out /result; echo $NAME > /mnt/out/x; echo $NAME > /tmp/x; sleep 0.2; "
    script += "cat /mnt/out/x /tmp/x"
    containers = [
        {
            "name": name,
            "image": "busybox",
            "command": ["sh", "-c", script],
            "env": [{"name": "NAME", "value": name}],
        }
        for name in ("a", "b")
    ]
    assert server.run(pod("r", containers=containers))["status"]["phase"] == "Succeeded"
    assert server(f"{PODS}/r/log?container=a") == "a\na\n"
    assert server(f"{PODS}/r/log?container=b") == "b\nb\n"


def test_a_python_image_runs_python(server: Server) -> None:
    """Under both names."""
    containers = [
        {"name": name, "image": "python:3.12", "command": [name, "-c", "print('hi')"]}
        for name in ("python", "python3")
    ]
    assert server.run(pod("s", containers=containers))["status"]["phase"] == "Succeeded"
    assert server(f"{PODS}/s/log?container=python") == "hi\n"
