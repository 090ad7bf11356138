"""``pipeline logs`` for real: steps that are processes write, and are read while they do."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ruleengine.local import process
from tests.e2e.process_kit import Place, end, place, wait_for
from tests.local.sandboxes import require_sandbox

TALKING = """\
entrypoint: main
templates:
- name: main
  steps:
  - - {name: zero, template: say}
  - - {name: alone, template: say, arguments: {parameters: [{name: part, value: last}]}}
- name: say
  inputs: {parameters: [{name: part, value: first}]}
  metadata: {labels: {part: "{{inputs.parameters.part}}"}}
  container:
    image: alpine
    command: [sh, -c, "echo one; echo two; echo three >&2"]
"""
LASTING = """\
entrypoint: main
templates:
- name: main
  container:
    image: alpine
    command: [sh, -c, "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done"]
"""
FILES = {
    "ruleengine.yaml": "namespace: ci\n",
    "pipelines/talks.yaml": TALKING,
    "pipelines/lasts.yaml": LASTING,
}
_MAIN = "from ruleengine.cli.main import main; main()"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a place where a workflow has talked; skip where there is no sandbox."""
    require_sandbox()
    with place(tmp_path_factory.mktemp("logs"), FILES) as made:
        made.start()
        told = made.pipeline("run", "talks", "--name", "talked")
        assert told.code == 0, told.text
        yield made


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ((), [f"{step}: {word}" for step in ("zero", "alone") for word in ("one", "two", "three")]),
        (("alone",), ["alone: one", "alone: two", "alone: three"]),
        (("--tail", "1"), ["zero: three", "alone: three"]),
        (("--tail", "0"), []),
        (("--grep", "^t"), ["zero: two", "zero: three", "alone: two", "alone: three"]),
        (("zero", "--since", "1h", "--grep", "one"), ["zero: one"]),
        (("--node-field-selector", "displayName!=zero", "--tail", "1"), ["alone: three"]),
        (("-f", "zero"), ["zero: one", "zero: two", "zero: three"]),
        (("-l", "part=last", "--tail", "1"), ["alone: three"]),
        (("-f", "-l", "part!=last", "--tail", "1"), ["zero: three"]),
        (("-l", "part in (first, last)", "--tail", "1"), ["zero: three", "alone: three"]),
    ],
)
def test_lines_are_told_with_their_step(
    site: Place, words: tuple[str, ...], lines: list[str]
) -> None:
    """One step after another, in the order in which they ran, and only what is asked for."""
    found = site.pipeline("logs", "talked", *words)
    assert (found.code, found.output.splitlines(), found.errors) == (0, lines, "")


def test_lines_are_told_as_data_and_with_their_times(site: Place) -> None:
    """Each line is an object of its own."""
    found = site.pipeline("logs", "talked", "zero", "-o", "json", "--tail", "1")
    line = json.loads(found.output)
    assert (line["step"], line["text"]) == ("zero", "three")
    assert line["pod"].startswith("talked-say-")
    timed = site.pipeline("logs", "talked", "zero", "--timestamps", "--tail", "1").output
    assert timed.startswith("zero: 20")
    assert timed.endswith("Z three\n")


def test_old_lines_are_left_out_where_young_ones_are_asked_for(site: Place) -> None:
    """They get old."""
    young = ("logs", "talked", "zero", "--since", "1s")
    assert wait_for(lambda: site.pipeline(*young).output == "")
    assert site.pipeline("logs", "talked", "zero").output != ""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nosuch",), 3, "its steps: zero, alone"),
        (("--node-field-selector", "phase=Failed"), 3, "its steps: zero, alone"),
        (("-l", "part=none"), 3, "its steps: zero, alone"),
        (("-l", "a b"), 3, "selects no labels"),
        (("zero", "-c", "mian"), 1, "its containers: main"),
        (("zero", "--previous"), 1, 'previous terminated container "main"'),
    ],
)
def test_what_cannot_be_read_is_told(
    site: Place, words: tuple[str, ...], code: int, told: str
) -> None:
    """With what there is in its place."""
    found = site.pipeline("logs", "talked", *words)
    assert (found.code, told in found.errors) == (code, True), found.text


