"""What cannot be done is refused with the code, the reason and the causes that clients act on."""

import json
from typing import Any

import pytest

from tests.local.planes import APPLY, JSON_PATCH, MERGE, Caller, configmap, deployment

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def named(name: str, **metadata: Any) -> dict[str, Any]:
    """Return a ConfigMap with further metadata."""
    return {**configmap(name), "metadata": {"name": name, **metadata}}


@pytest.fixture
def made(call: Caller) -> Caller:
    """Return a caller where the ConfigMap ``a`` exists."""
    assert call("POST", MAPS, configmap("a"))[0] == 201
    return call


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (named("a"), 409, "AlreadyExists"),
        (named("b", namespace="other"), 400, "BadRequest"),
        ({**named("b"), "kind": "Secret"}, 400, "BadRequest"),
        ({**named("b"), "apiVersion": "v2"}, 400, "BadRequest"),
        (named("b", resourceVersion="1"), 400, "BadRequest"),
        (named(""), 422, "Invalid"),
        (named("A_b"), 422, "Invalid"),
        (named("b", labels={"a b": "c"}), 422, "Invalid"),
        (named("b", annotations={"x": "y" * 300_000}), 422, "Invalid"),
        (named("b", finalizers=["plain"]), 422, "Invalid"),
        ({**named("b"), "data": {"a": 1}}, 400, "BadRequest"),
        (named("b", labels={"a": 1}), 400, "BadRequest"),
        (named("b", annotations="a"), 400, "BadRequest"),
        ([], 400, "BadRequest"),
        (b"{", 400, "BadRequest"),
        (b"\xff\xfe", 400, "BadRequest"),
        (b'{"a":' * 100_000, 400, "BadRequest"),
        (b"x" * (4 << 20), 413, "RequestEntityTooLarge"),
    ],
)
def test_what_cannot_be_created(made: Caller, body: Any, code: int, reason: str) -> None:
    """Nothing is stored, and the answer is a Status."""
    revision = made.plane.store.revision
    status, refused = made("POST", MAPS, body)
    assert (status, refused["kind"], refused["reason"]) == (code, "Status", reason)
    assert made.plane.store.revision == revision


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"replicas": "three"}, 400),
        ({"replicas": 1.5}, 400),
        ({"paused": "yes"}, 400),
        ({"strategy": "Recreate"}, 400),
        ({"template": {"spec": {"containers": {"name": "c"}}}}, 400),
        ({"template": {"spec": {"containers": [{"resources": {"limits": {"cpu": "x"}}}]}}}, 400),
        ({"strategy": {"type": "Sideways"}}, 422),
        ({"replicas": -1}, 422),
        ({"selector": {"matchLabels": {"app": "other"}}}, 422),
    ],
)
def test_what_cannot_be_decoded_is_a_bad_request(call: Caller, spec: Any, code: int) -> None:
    """Of a new object and of a whole one; what can be, and breaks a rule, is invalid."""
    call("POST", DEPLOYMENTS, deployment())
    wrong = deployment()
    wrong["spec"] |= spec
    reason = {400: "BadRequest", 422: "Invalid"}[code]
    for method, path in (("POST", DEPLOYMENTS), ("PUT", f"{DEPLOYMENTS}/web")):
        status, refused = call(method, path, wrong)
        assert (status, refused["reason"]) == (code, reason), refused
    change = {"spec": spec}
    assert call("PATCH", f"{DEPLOYMENTS}/web", change, MERGE)[0] == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/namespaces/default/secrets", {"data": {"a": "%%%"}}),
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            {"spec": {"renewTime": "soon"}},
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            {"spec": {"renewTime": "2026-02-30T00:00:00Z"}},
        ),
    ],
)
def test_texts_that_stand_for_something_else_are_decoded(
    call: Caller, path: str, body: Any
) -> None:
    """Times and bytes; what a Secret holds is not repeated."""
    status, refused = call("POST", path, {"metadata": {"name": "x"}, **body})
    assert (status, refused["reason"], "%%%" in refused["message"]) == (400, "BadRequest", False)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("PUT", MAPS, 405),
        ("PATCH", MAPS, 405),
        ("POST", f"{MAPS}/a", 405),
        ("OPTIONS", MAPS, 405),
        ("TRACE", f"{MAPS}/a", 405),
        ("PUT", f"{MAPS}/none", 404),
        ("GET", f"{MAPS}/none", 404),
        ("DELETE", f"{MAPS}/none", 404),
        ("GET", f"{MAPS}/a/status", 404),
        ("GET", f"{MAPS}/a/b/c", 404),
        ("GET", "/api/v1/configmaps/a", 404),
        ("GET", "/api/v1/namespaces/default/nodes", 404),
        ("GET", "/apis/none/v1/things", 404),
        ("GET", "/apis/apps/v9/deployments", 404),
        ("GET", "/api/v1/watch/configmaps", 404),
        ("POST", "/version", 405),
        ("GET", "/metrics", 404),
    ],
)
def test_what_is_not_served(made: Caller, method: str, path: str, code: int) -> None:
    """A path leads nowhere, or what is there does not have the verb."""
    body = configmap("none") if method == "PUT" else None
    status, refused = made(method, path, body)
    reasons = {404: "NotFound", 405: "MethodNotAllowed"}
    assert (status, refused["reason"]) == (code, reasons[code])


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (named("b"), 400, "BadRequest"),
        (named("a", uid="another"), 409, "Conflict"),
        (named("a", resourceVersion="1"), 409, "Conflict"),
        (named("a", resourceVersion="x"), 409, "Conflict"),
        ({"metadata": {}}, 400, "BadRequest"),
    ],
)
def test_what_cannot_be_replaced(made: Caller, body: Any, code: int, reason: str) -> None:
    """Another object, or one that has changed meanwhile."""
    status, refused = made("PUT", f"{MAPS}/a", body)
    assert (status, refused["reason"]) == (code, reason)
    if "resourceVersion" in body["metadata"]:
        text = "the object has been modified; please apply your changes to the latest version"
        assert text in refused["message"]


