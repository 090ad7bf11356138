"""What happens once nobody reads what a command prints: ``ruleengine ... | head -1``."""

import os
import subprocess
import sys
from pathlib import Path

from ruleengine.cli.printing import columns
from ruleengine.model.errors import ExitCode

_MAIN = "from ruleengine.cli.main import main; main()"
_OWN = """\
import click, os
from ruleengine.cli.main import main
def broken(*_): raise BrokenPipeError(32, "Broken pipe")
click.Group.invoke = broken
main()
"""


def called(folder: Path, code: str, *words: str, gone: bool) -> tuple[int, str]:
    """Run the command line on a pipe that somebody reads, or nobody: exit code and errors."""
    reader, writer = os.pipe()
    if gone:
        os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=folder,
            stdout=writer,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(folder)},
            check=False,
        )
    finally:
        os.close(writer)
        if not gone:
            os.close(reader)
    return done.returncode, done.stderr.decode()


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    """Exit code 0, and nothing is said."""
    assert called(tmp_path, _MAIN, "completion", "bash", gone=True) == (0, "")


def test_another_pipe_that_breaks_is_no_reader_that_is_gone(tmp_path: Path) -> None:
    """It is a defect of ours, and told as such."""
    code, errors = called(tmp_path, _OWN, "doctor", gone=False)
    assert (code, "this is a defect of ruleengine" in errors) == (ExitCode.INTERNAL, True), errors


def test_columns_are_as_wide_as_a_terminal_shows_them() -> None:
    """Letters of two columns count as two."""
    rows = [("NAME", "KEY"), ("日本", "a"), ("abcde", "b")]
    assert columns(rows) == "NAME   KEY\n日本   a\nabcde  b\n"
