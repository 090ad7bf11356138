"""The client: discovery, reads in pages, writes, watches, and trying again."""

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import (
    AlreadyExistsError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
    error_of,
)
from ruleengine.cluster.events import EventType
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode, UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse
from tests.cluster.fake_api import FakeApi
from tests.reconcile.kit import crd

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def config_map(name: str = "web", **data: str) -> dict:
    """Return a ConfigMap of the namespace shop."""
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.fixture
def api() -> FakeApi:
    """Return a server with the namespace shop."""
    api = FakeApi()
    api.add(NAMESPACE)
    return api


@pytest.fixture
def pauses() -> list[float]:
    """Return the pauses that the client made."""
    return []


@pytest.fixture
def client(api: FakeApi, pauses: list[float]) -> Client:
    """Return a client that never really waits."""
    return Client(api, Retrying(sleep=pauses.append, jitter=lambda: 1.0))


@pytest.mark.parametrize("aggregated", [False, True])
def test_discovery_finds_scope_and_subresources(aggregated: bool) -> None:
    """Plain and aggregated discovery give the same table."""
    kinds = Client(FakeApi(aggregated=aggregated)).discover()
    deployment = kinds.find("apps/v1", "Deployment")
    assert deployment is not None
    assert (deployment.plural, deployment.namespaced) == ("deployments", True)
    assert "status" in deployment.subresources
    assert kinds.find("v1", "Namespace").namespaced is False


def test_both_ways_of_discovery_agree() -> None:
    """Every kind is the same value either way."""
    plain = Client(FakeApi()).discover().resources()
    aggregated = Client(FakeApi(aggregated=True)).discover().resources()
    assert set(plain) == set(aggregated)


def test_discovery_is_asked_once(api: FakeApi, client: Client) -> None:
    """A second look costs no request."""
    client.discover()
    asked = len(api.requests)
    client.discover()
    assert len(api.requests) == asked


def test_an_unknown_kind_is_looked_for_once_more(api: FakeApi, client: Client) -> None:
    """A kind that appeared meanwhile is found; one that did not is not asked for again."""
    target = Target("example.com/v1", "Thing", "shop", "one")
    assert client.get(target) is None
    asked = len(api.requests)
    assert client.get(target) is None
    assert len(api.requests) == asked


def test_a_kind_that_came_after_a_new_look_at_all_kinds_is_found(
    api: FakeApi, client: Client
) -> None:
    """That a kind was unknown counts until then only."""
    assert client.kind("example.com/v1", "Database") is None
    client.discover(again=True)
    api.add(crd())
    assert client.kind("example.com/v1", "Database") is not None


def test_a_missing_object_is_none(client: Client) -> None:
    """404 is an answer, not a failure."""
    assert client.get(Target("v1", "ConfigMap", "shop", "none")) is None


def test_a_list_is_read_page_by_page(api: FakeApi, client: Client) -> None:
    """Every page is followed, and the version of the collection is kept."""
    for number in range(5):
        api.add(config_map(f"web-{number}"))
    found = client.list("v1", "ConfigMap", namespace="shop", limit=2)
    assert [one["metadata"]["name"] for one in found.items] == [f"web-{n}" for n in range(5)]
    assert found.resource_version == str(api.version)


def test_applying_twice_creates_once(api: FakeApi, client: Client) -> None:
    """The second apply changes nothing at the server."""
    first = client.apply(config_map(a="1"), "ruleengine")
    version = api.version
    second = client.apply(config_map(a="1"), "ruleengine")
    assert (first.created, second.created, api.version) == (True, False, version)
    assert client.writes == 2


def test_a_conflict_names_the_other_manager(client: Client) -> None:
    """Without force, fields of others are not taken over."""
    client.apply(config_map(a="1"), "alice")
    with pytest.raises(ConflictError) as caught:
        client.apply(config_map(a="2"), "ruleengine", force=False)
    assert caught.value.managers == ('"alice"',)


