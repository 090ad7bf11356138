"""What a pod sends to the API server: again where that is busy, and never a second time in vain."""

import http.client
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.step.api import Api, ApiAnswerError, path_of
from ruleengine.step.plan import StepError

Answer = tuple[int, Object] | Exception


class Scripted(Api):
    """Answers with what is scripted, the last answer for ever; remembers what was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.pauses: list[float] = []
        super().__init__({}, pause=self.pauses.append)
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Object | None, str]] = []

    def _once(self, method: str, path: str, body: Object | None, media: str) -> tuple[int, Object]:
        self.sent.append((method, path, body, media))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


PASSING: list[Answer] = [
    *((status, {}) for status in (409, 429, 500, 502, 503, 504)),
    ConnectionRefusedError("refused"),
    http.client.RemoteDisconnected("gone"),
]


@pytest.mark.parametrize("answer", PASSING, ids=str)
def test_what_passes_is_waited_out(answer: Answer) -> None:
    """Longer each time."""
    api = Scripted(answer, answer, (201, {"kind": "Pod"}))
    assert api.apply("/p", {"a": 1}, "m") == {"kind": "Pod"}
    apply = ("PATCH", "/p?fieldManager=m&force=true", {"a": 1}, "application/apply-patch+yaml")
    assert api.sent == [apply] * 3
    assert api.pauses == [0.2, 0.4]
    api = Scripted(answer, (201, {"kind": "Pod"}))
    assert api.send("POST", "/p", {"a": 1}) == {"kind": "Pod"}


@pytest.mark.parametrize("answer", PASSING, ids=str)
def test_what_does_not_pass_is_told(answer: Answer) -> None:
    """After some six seconds."""
    api = Scripted(answer)
    with pytest.raises(StepError, match=r"the API server (answered \d+|does not answer: )"):
        api.get("/p")
    assert api.sent == [("GET", "/p", None, "application/json")] * 6
    assert sum(api.pauses) == pytest.approx(6.2)


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 300), ("GET", 400), ("GET", 403), ("GET", 404), ("PUT", 422)],
)
def test_a_refusal_is_told_at_once(method: str, status: int) -> None:
    """In the server's words."""
    api = Scripted((status, {"message": "not so"}))
    with pytest.raises(ApiAnswerError, match=r"^not so$") as caught:
        api.send(method, "/p", {})
    assert (caught.value.status, api.pauses, len(api.sent)) == (status, [], 1)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, {"reason": "AlreadyExists"}),
        ({}, {"reason": "Conflict", "details": {"causes": [{"reason": "FieldManagerConflict"}]}}),
        ({"metadata": {"resourceVersion": "7"}}, {"reason": "Conflict"}),
        ({"preconditions": {"uid": "u"}}, {"reason": "Conflict"}),
    ],
    ids=["taken", "owned", "old", "precondition"],
)
def test_a_conflict_that_stays_one_is_told_at_once(body: Object, answer: Object) -> None:
    """The same request meets the same the second time; others pass."""
    api = Scripted((409, {"message": "not so", **answer}))
    with pytest.raises(ApiAnswerError, match=r"^not so$"):
        api.send("PATCH", "/p", body)
    assert (api.pauses, len(api.sent)) == ([], 1)


@pytest.mark.parametrize(
    ("before", "repeated"),
    [((), False), (((429, {}),), False), (((500, {}),), True), ((OSError("lost"),), True)],
)
def test_a_refusal_tells_whether_the_request_may_have_been_heard_before(
    before: tuple[Answer, ...], *, repeated: bool
) -> None:
    """Then it may be its own doing that refuses it."""
    api = Scripted(*before, (409, {"reason": "AlreadyExists"}))
    with pytest.raises(ApiAnswerError) as caught:
        api.send("POST", "/p", {})
    assert caught.value.repeated is repeated


@pytest.mark.parametrize(
    ("data", "found"), [(b'{"a": 1}', {"a": 1}), (b"[1]", {}), (b"<html>", {}), (b"\xff", {})]
)
def test_an_answer_that_is_no_object_is_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, found: Object
) -> None:
    """As proxies give them; asked for over TLS that trusts the cluster alone, with the token."""
    (tmp_path / "ca.crt").touch()
    (tmp_path / "token").write_text("secret\n")
    said: list[Any] = []

    class Connection:
        status = 200

        def __init__(self, host: str, port: int, **more: Any) -> None:
            said.append((host, port, more["timeout"], more["context"]))

        def request(self, *words: Any, **more: Any) -> None:
            said.append((*words, more))

        def getresponse(self) -> "Connection":
            return self

        def read(self) -> bytes:
            return data

        def close(self) -> None:
            said.append("closed")

    monkeypatch.setattr("http.client.HTTPSConnection", Connection)
    monkeypatch.setattr("ssl.create_default_context", lambda cafile: cafile)
    address = {"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "6443"}
    assert Api(address, tmp_path).send("PUT", "/p", {"b": 2}, "x/y") == found
    headers = {
        "authorization": "Bearer secret",
        "accept": "application/json",
        "content-type": "x/y",
    }
    assert said == [
        ("::1", 6443, 30.0, str(tmp_path / "ca.crt")),
        ("PUT", "/p", {"body": b'{"b": 2}', "headers": headers}),
        "closed",
    ]
    Api(address, tmp_path).get("/p")
    assert said[4][2]["body"] is None


def test_a_segment_of_a_path_is_one() -> None:
    """Whatever stands in it; one that is empty is none."""
    assert path_of(("", "a/b", "c d", "..%")) == "/a%2Fb/c%20d/..%25"
