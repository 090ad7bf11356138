"""The commands of pipelines, on a cluster that was named and is driven from outside."""

import pytest

from tests.e2e.command_line import Result, call
from tests.kubernetes.clusters import SETTINGS, Cluster
from tests.validation.config_repos import Repo, make_repo

BUILD = """\
parameters: {word: hi}
steps:
- {name: one, image: alpine, run: "echo {{workflow.parameters.word}}"}
- {name: two, image: alpine, needs: [one], run: test -e /nowhere}
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(real: Cluster) -> Repo:
    """Return a config repo with a pipeline whose second step fails."""
    files = {"ruleengine.yaml": SETTINGS, "pipelines/build.yaml": BUILD}
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
