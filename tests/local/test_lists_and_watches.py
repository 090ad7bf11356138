"""What lists and watches promise."""

import pytest

from ruleengine.cluster.client import Client
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.actions import Target
from tests.local.planes import MERGE, Caller, configmap

MAPS = "/api/v1/namespaces/default/configmaps"


def make(call: Caller, *names: str) -> None:
    """Create labelled ConfigMaps."""
    for name in names:
        body = configmap(name)
        body["metadata"]["labels"] = {"test": name}
        call("POST", MAPS, body)


def test_selectors_narrow_a_list(call: Caller) -> None:
    """By label and by field; an unknown field is a bad request."""
    make(call, "a", "b")
    by_label = call("GET", MAPS, labelSelector="test in (a)")[1]["items"]
    by_field = call("GET", MAPS, fieldSelector="metadata.name=b")[1]["items"]
    assert [one["metadata"]["name"] for one in by_label + by_field] == ["a", "b"]
    assert call("GET", MAPS, fieldSelector="data.a=1")[0] == 400


def test_pages_come_from_one_snapshot(call: Caller) -> None:
    """What changes between two pages does not show."""
    make(call, "a", "b", "c")
    _, first = call("GET", MAPS, limit="2", labelSelector="test")
    call("DELETE", f"{MAPS}/c")
    make(call, "d")
    token = first["metadata"]["continue"]
    _, second = call("GET", MAPS, limit="2", labelSelector="test", continue_=token)
    names = [one["metadata"]["name"] for one in first["items"] + second["items"]]
    assert names == ["a", "b", "c"]
    assert "continue" not in second["metadata"]


def test_a_watch_tells_what_happened_after_a_revision(call: Caller) -> None:
    """Every write once, in order."""
    version = call("GET", MAPS)[1]["metadata"]["resourceVersion"]
    make(call, "a")
    call("PATCH", f"{MAPS}/a", {"data": {"a": "2"}}, MERGE)
    call("DELETE", f"{MAPS}/a")
    _, events = call("GET", MAPS, watch="true", resourceVersion=version)
    assert [one["type"] for one in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in events]
    assert versions == sorted(set(versions))


