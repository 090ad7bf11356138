"""Evictions and bindings: what becomes of a pod that is asked to go, or gets its node."""

import pytest

from ruleengine.model.values import Object
from tests.local.planes import MERGE, Caller

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def pod(name: str) -> Object:
    """Return a pod with the label ``app: web``."""
    spec = {"containers": [{"name": "c", "image": "i"}]}
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec}


@pytest.fixture
def running(call: Caller) -> Caller:
    """Return a caller on a plane where the pod ``a`` runs and a budget covers it."""
    call("POST", PODS, pod("a"))
    call.plane.advance(5)
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    assert call("POST", BUDGETS, {"metadata": {"name": "p"}, "spec": spec})[0] == 201
    return call


def _observe(call: Caller, allowed: int) -> None:
    status = {
        "observedGeneration": 1,
        "disruptionsAllowed": allowed,
        "currentHealthy": 1,
        "desiredHealthy": 1,
        "expectedPods": 1,
    }
    assert call("PATCH", f"{BUDGETS}/p/status", {"status": status}, MERGE)[0] == 200


def test_a_budget_forbids_an_eviction(running: Caller) -> None:
    """The pod stays; the client is told why and when to ask again."""
    _observe(running, 0)
    status, answer = running("POST", f"{PODS}/a/eviction", {"metadata": {"name": "a"}})
    assert (status, answer["reason"]) == (429, "TooManyRequests")
    assert answer["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert "needs 1 healthy pods and has 1" in answer["details"]["causes"][0]["message"]
    assert answer["details"]["retryAfterSeconds"] == 10
    assert "deletionTimestamp" not in running("GET", f"{PODS}/a")[1]["metadata"]


def test_an_allowed_eviction_spends_the_budget(running: Caller) -> None:
    """The pod goes, and the next eviction has to wait for the controller."""
    _observe(running, 1)
    assert running("POST", f"{PODS}/a/eviction", {})[0] == 201
    assert "deletionTimestamp" in running("GET", f"{PODS}/a")[1]["metadata"]
    assert running("GET", f"{BUDGETS}/p")[1]["status"]["disruptionsAllowed"] == 0


def test_a_dry_run_of_an_eviction_leaves_everything(running: Caller) -> None:
    """Neither the pod goes nor is the budget spent."""
    _observe(running, 1)
    body = {"deleteOptions": {"dryRun": ["All"]}}
    assert running("POST", f"{PODS}/a/eviction", body)[0] == 201
    assert "deletionTimestamp" not in running("GET", f"{PODS}/a")[1]["metadata"]
    assert running("GET", f"{BUDGETS}/p")[1]["status"]["disruptionsAllowed"] == 1


def test_a_pod_is_bound_once(call: Caller) -> None:
    """A second node is a conflict; a Binding without a node is refused."""
    held = pod("b")
    held["spec"]["schedulerName"] = "somebody-else"
    call("POST", PODS, held)
    assert call("POST", f"{PODS}/b/binding", {"target": {}})[0] == 400
    assert call("POST", f"{PODS}/b/binding", {"target": {"name": "n"}})[0] == 201
    assert call("GET", f"{PODS}/b")[1]["spec"]["nodeName"] == "n"
    status, answer = call("POST", f"{PODS}/b/binding", {"target": {"name": "m"}})
    assert (status, answer["reason"]) == (409, "Conflict")
    wrong = {"metadata": {"name": "x"}, "target": {"name": "m"}}
    assert call("POST", f"{PODS}/b/binding", wrong)[0] == 400


@pytest.mark.parametrize(
    ("subresource", "body"),
    [
        ("eviction", {"kind": "Pod", "apiVersion": "policy/v1"}),
        ("eviction", {"kind": "Eviction", "apiVersion": "policy/v9"}),
        ("binding", {"kind": "Eviction", "apiVersion": "policy/v1", "target": {"name": "n"}}),
    ],
)
def test_what_is_asked_by_another_kind_is_not_done(
    call: Caller, subresource: str, body: Object
) -> None:
    """A pod is not evicted by what means something else."""
    call("POST", PODS, pod("a"))
    call.plane.advance(5)
    before = call("GET", f"{PODS}/a")
    status, refused = call("POST", f"{PODS}/a/{subresource}", {**body, "metadata": {"name": "a"}})
    assert (status, refused["reason"]) == (400, "BadRequest")
    assert call("GET", f"{PODS}/a") == before
