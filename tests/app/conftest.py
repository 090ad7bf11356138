"""The config repo and the control plane that the tests of this room share the making of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.kit import SHOP, World, running
from tests.validation.config_repos import make_repo


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a repo with one application, and an empty control plane."""
    with running(make_repo(tmp_path / "config", SHOP), tmp_path / "state") as made:
        yield made
