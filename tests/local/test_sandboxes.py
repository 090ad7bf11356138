"""What every sandbox promises: nothing of the host is seen or written, no process stays."""

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.local.clock import SystemClock
from ruleengine.local.runtime.detecting import attempt
from ruleengine.local.runtime.executing import Execution, Wanted
from ruleengine.local.runtime.launching import LauncherProcess
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.sandbox import Isolation, Sandbox
from ruleengine.local.runtime.values import Mount, VolumeFile
from tests.local.sandboxes import NO_SANDBOX, Shell, alive_below, until

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


@pytest.fixture
def shell(runner: ProcessRunner) -> Shell:
    """Return a shell on the runner."""
    return Shell(runner, "u")


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


def test_the_first_process_cannot_be_looked_into(shell: Shell) -> None:
    """It is the same user, and holds the log and the way to the server."""
    script = "ls -l /proc/$PPID/fd/; cat /proc/$PPID/environ; cat /proc/$PPID/maps; echo over"
    _, log = shell(script)
    assert "PATH=" not in log
    assert "->" not in log
    assert "r-xp" not in log
    assert log.count("ermission denied") >= 3
    assert "over" in log.splitlines()


def test_no_namespace_can_be_made_inside(shell: Shell) -> None:
    """A user namespace would give capabilities, and with them more of the kernel."""
    _, log = shell("for one in U Ur Um; do unshare -$one true && echo made; done; echo over")
    assert "made" not in log.splitlines()
    assert "over" in log.splitlines()


def test_a_container_has_its_limits(shell: Shell) -> None:
    """So many processes, and no image of its memory when it fails."""
    _, log = shell("cat /proc/self/limits")
    limits = {line[:26].strip(): line[26:].split() for line in log.splitlines()}
    assert limits["Max processes"][:2] == ["8192", "8192"]
    assert limits["Max core file size"][:2] == ["0", "0"]


def test_users_of_the_host_are_not_seen(shell: Shell) -> None:
    """Root and nobody are known."""
    _, log = shell("cut -d: -f1 /etc/passwd; cut -d: -f1 /etc/group; id -un")
    assert log.split() == ["root", "nobody", "root", "nogroup", "root"]


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


def test_volumes_can_be_read_whatever_the_umask_is(shell: Shell, runner: ProcessRunner) -> None:
    """By whoever the container is: the user who started the server may keep his own to himself."""
    files = {"a/b/c": VolumeFile(b"value")}
    before = os.umask(0o077)
    try:
        seen, log = shell(
            "cat /etc/m/a/b/c; ls /etc/m/a", Mount(volume="m", path="/etc/m", files=files)
        )
    finally:
        os.umask(before)
    assert (seen.code, log) == (0, "valueb\n")
    folder = runner.log_path(shell.uid, "c1", 0).parents[3] / "volumes" / "m"
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (folder, folder / "a", folder / "a" / "b")]
    assert modes == [0o755] * 3


def test_volumes_are_shared_and_objects_in_them_read_only(shell: Shell) -> None:
    """An emptyDir belongs to the pod; the files of a ConfigMap cannot be changed."""
    shared = Mount(volume="v", path="/data")
    files = Mount(volume="m", path="/etc/shop", files={"name": VolumeFile(b"value")})
    shell("echo x > /data/file", shared)
    seen, log = shell("cat /data/file /etc/shop/name; echo; echo y > /etc/shop/name", shared, files)
    assert {"x", "value"} <= set(log.splitlines())
    assert seen.code != 0


def test_a_link_in_a_volume_leads_nowhere_on_the_host(shell: Shell, tmp_path: Path) -> None:
    """The next container's mount below a link that the first has made stays inside."""
    shell(f"ln -s {tmp_path} /data/link", Mount(volume="v", path="/data"))
    below = Mount(volume="w", path="/data/link/made")
    shell("true", Mount(volume="v", path="/data"), below)
    assert not (tmp_path / "made").exists()