def test_an_object_that_leaves_a_selection_is_deleted_there(call: Caller) -> None:
    """And one that enters is added."""
    version = call("GET", MAPS)[1]["metadata"]["resourceVersion"]
    make(call, "a")
    for label in ("other", "a"):
        call("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"test": label}}}, MERGE)
    selected = {"watch": "true", "resourceVersion": version, "labelSelector": "test=a"}
    _, events = call("GET", MAPS, **selected)
    assert [one["type"] for one in events] == ["ADDED", "DELETED", "ADDED"]


def test_initial_events_end_with_a_bookmark(call: Caller) -> None:
    """Clients that list by watching wait for it."""
    make(call, "a")
    query = {"watch": "1", "sendInitialEvents": "true", "allowWatchBookmarks": "true"}
    assert call("GET", MAPS, **query)[0] == 422
    _, events = call("GET", MAPS, **query, resourceVersionMatch="NotOlderThan")
    ends = [one for one in events if one["type"] == "BOOKMARK"]
    annotations = ends[0]["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}


def test_a_revision_that_is_forgotten_is_gone() -> None:
    """The stream carries one ERROR event with 410."""
    store = MemoryStore(most_events=4)
    plane = ControlPlane(store, VirtualClock(), patience=0, strict=True)
    call = Caller(plane)
    for number in range(20):
        call("POST", MAPS, configmap(f"c{number}"))
    status, events = call("GET", MAPS, watch="true", resourceVersion="1")
    assert status == 200
    assert [(one["type"], one["object"]["code"]) for one in events] == [("ERROR", 410)]


def test_a_future_revision_times_out(call: Caller) -> None:
    """A list, a watch or a read at a revision that does not exist yet is refused."""
    make(call, "a")
    for path, more in ((MAPS, {}), (MAPS, {"watch": "1"}), (f"{MAPS}/a", {})):
        status, answer = call("GET", path, resourceVersion="999999", **more)
        causes = answer["details"]["causes"]
        assert (status, causes[0]["reason"]) == (504, "ResourceVersionTooLarge")


@pytest.mark.parametrize(
    ("code", "query"),
    [
        (422, {"resourceVersionMatch": "Exact"}),
        (422, {"resourceVersionMatch": "Newest", "resourceVersion": "1"}),
        (422, {"resourceVersionMatch": "Exact", "resourceVersion": "0"}),
        (400, {"resourceVersion": "new"}),
        (400, {"continue_": "WzEsImEiLCJiIl0", "resourceVersion": "3"}),
        (422, {"continue_": "WzEsImEiLCJiIl0", "resourceVersionMatch": "NotOlderThan"}),
        (400, {"continue_": "none of ours"}),
        (400, {"limit": "many"}),
        (400, {"labelSelector": "a in ("}),
        (422, {"sendInitialEvents": "true"}),
        (422, {"sendInitialEvents": "true", "watch": "1"}),
        (422, {"resourceVersionMatch": "NotOlderThan", "resourceVersion": "1", "watch": "1"}),
    ],
)
def test_what_a_list_or_watch_cannot_mean_is_refused(
    call: Caller, code: int, query: dict[str, str]
) -> None:
    """Before anything is sent, by the reason that API servers give."""
    status, refused = call("GET", MAPS, **query)
    reason = {400: "BadRequest", 422: "Invalid"}[code]
    assert (status, refused["reason"]) == (code, reason)
    if code == 422:
        assert refused["message"].startswith('ListOptions.meta.k8s.io "" is invalid: ')
        assert refused["details"]["causes"][0]["reason"].startswith("FieldValue")


def test_a_limit_below_nothing_is_none(call: Caller) -> None:
    """As API servers read it; what is no number is refused with and without a sign."""
    assert call("GET", MAPS, limit="-1") == call("GET", MAPS)
    assert [call("GET", MAPS, limit=one)[0] for one in ("abc", "-abc")] == [400, 400]


def test_a_list_goes_on_with_any_revision_or_none(call: Caller) -> None:
    """Clients that repeat ``resourceVersion=0`` get the next page all the same."""
    make(call, "a", "b")
    token = call("GET", MAPS, limit="1")[1]["metadata"]["continue"]
    status, page = call("GET", MAPS, limit="9", continue_=token, resourceVersion="0")
    assert (status, "b" in {one["metadata"]["name"] for one in page["items"]}) == (200, True)


def test_a_wait_for_an_idle_watch_ends_with_its_timeout() -> None:
    """TimeoutSeconds is honoured where the server has patience."""
    server = ApiServer(MemoryStore(), VirtualClock())
    plane = ControlPlane(server.registry.store, VirtualClock(), strict=True)
    _, events = Caller(plane)("GET", MAPS, watch="1", timeoutSeconds="1", allowWatchBookmarks="1")
    assert [one["type"] for one in events] == ["BOOKMARK"]


def test_the_engines_client_discovers_and_works(plane: ControlPlane) -> None:
    """The client of the engine reads and writes through the same door."""
    client = Client(plane)
    target = Target("v1", "ConfigMap", "default", "a")
    assert client.apply(
        configmap("a") | {"metadata": {"name": "a", "namespace": "default"}}, "m"
    ).created
    assert client.get(target) is not None
    assert client.kind("apps/v1", "Deployment") is not None
    version = client.list("v1", "ConfigMap").resource_version
    assert client.delete(target) is not None
    events = client.watch("v1", "ConfigMap", resource_version=version)
    assert str(next(iter(events)).type) == "DELETED"


def test_a_list_whose_state_is_forgotten_can_go_on_with_that_of_now(call: Caller) -> None:
    """The 410 offers a token that continues from the same place."""
    for name in "abc":
        call("POST", MAPS, configmap(f"page-{name}"))
    mine = {"fieldSelector": "metadata.name!=kube-root-ca.crt", "limit": "1"}
    _, first = call("GET", MAPS, **mine)
    call("DELETE", f"{MAPS}/page-b")
    call.plane.store.compact()
    status, answer = call("GET", MAPS, **mine, continue_=first["metadata"]["continue"])
    assert (status, answer["reason"]) == (410, "Expired")
    _, rest = call("GET", MAPS, **mine, continue_=answer["metadata"]["continue"])
    assert [one["metadata"]["name"] for one in rest["items"]] == ["page-c"]
