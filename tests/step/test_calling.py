"""``http`` templates: the call as it is made, and what is made of its reply."""

import base64
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.services.http_calls import Call, CallError, Reply
from ruleengine.step import calling
from ruleengine.step.calling import call_of, perform
from ruleengine.step.plan import FailedStepError, StepError
from tests.step.planes import plan


def answering(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes = b"", **headers: Any
) -> None:
    """Have every call answered in one way."""
    reply = Reply(status=status, headers=dict(headers), body=body)
    monkeypatch.setattr(calling, "send", lambda _: reply)


def test_a_call_is_what_the_template_states() -> None:
    """With usual values where it states none."""
    headers = [{"name": "A", "value": "b"}, {"name": "S", "variable": "HTTP_HEADER_1"}]
    stated: Object = {"url": "http://h/x", "headers": headers}
    call = call_of(stated, {"HTTP_HEADER_1": "secret\n"})
    assert call == Call(url="http://h/x", headers=[("A", "b"), ("S", "secret")])
    encoded = base64.b64encode(b"\x00\xff").decode()
    more = {"method": "PUT", "bodyFrom": {"bytes": encoded}, "timeoutSeconds": 5}
    call = call_of({"url": "u", **more, "insecureSkipVerify": True}, {})
    assert (call.method, call.body, call.seconds, call.verifies) == ("PUT", b"\x00\xff", 5, False)
    assert call_of({"url": "u", "body": "é"}, {}).body == "é".encode()
    assert call_of({"headers": [{"name": "A"}]}, {}) == Call(url="", headers=[("A", "")])
    for stated in ({}, {"timeoutSeconds": 0}):
        assert call_of({"url": "u", **stated}, {}).seconds == 30


@pytest.mark.parametrize(
    ("status", "condition", "told"),
    [
        (200, "", ""),
        (299, "", ""),
        (300, "", "received non-2xx response code: 300"),
        (199, "", "received non-2xx response code: 199"),
        (404, "", "received non-2xx response code: 404"),
        (404, "response.statusCode == 404", ""),
        (200, 'response.body contains "bad"', "successCondition"),
        (200, 'response.headers["Kind"][0] == "good"', ""),
        (200, 'request.method == "GET" && request.url == "http://h"', ""),
        (200, 'request.body == "asked" && request.headers == {"A": ["b", "c"]}', ""),
        (200, '"true"', "successCondition"),
    ],
)
def test_the_reply_is_judged_by_its_status_or_by_a_condition(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, status: int, condition: str, told: str
) -> None:
    """The result is the body as it came."""
    answering(monkeypatch, status, b"body \n", Kind=["good"])
    headers = [{"name": "A", "value": "b"}, {"name": "A", "value": "c"}]
    stated = {"url": "http://h", "body": "asked", "headers": headers}
    made = plan(tmp_path, http={**stated, "successCondition": condition})
    if told:
        with pytest.raises(FailedStepError, match=told):
            perform(made, {})
    else:
        assert perform(made, {}) == {"result": "body \n"}


def test_a_call_without_a_reply_is_an_error_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """So are conditions that are none, and headers whose Secret is missing."""

    def unreachable(_: Call) -> Reply:
        raise CallError("http://h cannot be reached")

    monkeypatch.setattr(calling, "send", unreachable)
    with pytest.raises(StepError, match="cannot be reached") as found:
        perform(plan(tmp_path, http={"url": "http://h"}), {})
    assert not isinstance(found.value, FailedStepError)
    answering(monkeypatch, 200)
    with pytest.raises(StepError, match=r"successCondition '1 \+': "):
        perform(plan(tmp_path, http={"url": "http://h", "successCondition": "1 +"}), {})
    headers = [{"name": "S", "variable": "HTTP_HEADER_0"}]
    with pytest.raises(StepError, match="the Secret with the value of the header 'S' is missing"):
        perform(plan(tmp_path, http={"url": "http://h", "headers": headers}), {})


def test_a_reply_that_no_status_can_hold_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Unless nobody asks for it."""
    answering(monkeypatch, 200, b"x" * (256 << 10))
    assert perform(plan(tmp_path, http={"url": "http://h"}), {})
    answering(monkeypatch, 200, b"x" * ((256 << 10) + 1))
    with pytest.raises(StepError, match="more than 262144 bytes"):
        perform(plan(tmp_path, http={"url": "http://h"}), {})
    assert perform(plan(tmp_path, http={"url": "http://h"}, reports=False), {})


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"bodyFrom": {"bytes": "QUJD*"}}, "`bodyFrom.bytes` is no base64"),
        ({"timeoutSeconds": "soon"}, "`timeoutSeconds` must be a number of seconds, not 'soon'"),
        ({"timeoutSeconds": -1}, "`timeoutSeconds` must be a number of seconds, not -1"),
    ],
)
def test_what_no_call_can_be_made_of_is_an_error(tmp_path: Any, stated: Object, told: str) -> None:
    """That names the field."""
    with pytest.raises(StepError, match=told):
        perform(plan(tmp_path, http={"url": "http://h", **stated}), {})
