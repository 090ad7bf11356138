"""Drivers of artifact plugins: who runs beside a step, and what it and ours are told."""

from collections.abc import Callable
from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from ruleengine.pipelines.executing import UNPRIVILEGED, quota_remedy
from ruleengine.pipelines.observing import observe
from tests.pipelines.test_artifacts import MAKE, STEPS, inputs, outputs, pod_of
from tests.pipelines.worlds import COLLECTS, NAMESPACE, MemoryWorld, plan_of, world_of

DRIVERS: list[Object] = [
    {"name": "two", "image": "drivers/two:2", "connectionTimeoutSeconds": 30},
    {"name": "one", "image": "drivers/one:1"},
    {"name": "unused", "image": "drivers/unused:1"},
    {"name": "one", "image": "drivers/too-late:1"},
]
REPOSITORY: Object = {
    "plugin": {"name": "one", "configuration": "bucket: b", "keyFormat": "k/{{workflow.name}}"}
}
SOCKET: Object = {"name": "artifact-plugin-one", "mountPath": "/tmp/artifact-plugins/one"}
DRIVER: Object = {
    "name": "artifact-plugin-one",
    "image": "drivers/one:1",
    "args": ["/tmp/artifact-plugins/one/socket"],
    "restartPolicy": "Always",
    "volumeMounts": [SOCKET],
}
"""What Argo's drivers count on: how they are called, what they are given, where they listen."""


def world_with(text: str, listed: Any = None) -> MemoryWorld:
    """Return a world whose controller knows drivers, with a repository behind one of them."""
    world = world_of(text)
    world.repository = REPOSITORY
    text = listed if isinstance(listed, str) else write(DRIVERS if listed is None else listed)
    stated = {"artifactDrivers": text}
    metadata = {"name": "workflow-controller-configmap", "namespace": "ruleengine"}
    world.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": stated})
    return world


def ran(
    main: str = STEPS,
    templates: str = MAKE,
    prepare: Callable[[MemoryWorld], object] = lambda _: None,
    **spec: Any,
) -> MemoryWorld:
    """Run a workflow in such a world."""
    text = f"entrypoint: main\ntemplates:\n- name: main\n{main}{templates}"
    world = world_with(text + (write(spec) if spec else ""))
    prepare(world)
    world.settle()
    return world


def drivers(pod: Object) -> list[Object]:
    """Return the containers of drivers in a pod."""
    before: list[Object] = pod["spec"].get("initContainers") or []
    return [one for one in before if one["name"].startswith("artifact-plugin-")]


def test_a_driver_runs_beside_whoever_needs_its_artifacts() -> None:
    """Begun before what loads, where it is called and listens as with Argo; ours meet it there."""
    world = ran()
    assert world.status("phase") == "Succeeded", world.status("message")
    for name, ours in (("a", "wait"), ("b", "init")):
        spec = pod_of(world, name)["spec"]
        assert spec["initContainers"][0] == DRIVER
        assert {"name": SOCKET["name"], "emptyDir": {}} in spec["volumes"]
        seen = [
            one["name"]
            for one in (*spec["initContainers"], *spec["containers"])
            if SOCKET in one.get("volumeMounts", ())
        ]
        assert seen == ["artifact-plugin-one", ours]
    assert [one["name"] for one in pod_of(world, "b")["spec"]["initContainers"]][1:] == ["init"]


def test_ours_are_told_where_it_lies_and_the_path_that_the_step_knows() -> None:
    """The status has the key; who takes it gets the configuration of the repository again."""
    world = ran()
    place = {"name": "one", "configuration": "bucket: b", "key": "k/wf/made.tgz"}
    (kept,), (taken,) = outputs(world, "a"), inputs(world, "b")
    assert (kept["location"], taken["location"]) == ({"plugin": place}, {"plugin": place})
    assert (taken["path"], taken["stepPath"]) == ("/argo/inputs/artifacts/taken", "/taken.txt")
    (told,) = world.node("a")["outputs"]["artifacts"]
    assert told["plugin"] == {"name": "one", "key": "k/wf/made.tgz"}


