"""A small world in memory: objects, renders of a folder of files, and what actions do to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ruleengine.apimachinery.patches import merge_patch
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.structured_merge import apply
from ruleengine.environments.reconciler import ApplicationReconciler
from ruleengine.environments.tracking import application_of
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Decision, Next, Refusal, Request, Stop
from ruleengine.model.digests import content_digest
from ruleengine.model.findings import Finding
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import format_time
from ruleengine.model.trees import Entry
from ruleengine.model.values import Object, lookup
from ruleengine.rendering.answers import to_answer
from ruleengine.rendering.rendering import render

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APPLICATION = Target(ARGO_API_VERSION, "Application", "ruleengine", "shop")


@dataclass(frozen=True)
class Files:
    """A tree of files given as texts."""

    content: Mapping[str, bytes]
    revision: str = "c0ffee0000000000000000000000000000000000"
    dirty: bool = False
    findings: tuple[Finding, ...] = ()

    def files(self) -> Mapping[str, Entry]:
        """Return every file."""
        return {
            path: Entry(blob=content_digest(data.decode("latin-1")), size=len(data))
            for path, data in sorted(self.content.items())
        }

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        return self.content[path]


def tree_of(files: Mapping[str, str], revision: str = "") -> Files:
    """Return a tree whose revision follows from its files."""
    content = {path: text.encode() for path, text in files.items()}
    return Files(content, revision or content_digest(dict(files))[:40])


@dataclass
class MemoryWorld:
    """Objects by target; ``trees`` by revision, of which ``head`` is rendered by default."""

    objects: dict[Target, Object] = field(default_factory=dict)
    trees: dict[str, Files] = field(default_factory=dict)
    head: str = ""
    now: datetime = START
    answers: bool = True
    refused: set[str] = field(default_factory=set)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    written: list[Action] = field(default_factory=list)

    def get(self, target: Target) -> Object | None:
        """Return the object, or ``None``."""
        return self.objects.get(target)

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind, or of every kind, by name."""
        return [
            value
            for target, value in sorted(self.objects.items())
            if (not kind or (target.api_version, target.kind) == (api_version, kind))
            and (not namespace or target.namespace == namespace)
            and (index is None or (index[0] == "application" and application_of(value) == index[1]))
        ]

    def answer(self, request: Request) -> Answer | None:
        """Return what the source of a request renders to."""
        if not self.answers:
            return None
        revision = request.payload["revision"] or self.head
        tree = self.trees.get(revision)
        if tree is None:
            return Answer(error=f"revision {revision!r} does not exist", remedy="fetch it")
        rendered = render(request.payload["source"], tree, request.payload["application"])
        return Answer(value=to_answer(rendered, tree.revision, dirty=tree.dirty))

    def refusal(self, target: Target) -> Refusal | None:
        """Return why an object is refused, where the test says so."""
        return self.refusals.get(target.name) if target.name in self.refused else None

    def commit(self, files: Mapping[str, str]) -> str:
        """Make a tree the head, and return its revision."""
        tree = tree_of(files)
        self.trees[tree.revision] = tree
        self.head = tree.revision
        return tree.revision

    def put(self, value: Object) -> None:
        """Store an object as it is."""
        self.objects[Target.of(value)] = value

    def perform(self, action: Action) -> None:
        """Do what an action says, the way an API server would."""
        self.written.append(action)
        target = action.target
        live = self.objects.get(target)
        if target.name in self.refused:
            return
        if action.verb is Verb.DELETE:
            self.objects.pop(target, None)
        elif action.verb is Verb.PATCH:
            self.put(merge_patch(live, action.object))
        else:
            self.put(self._applied(live, action))

    def _applied(self, live: Object | None, action: Action) -> Object:
        applied = apply(
            live,
            action.object or {},
            manager=action.manager,
            schema=schema_for(action.target.api_version, action.target.kind),
            now=format_time(self.now),
            force=True,
        ).object
        metadata = {"creationTimestamp": format_time(self.now), "uid": str(action.target)}
        return {**applied, "metadata": {**metadata, **applied["metadata"]}}

    def application(self) -> Object:
        """Return the application under test."""
        return self.objects[APPLICATION]

    def status(self, *path: str) -> object:
        """Return a part of the application's status."""
        return lookup(self.application(), "status", *path)

    def decide(self) -> Decision:
        """Return the decision on the application, and check that none is half of one."""
        reconciler = ApplicationReconciler()
        decision = reconciler.decide(self.application(), self, self.now, None)
        again = reconciler.decide(self.application(), self, self.now, decision.memo)
        assert decision == again
        return decision

    def turn(self) -> Decision:
        """Decide once, and do what was decided."""
        decision = self.decide()
        for action in decision.actions:
            self.perform(action)
        value = self.objects.get(APPLICATION)
        if value is not None and decision.status is not None:
            self.put({**value, "status": decision.status})
        return decision

    def settle(self, *, turns: int = 40) -> Next:
        """Decide until nothing changes any more without somebody else."""
        for _ in range(turns):
            before = dict(self.objects)
            decision = self.turn()
            if self.objects == before:
                return decision.next
        raise AssertionError(f"not settled after {turns} turns: {decision.next}")

    def wait(self, decision: Next) -> None:
        """Let time pass until a decision wants to go on."""
        assert decision.stop is Stop.AT
        assert decision.time is not None
        self.now = max(decision.time, self.now + timedelta(seconds=1))

    def names(self, *verbs: Verb) -> Sequence[str]:
        """Return the objects that were written so far with one of the verbs, in order."""
        return [one.target.name for one in self.written if one.verb in verbs]


