"""Files and folders of containers, handled without trusting what a container made there."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruleengine.local.runtime.sandbox import bind
from ruleengine.local.runtime.values import Mount, VolumeFile


def last_bytes(path: Path, most: int) -> str:
    """Return the end of a file as text; nothing where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - most, 0))
            return file.read(most).decode(errors="replace")
    except OSError:
        return ""


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
    if mount.files is None:
        source.chmod(0o777)
    write_files(source, mount.files or {}, user)
    inner = source
    for part in [one for one in mount.sub_path.split("/") if one not in ("", ".")]:
        inner = inner / part
        if part == ".." or inner.is_symlink():
            raise OSError(f"subPath {mount.sub_path!r} leads out of the volume {mount.volume}")
    if not inner.exists():
        inner.mkdir(parents=True)
        inner.chmod(0o777)
    read_only = mount.read_only or mount.files is not None
    return bind(inner, mount.path, read_only=read_only)


def write_files(source: Path, files: Mapping[str, VolumeFile], user: int) -> None:
    """Write the node's files into the folder of a volume, each at once or not at all."""
    for name, file in files.items():
        target = source / name
        with contextlib.suppress(OSError):
            if target.read_bytes() == file.content:
                continue
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.new")
        draft.touch(mode=0o600)
        draft.write_bytes(file.content)
        draft.chmod(file.mode)
        if user:
            os.chown(draft, user, user)
        draft.replace(target)


def refresh_files(source: Path, files: Mapping[str, VolumeFile], user: int) -> None:
    """Bring the files in the folder of a volume up to date; others there go."""
    if not source.is_dir():
        return
    write_files(source, files, user)
    for path in source.rglob("*"):
        if path.is_file() and path.relative_to(source).as_posix() not in files:
            path.unlink()
