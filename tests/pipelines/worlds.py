"""A small world in memory: a workflow, its pods, and a node that ends them as a test says."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ruleengine.apimachinery.patches import merge_patch
from ruleengine.formats import yaml_reader
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Decision, Next, Refusal, Request, Stop
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.executing import PLAN_VARIABLE
from ruleengine.pipelines.reconciler import WorkflowReconciler
from ruleengine.pipelines.repositories import Around
from ruleengine.reconcile.indexes import in_index

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMESPACE = "pipelines"
DIRECTORY: Object = {"plugin": {"name": "directory"}}
COLLECTS = "workflows.argoproj.io/artifact-gc-pod"
COLLECTION = "artifactGC"
"""Under this name a script is asked about pods that delete artifacts."""

NODE_ID = "workflows.argoproj.io/node-id"
NODE_NAME = "workflows.argoproj.io/node-name"


@dataclass(frozen=True, kw_only=True)
class End:
    """How a pod ends: its exit code, what it printed and made, and how long it took.

    ``codes`` are the exit codes of containers that end otherwise.
    """

    code: int = 0
    result: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    artifacts: bool = True
    seconds: float = 1.0
    message: str = ""
    codes: dict[str, int] = field(default_factory=dict)


Script = Callable[[str, Object], End | None]
"""Says how the pod of a node ends, by the node's name and the pod; ``None``: it runs on."""


def succeed(name: str, pod: Object) -> End:
    """Every pod succeeds."""
    del name, pod
    return End()


