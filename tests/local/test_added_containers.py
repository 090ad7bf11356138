"""Ephemeral containers: added to a pod that runs, as kubectl debug does, in virtual time."""

from typing import Any

import pytest

from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.planes import STRATEGIC
from tests.local.pretending import PODS, Bench, container, state

STATUSES = "ephemeralContainerStatuses"


@pytest.fixture
def bench() -> Bench:
    """Return a bench with a pod that runs."""
    found = Bench()
    found.create(restartPolicy="Always")
    return found


def add(bench: Bench, name: str = "dbg", pod: str = "p", **more: Any) -> tuple[int, Any]:
    """Add a container as kubectl debug does; return the answer."""
    added = {"name": name, "image": "busybox", "command": ["sh"], **more}
    body = {"spec": {"ephemeralContainers": [added]}}
    answer = bench.call("PATCH", f"{PODS}/{pod}/ephemeralcontainers", body, STRATEGIC)
    bench.plane.advance(1)
    return answer


def test_a_container_is_added_to_a_pod_that_runs(bench: Bench) -> None:
    """It is started once and never again, and the pod does not depend on it."""
    assert add(bench)[0] == 200
    assert "running" in state(bench.read(), "dbg", STATUSES)
    value = bench.finish("dbg", code=1)
    bench.plane.advance(600)
    assert [one.container for one in bench.runner.plans] == ["c", "dbg"]
    assert state(value, "dbg", STATUSES)["terminated"]["exitCode"] == 1
    assert bench.read()["status"]["phase"] == "Running"


def test_an_added_container_ends_with_its_pod(bench: Bench) -> None:
    """Its work is done when that of the pod is, and it decides nothing about how that ended."""
    bench.create_another(restartPolicy="Never", containers=[container("main")])
    add(bench, pod="q")
    bench.runner.finish("main", bench.clock.now())
    bench.plane.advance(1)
    assert bench.runner.ended == [("dbg", False)]
    bench.plane.advance(40)
    assert bench.runner.ended[1] == ("dbg", True)
    assert bench.read("q")["status"]["phase"] == "Succeeded"


def test_an_added_container_that_cannot_start_harms_nobody(bench: Bench) -> None:
    """It waits and says why."""
    add(bench, image="acme/unknown", command=[])
    assert state(bench.read(), "dbg", STATUSES)["waiting"]["reason"] == "ErrImagePull"
    assert bench.read()["status"]["phase"] == "Running"


PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
PROBE = {"tcpSocket": {"port": 80}}
RESIZE = {"resourceName": "cpu", "restartPolicy": "NotRequired"}


def test_an_added_container_has_what_it_states(bench: Bench) -> None:
    """As any other container of the pod."""
    volume = {"name": "v", "emptyDir": {}}
    config = {"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": "v"}}
    bench.call("POST", "/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", **config})
    stated = {
        "args": ["$(A)"],
        "env": [{"name": "A", "value": "1"}],
        "envFrom": [{"configMapRef": {"name": "m"}}],
        "imagePullPolicy": "Never",
        "securityContext": {"runAsUser": 5},
        "stdin": True,
        "stdinOnce": True,
        "terminationMessagePath": "/said",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "tty": True,
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        "workingDir": "/here",
    }
    bench.create_another(restartPolicy="Always", volumes=[volume])
    code, answer = add(bench, pod="q", **stated)
    assert code == 200, answer
    plan = bench.runner.plans[-1]
    assert (plan.arguments, plan.environment["A"], plan.environment["k"]) == (("sh", "1"), "1", "v")
    assert (plan.user, plan.working_directory) == ((5, 0), "/here")
    assert (plan.stdin, plan.stdin_once, plan.tty) == (True, True, True)
    assert (plan.termination_path, plan.log_is_message) == ("/said", True)
    assert [(one.volume, one.path) for one in plan.mounts] == [("v", "/v")]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ports": [{"containerPort": 80}]}, "ports: Forbidden"),
        *(({name: PROBE}, f"{name}: Forbidden") for name in PROBES),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}, "lifecycle: Forbidden"),
        ({"resources": {"limits": {"cpu": "1"}}}, "resources: Forbidden"),
        ({"resizePolicy": [RESIZE]}, "resizePolicy: Forbidden"),
        ({"restartPolicy": "Always"}, "restartPolicy: Forbidden"),
        ({"targetContainerName": "none"}, "targetContainerName: Not found"),
        ({"image": ""}, "image: Required"),
        ({"name": "c"}, "Duplicate value"),
    ],
)
def test_what_an_added_container_cannot_have_is_refused(
    bench: Bench, more: Object, message: str
) -> None:
    """By its field."""
    code, answer = add(bench, **more)
    assert (code, message in answer["message"]) == (422, True), answer


def test_what_was_added_stays_as_it_is(bench: Bench) -> None:
    """Nothing else of the pod changes by this way, and nothing is there from the start."""
    add(bench, targetContainerName="c")
    code, answer = add(bench, image="other")
    assert (code, "may not be changed" in answer["message"]) == (422, True)
    value = bench.read()
    del value["spec"]["ephemeralContainers"]
    value["metadata"]["labels"] = {"a": "b"}
    code, answer = bench.call("PUT", f"{PODS}/p/ephemeralcontainers", value)
    assert (code, "may not be removed" in answer["message"]) == (422, True)
    value["spec"]["ephemeralContainers"] = [
        *bench.read()["spec"]["ephemeralContainers"],
        {"name": "two", "image": "busybox", "command": ["sh"]},
    ]
    code, answer = bench.call("PUT", f"{PODS}/p/ephemeralcontainers", value)
    assert (code, answer["metadata"]["labels"]) == (200, {"app": "shop"})
    new = {"metadata": {"name": "n"}, "spec": value["spec"]}
    code, answer = bench.call("POST", PODS, new)
    assert (code, "cannot be set on create" in answer["message"]) == (422, True)


def test_a_container_added_to_a_simulated_pod_seems_to_run(bench: Bench) -> None:
    """So that who waits for it is told that there is nothing to attach to."""
    value = {"metadata": {"name": "s"}, "spec": {"containers": [container()]}}
    assert RUN not in str(value)
    bench.call("POST", PODS, value)
    bench.plane.advance(3)
    add(bench, pod="s")
    bench.plane.advance(3)
    assert "running" in state(bench.read("s"), "dbg", STATUSES)
