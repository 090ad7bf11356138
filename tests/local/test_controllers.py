"""What the controllers and the node promise, in virtual time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.names import FAULT, RUN, SIMULATED
from tests.local.planes import MERGE, Caller, configmap, deployment

NAMESPACE = "/api/v1/namespaces/shop"
PODS = f"{NAMESPACE}/pods"
APPS = "/apis/apps/v1/namespaces/shop"
WEB = f"{APPS}/deployments/web"


@pytest.fixture(autouse=True)
def shop(call: Caller) -> None:
    """Have a namespace."""
    call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    call.plane.settle()


def condition(value: Any, kind: str) -> Any:
    """Return a condition of an object."""
    return next(one for one in value["status"]["conditions"] if one["type"] == kind)


def pod(**annotations: str) -> Any:
    """Return a pod."""
    named = {name.replace("_", "-"): text for name, text in annotations.items()}
    return {
        "metadata": {"name": "p", "annotations": named},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


def test_a_deployment_gets_ready(call: Caller) -> None:
    """Its pods run in appearance and say that they are simulated."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.settle()
    assert "readyReplicas" not in call("GET", WEB)[1]["status"]
    call.plane.advance(2)
    found = call("GET", WEB)[1]
    assert found["status"]["availableReplicas"] == 3
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
    assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    pods = call("GET", PODS)[1]["items"]
    assert {one["metadata"]["annotations"][SIMULATED] for one in pods} == {"true"}
    assert {one["status"]["phase"] for one in pods} == {"Running"}


def test_a_pod_may_be_said_to_be_ready_by_hand(call: Caller) -> None:
    """Without the moment, too: controllers go on, and the node says what is."""
    call("POST", f"{APPS}/deployments", deployment(minReadySeconds=1))
    call.plane.settle()
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    for one in call("GET", PODS)[1]["items"]:
        assert call("PATCH", f"{PODS}/{one['metadata']['name']}/status", ready, MERGE)[0] == 200
    call.plane.advance(5)
    assert call("GET", WEB)[1]["status"]["availableReplicas"] == 3