@pytest.mark.parametrize(("more", "drawn"), [((), True), (("--log",), False)])
def test_on_a_terminal_a_tree_is_drawn_unless_logs_come_between(
    site: Place, more: tuple[str, ...], *, drawn: bool
) -> None:
    """Lines are only added then."""
    master, slave = pty.openpty()
    words = ["pipeline", "run", "talks", "--watch", *more, "--state", str(site.state)]
    command = [sys.executable, "-c", _MAIN, *words]
    plain = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    done = subprocess.run(
        command, cwd=site.repo.root, env=plain, stdout=slave, check=False, timeout=60
    )
    os.close(slave)
    shown = b""
    with os.fdopen(master, "rb", buffering=0) as terminal, suppress(OSError):
        while block := terminal.read(4096):
            shown += block
    assert done.returncode == 0
    text = shown.decode()
    assert ("\x1b[J" in text) is drawn, text
    assert ("zero:\x1b[0m one" in text) is not drawn, text


def test_following_ends_with_the_reader_and_the_run_goes_on_without_one(site: Place) -> None:
    """Whoever has seen enough of the logs is left alone; what drives goes on until it is told."""
    with left_after_a_line(site, "run", "lasts", "--name", "lasting", "--log") as running:
        assert wait_for(lambda: "lasting: line 1" in site.pipeline("logs", "lasting").output)
        with left_after_a_line(site, "logs", "lasting", "-f") as reader:
            _, errors = reader.communicate(timeout=30)
            assert (reader.returncode, errors) == (0, "")
        assert running.poll() is None
        late = site.pipeline("wait", "lasting", "--timeout", "100ms")
        assert (late.code, "not over yet" in late.errors) == (1, True)
        assert site.pipeline("stop", "lasting").code == 0
        _, errors = running.communicate(timeout=30)
        assert (running.returncode, errors) == (1, "")


@contextmanager
def followed(site: Place, name: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a workflow that lasts, and let every command follow it; each has shown that it does."""
    first = ("run", "lasts", "--name", name, "--watch")
    running = ("list", "--prefix", name, "--status", "Running", "-o", "name")
    children = []
    try:
        for line in (first, ("watch", name), ("wait", name), ("logs", name, "-f")):
            pipes = {"output": subprocess.PIPE, "errors": subprocess.PIPE}
            children.append(site.spawn("pipeline", *line, **pipes))
            assert wait_for(lambda: site.pipeline(*running).output == f"workflow/{name}\n")
        for child in children:
            assert child.stdout is not None
            assert any(name.encode() in line for line in child.stdout)
        yield children
    finally:
        for child in children:
            end(child)


def told_at_the_end(children: Sequence[subprocess.Popen[bytes]]) -> list[tuple[int, str]]:
    """Return with which code each process ended, and what it said beside its result."""
    errors = [child.communicate(timeout=30)[1].decode() for child in children]
    return [(child.returncode, text) for child, text in zip(children, errors, strict=True)]


def test_whoever_follows_a_workflow_is_told_of_its_deletion(site: Place) -> None:
    """1, for it came to no good end; logs were read as far as there were any."""
    with followed(site, "doomed") as children:
        assert site.pipeline("delete", "doomed").code == 0
        *others, logs = told_at_the_end(children)
    assert others == [(1, "doomed was deleted before its end\n")] * 3
    assert logs == (0, "note: doomed was deleted: its logs end here\n")


def test_whoever_follows_ends_when_no_server_answers_any_more(tmp_path: Path) -> None:
    """4: nobody waits before a picture that stands still."""
    with place(tmp_path, FILES) as made:
        made.start()
        with followed(made, "left") as children:
            process.stop(made.state)
            told = told_at_the_end(children)
    for code, errors in told:
        assert (code, "no API server answers" in errors) == (4, True), errors


def test_ctrl_c_ends_whoever_follows_and_not_the_workflow(site: Place) -> None:
    """130 each; whoever follows a workflow to its end says how to go on."""
    with followed(site, "kept") as children:
        for child in children:
            child.send_signal(signal.SIGINT)
        *others, logs = told_at_the_end(children)
    assert [code for code, _ in (*others, logs)] == [130] * 4
    for _, errors in others:
        assert "pipeline watch kept, or " in errors
    assert "watch" not in logs[1]
    assert "Status:    Running\n" in site.pipeline("get", "kept").output
    assert site.pipeline("stop", "kept").code == 0
    assert site.pipeline("wait", "kept").code == 1


@contextmanager
def left_after_a_line(site: Place, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command whose reader goes away after the first line; end it afterwards."""
    reader, writer = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", _MAIN, "pipeline", *words, "--state", str(site.state)],
        cwd=site.repo.root,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as lines:
            assert lines.readline()
        yield child
    finally:
        end(child)
        if child.stderr is not None:
            child.stderr.close()
