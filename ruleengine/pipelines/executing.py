"""The containers of ours in a pod, and the plan that they are given.

The plan says what ``ruleengine step`` has to do in words of its own, so that the program in
the pod needs to know nothing of templates.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.artifact_places import DRIVER_PREFIX
from ruleengine.model.names import ENGINE_IMAGE
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.artifacts import ArtifactWork

EXECUTOR: Final = "/var/run/argo"
_STAGING: Final = "/argo/staging"
SCRIPT_PATH: Final = f"{_STAGING}/script"
_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_ACCOUNT_VOLUME: Final = "exec-sa-token"
EXECUTOR_MOUNT: Final = {"name": "var-run-argo", "mountPath": EXECUTOR}
STAGING_MOUNT: Final = {"name": "argo-staging", "mountPath": _STAGING}
_SHARING: Final = ("init", "wait", "tokens", "plugin")
"""What of ours shares a folder with other containers of the pod."""

_UNSTATED: Final = re.compile(
    rf"must specify .* for: (?:[^;]*,)?(?:init|wait|supervisor|{DRIVER_PREFIX}[-a-z0-9]+)\b"
)
"""How a quota tells of containers that have to say what they ask for, if ours are among them.

Drivers of artifact plugins are, as with Argo: nobody else says what they ask for.
"""

_OF_IMAGE: Final = ("image", "imagePullPolicy")
_OUR_USER: Final = 65532
"""Whom our image runs as, by its Containerfile."""

PLAN_VARIABLE: Final = "RULEENGINE_STEP"
TEMPLATE_VARIABLE: Final = "ARGO_TEMPLATE"
"""In which a step finds its own template, as with Argo."""

UNPRIVILEGED: Final[Object] = {
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
}
"""What containers of ours need nothing of, and what only a container can give up.

The Pod Security Standard `restricted` asks every container for it.
"""


def plan_of(
    template: Object,
    node: Object,
    owner: Object,
    work: ArtifactWork,
    *,
    captures: bool,
    more: Object,
) -> Object:
    """Return what the program in the pod has to do for a node.

    ``owner`` is the reference to the workflow, ``work`` what to do about artifacts; ``more`` is
    what only some kinds of templates need.
    """
    outputs = template.get("outputs") or {}
    plan: Object = {
        "node": node["id"],
        "workflow": owner["name"],
        "directory": EXECUTOR,
        "script": {"path": SCRIPT_PATH, "source": lookup(template, "script", "source")},
        "result": captures,
        "parameters": [_parameter(one) for one in outputs.get("parameters") or ()],
        **_artifact_plan(work),
    }
    if "resource" in template:
        plan["resource"] = template["resource"]
        plan["owner"] = owner
    if "data" in template:
        plan["data"] = {"expressions": _expressions(template["data"])}
    return {**plan, **more}


def _expressions(data: Object) -> list[str]:
    return [str(one.get("expression") or "") for one in data.get("transformation") or ()]


def _artifact_plan(work: ArtifactWork) -> Object:
    inputs = [{key: one[key] for key in one if key != "mount"} for one in work.inputs]
    stated = {"inputs": inputs, "artifacts": list(work.outputs), "logs": work.logs}
    return {name: value for name, value in stated.items() if value}


def _parameter(declared: Object) -> Object:
    """Return an output parameter as the plan has it; a stated value needs no file."""
    source = declared.get("valueFrom") or {"default": declared.get("value")}
    kept = {key: declared[key] for key in ("name", "globalName") if declared.get(key)}
    words = ("path", "default", "jsonPath", "jqFilter")
    return {**kept, **{key: source[key] for key in words if source.get(key) is not None}}


def executor_container(
    name: str,
    command: str,
    plan: Object,
    mounts: Iterable[Object] = (),
    environment: Iterable[Object] = (),
) -> Object:
    """Return a container that runs ``ruleengine step`` with a plan.

    ``mounts`` are what it needs besides its own: the artifacts' volumes. ``environment`` are
    variables that hold what must not stand in the plan.
    """
    own: list[Object] = [EXECUTOR_MOUNT] if command in _SHARING else []
    if own and lookup(plan, "script", "source"):
        own.append(STAGING_MOUNT)
    container = {
        "name": name,
        "image": ENGINE_IMAGE,
        "command": ["ruleengine", "step", command],
        "env": [
            {"name": PLAN_VARIABLE, "value": dumps(plan, ordered=True)},
            {
                "name": "POD_NAMESPACE",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
            },
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
            *environment,
        ],
        "volumeMounts": [*own, *mounts],
    }
    return {key: value for key, value in container.items() if value}


def account_mount(volume: str = _ACCOUNT_VOLUME) -> Object:
    """Return how a container finds the token of an account that is not that of its pod."""
    return {"name": volume, "mountPath": _ACCOUNT, "readOnly": True}


def account_volume(account: str, volume: str = _ACCOUNT_VOLUME) -> Object:
    """Return the volume with the token of an account, in the Secret of the name that Argo knows."""
    return {"name": volume, "secret": {"secretName": f"{account}.service-account-token"}}


def dressed(pod: Object, executor: Mapping[str, Value]) -> Object:
    """Return a pod whose containers of ours, and drivers, have the fields that the settings state.

    ``executor`` is ``image`` and ``imagePullPolicy``, as a cluster has to get our image from
    somewhere, ``resources``, as quotas ask for them, and ``securityContext``. What a patch has
    given a container it keeps, and with another image how that is pulled.
    """
    if not executor:
        return pod
    spec = dict(pod["spec"])
    fields = _of_one_user(executor) if _needs_one_user(spec) else executor
    for kind in ("initContainers", "containers"):
        if kind in spec:
            spec[kind] = [_dressed(one, fields) for one in spec[kind]]
    return {**pod, "spec": spec}


def _needs_one_user(spec: Object) -> bool:
    """Tell whether drivers meet containers of ours in a pod that does not say whose these are."""
    stated = lookup(spec, "securityContext", "runAsUser")
    return stated is None and any(map(_is_driver, spec.get("initContainers") or ()))


def _of_one_user(executor: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the settings with a user, where they restrict containers: on clusters they do.

    A socket is open to whoever made it, and so is what a driver loads.
    """
    context = executor.get("securityContext")
    if not isinstance(context, dict):
        return executor
    return {**executor, "securityContext": {"runAsUser": _OUR_USER, **context}}


def _is_driver(container: Object) -> bool:
    return str(container.get("name")).startswith(DRIVER_PREFIX)


def _dressed(container: Object, executor: Mapping[str, Value]) -> Object:
    if container.get("image") == ENGINE_IMAGE:
        return {**executor, **container, "image": executor.get("image", ENGINE_IMAGE)}
    names = {one.get("name") for one in container.get("env") or ()}
    if PLAN_VARIABLE not in names and not _is_driver(container):
        return container
    kept = {key: value for key, value in executor.items() if key not in _OF_IMAGE}
    return {**kept, **container}


def quota_remedy(refused: str) -> str:
    """Return what helps where a pod was refused since a quota asks what our containers ask for.

    >>> said = "failed quota: q: must specify limits.cpu for: init,main"
    >>> "`executor.resources`" in quota_remedy(said), quota_remedy(said.replace("init,", ""))
    (True, '')
    """
    if _UNSTATED.search(refused) is None:
        return ""
    return "; `executor.resources` in ruleengine.yaml states it for ruleengine's own containers"


def wrapped(command: list[str], arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the command and arguments that run others through the wrapper."""
    return [f"{EXECUTOR}/bin/sh", f"{EXECUTOR}/wrapper"], [*command, *arguments]
