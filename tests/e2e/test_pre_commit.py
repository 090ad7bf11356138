"""The hook as the real pre-commit runs it, taken from a clone of this checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.validation.config_repos import ENVIRONMENT, Repo, make_repo

PROJECT = Path(__file__).resolve().parents[2]
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
CONFIGURATION = """\
repos:
- repo: {source}
  rev: {revision}
  hooks:
  - id: ruleengine-validate
"""

pytestmark = [pytest.mark.slow, pytest.mark.precommit]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a repository with the files of this checkout, as they are, in one commit."""
    root = tmp_path_factory.mktemp("source")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    for name in listing.stdout.decode().split("\0"):
        if name and (PROJECT / name).is_file():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((PROJECT / name).read_bytes())
    return make_repo(root, {})


@pytest.fixture(scope="module")
def config(source: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a config repo in which pre-commit is installed with our hook."""
    if not PRE_COMMIT.exists():
        pytest.skip("pre-commit is not installed")
    revision = source.git("rev-parse", "HEAD").strip()
    text = CONFIGURATION.format(source=source.root, revision=revision)
    repo = make_repo(tmp_path_factory.mktemp("config"))
    repo.write({".pre-commit-config.yaml": text})
    repo.git("add", "--all")
    done = _run(repo, PRE_COMMIT, "install", "--install-hooks")
    assert done.returncode == 0, done.stdout + done.stderr
    return repo


def test_a_good_commit_passes(config: Repo) -> None:
    """The commit is made."""
    config.write({"environments/staging/api.yaml": ENVIRONMENT})
    config.git("add", "--all")
    done = _run(config, "git", "commit", "--message", "Good")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ruleengine validate" in done.stderr
    assert config.git("log", "-1", "--format=%s").strip() == "Good"


def test_a_bad_commit_is_stopped(config: Repo) -> None:
    """The finding is shown with its line, and no commit is made."""
    before = config.git("rev-parse", "HEAD")
    config.write({"environments/staging/bad.yaml": "source: {path: apps/web}\nprojekt: x\n"})
    config.git("add", "--all")
    done = _run(config, "git", "commit", "--message", "Bad")
    assert done.returncode != 0
    assert "environments/staging/bad.yaml:2:1 error" in done.stdout + done.stderr
    assert config.git("rev-parse", "HEAD") == before
    config.git("rm", "--quiet", "--force", "environments/staging/bad.yaml")


def test_a_commit_that_only_removes_is_stopped_where_it_breaks_others(config: Repo) -> None:
    """A removed pipeline is no file that pre-commit could name."""
    config.git("rm", "--quiet", "pipelines/build.yaml")
    done = _run(config, "git", "commit", "--message", "Remove")
    assert done.returncode != 0
    assert "triggers/on-push.yaml" in done.stdout + done.stderr
    config.git("reset", "--quiet", "--hard")


def _run(repo: Repo, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command with a path on which Git's hooks find Python and pre-commit."""
    environment = {
        **os.environ,
        "PATH": f"{PRE_COMMIT.parent}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(repo.root.parent / "pre-commit-home"),
    }
    return subprocess.run(
        [str(one) for one in command],
        cwd=repo.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
