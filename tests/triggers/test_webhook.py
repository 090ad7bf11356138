"""Requests to a webhook are answered as Argo Events does, and make the same events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.http import HttpRequest
from ruleengine.model.secrets import Secret
from ruleengine.triggers.source_filter import passes
from ruleengine.triggers.source_specification import Route
from ruleengine.triggers.webhook import MASKED, SUCCESS, TOO_LARGE, receive, refuse
from tests.triggers.vectors import cases, report


def route(**fields: object) -> Route:
    """Return the route of a push."""
    known = {"event": "push", "type": "webhook", "port": 12000, "endpoint": "/push"}
    return Route(**{**known, "method": "POST", **fields})


def post(body: str | bytes = "{}", method: str = "POST", **headers: str) -> HttpRequest:
    """Return a request; underscores in names of headers stand for dashes."""
    data = body.encode() if isinstance(body, str) else body
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method=method, path="/push", headers=names, body=data)


@pytest.mark.vectors
def test_requests_make_what_they_make_upstream() -> None:
    """Status, answer and data of every recorded request."""
    wrong = []
    found = cases("webhookRequest")
    for case in found:
        config, request = case["in"]["config"], case["in"]["request"]
        headers = {name.lower(): "\n".join(one) for name, one in request["headers"].items()}
        reception = receive(
            route(
                method=config["method"],
                metadata=config.get("metadata", {}),
                filter=config.get("filter", {}).get("expression", ""),
            ),
            post(request["body"], request["method"], **headers),
        )
        data = None if reception.data is None else json.loads(reception.data)
        wanted = case["out"]
        if (reception.status, data) != (wanted["status"], wanted["data"]) or (
            case.get("error_match") != "any" and reception.text != wanted["text"]
        ):
            wrong.append(f"{case['case']}: {reception}")
    report("webhookRequest", len(found), wrong)


def test_the_body_stays_the_text_that_was_sent() -> None:
    """Order and repetition of keys and the digits of numbers are the sender's."""
    text = '{"b": 1.50,  "a": [12345678901234567890], "b": "<x>"}'
    data = receive(route(), post(text, content_type="application/json")).data
    assert data == (
        '{"header":{"Content-Type":["application/json"]},'
        '"body":{"b":1.50,"a":[12345678901234567890],"b":"\\u003cx\\u003e"}}'
    )


def test_a_form_and_a_query_are_lists_of_values() -> None:
    """Only the exact content type makes a form; a get has nothing but its query."""
    form = "application/x-www-form-urlencoded"
    data = receive(route(), post("a=1&b=&a=%26", content_type=form)).data
    assert json.loads(data or "")["body"] == {"a": ["1", "&"], "b": [""]}
    assert receive(route(), post("a=1", content_type=f"{form}; charset=utf-8")).status == 400
    request = HttpRequest(method="GET", path="/push", query=(("a", "1"), ("a", "2")))
    data = receive(route(method="GET"), request).data
    assert json.loads(data or "") == {"header": {}, "body": {"a": ["1", "2"]}}


def test_headers_have_canonical_names_and_no_credentials() -> None:
    """Paths look like header.X-Github-Event.0; what Go takes out is not there."""
    request = post(x_github_event="push", authorization="Bearer s3cret", host="a", accept="b\nc")
    data = receive(route(), request).data
    assert json.loads(data or "")["header"] == {
        "Accept": ["b", "c"],
        "Authorization": [MASKED],
        "X-Github-Event": ["push"],
    }


@pytest.mark.parametrize(
    ("method", "body", "text"),
    [
        ("GET", "{}", "http method does not match"),
        ("POST", "", "the request body must be JSON"),
        ("POST", "{} {}", "the request body must be JSON"),
        ("POST", b"\xff", "the request body must be JSON: it is no UTF-8"),
        ("POST", "NaN", "the request body must be JSON"),
        ("POST", "[" * 100_000, "the request body must be JSON"),
        ("POST", "1" * 33, TOO_LARGE),
    ],
)
def test_what_makes_no_event_is_refused(method: str, body: str | bytes, text: str) -> None:
    """With 400 and the reason, never with an exception."""
    largest = 32 if body == "1" * 33 else 1024 * 1024
    reception = receive(route(largest=largest), post(body, method))
    assert (reception.status, reception.data) == (400, None)
    assert reception.text.startswith(text)


@pytest.mark.parametrize(
    ("given_header", "status"),
    [("Bearer s3cret", None), ("bearer s3cret", 401), ("Bearer wrong", 401), ("Bearer é", 401)],
)
def test_a_sender_has_to_know_the_token(given_header: str, status: int | None) -> None:
    """In a header that begins exactly so."""
    refused = refuse(post(authorization=given_header), Secret("s3cret"))
    assert (refused.status if refused else None) == status
    assert refuse(post(), Secret("s3cret")) is not None
    assert refuse(post(), None) is None


@pytest.mark.vectors
def test_events_pass_the_filter_of_their_source_as_upstream() -> None:
    """An expression that fails drops the event, as one that does not hold."""
    found = [one for one in cases("sourceFilter") if one["in"]["expression"]]
    wrong = [
        one["case"]
        for one in found
        if passes(one["in"]["expression"], one["in"]["data"]) is not one["out"].get("result", False)
    ]
    report("sourceFilter", len(found), wrong)


def test_an_event_that_is_dropped_is_acknowledged() -> None:
    """Its sender has done nothing wrong."""
    filtered = route(filter='body.ref == "main" && header["X-Kind"][0] == "push"')
    request = post('{"ref": "main"}', x_kind="push")
    assert receive(filtered, request).data is not None
    reception = receive(filtered, post('{"ref": "other"}', x_kind="push"))
    assert (reception.status, reception.text, reception.data) == (200, SUCCESS, None)


@given(st.binary(max_size=40), st.sampled_from(["POST", "GET", "PUT"]), st.text(max_size=5))
def test_any_request_has_an_answer(body: bytes, method: str, content_type: str) -> None:
    """An event whose data is JSON, or a refusal with its reason."""
    reception = receive(route(method=method), post(body, method, content_type=content_type))
    if reception.data is not None:
        assert json.loads(reception.data)
        assert reception.text == SUCCESS
    else:
        assert (reception.status, bool(reception.text)) == (400, True)