@pytest.mark.parametrize(
    ("media", "body", "query", "code"),
    [
        (APPLY, configmap("a"), {}, 422),
        (APPLY, configmap("b"), {"fieldManager": "m"}, 400),
        (APPLY, {**configmap("a"), "apiVersion": "v2"}, {"fieldManager": "m"}, 400),
        (APPLY, {**configmap("a"), "odd": 1}, {"fieldManager": "m"}, 400),
        (APPLY, named("a", managedFields=[{"manager": "x"}]), {"fieldManager": "m"}, 400),
        (APPLY, named("b", uid="u"), {"fieldManager": "m"}, 400),
        (APPLY, configmap("a"), {"fieldManager": "m" * 129}, 422),
        (MERGE, {}, {"force": "true"}, 422),
        (MERGE, {}, {"dryRun": "Some"}, 422),
        (MERGE, {}, {"fieldValidation": "Sometimes"}, 422),
        (MERGE, {"metadata": {"resourceVersion": "1"}}, {}, 409),
        (MERGE, {"metadata": {"name": "b"}}, {}, 400),
        (JSON_PATCH, [{"op": "test", "path": "/data/a", "value": "no"}], {}, 422),
        (JSON_PATCH, [{"op": "remove", "path": "/data/none"}], {}, 422),
        (JSON_PATCH, {}, {}, 400),
        (JSON_PATCH, [{"op": "turn", "path": "/data/a"}], {}, 422),
        (JSON_PATCH, [{"op": "test", "path": "/data/a", "value": "1"}] * 10_001, {}, 413),
        (APPLY, {"metadata": {"name": "a"}}, {"fieldManager": "m"}, 400),
        (APPLY, {"apiVersion": "v1", "metadata": {"name": "a"}}, {"fieldManager": "m"}, 400),
        (APPLY, named("new", uid="u"), {"fieldManager": "m"}, 400),
        ("application/json", {}, {}, 415),
        ("text/plain", {}, {}, 415),
    ],
)
def test_what_cannot_be_patched(
    made: Caller, media: str, body: Any, query: dict[str, str], code: int
) -> None:
    """The object stays as it was."""
    before = made("GET", f"{MAPS}/a")
    status, refused = made("PATCH", f"{MAPS}/a", body, media, **query)
    assert (status, refused["kind"]) == (code, "Status"), refused
    assert made("GET", f"{MAPS}/a") == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"propagationPolicy": "Sideways"}, 422),
        ({"propagationPolicy": "Orphan", "orphanDependents": True}, 422),
        ({"dryRun": ["Some"]}, 422),
        ({"gracePeriodSeconds": "soon"}, 400),
        ({"kind": "Pod", "apiVersion": "v1"}, 400),
        (b"{", 400),
        ({"preconditions": {"uid": "another"}}, 409),
        ({"preconditions": {"resourceVersion": "1"}}, 409),
    ],
)
def test_what_cannot_be_deleted(made: Caller, body: Any, code: int) -> None:
    """The object stays."""
    assert made("DELETE", f"{MAPS}/a", body)[0] == code
    assert made("GET", f"{MAPS}/a")[0] == 200


