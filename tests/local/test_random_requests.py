"""Requests at random: whatever comes, the answer is that of an API server, never a failure."""

import copy
import json
import logging
import threading
from collections import Counter
from random import Random
from typing import Any

import pytest

from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.http import HttpRequest, HttpResponse
from tests.local.planes import (
    APPLY,
    JSON_PATCH,
    MERGE,
    STRATEGIC,
    configmap,
    definition,
    deployment,
)

JSON = "application/json"
MEDIA = (JSON, JSON, "application/yaml", "text/plain", "application/vnd.kubernetes.protobuf", MERGE)
PATCHES = (APPLY, JSON_PATCH, MERGE, STRATEGIC)
METHODS = ("GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS", "FOO")
JUNK: tuple[Any, ...] = (
    None, 1, -1, 1.5, "", "x", "a/b", "\x00", "é", [], {}, [1], {"a": 1}, True, [{}], [None],
    {"name": None}, "2026-01-01T00:00:00Z", "1Gi", 2**70, "Orphan",
)  # fmt: skip
QUERY = (
    "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector",
    "fieldSelector", "watch", "timeoutSeconds", "sendInitialEvents", "allowWatchBookmarks",
    "dryRun", "fieldManager", "fieldValidation", "force", "propagationPolicy",
    "gracePeriodSeconds", "orphanDependents", "includeObject", "container", "tailLines",
    "sinceTime", "sinceSeconds", "limitBytes", "stream", "timeout", "follow",
)  # fmt: skip
TEXTS = (
    "", "1", "0", "-1", "x", "true", "All", "Exact", "NotOlderThan", "a=b", "a in (b)",
    "metadata.name=a", "Strict", "9" * 30, "W1tdXQ", "2026-01-01T00:00:00Z", "é", "Orphan",
)  # fmt: skip
ACCEPTS = (
    "", JSON, "*/*", f"{JSON};as=Table;v=v1;g=meta.k8s.io", "text/html",
    f"{JSON};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
)  # fmt: skip
BODIES = (
    configmap("a"),
    deployment("a"),
    definition(),
    {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    {"metadata": {"name": "a"}, "rules": [], "roleRef": {"kind": "Role", "name": "r"}},
    {"spec": {"resourceAttributes": {"verb": "get"}, "user": "u", "token": "t"}},
    {"target": {"name": "n"}, "deleteOptions": {"preconditions": {"uid": "u"}}},
    {"spec": {"replicas": 1, "audiences": ["a"], "expirationSeconds": 600}},
    {"propagationPolicy": "Foreground", "gracePeriodSeconds": 3, "dryRun": ["All"]},
)


class Requests:
    """Makes requests from one seed."""

    def __init__(self, seed: int, kinds: tuple[KindInfo, ...]) -> None:
        self._random = Random(seed)
        self._kinds = kinds

    def next(self) -> HttpRequest:
        """Return another request."""
        choose = self._random.choice
        method = choose(METHODS)
        media = choose(PATCHES if method == "PATCH" else MEDIA)
        query = [(choose(QUERY), choose(TEXTS)) for _ in range(choose((0, 0, 1, 2)))]
        if method == "PATCH":
            query.append(("fieldManager", "m"))
        return HttpRequest(
            method=method,
            path=self._path(choose(self._kinds), method),
            query=tuple(query),
            headers={"content-type": media, "accept": choose(ACCEPTS)},
            body=self._body(media),
        )

    def _path(self, info: KindInfo, method: str) -> str:
        choose = self._random.choice
        root = f"/apis/{info.api_version}" if info.group else f"/api/{info.api_version}"
        namespace = "/namespaces/default" if info.namespaced and choose((1, 1, 1, 0)) else ""
        path = f"{root}{namespace}/{info.plural}"
        if method != "POST" and choose((1, 1, 0)):
            path += f"/{choose('ab')}"
        elif info.subresources and choose((1, 0)):
            path += f"/{choose('ab')}/{choose(info.subresources)}"
        return path

    def _body(self, media: str) -> bytes:
        if self._random.random() < 0.05:
            return self._random.randbytes(30)
        if media == JSON_PATCH:
            return json.dumps([self._operation() for _ in range(2)]).encode()
        return json.dumps(self._spoilt(copy.deepcopy(self._random.choice(BODIES)))).encode()

    def _operation(self) -> Any:
        choose = self._random.choice
        paths = ("/metadata/name", "/spec", "/metadata/labels/a", "/spec/-", "", "x", 5)
        operation = {"op": choose(("add", "remove", "replace", "move", "copy", "test", "x"))}
        return {**operation, "path": choose(paths), "from": choose(paths), "value": choose(JUNK)}

    def _spoilt(self, value: Any) -> Any:
        if self._random.random() < 0.06:
            return self._random.choice(JUNK)
        if isinstance(value, dict):
            return {key: self._spoilt(inner) for key, inner in value.items()}
        return [self._spoilt(one) for one in value] if isinstance(value, list) else value


def _check(request: HttpRequest, response: HttpResponse) -> None:
    if response.stream is not None:
        for line in response.stream:
            assert not line or json.loads(line.splitlines()[0])["type"]
        return
    assert response.status != 500, (request, response.body)
    if response.status >= 400:
        status = json.loads(response.body)
        assert (status["kind"], status["code"]) == ("Status", response.status), request
        assert status["reason"], request


@pytest.mark.parametrize("seed", range(4))
def test_no_request_makes_the_server_fail(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    """Every refusal is a Status with its code and reason, and the controllers live on."""
    caplog.set_level(logging.CRITICAL)
    plane = in_memory_plane(seed=seed)
    kinds = plane.api.registry.catalog.table().resources()
    requests = Requests(seed, kinds)
    seen: Counter[int] = Counter()
    for number in range(400):
        request = requests.next()
        response = plane.send(request)
        _check(request, response)
        seen[response.status] += 1
        if number % 100 == 0:
            plane.settle()
    plane.settle()
    assert {200, 400, 404, 405, 415, 422} <= seen.keys()


def test_a_thousand_conflicting_patches_lose_nothing(plane: ControlPlane) -> None:
    """Ten clients count in one object, each under its own key; every count arrives."""
    path = "/api/v1/namespaces/default/configmaps"
    body = json.dumps(configmap("shared", start="0")).encode()
    plane.send(HttpRequest(method="POST", path=path, body=body))
    before = plane.store.revision
    codes: Counter[int] = Counter()
    lock = threading.Lock()

    def patch(client: int) -> None:
        for number in range(100):
            code = 409
            while code == 409:
                change = json.dumps({"data": {f"client-{client}": str(number)}}).encode()
                code = plane.send(
                    HttpRequest(
                        method="PATCH",
                        path=f"{path}/shared",
                        headers={"content-type": MERGE},
                        body=change,
                    )
                ).status
                with lock:
                    codes[code] += 1

    threads = [threading.Thread(target=patch, args=(one,)) for one in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = json.loads(plane.send(HttpRequest(method="GET", path=f"{path}/shared")).body)
    assert found["data"] == {"start": "0", **{f"client-{one}": "99" for one in range(10)}}
    assert codes.keys() <= {200, 409}
    assert codes[200] == plane.store.revision - before == 1000
