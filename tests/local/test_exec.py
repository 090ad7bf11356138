"""Programs inside of pods, as the Python client and kubectl start them over websockets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from ruleengine.local import process
from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.sandboxes import require_sandbox, until
from tests.local.servers import PODS, Kubectl, Server, kubectl_of


def pod(name: str, script: str = "exec sleep 1000", **annotations: str) -> Object:
    """Return a pod that runs a script, for long unless it is told to end."""
    command = ["sh", "-c", script]
    containers = [{"name": "c", "image": "busybox", "command": command, "stdin": True}]
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"containers": containers, "terminationGracePeriodSeconds": 0},
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with a pod that runs and one that is simulated."""
    require_sandbox()
    state = tmp_path_factory.mktemp("state")
    with process.ensure(state) as running:
        found = Server(running)
        found(PODS, pod("p", **{RUN: "process"}))
        found(PODS, pod("q"))
        found(PODS, pod("r", "while read a; do echo got $a; done", **{RUN: "process"}))
        for name in ("p", "q", "r"):
            found.until(f"{PODS}/{name}", lambda one: one["status"]["phase"] == "Running")
        yield found
    process.stop(state)


@pytest.fixture(scope="module")
def core(server: Server) -> Iterator[Any]:
    """Return the core API of the Python client."""
    kubernetes = pytest.importorskip("kubernetes")
    configuration = kubernetes.client.Configuration()
    file = str(server.state / "kubeconfig")
    kubernetes.config.load_kube_config(file, client_configuration=configuration)
    with kubernetes.client.ApiClient(configuration) as client:
        yield kubernetes.client.CoreV1Api(client)


def open_stream(core: Any, name: str, *command: str, **options: bool) -> Any:
    """Start a program by the Python client."""
    from kubernetes.stream import stream

    chosen = {"stderr": True, "stdin": False, "stdout": True, "tty": False, **options}
    return stream(
        core.connect_get_namespaced_pod_exec,
        name,
        "default",
        command=list(command),
        _preload_content=False,
        **chosen,
    )


def test_a_client_attaches_to_what_runs(core: Any) -> None:
    """It sees what is written and types for it; the process stays when the client has gone."""
    from kubernetes.stream import stream

    for word in ("one", "two"):
        found = stream(
            core.connect_get_namespaced_pod_attach,
            "r",
            "default",
            stdin=True,
            _preload_content=False,
        )
        found.write_stdin(f"{word}\n")
        assert found.readline_stdout(timeout=30) == f"got {word}"
        found.close()


def finished(found: Any) -> tuple[str, str, int]:
    """Return what a program has said in the end, and its exit code."""
    found.run_forever(timeout=30)
    said = found.read_stdout(), found.read_stderr(), found.returncode
    found.sock.shutdown()  # the client leaves the socket open when the other side has closed
    return said


