"""Reads files out of a container's file system without trusting what it made there."""

import os
import stat
from pathlib import Path


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
