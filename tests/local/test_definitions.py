"""Kinds of one's own: what a CustomResourceDefinition promises."""

import copy
import json
from typing import Any

import pytest

from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object
from tests.local.planes import (
    APPLY,
    JSON_PATCH,
    MERGE,
    STRATEGIC,
    Caller,
    cells_of,
    condition,
    definition,
)

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SHELVES = "/apis/example.com/v1/namespaces/default/shelves"
SPEC: Object = {
    "type": "object",
    "required": ["size"],
    "x-kubernetes-validations": [
        {"rule": "self.size < 90", "message": "no wall is so wide"},
        {"rule": "self.color == oldSelf.color", "message": "color is immutable"},
        {"rule": "!has(self.due) || self.due > timestamp('2026-01-01T00:00:00Z')"},
        {"rule": "!has(self.lent) || self.lent < duration('24h')", "reason": "FieldValueForbidden"},
    ],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 99},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "due": {"type": "string", "format": "date-time"},
        "lent": {"type": "string", "format": "duration"},
        "share": {
            "type": "number",
            "x-kubernetes-validations": [{"rule": "type(self) == double && self > 0.5"}],
        },
        "height": {"x-kubernetes-int-or-string": True},
        "label": {"type": "string", "nullable": True},
        "books": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "pages": {"type": "integer", "default": 100},
                },
            },
        },
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "lamp": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
    },
}
STATUS: Object = {
    "type": "object",
    "properties": {"used": {"type": "integer"}, "selector": {"type": "string"}},
}


