"""What is decided for process pods, proven with a runner that only pretends."""

from datetime import timedelta

import pytest

from ruleengine.local.control_plane import in_memory_plane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.names import ARGO_WORKFLOW, SIMULATED
from ruleengine.model.values import Object
from tests.local.planes import Caller
from tests.local.pretending import PODS, Bench, container, pod, state


@pytest.fixture
def bench() -> Bench:
    """Return a fresh bench."""
    return Bench()


def test_a_process_pod_runs_and_succeeds(bench: Bench) -> None:
    """Pending, Running, Succeeded, and never annotated as simulated."""
    running = bench.create()
    assert running["status"]["phase"] == "Running"
    assert "running" in state(running)
    assert SIMULATED not in running["metadata"]["annotations"]
    done = bench.finish()
    assert done["status"]["phase"] == "Succeeded"
    assert state(done)["terminated"]["exitCode"] == 0
    assert state(done)["terminated"]["reason"] == "Completed"


def test_an_exit_code_fails_the_pod(bench: Bench) -> None:
    """The code and the reason are those of the process."""
    bench.create()
    failed = bench.finish(code=3)
    assert failed["status"]["phase"] == "Failed"
    assert (
        state(failed)["terminated"] | {"exitCode": 3, "reason": "Error"}
        == state(failed)["terminated"]
    )


def test_init_containers_run_in_order_before_the_others(bench: Bench) -> None:
    """Each starts when the one before has succeeded."""
    bench.create(initContainers=[container("one"), container("two")])
    assert [plan.container for plan in bench.runner.plans] == ["one"]
    bench.finish("one")
    assert [plan.container for plan in bench.runner.plans] == ["one", "two"]
    waiting = bench.read()
    assert waiting["status"]["phase"] == "Pending"
    assert state(waiting)["waiting"]["reason"] == "PodInitializing"
    bench.finish("two")
    assert [plan.container for plan in bench.runner.plans] == ["one", "two", "c"]
    assert bench.read()["status"]["phase"] == "Running"


def test_a_failed_init_container_fails_a_pod_that_never_restarts(bench: Bench) -> None:
    """The others do not start."""
    bench.create(initContainers=[container("one")])
    assert bench.finish("one", code=1)["status"]["phase"] == "Failed"
    assert len(bench.runner.plans) == 1


def test_containers_run_side_by_side(bench: Bench) -> None:
    """The pod is over when the last has ended, and fails when one of them has."""
    bench.create(containers=[container("a"), container("b")])
    assert {plan.container for plan in bench.runner.plans} == {"a", "b"}
    assert bench.finish("a", code=1)["status"]["phase"] == "Running"
    assert bench.finish("b")["status"]["phase"] == "Failed"


@pytest.mark.parametrize(
    ("policy", "code", "restarts"),
    [("Always", 0, 1), ("Always", 1, 1), ("OnFailure", 1, 1), ("OnFailure", 0, 0), ("Never", 1, 0)],
)
def test_the_restart_policy_decides_about_another_attempt(
    bench: Bench, policy: str, code: int, restarts: int
) -> None:
    """The first restart comes at once."""
    bench.create(restartPolicy=policy)
    after = bench.finish(code=code)
    assert after["status"]["containerStatuses"][0]["restartCount"] == restarts
    assert len(bench.runner.plans) == 1 + restarts