def test_a_link_in_a_volume_to_the_hosts_root_leads_nowhere(shell: Shell, tmp_path: Path) -> None:
    """Nobody knows where the host's root is while a container is built."""
    names = ("old-root", "oldroot", "newroot")
    links = (f"ln -s /{name}{tmp_path} /data/{name}" for name in names)
    shell("; ".join(links), Mount(volume="v", path="/data"))
    for name in names:
        below = Mount(volume="w", path=f"/data/{name}/made")
        shell("true", Mount(volume="v", path="/data"), below)
        shell("true", Mount(volume="w", path=f"/{name}{tmp_path}/made"))
    assert not (tmp_path / "made").exists()


def test_a_path_in_a_volume_that_is_a_link_is_refused(shell: Shell, tmp_path: Path) -> None:
    """Whether it leads up or away, also where it is only a part of the path."""
    (tmp_path / "secret").write_text("hunter2")
    ups = "../" * 12
    shell(
        f"ln -s {ups}{tmp_path} /data/up; ln -s {tmp_path} /data/away",
        Mount(volume="v", path="/data"),
    )
    for inner in ("up", "away", "up/deeper", "../v"):
        seen, log = shell("cat /in/*", Mount(volume="v", path="/in", sub_path=inner))
        assert (seen.reason, log) == ("StartError", "")
        assert "leads out" in seen.message


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


def test_a_process_may_have_a_terminal(shell: Shell) -> None:
    """Its output is logged all the same."""
    _, log = shell.run("test -t 0 && test -t 1 && echo yes", tty=True)
    assert log.strip() == "yes"


def test_another_program_can_run_inside(shell: Shell, runner: ProcessRunner) -> None:
    """It sees what the container sees, in the container's environment."""
    name = shell.start("echo here > /tmp/mark; echo up; sleep 1000", WORD="word")
    until(lambda: "up" in shell.log(name))
    script = ("sh", "-c", "cat /tmp/mark; echo $WORD; exit 4")
    assert finished(runner.execute("u", name, Wanted(arguments=script))) == (
        4,
        [b"here\nword\n", b""],
    )
    sleeping = runner.execute("u", name, Wanted(arguments=("sleep", "1000")))
    sleeping.stop()
    assert finished(sleeping)[0] == 137
    code, (_, errors) = finished(runner.execute("u", name, Wanted(arguments=("no-such-program",))))
    assert (code, b"no-such-program" in errors) == (127, True)


