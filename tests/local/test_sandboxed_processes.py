"""What real processes of pods can do and cannot, and that none is left behind."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from ruleengine.local.clock import SystemClock
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.sandbox import ALLOW, Isolation, Sandbox, attempt, detect
from ruleengine.local.runtime.values import ContainerPlan, Mount, Seen, VolumeFile
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object
from tests.local.planes import Caller
from tests.local.test_process_pods import PODS, pod

T = TypeVar("T")
_PATIENCE = 30.0
_NO_SANDBOX = "no sandbox is available here"


def now() -> datetime:
    """Return the moment of the machine."""
    return datetime.now(UTC)


@pytest.fixture(scope="module", params=[Isolation.ROOT, Isolation.USER])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Return each sandbox that works on this machine; without one there is nothing to prove."""
    found = Sandbox(isolation=request.param)
    if (found.isolation is Isolation.ROOT and os.geteuid() != 0) or attempt(found):
        pytest.skip(_NO_SANDBOX)
    return found


@pytest.fixture
def runner(sandbox: Sandbox, tmp_path: Path) -> Iterator[ProcessRunner]:
    """Return a runner of which nothing stays."""
    found = ProcessRunner(tmp_path / "pods", sandbox=lambda: sandbox, now=now())
    yield found
    found.close(now())


class Shell:
    """Runs shell scripts as containers of one pod."""

    def __init__(self, runner: ProcessRunner) -> None:
        self.runner = runner
        self.count = 0

    def start(self, script: str, *mounts: Mount, **environment: str) -> str:
        """Start a script; return the name of its container."""
        self.count += 1
        name = f"c{self.count}"
        plan = ContainerPlan(
            uid="u",
            container=name,
            attempt=0,
            arguments=("sh", "-c", script),
            environment=environment,
            mounts=mounts,
        )
        self.runner.start(plan, now())
        return name

    def wait(self, name: str) -> Seen:
        """Wait until a container has ended."""
        found = until(lambda: _finished(self.runner, name))
        assert found is not None, f"{name} has not ended"
        return found

    def log(self, name: str) -> str:
        """Return what a container wrote."""
        return self.runner.log_path("u", name, 0).read_text()

    def __call__(self, script: str, *mounts: Mount, **environment: str) -> tuple[Seen, str]:
        """Run a script to its end; return how it ended and what it wrote."""
        name = self.start(script, *mounts, **environment)
        return self.wait(name), self.log(name)


def _finished(runner: ProcessRunner, name: str) -> Seen | None:
    one = runner.look("u", now()).get(name)
    return one if one is not None and one.finished is not None else None


def until(fact: Callable[[], T | None]) -> T | None:
    """Return the first thing that ``fact`` finds before the deadline."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = fact()
        if found:
            return found
        time.sleep(0.02)
    return None


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


def test_the_private_files_can_be_read_afterwards(shell: Shell, runner: ProcessRunner) -> None:
    """Absolute paths are private to the container and stay."""
    shell("echo result > /tmp/out; mkdir -p /deep/er; echo x > /deep/er/file")
    assert runner.read_file("u", "c1", "/tmp/out") == b"result\n"
    assert runner.read_file("u", "c1", "/deep/er/file") == b"x\n"
    _, log = shell("ls /tmp")
    assert "out" not in log.split()


def test_a_link_out_of_the_private_files_is_not_followed(
    shell: Shell, runner: ProcessRunner, tmp_path: Path
) -> None:
    """The container may have laid a trap for the node."""
    (tmp_path / "secret").write_text("hunter2")
    shell(f"ln -s {tmp_path} /trap; ln -s {tmp_path}/secret /tmp/out; mkfifo /pipe")
    for path in ("/trap/secret", "/tmp/out", "/../../secret", "/pipe"):
        with pytest.raises(OSError):  # noqa: PT011
            runner.read_file("u", "c1", path)


def test_volumes_are_shared_and_objects_in_them_read_only(shell: Shell) -> None:
    """An emptyDir belongs to the pod; the files of a ConfigMap cannot be changed."""
    shared = Mount(volume="v", path="/data")
    files = Mount(volume="m", path="/etc/shop", files={"name": VolumeFile(b"value")})
    shell("echo x > /data/file", shared)
    seen, log = shell("cat /data/file /etc/shop/name; echo y > /etc/shop/name", shared, files)
    assert log.startswith("x\nvalue")
    assert seen.code != 0


def test_a_link_in_a_volume_leads_nowhere_on_the_host(shell: Shell, tmp_path: Path) -> None:
    """The next container's mount below a link that the first has made stays inside."""
    shell(f"ln -s {tmp_path} /data/link", Mount(volume="v", path="/data"))
    below = Mount(volume="w", path="/data/link/made")
    shell("true", Mount(volume="v", path="/data"), below)
    assert not (tmp_path / "made").exists()