def test_the_body_wins_over_the_query(made: Caller) -> None:
    """For what a delete asks in both."""
    body = {"dryRun": ["All"]}
    assert made("DELETE", f"{MAPS}/a", body, propagationPolicy="Background")[0] == 200
    assert made("GET", f"{MAPS}/a")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default",
        "/api/v1/namespaces/kube-system",
        "/api/v1/namespaces/kube-public",
        "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical",
    ],
)
def test_what_every_server_has_stays(call: Caller, path: str) -> None:
    """However it is asked to go."""
    for body in (None, {"propagationPolicy": "Foreground"}, {"dryRun": ["All"]}):
        status, refused = call("DELETE", path, body)
        assert (status, refused["reason"]) == (403, "Forbidden")
    assert "deletionTimestamp" not in call("GET", path)[1]["metadata"]


def test_namespaces_are_not_deleted_all_at_once(call: Caller) -> None:
    """And discovery does not say that they are."""
    assert call("DELETE", "/api/v1/namespaces")[0] == 405
    rows = call("GET", "/api/v1")[1]["resources"]
    verbs = {one["name"]: one["verbs"] for one in rows}
    assert "deletecollection" not in verbs["namespaces"]
    assert "deletecollection" in verbs["configmaps"]


@pytest.mark.parametrize("media", [MERGE, APPLY])
@pytest.mark.parametrize("name", ["creationTimestamp", "deletionTimestamp"])
def test_times_of_the_server_are_not_changed(made: Caller, name: str, media: str) -> None:
    """Nor written by whoever has read them and writes them back."""
    metadata = made("GET", f"{MAPS}/a")[1]["metadata"]
    wrong = named("a", **{name: "2020-01-01T00:00:00Z"})
    query = {"fieldManager": "m", "force": "true"} if media == APPLY else {}
    status, refused = made("PATCH", f"{MAPS}/a", wrong, media, **query)
    assert (status, refused["details"]["causes"][0]["field"]) == (422, f"metadata.{name}")
    for same in ("2026-01-02T03:04:05Z", "2026-01-02T04:04:05.000+01:00"):
        stated = {name: same} if name in metadata else {}
        assert made("PATCH", f"{MAPS}/a", named("a", **stated), media, **query)[0] == 200


