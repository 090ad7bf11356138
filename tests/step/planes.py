"""The API as a step reaches it, without a socket."""

import json
from typing import Any
from urllib.parse import parse_qsl

from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object
from ruleengine.step.api import Api
from ruleengine.step.plan import Plan


class PlaneApi(Api):
    """Sends the requests of a step to a control plane in memory."""

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__({}, pause=lambda _: None)
        self._plane = plane
        self.sent: list[str] = []

    def _once(self, method: str, path: str, body: Object | None, media: str) -> tuple[int, Object]:
        self.sent.append(f"{method} {path}")
        where, _, query = path.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        answer = self._plane.send(
            HttpRequest(
                method=method,
                path=where,
                query=pairs,
                headers={"content-type": media, "accept": "application/json"},
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )
        return answer.status, json.loads(answer.body)


def plan(tmp_path: Any, **fields: Any) -> Plan:
    """Return a plan of a node ``wf-1`` in the namespace ``default``."""
    return Plan(
        node="wf-1",
        workflow="wf",
        namespace="default",
        pod="p",
        pod_uid="u",
        directory=tmp_path,
        **fields,
    )
