"""What real processes of pods can do and cannot, and that none is left behind."""

import os
import queue
import resource
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.local.clock import SystemClock
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.local.runtime import processes
from ruleengine.local.runtime.detecting import ALLOW, detect
from ruleengine.local.runtime.executing import Wanted, attach
from ruleengine.local.runtime.inside.enter import open_inside
from ruleengine.local.runtime.launching import Contained, Launch, LauncherProcess
from ruleengine.local.runtime.leftovers import LauncherFiles
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.sandbox import Isolation, Sandbox
from ruleengine.local.runtime.storage import Bounds, measure
from ruleengine.local.runtime.values import ContainerPlan, Limits, Mount, VolumeFile
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object
from tests.local.planes import Caller
from tests.local.pretending import PODS, pod
from tests.local.sandboxes import Shell, alive_below, require_sandbox, until


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessRunner]:
    """Return a runner in the sandbox of this machine, of which nothing stays."""
    require_sandbox()
    found = ProcessRunner(tmp_path_factory.mktemp("state") / "pods", SystemClock())
    yield found
    found.close()


@pytest.fixture
def shell(runner: ProcessRunner, request: pytest.FixtureRequest) -> Shell:
    """Return a shell in a pod of its own."""
    return Shell(runner, request.node.name)


def test_a_pod_has_a_name_and_knows_more_hosts(shell: Shell) -> None:
    """The host's own name is not seen."""
    _, log = shell.run("uname -n; cat /etc/hosts", hostname="web-0", hosts=("127.0.0.9\tshop",))
    assert log.startswith("web-0\n")
    assert "127.0.0.9\tshop\n" in log


def test_a_pod_sees_the_distribution_of_its_image(shell: Shell) -> None:
    """The machine's where the image says none; the file is its own to change."""
    _, log = shell.run("echo A=b >> /etc/os-release; cat /etc/os-release", os_release="ID=alpine\n")
    assert log == "ID=alpine\nA=b\n"
    _, log = shell("cat /etc/os-release")
    assert log == Path("/etc/os-release").read_text()


def test_a_pod_ignores_no_signal_that_its_server_ignores(tmp_path: Path) -> None:
    """A server is often started with nohup, or in the background.

    The C library keeps two signals for itself: what is inherited there, no program can change.
    """
    require_sandbox()
    ignored = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT]
    before = {one: signal.signal(one, signal.SIG_IGN) for one in ignored}
    try:
        runner = ProcessRunner(tmp_path / "pods", SystemClock())
        try:
            _, log = Shell(runner, "deaf").run("grep SigIgn /proc/self/status")
        finally:
            runner.close()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    mask = int(log.split()[1], 16)
    assert [one for one in signal.valid_signals() if mask >> (one - 1) & 1] == []


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


def test_files_of_a_volume_follow_what_they_stand_for(shell: Shell, runner: ProcessRunner) -> None:
    """While a container runs; one that is mounted alone stays as it was."""
    old = {"a": VolumeFile(b"1"), "deep/b": VolumeFile(b"2")}
    whole = Mount(volume="m", path="/etc/all", files=old)
    alone = Mount(volume="m", path="/etc/a", sub_path="a", files=old)
    script = "echo up; until test -e /etc/all/c; do sleep 0.02; done; cat /etc/all/* /etc/a"
    name = shell.start(f"{script}; ls /etc/all/deep", whole, alone)
    until(lambda: "up" in shell.log(name))
    new = {"a": VolumeFile(b"3"), "c": VolumeFile(b"4")}
    runner.refresh(shell.uid, [Mount(volume="m", path="/etc/all", files=new)])
    shell.wait(name)
    assert shell.log(name).splitlines() == ["up", "cat: /etc/all/deep: Is a directory", "341"]


