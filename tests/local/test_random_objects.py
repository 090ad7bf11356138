"""Objects at random: what is let in, the controllers, the tables and the node can live with."""

import copy
import json
import logging
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.http import HttpRequest
from tests.apimachinery.good_objects import GOOD, whole
from tests.local.planes import APPLY, MERGE

JSON = "application/json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
JUNK: tuple[Any, ...] = (
    None, 0, -1, 1, 2**40, "", "x", "a-b", "1Gi", "50%", [], {}, True, [{}], {"a": "b"},
    "2026-01-01T00:00:00Z",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, one in inner if isinstance(value, dict | list) else ():
        yield (*path, step)
        if isinstance(one, dict | list):
            yield from places(one, (*path, step))


def spoilt(value: Any, random: Random) -> Any:
    """Return an object that lacks a thing or two, or has something else in its place."""
    value = copy.deepcopy(value)
    for _ in range(random.choice((0, 0, 1, 1, 1, 2))):
        known = [one for one in places(value) if one[0] not in ("apiVersion", "kind", "metadata")]
        if not known:
            break
        *above, step = random.choice(known)
        place = value
        for one in above:
            place = place[one]
        if random.random() < 0.5:
            del place[step]
        else:
            place[step] = random.choice(JUNK)
    return value


def _path(plane: ControlPlane, value: Any) -> str:
    info = plane.api.registry.catalog.table().find(value["apiVersion"], value["kind"])
    assert info is not None
    root = f"/apis/{info.api_version}" if info.group else f"/api/{info.api_version}"
    return f"{root}{'/namespaces/default' if info.namespaced else ''}/{info.plural}"


LIMITS: dict[str, Any] = {
    "resourcequotas": {"hard": {"pods": "50", "requests.cpu": "9", "requests.storage": "9Ti"}},
    "limitranges": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "9Ti"}}]},
}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_changed_harms_nobody(seed: int) -> None:
    """Admission looks at changes, and at everything else that there is, before all is checked."""
    random = Random(seed)
    plane = in_memory_plane(seed=seed)
    seen: Counter[int] = Counter()

    def call(method: str, path: str, body: Any, media: str = JSON) -> None:
        headers = {"content-type": media}
        data = json.dumps(body).encode()
        response = plane.send(HttpRequest(method=method, path=path, headers=headers, body=data))
        assert response.status < 500, (method, path, body, response)
        seen[response.status] += 1

    for plural, spec in LIMITS.items():
        path = f"/api/v1/namespaces/default/{plural}"
        call("POST", path, {"metadata": {"name": "all"}, "spec": spec})
    known = [whole(kind) for kind in GOOD]
    for value in known:
        value["metadata"] = {"name": "one"}
        call("POST", _path(plane, value), value)
    assert seen[201] > len(known) / 2
    for _ in range(80):
        value = random.choice(known)
        changed = {**spoilt(value, random), "metadata": {"name": "one"}}
        path = f"{_path(plane, value)}/one{random.choice(('', '', '', '/status'))}"
        method, media = random.choice((("PUT", JSON), ("PATCH", MERGE)))
        call(method, path, changed, media)
    assert seen[200] > 5
    assert seen[422] + seen[400] > 5


KINDS = ("Ready", "Progressing", "ReplicaFailure", "Complete", "DisruptionAllowed", "Established")


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_condition_that_lacks_something_stops_no_controller(kind: str | None) -> None:
    """Whoever writes a status by hand may leave out when it became so, and all else."""
    plane = in_memory_plane()
    known = [whole(kind) for kind in GOOD]

    def call(method: str, path: str, body: Any) -> None:
        headers = {"content-type": JSON if method == "POST" else MERGE}
        data = json.dumps(body).encode()
        response = plane.send(HttpRequest(method=method, path=path, headers=headers, body=data))
        assert response.status < 500, (path, response)

    for value in known:
        value["metadata"] = {"name": "one", "labels": {"a": "b"}}
        call("POST", _path(plane, value), value)
    plane.advance(3)
    patch = {"status": {"conditions": [{"type": kind, "status": "True"} if kind else {}]}}
    for value in known:
        call("PATCH", f"{_path(plane, value)}/one/status", patch)
        call("PATCH", f"{_path(plane, value)}/one", {"metadata": {"labels": {"a": "c"}}})
    plane.advance(700)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_let_in_harms_nobody(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    """No request fails and no controller breaks, whatever else there is."""
    caplog.set_level(logging.CRITICAL)
    random = Random(seed)
    plane = in_memory_plane(seed=seed)
    table = plane.api.registry.catalog.table()
    seen: Counter[int] = Counter()

    def call(method: str, path: str, body: Any = None, media: str = JSON, **headers: str) -> None:
        request = HttpRequest(
            method=method,
            path=path,
            query=(("fieldManager", "m"), ("force", "true")) if media == APPLY else (),
            headers={"content-type": media, **headers},
            body=b"" if body is None else json.dumps(body).encode(),
        )
        response = plane.send(request)
        assert response.status < 500, (request, response)
        seen[response.status] += 1

    for number in range(60):
        value = spoilt(whole(random.choice([*GOOD])), random)
        info = table.find(value["apiVersion"], value["kind"])
        if info is None or "list" not in info.verbs:
            continue
        value["metadata"] = {"name": random.choice("abc")}
        path = _path(plane, value)
        chance = random.random()
        if chance < 0.7:
            call("POST", path, value)
        else:
            named = f"{path}/{value['metadata']['name']}"
            call("PATCH", named, value, APPLY if chance < 0.85 else MERGE)
        call("GET", path, accept=TABLE)
        if number % 10 == 9:
            plane.advance(random.choice((0, 1, 40)))
    assert seen[201] > 5
    assert seen[422] + seen[400] > 5
