"""The wrapper, and those before and after it: real processes, in a folder instead of a pod."""

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ruleengine.local.control_plane import in_memory_plane
from ruleengine.model.values import Object
from ruleengine.step.leaving import leave
from ruleengine.step.plan import VARIABLE, Plan, StepError, read_plan
from ruleengine.step.preparing import prepare
from ruleengine.step.reporting import report
from ruleengine.step.waiting import collect, wait
from ruleengine.step.watching import ends, exit_code
from tests.step.planes import PlaneApi, plan


def begin(made: Plan, *command: str) -> "subprocess.Popen[bytes]":
    """Lay a step out, and start a command through its wrapper."""
    prepare(made)
    return begin_prepared(made, *command)


def begin_prepared(made: Plan, *command: str) -> "subprocess.Popen[bytes]":
    """Start a command through the wrapper."""
    folder = made.directory
    return subprocess.Popen(
        [f"{folder}/bin/sh", f"{folder}/wrapper", *command], stdout=subprocess.PIPE
    )


def outputs(made: Plan, *command: str) -> Object:
    """Run a command through the wrapper; return what is reported of it."""
    with begin(made, *command) as process:
        process.communicate()
    return collect(made, wait(made))


def until_there(path: Path) -> None:
    """Wait for a file that a command makes."""
    while not path.exists():
        time.sleep(0.01)


def alter(made: Plan, old: str, new: str) -> None:
    """Have the wrapper of a step that is laid out look elsewhere."""
    wrapper = made.directory / "wrapper"
    text = wrapper.read_text()
    assert text.count(old) == 1
    wrapper.write_text(text.replace(old, new))


def end_what_is_left(folder: Path) -> None:
    """End what a command left running. It fails where that does not run."""
    os.kill(int((folder / "left").read_text()), signal.SIGKILL)


def parameter(path: Path, **more: Any) -> Object:
    """Return the declaration of an output parameter."""
    return {"name": "p", "path": str(path), **more}


def test_the_standard_output_is_kept_and_goes_on_to_the_log(tmp_path: Path) -> None:
    """Without its last newline; what goes to standard error is no result."""
    made = plan(tmp_path, result=True)
    with begin(made, "sh", "-c", "echo one; echo two; echo three >&2") as process:
        out, _ = process.communicate()
    assert out == b"one\ntwo\n"
    assert collect(made, wait(made)) == {"result": "one\ntwo"}


def test_of_what_a_step_prints_without_end_the_end_is_the_result(tmp_path: Path) -> None:
    """Its last 256 KiB; nothing holds a terabyte in memory."""
    made = plan(tmp_path, result=True)
    outputs(made, "true")
    with (made.directory / "output").open("wb") as file:
        file.seek(1 << 40)
        file.write(b"last\n")
    result = collect(made, 0)["result"]
    assert len(result) == (256 << 10) - 1  # without the newline
    assert result.endswith("\0last")


@pytest.mark.parametrize(
    ("full", "command", "code"),
    [
        ("output", "echo a", 64),
        ("main.log", "echo a", 64),
        ("main.log", "echo a >&2", 64),
        ("exit-code.part", "echo a", 64),
        ("output", "echo a; exit 3", 3),
        ("output", "true", 0),
        ("other", "echo a", 0),
    ],
)
def test_what_a_full_disk_took_a_part_of_is_never_taken_as_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], full: str, command: str, code: int
) -> None:
    """It is an error of what is around the step, which says so; a failure of its own stays one."""
    made = plan(tmp_path, result=True, logs={"name": "main-logs"})
    prepare(made)
    (tmp_path / full).symlink_to("/dev/full")  # every write to it fails for want of room
    with begin_prepared(made, "sh", "-c", command) as process:
        process.communicate(timeout=30)
    is_told = "could not be kept whole: its disk is full" in capfd.readouterr().err
    assert (process.returncode, is_told) == (code, code != 0)
    if "echo" in command and full != "other":
        assert (tmp_path / "output").is_symlink() is False
    if full == "output":
        assert collect(replace(made, logs={}), code) == {}


