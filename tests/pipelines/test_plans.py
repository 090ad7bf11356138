"""What our containers in a pod are told to do, and what a step runs that states no command."""

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.values import Object, Value
from ruleengine.pipelines.entrypoints import REQUEST
from tests.pipelines.test_pods import plan_in, pod_of
from tests.pipelines.worlds import MemoryWorld, world_of

OWNER: Object = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "name": "wf",
    "uid": "workflow-uid",
    "blockOwnerDeletion": True,
}


def test_the_plan_says_all_that_is_to_be_done() -> None:
    """In words of its own: the program in the pod knows nothing of templates."""
    stated = [
        {"name": "file", "globalName": "all", "valueFrom": {"path": "/p", "default": "d"}},
        {"name": "fixed", "value": "v"},
    ]
    spec = pod_of(
        script={"image": "a", "command": ["sh"], "source": "echo"},
        inputs={"artifacts": [{"name": "a", "path": "/a", "raw": {"data": "x"}}]},
        outputs={"parameters": stated},
    )["spec"]
    plan = plan_in(spec["initContainers"][0])
    (artifact,) = plan.pop("inputs")
    assert {**plan_in(spec["containers"][1]), "inputs": None} == {**plan, "inputs": None}
    assert plan == {
        "node": "wf",
        "workflow": "wf",
        "directory": "/var/run/argo",
        "script": {"path": "/argo/staging/script", "source": "echo"},
        "result": False,
        "parameters": [
            {"name": "file", "globalName": "all", "path": "/p", "default": "d"},
            {"name": "fixed", "default": "v"},
        ],
        "reports": True,
        "progress": False,
    }
    assert artifact["path"] == "/argo/inputs/artifacts/a"
    assert "mount" not in artifact


def test_the_plan_of_a_resource_says_whose_it_is() -> None:
    """What it makes belongs to the workflow where that is asked for."""
    resource = {"action": "create", "manifest": "x", "setOwnerReference": True}
    plan = plan_in(pod_of(resource=resource)["spec"]["containers"][0])
    assert (plan["resource"], plan["owner"]) == (resource, OWNER)


def test_our_containers_know_their_pod_and_share_what_they_need() -> None:
    """Who loads sees the script's folder too; who speaks to the API only shares nothing."""
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    script = {"image": "a", "command": ["sh"], "source": "echo"}
    spec = pod_of(script=script, outputs=outputs)["spec"]
    shared = ["/argo/staging", "/var/run/argo"]
    for one in (spec["initContainers"][0], spec["containers"][1]):
        assert sorted(mount["mountPath"] for mount in one["volumeMounts"]) == shared
        fields = {
            variable["name"]: variable["valueFrom"]["fieldRef"]["fieldPath"]
            for variable in one["env"]
            if "valueFrom" in variable
        }
        assert fields == {
            "POD_NAMESPACE": "metadata.namespace",
            "POD_NAME": "metadata.name",
            "POD_UID": "metadata.uid",
        }
    (only,) = pod_of(resource={"action": "get", "manifest": "x"})["spec"]["containers"]
    assert "volumeMounts" not in only


def asking(**container: Value) -> MemoryWorld:
    """Return a workflow whose only step states no command, and has outputs."""
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    body = {"container": {"image": "acme/tool:1", **container}, "outputs": outputs}
    return world_of(write({"entrypoint": "main", "templates": [{"name": "main", **body}]}))


ASKED = Request(kind=REQUEST, payload={"image": "acme/tool:1"})


@pytest.mark.parametrize(
    ("stated", "entrypoint", "cmd", "runs"),
    [
        (None, ["start"], ["serve"], ["start", "serve"]),
        (None, ["start"], None, ["start"]),
        (None, None, ["serve"], ["serve"]),
        ([], ["start"], ["serve"], ["start"]),
        (["build"], ["start"], ["serve"], ["start", "build"]),
        (["build"], None, ["serve"], ["build"]),
    ],
)
def test_what_an_image_runs_is_asked_where_no_command_is_stated(
    stated: list[str] | None,
    entrypoint: list[str] | None,
    cmd: list[str] | None,
    runs: list[str],
) -> None:
    """As a container runtime has it: arguments take the place of the image's own."""
    world = asking() if stated is None else asking(args=stated)
    assert world.turn().requests == (ASKED,)
    assert (world.began, world.node("wf")["phase"]) == ([], "Pending")
    world.answers[ASKED.key] = Answer(value={"entrypoint": entrypoint, "cmd": cmd})
    world.turn()
    main = world.pods()[0]["spec"]["containers"][0]
    assert main["image"] == "acme/tool:1"
    assert (main["command"][-1], main["args"]) == ("/var/run/argo/wrapper", runs)


def test_an_image_that_nobody_knows_is_an_error_with_the_remedy() -> None:
    """No pod is made of it."""
    world = asking()
    world.turn()
    world.answers[ASKED.key] = Answer(value={}, error="no such image", remedy="state a command")
    world.settle()
    assert (world.status("phase"), world.began) == ("Error", [])
    assert world.node("wf")["message"] == "no such image; state a command"


def test_a_pod_runs_once_and_goes_with_its_workflow() -> None:
    """Kubernetes starts nothing of it anew, and deletes it when the workflow is gone."""
    pod = pod_of()
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["metadata"]["ownerReferences"] == [{**OWNER, "controller": True}]


def test_of_a_set_main_alone_has_the_artifacts() -> None:
    """And every container of it runs through a wrapper, where one of them is looked after."""
    members = [{"name": name, "image": "a", "command": [name]} for name in ("main", "other")]
    spec = pod_of(
        containerSet={"containers": members},
        inputs={"artifacts": [{"name": "a", "path": "/a", "raw": {"data": "x"}}]},
        outputs={"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]},
    )["spec"]
    main, other, _ = (
        {one["mountPath"] for one in container["volumeMounts"]} for container in spec["containers"]
    )
    assert (main, other) == ({"/a", "/var/run/argo"}, {"/var/run/argo"})
