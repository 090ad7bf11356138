"""Files and folders of containers, handled without trusting what a container made there."""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ruleengine.local.runtime.sandbox import bind
from ruleengine.local.runtime.values import Mount, VolumeFile

_FOLDER: Final = 0o755
_LEADS_OUT: Final = (errno.ELOOP, errno.ENOTDIR)


def last_bytes(path: Path, most: int) -> str:
    """Return the end of a file as text; nothing where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - most, 0))
            return file.read(most).decode(errors="replace")
    except OSError:
        return ""


def check_names(*names: str) -> None:
    """Raise ``ValueError`` for a name that is no name of one file: it becomes a part of a path."""
    for name in names:
        if not name or name in (".", "..") or "/" in name or "\0" in name:
            raise ValueError(f"{name!r} cannot be the name of a file")


def remove(folder: Path) -> None:
    """Remove a folder with everything in it, also where a container has taken our rights away."""
    with contextlib.suppress(FileNotFoundError):
        try:
            shutil.rmtree(folder)
        except PermissionError:
            for place, names, _ in os.walk(folder):
                for name in names:
                    if not Path(place, name).is_symlink():
                        Path(place, name).chmod(0o700)
            shutil.rmtree(folder, ignore_errors=True)


def mount_folder(source: Path, mount: Mount, user: int) -> Mapping[str, Any]:
    """Make the folder behind a mount, with the node's files in it; return how it is bound.

    The files belong to ``user``, 0 for the present one. Raises ``OSError`` where the
    ``subPath``, which is the pod's own text, leads out of it.
    """
    source.mkdir(parents=True, exist_ok=True)
    source.chmod(0o777 if mount.files is None else _FOLDER)
    write_files(source, mount.files or {}, user)
    inner = [one for one in mount.sub_path.split("/") if one not in ("", ".")]
    try:
        _make_inside(source, inner)
    except OSError as error:
        if error.errno not in _LEADS_OUT:
            raise
        problem = f"subPath {mount.sub_path!r} leads out of the volume {mount.volume}"
        raise OSError(problem) from error
    read_only = mount.read_only or mount.files is not None
    return bind(source, mount.path, inner=inner, read_only=read_only)


def _make_inside(source: Path, inner: Sequence[str]) -> None:
    """Make what is missing of a path below a folder in which containers may be writing.

    Raises ``OSError``, with a number of :data:`_LEADS_OUT` for a path up or a link on the way.
    """
    folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number, part in enumerate(inner):
            if part == "..":
                raise OSError(errno.ELOOP, part)
            is_new = True
            try:
                os.mkdir(part, dir_fd=folder)
            except FileExistsError:
                is_new = False
                kind = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
                if number == len(inner) - 1 and stat.S_ISREG(kind):
                    return
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            outer, folder = folder, os.open(part, flags, dir_fd=folder)
            os.close(outer)
            if is_new:
                os.fchmod(folder, 0o777)
    finally:
        os.close(folder)


def replace_file(target: Path, content: bytes, mode: int, user: int = 0) -> None:
    """Write a file at once or not at all, for ``user`` (0 for the present one).

    Raises ``OSError``; a full disk leaves nothing of it.
    """
    draft = target.with_name(f".{target.name}.new")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        draft.chmod(mode)
        if user:
            os.chown(draft, user, user)
        draft.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def write_files(source: Path, files: Mapping[str, VolumeFile], user: int) -> None:
    """Write the node's files into the folder of a volume, each at once or not at all."""
    for name, file in files.items():
        target = source / name
        with contextlib.suppress(OSError):
            if target.read_bytes() == file.content:
                continue
        _make_folders(target.parent)
        replace_file(target, file.content, file.mode, user)


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it; containers can look into them, whatever the umask is."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(_FOLDER)


def refresh_files(source: Path, files: Mapping[str, VolumeFile], user: int) -> None:
    """Bring the files in the folder of a volume up to date; others there go."""
    if not source.is_dir():
        return
    write_files(source, files, user)
    for path in source.rglob("*"):
        if path.is_file() and path.relative_to(source).as_posix() not in files:
            path.unlink()
