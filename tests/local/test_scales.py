"""The subresource scale: one number of its parent, by all the rules that hold for the parent."""

from typing import Any

import pytest

from ruleengine.model.values import Object
from tests.local.planes import APPLY, JSON_PATCH, MERGE, STRATEGIC, Caller, cells_of, deployment

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SCALE = f"{DEPLOYMENTS}/web/scale"


def scale(replicas: Any, **metadata: Any) -> Object:
    """Return a Scale as clients write it."""
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web", **metadata},
        "spec": {"replicas": replicas},
    }


@pytest.fixture
def made(call: Caller) -> Caller:
    """Return a caller where a Deployment of two is."""
    call("POST", DEPLOYMENTS, deployment(replicas=2), fieldManager="maker")
    return call


def replicas_of(call: Caller) -> int:
    """Return how many pods the Deployment asks for."""
    found: int = call("GET", f"{DEPLOYMENTS}/web")[1]["spec"]["replicas"]
    return found


def owners(call: Caller) -> dict[str, str]:
    """Return who owns the number, and through what."""
    entries = call("GET", f"{DEPLOYMENTS}/web")[1]["metadata"]["managedFields"]
    return {
        one["manager"]: one.get("subresource", "")
        for one in entries
        if "f:replicas" in one["fieldsV1"].get("f:spec", {})
    }


@pytest.mark.parametrize(
    ("media", "change"),
    [
        (MERGE, {"spec": {"replicas": 7}}),
        (STRATEGIC, {"spec": {"replicas": 7}}),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 7}]),
    ],
)
def test_a_patch_of_a_scale_scales(made: Caller, media: str, change: Any) -> None:
    """Whoever does it owns the number, through the subresource."""
    status, answer = made("PATCH", SCALE, change, media, fieldManager="scaler")
    assert (status, answer["kind"], answer["spec"]["replicas"]) == (200, "Scale", 7)
    assert (replicas_of(made), owners(made)) == (7, {"scaler": "scale"})


def test_a_scale_is_replaced(made: Caller) -> None:
    """By one that is not older than its parent."""
    _, live = made("GET", SCALE)
    assert made("PUT", SCALE, scale(3, resourceVersion="1"))[0] == 409
    assert made("PUT", SCALE, scale(3, uid="another"))[0] == 409
    assert made("PUT", SCALE, {**live, "spec": {"replicas": 3}})[0] == 200
    assert replicas_of(made) == 3


def test_an_applied_scale_owns_the_number_of_its_parent(made: Caller) -> None:
    """It conflicts with who owned it before, may be forced, and the next apply conflicts."""
    status, refused = made("PATCH", SCALE, scale(7), APPLY, fieldManager="scaler")
    assert (status, refused["reason"]) == (409, "Conflict")
    assert [one["field"] for one in refused["details"]["causes"]] == [".spec.replicas"]
    assert replicas_of(made) == 2
    forced = made("PATCH", SCALE, scale(7), APPLY, fieldManager="scaler", force="true")
    assert (forced[0], forced[1]["kind"], replicas_of(made)) == (200, "Scale", 7)
    assert owners(made) == {"scaler": "scale"}
    body = deployment(replicas=1)
    status, refused = made("PATCH", f"{DEPLOYMENTS}/web", body, APPLY, fieldManager="other")
    message = refused["details"]["causes"][0]["message"]
    assert (status, message) == (409, 'conflict with "scaler" with subresource "scale"')


def test_applying_a_scale_twice_writes_once(made: Caller) -> None:
    """The second time there is nothing to write; a dry run never writes."""
    query = {"fieldManager": "scaler", "force": "true"}
    assert made("PATCH", SCALE, scale(9), APPLY, **query, dryRun="All")[1]["spec"]["replicas"] == 9
    assert replicas_of(made) == 2
    first = made("PATCH", SCALE, scale(7), APPLY, **query)
    revision = made.plane.store.revision
    assert made("PATCH", SCALE, scale(7), APPLY, **query) == first
    assert made.plane.store.revision == revision


@pytest.mark.parametrize(
    ("method", "media", "body", "query", "code", "reason"),
    [
        ("PUT", "application/json", scale(-1), {}, 422, "Invalid"),
        ("PUT", "application/json", scale("many"), {}, 400, "BadRequest"),
        ("PUT", "application/json", {**scale(1), "kind": "Deployment"}, {}, 400, "BadRequest"),
        ("PUT", "application/json", scale(1, name="b"), {}, 400, "BadRequest"),
        ("PUT", "application/json", scale(1, namespace="b"), {}, 400, "BadRequest"),
        ("PATCH", MERGE, {"spec": {"replicas": -1}}, {}, 422, "Invalid"),
        ("PATCH", MERGE, {"spec": {"odd": 1}}, {"fieldValidation": "Strict"}, 400, "BadRequest"),
        ("PATCH", MERGE, {"metadata": {"resourceVersion": "1"}}, {}, 409, "Conflict"),
        ("PATCH", APPLY, scale(-1), {"fieldManager": "m"}, 422, "Invalid"),
        ("PATCH", APPLY, {**scale(1), "odd": 1}, {"fieldManager": "m"}, 400, "BadRequest"),
        ("PATCH", APPLY, scale(1), {}, 422, "Invalid"),
        ("PATCH", "text/plain", scale(1), {}, 415, "UnsupportedMediaType"),
        ("DELETE", "application/json", None, {}, 405, "MethodNotAllowed"),
    ],
)
def test_what_cannot_be_scaled(  # noqa: PLR0917 - the parts of a request
    made: Caller, method: str, media: str, body: Any, query: Any, code: int, reason: str
) -> None:
    """The refusal has the code and the reason, and the parent stays as it was."""
    status, refused = made(method, SCALE, body, media, **query)
    assert (status, refused["reason"]) == (code, reason), refused
    assert replicas_of(made) == 2


def test_there_is_no_scale_of_what_is_not_there(call: Caller) -> None:
    """Also where it is applied: a scale makes no object."""
    for method, media in (("GET", MERGE), ("PATCH", MERGE), ("PATCH", APPLY)):
        body = None if method == "GET" else scale(1)
        status, refused = call(method, SCALE, body, media, fieldManager="m")
        assert (status, refused["details"]["kind"]) == (404, "deployments")


def test_a_scale_says_what_it_selects(made: Caller) -> None:
    """As the text that autoscalers ask with, expressions too."""
    assert made("GET", SCALE)[1]["status"] == {"replicas": 0, "selector": "app=web"}
    body = deployment("wide")
    expression = {"key": "tier", "operator": "In", "values": ["b", "a"]}
    body["spec"]["selector"] = {"matchLabels": {"app": "wide"}, "matchExpressions": [expression]}
    body["spec"]["template"]["metadata"]["labels"] = {"app": "wide", "tier": "a"}
    assert made("POST", DEPLOYMENTS, body)[0] == 201
    found = made("GET", f"{DEPLOYMENTS}/wide/scale")[1]["status"]["selector"]
    assert found == "app=wide,tier in (a,b)"


def test_a_scale_is_shown_as_a_table(made: Caller) -> None:
    """As `kubectl get --subresource=scale` asks."""
    (row,) = cells_of(made, SCALE)
    assert row == {"Name": "web", "Desired": 2, "Available": 0, "Age": "0s"}
