"""Calls the ``git`` program on one folder, and says what its refusals mean."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ruleengine.model.errors import RuleEngineError, StoreError, UsageError

_OF_ANOTHER_REPOSITORY: Final = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""Git sets these while it runs a hook; they would redirect us from the folder we are asked for."""


class Git:
    """The ``git`` program on the repository that ``folder`` lies in.

    ``environment`` is that of the process. What it says about the repository is ignored, in
    favour of ``folder``; only its index file counts, where ``index`` asks for it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        self.folder = folder
        self.index_file = _index_file(folder, given)
        kept = {name: text for name, text in given.items() if name not in _OF_ANOTHER_REPOSITORY}
        self.environment: Mapping[str, str] = kept | {
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def start(self, *arguments: str, index: bool = False) -> "subprocess.Popen[bytes]":
        """Start git and return the process, its three streams connected.

        Raises ``UsageError`` where there is no git on the path.
        """
        environment = self.environment
        if index and self.index_file:
            environment = {**environment, "GIT_INDEX_FILE": self.index_file}
        try:
            return subprocess.Popen(  # noqa: S603 - git itself, without a shell
                ["git", "-C", str(self.folder), *arguments],  # noqa: S607 - where the user has it
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                process_group=0,  # a terminal's Ctrl-C is for us: we decide when to stop
            )
        except FileNotFoundError as error:
            raise UsageError(
                "the program git is not on the path", "install git; a config repo needs it"
            ) from error

    def finish(self, process: "subprocess.Popen[bytes]") -> bytes:
        """Return what a started git printed.

        Raises ``UsageError`` where git refuses, ``KeyboardInterrupt`` where a Ctrl-C reached it
        before it had a process group of its own.
        """
        return self.finish_complaining(process)[0]

    def finish_complaining(self, process: "subprocess.Popen[bytes]") -> tuple[bytes, str]:
        """Return what a started git printed, and of what it complained although it went on.

        Raises as :meth:`finish` does.
        """
        output, said = process.communicate()
        complaint = said.decode("utf-8", "surrogateescape")
        if process.returncode == -signal.SIGINT:
            raise KeyboardInterrupt
        if process.returncode:
            raise refusal(complaint, self.folder)
        return output, complaint

    def run(self, *arguments: str, index: bool = False) -> bytes:
        """Run git and return what it printed. Raises ``UsageError`` where git refuses."""
        return self.finish(self.start(*arguments, index=index))

    def ask(self, *arguments: str) -> str | None:
        """Return the one line that git prints, or ``None`` where git refuses."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        return None if process.returncode else output.decode(errors="replace").strip()


def refusal(complaint: str, folder: Path) -> RuleEngineError:
    """Return the error that explains why git refused."""
    words = complaint.strip().removeprefix("fatal: ")
    if "dubious ownership" in words:
        return UsageError(
            f"{folder} belongs to another user, so git does not trust it",
            f"git config --global --add safe.directory {folder}",
        )
    if "not a git repository" in words:
        top = git_folder(folder)
        if top is None:
            return no_repository(folder)
        return UsageError(
            f"git does not take {top / '.git'} for a repository",
            "restore it, or clone the repository anew; `git status` there says more",
        )
    if "No space left on device" in words:
        return StoreError(f"git cannot write {folder}: its disk is full", "free space on it")
    first = words.splitlines()[0] if words else "git failed without a word"
    return UsageError(f"git cannot read {folder}: {first}", "run `git status` there and mend it")


def no_repository(folder: Path) -> UsageError:
    """Return the error for a folder that is in no Git repository, or in one without files."""
    if is_bare(folder):
        return UsageError(
            f"{folder} is a bare Git repository: it has no files to work on",
            "work in a clone of it, or add a folder to it with `git worktree add`",
        )
    return UsageError(
        f"{folder} is in no Git repository, so it has no revisions and no staged files",
        "run `git init` there, or leave out the option that names a revision",
    )


def git_folder(folder: Path) -> Path | None:
    """Return the top folder of the repository that ``folder`` lies in, or ``None``."""
    for one in (folder, *folder.parents):
        if (one / ".git").exists():
            return one
    return None


def is_bare(folder: Path) -> bool:
    """Tell whether a folder is itself a Git repository, one without a working tree."""
    return (folder / "HEAD").is_file() and all(
        (folder / name).is_dir() for name in ("objects", "refs")
    )


def _index_file(folder: Path, environment: Mapping[str, str]) -> str:
    """Return the index that a running hook was given, if it is a hook of this repository."""
    named = environment.get("GIT_INDEX_FILE", "")
    top = git_folder(folder)
    if not named or top is None:
        return ""
    path = (Path.cwd() / named).resolve()
    own = (top / ".git").resolve()
    if own.is_file():  # a linked worktree: its index lies in the main repository
        own = (top / own.read_text().removeprefix("gitdir:").strip()).resolve()
    return str(path) if own in path.parents else ""