def test_what_becomes_a_link_while_a_container_is_built_is_not_followed(tmp_path: Path) -> None:
    """The first process looks again, at what it mounts."""
    (tmp_path / "volume" / "a").mkdir(parents=True)
    (tmp_path / "volume" / "a" / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="leads out"):
        open_inside(str(tmp_path / "volume"), ["a", "link"])
    os.close(open_inside(str(tmp_path / "volume"), ["a"]))


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b"])
def test_a_name_that_is_a_path_is_refused(runner: ProcessRunner, name: str) -> None:
    """Of containers and of volumes: they become parts of paths of the host."""
    plan = ContainerPlan(uid="u", container=name, attempt=0, arguments=("true",), environment={})
    with pytest.raises(ValueError, match="name of a file"):
        runner.start(plan)
    mounts = (Mount(volume=name, path="/v"),)
    with pytest.raises(ValueError, match="name of a file"):
        runner.start(replace(plan, container="c", mounts=mounts))


def test_the_folder_of_a_claim_outlives_its_pods(shell: Shell, runner: ProcessRunner) -> None:
    """Until the claim goes."""
    claimed = Mount(volume="v", path="/data", claim="claim-uid")
    shell("echo kept > /data/file", claimed)
    runner.forget(shell.uid)
    _, log = shell("cat /data/file", claimed)
    assert log == "kept\n"
    runner.forget_claim("claim-uid")
    _, log = shell("ls /data", claimed)
    assert log == ""


def test_a_program_beside_one_that_has_ended_cannot_run(
    shell: Shell, runner: ProcessRunner
) -> None:
    """Nor beside one that was never there."""
    shell("true")
    for name in ("c1", "other"):
        with pytest.raises(ProcessLookupError):
            runner.execute(shell.uid, name, Wanted(arguments=("true",)))


