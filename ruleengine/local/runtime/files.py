"""Files and folders of containers, handled without trusting what a container made there."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruleengine.local.runtime.sandbox import bind
from ruleengine.local.runtime.values import Mount, VolumeFile


def read_inside(root: Path, path: str, most: int) -> bytes:
    """Return at most ``most`` bytes of the regular file ``path`` below ``root``.

    No symbolic link is followed and nothing but a regular file is read. Raises ``OSError``.
    """
    parts = [one for one in path.split("/") if one not in ("", ".")]
    if not parts or ".." in parts:
        raise FileNotFoundError(f"{path!r} names no file")
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(parts[-1], flags, dir_fd=folder), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileNotFoundError(f"{path!r} is no regular file")
            return file.read(most)
    finally:
        os.close(folder)


def mount_folder(source: Path, mount: Mount, user: int) -> Mapping[str, Any]:
    """Make the folder behind a mount, with the node's files in it; return how it is bound.

    The files belong to ``user``, 0 for the present one. Raises ``OSError`` where the
    ``subPath``, which is the pod's own text, leads out of it.
    """
    source.mkdir(parents=True, exist_ok=True)
    if mount.files is None:
        source.chmod(0o777)
    for name, file in (mount.files or {}).items():
        _write(source / name, file, user)
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


def _write(target: Path, file: VolumeFile, user: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(file.content)
    target.chmod(file.mode)
    if user:
        os.chown(target, user, user)