OWN = "{name: made, path: /made.txt, plugin: {name: two, configuration: c, key: k%s}}"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", 30), (", connectionTimeoutSeconds: 7", 7)],
    ids=["by the entry", "by the artifact"],
)
def test_how_long_a_driver_may_take_is_said_by_the_artifact_else_by_its_entry(
    said: str, seconds: int
) -> None:
    """Two drivers stand beside a step that has artifacts behind both, in the order of names."""
    more = f"{{name: other, path: /other.txt}}, {OWN % said}"
    templates = MAKE.replace("{name: made, path: /made.txt}", more)
    world = ran(templates=templates)
    pod = pod_of(world, "a")
    assert [one["image"] for one in drivers(pod)] == ["drivers/one:1", "drivers/two:2"]
    by_name = {one["name"]: one["location"]["plugin"] for one in outputs(world, "a")}
    assert by_name["made"]["connectionTimeoutSeconds"] == seconds
    assert "connectionTimeoutSeconds" not in by_name["other"]
    assert len(drivers(pod_of(world, "b"))) == 1


def test_a_location_that_says_its_configuration_keeps_it() -> None:
    """And that of one plugin is not the configuration of another."""
    own = "{name: made, path: /made.txt, plugin: {name: one, configuration: mine, key: k}}"
    other = "{name: other, path: /o, plugin: {name: two, key: k}}"
    world = ran(templates=MAKE.replace("{name: made, path: /made.txt}", f"{own}, {other}"))
    made, bare = (one["location"]["plugin"] for one in outputs(world, "a"))
    assert made["configuration"] == "mine"
    assert "configuration" not in bare


def test_without_such_artifacts_nothing_stands_beside_a_step() -> None:
    """However many drivers the controller knows."""

    def elsewhere(world: MemoryWorld) -> None:
        world.repository = {"plugin": {"name": "directory"}}

    world = ran(prepare=elsewhere)
    assert all(not drivers(one) for one in world.pods())
    assert "artifact-plugin" not in str(world.pods())


def test_logs_go_behind_a_driver_too() -> None:
    """A step that makes nothing else has one beside it."""
    world = ran("\n  container: {image: a, command: [x]}\n", "", archiveLogs=True)
    (pod,) = world.pods()
    assert drivers(pod) == [DRIVER]
    logs = plan_of(pod, "wait")["logs"]["location"]["plugin"]
    assert (logs["configuration"], logs["key"]) == ("bucket: b", "k/wf/main.log")


def test_our_own_steps_meet_a_driver_as_well() -> None:
    """A list of paths, and a manifest that is an artifact."""
    listing = """
  data:
    source: {artifactPaths: {name: p, plugin: {key: rows}}}
    transformation: [{expression: "data"}]
"""
    manifest = """
  resource:
    action: create
    manifestFrom: {artifact: {name: m, plugin: {key: m}}}
"""
    for main in (listing, manifest):
        (pod,) = ran(main, "").pods()
        assert drivers(pod) == [DRIVER]
        (container,) = pod["spec"]["containers"]
        assert SOCKET in container["volumeMounts"]
        assert plan_of(pod, "main")["inputs"][0]["location"]["plugin"]["configuration"]


def test_a_driver_sees_the_token_that_reports() -> None:
    """As with Argo: it may read the Secrets of its store with it."""
    world = ran(executor={"serviceAccountName": "reporter"})
    (driver,) = drivers(pod_of(world, "a"))
    (wait,) = [one for one in pod_of(world, "a")["spec"]["containers"] if one["name"] == "wait"]
    (token,) = [one for one in wait["volumeMounts"] if one["name"] == "exec-sa-token"]
    assert driver["volumeMounts"] == [SOCKET, token]


