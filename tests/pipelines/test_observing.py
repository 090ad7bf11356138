"""From a pod to the phase of a node: whose fault it is that a pod failed."""

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.names import PORTS
from ruleengine.model.values import Object
from ruleengine.pipelines.observing import observe
from tests.pipelines.worlds import world_of

LOST = [
    ("Evicted", 'Usage of EmptyDir volume "v" exceeds the limit "1Mi".'),
    ("Terminated", "Pod was terminated in response to imminent node shutdown."),
    ("UnexpectedAdmissionError", "Allocate failed"),
    ("", "the node says something"),
]
FAULTS = ["CreateContainerConfigError", "ErrImagePull", "NodeRestarted", "SandboxUnavailable"]


@pytest.mark.parametrize(("reason", "message"), LOST)
def test_a_pod_that_was_ended_by_its_node_has_failed(reason: str, message: str) -> None:
    """As Argo has it: its message is the pod's own, so the usual retry policy tries again."""
    status = {"phase": "Failed", "reason": reason, "message": message}
    found = observe({"status": status}, None)
    assert (found["phase"], found["message"]) == ("Failed", message)


@pytest.mark.parametrize("reason", FAULTS)
def test_a_pod_that_could_not_run_is_an_error(reason: str) -> None:
    """The step did nothing wrong; the message says why, with the remedy."""
    status = {"phase": "Failed", "reason": reason, "message": "why"}
    found = observe({"status": status}, None)
    assert (found["phase"], found["message"]) == ("Error", f"{reason}: why")


def failed(init: dict[str, int] | None = None, **codes: int) -> Object:
    """Return a pod that has failed, by the exit codes of its containers."""

    def listed(some: dict[str, int]) -> list[Object]:
        return [
            {"name": name, "state": {"terminated": {"exitCode": code, "message": ""}}}
            for name, code in some.items()
        ]

    told = [{"name": "ARGO_CONTAINER_NAME", "value": "its own"}]
    ours = ("wait", "supervisor")
    names = [
        {"name": name} if name in ours else {"name": name, "env": told}
        for name in codes
        if name != "side"
    ]
    status = {
        "phase": "Failed",
        "initContainerStatuses": listed(init or {}),
        "containerStatuses": listed(codes),
    }
    before = [{"name": name} for name in init or {}]
    return {"spec": {"initContainers": before, "containers": names}, "status": status}


CODES: list[tuple[Object, str, str | None]] = [
    (failed(main=1), "Failed", "main: Error (exit code 1)"),
    (failed(main=137), "Failed", "main: Error (exit code 137)"),
    (failed(main=64), "Error", "main: Error (exit code 64)"),
    (failed(main=0, side=1), "Failed", "side: Error (exit code 1)"),
    (failed(main=0, side=137), "Succeeded", None),
    (failed(main=0, side=143), "Succeeded", None),
    (failed(main=0, side=64), "Failed", "side: Error (exit code 64)"),
    (failed(main=2, side=1), "Failed", "main: Error (exit code 2)"),
    (failed(main=0, wait=1), "Error", "wait: Error (exit code 1)"),
    (failed(main=0, wait=143), "Error", "wait: Error (exit code 143)"),
    (failed(main=3, wait=1), "Failed", "main: Error (exit code 3)"),
    (failed(a=0, b=5, supervisor=0), "Failed", "b: Error (exit code 5)"),
    (failed(a=0, b=137), "Failed", "b: Error (exit code 137)"),
    (failed(a=5, main=3), "Failed", "a: Error (exit code 5)"),
    (failed(a=64, b=5), "Failed", "b: Error (exit code 5)"),
    (failed(a=0, supervisor=1), "Error", "supervisor: Error (exit code 1)"),
    (failed({"init": 1}), "Error", "init: Error (exit code 1)"),
    (failed({"setup": 1}), "Failed", "setup: Error (exit code 1)"),
    (failed({"setup": 137}), "Failed", "setup: Error (exit code 137)"),
    (failed({"setup": 0}, main=0), "Succeeded", None),
]


@pytest.mark.parametrize(("pod", "phase", "message"), CODES)
def test_the_container_to_blame_gives_a_node_its_phase(
    pod: Object, phase: str, message: str | None
) -> None:
    """The step's own fails it, ours are errors, and a sidecar may be ended by a signal."""
    found = observe(pod, None)
    assert (found["phase"], found["message"]) == (phase, message)


