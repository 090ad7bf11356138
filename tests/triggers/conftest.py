"""The stage that the tests of this room share the making of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.triggers.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return an empty stage."""
    made = Stage(tmp_path)
    yield made
    made.close()
