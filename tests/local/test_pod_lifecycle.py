"""Sidecars, probes, hooks and ends of process pods, in virtual time."""

from typing import Any

import pytest

from ruleengine.local.runtime.checks import GrpcAction, Purpose
from ruleengine.model.values import Object
from tests.local.pretending import PODS, Bench, container, state

TCP = {"tcpSocket": {"port": 80}}


@pytest.fixture
def bench() -> Bench:
    """Return a fresh bench."""
    return Bench()


def sidecar(name: str = "side", **more: Any) -> Object:
    """Return an init container that stays."""
    return container(name, restartPolicy="Always", **more)


def started(bench: Bench) -> list[str]:
    """Return which containers were started, in order."""
    return [plan.container for plan in bench.runner.plans]


def condition(value: Object, kind: str) -> str:
    """Return the status of a condition of a pod."""
    found: str = next(one for one in value["status"]["conditions"] if one["type"] == kind)["status"]
    return found


def status_of(value: Object, name: str = "c") -> Object:
    """Return the status of a container."""
    listed = [
        *value["status"]["containerStatuses"],
        *value["status"].get("initContainerStatuses", ()),
    ]
    found: Object = next(one for one in listed if one["name"] == name)
    return found


def reasons(bench: Bench) -> list[str]:
    """Return the reasons of the events about pods."""
    items = bench.call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    return sorted(one["reason"] for one in items)


def test_a_sidecar_starts_before_the_others_and_stays(bench: Bench) -> None:
    """The init container behind it runs beside it."""
    bench.create(initContainers=[container("a"), sidecar(), container("b")])
    assert started(bench) == ["a"]
    bench.finish("a")
    assert started(bench) == ["a", "side", "b"]
    running = bench.finish("b")
    assert started(bench) == ["a", "side", "b", "c"]
    assert condition(running, "Initialized") == "True"
    assert "running" in state(running, "side", "initContainerStatuses")


def test_a_sidecar_has_to_get_through_its_start_first(bench: Bench) -> None:
    """The startup probe holds back what comes behind it."""
    bench.runner.answers["side", Purpose.STARTUP] = False
    waiting = bench.create(initContainers=[sidecar(startupProbe=TCP)])
    assert started(bench) == ["side"]
    assert condition(waiting, "Initialized") == "False"
    bench.runner.answers["side", Purpose.STARTUP] = True
    bench.plane.advance(10)
    assert started(bench) == ["side", "c"]


def test_sidecars_end_when_the_work_is_done(bench: Bench) -> None:
    """The last one first; how they end does not count."""
    bench.create(initContainers=[sidecar("one"), sidecar("two")])
    bench.finish("c")
    assert bench.runner.ended == [("two", False)]
    assert bench.read()["status"]["phase"] == "Running"
    bench.finish("two", code=143)
    assert bench.runner.ended == [("two", False), ("one", False)]
    assert bench.finish("one", code=143)["status"]["phase"] == "Succeeded"


def test_a_sidecar_that_does_not_end_is_forced(bench: Bench) -> None:
    """After the grace period of the pod."""
    bench.create(initContainers=[sidecar()], terminationGracePeriodSeconds=5)
    bench.finish("c")
    bench.plane.advance(5)
    assert bench.runner.ended == [("side", False), ("side", True)]
    assert bench.read()["status"]["phase"] == "Succeeded"


def test_a_sidecar_that_ends_is_started_again(bench: Bench) -> None:
    """Whatever the pod's restart policy says, and the others go on."""
    bench.create(initContainers=[sidecar()])
    again = bench.finish("side", code=1)
    assert started(bench) == ["side", "c", "side"]
    assert again["status"]["phase"] == "Running"
    assert condition(again, "Initialized") == "True"


def test_a_container_without_probes_is_ready_when_it_runs(bench: Bench) -> None:
    """Nothing says otherwise."""
    assert condition(bench.create(), "Ready") == "True"


def test_readiness_follows_its_probe(bench: Bench) -> None:
    """It takes as many results in a row as the thresholds say; the container is left alone."""
    bench.runner.answers["c", Purpose.READINESS] = False
    probe = {**TCP, "periodSeconds": 5, "successThreshold": 2, "failureThreshold": 2}
    unready = bench.create(containers=[container(readinessProbe=probe)])
    assert status_of(unready)["started"] is True
    assert status_of(unready)["ready"] is False
    assert condition(unready, "ContainersReady") == "False"
    bench.runner.answers["c", Purpose.READINESS] = True
    bench.plane.advance(5)
    assert condition(bench.read(), "Ready") == "False"
    bench.plane.advance(5)
    assert condition(bench.read(), "Ready") == "True"
    bench.runner.answers["c", Purpose.READINESS] = False
    bench.plane.advance(5)
    assert condition(bench.read(), "Ready") == "True"
    bench.plane.advance(5)
    assert condition(bench.read(), "Ready") == "False"
    assert bench.runner.ended == []


