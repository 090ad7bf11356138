"""Garbage: a run has circles of objects looked for rarely, and leaves Python as it was."""

import gc

import pytest

from ruleengine.reconcile.garbage import rarely_collected


def _broken_off(seen: list[int]) -> None:
    with rarely_collected():
        seen.append(gc.get_threshold()[0])
        raise InterruptedError


def test_circles_are_looked_for_rarely_until_a_run_ends() -> None:
    """However it ends; whether they are looked for at all is left as it was."""
    before, seen, enabled = gc.get_threshold(), list[int](), gc.isenabled()
    with pytest.raises(InterruptedError):
        _broken_off(seen)
    assert gc.get_threshold() == before
    assert seen[0] > before[0]
    assert gc.isenabled() == enabled
