"""Commits of files that are written by us: always the same commit for the same content."""

from datetime import datetime
from pathlib import Path

from ruleengine.repository.git import Git

_NAME = "ruleengine"
_ADDRESS = "ruleengine@localhost"


def commit_all(folder: Path, message: str, at: datetime) -> str:
    """Commit everything in a folder, which becomes a repository; return the revision.

    Nothing new makes no commit. Raises ``UsageError`` where git is missing or refuses.
    """
    git = Git(folder)
    if not (folder / ".git").exists():
        git.run("init", "--quiet", "--initial-branch=main")
    git.run("add", "--all")
    if git.ask("diff", "--cached", "--quiet", "HEAD", "--") is None:
        when = f"{int(at.timestamp())} +0000"
        dated = Git(folder, {**git.environment, **_dates(when)})
        dated.run("-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify", "-m", message)
    return git.run("rev-parse", "HEAD").decode().strip()


def _dates(when: str) -> dict[str, str]:
    return {
        f"GIT_{who}_{what}": text
        for who in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", _NAME), ("EMAIL", _ADDRESS), ("DATE", when))
    }
