"""Pods of steps: what a template and its workflow say about them reaches them."""

import json
from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Refusal
from ruleengine.model.values import Object
from ruleengine.pipelines.executing import PLAN_VARIABLE, UNPRIVILEGED
from tests.pipelines.worlds import NAMESPACE, End, run, world_of

VOLUMES = [{"name": one, "emptyDir": {}} for one in ("d", "own", "v", "w")]


def pod_of(workflow: Object | None = None, **template: Any) -> Object:
    """Return the pod of a workflow of one template, which has the volumes that are mounted."""
    body = {"container": {"image": "alpine", "command": ["work"]}}
    listed = {
        "name": "main",
        **({} if {"script", "resource", "containerSet"} & template.keys() else body),
    }
    spec = {"entrypoint": "main", "templates": [{**listed, **template}], **(workflow or {})}
    mounted = {} if "volumes" in spec or "volumes" in template else {"volumes": VOLUMES}
    spec = {**mounted, **spec}
    world = world_of(write(spec))
    world.turn()
    assert world.pods(), world.status("message")
    return world.pods()[0]


def plan_in(container: Object) -> Object:
    """Return what a container of ours has to do."""
    stated = {one["name"]: one.get("value") for one in container["env"]}
    plan: Object = json.loads(stated[PLAN_VARIABLE])
    return plan


PLACED: dict[str, tuple[str, Any]] = {
    "nodeSelector": ("nodeSelector", {"disk": "fast"}),
    "affinity": ("affinity", {"nodeAffinity": {}}),
    "tolerations": ("tolerations", [{"key": "k"}]),
    "schedulerName": ("schedulerName", "mine"),
    "hostAliases": ("hostAliases", [{"ip": "10.0.0.1", "hostnames": ["a"]}]),
    "securityContext": ("securityContext", {"runAsUser": 8737}),
    "resourceClaims": ("resourceClaims", [{"name": "gpu", "resourceClaimName": "gpu"}]),
    "podResources": ("resources", {"limits": {"cpu": "1"}}),
    "serviceAccountName": ("serviceAccountName", "runner"),
    "automountServiceAccountToken": ("automountServiceAccountToken", False),
}
OF_WORKFLOW = {
    **PLACED,
    "podPriorityClassName": ("priorityClassName", "high"),
    "dnsConfig": ("dnsConfig", {"nameservers": ["1.1.1.1"]}),
    "dnsPolicy": ("dnsPolicy", "None"),
    "hostNetwork": ("hostNetwork", True),
    "imagePullSecrets": ("imagePullSecrets", [{"name": "registry"}]),
}
OF_TEMPLATE = {**PLACED, "priorityClassName": ("priorityClassName", "high")}


@pytest.mark.parametrize("name", OF_WORKFLOW)
def test_what_a_workflow_says_of_its_pods_reaches_them(name: str) -> None:
    """Under the name that the spec of a pod has for it."""
    field, value = OF_WORKFLOW[name]
    assert pod_of({name: value})["spec"][field] == value


@pytest.mark.parametrize("name", OF_TEMPLATE)
def test_what_a_template_says_of_its_pod_wins(name: str) -> None:
    """Over what the workflow says of all."""
    field, value = OF_TEMPLATE[name]
    other = {name: "other"} if name in OF_WORKFLOW else {}
    assert pod_of(other, **{name: value})["spec"][field] == value


def test_what_a_template_says_nothing_of_is_as_the_workflow_says() -> None:
    """Also where its field is there, and empty."""
    placed = {"nodeSelector": {"disk": "fast"}}
    assert pod_of(placed, nodeSelector=None)["spec"]["nodeSelector"] == {"disk": "fast"}


@pytest.mark.parametrize("kind", ["volumeMounts", "volumeDevices"])
def test_a_volume_that_nobody_states_is_an_error_of_the_node(kind: str) -> None:
    """In Argo's words, before a server is asked."""
    body = {"container": {"image": "a", "command": ["b"], kind: [{"name": "foo"}]}}
    world = world_of(write({"entrypoint": "main", "templates": [{"name": "main", **body}]}))
    world.settle()
    told = "volume 'foo' not found in workflow spec"
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Error", told)
    assert world.pods() == []


def test_volumes_of_workflow_and_template_are_in_the_pod() -> None:
    """The template's own win where the names are the same."""
    volumes = [{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}]
    mounts = [{"name": one, "mountPath": f"/{one}"} for one in "ab"]
    main = {"image": "alpine", "command": ["work"], "volumeMounts": mounts}
    own = [{"name": "b", "secret": {"secretName": "s"}}]
    pod = pod_of({"volumes": volumes}, container=main, volumes=own)
    assert pod["spec"]["volumes"] == [
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "a", "emptyDir": {}},
    ]


