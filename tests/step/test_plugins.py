"""``step plugin``: real plugins on loopback are asked, and what they answer is judged."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.step.plan import FailedStepError, Plan, StepError
from ruleengine.step.plugins import Done, perform, write_tokens
from tests.step.planes import plan

Answers = Callable[[int], tuple[int, Any]]
"""Says what a plugin answers to its first, second ... question: a status and a body."""

GREETING = {"phase": "Succeeded", "message": "well", "outputs": {"result": "hello"}}
ASKED = {"workflow": {"metadata": {"name": "wf"}}, "template": {"plugin": {"greeter": {}}}}


class Asked:
    """A plugin that runs: its port, and what it was asked."""

    def __init__(self, answers: Answers) -> None:
        self.questions: list[tuple[str, str, Object]] = []
        questions = self.questions

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = answers(len(questions))
                token = str(self.headers["Authorization"])
                questions.append((self.path, token, json.loads(body)))
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(*plugins: Answers) -> Iterator[list[Asked]]:
    """Run plugins."""
    found = [Asked(one) for one in plugins]
    try:
        yield found
    finally:
        for one in found:
            one.close()


def made(tmp_path: Path, ports: list[int], **more: Any) -> Plan:
    """Return a plan that asks plugins, whose tokens are written."""
    plugins = [{"name": f"p{number}", "port": port} for number, port in enumerate(ports)]
    found = plan(tmp_path, plugin={"asked": ASKED, "plugins": plugins}, **more)
    write_tokens(found)
    return found


def asked(tmp_path: Path, *plugins: Answers, **more: Any) -> tuple[Done, list[Asked], list[float]]:
    """Ask plugins; return what came of it, the plugins, and the pauses that were made."""
    pauses: list[float] = []
    with serving(*plugins) as found:
        done = perform(made(tmp_path, [one.port for one in found], **more), pauses.append)
    return done, found, pauses


def always(status: int, body: Any) -> Answers:
    """Answer every question alike."""
    return lambda _: (status, body)


def test_a_plugin_is_asked_with_the_template_and_its_token(tmp_path: Path) -> None:
    """What it answers is what the node comes to."""
    done, (one,), pauses = asked(tmp_path, always(200, {"node": GREETING}))
    assert done == Done("Succeeded", "well", {"result": "hello"})
    token = (tmp_path / "p0" / "token").read_text()
    assert one.questions == [("/api/v1/template.execute", f"Bearer {token}", ASKED)]
    assert pauses == []
    assert len(token) > 30


def test_tokens_are_for_one_plugin_each(tmp_path: Path) -> None:
    """Any user may read the one that its container is shown."""
    made(tmp_path, [1, 2])
    first, second = (tmp_path / name / "token" for name in ("p0", "p1"))
    assert first.read_text() != second.read_text()
    assert first.stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("other", [(200, {}), (200, b""), (200, {"node": None}), (404, b"no")])
def test_work_that_is_not_its_own_goes_to_the_next(tmp_path: Path, other: Any) -> None:
    """A plugin says so with an empty answer, or with 404."""
    done, plugins, _ = asked(tmp_path, always(*other), always(200, {"node": GREETING}))
    assert done.phase == "Succeeded"
    assert [len(one.questions) for one in plugins] == [1, 1]


def test_nobody_did_it(tmp_path: Path) -> None:
    """The node says who was asked."""
    with pytest.raises(StepError, match="no plugin executed the template; asked: p0, p1"):
        asked(tmp_path, always(404, {}), always(200, {}))


def test_a_plugin_that_is_not_done_is_asked_again_when_it_says(tmp_path: Path) -> None:
    """With no time of its own, after a usual one."""
    goes_on = {"node": {"phase": "Running", "message": "half"}}
    answers = [{**goes_on, "requeue": "2m"}, goes_on, {"node": GREETING}]
    done, (one,), pauses = asked(tmp_path, lambda number: (200, answers[number]))
    assert (done.phase, len(one.questions), pauses) == ("Succeeded", 3, [120.0, 10.0])


@pytest.mark.parametrize("status", [500, 502, 503, 429, 401, 403])
def test_what_fails_for_the_moment_is_tried_again(tmp_path: Path, status: int) -> None:
    """And the pauses grow."""
    answers: Answers = lambda number: (status, b"") if number < 3 else (200, {"node": GREETING})  # noqa: E731
    done, (one,), pauses = asked(tmp_path, answers)
    assert (done.phase, len(one.questions), pauses) == ("Succeeded", 4, [0.1, 0.2, 0.4])


def test_a_plugin_that_keeps_failing_is_told(tmp_path: Path) -> None:
    """With its last words."""
    with pytest.raises(StepError, match="the plugin p0 does not answer: it answered 500: broken"):
        asked(tmp_path, always(500, b"broken"))


def test_a_plugin_that_does_not_listen_is_told(tmp_path: Path) -> None:
    """After it had time to come up."""
    with serving(always(200, {})) as (gone,):
        port = gone.port
    pauses: list[float] = []
    with pytest.raises(StepError, match=r"the plugin p0 does not answer: .* cannot be reached"):
        perform(made(tmp_path, [port]), pauses.append)
    assert sum(pauses) > 20


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"<html>", "no JSON"),
        (200, ["node"], "something else than a node"),
        (200, {"node": "done"}, "something else than a node"),
        (200, {"node": {"phase": "Great"}}, "the phase 'Great'"),
        (200, {"node": {"phase": "Running"}, "requeue": "soon"}, "requeue: soon"),
        (200, {"node": {**GREETING, "outputs": ["x"]}}, "outputs that are none"),
        (200, {"node": {**GREETING, "outputs": {"parameters": ["x"]}}}, "outputs that are none"),
        (400, b"bad template", "answered 400: bad template"),
    ],
)
def test_an_answer_that_is_none_is_an_error(
    tmp_path: Path, status: int, body: Any, told: str
) -> None:
    """The node says which plugin, and what is wrong with its answer."""
    with pytest.raises(StepError, match=told) as caught:
        asked(tmp_path, always(status, body))
    assert "p0" in str(caught.value)
    assert not isinstance(caught.value, FailedStepError)


def test_outputs_are_those_that_are_declared_and_what_else_is_given(tmp_path: Path) -> None:
    """Defaults fill in; what is exported keeps its global name."""
    parameters = ({"name": "said", "globalName": "heard"}, {"name": "mood", "default": "good"})
    outputs = {"parameters": [{"name": "said", "value": "hello"}, {"name": "more", "value": 1}]}
    answer = {"node": {"phase": "Succeeded", "outputs": outputs}}
    done, _, _ = asked(tmp_path, always(200, answer), parameters=parameters)
    assert done.outputs["parameters"] == [
        {"name": "said", "globalName": "heard", "value": "hello"},
        {"name": "more", "value": "1"},
        {"name": "mood", "value": "good"},
    ]
    with pytest.raises(StepError, match="gave no output parameter 'said'"):
        asked(tmp_path, always(200, {"node": {"phase": "Succeeded"}}), parameters=parameters)


def test_failures_and_errors_are_told_apart(tmp_path: Path) -> None:
    """A failure is the step's own, an error is not; both keep the plugin's words and outputs."""
    for phase, kind in (("Failed", FailedStepError), ("Error", StepError)):
        node = {"phase": phase, "message": "no voice", "outputs": {"result": "partly"}}
        done, _, _ = asked(tmp_path, always(200, {"node": node}))
        assert done.outputs == {"result": "partly"}
        with pytest.raises(kind, match="no voice") as caught:
            done.judge()
        assert type(caught.value) is kind
    asked(tmp_path, always(200, {"node": GREETING}))[0].judge()
