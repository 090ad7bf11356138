"""The pod of a node, built the way Argo builds it (reference, Workflows 3, 15, 16 and 20).

The user's container is called ``main``. Where somebody needs what a step makes, two containers
of ours stand beside it: ``init`` lays out scripts and artifacts before, ``wait`` reports
outputs after, and ``main`` runs through a wrapper that keeps them. A step that nobody needs
anything from is a pod with one container, with no rights at the API.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.names import ARGO_WORKFLOW
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.executing import (
    EXECUTOR_MOUNT,
    SCRIPT_PATH,
    STAGING_MOUNT,
    executor_container,
    plan_of,
    wrapped,
)
from ruleengine.pipelines.observing import INIT, MAIN, WAIT
from ruleengine.pipelines.patching import patched

NODE_NAME: Final = "workflows.argoproj.io/node-name"
NODE_ID: Final = "workflows.argoproj.io/node-id"
_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"

_OF_TEMPLATE: Final = {
    "nodeSelector": "nodeSelector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "schedulerName": "schedulerName",
    "priorityClassName": "priorityClassName",
    "hostAliases": "hostAliases",
    "securityContext": "securityContext",
    "resourceClaims": "resourceClaims",
    "podResources": "resources",
}
"""Fields of a template, and what they are called in the spec of a pod."""

_OF_WORKFLOW: Final = {
    **{name: field for name, field in _OF_TEMPLATE.items() if name != "priorityClassName"},
    "podPriorityClassName": "priorityClassName",
    "dnsConfig": "dnsConfig",
    "dnsPolicy": "dnsPolicy",
    "hostNetwork": "hostNetwork",
    "imagePullSecrets": "imagePullSecrets",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRequest:
    """What a pod is made of; ``seconds`` is how long it may be active, if that is bounded."""

    workflow: Object
    spec: Object
    node: Object
    template: Object
    template_name: str
    captures: bool
    seconds: int | None = None

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return str(self.workflow["metadata"]["name"])


def needs_report(template: Object, captures: bool) -> bool:
    """Tell whether somebody has to report what a step made."""
    outputs = template.get("outputs") or {}
    return captures or bool(outputs.get("parameters") or outputs.get("artifacts"))


def needs_wrapper(template: Object, captures: bool) -> bool:
    """Tell whether a step's container has to run through our wrapper."""
    return "resource" not in template and needs_report(template, captures)


def make_pod(asked: PodRequest) -> Object:
    """Return the pod of a node. Raises ``NodeError`` for patches of its spec that are none."""
    template = asked.template
    reports = needs_wrapper(template, asked.captures)
    prepares = reports or bool(lookup(template, "script", "source"))
    owner = {key: value for key, value in _owner(asked).items() if key != "controller"}
    plan = plan_of(template, asked.node, owner, captures=asked.captures)
    main = _main(asked, plan, wrapper=reports)
    volumes = [*_volumes(asked), *_own_volumes(template, prepares=prepares)]
    containers = [main]
    first: list[Object] = []
    if prepares:
        first.append(executor_container(INIT, "init", plan))
    if reports:
        containers.append(executor_container(WAIT, "wait", plan))
    spec: Object = {
        "restartPolicy": "Never",
        **dict(_placement(asked)),
        "initContainers": [
            *first,
            *(_beside(one, template) for one in template.get("initContainers") or ()),
            *(
                {**_beside(one, template), "restartPolicy": "Always"}
                for one in template.get("sidecars") or ()
            ),
        ],
        "containers": containers,
        "volumes": volumes,
    }
    seconds = _seconds(asked)
    if seconds is not None:
        spec["activeDeadlineSeconds"] = seconds
    kept = {key: value for key, value in spec.items() if value not in ([], None)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(asked),
        "spec": patched(kept, asked.spec, template),
    }