def shelves() -> Object:
    """Return a definition that uses everything a definition can ask for."""
    found = definition()
    found["spec"]["names"]["categories"] = ["furniture"]
    version = found["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"] = {
        "type": "object",
        "properties": {"spec": SPEC, "status": STATUS},
    }
    version["subresources"]["scale"] = {
        "specReplicasPath": ".spec.size",
        "statusReplicasPath": ".status.used",
        "labelSelectorPath": ".status.selector",
    }
    version["selectableFields"] = [{"jsonPath": ".spec.color"}]
    version["additionalPrinterColumns"] += [
        {"name": "Color", "type": "string", "jsonPath": ".spec.color", "priority": 1},
        {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    old = {**copy.deepcopy(version), "name": "v1alpha1", "storage": False, "deprecated": True}
    found["spec"]["versions"].append(old)
    return found


def shelf(name: str = "s", **spec: Any) -> Object:
    """Return a shelf."""
    return {"metadata": {"name": name}, "spec": {"size": 3, **spec}}


@pytest.fixture
def made(call: Caller) -> Caller:
    """Return a caller where shelves are defined."""
    status, answer = call("POST", DEFINITIONS, shelves())
    assert status == 201, answer
    call.plane.settle()
    return call


def test_what_no_field_declares_is_dropped_and_defaults_are_filled_in(made: Caller) -> None:
    """Also inside of lists; null for a field that is not nullable is as nothing."""
    body = shelf(odd=1, books=[{"name": "a", "odd": 1}], label=None, due=None, lamp={"x": 1})
    body["spec"]["lamp"] = {"apiVersion": "v1", "kind": "Lamp", "any": [1]}
    status, found = made("POST", SHELVES, body)
    assert status == 201, found
    assert found["spec"] == {
        "size": 3,
        "color": "red",
        "label": None,
        "books": [{"name": "a", "pages": 100}],
        "lamp": body["spec"]["lamp"],
    }
    status, refused = made("POST", SHELVES, shelf("t", odd=1), fieldValidation="Strict")
    assert (status, 'unknown field "spec.odd"' in refused["message"]) == (400, True)


@pytest.mark.parametrize(
    ("spec", "field", "text"),
    [
        ({"size": 100}, "spec.size", "should be less than or equal to 99"),
        ({"size": "3"}, "spec.size", "must be of type integer"),
        ({"size": None}, "spec.size", "Required value"),
        ({"color": "green"}, "spec.color", 'Unsupported value: "green"'),
        ({"due": "soon"}, "spec.due", "must be of type date-time"),
        ({"height": True}, "spec.height", "must be of type integer,string"),
        ({"books": [{"name": "a"}, {"name": "a"}]}, "spec.books[1]", "Duplicate value"),
        ({"tags": ["a", "a"]}, "spec.tags[1]", "Duplicate value"),
        ({"lamp": {"x": 1}}, "spec.lamp.kind", "Required value"),
        ({"size": 95}, "spec", "no wall is so wide"),
        ({"due": "2025-12-31T00:00:00Z"}, "spec", "failed rule: !has(self.due)"),
        ({"lent": "25h"}, "spec", "Forbidden: failed rule"),
        ({"share": 0}, "spec.share", "failed rule"),
    ],
)
def test_what_breaks_the_schema_or_a_rule_is_refused_by_its_field(
    made: Caller, spec: Object, field: str, text: str
) -> None:
    """With the status and the cause that clients show."""
    status, refused = made("POST", SHELVES, shelf(**spec))
    assert (status, refused["reason"]) == (422, "Invalid")
    causes = {one["field"]: one["message"] for one in refused["details"]["causes"]}
    assert text in causes.get(field, ""), causes


def test_a_number_beyond_all_others_is_no_json(made: Caller) -> None:
    """As for a server: what it cannot read it does not check."""
    status, refused = made("POST", SHELVES, shelf(share=10**400))
    assert (status, refused["reason"]) == (400, "BadRequest")
    assert "number is infinity" in refused["message"]


def test_rules_about_transitions_hold_for_updates(made: Caller) -> None:
    """A create has nothing before it; a whole number is a double where the schema says so."""
    assert made("POST", SHELVES, shelf(share=1))[0] == 201
    status, refused = made("PATCH", f"{SHELVES}/s", {"spec": {"color": "blue"}}, MERGE)
    assert (status, "color is immutable" in refused["message"]) == (422, True)
    assert made("PATCH", f"{SHELVES}/s", {"spec": {"size": 4}}, MERGE)[0] == 200


def test_a_rule_may_do_without_what_was_before(call: Caller) -> None:
    """Then ``oldSelf`` is optional."""
    body = shelves()
    for version in body["spec"]["versions"]:
        schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        rule = "oldSelf.hasValue() ? self.size >= oldSelf.value().size : self.size == 1"
        text = {
            "rule": rule,
            "optionalOldSelf": True,
            "messageExpression": "'no ' + string(self.size)",
        }
        version["schema"]["openAPIV3Schema"]["properties"]["spec"] = {
            **schema,
            "x-kubernetes-validations": [text],
        }
    assert call("POST", DEFINITIONS, body)[0] == 201
    status, refused = call("POST", SHELVES, shelf(size=2))
    assert (status, "no 2" in refused["message"]) == (422, True)
    assert call("POST", SHELVES, shelf(size=1))[0] == 201
    assert call("PATCH", f"{SHELVES}/s", {"spec": {"size": 5}}, MERGE)[0] == 200
    assert call("PATCH", f"{SHELVES}/s", {"spec": {"size": 4}}, MERGE)[0] == 422


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"x-kubernetes-validations": [{"rule": "self >"}]}, "x-kubernetes-validations[0].rule"),
        (
            {
                "properties": {"a": {"type": "integer"}},
                "x-kubernetes-validations": [{"rule": "self.b > 1"}],
            },
            "x-kubernetes-validations[0].rule",
        ),
        (
            {
                "properties": {"a": {"type": "integer"}},
                "x-kubernetes-validations": [{"rule": "true", "messageExpression": "self.a"}],
            },
            "x-kubernetes-validations[0].messageExpression",
        ),
        (
            {
                "properties": {
                    "a": {
                        "type": "array",
                        "items": {
                            "type": "integer",
                            "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
                        },
                    }
                }
            },
            "properties[a].items.x-kubernetes-validations[0].rule",
        ),
        ({"properties": {"a": {}}}, "properties[a].type"),
        ({"additionalProperties": False}, "additionalProperties"),
        ({"uniqueItems": True}, "uniqueItems"),
        ({"pattern": "(?=a)"}, "pattern"),
        ({"properties": {"a": {"type": "array"}}}, "properties[a].items"),
    ],
)
def test_a_schema_that_lies_is_refused_when_it_is_defined(
    call: Caller, wrong: Object, field: str
) -> None:
    """And not when the first object comes."""
    body = definition()
    schema = {"type": "object", "properties": {"spec": {"type": "object", **wrong}}}
    body["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    status, refused = call("POST", DEFINITIONS, body)
    fields = [one["field"] for one in refused["details"]["causes"]]
    assert (status, [one for one in fields if one.endswith(field)]) == (422, fields), refused


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("self.metadata.name.size() < 9 && self.kind == 'Shelf' && self.spec.n > 0", 201),
        ("self.spec.ratio > 1 && self.spec.share == '5%'", 201),
        ("self.spec.lamp.kind == 'Lamp' && self.spec.lamp.metadata.name != ''", 201),
        ("self.spec.__namespace__ == '' && self.spec.a__dash__b == ''", 201),
        ("self.spec.marks.all(k, k != '') && self.spec.since < self.spec.until", 201),
        ("self.metadata.labels.size() == 0", 422),
        ("self.spec.namespace == ''", 422),
        ("self.spec.free.x == 1", 422),
        ("self.spec.ratio == 1", 422),
        ("self.spec.since + self.spec.until == self.spec.since", 422),
        ("self.spec.lamp.any == 1", 422),
        ("self.spec", 422),
    ],
)
def test_a_rule_speaks_of_what_its_schema_describes(call: Caller, rule: str, code: int) -> None:
    """In the types that the schema says; nothing else is taken."""
    body = definition()
    kept = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = {
        "n": {"type": "integer"},
        "ratio": {"type": "number"},
        "share": {"x-kubernetes-int-or-string": True},
        "since": {"type": "string", "format": "date-time"},
        "until": {"type": "string", "format": "date-time"},
        "namespace": {"type": "string"},
        "a-b": {"type": "string"},
        "marks": {"type": "object", "additionalProperties": {"type": "integer"}},
        "free": kept,
        "lamp": {**kept, "x-kubernetes-embedded-resource": True},
    }
    body["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties}},
        "x-kubernetes-validations": [{"rule": rule}],
    }
    status, answer = call("POST", DEFINITIONS, body)
    assert status == code, answer