def test_a_program_says_what_it_says_and_how_it_ended(core: Any) -> None:
    """Output and errors on channels of their own."""
    found = open_stream(core, "p", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert finished(found) == ("out\n", "err\n", 3)


def test_a_program_hears_what_is_typed(core: Any) -> None:
    """Line by line."""
    found = open_stream(core, "p", "sh", "-c", "read line; echo got $line", stdin=True)
    found.write_stdin("this\n")
    assert finished(found) == ("got this\n", "", 0)


def test_a_program_may_have_a_terminal(core: Any) -> None:
    """Both outputs are one then."""
    found = open_stream(core, "p", "sh", "-c", "test -t 0 && echo yes", stdin=True, tty=True)
    assert finished(found) == ("yes\r\n", "", 0)


def test_a_program_ends_with_its_client(core: Any) -> None:
    """Nobody is there for it any more."""
    found = open_stream(core, "p", "sh", "-c", "echo up; exec sleep 4711")
    assert found.readline_stdout(timeout=30) == "up"
    found.close()
    assert until(lambda: not _runs("4711"))


def _runs(word: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes() == b"sleep\0" + word.encode() + b"\0":
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize(
    ("path", "protocol", "code", "message"),
    [
        (f"{PODS}/q/exec?command=true", "v5.channel.k8s.io", 400, "is simulated"),
        (f"{PODS}/q/attach", "v5.channel.k8s.io", 400, "is simulated"),
        (f"{PODS}/p/attach?container=x", "v5.channel.k8s.io", 400, "container x"),
        (f"{PODS}/p/exec", "v5.channel.k8s.io", 400, "at least one command"),
        (f"{PODS}/p/exec?command=true&container=x", "v5.channel.k8s.io", 400, "container x"),
        (f"{PODS}/none/exec?command=true", "v5.channel.k8s.io", 404, "not found"),
        (f"{PODS}/p/log", "v5.channel.k8s.io", 404, "could not find"),
        (f"{PODS}/p/exec?command=true", "other", 400, "one of these protocols"),
    ],
)
def test_what_cannot_be_started_is_said(
    server: Server, path: str, protocol: str, code: int, message: str
) -> None:
    """Before there is a websocket."""
    status, said = server.upgrade(path, protocol)
    assert (status, message in said) == (code, True)


def test_who_speaks_no_websocket_is_told(server: Server) -> None:
    """SPDY is not spoken here."""
    with pytest.raises(HTTPError) as refused:
        server(f"{PODS}/p/exec?command=true", {})
    assert refused.value.code == 400
    assert "websockets alone" in json.loads(refused.value.read())["message"]


@pytest.fixture
def kubectl(server: Server, tmp_path: Path) -> Kubectl:
    """Return what runs kubectl against the server."""
    return kubectl_of(server, tmp_path)


@pytest.mark.kubectl
def test_kubectl_attaches_and_debugs(kubectl: Kubectl, server: Server) -> None:
    """To a pod that it makes, and to a container that it adds to one that runs."""
    overrides = json.dumps({"metadata": {"annotations": {RUN: "process"}}})
    options = ("--image=busybox", "--restart=Never", "--overrides", overrides)
    script = ("sh", "-c", "read a; echo got $a; read b; echo $b; exit 3")
    code, said, errors = kubectl("run", "-i", "--rm", "t", *options, "--", *script, text="x\ny\n")
    assert (code, "got x\ny\n" in said) == (3, True), (said, errors)
    added = ("sh", "-c", "read a; echo debug $a; cat /etc/os-release")
    asked = ("debug", "-i", "p", "--image=alpine:3.20", "-c", "dbg", "--", *added)
    code, said, errors = kubectl(*asked, text="this\n")
    assert (code, "debug this\n" in said) == (0, True), (said, errors)
    server.until(
        f"{PODS}/p",
        lambda one: "terminated" in one["status"]["ephemeralContainerStatuses"][0]["state"],
    )
    assert "ID=alpine\n" in kubectl("logs", "p", "-c", "dbg")[1]
    assert kubectl("get", "pod", "p", "-o", "jsonpath={.status.phase}")[1] == "Running"


@pytest.mark.kubectl
def test_kubectl_runs_programs_and_copies_files(kubectl: Kubectl, tmp_path: Path) -> None:
    """With input, with an exit code, and by tar."""
    assert kubectl("exec", "p", "-c", "c", "--", "echo", "hi") == (0, "hi\n", "")
    assert kubectl("exec", "-i", "p", "-c", "c", "--", "tr", "a-z", "A-Z", text="hello\n")[:2] == (
        0,
        "HELLO\n",
    )
    code, _, errors = kubectl("exec", "p", "-c", "c", "--", "sh", "-c", "exit 7")
    assert (code, "exit code 7" in errors) == (7, True)
    (tmp_path / "file").write_text("content")
    assert kubectl("cp", str(tmp_path / "file"), "p:/tmp/copy", "-c", "c")[0] == 0
    assert kubectl("exec", "p", "-c", "c", "--", "cat", "/tmp/copy")[1] == "content"