def test_the_time_of_a_deletion_stays(call: Caller) -> None:
    """Without a word, as with API servers."""
    call("POST", MAPS, named("b", finalizers=["example.com/hold"]))
    _, marked = call("DELETE", f"{MAPS}/b")
    change = {"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}}
    _, found = call("PATCH", f"{MAPS}/b", change, MERGE)
    assert found["metadata"]["deletionTimestamp"] == marked["metadata"]["deletionTimestamp"]


def test_parameters_say_what_is_wrong_with_them(made: Caller) -> None:
    """By the reasons that clients know."""
    _, refused = made("PATCH", f"{MAPS}/a", configmap("a"), APPLY)
    assert refused["details"]["causes"][0]["reason"] == "FieldValueRequired"
    _, refused = made("PATCH", f"{MAPS}/a", {}, MERGE, dryRun="Some")
    assert refused["details"]["causes"][0]["reason"] == "FieldValueNotSupported"
    _, refused = made("PATCH", f"{MAPS}/a", {}, MERGE, force="true")
    assert refused["details"]["causes"][0]["reason"] == "FieldValueForbidden"


def test_yaml_is_read_where_json_is(call: Caller) -> None:
    """What is no YAML is a bad request, and a field that stands twice is told."""
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: it}\ndata: {a: b}\n"
    assert call("POST", MAPS, text, "application/yaml")[1]["data"] == {"a": "b"}
    assert call("PUT", f"{MAPS}/it", text.replace(b"b}", b"c}"), "application/yaml")[0] == 200
    assert call("POST", MAPS, b"a: [", "application/yaml")[0] == 400
    twice = text.replace(b"{a: b}", b"{a: b, a: c}").replace(b"it", b"that")
    status, refused = call("POST", MAPS, twice, "application/yaml", fieldValidation="Strict")
    assert (status, 'duplicate field "' in refused["message"]) == (400, True)


def test_what_must_not_change_does_not(call: Caller) -> None:
    """The selector of a Deployment, for instance."""
    call("POST", DEPLOYMENTS, deployment())
    change = {"spec": {"selector": {"matchLabels": {"app": "other"}}}}
    status, refused = call("PATCH", f"{DEPLOYMENTS}/web", change, MERGE)
    assert (status, refused["reason"]) == (422, "Invalid")
    assert "field is immutable" in refused["message"]


def test_a_field_that_stands_twice_is_named_by_its_path(call: Caller) -> None:
    """Wherever it stands, and once for each time too many."""
    body = json.dumps(deployment())
    twice = body.replace('"name": "c"', '"name": "c", "name": "c"').encode()
    status, refused = call("POST", DEPLOYMENTS, twice, fieldValidation="Strict")
    field = 'duplicate field "spec.template.spec.containers[0].name"'
    assert (status, field in refused["message"]) == (400, True), refused
    assert call("POST", DEPLOYMENTS, twice, fieldValidation="Ignore")[0] == 201


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("selfsubjectaccessreviews", {}, "spec.resourceAttributes"),
        (
            "selfsubjectaccessreviews",
            {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"path": "/"}},
            "spec.nonResourceAttributes",
        ),
        ("subjectaccessreviews", {"resourceAttributes": {"verb": "get"}}, "spec.user"),
    ],
)
def test_a_question_that_cannot_be_answered_is_invalid(
    call: Caller, kind: str, spec: Any, field: str
) -> None:
    """By the field that is wrong."""
    status, refused = call("POST", f"/apis/authorization.k8s.io/v1/{kind}", {"spec": spec})
    assert (status, refused["reason"]) == (422, "Invalid")
    assert [one["field"] for one in refused["details"]["causes"]] == [field]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/resourcequotas",
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
        "/api/v1/namespaces/default/limitranges",
    ],
)
def test_what_asks_for_nothing_stops_nothing(call: Caller, path: str) -> None:
    """An object may come without a specification; everything else goes on."""
    assert call("POST", path, {"metadata": {"name": "empty"}})[0] == 201
    call("POST", DEPLOYMENTS, deployment())
    call.plane.advance(30)
    found = call("GET", f"{DEPLOYMENTS}/web")[1]
    assert found["status"]["readyReplicas"] == 3
