"""What the verbs of the API promise."""

import json
import re
from collections.abc import Iterator

import pytest

from ruleengine.apimachinery.protobuf_wire import read_fields
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.http import HttpRequest
from ruleengine.model.secrets import Secret
from tests.apimachinery import protobuf_writer
from tests.local.planes import (
    APPLY,
    JSON_PATCH,
    MERGE,
    STRATEGIC,
    Caller,
    configmap,
    definition,
    deployment,
)

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def test_a_created_object_can_be_read_and_gets_system_fields(call: Caller) -> None:
    """uid, creationTimestamp and resourceVersion are the server's."""
    status, made = call("POST", MAPS, configmap("a"))
    assert status == 201
    assert {"uid", "creationTimestamp", "resourceVersion"} <= made["metadata"].keys()
    assert call("GET", f"{MAPS}/a") == (200, made)


def test_a_protobuf_body_is_read_as_its_json_would_be(call: Caller) -> None:
    """`kubectl create` sends such bodies; the answer is JSON."""
    media = "application/vnd.kubernetes.protobuf"
    written = protobuf_writer.body(configmap("a", b="c"), "core/v1.ConfigMap")
    status, made = call("POST", MAPS, written, media)
    assert (status, made["metadata"]["name"], made["data"]) == (201, "a", {"b": "c"})


def test_a_taken_name_is_a_conflict(call: Caller) -> None:
    """The second create answers 409 AlreadyExists."""
    call("POST", MAPS, configmap("a"))
    status, answer = call("POST", MAPS, configmap("a"))
    assert (status, answer["reason"]) == (409, "AlreadyExists")
    assert answer["message"] == 'configmaps "a" already exists'


def test_generated_names_differ(call: Caller) -> None:
    """Two objects of one generateName are two objects."""
    body = {"metadata": {"generateName": "run-"}}
    names = {call("POST", MAPS, body)[1]["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("run-") and len(name) == 9 for name in names)


def test_an_absent_namespace_is_not_found(call: Caller) -> None:
    """Objects need their namespace."""
    status, answer = call("POST", "/api/v1/namespaces/nowhere/configmaps", configmap("a"))
    assert (status, answer["message"]) == (404, 'namespaces "nowhere" not found')


def test_a_stale_update_is_refused(call: Caller) -> None:
    """An update with an old resourceVersion changes nothing."""
    _, first = call("POST", MAPS, configmap("a"))
    call("PUT", f"{MAPS}/a", {**first, "data": {"a": "2"}})
    status, answer = call("PUT", f"{MAPS}/a", {**first, "data": {"a": "3"}})
    assert (status, answer["reason"]) == (409, "Conflict")
    assert call("GET", f"{MAPS}/a")[1]["data"] == {"a": "2"}


def test_an_update_that_changes_nothing_writes_nothing(call: Caller) -> None:
    """The same object again keeps its resourceVersion."""
    _, first = call("POST", MAPS, configmap("a"))
    before = dict(call.plane.api.writes)
    assert call("PUT", f"{MAPS}/a", first) == (200, first)
    assert call.plane.api.writes == before


def test_each_patch_type_patches(call: Caller) -> None:
    """Merge, JSON and strategic patches all arrive."""
    call("POST", DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    call("PATCH", path, {"spec": {"replicas": 1}}, MERGE)
    call(
        "PATCH", path, [{"op": "replace", "path": "/spec/minReadySeconds", "value": 5}], JSON_PATCH
    )
    assert call("GET", path)[1]["spec"]["replicas"] == 1
    call("PATCH", path, [{"op": "add", "path": "/spec/minReadySeconds", "value": 5}], JSON_PATCH)
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "d"}]}}}}
    _, found = call("PATCH", path, sidecar, STRATEGIC)
    assert found["spec"]["minReadySeconds"] == 5
    assert {one["name"] for one in found["spec"]["template"]["spec"]["containers"]} == {"c", "d"}


