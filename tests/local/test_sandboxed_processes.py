"""What real processes of pods can do and cannot, and that none is left behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ruleengine.local.clock import SystemClock
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.local.runtime.detecting import ALLOW, attempt, detect
from ruleengine.local.runtime.launching import LauncherProcess
from ruleengine.local.runtime.logs import LogOptions, read_log
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.sandbox import Isolation, Sandbox
from ruleengine.local.runtime.values import ContainerPlan, Limits, Mount, Seen, VolumeFile
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object
from tests.local.planes import Caller
from tests.local.pretending import PODS, pod
from tests.local.sandboxes import NO_SANDBOX, until

WAYS = [
    Sandbox(isolation=Isolation.ROOT, layered=True),
    Sandbox(isolation=Isolation.ROOT),
    Sandbox(isolation=Isolation.USER, layered=True),
    Sandbox(isolation=Isolation.BUBBLEWRAP),
]


@pytest.fixture(scope="module", params=WAYS, ids=lambda one: f"{one.isolation} {one.layered}")
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Return each sandbox that works on this machine; without one there is nothing to prove."""
    found: Sandbox = request.param
    launcher = LauncherProcess()
    problem = attempt(found, launcher)
    launcher.close()
    if problem:
        pytest.skip(NO_SANDBOX)
    return found


@pytest.fixture
def runner(sandbox: Sandbox, tmp_path: Path) -> Iterator[ProcessRunner]:
    """Return a runner of which nothing stays."""
    found = ProcessRunner(tmp_path / "pods", SystemClock(), sandbox=lambda _: sandbox)
    yield found
    found.close()


class Shell:
    """Runs shell scripts as containers of one pod."""

    def __init__(self, runner: ProcessRunner) -> None:
        self.runner = runner
        self.count = 0

    def start(self, script: str, *mounts: Mount, **environment: str) -> str:
        """Start a script; return the name of its container."""
        return self.plan(script, environment=environment, mounts=mounts)

    def plan(self, script: str, **more: Any) -> str:
        """Start a script with more of a plan; return the name of its container."""
        self.count += 1
        name = f"c{self.count}"
        plan = {"environment": {}, "arguments": ("sh", "-c", script), **more}
        self.runner.start(ContainerPlan(uid="u", container=name, attempt=0, **plan))
        return name

    def run(self, script: str, **more: Any) -> tuple[Seen, str]:
        """Run a script with more of a plan to its end."""
        name = self.plan(script, **more)
        return self.wait(name), self.log(name)

    def wait(self, name: str) -> Seen:
        """Wait until a container has ended."""
        found = until(lambda: _finished(self.runner, name))
        assert found is not None, f"{name} has not ended"
        return found

    def log(self, name: str) -> str:
        """Return what a container wrote."""
        return read_log(self.runner.log_path("u", name, 0), LogOptions()).decode()

    def __call__(self, script: str, *mounts: Mount, **environment: str) -> tuple[Seen, str]:
        """Run a script to its end; return how it ended and what it wrote."""
        name = self.start(script, *mounts, **environment)
        return self.wait(name), self.log(name)


def _finished(runner: ProcessRunner, name: str) -> Seen | None:
    one = runner.look("u").get(name)
    return one if one is not None and one.finished is not None else None


@pytest.fixture
def shell(runner: ProcessRunner) -> Shell:
    """Return a shell on the runner."""
    return Shell(runner)


def test_a_process_ends_with_its_code_log_and_message(shell: Shell) -> None:
    """Everything that the node has to tell comes from the process."""
    seen, log = shell("echo hello; echo done > /dev/termination-log; exit 3")
    assert (seen.code, seen.reason, seen.message, log) == (3, "Error", "done\n", "hello\n")


def test_a_host_file_cannot_be_read(shell: Shell, tmp_path: Path) -> None:
    """Not what lies in /tmp, not by the path of the host's processes."""
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    seen, log = shell(f"cat {secret} /proc/1/root{secret} /proc/[0-9]*/cwd{secret}")
    assert seen.code != 0
    assert "hunter2" not in log