def test_a_probe_begins_after_its_delay_and_comes_again(bench: Bench) -> None:
    """The delay counts from the start of the container."""
    probe = {**TCP, "initialDelaySeconds": 7, "periodSeconds": 3}
    begin = bench.clock.now()
    bench.create(containers=[container(livenessProbe=probe)])
    bench.plane.advance(20)
    times = [(at - begin).total_seconds() for at, _ in bench.runner.checks]
    assert times == [7, 10, 13, 16, 19]


def test_a_container_that_fails_its_liveness_is_ended_and_started_again(bench: Bench) -> None:
    """Asked first, forced after the grace period; an event says why."""
    bench.runner.answers["c", Purpose.LIVENESS] = False
    bench.create(
        containers=[container(livenessProbe={**TCP, "failureThreshold": 2})],
        restartPolicy="Always",
        terminationGracePeriodSeconds=4,
    )
    assert bench.runner.ended == []
    bench.plane.advance(10)
    assert bench.runner.ended == [("c", False)]
    bench.plane.advance(4)
    assert bench.runner.ended == [("c", False), ("c", True)]
    again = bench.read()
    assert status_of(again)["restartCount"] == 1
    assert status_of(again)["lastState"]["terminated"]["exitCode"] == 137
    assert "Unhealthy" in reasons(bench)


def test_a_probe_may_have_a_grace_period_of_its_own(bench: Bench) -> None:
    """Shorter than that of the pod."""
    bench.runner.answers["c", Purpose.LIVENESS] = False
    probe = {**TCP, "failureThreshold": 1, "terminationGracePeriodSeconds": 1}
    bench.create(containers=[container(livenessProbe=probe)], restartPolicy="Never")
    bench.plane.advance(1)
    assert bench.runner.ended == [("c", False), ("c", True)]
    assert bench.read()["status"]["phase"] == "Failed"


def test_other_probes_wait_for_the_startup_probe(bench: Bench) -> None:
    """It is not tried again once it has passed."""
    bench.runner.answers["c", Purpose.STARTUP] = False
    probes = {"startupProbe": TCP, "readinessProbe": TCP, "livenessProbe": TCP}
    unready = bench.create(containers=[container(**probes)])
    assert {check.purpose for _, check in bench.runner.checks} == {Purpose.STARTUP}
    assert status_of(unready)["started"] is False
    bench.runner.answers["c", Purpose.STARTUP] = True
    bench.plane.advance(30)
    purposes = [check.purpose for _, check in bench.runner.checks]
    assert purposes.count(Purpose.STARTUP) == 2
    assert condition(bench.read(), "Ready") == "True"


def test_a_container_that_does_not_get_through_its_start_is_ended(bench: Bench) -> None:
    """As after a failed liveness probe."""
    bench.runner.answers["c", Purpose.STARTUP] = False
    bench.create(containers=[container(startupProbe={**TCP, "failureThreshold": 1})])
    assert bench.runner.ended == [("c", False)]


def test_a_container_is_ready_only_after_its_start_hook(bench: Bench) -> None:
    """A hook that fails ends it."""
    hook = {"lifecycle": {"postStart": {"exec": {"command": ["prepare"]}}}}
    bench.runner.answers["c", Purpose.POST_START] = None
    unready = bench.create(containers=[container(**hook)])
    assert condition(unready, "Ready") == "False"
    other = Bench()
    other.runner.answers["c", Purpose.POST_START] = False
    other.create(containers=[container(**hook)])
    assert other.runner.ended == [("c", False)]
    assert reasons(other)[0] == "FailedPostStartHook"
    assert condition(bench.create_another(), "Ready") == "True"


