"""The demo says where the chain of its push ended, if it did not come to its end."""

import pytest

from ruleengine.app.demo import broken_link
from ruleengine.cluster.client import Client
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from tests.cluster.fake_api import FakeApi

REVISION = "abc"


def made(kind: str, namespace: str, name: str, status: Object) -> Object:
    """Return an object of the demo."""
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"arguments": {"parameters": [{"name": "revision", "value": REVISION}]}},
        "status": status,
    }


@pytest.mark.parametrize(
    ("pushed", "run", "sync", "rollout", "told"),
    [
        (REVISION, "Succeeded", "Synced", "Healthy", ""),
        ("other", "Succeeded", "Synced", "Healthy", "no workflow was started by it"),
        (REVISION, "Error", "Synced", "Healthy", "Workflow/shop-pipelines/run is Error"),
        (REVISION, "Succeeded", "OutOfSync", "Healthy", "web-staging is OutOfSync"),
        (REVISION, "Succeeded", "Synced", "Paused", "Rollout/production/web is Paused"),
    ],
)
def test_each_link_of_the_chain_is_looked_at(
    pushed: str, run: str, sync: str, rollout: str, told: str
) -> None:
    """The first that is broken is named; none is where all is well."""
    api = FakeApi()
    api.add(made("Workflow", "shop-pipelines", "run", {"phase": run}))
    api.add(made("Application", "ruleengine", "web-staging", {"sync": {"status": sync}}))
    api.add(made("Rollout", "production", "web", {"phase": rollout}))
    found = broken_link(Client(api), pushed)
    assert told in found
    assert bool(told) is bool(found)