def test_rules_compare_sets_and_maps_without_their_order(call: Caller) -> None:
    """As a list type says; what has changed is what is in them."""
    body = shelves()
    for version in body["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"] = copy.deepcopy(version["schema"]["openAPIV3Schema"])
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        for name in ("tags", "books"):
            rule = {"rule": "self == oldSelf", "message": "only its order may change"}
            spec[name]["x-kubernetes-validations"] = [rule]
    assert call("POST", DEFINITIONS, body)[0] == 201
    book = [{"name": "a", "pages": 1}, {"name": "b", "pages": 2}]
    assert call("POST", SHELVES, shelf(tags=["x", "y"], books=book))[0] == 201
    turned = {"spec": {"tags": ["y", "x"], "books": book[::-1]}}
    assert call("PATCH", f"{SHELVES}/s", turned, MERGE)[0] == 200
    for change in ({"tags": ["y", "z"]}, {"books": [{"name": "a", "pages": 5}, book[1]]}):
        status, refused = call("PATCH", f"{SHELVES}/s", {"spec": change}, MERGE)
        assert (status, "only its order" in refused["message"]) == (422, True)


def test_status_and_scale_are_resources_of_their_own(made: Caller) -> None:
    """The main resource leaves the status alone, and ``/status`` everything else."""
    made("POST", SHELVES, {**shelf(), "status": {"used": 9}})
    _, found = made("GET", f"{SHELVES}/s")
    assert "status" not in found
    change = {"spec": {"size": 7}, "status": {"used": 2, "selector": "a=b"}}
    _, found = made("PATCH", f"{SHELVES}/s/status", change, MERGE)
    assert (found["spec"]["size"], found["metadata"]["generation"]) == (3, 1)
    _, scale = made("PATCH", f"{SHELVES}/s/scale", {"spec": {"replicas": 5}}, MERGE)
    assert (scale["spec"], scale["status"]) == ({"replicas": 5}, {"replicas": 2, "selector": "a=b"})
    _, found = made("GET", f"{SHELVES}/s")
    assert (found["spec"]["size"], found["metadata"]["generation"]) == (5, 2)
    applied = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
    applied |= {"metadata": {"name": "s"}, "spec": {"replicas": 6}}
    query = {"fieldManager": "m", "force": "true"}
    assert made("PATCH", f"{SHELVES}/s/scale", applied, APPLY, **query)[0] == 200
    assert made("GET", f"{SHELVES}/s")[1]["spec"]["size"] == 6


