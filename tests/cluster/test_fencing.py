"""The fence: writes end with what is left of a term, reads do not care."""

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.fencing import FencedError
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object
from tests.cluster.fake_api import FakeApi

WEB = Target("v1", "ConfigMap", "shop", "web")


def config_map(colour: str) -> Object:
    """Return a ConfigMap."""
    metadata = {"name": "web", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"c": colour}}


@pytest.fixture
def api() -> FakeApi:
    """Return a server with the namespace shop."""
    api = FakeApi()
    api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    return api


def test_a_write_is_given_up_with_what_is_left_and_a_read_is_not_bounded(api: FakeApi) -> None:
    """The server is told in whole seconds, rounded down."""
    client = Client(api).fenced(lambda: 9.7)
    client.apply(config_map("red"), "us")
    client.get(WEB)
    assert [one.timeout for one in api.requests if "configmaps" in one.path] == [9, 0]


def test_with_less_than_a_second_left_nothing_is_written(api: FakeApi) -> None:
    """Reading goes on."""
    client = Client(api).fenced(lambda: 0.9)
    with pytest.raises(FencedError, match="lease was lost"):
        client.apply(config_map("red"), "us")
    assert client.get(WEB) is None


def test_a_write_is_not_tried_again_after_the_term(api: FakeApi) -> None:
    """The pause between two attempts may be longer than what was left."""
    left = [10.0]

    def sleep(seconds: float) -> None:
        left[0] -= max(seconds, 10.0)

    tried: list[str] = []

    def fault(request: HttpRequest, _: str) -> HttpResponse | None:
        if request.method != "PATCH":
            return None
        tried.append(request.path)
        return HttpResponse(status=503, body=b"{}")

    api.fault = fault
    client = Client(api, Retrying(sleep=sleep)).fenced(lambda: left[0])
    with pytest.raises(FencedError):
        client.apply(config_map("red"), "us")
    assert len(tried) == 1


def test_a_fenced_client_counts_and_knows_what_its_server_does(api: FakeApi) -> None:
    """Writes count once, and the kinds are not asked for again."""
    client = Client(api)
    client.discover()
    asked = len(api.requests)
    fenced = client.fenced(lambda: 10.0)
    fenced.apply(config_map("red"), "us")
    assert (client.writes, fenced.writes) == (1, 1)
    assert len(api.requests) == asked + 1
