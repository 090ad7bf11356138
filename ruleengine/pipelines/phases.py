"""The types and phases of nodes and of whole workflows (reference, Workflows 9)."""

from enum import StrEnum
from typing import Final

from ruleengine.model.values import Object


class Phase(StrEnum):
    """How far a node is. Workflows know the first four and ``ERROR``."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"
    SKIPPED = "Skipped"
    OMITTED = "Omitted"


class NodeType(StrEnum):
    """What a node stands for."""

    POD = "Pod"
    CONTAINER = "Container"
    HTTP = "HTTP"
    PLUGIN = "Plugin"
    STEPS = "Steps"
    STEP_GROUP = "StepGroup"
    DAG = "DAG"
    TASK_GROUP = "TaskGroup"
    RETRY = "Retry"
    SKIPPED = "Skipped"
    SUSPEND = "Suspend"


WITH_POD: Final = frozenset({NodeType.POD, NodeType.HTTP, NodeType.PLUGIN})
"""Types of nodes that a pod runs for. Argo has one agent for all calls of a workflow, to others
and to plugins; we have a pod for each (decision 0013)."""

COMPLETED: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR})
WRONG: Final = frozenset({Phase.FAILED, Phase.ERROR})
_WITHOUT_POD: Final = frozenset({NodeType.SKIPPED, NodeType.STEPS, NodeType.DAG, NodeType.SUSPEND})
_OVER: Final = COMPLETED | {Phase.SKIPPED, Phase.OMITTED}


def is_completed(node: Object) -> bool:
    """Tell whether a node ran and came to its end."""
    return node.get("phase") in COMPLETED


def is_over(node: Object) -> bool:
    """Tell whether a node has come to its end, be it without having run."""
    return node.get("phase") in _OVER


def is_fulfilled(node: Object) -> bool:
    """Tell whether nothing that follows has to wait for a node any more.

    A daemon is fulfilled as soon as it is ready, and goes on running.
    """
    phase = node.get("phase")
    return phase in _OVER or bool(node.get("daemoned") and phase != Phase.PENDING)


TOO_DEEP: Final = "Maximum recursion depth exceeded"


def is_broken(node: Object) -> bool:
    """Tell whether a node is in error by its template and not by a pod.

    It could not begin, its pod could not be made, or what its steps and tasks made could not be
    put together. Argo says nothing further of one that lies too deep.
    """
    if node.get("phase") != Phase.ERROR or node.get("message") == TOO_DEEP:
        return False
    if node["type"] in WITH_POD:
        return not node.get("hostNodeName")
    by_its_tasks = node["type"] == NodeType.DAG and not node.get("message")
    return node["type"] in _WITHOUT_POD and not by_its_tasks


def is_wrong(node: Object) -> bool:
    """Tell whether a node failed, by its own fault or by another."""
    return node.get("phase") in WRONG
