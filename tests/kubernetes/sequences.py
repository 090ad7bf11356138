"""Sequences of requests, as ``sequences/*.yaml`` states them, played on any API server.

A step is ``do: METHOD PATH`` with a ``body`` (or ``text``). ``NS`` in a path stands for the
namespace of the sequence, ``NAME`` for a name that no other sequence has, and ``<3.metadata.uid>``
for what the third answer said. With ``each`` one request is sent for every merge patch that is
listed, with the body so patched and another name. ``as`` of a sequence is whom the administrator
speaks for; ``managed`` has the owners of fields compared, too.
"""

import copy
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from ruleengine.apimachinery.patches import merge_patch
from ruleengine.formats import yaml_reader
from ruleengine.model.digests import short_digest
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.values import lookup

FOLDER = Path(__file__).parent / "sequences"
_PATCHES = {
    "APPLY": "application/apply-patch+yaml",
    "PATCH-MERGE": "application/merge-patch+json",
    "PATCH-STRATEGIC": "application/strategic-merge-patch+json",
    "PATCH-JSON": "application/json-patch+json",
    "PATCH-JSONTYPE": "application/json",
}
_PATIENCE = 30.0


@dataclass(frozen=True)
class Step:
    """One request of a sequence, as it is written."""

    do: str
    content: bytes
    media: str
    accept: str
    wait: str


@dataclass(frozen=True)
class Sequence:
    """Requests that belong together; each is played in a namespace of its own."""

    name: str
    steps: tuple[Step, ...]
    speaker: str
    managed: bool


@dataclass(frozen=True)
class Answer:
    """What a server said: the status and plain data (of a watch: its events)."""

    request: str
    status: int
    value: Any


def load() -> list[Sequence]:
    """Return every sequence of the folder."""
    return [one for path in sorted(FOLDER.glob("*.yaml")) for one in _read(path)]


def _read(path: Path) -> Iterator[Sequence]:
    (document,) = yaml_reader.read(path.read_bytes(), path.name).documents
    for one in document.value:
        steps = tuple(step for value in one["steps"] for step in _steps(value))
        yield Sequence(one["name"], steps, one.get("as", ""), one.get("managed", False))


def _steps(value: Any) -> Iterator[Step]:
    verb = value["do"].split()[0]
    media = value.get("media") or _PATCHES.get(verb, "application/json")
    bodies = [value.get("body")]
    if "each" in value:
        bodies = [_changed(value["body"], number, one) for number, one in enumerate(value["each"])]
    for body in bodies:
        text = value["text"] if "text" in value else "" if body is None else json.dumps(body)
        accept = value.get("accept", "application/json")
        yield Step(value["do"], text.encode(), media, accept, value.get("wait", ""))


def _changed(body: Any, number: int, patch: Any) -> Any:
    """Return an object as a patch changes it, under a name of its own; the first keeps its own."""
    found = merge_patch(copy.deepcopy(body), patch)
    if number and "metadata" not in patch:
        found["metadata"]["name"] += f"-{number}"
    return found


def play(sequence: Sequence, transport: Transport) -> list[Answer]:
    """Send the requests of a sequence, one after the other, after its namespace was made."""
    answers: list[Answer] = []
    namespace = f"s{short_digest(sequence.name)[:8]}"
    _begin(namespace, transport)
    for step in sequence.steps:
        text = _filled(step.do, namespace, answers)
        verb, _, target = text.partition(" ")
        path, _, query = target.partition("?")
        headers = {"content-type": step.media, "accept": step.accept, "user-agent": "tester/1"}
        if sequence.speaker:
            headers["impersonate-user"] = sequence.speaker
        request = HttpRequest(
            method="PATCH" if verb in _PATCHES else verb,
            path=path,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=_filled(step.content.decode(), namespace, answers).encode(),
        )
        answers.append(_answer(f"{text} {request.body.decode()}", transport.send(request)))
        if step.wait:
            _wait(_filled(step.wait, namespace, answers), transport)
    return answers


def _begin(namespace: str, transport: Transport) -> None:
    """Make a namespace, and the account that controllers would make in it."""
    spaces = "/api/v1/namespaces"
    for path, name in ((spaces, namespace), (f"{spaces}/{namespace}/serviceaccounts", "default")):
        body = json.dumps({"metadata": {"name": name}}).encode()
        headers = {"content-type": "application/json"}
        request = HttpRequest(method="POST", path=path, headers=headers, body=body)
        assert transport.send(request).status == 201


def _filled(text: str, namespace: str, answers: list[Answer]) -> str:
    def found(match: re.Match[str]) -> str:
        number, _, path = match[1].partition(".")
        return str(lookup(answers[int(number)].value, *path.split("."), default=""))

    text = re.sub(r"<(\d+\.[\w.]+)>", found, text)
    text = text.replace("NSNAME", namespace).replace("NAME", namespace)
    return re.sub(r"(?<=/)NS(?=[/?]|$)", f"namespaces/{namespace}", text)


def _answer(request: str, response: HttpResponse) -> Answer:
    value: Any
    if response.stream is not None:
        lines = b"".join(response.stream).splitlines()
        value = [json.loads(line) for line in lines]
    else:
        try:
            value = json.loads(response.body)
        except ValueError:
            value = response.body.decode(errors="replace")
    return Answer(request, response.status, value)


def _wait(path: str, transport: Transport) -> None:
    end = time.monotonic() + _PATIENCE
    request = HttpRequest(method="GET", path=path, headers={"accept": "application/json"})
    while transport.send(request).status != 200:
        assert time.monotonic() < end, f"{path} is not served"
        time.sleep(0.1)
