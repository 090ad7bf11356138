"""PriorityClasses: which priority a pod has."""

from typing import Any

import pytest

from tests.local.planes import Caller

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
PODS = "/api/v1/namespaces/default/pods"


def make(call: Caller, name: str, value: int, **more: Any) -> tuple[int, Any]:
    """Make a class."""
    return call("POST", CLASSES, {"metadata": {"name": name}, "value": value, **more})


def pod(call: Caller, **spec: Any) -> tuple[int, Any]:
    """Create a pod."""
    spec = {"containers": [{"name": "c", "image": "shop:1"}], **spec}
    return call("POST", PODS, {"metadata": {"generateName": "p-"}, "spec": spec})


def test_a_pod_has_the_priority_of_its_class(call: Caller) -> None:
    """And whether it may push others out."""
    make(call, "batch", -5, preemptionPolicy="Never")
    spec = pod(call, priorityClassName="batch")[1]["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (-5, "Never")


def test_a_pod_without_a_class_has_the_default(call: Caller) -> None:
    """Zero where there is none."""
    assert pod(call)[1]["spec"]["priority"] == 0
    make(call, "usual", 7, globalDefault=True)
    spec = pod(call)[1]["spec"]
    assert (spec["priority"], spec["priorityClassName"]) == (7, "usual")


def test_there_is_one_default(call: Caller) -> None:
    """A second is refused, the first may be changed."""
    make(call, "usual", 7, globalDefault=True)
    status, answer = make(call, "other", 8, globalDefault=True)
    assert (status, "Only one default can exist" in answer["message"]) == (403, True)
    value = call("GET", f"{CLASSES}/usual")[1]
    assert call("PUT", f"{CLASSES}/usual", {**value, "description": "usual"})[0] == 200


def test_every_server_has_the_classes_of_the_system(call: Caller) -> None:
    """Nobody makes others of such names."""
    spec = pod(call, priorityClassName="system-node-critical")[1]["spec"]
    assert spec["priority"] == 2_000_001_000
    assert make(call, "system-mine", 1)[0] == 422


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"priorityClassName": "none"}, "no PriorityClass with name none was found"),
        ({"priority": 5}, "the integer value of priority (5) must not be provided"),
        ({"preemptionPolicy": "Never"}, "the string value of PreemptionPolicy (Never)"),
    ],
)
def test_a_priority_that_no_class_gives_is_refused(call: Caller, spec: Any, message: str) -> None:
    """By a 403."""
    status, answer = pod(call, **spec)
    assert (status, message in answer["message"]) == (403, True), answer
