"""Which process a Service leads to, and what is said where there is none."""

from pathlib import Path

import pytest

from ruleengine.app.opening import chosen_port, opened, place_of
from ruleengine.local import process
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.values import Object
from tests.local.servers import Server

SERVICE: Object = {
    "metadata": {"name": "web"},
    "spec": {"ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 9000}]},
}


def sliced(*addresses: str, ready: bool = True) -> Object:
    """Return a slice with two ports."""
    return {
        "ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": 9001}],
        "endpoints": [{"addresses": [one], "conditions": {"ready": ready}} for one in addresses],
    }


def test_the_first_port_is_meant_unless_another_is_named() -> None:
    """By name or by number."""
    assert chosen_port(SERVICE, "")["name"] == "http"
    assert chosen_port(SERVICE, "admin")["port"] == 9000
    assert chosen_port(SERVICE, "9000")["name"] == "admin"
    with pytest.raises(UsageError, match="no port x") as refused:
        chosen_port(SERVICE, "x")
    assert "http, admin" in refused.value.remedy


def test_a_service_leads_to_a_ready_process() -> None:
    """Its address is one of loopback; that of a simulated pod is not."""
    port = chosen_port(SERVICE, "admin")
    assert place_of([], port) is None
    assert place_of([sliced("10.244.0.1")], port) is None
    assert place_of([sliced("127.64.0.1", ready=False)], port) is None
    assert place_of([sliced("10.244.0.1"), sliced("127.64.0.1")], port) == ("127.64.0.1", 9001)
    assert place_of([sliced("127.64.0.1")], {"name": "other", "port": 1}) is None


def test_a_service_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With those that are; and one that nobody stands behind too."""
    try:
        with pytest.raises(UsageError) as unknown, opened(tmp_path, "default", "web"):
            pass
        assert unknown.value.remedy.endswith("Services there: kubernetes")
        body = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
        with process.ensure(tmp_path) as running:
            Server(running)("/api/v1/namespaces/default/services", body)
        with pytest.raises(FailedError) as alone, opened(tmp_path, "default", "web"):
            pass
        assert "is ready" in alone.value.message
    finally:
        process.stop(tmp_path)
