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


def test_a_port_of_another_service_is_refused(call: Caller) -> None:
    """By a 422 that says which; a service keeps its own."""
    assert call("POST", SERVICES, service("a", port("x", 80, nodePort=30080)))[0] == 201
    status, refused = call("POST", SERVICES, service("b", port("x", 80, nodePort=30080)))
    assert status == 422
    assert refused["message"] == (
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is '
        "already allocated"
    )
    moved = {"spec": {"ports": [port("x", 81, nodePort=30080)]}}
    assert call("PATCH", f"{SERVICES}/a", moved, MERGE)[0] == 200


def test_a_port_that_is_chosen_is_none_that_is_stated_beside_it(call: Caller) -> None:
    """Also where that comes later."""
    ports = [port("x", 80), port("y", 81, nodePort=30000)]
    status, made = call("POST", SERVICES, service("a", *ports))
    assert status == 201, made
    assert [one["nodePort"] for one in made["spec"]["ports"]] == [30001, 30000]


def applied(call: Caller, kind: str, **more: Any) -> Object:
    """Apply a Service of a type; return what it is then."""
    value = service("a", port("x", 80), kind=kind)
    body = {**value, "spec": {**value["spec"], **more}}
    code, made = call("PATCH", f"{SERVICES}/a", body, MERGE)
    assert code == 200, made
    found: Object = made["spec"]
    return found


def test_what_a_type_brought_goes_with_it(call: Caller) -> None:
    """As long as nobody changes it at the same time, there and back again."""
    more = {"loadBalancerClass": "x.example.com/y", "externalTrafficPolicy": "Local"}
    balanced = service("a", port("x", 80), kind="LoadBalancer")
    balanced["spec"] |= {**more, "healthCheckNodePort": 32000}
    assert call("POST", SERVICES, balanced)[0] == 201
    merged = [port("x", 80, nodePort=30000)]
    exposed = applied(call, "NodePort", ports=merged)
    assert exposed["ports"][0]["nodePort"] == 30000
    assert exposed["externalTrafficPolicy"] == "Local"
    balance = {"loadBalancerClass", "healthCheckNodePort", "allocateLoadBalancerNodePorts"}
    assert not balance & exposed.keys()
    inner = applied(call, "ClusterIP", ports=merged)
    assert "externalTrafficPolicy" not in inner
    assert inner["ports"] == [{**port("x", 80), "targetPort": 80}]
    named = applied(call, "ExternalName", externalName="a.example.com")
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & named.keys()
    again = applied(call, "NodePort", externalName=None)
    assert again["clusterIP"] == inner["clusterIP"]
    assert again["ports"][0]["nodePort"] == 30000


def test_what_no_longer_fits_a_type_is_refused_where_it_is_written(call: Caller) -> None:
    """A port of the node that is stated along with a type that has none is a mistake."""
    assert call("POST", SERVICES, service("a", port("x", 80)))[0] == 201
    wrong = {"type": "ClusterIP", "ports": [port("x", 80, nodePort=30001)]}
    status, refused = call("PATCH", f"{SERVICES}/a", {"spec": wrong}, MERGE)
    assert status == 422
    assert "spec.ports[0].nodePort: Forbidden: may not be used" in refused["message"]


def test_a_port_keeps_what_it_was_given_by_its_name(call: Caller) -> None:
    """Also where its number changes, unless another states that port of the node."""
    assert call("POST", SERVICES, service("a", port("x", 80), port("y", 81)))[0] == 201
    moved = applied(call, "NodePort", ports=[port("y", 91), port("x", 90)])
    assert [one["nodePort"] for one in moved["ports"]] == [30001, 30000]
    taken = applied(call, "NodePort", ports=[port("x", 90), port("z", 92, nodePort=30000)])
    assert [one["nodePort"] for one in taken["ports"]] == [30002, 30000]


def test_a_balanced_service_may_do_without_ports_of_the_node(call: Caller) -> None:
    """It is given none, and those it had go."""
    assert call("POST", SERVICES, service("a", port("x", 80)))[0] == 201
    bare = applied(call, "LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in bare["ports"][0]
    assert "nodePort" in applied(call, "NodePort")["ports"][0]


def test_when_all_ports_are_given_out_the_next_service_is_told(call: Caller) -> None:
    """As an API server tells it; with one given back there is one again."""
    for number, count in enumerate((1000, 1000, 768)):
        ports = [port(f"p{one}", one + 1) for one in range(count)]
        assert call("POST", SERVICES, service(f"s{number}", *ports))[0] == 201
    status, refused = call("POST", SERVICES, service("late", port("a", 80)))
    assert (status, refused["reason"]) == (500, "InternalError")
    assert refused["message"].endswith("failed to allocate a nodePort: range is full")
    assert call("DELETE", f"{SERVICES}/s2")[0] == 200
    assert call("POST", SERVICES, service("late", port("a", 80)))[0] == 201


def test_when_all_addresses_are_given_out_the_next_service_is_told(call: Caller) -> None:
    """Those without an address are still made."""
    for number in range(65_000):
        address = f"10.96.{number // 250}.{number % 250 + 1}"
        value = {"metadata": {"name": str(number)}, "spec": {"clusterIP": address}}
        key = Key("services", "other", str(number))
        call.plane.store.write(key, value, expected=0)
    status, refused = call("POST", SERVICES, service("late", port("a", 80), kind="ClusterIP"))
    assert (status, refused["reason"]) == (500, "InternalError")
    assert refused["message"].endswith("failed to allocate a serviceIP: range is full")
    headless = service("headless", port("a", 80), kind="ClusterIP")
    headless["spec"]["clusterIP"] = "None"
    assert call("POST", SERVICES, headless)[0] == 201
