"""What all tests share: one hypothesis profile, and Git free of the user's settings."""

import os

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def git_without_the_users_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give every git process fixed names and dates and no user configuration."""
    os.environ.update(
        {
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_AUTHOR_EMAIL": "dev@example.com",
            "GIT_AUTHOR_NAME": "A Developer",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_EMAIL": "dev@example.com",
            "GIT_COMMITTER_NAME": "A Developer",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "HOME": str(tmp_path_factory.mktemp("home")),
        }
    )
