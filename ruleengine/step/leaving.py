"""Reads what a step left behind, without trusting it.

The step can write to the folder that it leaves things in. It must not make us read what only we
can see, such as the keys of a store: no link is followed, and only plain files are read.
"""

import os
import stat
from pathlib import Path
from typing import IO

_WAY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def open_left(folder: Path, *path: str) -> IO[bytes] | None:
    """Open a file that a step left; ``None`` where there is no such plain file."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in path[:-1]:
            outer, at = at, os.open(part, _WAY, dir_fd=at)
            os.close(outer)
        opened = os.open(path[-1], _FILE, dir_fd=at)
    except OSError:
        return None
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    return os.fdopen(opened, "rb")


def read_left(folder: Path, *path: str) -> bytes | None:
    """Return the content of a file that a step left; ``None`` where there is none."""
    file = open_left(folder, *path)
    if file is None:
        return None
    with file:
        return file.read()