RUNNING: Object = {"running": {"startedAt": "2026-01-02T03:04:05Z"}}
GOOD: Object = {"terminated": {"exitCode": 0}}
UNSEEN: Object = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}
KILLED: Object = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
ENDED: Object = {"terminated": {"exitCode": 143, "reason": "Error"}}
PULLING: Object = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling "a"'}}
BEFORE: Object = {"waiting": {"reason": "PodInitializing"}}
GONE: Object = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByPodGC",
    "message": "PodGC: node no longer exists",
}
PREEMPTED: Object = {
    **GONE,
    "reason": "PreemptionByScheduler",
    "message": "default-scheduler: preempting to accommodate a higher priority pod",
}


def lost(*conditions: Object, **states: Object) -> Object:
    """Return a pod that has failed without a word of its own, by the states of its containers."""
    listed = [{"name": name, "state": state} for name, state in states.items()]
    return {
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [{"name": name} for name in states]},
        "status": {"phase": "Failed", "conditions": [*conditions], "containerStatuses": listed},
    }


NEITHER = "pod failed: neither main nor wait container completed successfully"
MAIN = "pod failed: main container did not complete successfully"
UNTOLD = "can't find failed message for pod p namespace n"
EARLY = "Pod failed before main container starts due to"
PULL = 'ImagePullBackOff: Back-off pulling "a"'
NODE_GONE = f"; {GONE['message']}"


@pytest.mark.parametrize(
    ("pod", "phase", "message"),
    [
        (lost(), "Failed", UNTOLD),
        (lost(GONE), "Failed", f"{UNTOLD}{NODE_GONE}"),
        (lost(main=RUNNING, wait=RUNNING), "Failed", NEITHER),
        (lost(GONE, main=RUNNING, wait=RUNNING), "Failed", f"{NEITHER}{NODE_GONE}"),
        (lost({**GONE, "status": "False"}, main=RUNNING), "Failed", MAIN),
        (lost({**GONE, "type": "Ready"}, main=RUNNING), "Failed", MAIN),
        (lost(main=RUNNING, wait=GOOD), "Running", None),
        (lost(main=GOOD, wait=RUNNING), "Failed", MAIN.replace("main", "wait")),
        (lost(main=GOOD, side=RUNNING), "Succeeded", None),
        (lost(main=PULLING), "Error", f"{EARLY} {PULL}"),
        (lost(GONE, main=PULLING), "Error", f"{EARLY} {PULL}{NODE_GONE}"),
        (lost(main=BEFORE), "Error", f"{EARLY} PodInitializing"),
        (lost(main=UNSEEN), "Failed", "main: ContainerStatusUnknown (exit code 137)"),
        (lost(main=KILLED), "Failed", "main: OOMKilled (exit code 137)"),
        (
            lost(PREEMPTED, main=ENDED),
            "Failed",
            f"main: Error (exit code 143); {PREEMPTED['message']}",
        ),
        (
            lost({**GONE, "message": ""}, main=ENDED),
            "Failed",
            "main: Error (exit code 143); DeletionByPodGC",
        ),
        (
            lost(PREEMPTED, main={"terminated": {"exitCode": 1}}),
            "Failed",
            "main: Error (exit code 1)",
        ),
    ],
)
def test_a_pod_that_was_lost_has_not_succeeded(
    pod: Object, phase: str, message: str | None
) -> None:
    """Whose machine is gone, say: nobody saw its containers end. Who took it away is told."""
    found = observe(pod, None)
    assert (found["phase"], found["message"]) == (phase, message)


def beside(state: Object, last: Object | None = None, **marks: str) -> Object:
    """Return a pod that has succeeded, by the states of its sidecar now and before."""
    status = {"name": "side", "state": state, "lastState": last or {}}
    return {
        "metadata": {"annotations": marks},
        "spec": {
            "initContainers": [{"name": "side", "restartPolicy": "Always"}],
            "containers": [{"name": "main"}],
        },
        "status": {
            "phase": "Succeeded",
            "initContainerStatuses": [status],
            "containerStatuses": [{"name": "main", "state": GOOD}],
        },
    }


