"""Collecting garbage rarely: what a run holds are plain values, which make no circles.

Python looks for circles of objects that nobody needs any more whenever some hundreds more were made
than freed, and now and then through everything that there is. With the objects of ten thousand
tasks in hand that takes a quarter of the time, and finds nothing: values without circles are freed
without it, at once.
"""

import gc
import threading
from typing import Final

_THRESHOLDS: Final = (1_000, 400, 50)
"""After how many new objects the youngest are looked through, and how many times that the older."""


class RareCollection:
    """Has circles of objects looked for rarely while it is entered, by however many runs at once.

    The first that enters changes what Python goes by, the last that leaves restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before = gc.get_threshold()

    def __enter__(self) -> None:
        with self._lock:
            if not self._runs:
                self._before = gc.get_threshold()
                gc.set_threshold(*_THRESHOLDS)
            self._runs += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._runs -= 1
            if not self._runs:
                gc.set_threshold(*self._before)


RARELY_COLLECTED: Final = RareCollection()
"""What all runs of this process share."""
