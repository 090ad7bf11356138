"""Ports of the node that Services get, and those that they name."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest

from ruleengine.local.store import Key
from ruleengine.model.values import Object
from tests.local.planes import APPLY, MERGE, Caller

SERVICES = "/api/v1/namespaces/default/services"


def service(name: str, *ports: Object, kind: str = "NodePort") -> Object:
    """Return a Service."""
    spec = {"type": kind, "ports": list(ports)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def port(name: str, number: int, **more: Any) -> Object:
    """Return a port of a Service."""
    return {"name": name, "port": number, "protocol": "TCP", **more}


@pytest.mark.parametrize("media", [MERGE, APPLY])
def test_many_updates_at_once_never_get_one_port(call: Caller, media: str) -> None:
    """Between the choice of a port and the write nobody else chooses."""
    names = [f"s{number}" for number in range(16)]
    for name in names:
        assert call("POST", SERVICES, service(name, port("a", 80), kind="ClusterIP"))[0] == 201
    write = call.plane.store.write

    def later(key: Key, value: Object | None, *, expected: int) -> Object:
        time.sleep(0.002)  # others have their turn
        return write(key, value, expected=expected)

    def opened(name: str) -> int:
        query = {"fieldManager": "me", "force": "true"} if media == APPLY else {}
        body = service(name, port("a", 80))
        code, made = Caller(call.plane)("PATCH", f"{SERVICES}/{name}", body, media, **query)
        assert code == 200, made
        number: int = made["spec"]["ports"][0]["nodePort"]
        return number

    with mock.patch.object(call.plane.store, "write", later), ThreadPoolExecutor(8) as threads:
        found = list(threads.map(opened, names))
    assert len(set(found)) == len(names)
