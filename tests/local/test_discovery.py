"""Discovery: what the server tells clients that there is, in both of its forms."""

import json
from typing import Any

import pytest

from ruleengine.model.http import HttpRequest
from tests.local.planes import MERGE, Caller, definition

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FORM = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
KUBECTL = f"{FORM.format('v2')},{FORM.format('v2beta1')},application/json"


def ask(call: Caller, path: str, accept: str) -> tuple[str, Any]:
    """Return the content type and the answer of a request."""
    headers = {"accept": accept}
    response = call.plane.send(HttpRequest(method="GET", path=path, headers=headers))
    return response.headers["content-type"], json.loads(response.body)


def resources_of(found: Any, group: str) -> dict[str, Any]:
    """Return the resources of a group in aggregated discovery, by name."""
    (item,) = [one for one in found["items"] if one["metadata"].get("name", "") == group]
    return {one["resource"]: one for one in item["versions"][0]["resources"]}


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/", "/apis/"])
@pytest.mark.parametrize(
    ("accept", "version"), [(KUBECTL, "v2"), (f"{FORM.format('v2beta1')},*/*", "v2beta1")]
)
def test_who_asks_for_everything_at_once_gets_it(
    call: Caller, path: str, accept: str, version: str
) -> None:
    """In the first version that it names; the answer says which."""
    content_type, found = ask(call, path, accept)
    assert content_type == FORM.format(version)
    assert (found["kind"], found["apiVersion"]) == (
        "APIGroupDiscoveryList",
        f"apidiscovery.k8s.io/{version}",
    )


def test_both_forms_tell_the_same(call: Caller) -> None:
    """Every resource with its verbs, short names, and subresources."""
    found = {
        (group.get("metadata", {}).get("name", ""), version["version"]): version["resources"]
        for root in ("/api", "/apis")
        for group in ask(call, root, KUBECTL)[1]["items"]
        for version in group["versions"]
    }
    for (group, version), resources in found.items():
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        rows = {one["name"]: one for one in call("GET", path)[1]["resources"]}
        told = {one["resource"] for one in resources}
        told |= {
            f"{one['resource']}/{inner['subresource']}"
            for one in resources
            for inner in one.get("subresources", ())
        }
        assert told == rows.keys()
        for one in resources:
            row = rows[one["resource"]]
            assert (one["verbs"], one.get("shortNames")) == (row["verbs"], row.get("shortNames"))
            assert (one["scope"] == "Namespaced") is row["namespaced"]
            assert one["singularResource"] == row["singularName"]


def test_an_eviction_has_the_group_that_drain_looks_for(call: Caller) -> None:
    """Without it kubectl deletes pods in silence; a scale is of the group of autoscalers."""
    rows = {one["name"]: one for one in call("GET", "/api/v1")[1]["resources"]}
    eviction = rows["pods/eviction"]
    assert (eviction["kind"], eviction["group"], eviction["version"]) == (
        "Eviction",
        "policy",
        "v1",
    )
    pods = resources_of(ask(call, "/api", KUBECTL)[1], "")["pods"]
    kinds = {one["subresource"]: one["responseKind"] for one in pods["subresources"]}
    assert kinds["eviction"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    rows = {one["name"]: one for one in call("GET", "/apis/apps/v1")[1]["resources"]}
    scale = rows["deployments/scale"]
    assert (scale["kind"], scale["group"], scale["version"]) == ("Scale", "autoscaling", "v1")


def test_a_custom_kind_is_told_as_long_as_it_is_served(call: Caller) -> None:
    """At once, in both forms, with its names; a version that is not served is not."""
    call("POST", DEFINITIONS, definition())
    shelves = resources_of(ask(call, "/apis", KUBECTL)[1], "example.com")["shelves"]
    assert shelves["responseKind"] == {"group": "example.com", "version": "v1", "kind": "Shelf"}
    assert shelves["shortNames"] == ["sh"]
    assert [one["subresource"] for one in shelves["subresources"]] == ["status"]
    call.plane.settle()
    other = definition()
    other["metadata"]["name"] = "planks.example.com"
    other["spec"]["names"] = {"plural": "planks", "kind": "Shelf"}
    call("POST", DEFINITIONS, other)
    call.plane.settle()
    assert "planks" not in resources_of(ask(call, "/apis", KUBECTL)[1], "example.com")
    versions = call("GET", f"{DEFINITIONS}/shelves.example.com")[1]["spec"]["versions"]
    more = [*versions, {**versions[0], "name": "v2", "storage": False}]
    call("PATCH", f"{DEFINITIONS}/shelves.example.com", {"spec": {"versions": more}}, MERGE)
    assert call("GET", "/apis/example.com")[1]["preferredVersion"]["version"] == "v2"
    less = [versions[0], {**more[1], "served": False}]
    call("PATCH", f"{DEFINITIONS}/shelves.example.com", {"spec": {"versions": less}}, MERGE)
    assert call("GET", "/apis/example.com")[1]["preferredVersion"]["version"] == "v1"
    assert call("GET", "/apis/example.com/v2")[0] == 404


def test_what_is_not_there_is_not_found(call: Caller) -> None:
    """Groups and versions, also those of documents of types."""
    for path in ("/apis/none", "/apis/apps/v9", "/api/v9", "/openapi/v3/apis/none/v1", "/openapi"):
        assert call("GET", path)[0] == 404


def test_documents_of_types_are_found_by_their_digest(call: Caller) -> None:
    """What changes has another address, which clients keep; what stays has the same."""
    call("POST", DEFINITIONS, definition())
    before = call("GET", "/openapi/v3")[1]["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/example.com/v1"} <= before.keys()
    for place, one in before.items():
        path, _, query = one["serverRelativeURL"].partition("?")
        assert path == f"/openapi/v3/{place}"
        assert query.startswith("hash=")
    (version,) = call("GET", f"{DEFINITIONS}/shelves.example.com")[1]["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["depth"] = {"type": "integer"}
    call("PATCH", f"{DEFINITIONS}/shelves.example.com", {"spec": {"versions": [version]}}, MERGE)
    after = call("GET", "/openapi/v3")[1]["paths"]
    changed = {place for place, one in after.items() if one != before[place]}
    assert changed == {"apis/example.com/v1"}


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_everything_at_once_is_of_the_kinds_that_are_served_now(call: Caller, version: str) -> None:
    """It is made once for them, and anew as soon as a definition comes or goes."""
    accept = FORM.format(version)
    groups = []
    for verb, path, body in (
        ("GET", "/api", None),
        ("POST", DEFINITIONS, definition()),
        ("DELETE", f"{DEFINITIONS}/shelves.example.com", None),
    ):
        call(verb, path, body)
        call.plane.settle()
        found = [ask(call, "/apis", accept)[1] for _ in range(2)]
        assert found[0] == found[1]
        groups.append({one["metadata"]["name"] for one in found[0]["items"]})
    assert groups[1] - groups[0] == {"example.com"}
    assert groups[2] == groups[0]