def application(**policy: object) -> Object:
    """Return an Application of the folder ``apps/shop``; ``policy`` is its sync policy."""
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "ruleengine"},
        "spec": {
            "source": {"path": "apps/shop"},
            "destination": {"namespace": "staging"},
            "syncPolicy": dict(policy),
        },
    }


AUTOMATED = {"prune": True, "selfHeal": True}


def world_of(files: Mapping[str, str], value: Object | None = None) -> MemoryWorld:
    """Return a world with one application (automated unless given) and one commit."""
    world = MemoryWorld()
    world.commit(files)
    world.put(value or application(automated=AUTOMATED))
    return world


def _noted(annotations: Mapping[str, str]) -> str:
    """Return Argo CD's annotations as a flow mapping; underscores stand for dashes."""
    pairs = (
        f"argocd.argoproj.io/{key.replace('_', '-')}: '{value}'"
        for key, value in annotations.items()
    )
    return "{" + ", ".join(pairs) + "}"


def config_map(name: str, data: str = "one", **annotations: str) -> str:
    """Return a ConfigMap as text."""
    return f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  annotations: {_noted(annotations)}
data: {{key: {data}}}
"""


def deployment(name: str, **annotations: str) -> str:
    """Return a Deployment as text."""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  annotations: {_noted(annotations)}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: x}}}}
  template:
    metadata: {{labels: {{app: x}}}}
    spec: {{containers: [{{name: x, image: 'example.com/x:1'}}]}}
"""


def job(name: str, **annotations: str) -> str:
    """Return a Job as text."""
    return f"""apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  annotations: {_noted(annotations)}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: x, image: 'example.com/x:1'}}]
"""


def target(kind: str, name: str, api_version: str = "v1", namespace: str = "staging") -> Target:
    """Return a target in the destination namespace."""
    return Target(api_version, kind, namespace, name)


def finish_job(world: MemoryWorld, name: str, condition: str = "Complete") -> None:
    """Let a Job come to its end."""
    one = target("Job", name, "batch/v1")
    status = {"conditions": [{"type": condition, "status": "True", "message": "it ended"}]}
    world.put({**world.objects[one], "status": status})


def finish_deployment(world: MemoryWorld, name: str) -> None:
    """Let a Deployment become available."""
    one = target("Deployment", name, "apps/v1")
    wanted = lookup(world.objects[one], "spec", "replicas", default=1)
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), wanted)
    world.put({**world.objects[one], "status": counts})
