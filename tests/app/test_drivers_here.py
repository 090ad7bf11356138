"""Drivers of artifact plugins that run on this machine, for whoever fetches an artifact."""

from pathlib import Path

import pytest

from ruleengine.app.pipelines.artifacts import driver_here
from ruleengine.services.artifacts.store import ArtifactError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder in which the driver ``mine`` has its place."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "socket").touch()
    return tmp_path


def test_a_driver_of_ones_own_is_asked_for_the_content(root: Path) -> None:
    """It may run in a container, which sees nothing of our files."""
    found = driver_here("mine", root.stat().st_uid, root)
    assert (found.folder, found.shares, found.patience) == (root / "mine", False, 0)


def test_nobody_is_told_anything_by_the_driver_of_another_user(root: Path) -> None:
    """The folder of the sockets is one that everybody may write to."""
    with pytest.raises(ArtifactError, match="belongs to another user") as told:
        driver_here("mine", root.stat().st_uid + 1, root)
    assert "start the driver as yourself" in str(told.value)


@pytest.mark.parametrize("name", ["other", "mine/../mine", "../mine", ""])
def test_a_driver_that_is_not_here_is_an_error_that_says_how_to_start_it(
    root: Path, name: str
) -> None:
    """No name leads anywhere else."""
    with pytest.raises(ArtifactError, match="start its driver here with the one argument"):
        driver_here(name, root.stat().st_uid, root)
