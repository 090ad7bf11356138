"""``ruleengine init``: a config repo with one small working file per folder.

The files lie in ``starter/`` beside this module. Nothing that exists is overwritten, and
nothing is written unless everything can be.
"""

import shutil
import subprocess
from pathlib import Path

from ruleengine.model.errors import UsageError, cannot_write

_STARTER = Path(__file__).resolve().parent / "starter"
_HIDDEN = {"gitignore": ".gitignore", "pre-commit-config.yaml": ".pre-commit-config.yaml"}
"""Files whose names begin with a dot in the config repo but not in the package."""


def scaffold(folder: Path) -> tuple[Path, ...]:
    """Write the starter files into ``folder`` and make it a Git repository.

    Returns the files written, relative to ``folder``. Raises ``UsageError`` where one of
    them exists already, where ``folder`` is a file, or where it cannot be written.
    """
    sources = {
        _target(source): source for source in sorted(_STARTER.rglob("*")) if source.is_file()
    }
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{folder} is a file, not a folder", "name a folder that does not exist yet"
        )
    taken = [str(path) for path in sources if (folder / path).exists()]
    if taken:
        raise UsageError(
            f"{folder} already has {', '.join(taken)}", "choose another folder or move these files"
        )
    try:
        for path, source in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / path)
    except OSError as error:
        raise cannot_write(folder, error, "check its owner") from error
    _make_repository(folder)
    return tuple(sources)


def _target(source: Path) -> Path:
    relative = source.relative_to(_STARTER)
    return relative.with_name(_HIDDEN.get(relative.name, relative.name))


def _make_repository(folder: Path) -> None:
    if any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)):
        return
    git = shutil.which("git")
    if git is None:
        raise UsageError("git is not installed", "install git: the config repo is a Git repository")
    subprocess.run([git, "init", "--quiet", str(folder)], check=True)  # noqa: S603 - git itself
