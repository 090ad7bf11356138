"""A digest of the code and data that facts are made with: other code, other facts."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ruleengine import __version__
from ruleengine.model.data import data_folder

_ROOMS = (
    "app",
    "apimachinery",
    "expressions",
    "formats",
    "model",
    "rendering",
    "repository",
    "rules",
    "validation",
)


@cache
def code_digest() -> str:
    """Return a digest of the version and of size and time of every file that matters."""
    package = Path(__file__).resolve().parent.parent
    folders = [package / room for room in _ROOMS]
    folders += [data_folder("schemas"), data_folder("rules")]
    digest = hashlib.sha256(__version__.encode())
    for folder in folders:
        for line in sorted(_files(str(folder))):
            digest.update(line.encode())
    return digest.hexdigest()


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            elif not entry.name.endswith((".pyc", ".md")):
                status = entry.stat()
                yield f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}\n"
