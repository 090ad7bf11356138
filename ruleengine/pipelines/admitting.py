"""How many workflows may be on their way at once (reference, Workflows 17).

A limit is a semaphore that every workflow needs to begin, so it has the queue and the promises
of :mod:`.locking`. It counts the workflows that began since the limit was stated.
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import World
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.locks import SEMAPHORE, Lock
from ruleengine.pipelines.problems import NodeError

LABEL: Final = "workflows.argoproj.io/parallelism-limit"
CONTROLLER: Final = "workflow-controller-configmap"
"""The ConfigMap in the control namespace in which Argo's controller is configured."""

POSTPONED: Final = "Workflow processing has been postponed due to max parallelism limit"


def limits(world: World, namespace: str, control_namespace: str) -> list[Lock]:
    """Return the limits that a workflow of a namespace is under. Raises ``NodeError``."""
    return list(_limits(world, namespace, control_namespace))


def _limits(world: World, namespace: str, control_namespace: str) -> Iterator[Lock]:
    stated = controller_settings(world, control_namespace)
    own = lookup(world.get(Target("v1", "Namespace", "", namespace)), "metadata", "labels", LABEL)
    if own is None:
        own = stated.get("namespaceParallelism")
    for name, value in ((namespace, own), ("", stated.get("parallelism"))):
        limit = _whole(value)
        if limit:
            yield Lock(SEMAPHORE, f"{name}/Namespace/parallelism", limit)


def is_limit(lock: str) -> bool:
    """Tell whether a lock stands for a limit of workflows."""
    return lock.endswith("/Namespace/parallelism")


def controller_settings(world: World, namespace: str) -> Object:
    """Return what the controller's ConfigMap says, in keys of its own or as one document."""
    found = world.get(Target("v1", "ConfigMap", namespace, CONTROLLER))
    data: Object = lookup(found, "data", default={})
    return {**read_settings(data.get("config")), **data}


def read_settings(stated: Value) -> Object:
    """Return a map of settings, which may be written as YAML text; an empty one for anything else.

    Under the key ``config`` maps are maps, in keys of their own they are text.
    """
    found = read_setting(stated)
    return found if isinstance(found, dict) else {}


def read_setting(stated: Value) -> Value:
    """Return a setting that may be written as YAML text; ``None`` for text that is none."""
    if isinstance(stated, str) and stated:
        from ruleengine.formats import yaml_reader  # late: few workflows need it

        documents = yaml_reader.read(stated.encode(), CONTROLLER).documents
        return documents[0].value if documents else None
    return stated


def _whole(value: Value) -> int:
    try:
        return int(str(value or 0))
    except ValueError as error:
        raise NodeError(f"the limit of parallel workflows {value!r} is no whole number") from error