def test_the_state_folder_cannot_be_read(shell: Shell, runner: ProcessRunner) -> None:
    """The token of the server lies beside the pods."""
    folder = runner.log_path("u", "c", 0).parents[5]
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text("hunter2")
    seen, log = shell(f"cat {folder}/token; ls {folder}")
    assert seen.code != 0
    assert "hunter2" not in log


def test_the_host_cannot_be_written(shell: Shell, tmp_path: Path) -> None:
    """A write either fails or lands in the private file system."""
    name = f"ruleengine-{os.getpid()}"
    paths = [f"/usr/{name}", f"/{name}", f"/etc/{name}", f"{tmp_path}/{name}", f"/tmp/{name}"]
    shell("; ".join(f"mkdir -p $(dirname {one}); echo x > {one}" for one in paths))
    assert not [one for one in paths if Path(one).exists()]


def test_no_privilege_is_left(shell: Shell) -> None:
    """No capability, also not by a program with extra rights; no mount can be changed."""
    seen, log = shell("grep -E '^(Cap|NoNew)' /proc/self/status; mount -o remount,rw /usr")
    assert seen.code != 0
    values = dict(line.split(":\t") for line in log.splitlines() if ":\t" in line)
    assert values.pop("NoNewPrivs") == "1"
    assert {int(text, 16) for text in values.values()} == {0}


def test_kernel_settings_cannot_be_written(shell: Shell) -> None:
    """They are read-only, although the process looks like root inside."""
    seen, _ = shell("cat /proc/sys/kernel/hostname > /proc/sys/kernel/hostname")
    assert seen.code != 0


def test_processes_of_the_host_are_not_seen(shell: Shell) -> None:
    """The pod sees its own only."""
    _, log = shell("cd /proc && ls -d [0-9]*")
    assert str(os.getpid()) not in log.split()
    assert len(log.split()) < 10


