"""What the process promises, proven by real clients over TLS."""

import gzip
import os
import resource
import signal
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ruleengine.local import process
from ruleengine.model.errors import StoreError
from tests.programs import kubectl as kubectl_program

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "shop:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Running]:
    """Return a server that stops after the tests of this file."""
    state = tmp_path_factory.mktemp("state")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        found = process.ensure(state)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    with found:
        yield found
    process.stop(state)


def eventually(fact: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Tell whether something becomes true before a deadline."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("before", [None, b"", b"*"])
def test_git_ignores_the_folder_also_where_a_disk_was_full(
    before: bytes | None, tmp_path: Path
) -> None:
    """What was written by halves is written anew; what is whole is left alone."""
    ignored = tmp_path / "state" / ".gitignore"
    if before is not None:
        ignored.parent.mkdir()
        ignored.write_bytes(before)
    process.make_folder(ignored.parent)
    assert ignored.read_bytes() == b"*\n"
    found = ignored.stat()
    process.make_folder(ignored.parent)
    assert ignored.stat() == found
    assert [one.name for one in ignored.parent.iterdir()] == [".gitignore"]


@pytest.mark.parametrize("name", ["clients.lock", "port", "kubeconfig"])
def test_a_folder_that_refuses_a_file_says_so(name: str, tmp_path: Path) -> None:
    """Whether the command meets it or the server that it starts, which ends then."""
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError, match="cannot be") as told:
        process.ensure(tmp_path)
    assert "Is a directory" in told.value.message
    assert "--state" in told.value.remedy
    assert process.status(tmp_path) is None
    (tmp_path / name).rmdir()
    with process.ensure(tmp_path) as running:
        assert running.pid
    process.stop(tmp_path)


def test_a_server_has_room_for_many_clients_and_containers(running: process.Running) -> None:
    """As much as it is allowed: the limit that it is started with is often 1024."""
    soft, hard = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 1 << 16)


def test_secrets_are_readable_by_their_owner_only(running: process.Running) -> None:
    """Token, key and kubeconfig have mode 0600."""
    state = running.kubeconfig.parent
    for name in ("token", "server.key", "kubeconfig", "server.json"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600
    assert (state / "token").read_text() not in (state / "server.log").read_text()


def test_without_the_token_nothing_is_served(running: process.Running) -> None:
    """A client that trusts the CA but has no token gets 401."""
    context = ssl.create_default_context(cafile=str(running.kubeconfig.parent / "ca.crt"))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{running.url}/api", context=context)
    assert refused.value.code == 401
    refused.value.close()


def test_a_second_client_finds_the_same_server(running: process.Running) -> None:
    """Nothing is started twice."""
    with process.ensure(running.kubeconfig.parent) as again:
        assert (again.pid, again.url) == (running.pid, running.url)


def test_the_python_client_lists_over_tls(running: process.Running) -> None:
    """The official client works with the kubeconfig."""
    kubernetes = pytest.importorskip("kubernetes")
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(running.kubeconfig), client_configuration=configuration)
    with kubernetes.client.ApiClient(configuration) as client:
        core = kubernetes.client.CoreV1Api(client)
        body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        core.create_namespaced_pod("default", body)
        assert "p" in {one.metadata.name for one in core.list_pod_for_all_namespaces().items}
        watch = kubernetes.watch.Watch()
        for event in watch.stream(core.list_namespaced_pod, "default", timeout_seconds=20):
            if event["object"].status.phase == "Running":
                watch.stop()
        core.delete_namespaced_pod("p", "default", grace_period_seconds=0)


def test_a_server_without_clients_stops_by_itself(tmp_path: Path) -> None:
    """When the last one has gone, however it went."""
    found = process.ensure(tmp_path)
    found.close()
    assert eventually(lambda: process.status(tmp_path) is None)