@dataclass
class MemoryWorld:
    """Objects by target.

    ``written`` lists what was performed, ``began`` the nodes of pods, ``listed`` the indexes
    that were asked.
    """

    script: Script = succeed
    objects: dict[Target, Object] = field(default_factory=dict)
    refusals: dict[Target, Refusal] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    now: datetime = START
    written: list[Action] = field(default_factory=list)
    began: list[str] = field(default_factory=list)
    target: Target = field(default=Target("", "", "", ""))
    memo: object = None
    repository: Object | None = field(default_factory=lambda: DIRECTORY)
    executor: Object = field(default_factory=dict)
    archived: bool = False
    transient: str = ""
    most: int = 0
    listed: list[tuple[str, str]] = field(default_factory=list)

    def get(self, target: Target) -> Object | None:
        """Return the object, or ``None``."""
        return self.objects.get(target)

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind by name."""
        if index is not None:
            self.listed.append(index)
        return [
            value
            for target, value in sorted(self.objects.items())
            if (target.api_version, target.kind) == (api_version, kind)
            and namespace in ("", target.namespace)
            and (index is None or in_index(value, index))
        ]

    def answer(self, request: Request) -> Answer | None:
        """Return what a test laid ready."""
        return self.answers.get(request.key)

    def refusal(self, target: Target) -> Refusal | None:
        """Return what a test says the server answered."""
        return self.refusals.get(target)

    def put(self, value: Object) -> None:
        """Store an object as it is."""
        self.objects[Target.of(value)] = value

    def submit(self, value: Object) -> None:
        """Store a workflow under test."""
        metadata = {
            "namespace": NAMESPACE,
            "uid": "workflow-uid",
            "generation": 1,
            "creationTimestamp": format_time(self.now),
            **value["metadata"],
        }
        stored = {**value, "metadata": metadata}
        self.target = Target.of(stored)
        self.put(stored)

    def change(self, patch: Object) -> None:
        """Patch the workflow as a person does."""
        patched = merge_patch(self.workflow(), patch)
        generation = patched["metadata"]["generation"] + 1
        self.put({**patched, "metadata": {**patched["metadata"], "generation": generation}})

    def workflow(self) -> Object:
        """Return the workflow under test."""
        return self.objects[self.target]

    def status(self, *path: str | int) -> Any:
        """Return a part of its status."""
        return lookup(self.workflow(), "status", *path)

    def node(self, display_name: str) -> Object:
        """Return the one node that is shown under a name."""
        found = [one for one in self.nodes() if one["displayName"] == display_name]
        assert len(found) == 1, f"{display_name}: {[one['name'] for one in self.nodes()]}"
        return found[0]

    def nodes(self) -> Sequence[Object]:
        """Return every node."""
        return tuple((self.status("nodes") or {}).values())

    def phases(self) -> dict[str, str]:
        """Return the phase of each node by its full name, without that of the root."""
        return {
            one["name"].removeprefix(self.target.name): one["phase"]
            for one in self.nodes()
            if one["name"] != self.target.name
        }

    def perform(self, action: Action) -> None:
        """Do what an action says, the way an API server would."""
        self.written.append(action)
        live = self.objects.get(action.target)
        if action.verb is Verb.DELETE:
            self.objects.pop(action.target, None)
        elif action.verb is Verb.APPLY:
            self.put({**(live or {}), **(action.object or {})})
        elif action.verb is Verb.PATCH:
            assert live is not None
            self.put(merge_patch(live, action.object))
        else:
            assert live is None
            assert action.verb is Verb.CREATE
            self._create(action.object or {})

    def _create(self, value: Object) -> None:
        metadata = {
            **value["metadata"],
            "uid": f"uid-{len(self.written):05}",
            "creationTimestamp": format_time(self.now),
        }
        if value["kind"] != "Pod":
            self.put({**value, "metadata": metadata})
            return
        if NODE_NAME in metadata.get("annotations", {}):
            self.began.append(metadata["annotations"][NODE_NAME].removeprefix(self.target.name))
        self.put({**value, "metadata": metadata, "status": {"phase": "Pending"}})

    def decide(self) -> Decision:
        """Return the decision on the workflow, and check that memory does not change it."""
        around = Around(
            default=self.repository,
            executor=self.executor,
            archived=self.archived,
            transient=self.transient,
        )
        reconciler = WorkflowReconciler(around)
        fresh = reconciler.decide(self.workflow(), self, self.now, None)
        assert reconciler.decide(self.workflow(), self, self.now, fresh.memo) == fresh
        decision = reconciler.decide(self.workflow(), self, self.now, self.memo)
        assert decision == fresh
        self.memo = decision.memo
        return decision

    def turn(self, writes: int | None = None) -> Decision:
        """Decide once and do what was decided, but no more than so many writes."""
        decision = self.decide()
        early = [one for one in decision.actions if not one.late]
        for action in early[:writes]:
            self.perform(action)
        if (writes is None or writes > len(early)) and decision.status is not None:
            self.put({**self.workflow(), "status": decision.status})
        for action in decision.actions if writes is None else ():
            if action.late:
                self.perform(action)
        active = [one for one in self.pods() if one["status"]["phase"] in ("Pending", "Running")]
        self.most = max(self.most, len(active))
        return decision

    def pods(self) -> Sequence[Object]:
        """Return every pod."""
        return self.list("v1", "Pod")

    def run_pods(self) -> bool:
        """Let every pod come a step on; tell if one did."""
        moved = False
        for pod in self.pods():
            phase = pod["status"]["phase"]
            if phase == "Pending":
                self.put({**pod, "status": _running(format_time(self.now))})
                moved = True
            elif phase == "Running":
                moved = self._run(pod) or moved
        return moved

    def _run(self, pod: Object) -> bool:
        name = pod["metadata"].get("annotations", {}).get(NODE_NAME, COLLECTION)
        name = name.removeprefix(self.target.name)
        end = self.script(name, pod)
        if lookup(pod, "spec", "activeDeadlineSeconds") == 1:
            status = {"phase": "Failed", "reason": "DeadlineExceeded", "message": "too long"}
            self.put({**pod, "status": status})
            return True
        if end is None:
            return False
        started = datetime.fromisoformat(pod["status"]["startTime"])
        if self.now < started + timedelta(seconds=end.seconds):
            return False
        self._end(pod, end)
        return True

    def _end(self, pod: Object, end: End) -> None:
        names = [one["name"] for one in pod["spec"]["containers"]]
        codes = {one: end.codes.get(one, end.code) for one in names if one != "wait"}
        times = {"startedAt": pod["status"]["startTime"], "finishedAt": format_time(self.now)}
        status = {
            **pod["status"],
            "phase": "Failed" if any(codes.values()) else "Succeeded",
            "containerStatuses": [
                {"name": one, "state": {"terminated": {**_ended(code, end), **times}}}
                for one, code in codes.items()
            ],
        }
        self.put({**pod, "spec": {**pod["spec"], "nodeName": "n"}, "status": status})
        if COLLECTS in pod["metadata"]["labels"]:
            self._collected(pod, end)
            return
        outputs: Object = {}
        if end.result is not None:
            outputs["result"] = end.result
        if end.parameters:
            pairs = end.parameters.items()
            shared = _shared(pod)
            outputs["parameters"] = [
                {"name": name, "value": value, **shared.get(name, {})} for name, value in pairs
            ]
        if end.artifacts:
            kept = plan_of(pod, "wait").get("artifacts", ())
            outputs["artifacts"] = [_reported(one) for one in kept]
        self.put(
            {
                "apiVersion": ARGO_API_VERSION,
                "kind": "WorkflowTaskResult",
                "metadata": {
                    "name": pod["metadata"]["annotations"][NODE_ID],
                    "namespace": NAMESPACE,
                    "labels": {
                        ARGO_WORKFLOW: self.target.name,
                        "workflows.argoproj.io/report-outputs-completed": "true",
                    },
                },
                "outputs": outputs,
            }
        )

    def _collected(self, pod: Object, end: End) -> None:
        """Write what became of the artifacts that a pod was to delete."""
        if end.code:
            return
        result = {"success": not end.message, "error": end.message}
        for name in plan_of(pod, "main")["tasks"]:
            target = Target(ARGO_API_VERSION, "WorkflowArtifactGCTask", NAMESPACE, name)
            told = {
                node: {
                    "artifactResults": {key: {**result, "name": key} for key in one["artifacts"]}
                }
                for node, one in self.objects[target]["spec"]["artifactsByNode"].items()
            }
            self.put({**self.objects[target], "status": {"artifactResultsByNode": told}})

    def settle(self, *, turns: int = 3000) -> Next:
        """Decide, let pods run and time pass, until nothing changes without somebody else."""
        for _ in range(turns):
            before = dict(self.objects)
            decision = self.turn()
            moved = self.run_pods()
            if self.objects != before or moved:
                continue
            following = decision.next
            if following.stop in (Stop.DONE, Stop.FOR):
                return following
            self.now += timedelta(seconds=1)
            if following.time is None and not self.pods():
                return following
        raise AssertionError(f"not settled after {turns} turns: {decision.next}")


def _shared(pod: Object) -> dict[str, Object]:
    """Return the names by which the whole workflow sees parameters that a pod makes."""
    plans = [plan_of(pod, one["name"]) for one in pod["spec"]["containers"]]
    declared = [one for plan in plans for one in plan.get("parameters", ())]
    return {
        one["name"]: {"globalName": one["globalName"]} for one in declared if one.get("globalName")
    }


def _reported(kept: Object) -> Object:
    """Return an artifact as the executor reports it."""
    words = ("name", "globalName", "archive", "artifactGC")
    return {**{key: kept[key] for key in words if key in kept}, **kept["reported"]}


def plan_of(pod: Object, container: str) -> Any:
    """Return the plan that a container of ours is given; an empty one where there is none."""
    spec = pod["spec"]
    for one in (*spec.get("initContainers", ()), *spec["containers"]):
        if one["name"] == container and "env" in one:
            told = {env["name"]: env.get("value") for env in one["env"]}
            return json.loads(told.get(PLAN_VARIABLE) or "{}")
    return {}


def _ended(code: int, end: End) -> Object:
    reason = "Error" if code else "Completed"
    return {"exitCode": code, "reason": reason, "message": end.message}


def _running(started: str) -> Object:
    return {"phase": "Running", "startTime": started}


def parameters(**data: str) -> Object:
    """Return the ConfigMap ``settings``, which says that it is meant for parameters."""
    labels = {"workflows.argoproj.io/configmap-type": "Parameter"}
    metadata = {"name": "settings", "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def documents(text: str) -> list[Object]:
    """Return the documents of a YAML text."""
    parsed = yaml_reader.read(text.encode(), "test.yaml")
    assert not parsed.findings, parsed.findings
    return [one.value for one in parsed.documents]


def run(spec: str, script: Script = succeed, *others: Object) -> MemoryWorld:
    """Run a workflow called ``wf`` with a spec written in YAML to its end."""
    world = world_of(spec, script, *others)
    world.settle()
    return world


def world_of(spec: str, script: Script = succeed, *others: Object) -> MemoryWorld:
    """Return a world with a workflow called ``wf`` that has not begun."""
    world = MemoryWorld(script=script)
    for one in others:
        world.put(one)
    (value,) = documents(spec)
    world.submit(
        {
            "apiVersion": ARGO_API_VERSION,
            "kind": "Workflow",
            "metadata": {"name": "wf"},
            "spec": value,
        }
    )
    return world
