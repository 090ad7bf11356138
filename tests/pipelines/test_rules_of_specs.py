"""Tags and volumes in the spec of a workflow itself (reference, Workflows 5, 16 and 20)."""

from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.actions import Target
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.volumes import volumes_of
from tests.pipelines.worlds import NAMESPACE, End, MemoryWorld, run, world_of

MAIN: Object = {"name": "main", "container": {"image": "alpine", "command": ["work"]}}
GIVEN: Object = {"parameters": [{"name": "p", "value": "given"}]}
TAG = "{{workflow.parameters.p}}"


def pod_of(**spec: Any) -> Object:
    """Return the pod of a workflow with fields of its spec."""
    world = world_of(write({"entrypoint": "main", "arguments": GIVEN, "templates": [MAIN], **spec}))
    world.turn()
    assert world.pods(), world.status("message")
    return world.pods()[0]


@pytest.mark.parametrize(
    ("field", "stated", "place"),
    [
        ("serviceAccountName", TAG, ("spec", "serviceAccountName")),
        ("nodeSelector", {"disk": TAG}, ("spec", "nodeSelector", "disk")),
        ("schedulerName", TAG, ("spec", "schedulerName")),
        ("podPriorityClassName", TAG, ("spec", "priorityClassName")),
        ("tolerations", [{"key": TAG}], ("spec", "tolerations", 0, "key")),
        ("podMetadata", {"labels": {"a": TAG}}, ("metadata", "labels", "a")),
        ("podMetadata", {"annotations": {"a": TAG}}, ("metadata", "annotations", "a")),
        ("podSpecPatch", f"hostname: {TAG}", ("spec", "hostname")),
    ],
)
def test_what_a_workflow_says_of_its_pods_may_hold_tags(
    field: str, stated: Any, place: tuple[str | int, ...]
) -> None:
    """Of what the whole workflow knows."""
    assert lookup(pod_of(**{field: stated}), *place) == "given"


def test_what_only_the_pod_knows_is_put_in_when_that_is_made() -> None:
    """Its name, the inputs of its template, and which attempt it is; a typo stays."""
    spec = """
entrypoint: main
podSpecPatch: |
  hostname: "{{inputs.parameters.x}}-{{retries}}"
podMetadata:
  annotations:
    pod: "{{pod.name}}"
    node: "{{node.name}}"
    typo: "{{none}} {{steps.none.status}}"
templates:
- name: main
  inputs: {parameters: [{name: x, value: given}]}
  retryStrategy: {limit: 1}
  container: {image: alpine, command: [work]}
"""
    world = run(spec, lambda name, _: End(code=int(name.endswith("(0)"))))
    pods = {one["spec"]["hostname"]: one["metadata"] for one in world.pods()}
    assert pods.keys() == {"given-0", "given-1"}
    for number in range(2):
        metadata = pods[f"given-{number}"]
        marks = metadata["annotations"]
        assert (marks["pod"], marks["node"]) == (metadata["name"], f"wf({number})")
        assert marks["typo"] == "{{none}} {{steps.none.status}}"


def test_claims_budgets_and_labels_may_hold_tags() -> None:
    """They are made before anything runs."""
    spec = write(
        {
            "entrypoint": "main",
            "arguments": GIVEN,
            "templates": [MAIN],
            "workflowMetadata": {"labels": {"a": TAG}},
            "podDisruptionBudget": {"minAvailable": TAG},
            "volumeClaimTemplates": [
                {"metadata": {"name": "v"}, "spec": {"storageClassName": TAG}}
            ],
        }
    )
    world = world_of(spec)
    world.turn()
    claim = world.objects[Target("v1", "PersistentVolumeClaim", NAMESPACE, "wf-v")]
    assert claim["spec"]["storageClassName"] == "given"
    budget = world.objects[Target("policy/v1", "PodDisruptionBudget", NAMESPACE, "wf")]
    assert budget["spec"]["minAvailable"] == "given"
    assert world.workflow()["metadata"]["labels"]["a"] == "given"


def made_by(kind: str, inner: str) -> MemoryWorld:
    """Run a step that makes the name of a claim, and one that mounts it."""
    spec = f"""
entrypoint: main
nodeSelector: {{disk: fast}}
volumes:
- name: told
  persistentVolumeClaim: {{claimName: "{{{{workflow.outputs.parameters.told}}}}"}}
- name: made
  persistentVolumeClaim: {{claimName: "{{{{{kind}.make.outputs.parameters.claim}}}}"}}
templates:
- name: main
  {inner}
- name: make
  container: {{image: alpine, command: [make]}}
  outputs: {{parameters: [{{name: claim, globalName: told, valueFrom: {{path: /claim}}}}]}}
- name: use
  container:
    image: alpine
    command: [use]
    volumeMounts: [{{name: made, mountPath: /made}}, {{name: told, mountPath: /told}}]
"""
    return run(spec, lambda name, _: End(parameters={"claim": "c"} if "make" in name else {}))


@pytest.mark.parametrize(
    ("kind", "inner"),
    [
        ("steps", "steps: [[{name: make, template: make}], [{name: use, template: use}]]"),
        (
            "steps",
            (
                "steps: [[{name: first, template: make}], [{name: make, template: make}], "
                "[{name: use, template: use}]]"
            ),
        ),
        (
            "tasks",
            (
                "dag: {tasks: [{name: make, template: make}, "
                "{name: use, template: use, depends: make}]}"
            ),
        ),
    ],
)
def test_a_volume_may_be_what_a_step_has_made(kind: str, inner: str) -> None:
    """Those after it mount it, and it itself has nothing to do with it."""
    world = made_by(kind, inner)
    assert world.status("phase") == "Succeeded"
    use = next(one for one in world.pods() if "use" in one["metadata"]["name"])
    assert use["spec"]["volumes"] == [
        {"name": name, "persistentVolumeClaim": {"claimName": "c"}} for name in ("told", "made")
    ]
    assert use["spec"]["nodeSelector"] == {"disk": "fast"}
    make = next(one for one in world.pods() if "make" in one["metadata"]["name"])
    assert "made" not in [one["name"] for one in make["spec"]["volumes"]]


MOUNTS: Object = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}


@pytest.mark.parametrize(
    ("template", "mounted"),
    [
        ({"container": MOUNTS}, True),
        ({"script": MOUNTS}, True),
        ({"containerSet": MOUNTS}, True),
        ({"containerSet": {"containers": [{}, MOUNTS]}}, True),
        ({"container": {}, "initContainers": [MOUNTS]}, True),
        ({"container": {}, "sidecars": [MOUNTS]}, True),
        ({"container": {"volumeDevices": [{"name": "v", "devicePath": "/v"}]}}, True),
        ({"container": {}}, False),
        ({"resource": {}}, False),
    ],
)
def test_a_pod_has_the_volumes_that_it_mounts(template: Object, *, mounted: bool) -> None:
    """And all of its own template, which win where they are called the same."""
    shared: Object = {"name": "v", "emptyDir": {}}
    assert volumes_of(template, {"volumes": [shared]}) == [shared] * mounted
    own = [{"name": "v", "configMap": {"name": "c"}}, {"name": "w", "emptyDir": {}}]
    assert volumes_of({**template, "volumes": own}, {"volumes": [shared]}) == own
