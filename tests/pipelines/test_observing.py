"""From a pod to the phase of a node: whose fault it is that a pod failed."""

import pytest

from ruleengine.pipelines.observing import observe

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