def test_who_leaves_a_server_behind_hears_no_complaint(tmp_path: Path) -> None:
    """It is meant to outlive who started it."""
    script = (
        "import pathlib, sys\nfrom ruleengine.local import process\n"
        "process.start(pathlib.Path(sys.argv[1])).close()\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert process.status(tmp_path / "state") is not None
    process.stop(tmp_path / "state")


def test_a_kept_server_stays_and_can_be_stopped(tmp_path: Path) -> None:
    """Stop ends it; the state stays and the address too."""
    with process.start(tmp_path, keep=True) as first:
        assert first.kept
    assert process.status(tmp_path) is not None
    assert process.stop(tmp_path)
    assert process.status(tmp_path) is None
    assert not (tmp_path / "server.json").exists()
    assert not (tmp_path / "store.sqlite-wal").exists()  # it had time to close its store
    with process.ensure(tmp_path) as second:
        assert second.url == first.url
    process.stop(tmp_path)


def test_who_comes_while_the_server_ends_gets_a_new_one(tmp_path: Path) -> None:
    """The one that ends is not found any more, and its state is waited for."""
    for _ in range(3):
        with process.ensure(tmp_path) as first:
            os.kill(first.pid, signal.SIGTERM)
            assert eventually(lambda: process.status(tmp_path) is None)
            with process.ensure(tmp_path) as second:
                assert second.pid != first.pid
                os.kill(second.pid, 0)


def test_a_killed_server_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """After kill -9 the next client starts a new one, stale files or not."""
    with process.ensure(tmp_path) as first:
        os.kill(first.pid, signal.SIGKILL)
        assert eventually(lambda: process.status(tmp_path) is None)
        with process.ensure(tmp_path) as second:
            assert second.pid != first.pid
    process.reset(tmp_path)
    assert not (tmp_path / "store.sqlite").exists()


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """The error carries the remedy of the child."""
    (tmp_path / "store.sqlite").write_bytes(b"something else, long enough to be looked at" * 40)
    with pytest.raises(StoreError) as refused:
        process.ensure(tmp_path)
    assert "reset" in refused.value.remedy


@pytest.mark.kubectl
def test_kubectl_works_against_it(running: process.Running, tmp_path: Path) -> None:
    """A session of the everyday commands."""
    program = kubectl_program()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(running.kubeconfig),
    }

    def kubectl(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [program, *arguments],
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    assert "v1.34.0+ruleengine" in kubectl("version")
    assert "kube-system" in kubectl("get", "ns")
    kubectl("create", "namespace", "made")
    kubectl("create", "configmap", "made", "--from-literal=a=b", "--namespace=made")
    kubectl("create", "deployment", "made", "--image=shop:1", "--replicas=0", "--namespace=made")
    assert '"replicas": 0' in kubectl("get", "deploy", "made", "-n", "made", "-o", "json")
    kubectl("apply", "--server-side", "-f", "-", text=MANIFEST)
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", "--timeout=30s")
    assert "unchanged" not in kubectl("apply", "-f", "-", text=MANIFEST.replace("shop:1", "shop:2"))
    assert "unchanged" in kubectl("apply", "-f", "-", text=MANIFEST.replace("shop:1", "shop:2"))
    shown = kubectl("get", "deploy,svc,pods", "-A")
    assert "deployment.apps/web" in shown
    assert "service/web" in shown
    assert "IMAGES" in kubectl("get", "deploy", "-o", "wide")
    kubectl("scale", "deploy/web", "--replicas=3")
    kubectl("label", "deploy/web", "tier=front")
    kubectl("annotate", "deploy/web", "note=yes")
    kubectl("patch", "deploy/web", "-p", '{"spec": {"minReadySeconds": 1}}')
    kubectl("wait", "deploy/web", "--for=condition=Available", "--timeout=30s")
    assert "simulated" in kubectl("logs", "deploy/web")
    assert "tier=front" in kubectl("describe", "deploy", "web")
    assert "maxSurge" in kubectl("explain", "deployment.spec.strategy.rollingUpdate")
    assert "deployments" in kubectl("api-resources")
    service = kubectl("get", "svc", "web", "-o", "yaml")
    kubectl("diff", "--server-side", "--field-manager=tester", "-f", "-", text=service)
    kubectl("delete", "deploy,svc", "web")
    assert "web" not in kubectl("get", "deploy,svc")


def test_large_answers_are_packed_for_who_asks(running: process.Running) -> None:
    """Of whatever size beyond a thousand bytes; small ones are not, nor what nobody asked for."""
    state = running.kubeconfig.parent
    trust = ssl.create_default_context(cafile=str(state / "ca.crt"))
    headers = {"authorization": f"Bearer {(state / 'token').read_text()}"}

    def get(path: str, **more: str) -> tuple[str, bytes]:
        request = urllib.request.Request(running.url + path, headers={**headers, **more})
        with urllib.request.urlopen(request, context=trust) as answer:
            return answer.headers.get("content-encoding", ""), answer.read()

    for path in ("/openapi/v3/api/v1", "/apis/apps/v1"):
        plain = get(path)[1]
        encoding, packed = get(path, **{"accept-encoding": "deflate, gzip;q=0.5"})
        assert (encoding, gzip.decompress(packed)) == ("gzip", plain), path
        assert len(packed) < len(plain)
        assert get(path, **{"accept-encoding": "gzip;q=0"})[0] == ""
    assert get("/version", **{"accept-encoding": "gzip"})[0] == ""


@pytest.mark.parametrize(
    ("words", "free", "message", "remedy"),
    [
        ("", 0, "no room: the disk of state is full", "free space on it"),
        ("", 10**9, "ended at its start", "look at state/server.log"),
        ("noise\nlocked\n  remedy: wait", 0, "locked", "wait"),
        ("Traceback\nKeyError", 0, "ended at its start", "look at state/server.log"),
    ],
)
def test_a_server_that_ends_at_its_start_says_why(
    words: str, free: int, message: str, remedy: str
) -> None:
    """By its last words; a full disk takes no words either."""
    error = process.failed_start(Path("state"), words, free)
    assert message in error.message
    assert remedy in error.remedy
