"""The pod of a node, built the way Argo builds it (reference, Workflows 3, 15, 16 and 20).

The user's container is called ``main``. Where somebody needs what a step makes, two containers
of ours stand beside it: ``init`` lays out scripts and artifacts before, ``wait`` reports
outputs after, and ``main`` runs through a wrapper that keeps them. A step that nobody needs
anything from is a pod with one container, with no rights at the API.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from ruleengine.formats.json_text import dumps
from ruleengine.model.names import ARGO_WORKFLOW, PORTS, REPORTS, RETRIES
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import (
    calling,
    container_sets,
    drivers,
    mounting,
    naming,
    plugins,
    progress,
)
from ruleengine.pipelines.artifacts import ArtifactWork
from ruleengine.pipelines.drivers import Driver
from ruleengine.pipelines.executing import (
    EXECUTOR,
    EXECUTOR_MOUNT,
    SCRIPT_PATH,
    STAGING_MOUNT,
    TEMPLATE_VARIABLE,
    account_mount,
    account_volume,
    executor_container,
    plan_of,
    wrapped,
)
from ruleengine.pipelines.observing import INIT, MAIN, NAME_VARIABLE, SUPERVISOR, WAIT
from ruleengine.pipelines.patching import patched
from ruleengine.pipelines.placing import avoiding, placement
from ruleengine.pipelines.plugins import Plugin
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.timing import MOST_SECONDS
from ruleengine.pipelines.volumes import beside, volumes_of

NODE_NAME: Final = "workflows.argoproj.io/node-name"
NODE_ID: Final = "workflows.argoproj.io/node-id"
_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"

_OURS: Final = frozenset({"resource", "http", "data", "plugin"})
"""Types of templates that run ``ruleengine step`` and nothing of the user's."""

_NEVER: Final = "0001-01-01T00:00:00Z"
"""What Argo tells a step of its deadline where it has none: a time of Go that nobody set."""

_ON_EXIT: Final = "workflows.argoproj.io/on-exit"

_NO_ARTIFACTS: Final = ArtifactWork()


class PodRequest(NamedTuple):
    """What a pod is made of.

    ``seconds`` is how long it may be active, if that is bounded, and ``ends`` until when;
    ``avoided`` are the names of machines that it must not run on.
    """

    workflow: Object
    spec: Object
    node: Object
    template: Object
    template_name: str
    captures: bool
    seconds: int | None = None
    ends: datetime | None = None
    avoided: tuple[str, ...] = ()
    plugins: tuple[Plugin, ...] = ()
    artifacts: ArtifactWork = _NO_ARTIFACTS
    drivers: tuple[Driver, ...] = ()

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return str(self.workflow["metadata"]["name"])


def is_ours(template: Object) -> bool:
    """Tell whether what a step runs is a container of ours and none of the user's."""
    return not _OURS.isdisjoint(template)


def needs_report(template: Object, work: ArtifactWork, *, captures: bool) -> bool:
    """Tell whether somebody has to report what a step made."""
    if "plugin" in template:
        return True
    members = container_sets.containers_of(template) if captures else ()
    made = captures and (not members or any(one.get("name") == MAIN for one in members))
    asked = made or work.is_kept or bool(lookup(template, "outputs", "parameters"))
    return asked or (progress.is_told(template) and not is_ours(template))


def needs_wrapper(template: Object, work: ArtifactWork, *, captures: bool) -> bool:
    """Tell whether a step's container runs through our wrapper: something of it is kept."""
    if is_ours(template):
        return False
    reports = needs_report(template, work, captures=captures)
    return reports or container_sets.needs_supervision(template)


def make_pod(asked: PodRequest) -> Object:
    """Return the pod of a node. Raises ``NodeError`` for patches of its spec that are none."""
    template = asked.template
    own = _own_containers(asked)
    mounts = _mirrored(template, own.steps)
    spec: Object = {
        "restartPolicy": "Never",
        **dict(placement(asked.spec, template)),
        "initContainers": [
            *own.before,
            *(beside(one, mounts) for one in template.get("initContainers") or ()),
            *(
                {**beside(one, mounts), "restartPolicy": "Always"}
                for one in template.get("sidecars") or ()
            ),
        ],
        "containers": [*own.steps, *own.beside],
        "volumes": [*volumes_of(template, asked.spec), *own.volumes],
    }
    if asked.avoided:
        spec["affinity"] = avoiding(spec.get("affinity") or {}, asked.avoided)
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


class _Own(NamedTuple):
    """The containers that we make for a step, and the volumes that they need."""

    steps: tuple[Object, ...]
    before: tuple[Object, ...] = ()
    beside: tuple[Object, ...] = ()
    volumes: tuple[Object, ...] = ()