def test_applying_twice_writes_once(call: Caller) -> None:
    """The second apply answers the same object and counts no write."""
    _, first = call("PATCH", f"{DEPLOYMENTS}/web", deployment(), APPLY, fieldManager="ruleengine")
    writes = call.plane.api.writes["ruleengine"]
    again = call("PATCH", f"{DEPLOYMENTS}/web", deployment(), APPLY, fieldManager="ruleengine")
    assert again == (200, first)
    assert call.plane.api.writes["ruleengine"] == writes == 1
    assert call("GET", "/debug/ruleengine/writes")[1]["writes"]["ruleengine"] == 1


def test_a_field_of_another_manager_is_a_conflict_until_forced(call: Caller) -> None:
    """The 409 names manager and field; force takes the field over."""
    path = f"{DEPLOYMENTS}/web"
    call("PATCH", path, deployment(replicas=2), APPLY, fieldManager="one")
    status, answer = call("PATCH", path, deployment(replicas=5), APPLY, fieldManager="two")
    assert status == 409
    causes = answer["details"]["causes"]
    assert [one["field"] for one in causes] == [".spec.replicas"]
    assert causes[0]["message"] == 'conflict with "one"'
    forced = call("PATCH", path, deployment(replicas=5), APPLY, fieldManager="two", force="true")
    assert forced[1]["spec"]["replicas"] == 5


def test_a_dry_run_leaves_no_trace(call: Caller) -> None:
    """Nothing is stored and no revision is used."""
    revision = call.plane.store.revision
    assert call("POST", MAPS, configmap("a"), dryRun="All")[0] == 201
    assert call("GET", f"{MAPS}/a")[0] == 404
    assert call.plane.store.revision == revision


def test_unknown_fields_are_refused_warned_of_or_dropped(call: Caller) -> None:
    """FieldValidation decides."""
    body = {**configmap("a"), "colour": "red"}
    status, answer = call("POST", MAPS, body, fieldValidation="Strict")
    assert status == 400
    assert 'unknown field "colour"' in answer["message"]
    status, made = call("POST", MAPS, body, fieldValidation="Ignore")
    assert status == 201
    assert "colour" not in made


def test_an_invalid_object_lists_its_causes(call: Caller) -> None:
    """The 422 says which field is wrong."""
    body = deployment()
    body["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    status, answer = call("POST", DEPLOYMENTS, body)
    assert (status, answer["reason"]) == (422, "Invalid")
    assert answer["details"]["kind"] == "Deployment"
    assert answer["details"]["causes"][0]["field"].startswith("spec.template.metadata.labels")


def test_generation_counts_changes_of_the_specification_only(call: Caller) -> None:
    """Labels and status do not count."""
    path = f"{DEPLOYMENTS}/web"
    call("POST", DEPLOYMENTS, deployment())
    call("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert call("GET", path)[1]["metadata"]["generation"] == 1
    call("PATCH", f"{path}/status", {"status": {"replicas": 9}}, MERGE)
    call("PATCH", path, {"status": {"replicas": 7}, "spec": {"replicas": 1}}, MERGE)
    found = call("GET", path)[1]
    assert (found["metadata"]["generation"], found["status"]["replicas"]) == (2, 9)


def test_a_finalizer_keeps_a_deleted_object(call: Caller) -> None:
    """It goes when the last finalizer does."""
    body = configmap("a")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    call("POST", MAPS, body)
    _, marked = call("DELETE", f"{MAPS}/a")
    assert "deletionTimestamp" in marked["metadata"]
    call("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": None}}, MERGE)
    assert call("GET", f"{MAPS}/a")[0] == 404


def test_a_failed_precondition_keeps_the_object(call: Caller) -> None:
    """A delete with another uid is a conflict."""
    call("POST", MAPS, configmap("a"))
    assert call("DELETE", f"{MAPS}/a", {"preconditions": {"uid": "other"}})[0] == 409
    assert call("GET", f"{MAPS}/a")[0] == 200