@pytest.fixture(params=["its own tools", "tools of this machine"])
def tools(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the wrapper run by one static program, where there is one, and by this machine's."""
    if request.param != "its own tools":
        monkeypatch.setattr("ruleengine.step.preparing.static_busybox", lambda: None)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("left", ["", "sleep 600 & echo $! >left; "])
def test_a_slow_reader_of_the_log_costs_the_result_nothing(tmp_path: Path, left: str) -> None:
    """More than a pipe holds is on its way when the command ends; who holds it is waited for."""
    made = plan(tmp_path, result=True)
    ended = tmp_path / "ended"
    script = f"cd {tmp_path}; {left}head -c 100000 /dev/zero; touch {ended}"
    with begin(made, "sh", "-c", script) as process:
        until_there(ended)
        time.sleep(1.5)  # nobody reads meanwhile
        assert process.poll() is None
        out, _ = process.communicate(timeout=30)
    if left:
        end_what_is_left(tmp_path)
    assert (process.returncode, len(out)) == (0, 100000)
    assert (tmp_path / "output").stat().st_size == 100000


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("reads", [True, False])
def test_what_goes_on_to_talk_without_end_holds_up_no_step(tmp_path: Path, *, reads: bool) -> None:
    """All that the command had said is kept once more than a pipe holds has come after it."""
    made = plan(tmp_path, result=True)
    script = f"cd {tmp_path}; echo said; yes & echo $! >left"
    with begin(made, "sh", "-c", script) as process:
        if not reads:
            time.sleep(0.5)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, wait(made)) == (0, 0)
    assert out.startswith(b"said\n")
    with (tmp_path / "output").open("rb") as file:
        assert file.readline() == b"said\n"


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("first", ["echo said", "rm output; echo said"])
def test_what_goes_on_to_talk_is_let_go_of_although_its_keeper_never_rests(
    tmp_path: Path, first: str
) -> None:
    """Once it has taken more than a pipe holds, whatever became of the file that it writes."""
    made = plan(tmp_path, result=True)
    prepare(made)
    call = tmp_path / "call"
    call.write_text("1 0x1 writes\n")
    alter(made, "/proc/$keeper/syscall", str(call))
    talk = "(while :; do head -c 65536 /dev/zero; sleep 0.01; done) & echo $! >left"
    with begin_prepared(made, "sh", "-c", f"cd {tmp_path}; {first}; {talk}") as process:
        try:
            out, _ = process.communicate(timeout=20)
        finally:
            end_what_is_left(tmp_path)
    assert (process.returncode, wait(made)) == (0, 0)
    assert out.startswith(b"said\n")


@pytest.mark.usefixtures("tools")
def test_what_stops_growing_is_let_go_of_where_nobody_tells_more(tmp_path: Path) -> None:
    """Some systems do not say what a process waits for; what grows is looked at again."""
    made = plan(tmp_path, result=True)
    prepare(made)
    alter(made, "/syscall", "/none")
    pause = tmp_path / "bin" / "sleep"
    pause.unlink()
    pause.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/slept\n/bin/sleep 0.1\n')
    pause.chmod(0o755)
    script = f"sleep 600 & echo $! >{tmp_path}/left; echo said"
    with begin_prepared(made, "sh", "-c", script) as process:
        process.communicate(timeout=30)
    end_what_is_left(tmp_path)
    assert collect(made, wait(made)) == {"result": "said"}
    looks = (tmp_path / "slept").read_text().split()
    assert 1 <= looks.count("1") < 10


