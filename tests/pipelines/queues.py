"""Several workflows that stand in line for the same locks, in one small world."""

from datetime import timedelta

from ruleengine.model.actions import Target, Verb
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from tests.pipelines.worlds import NAMESPACE, NODE_NAME, START, End, MemoryWorld, documents

LIMITS: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "limits", "namespace": NAMESPACE},
    "data": {"one": "1", "two": "2", "four": "4", "word": "many"},
}

WHOLE = """
entrypoint: main
synchronization: {mutexes: [{name: one}]}
templates:
- {name: main, container: {image: alpine, command: [work]}}
"""

TWICE = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: locked}
    - {name: b, template: locked}
- name: locked
"""
"""Two steps of one template, which what follows is part of."""

WAITS_FOR_ITSELF = """
entrypoint: main
templates:
- name: main
  synchronization: {mutexes: [{name: m}]}
  steps: [[{name: inner, template: inner}]]
- name: inner
  synchronization: {mutexes: [{name: m}]}
  container: {image: alpine, command: [echo]}
"""
"""A lock that is taken again inside what holds it, as a document may have it."""


def workflow(name: str, spec: str, age: int = 0, **fields: object) -> Object:
    """Return a workflow that was created ``age`` seconds before the others."""
    (value,) = documents(spec)
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-of-{name}",
            "generation": 1,
            "creationTimestamp": format_time(START - timedelta(seconds=age)),
        },
        "spec": {**value, **fields},
    }


class Several:
    """Several workflows in one world, decided in turn."""

    def __init__(self, *workflows: Object) -> None:
        self.world = MemoryWorld(script=lambda _, pod: None if self.is_busy(pod) else End())
        self.world.put(LIMITS)
        self.busy: set[str] = set()
        self.targets = [Target.of(one) for one in workflows]
        for one in workflows:
            self.world.put(one)

    def is_busy(self, pod: Object) -> bool:
        """Tell whether a pod goes on for as long as the test says."""
        owner: str = pod["metadata"]["ownerReferences"][0]["name"]
        return owner in self.busy

    def turn(self, name: str) -> None:
        """Decide one workflow once."""
        self.world.target = Target(ARGO_API_VERSION, "Workflow", NAMESPACE, name)
        self.world.memo = None
        self.world.listed.clear()
        self.world.turn()

    def rounds(self, count: int = 6) -> None:
        """Decide each of them so many times, and let their pods run."""
        for _ in range(count):
            for target in self.targets:
                self.turn(target.name)
            self.world.run_pods()
            self.world.now += timedelta(seconds=1)

    def status(self, name: str, *path: str) -> object:
        """Return a part of the status of one of them."""
        value = self.world.get(Target(ARGO_API_VERSION, "Workflow", NAMESPACE, name))
        return lookup(value, "status", *path)

    def nodes(self, name: str) -> list[Object]:
        """Return every node of one of them."""
        return list(lookup(self.status(name), "nodes", default={}).values())

    @property
    def began(self) -> list[str]:
        """The full names of the nodes of pods, in the order of their beginning."""
        made = (one.object for one in self.world.written if one.verb is Verb.CREATE)
        pods = (one["metadata"] for one in made if one is not None and one["kind"] == "Pod")
        return [one["annotations"][NODE_NAME] for one in pods]

    def phases(self) -> dict[str, object]:
        """Return the phase of each."""
        return {one.name: self.status(one.name, "phase") for one in self.targets}
