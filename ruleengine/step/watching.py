"""Tells when steps end: the wrapper of each holds a pipe open for as long as it runs.

Nobody asks again and again: the system says when the last one that wrote to a pipe is gone. A
pipe is opened at once and kept, so that a step which removes it later is seen all the same.
"""

import contextlib
import errno
import os
import select
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ruleengine.step.leaving import read_left
from ruleengine.step.plan import StepError

_PIPE: Final = "alive"
_BEGUN: Final = "started"
_ENDED: Final = "exit-code"
_PAUSE: Final = 0.05
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW


def ends(folders: Iterable[Path]) -> Iterator[tuple[Path, int | None]]:
    """Yield the folder of each step as it ends, with its exit code: none if it was killed.

    Raises ``StepError`` for one whose end nobody can see any more.
    """
    with contextlib.ExitStack() as opened:
        watched = {}
        over = []
        for folder in folders:
            pipe = _opened(folder)
            if pipe is not None:
                opened.callback(os.close, pipe)
            if pipe is None or _is_over(folder, pipe):
                over.append(folder)
            else:
                watched[pipe] = folder
        for folder in over:
            yield folder, exit_code(folder)
        yield from _heard(watched)


def _heard(watched: dict[int, Path]) -> Iterator[tuple[Path, int | None]]:
    """Yield the folders behind pipes as these are let go of."""
    waiting = select.poll()
    for pipe in watched:
        waiting.register(pipe, 0)
    left = len(watched)
    while left:
        for pipe, _ in waiting.poll():
            if not _has_begun(watched[pipe]):
                time.sleep(_PAUSE)  # nobody holds the pipe yet, or somebody else did for a moment
                continue
            waiting.unregister(pipe)
            left -= 1
            yield watched[pipe], exit_code(watched[pipe])


def _has_begun(folder: Path) -> bool:
    """Tell whether a step has begun; one that has removed all that says so has."""
    began = exit_code(folder) is not None or (folder / _BEGUN).exists()
    return began or not (folder / _PIPE).exists()


def exit_code(folder: Path) -> int | None:
    """Return the exit code that the wrapper left; ``None`` where none is written, or not yet."""
    try:
        return int(read_left(folder, _ENDED) or b"")
    except ValueError:
        return None


def _opened(folder: Path) -> int | None:
    """Open the pipe of a step; ``None`` where it is gone, and the step has ended."""
    try:
        pipe = os.open(folder / _PIPE, _READ)
    except OSError as error:
        why = os.strerror(error.errno or 0)
    else:
        if stat.S_ISFIFO(os.fstat(pipe).st_mode):
            return pipe
        os.close(pipe)
        why = os.strerror(errno.ENXIO)
    if exit_code(folder) is not None:
        return None
    raise StepError(
        f"the end of the step cannot be seen: it has removed {folder / _PIPE} ({why}); "
        f"let its command leave {folder} alone"
    )


def _is_over(folder: Path, pipe: int) -> bool:
    """Tell whether a step has ended before anybody watched it."""
    if exit_code(folder) is not None:
        return True
    if not (folder / _BEGUN).exists():  # asked first: who begins holds the pipe already
        return False
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False
