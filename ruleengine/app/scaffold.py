"""``ruleengine init``: a config repo with one small working file per folder.

The files lie in ``starter/`` beside this module. Nothing that exists is overwritten, and
nothing is written unless everything can be.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ruleengine.model.errors import RuleEngineError, UsageError, cannot_write
from ruleengine.repository.git import Git, git_folder

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
    made: list[Path] = []
    try:
        _copy(folder, sources, made)
        if git_folder(folder.resolve()) is None:
            made.append(folder / ".git")
            Git(folder).run("init", "--quiet")
    except OSError as error:
        _remove(made)
        raise cannot_write(folder, error, "check its owner") from error
    except RuleEngineError:
        _remove(made)
        raise
    return tuple(sources)


def _target(source: Path) -> Path:
    relative = source.relative_to(_STARTER)
    return relative.with_name(_HIDDEN.get(relative.name, relative.name))


def _copy(folder: Path, sources: Mapping[Path, Path], made: list[Path]) -> None:
    """Copy the files, noting each folder and file before it is made."""
    for path, source in sources.items():
        target = folder / path
        made.extend(reversed([one for one in target.parents if not one.exists()]))
        target.parent.mkdir(parents=True, exist_ok=True)
        made.append(target)
        shutil.copyfile(source, target)


def _remove(made: Sequence[Path]) -> None:
    """Leave nothing half-written."""
    for one in reversed(made):
        with suppress(OSError):
            if one.name == ".git":
                shutil.rmtree(one)
            elif one.is_dir():
                one.rmdir()
            else:
                one.unlink()