def test_the_environment_of_the_host_is_not_seen(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH and what the pod declares, nothing else; not in the parent process either."""
    monkeypatch.setenv("SECRET_OF_THE_HOST", "hunter2")
    _, log = shell("env; tr '\\0' '\\n' < /proc/1/environ", MINE="1")
    assert "hunter2" not in log
    assert "MINE=1" in log
    assert "PATH=/opt/ruleengine/bin:" in log


def test_the_private_files_are_private(shell: Shell) -> None:
    """Absolute paths can be written, and the next container sees none of it."""
    seen, log = shell("echo x > /tmp/out; mkdir -p /deep/er; echo y > /deep/er/file; cat /tmp/out")
    assert (seen.code, log) == (0, "x\n")
    _, log = shell("ls /tmp /deep")
    assert "out" not in log.split()
    assert "er" not in log.split()


def test_volumes_are_shared_and_objects_in_them_read_only(shell: Shell) -> None:
    """An emptyDir belongs to the pod; the files of a ConfigMap cannot be changed."""
    shared = Mount(volume="v", path="/data")
    files = Mount(volume="m", path="/etc/shop", files={"name": VolumeFile(b"value")})
    shell("echo x > /data/file", shared)
    seen, log = shell("cat /data/file /etc/shop/name; echo y > /etc/shop/name", shared, files)
    assert log.startswith("x\n")
    assert log.endswith("value")
    assert seen.code != 0


def test_a_link_in_a_volume_leads_nowhere_on_the_host(shell: Shell, tmp_path: Path) -> None:
    """The next container's mount below a link that the first has made stays inside."""
    shell(f"ln -s {tmp_path} /data/link", Mount(volume="v", path="/data"))
    below = Mount(volume="w", path="/data/link/made")
    shell("true", Mount(volume="v", path="/data"), below)
    assert not (tmp_path / "made").exists()


def test_a_process_is_the_user_that_it_asks_to_be(shell: Shell) -> None:
    """In its own eyes; what it writes is its own."""
    _, log = shell.run("id -u; id -g; echo x > /tmp/x; stat -c %u:%g /tmp/x", user=(1000, 2000))
    assert log == "1000\n2000\n1000:2000\n"


def test_the_root_can_be_read_only(shell: Shell) -> None:
    """Volumes, devices and the message stay writable."""
    script = "echo m > /dev/termination-log; echo x > /data/x; echo > /dev/null; echo x > /tmp/x"
    mounts = (Mount(volume="v", path="/data"),)
    seen, log = shell.run(script, read_only_root=True, mounts=mounts, working_directory="/here")
    assert seen.code != 0
    assert "/tmp/x" in log
    assert "/data" not in log
    assert seen.message == "m\n"


def test_a_pod_has_a_name_and_knows_more_hosts(shell: Shell) -> None:
    """The host's own name is not seen."""
    _, log = shell.run("uname -n; cat /etc/hosts", hostname="web-0", hosts=("127.0.0.9\tshop",))
    assert log.startswith("web-0\n")
    assert "127.0.0.9\tshop\n" in log


def test_a_process_may_have_a_terminal(shell: Shell) -> None:
    """Its output is logged all the same."""
    _, log = shell.run("test -t 0 && test -t 1 && echo yes", tty=True)
    assert log.strip() == "yes"


def test_the_end_of_the_log_can_be_the_message(shell: Shell) -> None:
    """Where a failure left none."""
    failed, _ = shell.run("echo why; exit 1", log_is_message=True)
    stated, _ = shell.run("echo why; echo so > /dev/termination-log; exit 1", log_is_message=True)
    fine, _ = shell.run("echo why", log_is_message=True)
    assert [failed.message, stated.message, fine.message] == ["why\n", "so\n", ""]


def test_memory_beyond_the_limit_is_refused(shell: Shell) -> None:
    """The process is told so by the system."""
    script = "import sys; print(len(bytearray(int(sys.argv[1]) << 20)) >> 20)"
    limits = Limits(memory=100 << 20)
    small = shell.plan("", arguments=("python3", "-c", script, "10"), limits=limits)
    large = shell.plan("", arguments=("python3", "-c", script, "200"), limits=limits)
    assert (shell.wait(small).code, shell.log(small)) == (0, "10\n")
    assert shell.wait(large).code != 0


def test_a_file_of_a_volume_can_be_mounted_alone(shell: Shell) -> None:
    """And has the permissions that the volume says."""
    files = {"a/key": VolumeFile(b"secret", 0o400), "b": VolumeFile(b"other")}
    one = Mount(volume="m", path="/etc/key", sub_path="a/key", files=files)
    _, log = shell("stat -c %a /etc/key; cat /etc/key; ls /etc/key*", one)
    assert log == "400\nsecret/etc/key\n"


def test_a_path_out_of_a_volume_is_refused(shell: Shell, tmp_path: Path) -> None:
    """Also by way of a link that a container has made."""
    shell(f"ln -s {tmp_path} /data/link", Mount(volume="v", path="/data"))
    for path in ("../../other", "link/x"):
        seen, _ = shell("true", Mount(volume="v", path="/data", sub_path=path))
        assert (seen.reason, "leads out" in seen.message) == ("StartError", True)


def test_the_folder_of_a_claim_outlives_its_pods(shell: Shell, runner: ProcessRunner) -> None:
    """Until the claim goes."""
    claimed = Mount(volume="v", path="/data", claim="claim-uid")
    shell("echo kept > /data/file", claimed)
    runner.forget("u")
    _, log = shell("cat /data/file", claimed)
    assert log == "kept\n"
    runner.forget_claim("claim-uid")
    _, log = shell("ls /data", claimed)
    assert log == ""


def test_another_program_can_run_inside(shell: Shell, runner: ProcessRunner) -> None:
    """It sees what the container sees, in the container's environment."""
    name = shell.start("echo here > /tmp/mark; echo up; sleep 1000", WORD="word")
    until(lambda: "up" in shell.log(name))
    codes: list[int] = []
    script = ("sh", "-c", "cat /tmp/mark; echo $WORD; exit 4")
    source, _ = runner.execute("u", name, script, codes.append)
    with os.fdopen(source, "rb") as output:
        assert output.read() == b"here\nword\n"
    assert until(lambda: codes) == [4]
    source, stop = runner.execute("u", name, ("sleep", "1000"), codes.append)
    stop()
    assert until(lambda: codes[1:]) == [137]
    os.close(source)
    source, _ = runner.execute("u", name, ("no-such-program",), codes.append)
    assert until(lambda: codes[2:]) == [127]
    os.close(source)


def test_a_program_beside_one_that_has_ended_cannot_run(
    shell: Shell, runner: ProcessRunner
) -> None:
    """Nor beside one that was never there."""
    shell("true")
    for name in ("c1", "other"):
        with pytest.raises(ProcessLookupError):
            runner.execute("u", name, ("true",), lambda _: None)


def test_a_port_that_is_taken_is_said_before_the_start(shell: Shell) -> None:
    """Pods share the machine's network; one that listens elsewhere is in nobody's way."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        seen, _ = shell.run("true", address="127.64.0.9", ports=(port,))
        assert (seen.reason, f"port {port} is taken" in seen.message) == ("StartError", True)
    with socket.socket() as other:
        other.bind(("127.64.0.8", 0))
        other.listen()
        port = other.getsockname()[1]
        assert shell.run("true", address="127.64.0.9", ports=(port,))[0].code == 0


def test_a_program_that_is_not_there_is_a_start_error(runner: ProcessRunner) -> None:
    """The message names it."""
    plan = ContainerPlan(
        uid="u", container="c", attempt=0, arguments=("no-such-program",), environment={}
    )
    runner.start(plan)
    seen = until(lambda: _finished(runner, "c"))
    assert seen is not None
    assert (seen.code, seen.reason) == (128, "StartError")
    assert "no-such-program" in seen.message


def test_a_process_is_asked_before_it_is_forced(shell: Shell, runner: ProcessRunner) -> None:
    """TERM reaches it, so that it can end in order."""
    name = shell.start("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done")
    until(lambda: "up" in shell.log(name))
    runner.end("u", name, kill=False)
    assert shell.wait(name).code == 5
    assert shell.log(name) == "up\nbye\n"


def test_a_process_that_does_not_listen_is_forced(shell: Shell, runner: ProcessRunner) -> None:
    """KILL ends it and all that it started, also in a session of its own."""
    name = shell.start("trap '' TERM; echo up; setsid sleep 1000 & while :; do sleep 0.05; done")
    until(lambda: "up" in shell.log(name))
    runner.end("u", name, kill=True)
    assert shell.wait(name).code == 137
    assert until(lambda: not _alive_below(runner.log_path("u", name, 0).parents[4]))


_SERVER = """
import sys, time
from pathlib import Path
from ruleengine.local.clock import SystemClock
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.sandbox import Isolation, Sandbox
from ruleengine.local.runtime.values import ContainerPlan

sandbox = Sandbox(isolation=Isolation(sys.argv[2]), layered=sys.argv[3] == "True")
runner = ProcessRunner(Path(sys.argv[1]), SystemClock(), sandbox=lambda _: sandbox)
script = ("sh", "-c", "echo up; setsid sleep 1000 & sleep 1000")
runner.start(ContainerPlan(uid="u", container="c", attempt=0, arguments=script, environment={}))
time.sleep(1000)
"""


def test_a_killed_server_leaves_no_process(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its containers end with it, and the next one knows that they were cut off."""
    folder = tmp_path / "pods"
    way = [str(folder), sandbox.isolation, str(sandbox.layered)]
    server = subprocess.Popen([sys.executable, "-c", _SERVER, *way])
    log = folder / "u" / "containers" / "c" / "0" / "log"
    assert until(lambda: log.exists() and b"up" in log.read_bytes())
    assert _alive_below(folder)
    server.kill()
    server.wait()
    again = ProcessRunner(folder, SystemClock(), sandbox=lambda _: sandbox)
    assert again.look("u")["c"].reason == "NodeRestarted"
    assert until(lambda: not _alive_below(folder))


def test_a_launcher_that_ends_takes_its_containers_with_it(
    shell: Shell, runner: ProcessRunner, tmp_path: Path
) -> None:
    """They are seen as ended by force, and the next container gets a new launcher."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    (record,) = (tmp_path / "launchers").iterdir()
    os.kill(int(record.name), signal.SIGKILL)
    assert shell.wait(name).code == 137
    assert until(lambda: not _alive_below(runner.log_path("u", name, 0).parents[4]))
    assert shell("echo again")[1] == "again\n"


def test_a_stop_leaves_no_process(shell: Shell, runner: ProcessRunner) -> None:
    """And the container counts as ended by the restart of the node."""
    name = shell.start("echo up; setsid sleep 1000 & sleep 1000")
    until(lambda: "up" in shell.log(name))
    runner.close()
    assert until(lambda: not _alive_below(runner.log_path("u", name, 0).parents[4]))
    assert runner.look("u")[name].reason == "NodeRestarted"


def _alive_below(folder: Path) -> list[str]:
    """Return the processes of the machine whose root lies below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and str(folder) in (entry / "mountinfo").read_text():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_without_a_sandbox_nothing_is_started(tmp_path: Path) -> None:
    """The problem is what the container ends with."""
    none = Sandbox(isolation=Isolation.NONE, problem="no sandbox works; do this")
    runner = ProcessRunner(tmp_path / "pods", SystemClock(), sandbox=lambda _: none)
    assert runner.problem() == "no sandbox works; do this"
    plan = ContainerPlan(uid="u", container="c", attempt=0, arguments=("true",), environment={})
    runner.start(plan)
    assert runner.look("u")["c"].reason == "StartError"


def test_pods_that_went_meanwhile_leave_nothing(shell: Shell, runner: ProcessRunner) -> None:
    """Their files are removed, and their processes ended, when a server starts."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    runner.retain({"another"}, set())
    assert not runner.log_path("u", name, 0).parents[3].exists()
    assert until(lambda: not _alive_below(runner.log_path("u", name, 0).parents[4]))


def test_processes_run_in_the_open_only_where_allowed(tmp_path: Path) -> None:
    """Then too with the pod's environment only, in a folder of their own, and without volumes."""
    allowed = Sandbox(isolation=Isolation.NONE)
    runner = ProcessRunner(tmp_path / "pods", SystemClock(), sandbox=lambda _: allowed)
    open_shell = Shell(runner)
    seen, log = open_shell("pwd; env", MINE="1")
    assert seen.code == 0
    assert log.splitlines()[0].startswith(str(tmp_path))
    assert "HOME=" not in log
    refused = open_shell.wait(open_shell.start("true", Mount(volume="v", path="/data")))
    assert refused.reason == "StartError"
    assert "sandbox" in refused.message


def test_a_machine_without_a_sandbox_says_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is allowed to do without."""
    monkeypatch.delenv(ALLOW, raising=False)
    launcher = LauncherProcess()
    launcher.launch = _refuse  # type: ignore[method-assign]
    assert ALLOW in detect(launcher).problem
    monkeypatch.setenv(ALLOW, "1")
    assert detect(launcher) == Sandbox(isolation=Isolation.NONE)


def _refuse(*_: object) -> NoReturn:
    raise OSError("new namespaces: Operation not permitted")


def _plane(runner: ProcessRunner) -> tuple[ControlPlane, Caller]:
    plane = in_memory_plane(clock=SystemClock(), runner=runner)
    return plane, Caller(plane)


def test_a_pod_runs_for_real_and_its_log_is_served(runner: ProcessRunner) -> None:
    """Through the API alone: status, exit code, message, log, its tail, and following it."""
    plane, call = _plane(runner)
    script = "echo one; echo two; echo out > /dev/termination-log"
    container = {"name": "c", "image": "shop:1", "command": ["sh", "-c"], "args": [script]}
    call("POST", PODS, pod(containers=[container]))

    def over() -> Object | None:
        plane.settle()
        found: Object = call("GET", f"{PODS}/p")[1]
        return found if found["status"]["phase"] in ("Succeeded", "Failed") else None

    done = until(over)
    assert done is not None
    state = done["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (done["status"]["phase"], state["message"]) == ("Succeeded", "out\n")
    assert _log(plane) == b"one\ntwo\n"
    assert _log(plane, tailLines="1") == b"two\n"
    assert _log(plane, follow="true") == b"one\ntwo\n"


def _log(plane: ControlPlane, **query: str) -> bytes:
    request = HttpRequest(method="GET", path=f"{PODS}/p/log", query=tuple(query.items()))
    response = plane.send(request)
    assert response.status == 200, response.body
    return response.body if response.stream is None else b"".join(response.stream)
