"""Room that is kept on the disk for what makes room: nobody is kept from deleting by a full disk.

A deletion is a write as well: the journal needs a few pages for it before anything is free. So a
file of the state folder holds some megabytes that are given back for deletions, a piece at a time,
and taken again once the disk has plenty. Others on that disk may be quicker; then the next piece is
tried.
"""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

_SIZE: Final = 4 * 1024 * 1024
_PIECE: Final = 128 * 1024
_PLENTY: Final = 10
"""How many times as much as it takes has to be free where the reserve is filled."""


class Reserve:
    """The file that holds the room. Where the system cannot hold any for us there is none."""

    def __init__(self, path: Path, size: int = _SIZE) -> None:
        self._path = path
        self._size = size
        self._held = 0
        self.fill()

    def fill(self) -> None:
        """Take the room, where it is not held yet and the disk has plenty."""
        if self._held >= self._size or not hasattr(os, "posix_fallocate"):
            return
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self._path.parent).free < _PLENTY * self._size:
                return
            with self._path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
            self._held = self._size

    def release(self) -> bool:
        """Give a piece back; tell whether there was one."""
        with contextlib.suppress(OSError):
            before = self._path.stat().st_size
            self._held = max(before - _PIECE, 0)
            os.truncate(self._path, self._held)
            return before > 0
        return False
