"""A settled control plane in memory, and a caller on it."""

import pytest

from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from tests.local.planes import Caller


@pytest.fixture
def plane() -> ControlPlane:
    """Return a control plane in virtual time."""
    return in_memory_plane()


@pytest.fixture
def call(plane: ControlPlane) -> Caller:
    """Return a caller on the plane."""
    return Caller(plane)