def _own_containers(asked: PodRequest) -> _Own:
    """Return the step's container, and ours before and beside it where there is need."""
    template, work = asked.template, asked.artifacts
    wrapper = needs_wrapper(template, work, captures=asked.captures)
    prepares = wrapper or bool(work.inputs or lookup(template, "script", "source"))
    if not (prepares or is_ours(template)):
        return _Own(steps=tuple(_steps(asked, work, wrapper=False)))
    mounts = _main_mounts(template)
    if not is_ours(template):
        work = replace(work, inputs=mounting.placed(work.inputs, mounts))
    owner = {key: value for key, value in _owner(asked).items() if key != "controller"}
    reports = needs_report(template, work, captures=asked.captures)
    stated: Object = {"reports": reports, "progress": wrapper and progress.is_told(template)}
    if "containerSet" in template:
        stated["members"] = container_sets.plan_of(template)
    if "http" in template:
        stated["http"] = calling.plan_of(template["http"])
    if "plugin" in template:
        named = asked.template_name
        stated["plugin"] = plugins.plan_of(template, named, asked.workflow, asked.plugins)
    plan = plan_of(template, asked.node, owner, work, captures=asked.captures, more=stated)
    loads = mounting.StoreAccess(one["location"] for one in work.inputs)
    kept = [*work.outputs, *([work.logs] if work.logs else ())]
    saves = mounting.StoreAccess(one["location"] for one in kept)
    ours = next((kind for kind in _OURS if kind in template), None)
    if ours == "plugin":
        return _with_plugins(asked, plan)
    if ours is not None:
        secrets = calling.environment_of(template.get("http") or {})
        main = executor_container(MAIN, ours, plan, loads.mounts(), secrets)
        beside_it = tuple(map(drivers.container_of, asked.drivers))
        return _Own(steps=(main,), before=beside_it, volumes=tuple(loads.volumes()))
    before = [*mounting.loading_mounts(work.inputs, mounts), *loads.mounts()]
    both = mounting.StoreAccess(work.locations)
    looks_on, account = WAIT if reports else SUPERVISOR, _account(asked) if reports else ""
    token = [account_mount()] if account else []
    after = [*saves.mounts(), *token]
    return _Own(
        steps=tuple(_steps(asked, work, wrapper=wrapper)),
        before=(
            *(drivers.container_of(one, token) for one in asked.drivers),
            executor_container(INIT, "init", plan, before),
        ),
        beside=(executor_container(looks_on, "wait", plan, after),) if wrapper else (),
        volumes=(
            *_own_volumes(template),
            *mounting.input_volumes(work.inputs),
            *both.volumes(),
            *([account_volume(account)] if account else ()),
        ),
    )


def _with_plugins(asked: PodRequest, plan: Object) -> _Own:
    """Return the container that asks plugins, these beside it, and who gives them tokens."""
    return _Own(
        steps=(executor_container(MAIN, "plugin", plan),),
        before=(
            executor_container(INIT, "tokens", plan),
            *plugins.containers_of(asked.plugins),
        ),
        volumes=tuple(plugins.volumes_of(asked.plugins)),
    )


def _account(asked: PodRequest) -> str:
    """Return the account that reports, if it is another than that of the pod.

    Raises ``NodeError`` where the pod has no token and names no other account.
    """
    for holder in (asked.template, asked.spec):
        if name := lookup(holder, "executor", "serviceAccountName"):
            return str(name)
    automatic = "automountServiceAccountToken"
    if asked.template.get(automatic, asked.spec.get(automatic)) is False:
        raise NodeError(f"executor.serviceAccountName must not be empty if {automatic} is false")
    return ""


def _main_mounts(template: Object) -> list[Object]:
    stated = template.get("container") or template.get("script") or {}
    members = {one.get("name"): one for one in container_sets.containers_of(template)}
    found = [template.get("containerSet") or {}, members.get(MAIN) or {}, stated]
    return [mount for one in found for mount in one.get("volumeMounts") or ()]


def _metadata(asked: PodRequest) -> Object:
    workflow = asked.workflow["metadata"]
    marks: dict[str, Any] = {}
    for kind in ("labels", "annotations"):
        general = lookup(asked.spec, "podMetadata", kind, default={})
        marks[kind] = {**general, **lookup(asked.template, "metadata", kind, default={})}
    retries = lookup(workflow, "annotations", RETRIES)
    ports = [str(one.port) for one in asked.plugins]
    return {
        "name": naming.pod_name(asked.name, asked.node["name"], asked.template_name),
        "namespace": workflow.get("namespace", ""),
        "labels": {
            **marks["labels"],
            ARGO_WORKFLOW: asked.name,
            **({_ON_EXIT: "true"} if naming.is_exiting(asked.node["name"]) else {}),
        },
        "annotations": {
            **marks["annotations"],
            NODE_NAME: asked.node["name"],
            NODE_ID: asked.node["id"],
            _DEFAULT_CONTAINER: _default_container(asked.template),
            **({RETRIES: retries} if retries else {}),
            **({REPORTS: "true"} if _reports_itself(asked) else {}),
            **({PORTS: ",".join(ports)} if ports else {}),
        },
        "ownerReferences": [_owner(asked)],
    }