def test_a_program_that_is_not_there_is_a_start_error(runner: ProcessRunner) -> None:
    """The message names it."""
    plan = ContainerPlan(
        uid="u", container="c", attempt=0, arguments=("no-such-program",), environment={}
    )
    runner.start(plan, now())
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
    assert until(lambda: not _alive_below(runner))


def test_what_a_killed_server_left_behind_is_ended(
    shell: Shell, runner: ProcessRunner, sandbox: Sandbox
) -> None:
    """A new runner finds the process by pid and start time, and fails its container."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    folder = runner.log_path("u", name, 0).parents[3].parent
    again = ProcessRunner(folder, sandbox=lambda: sandbox, now=now())
    assert again.look("u", now())[name].reason == "NodeRestarted"
    assert until(lambda: not _alive_below(runner))


def test_a_stop_leaves_no_process(shell: Shell, runner: ProcessRunner) -> None:
    """And the container counts as ended by the restart of the node."""
    name = shell.start("echo up; setsid sleep 1000 & sleep 1000")
    until(lambda: "up" in shell.log(name))
    runner.close(now())
    assert until(lambda: not _alive_below(runner))
    assert runner.look("u", now())[name].reason == "NodeRestarted"


def _alive_below(runner: ProcessRunner) -> list[str]:
    """Return the processes of the machine whose root is one of the runner's."""
    folder = str(runner.log_path("u", "c", 0).parents[3])
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and folder in (entry / "mountinfo").read_text():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_without_a_sandbox_nothing_is_started(tmp_path: Path) -> None:
    """The problem is what the container ends with."""
    none = Sandbox(isolation=Isolation.NONE, problem="no sandbox works; do this")
    runner = ProcessRunner(tmp_path, sandbox=lambda: none, now=now())
    assert runner.problem() == "no sandbox works; do this"
    plan = ContainerPlan(uid="u", container="c", attempt=0, arguments=("true",), environment={})
    runner.start(plan, now())
    assert runner.look("u", now())["c"].reason == "StartError"


def test_a_process_that_nobody_wrote_down_is_ended(
    shell: Shell, runner: ProcessRunner, sandbox: Sandbox
) -> None:
    """A server killed right after a start knows from its intent that there may be one."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    attempt_folder = runner.log_path("u", name, 0).parent
    (attempt_folder / "record.json").write_text('{"started": "2026-01-01T00:00:00Z"}')
    folder = attempt_folder.parents[3]
    again = ProcessRunner(folder, sandbox=lambda: sandbox, now=now())
    assert until(lambda: not _alive_below(runner))
    assert again.look("u", now())[name].reason == "NodeRestarted"


def test_pods_that_went_meanwhile_leave_nothing(shell: Shell, runner: ProcessRunner) -> None:
    """Their files are removed, and their processes ended, when a server starts."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    runner.retain({"another"}, set())
    assert not runner.log_path("u", name, 0).parents[3].exists()
    assert until(lambda: not _alive_below(runner))


def test_processes_run_in_the_open_only_where_allowed(tmp_path: Path) -> None:
    """Then too with the pod's environment only, in a folder of their own, and without volumes."""
    allowed = Sandbox(isolation=Isolation.NONE)
    runner = ProcessRunner(tmp_path, sandbox=lambda: allowed, now=now())
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
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv(ALLOW, raising=False)
    assert ALLOW in detect().problem
    assert detect(allow_unsandboxed=True) == Sandbox(isolation=Isolation.NONE)
    monkeypatch.setenv(ALLOW, "1")
    assert not detect().problem


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
