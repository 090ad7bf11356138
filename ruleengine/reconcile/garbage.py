"""Collecting garbage rarely: what a run holds are plain values, which make no circles.

Python looks for circles of objects that nobody needs any more whenever some hundreds more were made
than freed, and now and then through everything that there is. With the objects of ten thousand
tasks in hand that takes a quarter of the time, and finds nothing: values without circles are freed
without it, at once.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (20_000, 20, 50)
"""After how many new objects the youngest are looked through, and how many times that the older."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Have circles of objects looked for rarely."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
