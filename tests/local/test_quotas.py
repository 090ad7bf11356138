"""ResourceQuotas: what is counted, what is refused, and what the status says."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.api.pod_resources import amounts_of_pod
from ruleengine.local.api.quotas import counts, usage_of, used
from ruleengine.local.api.tallies import Tallies
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.store import Key
from tests.local.planes import MERGE, Caller, condition, configmap, deployment, job

QUOTAS = "/api/v1/namespaces/default/resourcequotas"
PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SETS = "/apis/apps/v1/namespaces/default/replicasets"


def quota(call: Caller, hard: Any, name: str = "q", **spec: Any) -> None:
    """Make a quota."""
    body = {"metadata": {"name": name}, "spec": {"hard": hard, **spec}}
    status, made = call("POST", QUOTAS, body)
    assert status == 201, made
    call.plane.settle()


def used_of(call: Caller, name: str = "q") -> Any:
    """Return what a quota says is used."""
    call.plane.settle()
    return call("GET", f"{QUOTAS}/{name}")[1]["status"]["used"]


def pod(name: str = "p", resources: Any = None, **spec: Any) -> Any:
    """Return a pod."""
    container = {"name": "c", "image": "shop:1", "resources": resources or {}}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def test_what_is_used_follows_what_there_is(call: Caller) -> None:
    """Pods that are over count for their number alone."""
    quota(call, {"pods": "5", "count/pods": "5", "requests.cpu": "4", "limits.memory": "8Gi"})
    assert used_of(call) == {
        "pods": "0",
        "count/pods": "0",
        "requests.cpu": "0",
        "limits.memory": "0",
    }
    resources = {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}}
    for name in ("a", "b"):
        assert call("POST", PODS, pod(name, resources))[0] == 201
    found = used_of(call)
    assert (found["pods"], found["requests.cpu"], found["limits.memory"]) == ("2", "1", "2Gi")
    done = {"status": {"phase": "Succeeded"}}
    assert call("PATCH", f"{PODS}/a/status", done, MERGE)[0] == 200
    found = used_of(call)
    assert (found["pods"], found["count/pods"], found["requests.cpu"]) == ("1", "2", "500m")
    call("DELETE", f"{PODS}/b", {"gracePeriodSeconds": 0})
    assert used_of(call)["pods"] == "0"


def test_too_much_is_refused_and_says_what_of_it(call: Caller) -> None:
    """By a 403 with what was asked for, what is used and what there may be."""
    quota(call, {"requests.cpu": "1", "pods": "9"})
    assert call("POST", PODS, pod("a", {"requests": {"cpu": "600m"}}))[0] == 201
    status, answer = call("POST", PODS, pod("b", {"requests": {"cpu": "500m"}}))
    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: '
        "requests.cpu=600m, limited: requests.cpu=1"
    )


def test_what_a_quota_counts_has_to_be_stated(call: Caller) -> None:
    """Else nobody knew how much it is; a LimitRange may state it."""
    quota(call, {"limits.cpu": "4", "memory": "4Gi"})
    status, answer = call("POST", PODS, pod())
    assert status == 403
    problem = "failed quota: q: must specify limits.cpu for: c; memory for: c"
    assert answer["message"].endswith(problem)
    item = {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}}
    path = "/api/v1/namespaces/default/limitranges"
    call("POST", path, {"metadata": {"name": "l"}, "spec": {"limits": [item]}})
    assert call("POST", PODS, pod())[0] == 201


def test_objects_are_counted(call: Caller) -> None:
    """By the names of their resources, of every group."""
    quota(call, {"configmaps": "2", "count/deployments.apps": "1", "services.nodeports": "1"})
    assert call("POST", CONFIGMAPS, configmap("b"))[0] == 201
    assert call("POST", CONFIGMAPS, configmap("c"))[0] == 403
    assert call("POST", DEPLOYMENTS, deployment("one"))[0] == 201
    assert call("POST", DEPLOYMENTS, deployment("two"))[0] == 403
    body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    assert call("POST", SERVICES, body)[0] == 201
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    more = {"spec": {"type": "NodePort", "ports": ports}}
    assert call("PATCH", f"{SERVICES}/s", more, MERGE)[0] == 403
    assert call("PATCH", f"{SERVICES}/s", {"spec": {"type": "NodePort"}}, MERGE)[0] == 200
    assert used_of(call) == {
        "configmaps": "2",
        "count/deployments.apps": "1",
        "services.nodeports": "1",
    }


def test_storage_is_counted_by_its_class_too(call: Caller) -> None:
    """A claim may not grow beyond it either."""
    name = "standard.storageclass.storage.k8s.io/requests.storage"
    quota(call, {"requests.storage": "10Gi", name: "4Gi", "persistentvolumeclaims": "3"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}
    assert call("POST", CLAIMS, {"metadata": {"name": "a"}, "spec": spec})[0] == 201
    assert call("POST", CLAIMS, {"metadata": {"name": "b"}, "spec": spec})[0] == 403
    assert used_of(call) == {"requests.storage": "3Gi", name: "3Gi", "persistentvolumeclaims": "1"}
    larger = {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}
    assert call("PATCH", f"{CLAIMS}/a", larger, MERGE)[0] == 403


@pytest.mark.parametrize(
    ("scope", "counted", "free"),
    [
        ({"scopes": ["Terminating"]}, {"activeDeadlineSeconds": 5}, {}),
        ({"scopes": ["NotTerminating"]}, {}, {"activeDeadlineSeconds": 5}),
        (
            {"scopes": ["CrossNamespacePodAffinity"]},
            {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {"topologyKey": "a", "namespaces": ["b"]}
                        ]
                    }
                }
            },
            {},
        ),
    ],
)
def test_a_scope_narrows_what_is_counted(call: Caller, scope: Any, counted: Any, free: Any) -> None:
    """To some of the pods."""
    quota(call, {"pods": "1"}, **scope)
    assert call("POST", PODS, pod("a", **counted))[0] == 201
    assert call("POST", PODS, pod("b", **counted))[0] == 403
    assert call("POST", PODS, pod("c", **free))[0] == 201
    assert used_of(call) == {"pods": "1"}


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ["high"], [True, False, False]),
        ("NotIn", ["high"], [False, True, True]),
        ("Exists", [], [True, True, False]),
        ("DoesNotExist", [], [False, False, True]),
    ],
)
def test_a_scope_may_select_by_priority(operator: str, values: Any, fits: Any) -> None:
    """By the name of the class."""
    term = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    one = {"spec": {"scopeSelector": {"matchExpressions": [term]}}}
    pods = [pod(priorityClassName=name) for name in ("high", "low", "")]
    assert [counts(one, each, "pods") for each in pods] == fits


@pytest.mark.parametrize(
    ("resources", "fits"), [({}, [True, False]), ({"requests": {"cpu": "1"}}, [False, True])]
)
def test_a_scope_may_be_the_quality_of_service(resources: Any, fits: Any) -> None:
    """Best effort, or not."""
    quotas = [{"spec": {"scopes": [name]}} for name in ("BestEffort", "NotBestEffort")]
    assert [counts(one, pod(resources=resources), "pods") for one in quotas] == fits


def test_many_at_once_never_get_more_than_there_is(call: Caller) -> None:
    """Between the check and the write nobody else comes."""
    quota(call, {"pods": "7"})

    def create(number: int) -> int:
        return Caller(call.plane)("POST", PODS, pod(f"p{number}"))[0]

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(create, range(40)))
    assert (codes.count(201), codes.count(403)) == (7, 33)


def test_a_set_that_may_not_make_its_pods_says_so_and_goes_on_later(call: Caller) -> None:
    """In conditions, by one event that counts, and with ever longer waits in between."""
    quota(call, {"pods": "1"})
    call("POST", DEPLOYMENTS, deployment(replicas=2))
    call.plane.advance(5)
    (owner,) = call("GET", SETS)[1]["items"]
    failure = condition(owner, "ReplicaFailure")
    assert (failure["reason"], "exceeded quota: q" in failure["message"]) == ("FailedCreate", True)
    assert condition(call("GET", f"{DEPLOYMENTS}/web")[1], "ReplicaFailure")["status"] == "True"
    assert owner["status"]["replicas"] == 1
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    before = sum(one["count"] for one in events if one["reason"] == "FailedCreate")
    call.plane.advance(120)
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    assert 2 <= sum(one["count"] for one in events if one["reason"] == "FailedCreate") - before <= 5
    call("PATCH", f"{QUOTAS}/q", {"spec": {"hard": {"pods": "2"}}}, MERGE)
    call.plane.advance(400)
    (owner,) = call("GET", SETS)[1]["items"]
    assert (owner["status"]["replicas"], condition(owner, "ReplicaFailure")) == (2, None)
    assert condition(call("GET", f"{DEPLOYMENTS}/web")[1], "ReplicaFailure") is None


def test_a_set_that_wants_no_more_than_it_has_fails_no_more(call: Caller) -> None:
    """Although nothing was made since it was refused."""
    quota(call, {"pods": "1"})
    call("POST", DEPLOYMENTS, deployment(replicas=2))
    call.plane.advance(5)
    (owner,) = call("GET", SETS)[1]["items"]
    assert condition(owner, "ReplicaFailure")["status"] == "True"
    call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, MERGE)
    call.plane.advance(5)
    (owner,) = call("GET", SETS)[1]["items"]
    assert condition(owner, "ReplicaFailure") is None
    assert condition(call("GET", f"{DEPLOYMENTS}/web")[1], "ReplicaFailure") is None


@pytest.mark.parametrize("kind", ["jobs", "statefulsets"])
def test_what_may_not_make_all_its_pods_goes_on_with_those_it_has(call: Caller, kind: str) -> None:
    """Their ends are counted, and the next come as there is room for them."""
    quota(call, {"pods": "1"})
    if kind == "jobs":
        path = "/apis/batch/v1/namespaces/default/jobs"
        call("POST", path, job("j", completions=3, parallelism=3))
        call.plane.advance(1500)
        found = call("GET", f"{path}/j")[1]
        assert (found["status"]["succeeded"], condition(found, "Complete")["status"]) == (3, "True")
    else:
        path = "/apis/apps/v1/namespaces/default/statefulsets"
        body = {**deployment("s"), "kind": "StatefulSet"}
        body["spec"] |= {"serviceName": "s", "podManagementPolicy": "Parallel"}
        call("POST", path, body)
        call.plane.advance(60)
        assert call("GET", f"{path}/s")[1]["status"]["readyReplicas"] == 1
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    assert "FailedCreate" in {one["reason"] for one in events}


AMOUNTS = st.dictionaries(
    st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]), st.sampled_from(["1", "2", "500m"])
)
CONTAINERS = st.lists(
    st.builds(lambda one, kind: {"resources": {"requests": one}, **kind}, AMOUNTS, st.just({})),
    max_size=4,
)


@given(CONTAINERS, CONTAINERS)
def test_a_pod_needs_what_runs_at_once(initial: Any, mains: Any) -> None:
    """At least what each container needs, at most all of them; the sum of the main ones."""
    for name in ("cpu", "memory", "nvidia.com/gpu"):

        def need(containers: Any, name: str = name) -> float:
            found = amounts_of_pod({"spec": containers}, "requests").get(name)
            return float(found.amount) if found else 0.0

        singles = [need({"containers": [one]}) for one in (*initial, *mains)]
        whole = need({"initContainers": initial, "containers": mains})
        assert whole >= max(singles, default=0)
        assert whole <= sum(singles)
        assert whole >= need({"containers": mains})
        sidecars = [{**one, "restartPolicy": "Always"} for one in initial]
        together = need({"initContainers": sidecars, "containers": mains})
        assert together == pytest.approx(sum(singles))


@given(st.lists(AMOUNTS, max_size=5))
def test_what_is_used_is_the_sum_of_what_each_counts_for(requests: Any) -> None:
    """For every name of a quota."""
    pods = [pod(f"p{n}", {"requests": one}) for n, one in enumerate(requests)]
    hard = {"cpu": "1", "requests.memory": "1", "pods": "1", "requests.nvidia.com/gpu": "1"}
    one = {"spec": {"hard": hard}}
    found = used(one, lambda resource: pods if resource == "pods" else [])
    assert found.keys() == hard.keys()
    for name, amount in found.items():
        parts = [usage_of(each, "pods") for each in pods]
        assert amount.amount == sum(part[name].amount for part in parts if name in part)


AMOUNTS = st.sampled_from(["1", "500m", "2"])
WRITES = st.lists(
    st.tuples(st.sampled_from("abc"), st.one_of(st.none(), AMOUNTS), st.booleans()), max_size=12
)


@given(st.lists(WRITES, max_size=4), st.booleans())
def test_what_is_counted_along_is_what_there_is(rounds: list[Any], forgets: bool) -> None:
    """Whatever is written between two questions, and where events are forgotten too."""
    store = MemoryStore()
    tallies = Tallies(store)
    hard = {"pods": "9", "count/pods": "9", "requests.cpu": "9", "count/configmaps": "1"}
    asked = {"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": hard}}
    for writes in rounds:
        for name, cpu, over in writes:
            key = Key("pods", "n", name)
            live = store.get(key)
            expected = int(live["metadata"]["resourceVersion"]) if live else 0
            value = pod(name, {"requests": {"cpu": cpu}})
            value["status"] = {"phase": "Failed" if over else "Running"}
            if cpu is not None or live is not None:
                store.write(key, value if cpu is not None else None, expected=expected)
        if forgets:
            store.compact()
        wanted = used(asked, lambda resource: store.list(resource, "n").items)
        assert tallies.used(asked) == wanted
    wider = {**asked, "spec": {"hard": {**hard, "limits.cpu": "1"}}}
    assert tallies.used(wider).keys() == {*hard, "limits.cpu"}


def test_two_that_count_on_at_once_count_nothing_twice() -> None:
    """Neither then nor later, whoever is done first."""
    others: list[Any] = []

    class Shared(MemoryStore):
        """A store whose reader is overtaken by others."""

        def events(self, after: int) -> Any:
            found = super().events(after)
            while others:
                others.pop()()
            return found

    store = Shared()
    tallies = Tallies(store)
    asked = {"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": {"pods": "9"}}}

    def count() -> str:
        return str(tallies.used(asked)["pods"])

    assert count() == "0"
    for number in range(2):
        store.write(Key("pods", "n", f"p{number}"), pod(), expected=0)
        others.append(count)
        assert count() == str(number + 1)
    assert count() == "2"