def test_a_signal_while_the_last_words_arrive_loses_nothing(tmp_path: Path) -> None:
    """What is left to be kept is waited for again."""
    made = plan(tmp_path, result=True)
    ended = tmp_path / "ended"
    script = f"head -c 100000 /dev/zero; echo said; touch {ended}"
    with begin(made, "sh", "-c", script) as process:
        until_there(ended)
        time.sleep(0.2)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, len(out)) == (0, 100005)
    assert collect(made, wait(made))["result"].endswith("said")


def test_what_is_no_utf8_is_reported_all_the_same(tmp_path: Path) -> None:
    """With a sign in place of each byte that is none, as the status is JSON."""
    file = tmp_path / "file"
    made = plan(tmp_path, result=True, parameters=(parameter(file),))
    assert outputs(made, "sh", "-c", f"printf 'a\\377b' | tee {file}") == {
        "result": "a\ufffdb",
        "parameters": [{"name": "p", "value": "a\ufffdb"}],
    }


def test_declared_files_are_reported_as_parameters(tmp_path: Path) -> None:
    """One newline at the end is cut off; a file that is not there has its default."""
    file = tmp_path / "a file"
    made = plan(tmp_path, parameters=(parameter(file, globalName="g"),))
    assert outputs(made, "sh", "-c", f"printf 'text\n\n' >'{file}'") == {
        "parameters": [{"name": "p", "globalName": "g", "value": "text\n"}]
    }
    other = tmp_path / "other"
    other.mkdir()
    absent = plan(other, parameters=(parameter(tmp_path / "none", default=7),))
    assert outputs(absent, "true") == {"parameters": [{"name": "p", "value": "7"}]}


