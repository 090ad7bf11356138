"""The commands of pipelines, on a cluster that was named and is driven from outside."""

import subprocess
import sys

import pytest

from tests.e2e.command_line import Result, call
from tests.e2e.process_kit import end
from tests.kubernetes.clusters import PATIENCE, SETTINGS, Cluster
from tests.kubernetes.rights import listed
from tests.local.sandboxes import until
from tests.validation.config_repos import Repo, make_repo

BUILD = """\
parameters: {word: hi}
steps:
- {name: one, image: alpine, run: "echo {{workflow.parameters.word}}"}
- {name: two, image: alpine, needs: [one], run: test -e /nowhere}
"""

TALKS = """\
steps:
- {name: early, image: alpine, run: "echo first; sleep 2; echo second"}
- {name: late, image: alpine, needs: [early], run: echo third}
"""

TELLS = """\
steps:
- {name: tells, image: alpine, run: "echo 1/4 >$ARGO_PROGRESS_FILE; exec sleep 600"}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def repo(real: Cluster) -> Repo:
    """Return a config repo with a pipeline whose second step fails."""
    files = {
        "ruleengine.yaml": SETTINGS,
        "pipelines/build.yaml": BUILD,
        "pipelines/talks.yaml": TALKS,
        "pipelines/tells.yaml": TELLS,
    }
    return make_repo(real.folder / "commands", files)


def test_a_pipeline_is_run_shown_tried_again_and_deleted(real: Cluster, repo: Repo) -> None:
    """Exit codes and trees are those of the local control plane."""

    def pipeline(*words: str) -> Result:
        return call(repo.root, "pipeline", *words, "--kubeconfig", str(real.server.kubeconfig))

    begun = pipeline("run", "build", "-p", "word=yes", "--drive", "--wait")
    assert (begun.code, "two Failed" in begun.text) == (1, True), begun.text
    shown = pipeline("get", "@latest").output
    assert "Parameters: word=yes" in shown
    assert "main: Error (exit code 1)" in shown
    assert pipeline("retry", "@latest", "--drive", "--wait").code == 1
    assert "it is over" in pipeline("stop", "@latest").errors
    assert pipeline("delete", "@latest").code == 0
    assert "build-" not in pipeline("list").output


def test_logs_are_read_and_followed_through_the_api_server(real: Cluster, repo: Repo) -> None:
    """It asks the node for them, while steps write and afterwards."""
    config = ("--kubeconfig", str(real.server.kubeconfig))
    begun = call(repo.root, "pipeline", "run", "talks", "--name", "talked", "--no-wait", *config)
    assert begun.code == 0, begun.text
    follow = [sys.executable, "-m", "ruleengine", "pipeline", "logs", "talked", "-f", *config]
    with subprocess.Popen(follow, cwd=repo.root, stdout=subprocess.PIPE, text=True) as following:
        driven = call(repo.root, "pipeline", "wait", "talked", "--drive", *config)
        assert driven.code == 0, driven.text
        said, _ = following.communicate(timeout=PATIENCE)
    assert [line.split()[-1] for line in said.splitlines()] == ["first", "second", "third"]
    again = call(repo.root, "pipeline", "logs", "talked", *config)
    assert [line.split()[-1] for line in again.output.splitlines()] == ["first", "second", "third"]
    one = call(repo.root, "pipeline", "logs", "talked", "early", "--tail", "1", *config)
    assert "second" in one.output
    assert "first" not in one.output


def test_a_step_says_how_far_it_is_while_it_runs(real: Cluster, repo: Repo) -> None:
    """By the container beside it, which reports to the API server; whoever asks is shown it.

    One that is stopped got no further than it said.
    """
    real.account("default", next(listed("pipelines")))
    config = ("--kubeconfig", str(real.server.kubeconfig))
    begun = call(repo.root, "pipeline", "run", "tells", "--name", "tells", "--no-wait", *config)
    assert begun.code == 0, begun.text
    drive = [sys.executable, "-m", "ruleengine", "pipeline", "wait", "tells", "--drive", *config]
    with subprocess.Popen(drive, cwd=repo.root, stdout=subprocess.PIPE) as driving:
        shown = ("pipeline", "get", "tells", *config)
        try:
            assert until(lambda: "Progress:  1/4" in call(repo.root, *shown).output)
            assert call(repo.root, "pipeline", "stop", "tells", *config).code == 0
            assert driving.wait(PATIENCE) == 1
        finally:
            end(driving)
    assert "Progress:  1/4" in call(repo.root, *shown).output
