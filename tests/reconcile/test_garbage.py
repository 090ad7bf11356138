"""Garbage: a run has circles of objects looked for rarely, and leaves Python as it was."""

import gc
from collections.abc import Iterator

import pytest

from ruleengine.reconcile.garbage import RareCollection

USUAL = (700, 10, 10)


@pytest.fixture(autouse=True)
def _usual_thresholds() -> Iterator[None]:
    """Let no other test of this process say what Python goes by."""
    before = gc.get_threshold()
    gc.set_threshold(*USUAL)
    yield
    gc.set_threshold(*before)


def _broken_off(seen: list[int]) -> None:
    with RareCollection():
        seen.append(gc.get_threshold()[0])
        raise InterruptedError


def test_circles_are_looked_for_rarely_until_a_run_ends() -> None:
    """However it ends; whether they are looked for at all is left as it was."""
    seen, enabled = list[int](), gc.isenabled()
    with pytest.raises(InterruptedError):
        _broken_off(seen)
    assert gc.get_threshold() == USUAL
    assert seen[0] > USUAL[0]
    assert gc.isenabled() == enabled


def test_runs_that_overlap_leave_python_as_it_was() -> None:
    """In whatever order they end."""
    rare = RareCollection()
    with rare:
        rare.__enter__()
    assert gc.get_threshold() != USUAL
    rare.__exit__()
    assert gc.get_threshold() == USUAL
