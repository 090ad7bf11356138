"""What kubectl shows of the logs of pods that run."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.local import process
from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.sandboxes import require_sandbox
from tests.local.servers import PODS, Kubectl, Server, kubectl_of

pytestmark = pytest.mark.kubectl

TALKS = (
    "for i in 1 2 3 4; do echo line $i; done; echo wrong >&2; echo up > /tmp/up; exec sleep 1000"
)
FAILS = (
    "test -e /data/second && echo second && exec sleep 1000; touch /data/second; echo first; exit 1"
)


def container(name: str, script: str) -> Object:
    """Return a container that runs a script, and shares a folder."""
    mounts = [{"name": "v", "mountPath": "/data"}]
    command = ["sh", "-c", script]
    return {"name": name, "image": "busybox", "command": command, "volumeMounts": mounts}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with a pod that talks, and one whose container has failed once."""
    require_sandbox()
    state = tmp_path_factory.mktemp("state")
    with process.ensure(state) as running:
        found = Server(running)
        for name, containers in (
            ("p", [container("a", TALKS), container("b", "echo other; exec sleep 1000")]),
            ("q", [container("c", FAILS)]),
        ):
            spec = {"containers": containers, "volumes": [{"name": "v", "emptyDir": {}}]}
            spec["terminationGracePeriodSeconds"] = 0
            metadata = {"name": name, "annotations": {RUN: "process"}, "labels": {"app": "talk"}}
            found(PODS, {"metadata": metadata, "spec": spec})
        for name, restarts in (("p", 0), ("q", 1)):
            found.until(
                f"{PODS}/{name}",
                lambda one, restarts=restarts: all(
                    each["ready"] and each["restartCount"] == restarts
                    for each in one["status"].get("containerStatuses") or [{"ready": False}]
                ),
            )
        assert _comes(found, "p/log?container=a", "wrong")
        assert _comes(found, "q/log", "second")
        yield found
    process.stop(state)


def _comes(server: Server, path: str, word: str) -> bool:
    for _ in range(600):
        if word in server(f"{PODS}/{path}"):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def kubectl(server: Server, tmp_path: Path) -> Kubectl:
    """Return what runs kubectl against the server."""
    return kubectl_of(server, tmp_path)


def lines(kubectl: Kubectl, *arguments: str) -> list[str]:
    """Return the lines that kubectl shows of a log."""
    code, said, errors = kubectl("logs", *arguments)
    assert code == 0, errors
    return said.splitlines()


def test_the_end_of_a_log_is_shown(kubectl: Kubectl) -> None:
    """So many lines, or so many bytes from the beginning."""
    every = lines(kubectl, "p", "-c", "a")
    assert sorted(every) == ["line 1", "line 2", "line 3", "line 4", "wrong"]
    assert lines(kubectl, "p", "-c", "a", "--tail=2") == every[-2:]
    assert len("\n".join(lines(kubectl, "p", "-c", "a", "--limit-bytes=9"))) <= 9


def test_what_is_too_old_is_not_shown(kubectl: Kubectl) -> None:
    """By an age or by a moment."""
    assert len(lines(kubectl, "p", "-c", "a", "--since=1h")) == 5
    assert lines(kubectl, "p", "-c", "a", "--since-time=2099-01-01T00:00:00Z") == []


def test_lines_have_times_where_that_is_asked(kubectl: Kubectl) -> None:
    """Those of their writing."""
    for line in lines(kubectl, "p", "-c", "a", "--timestamps"):
        moment, _, text = line.partition(" ")
        assert moment[4] == "-"
        assert moment.endswith("Z")
        assert text in ("line 1", "line 2", "line 3", "line 4", "wrong")


def test_all_containers_are_shown_by_name(kubectl: Kubectl) -> None:
    """Of one pod, and of all that are selected."""
    shown = lines(kubectl, "p", "--all-containers", "--prefix")
    assert "[pod/p/b] other" in shown
    assert "[pod/p/a] line 1" in shown
    shown = lines(kubectl, "-l", "app=talk", "--all-containers", "--prefix", "--tail=-1")
    assert {"[pod/p/b] other", "[pod/q/c] second"} <= set(shown)


def test_the_attempt_before_is_shown(kubectl: Kubectl) -> None:
    """Where there was one."""
    assert lines(kubectl, "q") == ["second"]
    assert lines(kubectl, "q", "--previous") == ["first"]
    code, _, errors = kubectl("logs", "p", "-c", "a", "--previous")
    assert (code, 'previous terminated container "a"' in errors) == (1, True)


def test_a_log_is_followed_to_the_end_of_its_container(kubectl: Kubectl, server: Server) -> None:
    """Then kubectl ends too."""
    script = "echo one; sleep 0.5; echo two"
    spec = {"restartPolicy": "Never", "containers": [container("c", script)]}
    spec["volumes"] = [{"name": "v", "emptyDir": {}}]
    server(PODS, {"metadata": {"name": "f", "annotations": {RUN: "process"}}, "spec": spec})
    server.until(f"{PODS}/f", lambda one: one["status"]["phase"] != "Pending")
    assert lines(kubectl, "-f", "f") == ["one", "two"]