def test_restarts_back_off(bench: Bench) -> None:
    """The second restart waits ten seconds in CrashLoopBackOff, the third twenty."""
    bench.create(restartPolicy="Always")
    bench.finish(code=1)
    for seconds in (10, 20):
        waiting = bench.finish(code=1)
        assert state(waiting)["waiting"]["reason"] == "CrashLoopBackOff"
        assert waiting["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
        started = len(bench.runner.plans)
        bench.plane.advance(seconds - 3)
        assert len(bench.runner.plans) == started
        bench.plane.advance(3)
        assert len(bench.runner.plans) == started + 1


@pytest.mark.parametrize(("policy", "phase"), [("Always", "Pending"), ("Never", "Failed")])
def test_what_an_unknown_image_starts_has_to_be_written(
    bench: Bench, policy: str, phase: str
) -> None:
    """No image is pulled; a pod that is meant to end fails instead of waiting for ever."""
    found = bench.create(containers=[{"name": "c", "image": "shop:1"}], restartPolicy=policy)
    assert found["status"]["phase"] == phase
    waiting = state(found)["waiting"]
    assert waiting["reason"] == "ErrImagePull"
    assert "write the container's command" in waiting["message"]
    assert bench.runner.plans == []


def test_containers_beside_one_that_cannot_start_are_ended(bench: Bench) -> None:
    """Nobody waits for half a pod."""
    unknown = {"name": "d", "image": "shop:1"}
    failed = bench.create(initContainers=[container("one")], containers=[container(), unknown])
    assert failed["status"]["phase"] == "Pending"
    failed = bench.finish("one")
    assert (failed["status"]["phase"], failed["status"]["reason"]) == ("Failed", "ErrImagePull")
    assert "container d: " in failed["status"]["message"]
    assert [plan.container for plan in bench.runner.plans] == ["one"]


def test_an_image_of_the_table_says_what_it_starts(bench: Bench) -> None:
    """The container may state its arguments alone."""
    image = {"image": "argoproj/argosay:v2", "args": ["echo", "hi"]}
    bench.create(containers=[{"name": "a", **image}, {"name": "b", "image": "busybox"}])
    assert [plan.arguments for plan in bench.runner.plans] == [("/argosay", "echo", "hi"), ("sh",)]


def test_a_pod_of_a_workflow_runs_without_being_asked_to(bench: Bench) -> None:
    """Its outputs are needed, so it is never simulated."""
    value = pod()
    value["metadata"] |= {"annotations": {}, "labels": {ARGO_WORKFLOW: "w"}}
    bench.call("POST", PODS, value)
    bench.plane.advance(1)
    assert SIMULATED not in bench.read()["metadata"].get("annotations", {})
    assert [plan.container for plan in bench.runner.plans] == ["c"]


def test_a_gated_pod_is_not_placed(bench: Bench) -> None:
    """Until somebody opens the gate."""
    waiting = bench.create(schedulingGates=[{"name": "shop/open"}])
    assert "nodeName" not in waiting["spec"]
    assert bench.runner.plans == []


def test_without_a_runner_a_pod_of_a_workflow_fails() -> None:
    """It says so rather than to pretend."""
    plane = in_memory_plane()
    value = pod()
    value["metadata"] |= {"annotations": {}, "labels": {ARGO_WORKFLOW: "w"}}
    call = Caller(plane)
    call("POST", PODS, value)
    plane.advance(5)
    status = call("GET", f"{PODS}/p")[1]["status"]
    assert status["phase"] == "Failed"
    assert "outputs of this pod are needed" in status["message"]


def test_without_a_sandbox_the_pod_fails_with_the_remedy(bench: Bench) -> None:
    """Nothing is started in the open by itself."""
    bench.runner.trouble = "no sandbox works on this machine; do this"
    failed = bench.create()
    assert failed["status"]["phase"] == "Failed"
    assert failed["status"]["reason"] == "SandboxUnavailable"
    assert failed["status"]["message"].endswith("do this")
    assert bench.runner.plans == []


def test_a_deadline_asks_then_forces_then_fails_the_pod(bench: Bench) -> None:
    """TERM at the deadline, KILL after the grace period."""
    bench.create(activeDeadlineSeconds=10, terminationGracePeriodSeconds=5)
    bench.plane.advance(8)
    assert bench.runner.ended == []
    bench.plane.advance(3)
    assert bench.runner.ended == [("c", False)]
    bench.plane.advance(6)
    assert bench.runner.ended == [("c", False), ("c", True)]
    failed = bench.read()["status"]
    assert (failed["phase"], failed["reason"]) == ("Failed", "DeadlineExceeded")


def test_a_deleted_pod_is_asked_then_forced_then_gone(bench: Bench) -> None:
    """It stays until its processes have ended, and leaves nothing."""
    uid = bench.create(terminationGracePeriodSeconds=5)["metadata"]["uid"]
    bench.call("DELETE", f"{PODS}/p")
    bench.plane.advance(3)
    assert bench.runner.ended == [("c", False)]
    assert bench.call("GET", f"{PODS}/p")[0] == 200
    bench.plane.advance(4)
    assert bench.runner.ended == [("c", False), ("c", True)]
    assert bench.call("GET", f"{PODS}/p")[0] == 404
    assert bench.runner.forgotten == [uid]


@pytest.mark.parametrize("comes_again", [False, True])
def test_a_pod_whose_end_nobody_saw_leaves_nothing(bench: Bench, *, comes_again: bool) -> None:
    """Its event was forgotten before the node came to it; another of its name is another."""
    uid = bench.create()["metadata"]["uid"]
    bench.call("DELETE", f"{PODS}/p", gracePeriodSeconds="0")
    assert isinstance(bench.plane.store, MemoryStore)
    bench.plane.store.compact()
    if comes_again:
        assert bench.create()["metadata"]["uid"] != uid
    bench.plane.advance(1)
    assert bench.runner.forgotten == [uid]


@pytest.mark.parametrize(("policy", "phase"), [("Never", "Failed"), ("Always", "Running")])
def test_a_restart_of_the_node_is_never_taken_for_a_result(
    bench: Bench, policy: str, phase: str
) -> None:
    """A pod that never restarts fails; the others begin anew."""
    bench.create(restartPolicy=policy)
    after = bench.finish(code=137, reason="NodeRestarted")["status"]
    assert after["phase"] == phase
    assert after.get("reason") == ("NodeRestarted" if phase == "Failed" else None)
    assert len(bench.runner.plans) == (1 if phase == "Failed" else 2)


def test_the_environment_is_what_the_pod_declares(bench: Bench) -> None:
    """Values, fields, ConfigMaps and Secrets; references to earlier variables are replaced."""
    base = "/api/v1/namespaces/default"
    bench.call("POST", f"{base}/configmaps", _named("ConfigMap", "m", {"k": "v"}))
    bench.call("POST", f"{base}/secrets", _named("Secret", "s", {"k": "aGlkZGVu"}))
    bench.create(
        containers=[
            container(
                command=["serve", "$(A)", "$(UNKNOWN)", "$$(A)"],
                envFrom=[{"prefix": "M_", "configMapRef": {"name": "m"}}],
                env=[
                    {"name": "A", "value": "1"},
                    {"name": "B", "value": "$(A)2"},
                    {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {
                        "name": "APP",
                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}},
                    },
                    {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                ],
            )
        ]
    )
    plan = bench.runner.plans[0]
    assert plan.arguments == ("serve", "1", "$(UNKNOWN)", "$(A)")
    assert plan.environment == {
        "HOSTNAME": "p",
        "M_k": "v",
        "A": "1",
        "B": "12",
        "NAME": "p",
        "APP": "shop",
        "S": "hidden",
    }
    assert "hidden" not in repr(plan)


def test_a_missing_configmap_is_waited_for(bench: Bench) -> None:
    """The reason names it; the pod starts once it is there."""
    reference = {"configMapKeyRef": {"name": "m", "key": "k"}}
    waiting = bench.create(containers=[container(env=[{"name": "A", "valueFrom": reference}])])
    assert state(waiting)["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": 'configmap "m" not found',
    }
    body = _named("ConfigMap", "m", {"k": "v"})
    bench.call("POST", "/api/v1/namespaces/default/configmaps", body)
    bench.plane.advance(timedelta(seconds=5).total_seconds())
    assert bench.read()["status"]["phase"] == "Running"


def test_nothing_of_a_pod_begins_before_all_its_volumes_are_there(bench: Bench) -> None:
    """Be it that only a later container mounts them; what nobody mounts is not waited for."""
    late = container("late", volumeMounts=[{"name": "s", "mountPath": "/s"}])
    volumes: list[Object] = [
        {"name": "s", "secret": {"secretName": "word"}},
        {"name": "other", "secret": {"secretName": "none"}},
    ]
    first = [container("first")]
    waiting = bench.create(initContainers=first, containers=[container(), late], volumes=volumes)
    assert bench.runner.plans == []
    (told,) = waiting["status"]["initContainerStatuses"]
    assert told["state"]["waiting"]["message"] == 'secret "word" not found'
    assert waiting["status"]["phase"] == "Pending"
    body = _named("Secret", "word", {"k": "dg=="})
    bench.call("POST", "/api/v1/namespaces/default/secrets", body)
    bench.plane.advance(timedelta(seconds=5).total_seconds())
    assert [plan.container for plan in bench.runner.plans] == ["first"]
    bench.call("DELETE", "/api/v1/namespaces/default/secrets/word")
    bench.finish("first")
    assert [plan.container for plan in bench.runner.plans] == ["first", "c"]


def test_a_volume_that_is_not_honoured_is_named(bench: Bench) -> None:
    """It is never passed over."""
    waiting = bench.create(
        volumes=[{"name": "h", "hostPath": {"path": "/etc"}}],
        containers=[container(volumeMounts=[{"name": "h", "mountPath": "/h"}])],
    )
    assert "hostPath" in state(waiting)["waiting"]["message"]
    assert bench.runner.plans == []


def _named(kind: str, name: str, data: Object) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data}


def test_a_container_that_claims_a_device_runs_without_and_says_so() -> None:
    """It may go on without one; whoever waits for what it does finds the reason on the pod."""
    bench = Bench()
    value = bench.create(
        containers=[container(resources={"claims": [{"name": "gpu"}]}), container("d")],
        resourceClaims=[{"name": "gpu", "resourceClaimName": "card"}],
    )
    assert "running" in state(value)
    items = bench.call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    (said,) = (one for one in items if one["reason"] == "ClaimsNotHonoured")
    assert said["involvedObject"]["name"] == "p"
    assert (said["type"], said["message"]) == (
        "Warning",
        "container c runs without what it claims (gpu): the local node has no devices to give",
    )