def test_a_kind_is_found_selected_and_shown_as_its_definition_says(made: Caller) -> None:
    """Short names, categories, selectable fields, printer columns."""
    made("POST", SHELVES, shelf("a"))
    made("POST", SHELVES, shelf("b", color="blue"))
    rows = made("GET", "/apis/example.com/v1")[1]["resources"]
    assert rows[0]["shortNames"] == ["sh"]
    assert rows[0]["categories"] == ["furniture"]
    assert [row["name"] for row in rows] == ["shelves", "shelves/status", "shelves/scale"]
    found = made("GET", SHELVES, fieldSelector="spec.color=blue")[1]["items"]
    assert [one["metadata"]["name"] for one in found] == ["b"]
    assert made("GET", SHELVES, fieldSelector="spec.size=3")[0] == 400
    assert cells_of(made, SHELVES)[0] == {"Name": "a", "Size": 3, "Color": "red", "Since": "0s"}


@pytest.mark.parametrize("condition", [{}, {"type": "Established"}, {"status": "True"}])
def test_a_status_that_lacks_something_harms_no_other_kind(made: Caller, condition: Any) -> None:
    """Every request asks which kinds are defined."""
    status = {"status": {"conditions": [condition]}}
    assert made("PATCH", f"{DEFINITIONS}/shelves.example.com/status", status, MERGE)[0] < 500
    assert made("GET", "/api/v1/namespaces/default")[0] == 200


def test_a_version_that_is_deprecated_warns(made: Caller) -> None:
    """Each version shows the same object under its own name."""
    made("POST", SHELVES, shelf())
    path = SHELVES.replace("v1", "v1alpha1")
    answer = made.plane.send(HttpRequest(method="GET", path=f"{path}/s"))
    assert b'"apiVersion":"example.com/v1alpha1"' in answer.body
    assert answer.headers["warning"] == '299 - "example.com/v1alpha1 Shelf is deprecated"'
    assert "warning" not in made.plane.send(HttpRequest(method="GET", path=SHELVES)).headers


def test_what_is_stored_and_not_done_is_warned_of(call: Caller) -> None:
    """Conversion by webhook, and webhooks and policies of admission."""
    body = definition()
    body["spec"]["conversion"] = {
        "strategy": "Webhook",
        "webhook": {
            "conversionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://example.com"},
        },
    }
    hook = {"metadata": {"name": "h"}, "webhooks": []}
    admission = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    for path, value in ((DEFINITIONS, body), (admission, hook)):
        request = HttpRequest(
            method="POST",
            path=path,
            headers={"content-type": "application/json"},
            body=json.dumps(value).encode(),
        )
        answer = call.plane.send(request)
        assert (answer.status, "webhook" in answer.headers["warning"]) == (201, True), answer


def test_a_custom_kind_has_the_patches_and_updates_that_it_can_have(made: Caller) -> None:
    """No strategic merge, and no update without the revision that it replaces."""
    made("POST", SHELVES, shelf())
    assert made("PATCH", f"{SHELVES}/s", {}, STRATEGIC)[0] == 415
    add = [{"op": "add", "path": "/spec/tags", "value": ["a"]}]
    assert made("PATCH", f"{SHELVES}/s", add, JSON_PATCH)[1]["spec"]["tags"] == ["a"]
    status, refused = made("PUT", f"{SHELVES}/s", shelf())
    assert (status, "must be specified for an update" in refused["message"]) == (422, True)


def test_a_name_belongs_to_who_had_it_first(made: Caller) -> None:
    """The second definition is not established, until the first gives the name up."""
    rival = definition()
    rival["metadata"]["name"] = "boards.example.com"
    rival["spec"]["names"] = {"plural": "boards", "kind": "Shelf", "singular": "board"}
    made("POST", DEFINITIONS, rival)
    made.plane.settle()
    _, found = made("GET", f"{DEFINITIONS}/boards.example.com")
    accepted, established = (condition(found, one) for one in ("NamesAccepted", "Established"))
    assert (accepted["status"], accepted["reason"]) == ("False", "KindConflict")
    assert (established["status"], established["reason"]) == ("False", "NotAccepted")
    boards = "/apis/example.com/v1/namespaces/default/boards"
    assert made("GET", boards)[0] == 404
    assert made("POST", SHELVES, shelf())[0] == 201
    made("DELETE", f"{DEFINITIONS}/shelves.example.com")
    assert made("POST", SHELVES, shelf("late"))[0] == 405
    made.plane.settle()
    _, found = made("GET", f"{DEFINITIONS}/boards.example.com")
    assert condition(found, "Established")["status"] == "True"
    assert found["status"]["acceptedNames"]["kind"] == "Shelf"
    assert made("GET", boards)[0] == 200