def test_metadata_for_pods_is_merged_and_ours_stands_beside_it() -> None:
    """Labels and annotations of the workflow, then those of the template."""
    general = {"labels": {"a": "1", "b": "1"}, "annotations": {"x": "1"}}
    pod = pod_of({"podMetadata": general}, metadata={"labels": {"b": "2"}})
    labels = pod["metadata"]["labels"]
    assert (labels["a"], labels["b"]) == ("1", "2")
    assert labels["workflows.argoproj.io/workflow"] == "wf"
    assert pod["metadata"]["annotations"]["x"] == "1"
    assert pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"] == "wf"
    assert pod["metadata"]["ownerReferences"][0]["uid"] == "workflow-uid"


CONTAINER: Object = {
    "image": "alpine",
    "command": ["sh"],
    "args": ["-c"],
    "imagePullPolicy": "Always",
    "workingDir": "/w",
    "envFrom": [{"secretRef": {"name": "s"}}],
    "ports": [{"containerPort": 80}],
    "resources": {"limits": {"memory": "1Gi"}},
    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    "volumeDevices": [{"name": "d", "devicePath": "/d"}],
    "securityContext": {"runAsNonRoot": True},
    "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
    "livenessProbe": {"exec": {"command": ["x"]}},
    "readinessProbe": {"exec": {"command": ["x"]}},
    "startupProbe": {"exec": {"command": ["x"]}},
    "terminationMessagePath": "/t",
    "terminationMessagePolicy": "File",
    "tty": True,
    "stdin": True,
    "stdinOnce": True,
    "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
}


def test_a_container_reaches_its_pod_as_it_is_written() -> None:
    """With its name, ``main``, and what Argo tells a step about itself."""
    pod = pod_of(container={**CONTAINER, "env": [{"name": "A", "value": "1"}]})
    (main,) = pod["spec"]["containers"]
    assert {key: main[key] for key in CONTAINER} == CONTAINER
    assert main["name"] == "main"
    told = {one["name"]: one["value"] for one in main["env"]}
    assert told["A"] == "1"
    assert told["ARGO_WORKFLOW_NAME"] == "wf"
    assert json.loads(told["ARGO_TEMPLATE"])["name"] == "main"


def test_a_script_is_a_container_that_runs_its_source() -> None:
    """The source is laid out before, and its path is the last argument."""
    pod = pod_of(script={**CONTAINER, "source": "echo 1"})
    (main,) = pod["spec"]["containers"]
    assert main["args"] == ["-c", "/argo/staging/script"]
    assert {"name": "argo-staging", "mountPath": "/argo/staging"} in main["volumeMounts"]
    expected = {
        key: value for key, value in CONTAINER.items() if key not in ("args", "volumeMounts")
    }
    assert {key: main[key] for key in expected} == expected
    (init,) = pod["spec"]["initContainers"]
    assert (init["image"], init["command"]) == ("ruleengine", ["ruleengine", "step", "init"])
    plan = plan_in(init)
    assert plan["script"]["source"] == "echo 1"


def test_a_step_whose_outputs_are_asked_for_runs_through_the_wrapper() -> None:
    """And a container of ours waits beside it to report them."""
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    spec = pod_of(outputs=outputs)["spec"]
    main, wait = spec["containers"]
    assert main["command"] == ["/var/run/argo/bin/sh", "/var/run/argo/wrapper"]
    assert main["args"] == ["work"]
    assert wait["command"] == ["ruleengine", "step", "wait"]
    assert spec["volumes"] == [{"name": "var-run-argo", "emptyDir": {}}]


@pytest.mark.parametrize(
    "template",
    [
        {"container": {"image": "a", "command": ["sh"], "args": ["echo 1/2 >$ARGO_PROGRESS_FILE"]}},
        {"script": {"image": "a", "command": ["sh"], "source": "echo 1/2 >$ARGO_PROGRESS_FILE"}},
        {"metadata": {"annotations": {"workflows.argoproj.io/progress": "0/2"}}},
    ],
)
def test_a_step_that_says_how_far_it_is_has_a_file_for_it_and_somebody_who_tells(
    template: Any,
) -> None:
    """Where it names the file, or says where it begins."""
    pod = pod_of(**template)
    main, wait = pod["spec"]["containers"]
    where = {"name": "ARGO_PROGRESS_FILE", "value": "/var/run/argo/progress"}
    assert where in main["env"]
    assert {one["mountPath"] for one in main["volumeMounts"]} >= {"/var/run/argo"}
    assert plan_in(wait)["progress"] is True