def test_the_hook_before_the_end_comes_before_the_question(bench: Bench) -> None:
    """What it may take is what is left of the grace period."""
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 3}}}}
    bench.runner.answers["c", Purpose.PRE_STOP] = None
    bench.create(containers=[container(**hook)], terminationGracePeriodSeconds=8)
    bench.call("DELETE", f"{PODS}/p")
    bench.plane.advance(1)
    ((_, check),) = bench.runner.checks
    assert (check.purpose, check.timeout <= 8, bench.runner.ended) == (Purpose.PRE_STOP, True, [])
    bench.runner.conclude("c", Purpose.PRE_STOP)
    bench.plane.advance(1)
    assert bench.runner.ended == [("c", False)]
    bench.plane.advance(8)
    assert bench.runner.ended == [("c", False), ("c", True)]
    assert bench.call("GET", f"{PODS}/p")[0] == 404


def test_a_container_that_ends_by_itself_needs_no_hook(bench: Bench) -> None:
    """There is nobody left to prepare."""
    bench.create(containers=[container(lifecycle={"preStop": {"exec": {"command": ["x"]}}})])
    assert bench.finish()["status"]["phase"] == "Succeeded"
    assert bench.runner.checks == []


def test_a_deleted_pod_ends_its_sidecars_last(bench: Bench) -> None:
    """They serve the others to the end."""
    bench.create(initContainers=[sidecar()], terminationGracePeriodSeconds=20)
    bench.call("DELETE", f"{PODS}/p")
    bench.plane.advance(1)
    assert bench.runner.ended == [("c", False)]
    bench.finish("c")
    assert bench.runner.ended == [("c", False), ("side", False)]


def test_a_gate_holds_back_readiness(bench: Bench) -> None:
    """Until somebody else says so in a condition, which stays."""
    unready = bench.create(readinessGates=[{"conditionType": "shop/open"}])
    assert condition(unready, "ContainersReady") == "True"
    assert condition(unready, "Ready") == "False"
    known = unready["status"]["conditions"]
    opened = [*known, {"type": "shop/open", "status": "True"}]
    body = {"status": {"conditions": opened}}
    media = "application/merge-patch+json"
    assert bench.call("PATCH", f"{PODS}/p/status", body, media)[0] == 200
    bench.plane.advance(1)
    assert condition(bench.read(), "Ready") == "True"
    assert condition(bench.read(), "shop/open") == "True"


def test_the_time_of_a_condition_is_that_of_its_last_change(bench: Bench) -> None:
    """An unchanged one keeps it."""
    before = bench.create(restartPolicy="Always")
    after = bench.finish(code=1)

    def times(value: Object) -> dict[str, str]:
        return {one["type"]: one["lastTransitionTime"] for one in value["status"]["conditions"]}

    assert times(after) == times(before)
    bench.plane.advance(30)
    assert times(bench.finish(code=1))["Ready"] > times(before)["Ready"]


def test_a_probe_that_is_not_honoured_is_named(bench: Bench) -> None:
    """The pod fails rather than to run unwatched."""
    probe = {"tcpSocket": {"port": "web"}}
    found = bench.create(containers=[container(livenessProbe=probe)])["status"]
    assert "no port named 'web'" in found["message"]
    assert found["phase"] == "Failed"


def test_a_named_port_is_that_of_the_container(bench: Bench) -> None:
    """And the host is the pod's address."""
    ports = [{"name": "web", "containerPort": 8080}]
    probe = {"httpGet": {"port": "web", "path": "up"}}
    value = bench.create(containers=[container(ports=ports, readinessProbe=probe)])
    action = bench.runner.checks[0][1].action
    assert (action.port, action.path) == (8080, "/up")
    assert action.host == value["status"]["podIP"]
    assert action.host.startswith("127.")


def test_a_service_is_asked_by_grpc_at_the_address_of_its_pod(bench: Bench) -> None:
    """The whole server, or the one that the probe names."""
    probes = {
        "readinessProbe": {"grpc": {"port": 9000, "service": "cart"}},
        "livenessProbe": {"grpc": {"port": 9000}},
    }
    address = bench.create(containers=[container(**probes)])["status"]["podIP"]
    asked = {check.purpose: check.action for _, check in bench.runner.checks}
    assert asked == {
        Purpose.READINESS: GrpcAction(address, 9000, "cart"),
        Purpose.LIVENESS: GrpcAction(address, 9000),
    }


def test_pods_have_addresses_of_their_own(bench: Bench) -> None:
    """On the loopback of the machine; with the host's network, the host's."""
    first = bench.create()["status"]["podIP"]
    second = bench.create_another()["status"]["podIP"]
    assert first != second
    host = bench.create_another(name="h", hostNetwork=True)
    assert host["status"]["podIP"] == "127.0.0.1"