def _reports_itself(asked: PodRequest) -> bool:
    """Tell whether the step's own container reports what it made."""
    template, work = asked.template, asked.artifacts
    return is_ours(template) and needs_report(template, work, captures=asked.captures)


def _default_container(template: Object) -> str:
    """Return the container that is meant where none is named."""
    names = [str(one.get("name")) for one in container_sets.containers_of(template)]
    return names[0] if names and MAIN not in names else MAIN


def _owner(asked: PodRequest) -> Object:
    return {
        "apiVersion": asked.workflow["apiVersion"],
        "kind": asked.workflow["kind"],
        "name": asked.name,
        "uid": asked.workflow["metadata"].get("uid", ""),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _steps(asked: PodRequest, work: ArtifactWork, *, wrapper: bool) -> Iterator[Object]:
    """Yield the containers that are the step: one, or those of a set."""
    members = container_sets.containers_of(asked.template)
    if not members:
        yield _main(asked, work, wrapper=wrapper)
    for stated in members:
        yield _member(asked, stated, work, wrapper=wrapper)


def _member(asked: PodRequest, stated: Object, work: ArtifactWork, *, wrapper: bool) -> Object:
    name = str(stated["name"])
    command, arguments = list(stated.get("command") or ()), list(stated.get("args") or ())
    if wrapper:
        command, arguments = container_sets.wrapped(name, command, arguments)
    shared = lookup(asked.template, "containerSet", "volumeMounts", default=())
    mounts = [*shared, *(stated.get("volumeMounts") or ())]
    if name == MAIN:
        mounts += mounting.main_mounts(work.inputs)
    if wrapper:
        mounts.append(EXECUTOR_MOUNT)
    filled: Object = {
        **{key: value for key, value in stated.items() if key != "dependencies"},
        "command": command,
        "args": arguments,
        "env": [*_environment(asked, name), *(stated.get("env") or ())],
        "volumeMounts": mounts,
    }
    return {key: value for key, value in filled.items() if value not in ([], None)}


def _main(asked: PodRequest, work: ArtifactWork, *, wrapper: bool) -> Object:
    template = asked.template
    stated = dict(template.get("container") or template["script"])
    source = stated.pop("source", None)
    arguments = [*(stated.get("args") or ())]
    if source:
        arguments.append(SCRIPT_PATH)
    command = [*(stated.get("command") or ())]
    if wrapper:
        command, arguments = wrapped(command, arguments)
    mounts = [*_main_mounts(template), *mounting.main_mounts(work.inputs)]
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


def _environment(asked: PodRequest, name: str = MAIN) -> Iterator[Object]:
    """Yield what Argo tells a step about itself."""
    texts = {
        NAME_VARIABLE: name,
        TEMPLATE_VARIABLE: dumps({"name": asked.template_name, **asked.template}, ordered=True),
        "ARGO_NODE_ID": asked.node["id"],
        "ARGO_WORKFLOW_NAME": asked.name,
        "ARGO_WORKFLOW_UID": asked.workflow["metadata"].get("uid", ""),
        "ARGO_DEADLINE": _NEVER if asked.ends is None else format_time(asked.ends),
        "ARGO_INCLUDE_SCRIPT_OUTPUT": "true" if asked.captures else "false",
        **(
            {progress.VARIABLE: f"{EXECUTOR}/{progress.FILE}"}
            if progress.is_told(asked.template)
            else {}
        ),
    }
    return ({"name": name, "value": text} for name, text in texts.items())


def _own_volumes(template: Object) -> Iterator[Object]:
    yield {"name": EXECUTOR_MOUNT["name"], "emptyDir": {}}
    if lookup(template, "script", "source"):
        yield {"name": STAGING_MOUNT["name"], "emptyDir": {}}


def _mirrored(template: Object, steps: Iterable[Object]) -> list[Object]:
    """Return the mounts of the step for containers that mirror them, its artifacts among them."""
    if is_ours(template):
        return []
    members = {str(one["name"]): one for one in steps}
    main = members.get(MAIN) or template["containerSet"]
    return [one for one in main.get("volumeMounts") or () if one != EXECUTOR_MOUNT]


def _seconds(asked: PodRequest) -> int | None:
    stated = asked.template.get("activeDeadlineSeconds")
    try:
        own = None if stated is None else int(str(stated))
    except ValueError as error:
        raise NodeError(f"activeDeadlineSeconds {stated!r} is no whole number") from error
    found = [one for one in (asked.seconds, own) if one]
    return min(*found, MOST_SECONDS) if found else None
