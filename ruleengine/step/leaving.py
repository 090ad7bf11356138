"""Reads what a step left behind, and leaves it a word, without trusting it.

The step can write to the folder that it leaves things in. It must not make us read what only we
can see, such as the keys of a store, nor write there: no link is followed, and only plain files
are read.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import IO

_WAY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_SAID = 300
_NOTHING = "it could not be copied, and nothing says why; is the disk of the step full?"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def open_left(folder: Path, *path: str) -> IO[bytes] | None:
    """Open a file that a step left; ``None`` where there is no such plain file."""
    try:
        at = os.open(folder, _WAY)
    except OSError:
        return None
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


def read_left(folder: Path, *path: str, last: int = 0) -> bytes | None:
    """Return the content of a file that a step left; ``None`` where there is none.

    ``last`` says how many bytes of its end are enough: what a step prints has no bound.
    """
    file = open_left(folder, *path)
    if file is None:
        return None
    with file:
        if last:
            file.seek(max(0, os.fstat(file.fileno()).st_size - last))
        return file.read(last or -1)


def said_of(folder: Path, kind: str, number: int) -> str:
    """Return what the wrapper says of an output that it could not take, in its first characters."""
    said = read_left(folder, kind, f"{number}.said")
    if said is None:
        return ""
    return said[:_SAID].decode(errors="replace").strip() or _NOTHING


def leave(folder: Path, name: str, text: str) -> None:
    """Write a file into the folder of a step, in place of what is there; a folder gone has none."""
    with contextlib.suppress(OSError):
        at = os.open(folder, _WAY)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=at)
            with os.fdopen(os.open(name, _NEW, 0o644, dir_fd=at), "w", encoding="utf-8") as file:
                file.write(text)
        finally:
            os.close(at)