def test_a_declared_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Unless the step failed, which is what matters then."""
    made = plan(tmp_path, parameters=(parameter(tmp_path / "none"),))
    with pytest.raises(StepError, match="'p' has no value"):
        outputs(made, "true")
    assert outputs(made, "false") == {}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("mkfifo", "is no file"),
        ("mkdir", "is no file"),
        ("ln -s /proc/self/mem", "cp: "),  # whose first page nobody can read, root neither
    ],
)
def test_what_is_no_file_to_be_read_is_told(tmp_path: Path, make: str, said: str) -> None:
    """A default is for what is not there; a step that failed has something else to tell."""
    place = tmp_path / "p"
    made = plan(tmp_path, parameters=(parameter(place, default="d"),))
    with pytest.raises(StepError, match=f"'p' has no value: .*{said}"):
        outputs(made, "sh", "-c", f"{make} {place}")
    assert not (tmp_path / "parameters" / "0").exists()
    assert collect(made, 3) == {"parameters": [{"name": "p", "value": "d"}]}


@pytest.mark.parametrize("kind", ["parameters", "artifacts"])
def test_a_path_of_several_lines_is_refused_before_the_step_begins(
    tmp_path: Path, kind: str
) -> None:
    """It would read as another one, at which the step wrote nothing."""
    made = plan(tmp_path, **{kind: (parameter(tmp_path / "a\nb"),)})
    with pytest.raises(StepError, match="whose name has several lines"):
        prepare(made)


def test_a_copy_that_breaks_without_a_word_is_told(tmp_path: Path) -> None:
    """As where there is no room for the words either."""
    file = tmp_path / "file"
    made = plan(tmp_path, parameters=(parameter(file),))
    prepare(made)
    (tmp_path / "bin" / "cp").unlink()
    (tmp_path / "bin" / "cp").symlink_to("/bin/false")
    with begin_prepared(made, "touch", str(file)) as process:
        process.communicate(timeout=30)
    with pytest.raises(StepError, match="it could not be copied, and nothing says why"):
        collect(made, wait(made))


def test_blanks_of_a_path_are_its_own(tmp_path: Path) -> None:
    """At its end too."""
    file = tmp_path / "a  b "
    made = plan(tmp_path, parameters=(parameter(file),))
    assert outputs(made, "touch", str(file)) == {"parameters": [{"name": "p", "value": ""}]}


@pytest.mark.parametrize("logs", [{}, {"name": "main-logs"}])
def test_a_step_ends_with_its_command_whatever_that_leaves_running(
    tmp_path: Path, logs: Object
) -> None:
    """What was said until then is kept; nobody waits for who holds the streams for ever."""
    made = plan(tmp_path, result=True, logs=logs)
    left = "sleep 600 & echo $! >left; cd /; echo said; echo wrong >&2; exit 3"
    with begin(made, "sh", "-c", f"cd {tmp_path}; {left}") as process:
        out, _ = process.communicate(timeout=60)
    end_what_is_left(tmp_path)
    assert (process.returncode, out, wait(made)) == (3, b"said\n", 3)
    assert collect(replace(made, logs={}), 3) == {"result": "said"}
    if logs:
        assert sorted((tmp_path / "main.log").read_text().split()) == ["said", "wrong"]


@pytest.mark.parametrize(
    ("command", "code"),
    [(("true",), 0), (("sh", "-c", "exit 7"), 7), (("no-such-program",), 64)],
)
def test_the_wrapper_ends_as_its_command_does(
    tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    """A program that does not exist is no failure of the step but an error."""
    made = plan(tmp_path, result=True)
    with begin(made, *command) as process:
        process.communicate()
    assert process.returncode == code
    assert wait(made) == code


def test_a_signal_reaches_the_command_and_its_end_is_told(tmp_path: Path) -> None:
    """The command may tidy up and choose its exit code."""
    made = plan(tmp_path, result=True)
    ready = tmp_path / "ready"
    script = f"trap 'echo bye; exit 3' TERM; touch {ready}; while :; do sleep 0.05; done"
    with begin(made, "sh", "-c", script) as process:
        until_there(ready)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (3, b"bye\n")
    assert collect(made, wait(made)) == {"result": "bye"}


def test_a_step_that_was_killed_is_not_waited_for(tmp_path: Path) -> None:
    """It left no exit code, and its lock is free."""
    made = plan(tmp_path, result=True)
    with begin(made, "sleep", "60") as process:
        until_there(tmp_path / "started")
        process.kill()
        process.stdout.close()  # type: ignore[union-attr]
    assert wait(made) is None


@pytest.mark.parametrize("left", ["", "nonsense", None])
def test_an_exit_code_that_is_none_is_no_end_by_itself(tmp_path: Path, left: str | None) -> None:
    """Half written it may become one; a link leads where only we can read."""
    made = plan(tmp_path, result=True)
    with begin(made, "sleep", "60") as process:
        until_there(tmp_path / "started")
        place = tmp_path / "exit-code"
        if left is None:
            (tmp_path / "secret").write_text("7")
            place.symlink_to("secret")
        else:
            place.write_text(left)
        found = []
        watching = threading.Thread(target=lambda: found.extend(ends([tmp_path])))
        watching.start()
        watching.join(0.2)
        assert (watching.is_alive(), found) == (True, [])
        process.kill()
        process.stdout.close()  # type: ignore[union-attr]
        watching.join(30)
    assert found == [(tmp_path, None)]


def test_each_end_is_told_once(tmp_path: Path) -> None:
    """One after the other, however long the next takes; no file stays open."""
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "over"]
    for folder in folders:
        folder.mkdir()
        prepare(plan(folder, result=True))
    (folders[2] / "exit-code").write_text("7")
    before = len(list(Path("/proc/self/fd").iterdir()))
    told = ends(folders)
    with begin_prepared(plan(folders[1], result=True), "sh", "-c", "exit 1"):
        assert [next(told), next(told)] == [(folders[2], 7), (folders[1], 1)]
    with begin_prepared(plan(folders[0], result=True), "sh", "-c", "sleep 0.2; exit 2"):
        assert list(told) == [(folders[0], 2)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_end_is_seen_also_where_the_step_removes_what_shows_it(tmp_path: Path) -> None:
    """What is watched once is not lost."""
    made = plan(tmp_path, result=True)
    go = tmp_path / "go"
    script = f"rm {tmp_path}/alive; while [ ! -e {go} ]; do sleep 0.02; done; exit 3"
    found: list[int | None] = []
    prepare(made)
    watching = threading.Thread(target=lambda: found.append(wait(made)))
    watching.start()
    with begin_prepared(made, "sh", "-c", script) as process:
        while (tmp_path / "alive").exists():
            time.sleep(0.01)
        go.touch()
        process.communicate(timeout=30)
    watching.join(30)
    assert found == [3]


def test_a_pipe_that_somebody_else_lets_go_of_is_no_end(tmp_path: Path) -> None:
    """The step has not begun yet."""
    made = plan(tmp_path, result=True)
    prepare(made)
    found: list[int | None] = []
    watching = threading.Thread(target=lambda: found.append(wait(made)))
    watching.start()
    for _ in range(10):  # also after the other has opened it
        os.close(os.open(tmp_path / "alive", os.O_RDWR))
        watching.join(0.02)
    assert (watching.is_alive(), found) == (True, [])
    with begin_prepared(made, "sh", "-c", "exit 3") as process:
        process.communicate()
    watching.join(30)
    assert found == [3]


@pytest.mark.parametrize("instead", [None, "file", "link", "folder"])
def test_an_end_that_nobody_can_see_is_an_error(tmp_path: Path, instead: str | None) -> None:
    """It says what is gone, and what to do; no step is waited for without end."""
    made = plan(tmp_path, result=True)
    prepare(made)
    pipe = tmp_path / "alive"
    pipe.unlink()
    match instead:
        case "file":
            pipe.touch()
        case "link":
            pipe.symlink_to("/proc/version")
        case "folder":
            pipe.mkdir()
    with pytest.raises(StepError, match=r"has removed .*alive .*let its command leave"):
        wait(made)
    (tmp_path / "exit-code").write_text("5")
    assert wait(made) == 5


def test_a_step_that_removes_its_folder_has_an_end(tmp_path: Path) -> None:
    """What it was to make is missing, and that is said."""
    folder = tmp_path / "left"
    folder.mkdir()
    made = plan(folder, result=True)
    prepare(made)
    found: list[int | None] = []
    watching = threading.Thread(target=lambda: found.append(wait(made)))
    watching.start()
    with begin_prepared(made, "sh", "-c", f"sleep 0.2; rm -rf {folder}") as process:
        process.communicate(timeout=30)
    watching.join(30)
    assert found == [None]
    assert (process.returncode, collect(made, None)) == (64, {})
    leave(folder, "exit-code", "137")  # no error, and nothing to write it to
    assert not folder.exists()


def test_a_word_that_is_left_follows_no_link(tmp_path: Path) -> None:
    """A step cannot have us write to a file of ours."""
    (tmp_path / "ours").write_text("kept")
    folder = tmp_path / "left"
    folder.mkdir()
    (folder / "exit-code").symlink_to("../ours")
    leave(folder, "exit-code", "137")
    assert (tmp_path / "ours").read_text() == "kept"
    assert exit_code(folder) == 137


def test_a_script_is_laid_out_to_be_run(tmp_path: Path) -> None:
    """Nothing else is where nobody asks for outputs."""
    script = tmp_path / "script"
    prepare(plan(tmp_path, script={"path": str(script), "source": "echo 1"}))
    assert (script.read_text(), script.stat().st_mode & 0o777) == ("echo 1", 0o755)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["script"]


def test_what_a_step_made_is_reported_once_and_for_all(tmp_path: Path) -> None:
    """A second report of the same changes nothing."""
    plane = in_memory_plane()
    api = PlaneApi(plane)
    from ruleengine.app.crds import crd_actions

    for action in crd_actions():
        if action.target.name == "workflowtaskresults.argoproj.io":
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
            api.apply(path + action.target.name, action.object or {}, "test")
    plane.settle()
    made = plan(tmp_path)
    for _ in range(2):
        report(made, api, {"result": "r"})
    path = "/apis/argoproj.io/v1alpha1/namespaces/default/workflowtaskresults/wf-1"
    found = api.get(path)
    assert found["outputs"] == {"result": "r"}
    assert found["metadata"]["generation"] == 1
    assert found["metadata"]["labels"]["workflows.argoproj.io/workflow"] == "wf"


def test_a_plan_comes_from_the_environment() -> None:
    """Without one it is said where this program belongs."""
    text = json.dumps({"node": "n", "workflow": "w", "directory": "/d", "result": True})
    made = read_plan({VARIABLE: text, "POD_NAMESPACE": "ns"})
    assert (made.node, made.namespace, made.result) == ("n", "ns", True)
    for environment in ({}, {VARIABLE: "nonsense"}, {VARIABLE: "{}"}):
        with pytest.raises(StepError, match="in pods of workflows only"):
            read_plan(environment)


@pytest.mark.parametrize(
    ("content", "is_brought"),
    [(b"#!/bin/sh\necho tee\n", True), (b"#!/bin/sh\n# /lib64/ld-linux-x86-64.so.2", False)],
)
def test_only_a_program_that_runs_in_every_image_is_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, is_brought: bool
) -> None:
    """One that needs a loader runs where it lies alone, and so do the machine's own tools."""
    place = tmp_path / "programs"
    place.mkdir()
    (place / "busybox").write_bytes(content)
    (place / "busybox").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    prepare(plan(tmp_path, result=True))
    where = tmp_path / "bin" / "busybox"
    assert where.exists() is is_brought
    assert ((tmp_path / "bin" / "tee").readlink() == where) is is_brought


