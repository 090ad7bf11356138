"""A node that is heard of no more: what becomes of it and of its pods, and how it comes back."""

from typing import Any

import pytest

from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.names import FAULT
from ruleengine.model.values import Object
from tests.local.planes import MERGE, Caller, deployment
from tests.local.pretending import PODS, Bench

NODE = "/api/v1/nodes/local"


def lose(call: Caller, fault: str | None = "lost") -> None:
    """Have the node lost, or found again."""
    assert call("PATCH", NODE, {"metadata": {"annotations": {FAULT: fault}}}, MERGE)[0] == 200


def create(call: Caller, name: str = "p", **spec: Any) -> None:
    """Create a simulated pod."""
    containers = [{"name": "c", "image": "shop:1"}]
    body = {"metadata": {"name": name}, "spec": {"containers": containers, **spec}}
    assert call("POST", PODS, body)[0] == 201


def condition(value: Object, kind: str = "Ready") -> str:
    """Return the status of a condition."""
    found: str = next(one for one in value["status"]["conditions"] if one["type"] == kind)["status"]
    return found


def test_a_node_that_says_nothing_for_40_seconds_is_lost(plane: ControlPlane, call: Caller) -> None:
    """It is tainted, and its pods are ready no more."""
    create(call)
    plane.advance(2)
    lose(call)
    plane.advance(20)
    assert condition(call("GET", NODE)[1]) == "True"
    assert condition(call("GET", f"{PODS}/p")[1]) == "True"
    plane.advance(30)
    node = call("GET", NODE)[1]
    assert condition(node) == "Unknown"
    assert {one["effect"] for one in node["spec"]["taints"]} == {"NoSchedule", "NoExecute"}
    assert condition(call("GET", f"{PODS}/p")[1]) == "False"


def test_nothing_is_placed_on_a_lost_node(plane: ControlPlane, call: Caller) -> None:
    """Unless it puts up with it."""
    lose(call)
    plane.advance(60)
    create(call)
    create(call, "q", tolerations=[{"operator": "Exists"}])
    plane.advance(1)
    waiting = call("GET", f"{PODS}/p")[1]
    assert "untolerated taint" in waiting["status"]["conditions"][0]["message"]
    assert call("GET", f"{PODS}/q")[1]["spec"]["nodeName"] == "local"


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], 300),
        (
            [
                {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 20,
                }
            ],
            20,
        ),
        ([{"operator": "Exists"}], None),
    ],
)
def test_pods_of_a_lost_node_are_deleted_in_time(
    plane: ControlPlane, call: Caller, tolerations: list[Object], seconds: int | None
) -> None:
    """They stay all the same: nobody can say that they have ended."""
    create(call, tolerations=tolerations)
    plane.advance(2)
    lose(call)
    plane.advance(50)

    def is_deleted() -> bool:
        return "deletionTimestamp" in call("GET", f"{PODS}/p")[1]["metadata"]

    plane.advance((seconds or 300) - 15)
    assert not is_deleted()
    plane.advance(15)
    assert is_deleted() is (seconds is not None)


def test_a_node_that_is_found_again_is_as_before(plane: ControlPlane, call: Caller) -> None:
    """Its pods are ready again, and those that were deleted go."""
    call("POST", "/apis/apps/v1/namespaces/default/deployments", deployment(replicas=2))
    plane.advance(5)
    lose(call)
    plane.advance(400)
    names = {one["metadata"]["name"] for one in call("GET", PODS)[1]["items"]}
    assert len(names) == 4
    lose(call, None)
    plane.advance(60)
    node = call("GET", NODE)[1]
    assert condition(node) == "True"
    assert "taints" not in node["spec"]
    left = call("GET", PODS)[1]["items"]
    assert [condition(one) for one in left] == ["True", "True"]


def test_processes_on_a_lost_node_go_on_unheard() -> None:
    """What they come to is told once the node is found again."""
    bench = Bench()
    bench.create()
    lose(bench.call)
    bench.plane.advance(1)
    bench.runner.finish("c", bench.clock.now())
    bench.plane.advance(10)
    assert bench.read()["status"]["phase"] == "Running"
    lose(bench.call, None)
    bench.plane.advance(1)
    assert bench.read()["status"]["phase"] == "Succeeded"
