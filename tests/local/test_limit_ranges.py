"""LimitRanges: what containers are given, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.api.limit_ranges import pod_problems, with_defaults
from tests.local.planes import MERGE, Caller

RANGES = "/api/v1/namespaces/default/limitranges"
PODS = "/api/v1/namespaces/default/pods"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


def limit(call: Caller, kind: str = "Container", **stated: Any) -> None:
    """Make a LimitRange of one item."""
    body = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": kind, **stated}]}}
    status, made = call("POST", RANGES, body)
    assert status == 201, made


def pod(*resources: Any, **more: Any) -> Any:
    """Return a pod with a container for each of some resources."""
    containers = [
        {"name": f"c{number}", "image": "shop:1", "resources": one}
        for number, one in enumerate(resources)
    ]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers, **more}}


def create(call: Caller, *resources: Any, **more: Any) -> tuple[int, Any]:
    """Create such a pod."""
    return call("POST", PODS, pod(*resources, **more))


def test_containers_get_the_defaults_and_the_pod_says_so(call: Caller) -> None:
    """What is stated stays; a request follows from the limit that is stated."""
    limit(call, default={"cpu": "500m", "memory": "1Gi"}, defaultRequest={"cpu": "100m"})
    status, made = create(call, {}, {"limits": {"cpu": "2"}})
    assert status == 201, made
    first, second = (one["resources"] for one in made["spec"]["containers"])
    assert first == {
        "limits": {"cpu": "500m", "memory": "1Gi"},
        "requests": {"cpu": "100m", "memory": "1Gi"},
    }
    assert second["limits"] == {"cpu": "2", "memory": "1Gi"}
    assert second["requests"] == {"cpu": "2", "memory": "1Gi"}
    note = made["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert note.startswith("LimitRanger plugin set: cpu, memory request for container c0; ")
    assert made["status"]["qosClass"] == "Burstable"


@pytest.mark.parametrize(
    ("item", "resources", "message"),
    [
        ({"max": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, "maximum cpu usage per Container is 1"),
        ({"min": {"memory": "1Gi"}}, {"requests": {"memory": "1Mi"}}, "but request is 1Mi"),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"limits": {"cpu": "3"}, "requests": {"cpu": "1"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, {}, "no request is specified or request is 0"),
    ],
)
def test_a_container_beyond_its_limits_is_refused(
    call: Caller, item: Any, resources: Any, message: str
) -> None:
    """By a 403 that says which."""
    limit(call, **item)
    status, answer = create(call, resources)
    assert (status, answer["reason"]) == (403, "Forbidden")
    assert message in answer["message"]
    assert answer["message"].startswith('pods "p" is forbidden: ')


def test_a_pod_is_counted_as_a_whole(call: Caller) -> None:
    """Init containers run before the others, so the larger of both counts."""
    limit(call, "Pod", max={"cpu": "2"})
    one = {"limits": {"cpu": "1"}}
    first = {"name": "i", "image": "shop:1", "resources": {"limits": {"cpu": "2"}}}
    assert create(call, one, one, initContainers=[first])[0] == 201
    status, answer = create(call, one, one, one)
    assert (status, "per Pod is 2, but limit is 3" in answer["message"]) == (403, True)


@pytest.mark.parametrize(("size", "status"), [("500Mi", 403), ("2Gi", 201), ("20Gi", 403)])
def test_a_claim_has_its_bounds(call: Caller, size: str, status: int) -> None:
    """Between the least and the most."""
    limit(call, "PersistentVolumeClaim", min={"storage": "1Gi"}, max={"storage": "10Gi"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    assert call("POST", CLAIMS, {"metadata": {"name": "c"}, "spec": spec})[0] == status


def test_a_pod_that_is_there_is_left_alone(call: Caller) -> None:
    """A LimitRange speaks of new ones."""
    create(call, {})
    limit(call, max={"cpu": "1"}, default={"cpu": "1"})
    status, made = call("PATCH", f"{PODS}/p", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert (status, made["spec"]["containers"][0].get("resources")) == (200, None)


AMOUNT = st.sampled_from(["100m", "1", "2", "4"])


@given(
    st.fixed_dictionaries({}, optional={"limits": st.fixed_dictionaries({"cpu": AMOUNT})}),
    AMOUNT,
    AMOUNT,
)
def test_defaults_are_given_once_and_are_within_the_limits(
    resources: Any, most: str, request: str
) -> None:
    """A container that states nothing never goes beyond the most by its default."""
    item = {"type": "Container", "max": {"cpu": most}, "default": {"cpu": most}}
    ranges = [{"spec": {"limits": [{**item, "defaultRequest": {"cpu": request}}]}}]
    given_once = with_defaults(pod(resources), ranges)
    assert with_defaults(given_once, ranges) == given_once
    stated = given_once["spec"]["containers"][0]["resources"]["limits"]["cpu"]
    problems = pod_problems(given_once, ranges)
    assert any("but limit is" in one for one in problems) is (_number(stated) > _number(most))


def _number(text: str) -> float:
    return float(text.removesuffix("m")) / (1000 if text.endswith("m") else 1)


def test_a_claim_that_is_too_large_by_now_is_bound_and_goes(call: Caller) -> None:
    """A bound is held against what asks for more, not against what asks for nothing."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}
    assert call("POST", CLAIMS, {"metadata": {"name": "a"}, "spec": spec})[0] == 201
    limit(call, "PersistentVolumeClaim", max={"storage": "1Gi"})
    larger = {"spec": {"resources": {"requests": {"storage": "4Gi"}}}}
    assert call("PATCH", f"{CLAIMS}/a", larger, MERGE)[0] == 403
    status = {"status": {"phase": "Lost"}}
    assert call("PATCH", f"{CLAIMS}/a/status", status, MERGE)[0] == 200
    assert call("DELETE", f"{CLAIMS}/a")[0] == 200
    call.plane.advance(5)
    assert call("GET", f"{CLAIMS}/a")[0] == 404