def test_what_steps_say_of_themselves_adds_up_and_is_all_done_at_the_end() -> None:
    """A step that says nothing is one piece of work."""
    told = {"metadata": {"annotations": {"workflows.argoproj.io/progress": "0/10"}}}
    body = {"container": {"image": "alpine", "command": ["work"]}}
    spec = {
        "entrypoint": "main",
        "templates": [
            {"name": "main", "steps": [[{"name": one, "template": one} for one in ("a", "b")]]},
            {"name": "a", **told, **body},
            {"name": "b", **body},
        ],
    }
    world = world_of(write(spec))
    world.turn()
    world.turn()
    assert world.status("progress") == "0/11"
    assert world.node("a")["progress"] == "0/10"
    world.settle()
    assert world.status("progress") == "11/11"
    assert world.node("a")["progress"] == "10/10"


def test_what_failed_is_not_done_and_what_waits_or_is_a_container_is_work_too() -> None:
    """So the progress of a workflow that failed shows how far it came."""
    spec = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: a, inline: {containerSet: {containers: [{name: main, image: x, command: [x]}]}}}
    - {name: b, inline: {container: {image: x, command: [x]}}, dependencies: [a]}
    - {name: c, inline: {suspend: {duration: "1"}}}
"""
    world = run(spec, lambda name, _: End(code=int(name == ".b")))
    assert world.status("progress") == "3/4"


def test_a_resource_is_one_container_of_ours() -> None:
    """It speaks to the API and needs no command of the user."""
    (main,) = pod_of(resource={"action": "get", "manifest": "x"})["spec"]["containers"]
    assert (main["image"], main["command"]) == ("ruleengine", ["ruleengine", "step", "resource"])


def test_init_containers_run_first_and_sidecars_beside() -> None:
    """A sidecar is ended when the step is over; both may have the mounts of the step."""
    mount = {"name": "v", "mountPath": "/v"}
    spec = pod_of(
        container={"image": "alpine", "command": ["work"], "volumeMounts": [mount]},
        initContainers=[{"name": "first", "image": "a", "mirrorVolumeMounts": True}],
        sidecars=[{"name": "beside", "image": "b", "mirrorVolumeMounts": True}],
    )["spec"]
    first, beside = spec["initContainers"]
    assert first == {"name": "first", "image": "a", "volumeMounts": [mount]}
    assert beside == {
        "name": "beside",
        "image": "b",
        "restartPolicy": "Always",
        "volumeMounts": [mount],
    }


def mounted(container: Object) -> dict[str, str]:
    """Return the volumes that a container mounts, by their paths."""
    return {one["mountPath"]: one["name"] for one in container.get("volumeMounts", ())}


def test_mounts_are_mirrored_with_artifacts_and_the_script() -> None:
    """As in Argo; what a container mounts itself at a path stays; our own folder is not seen."""
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/w"}]
    spec = pod_of(
        inputs={"artifacts": [{"name": "a", "path": "/a", "raw": {"data": "x"}}]},
        script={"image": "a", "command": ["sh"], "source": "echo", "volumeMounts": mounts},
        outputs={"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]},
        initContainers=[
            {"name": "first", "image": "a", "mirrorVolumeMounts": True},
            {"name": "mute", "image": "a"},
        ],
        sidecars=[
            {
                "name": "beside",
                "image": "b",
                "mirrorVolumeMounts": True,
                "volumeMounts": [{"name": "own", "mountPath": "/w"}],
            }
        ],
    )["spec"]
    _, first, mute, beside = spec["initContainers"]
    artifacts = {"/a": "input-artifacts", "/argo/staging": "argo-staging"}
    assert mounted(first) == {"/v": "v", "/w": "w", **artifacts}
    assert mounted(mute) == {}
    assert mounted(beside) == {"/v": "v", "/w": "own", **artifacts}


def test_the_mounts_of_a_set_are_mirrored_and_those_of_our_own_containers_are_not() -> None:
    """Those that all of the set have, or ``main`` where there is one; ours may hold secrets."""
    sidecars = [{"name": "beside", "image": "b", "mirrorVolumeMounts": True}]
    shared = [{"name": "v", "mountPath": "/v"}]
    for name, found in (("one", {"/v": "v"}), ("main", {"/v": "v", "/w": "w"})):
        mounts = [{"name": "w", "mountPath": "/w"}]
        one = {"name": name, "image": "a", "command": ["b"], "volumeMounts": mounts}
        group = {"volumeMounts": shared, "containers": [one]}
        (beside,) = pod_of(containerSet=group, sidecars=sidecars)["spec"]["initContainers"]
        assert mounted(beside) == found
    (beside,) = pod_of(resource={"action": "get", "manifest": "x"}, sidecars=sidecars)["spec"][
        "initContainers"
    ]
    assert mounted(beside) == {}


@pytest.mark.parametrize(
    ("workflow", "template", "account"),
    [
        ({"executor": {"serviceAccountName": "a"}}, {}, "a"),
        ({"executor": {"serviceAccountName": "a"}}, {"executor": {"serviceAccountName": "b"}}, "b"),
        ({"automountServiceAccountToken": False}, {"executor": {"serviceAccountName": "b"}}, "b"),
    ],
)
def test_whoever_reports_may_have_an_account_of_its_own(
    workflow: Object, template: Object, account: str
) -> None:
    """The step does not see its token; that of the template wins."""
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    spec = pod_of(workflow, outputs=outputs, **template)["spec"]
    main, wait = spec["containers"]
    (volume,) = [one for one in spec["volumes"] if "secret" in one]
    assert volume["secret"] == {"secretName": f"{account}.service-account-token"}
    mounts = {one["name"]: one for one in wait["volumeMounts"]}
    mount = mounts[volume["name"]]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mount["readOnly"] is True
    assert volume["name"] not in [one["name"] for one in main.get("volumeMounts", ())]
    assert "volumes" not in pod_of(workflow, **template)["spec"]


def test_a_step_that_nobody_can_report_is_an_error() -> None:
    """As in Argo; one of which nobody wants anything needs no token."""
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    body = {"container": {"image": "a", "command": ["b"]}, "automountServiceAccountToken": False}
    listed = {"name": "main", "outputs": outputs, **body}
    world = world_of(write({"entrypoint": "main", "templates": [listed]}))
    world.settle()
    assert world.status("phase") == "Error"
    assert "executor.serviceAccountName must not be empty" in world.status("message")


def test_our_own_containers_have_the_image_of_the_settings() -> None:
    """Before and beside the step, which keeps its own; so has one that a patch has changed."""
    script = {"image": "alpine", "command": ["sh"], "source": "echo"}
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    patch = "containers:\n- name: wait\n  image: patched\n"
    for more, beside in (({}, "reg/ours:1"), ({"podSpecPatch": patch}, "patched")):
        template = {"name": "main", "script": script, "outputs": outputs, **more}
        world = world_of(write({"entrypoint": "main", "templates": [template]}))
        resources = {"requests": {"cpu": "10m"}}
        image = {"image": "reg/ours:1", "imagePullPolicy": "Always"}
        world.executor = {**image, "resources": resources, **UNPRIVILEGED}
        world.turn()
        spec = world.pods()[0]["spec"]
        (init,), (main, wait) = spec["initContainers"], spec["containers"]
        assert (init["image"], init["imagePullPolicy"]) == ("reg/ours:1", "Always")
        assert init["securityContext"] == UNPRIVILEGED["securityContext"]
        assert (main["image"], "imagePullPolicy" in main) == ("alpine", False)
        assert init["resources"] == wait["resources"] == resources
        assert not {"securityContext", "resources"} & main.keys()
        assert wait["image"] == beside
        assert wait["securityContext"] == UNPRIVILEGED["securityContext"]
        assert ("imagePullPolicy" in wait) == (not more)


def test_pod_spec_patches_have_the_last_word() -> None:
    """That of the workflow first, then that of the template; YAML or JSON."""
    pod = pod_of(
        {"podSpecPatch": '{"hostname": "a", "subdomain": "b"}'},
        podSpecPatch="hostname: c\ncontainers:\n- name: main\n  tty: true\n",
    )
    spec = pod["spec"]
    assert (spec["hostname"], spec["subdomain"]) == ("c", "b")
    assert spec["containers"][0]["tty"] is True
    assert spec["containers"][0]["image"] == "alpine"


@pytest.mark.parametrize("patch", ["a: [", "- a", "{$patch: nonsense}"])
def test_a_patch_that_is_none_is_an_error_of_its_node(patch: str) -> None:
    """No pod is made."""
    body = {"container": {"image": "a", "command": ["b"]}, "podSpecPatch": patch}
    world = world_of(write({"entrypoint": "main", "templates": [{"name": "main", **body}]}))
    world.settle()
    assert world.status("phase") == "Error"
    assert world.node("wf")["message"].startswith("podSpecPatch")
    assert world.pods() == []


def test_a_pod_that_the_server_refuses_for_good_is_an_error_of_its_node() -> None:
    """What it refuses for the moment is tried again."""
    spec = {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "a"}}]}
    for final, phase in ((False, "Succeeded"), (True, "Error")):
        world = world_of(write(spec))
        world.refusals[Target("v1", "Pod", NAMESPACE, "wf")] = Refusal("no such field", final)
        world.settle()
        assert world.status("phase") == phase
    assert world.node("wf")["message"] == "pod refused: no such field"