def test_a_collection_can_be_deleted_by_selector(call: Caller) -> None:
    """Only what is selected goes."""
    for name in ("a", "b"):
        body = configmap(name)
        body["metadata"]["labels"] = {"name": name}
        call("POST", MAPS, body)
    call("DELETE", MAPS, labelSelector="name=a")
    assert [call("GET", f"{MAPS}/{name}")[0] for name in ("a", "b")] == [404, 200]


def test_a_custom_kind_is_served_at_once(call: Caller) -> None:
    """Defaults and pruning follow its schema; objects go with the definition."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    shelves = "/apis/example.com/v1/namespaces/default/shelves"
    assert call("POST", path, definition())[0] == 201
    body = {"metadata": {"name": "s"}, "spec": {"books": {"any": [1]}, "odd": 1}}
    status, made = call("POST", shelves, body)
    assert (status, made["spec"]) == (201, {"books": {"any": [1]}, "size": 3})
    assert call("PATCH", f"{shelves}/s", {}, STRATEGIC)[0] == 415
    call.plane.settle()
    found = call("GET", f"{path}/shelves.example.com")[1]
    established = [one for one in found["status"]["conditions"] if one["type"] == "Established"]
    assert established[0]["status"] == "True"
    call("DELETE", f"{path}/shelves.example.com")
    call.plane.settle()
    assert call("GET", f"{shelves}/s")[0] == 404
    assert call("GET", f"{path}/shelves.example.com")[0] == 404


def test_a_table_has_the_printer_columns(call: Caller) -> None:
    """Kubectl get gets rows, for custom kinds by their definition."""
    call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    shelves = "/apis/example.com/v1/namespaces/default/shelves"
    call("POST", shelves, {"metadata": {"name": "s"}, "spec": {}})
    call.headers = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    _, table = call("GET", shelves)
    assert [one["name"] for one in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["s", 3]


def test_reviews_answer_and_store_nothing(call: Caller) -> None:
    """The only user may do everything."""
    revision = call.plane.store.revision
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    status, answer = call("POST", path, {"spec": {"resourceAttributes": {"verb": "get"}}})
    assert (status, answer["status"]["allowed"]) == (201, True)
    assert call.plane.store.revision == revision


def test_what_cannot_be_read_is_said(call: Caller) -> None:
    """Wrong media, wrong JSON, wrong path, wrong verb and large bodies have their codes."""
    protobuf = "application/vnd.kubernetes.protobuf"
    assert call("POST", MAPS, {}, "text/plain")[1]["reason"] == "UnsupportedMediaType"
    assert call("POST", MAPS, {}, protobuf)[0] == 400
    assert call("POST", MAPS, [])[0] == 400
    assert call("GET", "/apis/nothing.example.com/v1/things")[0] == 404
    assert call("POST", f"{MAPS}/a", {})[0] == 405
    assert call("POST", MAPS, {"data": {"a": "x" * 3_200_000}})[0] == 413
    call.headers = {"accept": protobuf}
    assert call("GET", MAPS)[0] == 406


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"tailLines": "-1"}, 422),
        ({"tailLines": "few"}, 400),
        ({"sinceSeconds": "1", "sinceTime": "2026-01-01T00:00:00Z"}, 422),
        ({"sinceTime": "yesterday"}, 422),
        ({"stream": "Both"}, 422),
        ({"sinceSeconds": "9" * 30}, 200),
        ({"limitBytes": "9" * 30}, 200),
        ({"container": "none"}, 400),
    ],
)
def test_a_log_is_asked_for_as_it_can_be(call: Caller, query: dict[str, str], code: int) -> None:
    """What cannot be read is a bad request, what cannot be is invalid."""
    pods = "/api/v1/namespaces/default/pods"
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    call("POST", pods, body)
    call.plane.advance(5)
    request = HttpRequest(method="GET", path=f"{pods}/p/log", query=tuple(query.items()))
    response = call.plane.send(request)
    assert response.status == code, response.body


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic right"])
def test_a_wrong_token_is_unauthorised(header: str) -> None:
    """Only the token opens the server."""
    server = ApiServer(MemoryStore(), VirtualClock(), Secret("right"))
    headers = {"authorization": header} if header else {}
    assert server.handle(HttpRequest(method="GET", path="/api", headers=headers)).status == 401
    headers = {"authorization": "Bearer right"}
    assert server.handle(HttpRequest(method="GET", path="/api", headers=headers)).status == 200


def test_a_failure_of_ours_is_a_status_and_not_a_traceback(plane: ControlPlane) -> None:
    """Whatever breaks, the client gets a 500 Status."""

    class Broken(dict[str, str]):
        def get(self, *_: object) -> str:  # type: ignore[override]
            raise RuntimeError("secret text")

    response = plane.send(HttpRequest(method="GET", path=MAPS, headers=Broken()))
    assert response.status == 500
    assert b"InternalError" in response.body
    assert b"secret text" not in response.body


def test_the_older_document_of_types_is_whole(call: Caller) -> None:
    """Every reference in it leads somewhere."""
    status, answer = call("GET", "/openapi/v2")
    assert (status, answer["swagger"]) == (200, "2.0")
    names = set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(answer)))
    assert names
    assert names <= answer["definitions"].keys()
    assert "/apis/apps/v1/namespaces/{namespace}/deployments/{name}" in answer["paths"]
    call.headers = {"accept": "text/csv"}
    assert call("GET", "/openapi/v2")[0] == 406


def test_the_older_document_of_types_is_given_in_protobuf(plane: ControlPlane) -> None:
    """The only form in which kubectl asks for it, with what it looks for in there."""
    media = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    plain, asked = (
        plane.send(HttpRequest(method="GET", path="/openapi/v2", headers={"accept": one}))
        for one in ("application/json", f"{media}, application/json")
    )
    assert asked.headers["content-type"] == media.replace("@", ".")
    document = json.loads(plain.body)
    top = {field.number: field.value for field in read_fields(asked.body)}
    assert top[1] == b"2.0"
    definitions = dict(_named(top[9]))
    assert definitions.keys() == document["definitions"].keys()
    deployment_spec = definitions["io.k8s.api.apps.v1.DeploymentSpec"]
    (properties,) = (one.value for one in read_fields(deployment_spec) if one.number == 25)
    replicas = {one.number: one.value for one in read_fields(dict(_named(properties))["replicas"])}
    assert replicas[22] == b"\n\x07integer"
    paths = dict(_named(top[8], number=2))
    assert paths.keys() == document["paths"].keys()
    path = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    (patch,) = (bytes_of(one.value) for one in read_fields(path) if one.number == 8)
    assert b'{"group":"apps","version":"v1","kind":"Deployment"}' in patch
    assert b"fieldValidation" in patch
    spec = document["definitions"]["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]
    assert spec["$ref"] == "#/definitions/io.k8s.api.apps.v1.DeploymentSpec"


def bytes_of(value: int | bytes) -> bytes:
    """Return the value of a field that is a message."""
    assert isinstance(value, bytes)
    return value


def _named(message: int | bytes, number: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield the pairs of a map."""
    for field in read_fields(bytes_of(message)):
        assert field.number == number
        name, value = (bytes_of(one.value) for one in read_fields(bytes_of(field.value)))
        yield name.decode(), value


def test_openapi_says_what_people_ask_most(call: Caller) -> None:
    """Kinds and fields are described, by the kind itself where it is custom."""
    _, found = call("GET", "/openapi/v3/api/v1")
    schemas = found["components"]["schemas"]
    container = schemas["io.k8s.api.core.v1.Container"]["properties"]
    assert container["image"] == {"description": "The image to run.", "type": "string"}
    pod = schemas["io.k8s.api.core.v1.Pod"]
    assert pod["description"] == "Containers that run together on one node."
    assert pod["properties"]["spec"]["description"]
    body = definition()
    schema = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["size"]["description"] = "How many boards."
    call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    _, found = call("GET", "/openapi/v3/apis/example.com/v1")
    shelf = found["components"]["schemas"]["com.example.v1.Shelf"]["properties"]
    assert shelf["spec"]["properties"]["size"]["description"] == "How many boards."