CRASHED: Object = {"terminated": {"exitCode": 1, "reason": "Error"}}
LOOPS: Object = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}


@pytest.mark.parametrize(
    ("pod", "blamed"),
    [
        (beside(GOOD), False),
        (beside(ENDED), False),
        (beside(KILLED), False),
        (beside(CRASHED), True),
        (beside(LOOPS, CRASHED), True),
        (beside(UNSEEN, CRASHED), True),
        (beside(UNSEEN), False),
        (beside(ENDED, CRASHED), False),
        (beside(RUNNING, CRASHED), False),
        (beside(CRASHED, **{PORTS: "80"}), False),
    ],
)
def test_a_sidecar_that_ended_on_its_own_account_fails_the_step(
    pod: Object, *, blamed: bool
) -> None:
    """Not one that a signal ended, nor one that was started anew; and servers of plugins never."""
    found = observe(pod, None)
    message = "side: Error (exit code 1)" if blamed else None
    assert (found["phase"], found["message"]) == ("Failed" if blamed else "Succeeded", message)


def meshed(main: Object, *, wait: Object = GOOD, proxy: Object = RUNNING) -> Object:
    """Return a running pod into which somebody has put a proxy."""
    states = {"main": main, "wait": wait, "proxy": proxy}
    told = [{"name": "ARGO_CONTAINER_NAME", "value": "main"}]
    listed = [{"name": name, "state": state} for name, state in states.items()]
    stated = [{"name": "main", "env": told}, {"name": "wait"}, {"name": "proxy"}]
    return {
        "spec": {"containers": stated},
        "status": {"phase": "Running", "containerStatuses": listed},
    }


@pytest.mark.parametrize(
    ("pod", "phase", "message"),
    [
        (meshed(GOOD), "Succeeded", None),
        (meshed(CRASHED), "Failed", "main: Error (exit code 1)"),
        (meshed(RUNNING), "Running", None),
        (meshed(GOOD, wait=RUNNING), "Running", None),
        (meshed(GOOD, proxy=GOOD), "Running", None),
        (meshed(GOOD, proxy=BEFORE), "Succeeded", None),
    ],
)
def test_what_others_put_into_a_pod_is_not_waited_for(
    pod: Object, phase: str, message: str | None
) -> None:
    """A proxy never ends by itself; the step has, and what it made was reported."""
    found = observe(pod, reported())
    assert (found["phase"], found["message"]) == (phase, message)


def test_a_pod_in_which_only_others_run_gets_no_more_time() -> None:
    """Its node has ended; the pod, and with it its log, stays."""
    template = {"name": "main", "container": {"image": "alpine", "command": ["work"]}}
    world = world_of(write({"entrypoint": "main", "templates": [template]}), lambda *_: None)
    world.turn()
    (pod,) = world.pods()
    proxy = {"name": "proxy", "state": RUNNING}
    listed = [{"name": "main", "state": GOOD}, proxy]
    world.put({**pod, "status": {"phase": "Running", "containerStatuses": listed}})
    world.turn()
    assert world.status("phase") == "Succeeded"
    patches = [
        one.object for one in world.written if one.target.kind == "Pod" and one.verb == "patch"
    ]
    assert patches == [{"spec": {"activeDeadlineSeconds": 1}}]


def waiting(**more: object) -> Object:
    """Return a pod that has not begun."""
    return {"status": {"phase": "Pending", **more}}


STUCK: Object = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}
SLOW: Object = {"state": {"waiting": {"reason": "ContainerCreating"}}}
CRASHED: Object = {"exitCode": 128, "reason": "StartError", "message": "no such program"}
CRASHING: Object = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    "lastState": {"terminated": CRASHED},
}
FULL: Object = {"type": "PodScheduled", "reason": "Unschedulable", "message": "no room"}
OTHER: Object = {"type": "PodScheduled", "reason": "SchedulingGated", "message": "gated"}


def running(status: Object) -> Object:
    """Return a pod that runs, with the status of a container beside one that does."""
    stated = {"containers": [{"name": "main"}, {"name": "beside"}]}
    statuses = [{"name": "main", "state": RUNNING}, {**status, "name": "beside"}]
    return {"spec": stated, "status": {"phase": "Running", "containerStatuses": statuses}}


