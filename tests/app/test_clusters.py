"""The connection to a cluster that was named."""

from pathlib import Path

import pytest

from ruleengine.app.clusters import ClusterChoice, connected
from ruleengine.app.workspace import open_workspace
from ruleengine.cluster.errors import UnauthorizedError
from ruleengine.model.configuration import Configuration
from ruleengine.model.errors import UnreachableError

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: far
contexts: [{name: far, context: {cluster: far, user: far}}]
clusters: [{name: far, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: far, user: {token: expired}}]
"""


def test_refused_credentials_are_told_with_their_cluster(tmp_path: Path) -> None:
    """A bare Unauthorized helps nobody who has several clusters."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    choice = ClusterChoice(context="far", kubeconfig=str(kubeconfig))
    with (
        pytest.raises(UnreachableError, match="far refuses the credentials"),
        connected(choice, Configuration(), open_workspace(tmp_path)),
    ):
        raise UnauthorizedError(401, "Unauthorized", "Unauthorized")
