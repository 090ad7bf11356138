"""What a program of an image is given by the wrapper around it: what it would have without."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ruleengine.step import preparing
from ruleengine.step.plan import Plan
from ruleengine.step.preparing import prepare
from tests.step.planes import plan

_SAYS = "import json, os; print(json.dumps(dict(os.environ)))"
_HEARS = """
import signal, sys, time
signal.signal(signal.{name}, lambda *_: sys.exit(3))
open({ready!r}, "x")
while True:
    time.sleep(0.05)  # a signal just before a pause would not end it
"""


@pytest.fixture(params=[False, True], ids=["alone", "in a set"])
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Plan:
    """Return what is laid out for a step: one with a single container, or one of a set."""
    stated = {"name": "main", "needs": [], "awaits": []}
    return plan(tmp_path / "step", result=True, members=(stated,) if request.param else ())


def lay_out(made: Plan) -> None:
    """Do what is done before the containers of a pod begin."""
    made.directory.mkdir()
    prepare(made)


def begin(made: Plan, *command: str, **more: Any) -> "subprocess.Popen[bytes]":
    """Start a command as the pod of a step would."""
    shell = f"{made.directory}/bin/sh"
    folder = made.directory / "ctr" / "main" if made.members else made.directory
    inner = [shell, f"{folder}/member"] if made.members else []
    arguments = [shell, f"{folder}/wrapper", *inner, *command]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, **more)


def given(made: Plan, *command: str, **more: Any) -> str:
    """Return what a command says through the wrapper."""
    lay_out(made)
    with begin(made, *command, **more) as process:
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return out.decode()


_STATED = {
    "spring.datasource.url": "jdbc",
    "a-b": "c=d",
    "-i": "no option",
    "ONE": "a\n\nb=c\n",
    "EMPTY": "",
    "TEXT": "Á \u0101 😀 \\ $x `y` 'z' \"q\" * \t ",
    "IFS": ":",
    "PWD": "/nowhere",
    "SHLVL": "7",
    "LC_CTYPE": "C.UTF-8",
    **dict.fromkeys(("d", "b", "program", "outputs", "child", "code", "name", "one"), "the step's"),
}


@pytest.mark.parametrize("is_brought", [True, False])
def test_its_environment_is_that_of_its_container(
    made: Plan, monkeypatch: pytest.MonkeyPatch, *, is_brought: bool
) -> None:
    """Nothing is added, changed or left out, whatever shell is between them."""
    if not is_brought:
        monkeypatch.setattr(preparing, "static_busybox", lambda: None)
    said = given(made, sys.executable, "-I", "-c", _SAYS, env=_STATED)
    assert json.loads(said) == _STATED


def test_it_may_lie_where_the_path_says_in_its_working_directory(
    made: Plan, tmp_path: Path
) -> None:
    """And be called like a variable."""
    for name in ("a=b", "other"):
        (tmp_path / "programs" / name).mkdir(parents=True)
        program = tmp_path / "programs" / name / name
        program.write_text("#!/bin/sh\necho $WORD\n")
        program.chmod(0o755)
        folder = replace(made, directory=tmp_path / name)
        environment = {"PATH": f"none:programs/{name}", "WORD": name}
        assert given(folder, name, env=environment, cwd=tmp_path) == f"{name}\n"


@pytest.mark.parametrize("is_brought", [True, False])
def test_it_is_called_as_it_was_written(
    made: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_brought: bool
) -> None:
    """Some programs look at their name, and errors begin with it; where it lies is not it."""
    if not is_brought:
        monkeypatch.setattr(preparing, "static_busybox", lambda: None)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "snake").symlink_to(sys.executable)
    path = {"PATH": f"{tmp_path}/nowhere:{tmp_path}/programs:/usr/bin:/bin"}
    says = "print(open('/proc/self/cmdline').read().split('\\0')[0])"
    assert given(made, "snake", "-I", "-S", "-c", says, env=path) == "snake\n"
    if not is_brought:  # BusyBox would be its own sh, so that has its full name
        made = replace(made, directory=tmp_path / "another")
        assert given(made, "sh", "-c", "echo $0", env=path) == "sh\n"


def test_without_a_path_a_program_is_found_all_the_same(made: Plan) -> None:
    """By the one that a shell has."""
    assert given(made, "cat", "/dev/null", env={}) == ""


def test_what_its_container_reads_it_reads(made: Plan) -> None:
    """As where somebody attaches to it."""
    lay_out(made)
    with begin(made, "tr", "a-z", "A-Z", stdin=subprocess.PIPE) as process:
        assert process.communicate(b"word", timeout=30)[0] == b"WORD"


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_whatever_its_image_is_stopped_with_reaches_it(
    made: Plan, tmp_path: Path, name: str
) -> None:
    """An image states a signal of its own where it likes no SIGTERM; see ``member`` for sets."""
    if made.members and name in {"SIGINT", "SIGQUIT"}:
        name = "SIGTERM"
    ready = tmp_path / "ready"
    script = _HEARS.format(name=name, ready=str(ready))
    lay_out(made)
    with begin(made, sys.executable, "-I", "-c", script) as process:
        while not ready.exists():
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        assert process.wait(30) == 3


def test_one_that_is_told_before_it_begins_hears_of_it(made: Plan, tmp_path: Path) -> None:
    """What was sent to the wrapper is not lost."""
    lay_out(made)
    tool = made.directory / "bin" / "mkfifo"  # of what the wrapper does before it begins
    real = tmp_path / "mkfifo"
    tool.rename(real)
    tool.write_text(f'#!/bin/sh\nkill -TERM "$PPID"\nexec {real} "$@"\n')
    tool.chmod(0o755)
    with begin(made, "sleep", "60") as process:
        assert process.wait(30) == 128 + signal.SIGTERM