def test_a_rolling_update_keeps_the_bounds(call: Caller) -> None:
    """Never fewer available pods than allowed, never more pods than allowed."""
    call("POST", f"{APPS}/deployments", deployment(replicas=8))
    call.plane.advance(2)
    patch = {"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}
    call("PATCH", WEB, patch, MERGE)
    for _ in range(40):
        call.plane.advance(0.5)
        pods = call("GET", PODS)[1]["items"]
        alive = [one for one in pods if "deletionTimestamp" not in one["metadata"]]
        ready = [one for one in alive if condition(one, "Ready")["status"] == "True"]
        assert len(ready) >= 6
        assert len(alive) <= 10
    found = call("GET", WEB)[1]
    assert found["status"]["updatedReplicas"] == found["status"]["availableReplicas"] == 8
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_recreate_stops_the_old_before_the_new(call: Caller) -> None:
    """Old and new pods never run together."""
    call("POST", f"{APPS}/deployments", deployment(strategy={"type": "Recreate"}))
    call.plane.advance(2)
    call("PATCH", WEB, {"spec": {"template": {"metadata": {"labels": {"v": "2"}}}}}, MERGE)
    for _ in range(10):
        call.plane.advance(0.5)
        alive = [
            one
            for one in call("GET", PODS)[1]["items"]
            if "deletionTimestamp" not in one["metadata"]
        ]
        assert len({one["metadata"]["labels"].get("v") for one in alive}) <= 1
    assert call("GET", WEB)[1]["status"]["updatedReplicas"] == 3


def test_a_paused_deployment_does_not_roll_but_scales(call: Caller) -> None:
    """Template changes wait for the resume."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    template = {"metadata": {"labels": {"v": "2"}}}
    call("PATCH", WEB, {"spec": {"paused": True, "template": template, "replicas": 5}}, MERGE)
    call.plane.advance(3)
    found = call("GET", WEB)[1]
    assert condition(found, "Progressing")["reason"] == "DeploymentPaused"
    assert (found["status"]["replicas"], found["status"].get("updatedReplicas")) == (5, None)
    call("PATCH", WEB, {"spec": {"paused": False}}, MERGE)
    call.plane.advance(20)
    assert call("GET", WEB)[1]["status"]["updatedReplicas"] == 5


def test_a_rollout_that_never_gets_ready_misses_its_deadline(call: Caller) -> None:
    """The fault never-ready leads to ProgressDeadlineExceeded."""
    body = deployment(progressDeadlineSeconds=60)
    body["spec"]["template"]["metadata"]["annotations"] = {FAULT: "never-ready"}
    call("POST", f"{APPS}/deployments", body)
    call.plane.advance(90)
    progressing = condition(call("GET", WEB)[1], "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")


@pytest.mark.parametrize(
    ("path", "spec", "count"),
    [
        (f"{APPS}/deployments", {"replicas": 3}, 3),
        (f"{APPS}/replicasets", {"replicas": 3}, 3),
        (f"{APPS}/statefulsets", {"replicas": 2, "podManagementPolicy": "Parallel"}, 2),
        (f"{APPS}/daemonsets", {}, 1),
        ("/apis/batch/v1/namespaces/shop/jobs", {"parallelism": 3, "completions": 3}, 3),
    ],
)
def test_the_name_that_a_template_of_pods_states_counts_for_nothing(
    call: Caller, path: str, spec: Any, count: int
) -> None:
    """Each pod has one of its own; labels, annotations and finalizers it takes over."""
    stated = {"labels": {"app": "web"}, "annotations": {"who": "me"}, "finalizers": ["a.dev/b"]}
    metadata = {**stated, "name": "same", "generateName": "same-"}
    container = {"name": "c", "image": "i"}
    policy = {} if "apps" in path else {"restartPolicy": "Never"}
    template = {"metadata": metadata, "spec": {"containers": [container], **policy}}
    chosen = {"selector": {"matchLabels": {"app": "web"}}} if "apps" in path else {}
    body = {"metadata": {"name": "web"}, "spec": {**spec, **chosen, "template": template}}
    assert call("POST", path, body)[0] == 201
    call.plane.settle()
    found = [one["metadata"] for one in call("GET", PODS)[1]["items"]]
    assert len(found) == count
    assert all(one["name"].startswith("web-") for one in found)
    assert all(one["annotations"]["who"] == "me" for one in found)
    assert all("a.dev/b" in one["finalizers"] for one in found)


def test_a_lost_pod_is_replaced(call: Caller) -> None:
    """A ReplicaSet keeps its number."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    name = call("GET", PODS)[1]["items"][0]["metadata"]["name"]
    call("DELETE", f"{PODS}/{name}")
    call.plane.advance(3)
    names = [one["metadata"]["name"] for one in call("GET", PODS)[1]["items"]]
    assert len(names) == 3
    assert name not in names


def test_pods_that_fail_at_once_are_made_ever_more_slowly(call: Caller) -> None:
    """Where none of them can run, the control plane does not make them without end."""
    body = deployment(replicas=1)
    body["spec"]["template"]["metadata"]["annotations"] = {RUN: "process"}
    call("POST", f"{APPS}/deployments", body)
    call.plane.advance(60)
    phases = [one["status"]["phase"] for one in call("GET", PODS)[1]["items"]]
    assert phases == ["Failed"] * 3


def test_deleting_cascades(call: Caller) -> None:
    """In the background what is owned follows."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    call("DELETE", WEB)
    call.plane.advance(3)
    assert call("GET", f"{APPS}/replicasets")[1]["items"] == []
    assert call("GET", PODS)[1]["items"] == []


def test_a_foreground_deletion_waits_for_what_is_owned(call: Caller) -> None:
    """The owner goes last."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    call("DELETE", WEB, {"propagationPolicy": "Foreground"})
    call.plane.settle()
    assert call("GET", WEB)[1]["metadata"]["finalizers"] == ["foregroundDeletion"]
    call.plane.advance(3)
    assert call("GET", WEB)[0] == 404
    assert call("GET", PODS)[1]["items"] == []


def test_an_owner_in_another_namespace_is_none(call: Caller) -> None:
    """What names it goes, and why is told."""
    _, owner = call("POST", "/api/v1/namespaces/default/configmaps", configmap("owner"))
    body = owned_by(configmap("owned"), owner)
    _, made = call("POST", f"{NAMESPACE}/configmaps", body)
    assert made["metadata"]["ownerReferences"]
    call.plane.settle()
    assert call("GET", f"{NAMESPACE}/configmaps/owned")[0] == 404
    events = call("GET", f"{NAMESPACE}/events")[1]["items"]
    assert [one["reason"] for one in events] == ["OwnerRefInvalidNamespace"]


def test_what_belongs_to_no_namespace_is_not_collected_with_what_does(call: Caller) -> None:
    """An owner in a namespace cannot own it; it is told, and kept."""
    _, owner = call("POST", f"{NAMESPACE}/configmaps", configmap("owner"))
    body = owned_by({"metadata": {"name": "kept"}, "rules": []}, owner)
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    call("POST", roles, body)
    call.plane.settle()
    assert call("GET", f"{roles}/kept")[0] == 200
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    assert [one["reason"] for one in events] == ["OwnerRefInvalidNamespace"]


def test_an_owner_of_a_kind_that_is_not_served_may_be_there(call: Caller) -> None:
    """Nobody knows, so what it owns stays."""
    owner = {
        "apiVersion": "example.com/v1",
        "kind": "Lamp",
        "metadata": {"name": "lamp", "uid": "12345678-1234-4123-8123-123456789012"},
    }
    call("POST", f"{NAMESPACE}/configmaps", owned_by(configmap("owned"), owner))
    call.plane.advance(60)
    assert call("GET", f"{NAMESPACE}/configmaps/owned")[0] == 200


def owned_by(value: Any, owner: Any) -> Any:
    """Return an object with an owner."""
    metadata = owner["metadata"]
    reference = {name: metadata[name] for name in ("name", "uid")}
    reference |= {name: owner[name] for name in ("apiVersion", "kind")}
    return {**value, "metadata": {**value["metadata"], "ownerReferences": [reference]}}


def test_orphans_stay(call: Caller) -> None:
    """With Orphan the owned objects lose their owner and live on."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    call("DELETE", WEB, {"propagationPolicy": "Orphan"})
    call.plane.advance(3)
    assert call("GET", WEB)[0] == 404
    sets = call("GET", f"{APPS}/replicasets")[1]["items"]
    assert [one["metadata"].get("ownerReferences") for one in sets] == [None]
    assert len(call("GET", PODS)[1]["items"]) == 3


def test_a_namespace_is_emptied_before_it_goes(call: Caller) -> None:
    """While it goes nothing new is admitted, and finalizers are waited for."""
    body = configmap("held")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    call("POST", f"{NAMESPACE}/configmaps", body)
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    call("DELETE", NAMESPACE)
    status, answer = call("POST", f"{NAMESPACE}/configmaps", configmap("late"))
    assert status == 403
    assert answer["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    call.plane.advance(5)
    found = call("GET", NAMESPACE)[1]
    assert condition(found, "NamespaceFinalizersRemaining")["status"] == "True"
    assert call("GET", PODS)[1]["items"] == []
    call("PATCH", f"{NAMESPACE}/configmaps/held", {"metadata": {"finalizers": None}}, MERGE)
    call.plane.advance(5)
    assert call("GET", NAMESPACE)[0] == 404


def test_every_namespace_begins_with_an_account_and_the_certificate(call: Caller) -> None:
    """Also the ones that are there from the start."""
    for name in ("shop", "default", "kube-system"):
        path = f"/api/v1/namespaces/{name}"
        assert call("GET", f"{path}/serviceaccounts/default")[0] == 200
        assert call("GET", f"{path}/configmaps/kube-root-ca.crt")[0] == 200


def test_a_service_knows_its_ready_pods(call: Caller) -> None:
    """An EndpointSlice lists the addresses, ready as the pods are."""
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    _, made = call("POST", f"{NAMESPACE}/services", {"metadata": {"name": "web"}, "spec": spec})
    assert made["spec"]["clusterIP"].startswith("10.96.")
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
    endpoints = call("GET", slices)[1]["items"][0]["endpoints"]
    assert [one["conditions"]["ready"] for one in endpoints] == [True] * 3
    (subset,) = call("GET", f"{NAMESPACE}/endpoints/web")[1]["subsets"]
    assert {one["ip"] for one in subset["addresses"]} == {one["addresses"][0] for one in endpoints}
    assert subset["ports"] == [{"port": 80, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("fault", "published", "ready"),
    [("", False, True), ("never-ready", False, False), ("never-ready", True, True)],
)
def test_addresses_are_ready_as_their_pods_are(
    call: Caller, fault: str, *, published: bool, ready: bool
) -> None:
    """Unless the Service wants those too that are not."""
    spec = {
        "selector": {"app": "web"},
        "ports": [{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81}],
        "publishNotReadyAddresses": published,
    }
    call("POST", f"{NAMESPACE}/services", {"metadata": {"name": "web"}, "spec": spec})
    body = pod(**{FAULT: fault})
    body["metadata"]["labels"] = {"app": "web"}
    body["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8080}]
    call("POST", PODS, body)
    call.plane.advance(3)
    (subset,) = call("GET", f"{NAMESPACE}/endpoints/web")[1]["subsets"]
    assert ("addresses" in subset, "notReadyAddresses" in subset) == (ready, not ready)
    assert [one["port"] for one in subset["ports"]] == [8080, 81]
    slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
    (one,) = call("GET", slices)[1]["items"][0]["endpoints"]
    assert (one["conditions"]["ready"], one["conditions"]["serving"]) == (ready, not fault)


def test_a_named_port_is_the_number_that_each_pod_gives_it(call: Caller) -> None:
    """Pods that differ stand in slices, and in subsets, of their own; who lacks it has none."""
    ports = [{"name": "web", "port": 80, "targetPort": "http"}]
    spec = {"selector": {"app": "web"}, "ports": ports}
    call("POST", f"{NAMESPACE}/services", {"metadata": {"name": "web"}, "spec": spec})
    for name, number in (("old", 8080), ("new", 9090), ("newer", 9090), ("none", None)):
        body = pod()
        body["metadata"] |= {"name": name, "labels": {"app": "web"}}
        stated = [{"name": "http", "containerPort": number}]
        body["spec"]["containers"][0]["ports"] = stated if number else []
        call("POST", PODS, body)
    call.plane.advance(3)
    slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
    subsets = call("GET", f"{NAMESPACE}/endpoints/web")[1]["subsets"]
    wanted = [([], ["none"]), ([8080], ["old"]), ([9090], ["new", "newer"])]
    assert by_ports(call("GET", slices)[1]["items"], "endpoints") == wanted
    assert by_ports(subsets, "addresses") == wanted


def by_ports(groups: list[Any], field: str) -> list[tuple[list[int], list[str]]]:
    """Return the numbers of ports, and the names of the pods that have them."""
    return sorted(
        (
            [port["port"] for port in one.get("ports", ())],
            sorted(address["targetRef"]["name"] for address in one[field]),
        )
        for one in groups
    )


def test_a_slice_takes_a_hundred_addresses(call: Caller) -> None:
    """More go into another, which empties again."""
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    call("POST", f"{NAMESPACE}/services", {"metadata": {"name": "web"}, "spec": spec})
    call("POST", f"{APPS}/deployments", deployment(replicas=101))
    call.plane.advance(5)
    slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
    found = call("GET", slices)[1]["items"]
    assert [len(one["endpoints"]) for one in found] == [100, 1]
    call("PATCH", WEB, {"spec": {"replicas": 2}}, MERGE)
    call.plane.advance(40)
    found = call("GET", slices)[1]["items"]
    assert [len(one["endpoints"] or ()) for one in found] == [2, 0]


def test_ports_of_the_node_are_given_out_once(call: Caller) -> None:
    """And stay what they are."""
    numbers = []
    for name in ("a", "b"):
        spec = {"type": "NodePort", "ports": [{"name": "x", "port": 80}, {"name": "y", "port": 81}]}
        _, made = call("POST", f"{NAMESPACE}/services", {"metadata": {"name": name}, "spec": spec})
        numbers += [one["nodePort"] for one in made["spec"]["ports"]]
    assert len(set(numbers)) == 4
    assert all(30000 <= one <= 32767 for one in numbers)
    patch = {"metadata": {"labels": {"a": "b"}}}
    _, made = call("PATCH", f"{NAMESPACE}/services/a", patch, MERGE)
    assert [one["nodePort"] for one in made["spec"]["ports"]] == numbers[:2]


def test_addresses_of_services_are_given_out_once(call: Caller) -> None:
    """Also to many at the same moment; one that is stated is kept, and none is none."""

    def create(number: int) -> str:
        body = {"metadata": {"name": f"s{number}"}, "spec": {"ports": [{"port": 80}]}}
        made = Caller(call.plane)("POST", f"{NAMESPACE}/services", body)[1]
        address: str = made["spec"]["clusterIP"]
        return address

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(create, range(40)))
    assert len(set(found)) == 40
    for stated, status in (("None", 201), ("10.96.200.7", 201), (found[0], 422)):
        spec = {"clusterIP": stated, "ports": [{"port": 80}]}
        body = {"metadata": {"generateName": "t"}, "spec": spec}
        code, made = call("POST", f"{NAMESPACE}/services", body)
        assert code == status, made


def test_a_pod_that_is_over_stands_behind_nothing(call: Caller) -> None:
    """Nor does a name that no container gives to a port."""
    ports = [{"port": 80, "targetPort": "none"}]
    spec = {"selector": {"app": "web"}, "ports": ports}
    call("POST", f"{NAMESPACE}/services", {"metadata": {"name": "web"}, "spec": spec})
    body = pod()
    body["metadata"]["labels"] = {"app": "web"}
    call("POST", PODS, body)
    call.plane.advance(3)
    assert "ports" not in call("GET", f"{NAMESPACE}/endpoints/web")[1]["subsets"][0]
    call("PATCH", f"{PODS}/p/status", {"status": {"phase": "Failed"}}, MERGE)
    call.plane.advance(3)
    assert "subsets" not in call("GET", f"{NAMESPACE}/endpoints/web")[1]


def test_the_api_stands_behind_a_service_of_its_own() -> None:
    """Where it listens."""
    plane = ControlPlane(MemoryStore(), VirtualClock(), address=("127.0.0.1", 6443), strict=True)
    plane.settle()
    found = Caller(plane)("GET", "/api/v1/namespaces/default/endpoints/kubernetes")[1]
    (subset,) = found["subsets"]
    assert subset["addresses"] == [{"ip": "127.0.0.1"}]
    assert subset["ports"] == [{"name": "https", "port": 6443, "protocol": "TCP"}]
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
    assert Caller(plane)("GET", path)[1]["ports"] == subset["ports"]


def test_what_people_write_on_a_deployment_reaches_its_newest_set(call: Caller) -> None:
    """The cause of a change, and how long a pod has to be ready; no rollout begins."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(2)
    cause = {"kubernetes.io/change-cause": "release 7"}
    call("PATCH", WEB, {"metadata": {"annotations": cause}, "spec": {"minReadySeconds": 5}}, MERGE)
    call.plane.advance(2)
    (found,) = call("GET", f"{APPS}/replicasets")[1]["items"]
    assert found["metadata"]["annotations"]["kubernetes.io/change-cause"] == "release 7"
    assert found["spec"]["minReadySeconds"] == 5
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_a_crashing_pod_backs_off(call: Caller) -> None:
    """Its containers restart ever more slowly."""
    call("POST", PODS, pod(**{FAULT: "crash"}))
    call.plane.advance(40)
    status = call("GET", f"{PODS}/p")[1]["status"]
    container = status["containerStatuses"][0]
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert container["restartCount"] == 2
    assert status["phase"] == "Running"


@pytest.mark.parametrize(
    ("fault", "after", "phase", "code"),
    [
        ("slow", 29, "Pending", None),
        ("slow", 31, "Running", None),
        ("slow:5", 6, "Running", None),
        ("slow:90", 60, "Pending", None),
        ("crash", 3, "Failed", 1),
        ("crash:42", 3, "Failed", 42),
    ],
)
def test_a_pod_misbehaves_as_it_is_asked(
    call: Caller, fault: str, after: int, phase: str, code: int | None
) -> None:
    """With a number where one is given."""
    body = pod(**{FAULT: fault})
    body["spec"]["restartPolicy"] = "Never"
    call("POST", PODS, body)
    call.plane.advance(after)
    status = call("GET", f"{PODS}/p")[1]["status"]
    assert status["phase"] == phase
    ended = status["containerStatuses"][0]["state"].get("terminated", {})
    assert ended.get("exitCode") == code


def test_a_simulated_sidecar_stays_and_other_init_containers_have_ended(call: Caller) -> None:
    """It runs beside the others."""
    body = pod()
    sidecar = {"name": "beside", "image": "i", "restartPolicy": "Always"}
    body["spec"]["initContainers"] = [{"name": "first", "image": "i"}, sidecar]
    call("POST", PODS, body)
    call.plane.advance(2)
    found = call("GET", f"{PODS}/p")[1]["status"]["initContainerStatuses"]
    states = [(*one["state"], one["ready"], one["started"]) for one in found]
    assert states == [("terminated", True, False), ("running", True, True)]


@pytest.mark.parametrize(
    "fault", ["dance", "crash:0", "crash:256", "slow:-1", "never-ready:1", "slow:"]
)
def test_a_fault_that_is_none_is_told_and_ignored(call: Caller, fault: str) -> None:
    """In the message of the pod."""
    call("POST", PODS, pod(**{FAULT: fault}))
    call.plane.advance(3)
    status = call("GET", f"{PODS}/p")[1]["status"]
    assert (status["phase"], fault in status["message"]) == ("Running", True)


def test_a_pod_that_has_to_run_is_never_simulated(call: Caller) -> None:
    """It fails and says what to do."""
    call("POST", PODS, pod(**{RUN: "process"}))
    call.plane.advance(2)
    found = call("GET", f"{PODS}/p")[1]
    assert (found["status"]["phase"], found["status"]["reason"]) == (
        "Failed",
        "ProcessNotSupported",
    )
    assert "remove the annotation" in found["status"]["message"]
    assert SIMULATED not in found["metadata"]["annotations"]


def test_a_pod_for_another_node_waits_and_says_why(call: Caller) -> None:
    """The scheduler does not place what does not fit."""
    body = pod()
    body["spec"]["nodeSelector"] = {"disk": "fast"}
    call("POST", PODS, body)
    call.plane.advance(2)
    found = call("GET", f"{PODS}/p")[1]
    assert condition(found, "PodScheduled")["reason"] == "Unschedulable"


def test_a_pod_for_another_scheduler_is_left_to_it(call: Caller) -> None:
    """Nothing is even said about it."""
    body = pod()
    body["spec"]["schedulerName"] = "mine"
    call("POST", PODS, body)
    call.plane.advance(2)
    found = call("GET", f"{PODS}/p")[1]
    assert "nodeName" not in found["spec"]
    assert found["status"]["phase"] == "Pending"
    assert "conditions" not in found["status"]


def test_a_deleted_pod_ends_gracefully(call: Caller) -> None:
    """It stays for a moment, marked, and then goes."""
    call("POST", PODS, pod())
    call.plane.advance(2)
    call("DELETE", f"{PODS}/p")
    assert call("GET", f"{PODS}/p")[1]["metadata"]["deletionGracePeriodSeconds"] == 30
    call.plane.advance(2)
    assert call("GET", f"{PODS}/p")[0] == 404


def test_a_settled_plane_writes_nothing_but_heartbeats(call: Caller) -> None:
    """Controllers look again without writing."""
    call("POST", f"{APPS}/deployments", deployment())
    call.plane.advance(5)
    before = call.plane.store.revision
    call.plane.advance(9)
    events = call.plane.store.events(before)
    assert {one.key.resource for one in events} <= {"leases.coordination.k8s.io"}