WRONG: list[tuple[Any, str]] = [
    ([], "the artifact plugin 'one' is not known: list its driver under artifactDrivers"),
    ({"one": "i"}, "must be a list of drivers: each has name and image"),
    ("- {", "must be a list of drivers: each has name and image"),
    (
        [{"name": "one"}],
        "the driver 'one' under artifactDrivers in the ConfigMap",
    ),
    ([{"name": "one", "image": 3}], "needs an image"),
    (
        [{"name": "one", "image": "i", "connectionTimeoutSeconds": "5s"}],
        "must be a whole number of seconds, not '5s'",
    ),
    ([{"name": "one", "image": "i", "connectionTimeoutSeconds": -1}], "not -1"),
]


@pytest.mark.parametrize(("listed", "said"), WRONG)
def test_a_plugin_without_a_driver_is_an_error_of_the_node(listed: Any, said: str) -> None:
    """No pod begins; the message says where drivers are listed."""
    world = world_with(f"entrypoint: make\ntemplates:{MAKE}", listed)
    world.settle()
    assert world.node("wf")["phase"] == "Error"
    message = world.node("wf")["message"]
    assert not world.pods()
    assert said in message
    assert "workflow-controller-configmap of the namespace ruleengine" in message


@pytest.mark.parametrize("name", ["One", "a" * 48, "a/../b", "-a"])
def test_a_name_that_no_container_can_have_is_refused(name: str) -> None:
    """It is a part of paths, too."""
    world = world_with(f"entrypoint: make\ntemplates:{MAKE}", [{"name": name, "image": "i"}])
    world.repository = {"plugin": {"name": name, "configuration": "c"}}
    world.settle()
    assert world.node("wf")["phase"] == "Error"
    assert "a name of small letters, digits and '-', 47 at most" in world.node("wf")["message"]


def test_a_repository_that_names_no_plugin_is_an_error_of_the_node() -> None:
    """No schema looks at what a ConfigMap says."""
    world = world_with(f"entrypoint: make\ntemplates:{MAKE}")
    world.repository = {"plugin": {"configuration": "c"}}
    world.settle()
    assert not world.pods()
    assert world.node("wf")["phase"] == "Error"
    assert "behind a plugin names it: `plugin: {name: …}`" in world.node("wf")["message"]


def test_drivers_may_stand_in_the_one_document_of_the_controller() -> None:
    """As Argo's settings may."""
    world = world_with(f"entrypoint: make\ntemplates:{MAKE}")
    target = Target("v1", "ConfigMap", "ruleengine", "workflow-controller-configmap")
    config = write({"artifactDrivers": DRIVERS})
    world.put({**world.objects[target], "data": {"config": config}})
    world.settle()
    assert drivers(world.pods()[0]) == [DRIVER]


def test_artifacts_behind_a_driver_are_deleted_by_it() -> None:
    """Its container stands beside what deletes, which knows how long it may take."""
    own = OWN % "" + ", artifactGC: {strategy: OnWorkflowCompletion}}"
    own = own.replace("key: k}}", "key: k}")
    world = ran(templates=MAKE.replace("{name: made, path: /made.txt}", own))
    (pod,) = [one for one in world.pods() if COLLECTS in one["metadata"]["labels"]]
    (driver,) = drivers(pod)
    assert driver["args"] == ["/tmp/artifact-plugins/two/socket"]
    assert driver["resources"]["requests"] == {"cpu": "50m", "memory": "64Mi"}
    (main,) = pod["spec"]["containers"]
    assert driver["volumeMounts"][0] in main["volumeMounts"]
    (name,) = plan_of(pod, "main")["tasks"]
    task = world.objects[Target("argoproj.io/v1alpha1", "WorkflowArtifactGCTask", NAMESPACE, name)]
    (listed,) = task["spec"]["artifactsByNode"].values()
    assert listed["artifacts"]["made"]["plugin"]["connectionTimeoutSeconds"] == 30


def test_what_nobody_can_delete_is_a_condition() -> None:
    """A driver that is listed no more when its artifacts are to go."""
    world = ran(artifactGC={"strategy": "OnWorkflowDeletion"})
    target = Target("v1", "ConfigMap", "ruleengine", "workflow-controller-configmap")
    world.put({**world.objects[target], "data": {}})
    world.change({"metadata": {"deletionTimestamp": "2026-01-02T04:00:00Z"}})
    world.settle()
    listed = world.status("conditions")
    (message,) = [one["message"] for one in listed if one["type"] == "ArtifactGCError"]
    assert "the artifact plugin 'one' is not known" in message


