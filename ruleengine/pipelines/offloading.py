"""What is too long for a process to be given as one text (reference, Workflows 23).

Linux gives a process no argument or variable of more than 128 KiB. What we tell our own
containers then lies in a ConfigMap; what a user's container is given cannot lie elsewhere.
"""

from typing import Final

from ruleengine.formats.json_text import dump_bytes
from ruleengine.model.values import Object
from ruleengine.pipelines.executing import PLAN_VARIABLE, TEMPLATE_VARIABLE
from ruleengine.pipelines.problems import NodeError

_LONGEST: Final = 128 * 1024 - 1
_PLAN_FILE: Final = f"{PLAN_VARIABLE}_FILE"
_FOLDER: Final = "/var/run/ruleengine"
_KEY: Final = "plan"
_VOLUME: Final = "step-plan"
_LISTS: Final = ("initContainers", "containers")


def fitted(pod: Object) -> tuple[Object, Object | None]:
    """Return a pod whose containers can be started, and the ConfigMap that it needs for that.

    Raises ``NodeError`` for arguments and variables of the user's that are too long.
    """
    if len(dump_bytes(pod["spec"])) <= _LONGEST:
        return pod, None
    plans: list[str] = []
    lists = {
        name: [_container(one, plans) for one in pod["spec"][name]]
        for name in _LISTS
        if name in pod["spec"]
    }
    if not plans:
        return {**pod, "spec": {**pod["spec"], **lists}}, None
    metadata = pod["metadata"]
    volume = {"name": _VOLUME, "configMap": {"name": metadata["name"]}}
    volumes = [*(pod["spec"].get("volumes") or ()), volume]
    kept = {key: metadata[key] for key in ("name", "namespace", "labels", "ownerReferences")}
    made: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **kept,
            "ownerReferences": [
                {**one, "controller": False} for one in metadata["ownerReferences"]
            ],
        },
        "data": {_KEY: plans[0]},
    }
    return {**pod, "spec": {**pod["spec"], **lists, "volumes": volumes}}, made


def _container(container: Object, plans: list[str]) -> Object:
    """Return a container that can be started; its plan is added to ``plans`` if it is too long."""
    name = container["name"]
    for text in (*(container.get("command") or ()), *(container.get("args") or ())):
        if len(str(text).encode()) > _LONGEST:
            raise NodeError(
                f"an argument of container '{name}' has {len(str(text).encode())} bytes, and a "
                f"process takes {_LONGEST} at most; pass it as a script or an artifact"
            )
    environment, before = [], len(plans)
    for one in container.get("env") or ():
        value = str(one.get("value") or "")
        if len(f"{one['name']}={value}".encode()) <= _LONGEST:
            environment.append(one)
        elif one["name"] == PLAN_VARIABLE:
            plans.append(value)
            environment.append({"name": _PLAN_FILE, "value": f"{_FOLDER}/{_KEY}"})
        elif one["name"] != TEMPLATE_VARIABLE:
            raise NodeError(
                f"the variable {one['name']} of container '{name}' has {len(value.encode())} "
                f"bytes, and a process takes {_LONGEST} at most; pass it as an artifact"
            )
    filled = {key: value for key, value in container.items() if key != "env"}
    if environment:
        filled["env"] = environment
    if len(plans) == before:
        return filled
    mount = {"name": _VOLUME, "mountPath": _FOLDER, "readOnly": True}
    return {**filled, "volumeMounts": [*(filled.get("volumeMounts") or ()), mount]}
