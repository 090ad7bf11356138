"""How the program git is called, and what its ends mean."""

import signal

import pytest

from ruleengine.repository.git import Git
from tests.repository.conftest import Repo


def test_a_ctrl_c_that_reaches_git_is_one_of_ours(repo: Repo) -> None:
    """A terminal sends it to both where git has only just been started."""
    git = Git(repo.folder)
    started = git.start("cat-file", "--batch")
    started.send_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        git.finish(started)