def _on_cluster(world: MemoryWorld) -> None:
    resources = {"requests": {"cpu": "1"}}
    world.executor = {"image": "r/e:1", "imagePullPolicy": "Always", "resources": resources}
    world.executor |= UNPRIVILEGED


def test_on_a_cluster_a_driver_and_ours_are_one_user() -> None:
    """A socket is open to its maker alone; quotas and restricted namespaces are content, too."""
    world = ran(prepare=_on_cluster)
    spec = pod_of(world, "a")["spec"]
    (driver,) = drivers(pod_of(world, "a"))
    assert (driver["image"], "imagePullPolicy" in driver) == ("drivers/one:1", False)
    assert driver["resources"] == {"requests": {"cpu": "1"}}
    expected = {"runAsUser": 65532, **UNPRIVILEGED["securityContext"]}
    (wait,) = [one for one in spec["containers"] if one["name"] == "wait"]
    assert driver["securityContext"] == wait["securityContext"] == expected
    (main,) = [one for one in spec["containers"] if one["name"] == "main"]
    assert "securityContext" not in main


def test_on_a_cluster_what_deletes_is_the_user_that_its_driver_is() -> None:
    """Nothing else stands in its pod."""
    world = ran(prepare=_on_cluster, artifactGC={"strategy": "OnWorkflowCompletion"})
    (pod,) = [one for one in world.pods() if COLLECTS in one["metadata"]["labels"]]
    listed = (*pod["spec"]["initContainers"], *pod["spec"]["containers"])
    users = {one["name"]: one["securityContext"]["runAsUser"] for one in listed}
    assert users == {"artifact-plugin-one": 65532, "main": 65532}


@pytest.mark.parametrize(
    "place", [{"securityContext": {"runAsUser": 8737}}, {}], ids=["it is named", "no driver"]
)
def test_a_user_is_named_only_where_a_driver_needs_one(place: Object) -> None:
    """Not where the workflow names one, and not in pods without drivers."""

    def prepare(world: MemoryWorld) -> None:
        _on_cluster(world)
        if not place:
            world.repository = {"plugin": {"name": "directory"}}

    world = ran(prepare=prepare, **place)
    (wait,) = [one for one in pod_of(world, "a")["spec"]["containers"] if one["name"] == "wait"]
    assert wait["securityContext"] == UNPRIVILEGED["securityContext"]


def test_the_end_of_a_driver_is_not_that_of_the_step() -> None:
    """It is ended with the pod, whatever it makes of that; who asked for something tells of it."""
    (pod,) = ran("\n  container: {image: a, command: [x]}\n", "", archiveLogs=True).pods()
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    good = {"terminated": {"exitCode": 0}}
    status = {
        "phase": "Succeeded",
        "initContainerStatuses": [{"name": "artifact-plugin-one", "state": ended}],
        "containerStatuses": [{"name": one, "state": good} for one in ("main", "wait")],
    }
    report = {"metadata": {"labels": {"workflows.argoproj.io/report-outputs-completed": "true"}}}
    assert observe({**pod, "status": status}, report)["phase"] == "Succeeded"
    other = {**status, "initContainerStatuses": [{"name": "side", "state": ended}]}
    side = {"name": "side", "restartPolicy": "Always"}
    spec = {**pod["spec"], "initContainers": [*pod["spec"]["initContainers"], side]}
    assert observe({**pod, "spec": spec, "status": other}, report)["phase"] == "Failed"


def test_a_quota_that_asks_a_driver_is_told_the_remedy() -> None:
    """The settings of our own containers are its own as well."""
    said = "failed quota: q: must specify limits.cpu for: artifact-plugin-one,main"
    assert "`executor.resources`" in quota_remedy(said)
    assert not quota_remedy(said.replace("artifact-plugin-one,", ""))