def test_a_program_inside_can_be_written_to(shell: Shell, runner: ProcessRunner) -> None:
    """To its end, and its errors are kept apart."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    script = ("sh", "-c", "tr a-z A-Z; echo wrong >&2")
    execution = runner.execute("u", name, Wanted(arguments=script, stdin=True))
    assert execution.stdin is not None
    os.write(execution.stdin, b"hello\n")
    os.close(execution.stdin)
    execution.stdin = None
    assert finished(execution) == (0, [b"HELLO\n", b"wrong\n"])


def test_a_program_inside_may_have_a_terminal(shell: Shell, runner: ProcessRunner) -> None:
    """With a size that can change."""
    name = shell.start("echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    script = ("sh", "-c", "test -t 0 && read line && stty size && echo got $line")
    execution = runner.execute("u", name, Wanted(arguments=script, stdin=True, tty=True))
    execution.resize(123, 45)
    assert execution.stdin is not None
    os.write(execution.stdin, b"this\n")
    code, (output,) = finished(execution)
    assert (code, output.splitlines()) == (0, [b"this", b"45 123", b"got this"])


def test_who_attaches_sees_what_is_written_from_then_on(
    shell: Shell, runner: ProcessRunner
) -> None:
    """Also a line without its end; the log has everything, and so has the next one."""
    name = shell.plan("echo up; read a; printf 'got %s? ' $a; read b; echo $b >&2", stdin=True)
    until(lambda: "up" in shell.log(name))
    first = runner.execute("u", name, Wanted(stdin=True))
    assert first.stdin is not None
    os.write(first.stdin, b"this\n")
    assert os.read(first.outputs[0], 4096) == b"got this? "
    second = runner.execute("u", name, Wanted(stdin=True))
    first.stop()
    assert finished(first) == (0, [b"", b""])
    assert second.stdin is not None
    os.write(second.stdin, b"that\n")
    assert finished(second) == (0, [b"", b"that\n"])
    shell.wait(name)
    assert all(text in shell.log(name) for text in ("up\n", "got this? ", "that\n"))


@pytest.mark.parametrize("once", [True, False])
def test_input_ends_with_the_first_typist_where_that_was_asked(
    shell: Shell, runner: ProcessRunner, *, once: bool
) -> None:
    """Otherwise it waits for the next."""
    name = shell.plan("echo up; cat; echo over", stdin=True, stdin_once=once)
    until(lambda: "up" in shell.log(name))
    found = runner.execute("u", name, Wanted(stdin=True))
    assert found.stdin is not None
    os.write(found.stdin, b"words\n")
    assert os.read(found.outputs[0], 4096) == b"words\n"
    found.end_input()
    if once:
        assert finished(found) == (0, [b"over\n", b""])
    else:
        again = runner.execute("u", name, Wanted(stdin=True))
        assert again.stdin is not None
        os.write(again.stdin, b"more\n")
        assert os.read(again.outputs[0], 4096) == b"more\n"
        for one in (found, again):
            one.stop()
            finished(one)


def test_who_attaches_to_a_terminal_has_it_in_his_size(shell: Shell, runner: ProcessRunner) -> None:
    """What is typed comes back, as terminals have it."""
    name = shell.plan("echo up; read line; stty size; echo got $line", stdin=True, tty=True)
    until(lambda: "up" in shell.log(name))
    found = runner.execute("u", name, Wanted(stdin=True, tty=True))
    found.resize(123, 45)
    assert found.stdin is not None
    os.write(found.stdin, b"this\n")
    code, (output,) = finished(found)
    assert (code, output.splitlines()) == (0, [b"this", b"45 123", b"got this"])


def test_who_attaches_and_does_not_read_holds_nobody_up(
    shell: Shell, runner: ProcessRunner
) -> None:
    """Not for long, and not the log."""
    name = shell.plan("read go; head -c 300000 /dev/zero | tr '\\0' x; echo; echo over", stdin=True)
    until(lambda: runner.look("u")[name].started)
    found = runner.execute("u", name, Wanted(stdin=True))
    assert found.stdin is not None
    os.write(found.stdin, b"go\n")
    assert shell.wait(name).code == 0
    assert shell.log(name).endswith("x\nover\n")
    finished(found)


def finished(execution: Execution) -> tuple[int | None, list[bytes]]:
    """Return how a program ended, and what it wrote."""
    found = []
    for one in execution.outputs:
        output = b""
        with contextlib.suppress(OSError):  # a terminal whose last user has gone
            while chunk := os.read(one, 4096):
                output += chunk
        found.append(output)
    assert until(execution.over.is_set)
    execution.close()
    return execution.code, found


def test_a_process_that_does_not_listen_is_forced(shell: Shell, runner: ProcessRunner) -> None:
    """KILL ends it and all that it started, also in a session of its own."""
    name = shell.start("trap '' TERM; echo up; setsid sleep 1000 & while :; do sleep 0.05; done")
    until(lambda: "up" in shell.log(name))
    runner.end("u", name, kill=True)
    assert shell.wait(name).code == 137
    assert until(lambda: not alive_below(runner.log_path("u", name, 0).parents[4]))


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
    assert alive_below(folder)
    server.kill()
    server.wait()
    again = ProcessRunner(folder, SystemClock(), sandbox=lambda _: sandbox)
    assert again.look("u")["c"].reason == "NodeRestarted"
    assert until(lambda: not alive_below(folder))


def test_a_stop_asks_first(shell: Shell, runner: ProcessRunner) -> None:
    """What listens can put its things in order; it counts as cut off all the same."""
    name = shell.start("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    until(lambda: "up" in shell.log(name))
    runner.close()
    assert shell.log(name) == "up\nbye\n"
    assert runner.look("u")[name].reason == "NodeRestarted"


def test_a_stop_leaves_no_process(shell: Shell, runner: ProcessRunner) -> None:
    """And the container counts as ended by the restart of the node."""
    name = shell.start("echo up; setsid sleep 1000 & sleep 1000")
    until(lambda: "up" in shell.log(name))
    runner.close()
    assert until(lambda: not alive_below(runner.log_path("u", name, 0).parents[4]))
    assert runner.look("u")[name].reason == "NodeRestarted"
