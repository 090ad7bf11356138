"""What the server says of its group versions, as objects that can be read."""

from typing import Any

import pytest

from tests.local.planes import JSON_PATCH, Caller, cells_of, definition

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def names(call: Caller, **query: str) -> list[str]:
    """Return the names that a list gives."""
    return [one["metadata"]["name"] for one in call("GET", SERVICES, **query)[1]["items"]]


def versions_of(group: Any) -> list[str]:
    """Return the group versions of an APIGroup."""
    return [one["groupVersion"] for one in group["versions"]]


def test_there_is_one_for_each_group_version(call: Caller) -> None:
    """As discovery lists them, those of custom kinds too, as long as their definition is there."""
    _, groups = call("GET", "/apis")
    told = {version for group in groups["groups"] for version in versions_of(group)}
    assert {"/".join(reversed(one.split(".", 1))) for one in names(call)} == {*told, "/v1"}
    assert "v1.example.com" not in names(call)
    call("POST", DEFINITIONS, definition())
    assert "v1.example.com" in names(call)
    call("DELETE", f"{DEFINITIONS}/shelves.example.com")
    call.plane.settle()
    assert "v1.example.com" not in names(call)


def test_one_says_that_it_is_served_here(call: Caller) -> None:
    """By its condition, and by its row in a table."""
    _, found = call("GET", f"{SERVICES}/v1.apps")
    (condition,) = found["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("Available", "True")
    assert (found["spec"]["group"], found["spec"]["version"]) == ("apps", "v1")
    assert found == next(
        one for one in call("GET", SERVICES)[1]["items"] if one["metadata"]["name"] == "v1.apps"
    )
    (row,) = cells_of(call, f"{SERVICES}/v1.apps")
    assert row == {"Name": "v1.apps", "Service": "Local", "Available": "True", "Age": "0s"}
    assert call("GET", f"{SERVICES}/v1.none")[0] == 404


def test_they_are_listed_in_pages_and_selected(call: Caller) -> None:
    """By the same rules as everything."""
    every = names(call)
    _, first = call("GET", SERVICES, limit="4")
    rest = call("GET", SERVICES, continue_=first["metadata"]["continue"])[1]["items"]
    found = [one["metadata"]["name"] for one in (*first["items"], *rest)]
    assert found == every == sorted(every)
    assert names(call, fieldSelector="metadata.name=v1.apps") == ["v1.apps"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_they_are_not_written(call: Caller, method: str) -> None:
    """No other server is asked for anything, which nothing may pretend."""
    path = SERVICES if method == "POST" else f"{SERVICES}/v1.apps"
    status, refused = call(method, path, {"metadata": {"name": "v1.metrics"}}, JSON_PATCH)
    assert (status, refused["reason"]) == (405, "MethodNotAllowed")
    assert call("GET", SERVICES, watch="true")[0] == 405
    (row,) = call("GET", "/apis/apiregistration.k8s.io/v1")[1]["resources"]
    assert row["verbs"] == ["get", "list"]


def test_the_preferred_version_is_the_most_stable_one(call: Caller) -> None:
    """Whatever the order in which a definition names them."""
    body = definition()
    (version,) = body["spec"]["versions"]
    listed = ("v1beta2", "v2alpha1", "v1", "v10", "odd", "v1beta11")
    body["spec"]["versions"] = [{**version, "name": one, "storage": one == "v1"} for one in listed]
    assert call("POST", DEFINITIONS, body)[0] == 201
    _, group = call("GET", "/apis/example.com")
    wanted = ["v10", "v1", "v1beta11", "v1beta2", "v2alpha1", "odd"]
    assert versions_of(group) == [f"example.com/{one}" for one in wanted]
    assert group["preferredVersion"]["version"] == "v10"
    assert versions_of(call("GET", "/apis/autoscaling")[1]) == ["autoscaling/v2", "autoscaling/v1"]