def test_creating_twice_is_an_error_of_its_own(client: Client) -> None:
    """AlreadyExists is told apart from other conflicts."""
    client.create(config_map(), "ruleengine")
    with pytest.raises(AlreadyExistsError):
        client.create(config_map(), "ruleengine")


def test_deleting_with_the_wrong_uid_fails(client: Client) -> None:
    """A precondition protects an object that took the place of another."""
    client.create(config_map(), "ruleengine")
    target = Target("v1", "ConfigMap", "shop", "web")
    with pytest.raises(ConflictError):
        client.delete(target, uid="another")
    assert client.delete(target) is not None
    assert client.delete(target) is None


def test_a_status_goes_to_the_subresource_where_there_is_one(api: FakeApi, client: Client) -> None:
    """Discovery decides where a status is written."""
    api.add(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
        }
    )
    target = Target("apps/v1", "Deployment", "shop", "web")
    version = client.get(target)["metadata"]["resourceVersion"]
    client.status_patch(target, {"replicas": 1}, "ruleengine-test", resource_version=version)
    assert api.requests[-1].path.endswith("/deployments/web/status")
    with pytest.raises(ConflictError):
        client.status_patch(target, {"replicas": 2}, "ruleengine-test", resource_version=version)


def test_a_watch_yields_what_happened_since(api: FakeApi, client: Client) -> None:
    """Events and bookmarks come in order; an old version is an error."""
    start = client.list("v1", "ConfigMap").resource_version
    api.add(config_map("one"))
    events = list(client.watch("v1", "ConfigMap", resource_version=start))
    assert [one.type for one in events] == [EventType.ADDED, EventType.BOOKMARK]
    api.forget_history()
    with pytest.raises(GoneError):
        list(client.watch("v1", "ConfigMap", resource_version=start))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(
    api: FakeApi, client: Client, pauses: list[float], status: int
) -> None:
    """The pause is what the server asks for, where it asks."""
    client.discover()
    left = [1, 1]

    def fault(_: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and left:
            left.pop()
            return HttpResponse(status=status, headers={"retry-after": "3"}, body=b"{}")
        return None

    api.fault = fault
    assert client.get(Target("v1", "Namespace", "", "shop")) is not None
    assert pauses == [3.0, 3.0]


def test_a_server_that_never_answers_is_unreachable(api: FakeApi, client: Client) -> None:
    """Lost connections are tried again, and then reported."""

    def fault(_: HttpRequest, __: str) -> HttpResponse | None:
        raise UnreachableError("connection refused", "start it")

    api.fault = fault
    with pytest.raises(UnreachableError, match="refused"):
        client.version()


def test_an_unknown_field_is_not_tried_again(client: Client, pauses: list[float]) -> None:
    """Some servers answer 500 for ever; that is no reason to wait."""
    wrong = {**config_map(), "colour": "red"}
    with pytest.raises(Exception, match="not declared"):
        client.apply(wrong, "ruleengine")
    assert pauses == []


def test_messages_about_secrets_hold_no_payload() -> None:
    """Only reason and field names are kept."""
    body = (
        b'{"reason":"Invalid","code":422,"message":"Secret is invalid: data[x]: hunter2",'
        b'"details":{"causes":[{"reason":"FieldValueInvalid","message":"hunter2",'
        b'"field":"data[x]"}]}}'
    )
    error = error_of(HttpResponse(status=422, body=body), secret=True)
    assert isinstance(error, InvalidError)
    assert "hunter2" not in f"{error.message} {error.details}"
    assert "data[x]" in error.message


def test_long_messages_are_cut() -> None:
    """A payload in a message never floods the output."""
    error = error_of(HttpResponse(status=404, body=b"x" * 5000))
    assert isinstance(error, NotFoundError)
    assert len(error.message) <= 600


def test_a_wrong_token_counts_as_unreachable() -> None:
    """401 exits with the code for the outside."""
    error = error_of(HttpResponse(status=401, body=b"{}"))
    assert isinstance(error, UnauthorizedError)
    assert error.exit_code is ExitCode.UNREACHABLE