def test_a_program_that_cannot_be_started_harms_nobody(
    shell: Shell, runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what no process may be given, nor too much of it, nor whoever has gone meanwhile."""
    name = shell.start("echo up; exec sleep 1000")
    until(lambda: "up" in shell.log(name))
    odd = runner.execute(shell.uid, name, Wanted(arguments=("true", "a\0b")))
    assert odd.over.wait(60)
    odd.close()
    assert odd.code == 127
    with pytest.raises(OSError, match="too long"):
        runner.execute(shell.uid, name, Wanted(arguments=("true", "x" * (1 << 16))))
    found: list[Contained] = []
    monkeypatch.setattr(processes, "execute", lambda one, _: found.append(one))
    runner.execute(shell.uid, name, Wanted(arguments=("true",)))
    nobody, end = os.pipe()
    os.close(nobody)
    codes: queue.SimpleQueue[int] = queue.SimpleQueue()
    found[0].execute(["no-such-program"], [end, end, end], codes.put)
    os.close(end)
    assert codes.get(timeout=60) == 127
    found[0].execute(["true"], [null := os.open(os.devnull, os.O_RDWR)] * 3, codes.put)
    os.close(null)
    assert codes.get(timeout=60) == 0
    assert runner.look(shell.uid)[name].finished is None


def test_behind_a_terminal_errors_come_with_all_else(shell: Shell, runner: ProcessRunner) -> None:
    """Who expects them apart hears at once that there are none, and nothing is kept for them."""
    name = shell.plan("echo up; exec sleep 1000", tty=True)
    until(lambda: "up" in shell.log(name))
    there = runner.execute(shell.uid, name, Wanted())
    errors = there.outputs[1]
    assert select.select([errors], [], [], 60)[0]
    assert os.read(errors, 1) == b""
    there.stop()
    assert there.over.wait(60)
    there.close()


def test_a_container_that_takes_too_much_to_tell_harms_nobody() -> None:
    """The launcher would end of half a message, and every container with it."""
    ended: queue.SimpleQueue[Contained] = queue.SimpleQueue()
    launcher = LauncherProcess()
    with open(os.devnull, "w") as log:  # noqa: PTH123
        long, fine = ("x" * (1 << 17),), ("sh", "-c", "exit 3")
        first = launcher.launch(command(("sh", "-c", "sleep 600"), log.fileno()), ended.put)
        with pytest.raises(OSError, match="too long"):
            launcher.launch(command(long, log.fileno()), ended.put)
        launcher.launch(command(fine, log.fileno()), ended.put)
        assert ended.get(timeout=60).code == 3
    assert first.code is None
    launcher.close()
    assert ended.get(timeout=60) is first


def command(arguments: tuple[str, ...], log: int) -> Launch:
    """Return how a program of another sandbox is started: here none that enters one."""
    return Launch(specification=b"", log=log, command=arguments)


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


def test_a_program_that_is_not_there_is_a_start_error(shell: Shell) -> None:
    """The message names it, and says what to do."""
    seen, _ = shell.run("", arguments=("no-such-program",))
    assert (seen.code, seen.reason) == (128, "StartError")
    assert "no-such-program" in seen.message
    assert "install it here, or pull its image" in seen.message


ELF_OF_S390 = b"\x7fELF\2\2\1" + bytes(10) + b"\2\0\x16"
STRANGE_LOADER = Path("/bin/true").read_bytes().replace(b"/ld-linux", b"/ld-strng")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (ELF_OF_S390 + bytes(100), "is a program for machines of the kind s390x, and this one is"),
        (b"echo up\n", "is no program, and no script that says what interprets it: have it begin"),
        (b"#! /no/such/sh -e\necho up\n", "needs /no/such/sh, which is not there: install it"),
        (STRANGE_LOADER, "needs /"),
    ],
    ids=["another machine", "no first line", "no interpreter", "no loader"],
)
def test_a_program_that_cannot_run_here_is_a_start_error(
    content: bytes, said: str, shell: Shell
) -> None:
    """The message says why, and what to do; the kernel's own word for it would not."""
    files = {"tool": VolumeFile(content, 0o755)}
    mount = Mount(volume="tools", path="/opt/tools", files=files)
    seen, _ = shell.run("", arguments=("/opt/tools/tool",), mounts=(mount,))
    assert (seen.code, seen.reason) == (128, "StartError")
    assert f"'/opt/tools/tool' {said}" in seen.message


def test_of_a_container_that_starts_again_and_again_the_last_two_are_kept(
    shell: Shell, runner: ProcessRunner
) -> None:
    """As on a cluster: what all of them wrote would fill the disk."""
    for number in range(4):
        arguments = ("sh", "-c", f"echo {number}; exit {number}")
        plan = ContainerPlan(
            uid=shell.uid, container="c", attempt=number, arguments=arguments, environment={}
        )
        runner.start(plan)
        shell.wait("c")
    seen = runner.look(shell.uid)["c"]
    assert seen.previous is not None
    assert (seen.attempt, seen.code, seen.previous.code) == (3, 3, 2)
    folder = runner.log_path(shell.uid, "c", 3).parents[1]
    assert sorted(one.name for one in folder.iterdir()) == ["2", "3"]
    assert until(lambda: [one.name for one in folder.parents[1].iterdir()] == ["containers"])


def test_a_launcher_without_room_for_another_says_so(tmp_path: Path) -> None:
    """Those that it has started go on."""
    own = ProcessRunner(tmp_path / "pods", SystemClock())
    shell = Shell(own, "u")
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    (launcher,) = (int(one.name) for one in (tmp_path / "launchers").iterdir())
    most = len(list(Path(f"/proc/{launcher}/fd").iterdir())) + 1
    before = resource.prlimit(launcher, resource.RLIMIT_NOFILE)
    resource.prlimit(launcher, resource.RLIMIT_NOFILE, (most, before[1]))
    seen = shell.wait(shell.start("true"))
    assert (seen.reason, "Too many open files" in seen.message) == ("StartError", True)
    resource.prlimit(launcher, resource.RLIMIT_NOFILE, before)
    assert shell("exit 5")[0].code == 5
    assert own.look("u")[name].finished is None
    own.close()


_HOG = """
import os
child = os.fork()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) and {code})
found = bytearray(300 << 20)
"""


def test_what_the_system_ends_for_want_of_memory_says_so(
    shell: Shell, runner: ProcessRunner
) -> None:
    """The limit is that of all processes together; without groups it is each one's own."""
    limits = Limits(memory=100 << 20)
    seen, _ = shell.run("", arguments=("python3", "-c", _HOG.format(code=7)), limits=limits)
    if runner.groups.problem:
        assert (seen.code, seen.reason) == (7, "Error")
    else:
        assert seen.reason == "OOMKilled"
    seen, _ = shell.run("exit 3", limits=limits)
    assert (seen.code, seen.reason) == (3, "Error")


def test_a_process_is_asked_before_it_is_forced(shell: Shell, runner: ProcessRunner) -> None:
    """TERM reaches it, so that it can end in order."""
    name = shell.start("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done")
    until(lambda: "up" in shell.log(name))
    runner.end(shell.uid, name, kill=False)
    assert shell.wait(name).code == 5
    assert shell.log(name) == "up\nbye\n"


def test_the_signal_that_asks_may_be_another(shell: Shell, runner: ProcessRunner) -> None:
    """As the container states it."""
    script = "trap 'exit 7' USR1; echo up; while :; do sleep 0.05; done"
    name = shell.plan(script, stop_signal=int(signal.SIGUSR1))
    until(lambda: "up" in shell.log(name))
    runner.end(shell.uid, name, kill=False)
    assert shell.wait(name).code == 7


def test_who_goes_on_writing_does_not_hold_a_container_up(shell: Shell) -> None:
    """It ends when its own process does, whoever else is still there."""
    seen, log = shell("yes on & echo done; exit 3")
    assert seen.code == 3
    assert "done" in log.splitlines()


def test_a_launcher_that_ends_takes_its_containers_with_it(
    shell: Shell, runner: ProcessRunner
) -> None:
    """They are seen as ended by force, and the next container gets a new launcher."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    (record,) = (runner.log_path(shell.uid, name, 0).parents[5] / "launchers").iterdir()
    os.kill(int(record.name), signal.SIGKILL)
    assert shell.wait(name).code == 137
    assert until(lambda: not alive_below(runner.log_path(shell.uid, name, 0).parents[3]))
    assert shell("echo again")[1] == "again\n"


def test_a_launcher_that_outlived_its_server_is_ended(tmp_path: Path) -> None:
    """A process that only has its number is left alone."""
    files = LauncherFiles(tmp_path / "launchers")
    with subprocess.Popen(["sleep", "600"]) as ours, subprocess.Popen(["sleep", "600"]) as other:
        files.write(ours.pid)
        files.write(other.pid)
        record = tmp_path / "launchers" / str(other.pid)
        record.write_text(record.read_text().replace('"born":', '"born":1'))
        LauncherFiles(tmp_path / "launchers").end()
        assert ours.wait(30) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()
    assert not (tmp_path / "launchers").exists()


def test_a_process_begins_where_it_asks_to(shell: Shell) -> None:
    """The folder is made where it is missing, and the process may write there."""
    seen, log = shell.run("pwd; echo x > file; cat file", working_directory="/new/place")
    assert (seen.code, log) == (0, "/new/place\nx\n")


def test_an_end_is_heard_of_also_where_it_cannot_be_written(
    shell: Shell, runner: ProcessRunner, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a full disk; others are heard of afterwards."""
    name = shell.start("echo up; sleep 0.3; exit 4")
    until(lambda: "up" in shell.log(name))
    # nothing can be written where a folder lies
    (runner.log_path(shell.uid, name, 0).parent / ".record.json.new").mkdir()
    assert shell.wait(name).code == 4
    assert "cannot be written" in caplog.text
    assert shell("exit 5")[0].code == 5


def test_a_start_that_the_disk_refuses_is_a_failed_one(shell: Shell, runner: ProcessRunner) -> None:
    """With what it says; nothing else ends with it."""
    place = runner.log_path(shell.uid, "c1", 0).parents[1]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file, where a folder should be made")
    seen = shell.wait(shell.start("true"))
    assert (seen.code, seen.reason) == (128, "StartError")
    assert seen.message.startswith("cannot start: ")
    place.unlink()
    assert shell("exit 5")[0].code == 5


@pytest.mark.parametrize("said", [b"no JSON", b"1", b"null", b'{"exec": ', b"\xff"])
def test_a_first_process_that_says_nonsense_is_ended(said: bytes) -> None:
    """Whoever has taken it over takes over nothing else."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        found = Contained(ours, lambda _: None)
        found.take(b'{"started": true}', [])
        found.take(said, [])
        assert found.failure
        assert b'"signal":9' in theirs.recv(100)


def open_ones() -> list[str]:
    """Return the descriptors of this process."""
    return sorted(one.name for one in Path("/proc/self/fd").iterdir())


def test_whoever_attaches_to_what_does_not_answer_leaves_nothing_open() -> None:
    """Neither then, nor where the answer comes after all."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        found = Contained(ours, lambda _: None)
        before = open_ones()
        with pytest.raises(TimeoutError):
            attach(found, Wanted(stdin=True), 0.01)
        assert open_ones() == before
        found.take(b'{"attached": 1}', [os.open(os.devnull, os.O_WRONLY)])
        assert open_ones() == before


def test_a_pod_that_uses_too_much_of_the_disk_is_told(shell: Shell, runner: ProcessRunner) -> None:
    """By its container, its log or its volume; one within its bounds is left alone."""
    volume = Mount(volume="v", path="/data")
    name = shell.start("head -c 3000000 /dev/urandom > /data/x; echo up; sleep 1000", volume)
    until(lambda: "up" in shell.log(name))
    large, small = parse_quantity("10Mi"), parse_quantity("1Mi")
    runner.weigh(shell.uid, Bounds(whole=large, containers={name: large}, volumes={"v": large}))
    folder = runner.log_path(shell.uid, name, 0).parents[3]
    assert until(lambda: 3_000_000 <= measure(folder).volumes["v"] < 4_000_000)
    assert runner.excess(shell.uid) == ""
    runner.forget(shell.uid)
    name = shell.start("head -c 3000000 /dev/urandom > /tmp/x; echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    runner.weigh(shell.uid, Bounds(whole=small, containers={name: small}))
    assert until(lambda: "exceeds the total limit of containers 1Mi" in runner.excess(shell.uid))
    runner.forget(shell.uid)
    assert runner.excess(shell.uid) == ""


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
    assert until(lambda: not runner.log_path(shell.uid, name, 0).parents[3].exists())
    assert until(lambda: not alive_below(runner.log_path(shell.uid, name, 0).parents[3]))


@pytest.mark.parametrize(
    ("sandbox", "message"),
    [
        (Sandbox(isolation=Isolation.USER), "not isolated: the network, and the kernel"),
        (Sandbox(isolation=Isolation.NONE), "nothing is isolated, as was allowed"),
        (Sandbox(isolation=Isolation.NONE, problem="no sandbox; do this"), "no sandbox; do this"),
    ],
)
def test_what_is_not_isolated_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sandbox: Sandbox, message: str
) -> None:
    """In the log of the server, however often pods are looked at."""
    found = ProcessRunner(tmp_path / "pods", SystemClock(), sandbox=lambda _: sandbox, engine=())
    for _ in range(3):
        found.problem()
    found.close()
    assert [message in one.getMessage() for one in caplog.records].count(True) == 1


def test_processes_run_in_the_open_only_where_allowed(tmp_path: Path) -> None:
    """Then too with the pod's environment only, in a folder of their own, and without volumes.

    Those that the node gives by itself are left out, those that a pod states are refused.
    """
    allowed = Sandbox(isolation=Isolation.NONE)
    runner = ProcessRunner(tmp_path / "pods", SystemClock(), sandbox=lambda _: allowed)
    open_shell = Shell(runner, "u")
    seen, log = open_shell("pwd; env", MINE="1")
    assert seen.code == 0
    assert log.splitlines()[0].startswith(str(tmp_path))
    assert "HOME=" not in log
    given = Mount(volume="token", path="/given", files={}, is_given=True)
    assert open_shell("test ! -e /given", given)[0].code == 0
    refused = open_shell.wait(open_shell.start("true", given, Mount(volume="v", path="/data")))
    assert refused.reason == "StartError"
    assert "there is no sandbox, so /data cannot be mounted; allow user nam" in refused.message


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