@pytest.mark.parametrize("content", [b"\x7fELF of another machine", b"#!/bin/sh\nexit 1\n"])
def test_a_busybox_that_does_not_run_is_no_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """It is said before anything relies on it."""
    place = tmp_path / "programs"
    place.mkdir()
    (place / "busybox").write_bytes(content)
    (place / "busybox").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    with pytest.raises(StepError, match="does not run here"):
        prepare(plan(tmp_path, result=True))


@pytest.mark.parametrize("member", [False, True])
def test_a_command_is_the_program_of_its_image(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    member: bool,
) -> None:
    """Whatever the shell around it would do under that name; without one, what to do is said."""
    place = tmp_path / "programs"
    place.mkdir()
    for name in ("echo", "od", "sh"):
        (place / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "the image\'s {name}: $*"\n')
        (place / name).chmod(0o755)
    (place / "exit").mkdir()  # a folder is no program
    (place / "sort").mkdir()  # and the next place has one
    (place / "eval").touch()  # nor is what nobody may run
    monkeypatch.setenv("PATH", str(place), prepend=":")
    stated = {"name": "main", "needs": [], "awaits": []}
    for number, (command, code, said) in enumerate(
        [
            (["echo", "a\\nb"], 0, "the image's echo: a\\nb\n"),
            (["od", "-i"], 0, "the image's od: -i\n"),
            (["sh", "-c", "exit 9"], 0, "the image's sh: -c exit 9\n"),
            ([str(place / "od")], 0, "the image's od: \n"),
            (["sort", "/dev/null"], 0, ""),
            (["exit", "0"], 64, ""),
            (["eval", "true"], 64, ""),
            (["/none"], 64, ""),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = plan(folder, result=True, members=(stated,) if member else ())
        prepare(made)
        inner = replace(made, directory=folder / "ctr" / "main") if member else made
        first = [f"{folder}/bin/sh", f"{inner.directory}/member"] if member else []
        with begin_prepared(inner, *first, *command) as process:
            out, _ = process.communicate(timeout=30)
        assert (process.returncode, out.decode()) == (code, said)
        problem = f"there is no program {command[0]} in this image: take one that has it"
        assert (problem in capfd.readouterr().err) is (code == 64)
