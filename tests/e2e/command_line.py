"""The command line inside the process of a test: as ``main`` runs it, exit codes and all.

Starting Python costs more than most commands do, so tests with many cases call this.
"""

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ruleengine.cli.exits import run
from ruleengine.cli.main import root
from tests.validation.config_repos import Repo

_REPORT = re.compile(r"please report it with (\S+)")
_FINDING = re.compile(r"^\S.*? (error|warning|info) [a-z]+(-[a-z]+)+: .")


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code. ``crash`` is the report of a defect of ours."""

    code: int
    output: str
    errors: str
    crash: str = ""

    @property
    def text(self) -> str:
        """Everything that a user sees."""
        return self.output + self.errors

    def check_explained(self, code: int) -> None:
        """Check the exit code, that nothing crashed, and that each finding has a remedy."""
        assert self.crash == ""
        assert "Traceback" not in self.text
        assert self.code == code, self.text
        blocks: list[list[str]] = []
        for line in self.text.splitlines():
            if _FINDING.match(line):
                blocks.append([])
            if blocks:
                blocks[-1].append(line)
        for block in blocks:
            assert any(line.startswith("    remedy: ") for line in block), block


class _Called(click.Command):
    """The root command with arguments that do not come from the process."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        super().__init__("ruleengine")
        self._arguments = list(arguments)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the root command with the given arguments."""
        del args
        return root.main(args=self._arguments, **extra)


def call(folder: Path, *arguments: str) -> Result:
    """Run ``ruleengine`` with arguments as if called in ``folder``."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        code = run(_Called(arguments))
    report = _REPORT.search(errors.getvalue())
    crash = ""
    if report is not None:
        file = Path(report[1])
        crash = file.read_text(encoding="utf-8")
        file.unlink()
    return Result(int(code), output.getvalue(), errors.getvalue(), crash)


def put(repo: Repo, files: dict[str, str | bytes]) -> None:
    """Write files of texts and bytes into a repo."""
    for path, content in files.items():
        file = repo.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def restore(repo: Repo) -> None:
    """Bring the working tree of a repo back to its commit; what Git ignores stays."""
    repo.git("reset", "--quiet", "--hard")
    repo.git("clean", "--quiet", "--force", "-d")