def _metadata(asked: PodRequest) -> Object:
    workflow = asked.workflow["metadata"]
    marks: dict[str, Any] = {}
    for kind in ("labels", "annotations"):
        general = lookup(asked.spec, "podMetadata", kind, default={})
        marks[kind] = {**general, **lookup(asked.template, "metadata", kind, default={})}
    return {
        "name": naming.pod_name(asked.name, asked.node["name"], asked.template_name),
        "namespace": workflow.get("namespace", ""),
        "labels": {**marks["labels"], ARGO_WORKFLOW: asked.name},
        "annotations": {
            **marks["annotations"],
            NODE_NAME: asked.node["name"],
            NODE_ID: asked.node["id"],
            _DEFAULT_CONTAINER: MAIN,
        },
        "ownerReferences": [_owner(asked)],
    }


def _owner(asked: PodRequest) -> Object:
    return {
        "apiVersion": asked.workflow["apiVersion"],
        "kind": asked.workflow["kind"],
        "name": asked.name,
        "uid": asked.workflow["metadata"].get("uid", ""),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _main(asked: PodRequest, plan: Object, *, wrapper: bool) -> Object:
    template = asked.template
    if "resource" in template:
        return executor_container(MAIN, "resource", plan)
    stated = dict(template.get("container") or template["script"])
    source = stated.pop("source", None)
    arguments = [*(stated.get("args") or ())]
    if source:
        arguments.append(SCRIPT_PATH)
    command = [*(stated.get("command") or ())]
    if wrapper:
        command, arguments = wrapped(command, arguments)
    mounts = [*(stated.get("volumeMounts") or ())]
    if source:
        mounts.append(STAGING_MOUNT)
    if wrapper:
        mounts.append(EXECUTOR_MOUNT)
    filled: Object = {
        **stated,
        "name": MAIN,
        "command": command,
        "args": arguments,
        "env": [*_environment(asked), *(stated.get("env") or ())],
        "volumeMounts": mounts,
    }
    return {key: value for key, value in filled.items() if value not in ([], None)}


def _environment(asked: PodRequest) -> Iterator[Object]:
    """Yield what Argo tells a step about itself."""
    texts = {
        "ARGO_CONTAINER_NAME": MAIN,
        "ARGO_TEMPLATE": dumps({"name": asked.template_name, **asked.template}, ordered=True),
        "ARGO_NODE_ID": asked.node["id"],
        "ARGO_WORKFLOW_NAME": asked.name,
        "ARGO_WORKFLOW_UID": asked.workflow["metadata"].get("uid", ""),
        "ARGO_INCLUDE_SCRIPT_OUTPUT": "true" if asked.captures else "false",
    }
    return ({"name": name, "value": text} for name, text in texts.items())


def _placement(asked: PodRequest) -> Iterator[tuple[str, Value]]:
    """Yield the fields that say where and as whom a pod runs; the template's own win."""
    for source, names in ((asked.spec, _OF_WORKFLOW), (asked.template, _OF_TEMPLATE)):
        for name, field in names.items():
            if source.get(name) is not None:
                yield field, source[name]
    for name in ("serviceAccountName", "automountServiceAccountToken"):
        value = asked.template.get(name, asked.spec.get(name))
        if value is not None:
            yield name, value


def _volumes(asked: PodRequest) -> list[Object]:
    own = asked.template.get("volumes") or []
    names = {one["name"] for one in own}
    return [*own, *(one for one in asked.spec.get("volumes") or () if one["name"] not in names)]


def _own_volumes(template: Object, *, prepares: bool) -> Iterator[Object]:
    if prepares:
        yield {"name": EXECUTOR_MOUNT["name"], "emptyDir": {}}
    if lookup(template, "script", "source"):
        yield {"name": STAGING_MOUNT["name"], "emptyDir": {}}


def _beside(container: Object, template: Object) -> Object:
    """Return a container of the user's beside the main one, with its mounts where it asks."""
    stated = {key: value for key, value in container.items() if key != "mirrorVolumeMounts"}
    if container.get("mirrorVolumeMounts"):
        main = template.get("container") or template.get("script") or {}
        mounts = [*(container.get("volumeMounts") or ()), *(main.get("volumeMounts") or ())]
        stated["volumeMounts"] = mounts
    return stated


def _seconds(asked: PodRequest) -> int | None:
    stated = asked.template.get("activeDeadlineSeconds")
    found = [one for one in (asked.seconds, None if stated is None else int(str(stated))) if one]
    return min(found) if found else None