@pytest.mark.parametrize(
    ("pod", "phase", "message"),
    [
        ({}, "Pending", None),
        (waiting(), "Pending", None),
        (waiting(containerStatuses=[STUCK]), "Pending", "ErrImagePull: no such image"),
        (waiting(initContainerStatuses=[STUCK]), "Pending", "ErrImagePull: no such image"),
        (waiting(containerStatuses=[SLOW, STUCK]), "Pending", "ErrImagePull: no such image"),
        (waiting(containerStatuses=[SLOW]), "Pending", "ContainerCreating"),
        (waiting(containerStatuses=[{"state": RUNNING}, SLOW]), "Pending", "ContainerCreating"),
        (waiting(conditions=[OTHER, FULL]), "Pending", "Unschedulable: no room"),
        (waiting(conditions=[FULL], containerStatuses=[SLOW]), "Pending", "Unschedulable: no room"),
        (waiting(conditions=[OTHER]), "Pending", None),
        ({"status": {"phase": "Running"}}, "Running", None),
        (running(STUCK), "Running", "ErrImagePull: no such image"),
        (running(SLOW), "Running", None),
        (
            running(CRASHING),
            "Running",
            "CrashLoopBackOff: back-off 40s; beside: StartError (exit code 128): no such program",
        ),
        ({"status": {"phase": "Succeeded"}}, "Succeeded", None),
        (
            {"metadata": {"name": "p"}, "status": {"phase": "Unknown"}},
            "Error",
            "Unexpected pod phase for p: Unknown",
        ),
        (
            {"status": {"phase": "Failed", "reason": "DeadlineExceeded", "message": "m"}},
            "Failed",
            "Pod was active on the node longer than the specified deadline",
        ),
    ],
)
def test_a_pod_says_how_far_its_node_is(pod: Object, phase: str, message: str | None) -> None:
    """And what it waits for, the most telling first."""
    found = observe(pod, None)
    assert (found["phase"], found["message"]) == (phase, message)


def reported(done: str = "true") -> Object:
    """Return what the executor says."""
    label = {"workflows.argoproj.io/report-outputs-completed": done}
    return {"metadata": {"labels": label}, "outputs": {"result": "r"}, "progress": "1/2"}


WITH_WAIT: Object = {"containers": [{"name": "main"}, {"name": "wait"}], "nodeName": "n"}


@pytest.mark.parametrize(
    ("ended", "result", "phase"),
    [
        ("Succeeded", None, "Running"),
        ("Succeeded", reported("false"), "Running"),
        ("Succeeded", reported(), "Succeeded"),
        ("Failed", None, "Running"),
        ("Failed", reported(), "Failed"),
    ],
)
def test_a_node_goes_on_until_its_executor_has_said_everything(
    ended: str, result: Object | None, phase: str
) -> None:
    """Where one reports; what it said so far is there."""
    pod = failed(main=int(ended == "Failed"), wait=0)
    pod = {"spec": WITH_WAIT, "status": {**pod["status"], "phase": ended}}
    found = observe(pod, result)
    assert (found["phase"], found["hostNodeName"]) == (phase, "n")
    code = {"exitCode": str(int(ended == "Failed"))}
    assert found["outputs"] == ({"result": "r", **code} if result else code)
    assert found["progress"] == ("1/2" if result else None)


@pytest.mark.parametrize(
    ("begins", "said", "found"),
    [
        ("0/10", None, "0/10"),
        ("0/10", "3/10", "3/10"),
        ("0/10", "almost", "0/10"),
        (None, " 3/10\n", "3/10"),
        (None, "11/10", None),
        (None, "0/0", None),
        (None, "-1/2", None),
    ],
)
def test_a_step_says_how_far_it_is_at_first_in_an_annotation(
    begins: str | None, said: str | None, found: str | None
) -> None:
    """What is no part of a whole is not taken."""
    marks = {} if begins is None else {"workflows.argoproj.io/progress": begins}
    pod = {"metadata": {"annotations": marks}, "status": {"phase": "Running"}}
    assert observe(pod, {"progress": said})["progress"] == found


def test_a_failure_of_the_executor_itself_is_not_waited_for() -> None:
    """Nothing more will be said."""
    pod = {"spec": WITH_WAIT, "status": failed(main=0, wait=1)["status"]}
    assert observe(pod, None)["phase"] == "Error"
