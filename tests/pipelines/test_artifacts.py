"""Artifacts: what one step makes reaches the next, and lies where the documents say."""

from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.names import ARTIFACT_CLAIM
from ruleengine.model.values import Object
from tests.pipelines.worlds import End, MemoryWorld, Script, plan_of, run, succeed, world_of

MAKE = """
- name: make
  container: {image: a, command: [make]}
  outputs: {artifacts: [{name: made, path: /made.txt}]}
- name: take
  container: {image: a, command: [take]}
  inputs: {artifacts: [{name: taken, path: /taken.txt}]}
"""


def ran(main: str, script: Script = succeed, templates: str = MAKE, **spec: Any) -> MemoryWorld:
    """Run a workflow whose entrypoint is a template written in YAML."""
    text = f"entrypoint: main\ntemplates:\n- name: main\n{main}{templates}"
    return run(text + (write(spec) if spec else ""), script)


def pod_of(world: MemoryWorld, display_name: str) -> Object:
    """Return the pod of a node."""
    name = world.node(display_name)["name"]
    marks = "workflows.argoproj.io/node-name"
    return next(one for one in world.pods() if one["metadata"]["annotations"][marks] == name)


def inputs(world: MemoryWorld, display_name: str) -> list[Object]:
    """Return what the pod of a node loads."""
    found: list[Object] = plan_of(pod_of(world, display_name), "init").get("inputs", [])
    return found


def outputs(world: MemoryWorld, display_name: str) -> list[Object]:
    """Return what the pod of a node keeps."""
    found: list[Object] = plan_of(pod_of(world, display_name), "wait").get("artifacts", [])
    return found


STEPS = """
  steps:
  - - {name: a, template: make}
  - - name: b
      template: take
      arguments: {artifacts: [{name: taken, from: "{{steps.a.outputs.artifacts.made}}"}]}
"""
DAG = """
  dag:
    tasks:
    - {name: a, template: make}
    - name: b
      depends: a
      template: take
      arguments: {artifacts: [{name: taken, from: "{{tasks.a.outputs.artifacts.made}}"}]}
"""


@pytest.mark.parametrize("main", [STEPS, DAG])
def test_an_output_of_one_step_is_the_input_of_the_next(main: str) -> None:
    """Under the key of the pod that made it; both are in the status."""
    world = ran(main)
    assert world.status("phase") == "Succeeded", world.status("message")
    (made,) = outputs(world, "a")
    key = f"wf/{pod_of(world, 'a')['metadata']['name']}/made.tgz"
    assert made["location"] == {"plugin": {"name": "directory", "key": key}}
    (taken,) = inputs(world, "b")
    assert taken["location"] == made["location"]
    main_container = pod_of(world, "b")["spec"]["containers"][0]
    mount = {"name": "input-artifacts", "mountPath": "/taken.txt", "subPath": "taken"}
    assert mount in main_container["volumeMounts"]
    assert taken["path"] == "/argo/inputs/artifacts/taken"
    assert world.node("a")["outputs"]["artifacts"][0]["plugin"]["key"] == key
    (shown,) = world.node("b")["inputs"]["artifacts"]
    assert (shown["name"], shown["path"], shown["plugin"]["key"]) == ("taken", "/taken.txt", key)


def test_a_directory_is_the_place_of_artifacts_by_default() -> None:
    """It is the volume of a claim of the namespace, which only our containers see."""
    world = ran(STEPS)
    assert [one["metadata"]["name"] for one in world.list("v1", "PersistentVolumeClaim")] == [
        ARTIFACT_CLAIM
    ]
    spec = pod_of(world, "a")["spec"]
    (volume,) = [one for one in spec["volumes"] if "persistentVolumeClaim" in one]
    assert volume["persistentVolumeClaim"] == {"claimName": ARTIFACT_CLAIM}
    seen = {
        one["name"]: [mount["mountPath"] for mount in one["volumeMounts"]]
        for one in (*spec["initContainers"], *spec["containers"])
        if any(mount["name"] == volume["name"] for mount in one["volumeMounts"])
    }
    assert seen == {"wait": ["/var/run/argo", "/tmp", f"/argo/artifacts/{ARTIFACT_CLAIM}"]}
    other = "{name: made, path: /made.txt, plugin: {name: directory, key: k, configuration: mine}}"
    templates = MAKE.replace("{name: made, path: /made.txt}", other)
    found = ran(STEPS, templates=templates)
    claims = [
        one["persistentVolumeClaim"]["claimName"]
        for one in pod_of(found, "b")["spec"]["volumes"]
        if "persistentVolumeClaim" in one
    ]
    assert claims == ["mine"]


def test_an_unknown_plugin_is_an_error_of_the_node() -> None:
    """It says which one needs no driver, and where those of others are listed."""
    text = "{name: made, path: /made.txt, plugin: {name: other, key: k}}"
    world = ran(STEPS, templates=MAKE.replace("{name: made, path: /made.txt}", text))
    assert world.node("a")["phase"] == "Error"
    message = world.node("a")["message"]
    assert "'other' is not known: list its driver under artifactDrivers" in message
    assert "'directory' alone needs none" in message


def test_without_a_repository_an_output_artifact_is_an_error() -> None:
    """It says where one can be named; inputs with a whole location need none."""
    text = f"entrypoint: main\ntemplates:\n- name: main\n{STEPS}{MAKE}"
    world = world_of(text)
    world.repository = None
    world.settle()
    assert world.node("a")["phase"] == "Error"
    assert "needs an artifact repository and none is configured" in world.node("a")["message"]


S3 = {"bucket": "b", "endpoint": "e", "accessKeySecret": {"name": "s", "key": "k"}}


def test_a_key_alone_is_completed_by_the_repository() -> None:
    """Of whatever kind that is; the status states the key alone."""
    templates = MAKE.replace("path: /made.txt}", "path: /made.txt, s3: {key: mine}}").replace(
        "path: /taken.txt}", "path: /taken.txt, s3: {key: mine}}"
    )
    text = f"entrypoint: main\ntemplates:\n- name: main\n{STEPS}{templates}"
    world = world_of(text)
    world.repository = {"s3": {**S3, "keyFormat": "{{workflow.name}}"}}
    world.settle()
    assert [one["location"] for one in outputs(world, "a")] == [{"s3": {**S3, "key": "mine"}}]
    assert world.node("a")["outputs"]["artifacts"] == [{"name": "made", "s3": {"key": "mine"}}]
    assert [one["location"] for one in inputs(world, "b")] == [{"s3": {**S3, "key": "mine"}}]
    local = ran(STEPS, templates=templates)
    kept = {"plugin": {"name": "directory", "key": "mine"}}
    assert [one["location"] for one in outputs(local, "a")] == [kept]


def test_secrets_of_a_location_are_mounted_where_they_are_needed() -> None:
    """In our containers only; they stand in no environment."""
    text = f"entrypoint: main\ntemplates:\n- name: main\n{STEPS}{MAKE}"
    world = world_of(text)
    world.repository = {"s3": S3}
    world.settle()
    spec = pod_of(world, "b")["spec"]
    (volume,) = [one for one in spec["volumes"] if "secret" in one]
    assert volume["secret"] == {"secretName": "s", "items": [{"key": "k", "path": "k"}]}
    (init,) = spec["initContainers"]
    assert {"name": volume["name"], "mountPath": "/argo/secret/s", "readOnly": True} in init[
        "volumeMounts"
    ]
    assert volume["name"] not in str(spec["containers"])


def test_a_template_may_say_where_its_artifacts_go() -> None:
    """Then the status states the whole location, which the repository does not complete."""
    location = "archiveLocation: {s3: {bucket: own, key: 'here/{{workflow.name}}'}}"
    world = ran(STEPS, templates=MAKE.replace("- name: make\n", f"- name: make\n  {location}\n"))
    kept = {"s3": {"bucket": "own", "key": "here/wf/made.tgz"}}
    assert [one["location"] for one in outputs(world, "a")] == [kept]
    assert [one["location"] for one in inputs(world, "b")] == [kept]


@pytest.mark.parametrize(
    ("archive", "ending"),
    [("{none: {}}", "made"), ("{zip: {}}", "made.zip"), ("{tar: {}}", "made.tgz")],
)
def test_a_key_ends_as_its_archive_is_packed(archive: str, ending: str) -> None:
    """And whoever takes it knows how to unpack it."""
    text = f"path: /made.txt, archive: {archive}}}"
    world = ran(STEPS, templates=MAKE.replace("path: /made.txt}", text))
    (made,) = outputs(world, "a")
    assert made["location"]["plugin"]["key"].rpartition("/")[2] == ending


ARCHIVED = [
    (False, {}, {}, False),
    (False, {"archiveLogs": True}, {}, True),
    (False, {"archiveLogs": True}, {"archiveLogs": False}, False),
    (False, {}, {"archiveLogs": True}, True),
    (True, {"archiveLogs": False}, {"archiveLogs": False}, True),
]


@pytest.mark.parametrize(("repository", "spec", "template", "kept"), ARCHIVED)
def test_logs_are_kept_where_somebody_says_so(
    repository: bool, spec: Object, template: Object, kept: bool
) -> None:
    """The repository wins, then the template over the workflow."""
    main = {"name": "main", "container": {"image": "a", "command": ["x"]}}
    body = {**main, **({"archiveLocation": template} if template else {})}
    world = world_of(write({"entrypoint": "main", "templates": [body], **spec}))
    world.repository = {"plugin": {"name": "directory"}, "archiveLogs": repository}
    world.settle()
    logs = plan_of(world.pods()[0], "wait").get("logs")
    location = {"plugin": {"name": "directory", "key": "wf/wf/main.log"}}
    assert logs == (
        {"name": "main-logs", "location": location, "reported": location} if kept else None
    )


def test_an_artifact_may_be_for_the_whole_workflow() -> None:
    """The exit handler sees it, and it is among the workflow's outputs."""
    text = "path: /made.txt, globalName: shared}"
    exit_ = """
- name: bye
  steps:
  - - name: c
      template: take
      arguments: {artifacts: [{name: taken, from: "{{workflow.outputs.artifacts.shared}}"}]}
"""
    templates = MAKE.replace("path: /made.txt}", text) + exit_
    world = ran(STEPS, templates=templates, onExit="bye")
    assert world.status("phase") == "Succeeded", world.status("message")
    assert [one["location"] for one in inputs(world, "c")] == [
        one["location"] for one in outputs(world, "a")
    ]
    assert [one["name"] for one in world.status("outputs", "artifacts")] == ["shared"]


CHOOSE = """
  steps:
  - - {name: a, template: make, when: "%s"}
    - {name: b, template: make}
  outputs:
    artifacts:
    - name: chosen
      fromExpression: >-
        steps.a.status == 'Succeeded'
        ? steps.a.outputs.artifacts.made : steps.b.outputs.artifacts.made
"""


@pytest.mark.parametrize(("condition", "chosen"), [("true", "a"), ("false", "b")])
def test_an_expression_chooses_an_artifact(condition: str, chosen: str) -> None:
    """It is the output of the steps under its own name."""
    world = ran(CHOOSE % condition)
    assert world.status("phase") == "Succeeded", world.status("message")
    (found,) = world.node("wf")["outputs"]["artifacts"]
    assert found["name"] == "chosen"
    assert found["plugin"] == outputs(world, chosen)[0]["location"]["plugin"]


def test_an_artifact_goes_through_templates_of_steps() -> None:
    """As their input, and as their output."""
    through = """
- name: through
  inputs: {artifacts: [{name: given}]}
  steps:
  - - name: c
      template: take
      arguments: {artifacts: [{name: taken, from: "{{inputs.artifacts.given}}"}]}
  outputs: {artifacts: [{name: same, from: "{{inputs.artifacts.given}}"}]}
"""
    main = STEPS.replace("template: take", "template: through").replace(
        "name: taken", "name: given"
    )
    world = ran(main, templates=MAKE + through)
    assert world.status("phase") == "Succeeded", world.status("message")
    (made,) = outputs(world, "a")
    assert [one["location"] for one in inputs(world, "c")] == [made["location"]]
    assert world.node("b")["outputs"]["artifacts"][0]["plugin"] == made["location"]["plugin"]


def test_a_part_of_an_artifact_may_be_passed() -> None:
    """``subPath`` is a path below its key."""
    main = STEPS.replace('artifacts.made}}"}', 'artifacts.made}}", subPath: x/y.txt}')
    world = ran(main, templates=MAKE.replace("made.txt}", "made.txt, archive: {none: {}}}"))
    assert inputs(world, "b")[0]["location"]["plugin"]["key"].endswith("/made/x/y.txt")


def test_an_optional_artifact_may_be_missing() -> None:
    """Of the input, or of the argument; a required one is an error that names it."""
    skipped = STEPS.replace("template: make}", 'template: make, when: "false"}')
    world = ran(skipped)
    assert world.node("b")["phase"] == "Error"
    assert "inputs.artifacts.taken was not supplied" in world.node("b")["message"]
    templates = MAKE.replace("path: /taken.txt}", "path: /taken.txt, optional: true}")
    world = ran(skipped, templates=templates)
    assert world.status("phase") == "Succeeded", world.status("message")
    assert inputs(world, "b") == []
    unknown = STEPS.replace("artifacts.made", "artifacts.none")
    world = ran(unknown)
    assert "is taken from steps.a.outputs.artifacts.none, which is none" in world.status("message")
    optional = unknown.replace('none}}"}', 'none}}", optional: true}')
    assert ran(optional, templates=templates).status("phase") == "Succeeded"


def test_a_deleted_artifact_is_not_passed() -> None:
    """Its content is gone, and that is said."""
    gone = "{name: taken, deleted: true, plugin: {name: directory, key: k}}"
    world = run(f"entrypoint: take\narguments: {{artifacts: [{gone}]}}\ntemplates:{MAKE}")
    assert "the artifact 'taken' was deleted" in world.node("wf")["message"]


def test_artifacts_of_the_workflow_reach_its_entrypoint() -> None:
    """Tags in their locations are replaced."""
    arguments = '{artifacts: [{name: taken, raw: {data: "for {{workflow.name}}"}}]}'
    world = run(f"entrypoint: take\narguments: {arguments}\ntemplates:{MAKE}")
    assert inputs(world, "wf")[0]["location"] == {"raw": {"data": "for wf"}}


def test_an_artifact_inside_a_volume_is_written_into_the_volume() -> None:
    """What loads it sees that volume; the step needs no mount of its own."""
    take = """
- name: main
  inputs: {artifacts: [{name: taken, path: /work/in/taken.txt, raw: {data: x}}]}
  container:
    {image: a, command: [x], volumeMounts: [{name: work, mountPath: /work, subPath: s}]}
  volumes: [{name: work, emptyDir: {}}]
"""
    world = run(f"entrypoint: main\ntemplates:{take}")
    (loaded,) = inputs(world, "wf")
    assert loaded["path"] == "/mainctrfs/work/in/taken.txt"
    (init,) = world.pods()[0]["spec"]["initContainers"]
    assert {"name": "work", "mountPath": "/mainctrfs/work", "subPath": "s"} in init["volumeMounts"]
    assert "input-artifacts" not in str(world.pods()[0]["spec"]["volumes"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/work", "the path /work of the artifact 'taken' is already mounted"),
        ("relative", "needs an absolute path"),
        ("/a/../b", "needs an absolute path"),
    ],
)
def test_a_path_that_cannot_be_is_an_error_of_the_node(path: str, message: str) -> None:
    """Two things at one place, and ways out."""
    take = f"""
- name: main
  inputs: {{artifacts: [{{name: taken, path: {path}, raw: {{data: x}}}}]}}
  container: {{image: a, command: [x], volumeMounts: [{{name: work, mountPath: /work}}]}}
  volumes: [{{name: work, emptyDir: {{}}}}]
"""
    world = run(f"entrypoint: main\ntemplates:{take}")
    assert message in world.node("wf")["message"]


def test_what_cannot_be_written_to_is_no_place_for_an_output() -> None:
    """Text in a document, or a Git repository."""
    world = ran(STEPS, templates=MAKE.replace("made.txt}", "made.txt, raw: {data: x}}"))
    assert "'made' cannot be kept in raw" in world.node("a")["message"]


def test_an_attempt_loads_what_its_step_was_given() -> None:
    """The second one as the first."""

    def script(name: str, pod: Object) -> End:
        del pod
        return End(code=1 if name.endswith("(0)") else 0)

    retried = MAKE.replace("- name: take\n", "- name: take\n  retryStrategy: {limit: 1}\n")
    world = ran(STEPS, script, retried)
    assert world.status("phase") == "Succeeded", world.status("message")
    assert inputs(world, "b(0)") == inputs(world, "b(1)") != []


DATA = """
  steps:
  - - name: list
      inline:
        data:
          source: {artifactPaths: {name: paths, s3: {key: "in/{{workflow.name}}"}}}
          transformation: [{expression: "filter(data, {# endsWith '.csv'})"}, {expression: data}]
  - - name: each
      template: take
      withParam: "{{steps.list.outputs.result}}"
      arguments: {artifacts: [{name: taken, s3: {key: "{{item}}"}}]}
"""


def test_what_a_data_template_lists_is_looped_over() -> None:
    """Its own pod lists it, and is waited for until its report is seen."""

    def script(name: str, pod: Object) -> End:
        del pod
        return End(result='["x.csv","y.csv"]' if "list" in name else None)

    world = ran(DATA, script)
    assert world.status("phase") == "Succeeded", world.status("message")
    (main,) = pod_of(world, "list")["spec"]["containers"]
    assert main["command"] == ["ruleengine", "step", "data"]
    plan = plan_of(pod_of(world, "list"), "main")
    assert plan["inputs"][0]["location"] == {"plugin": {"name": "directory", "key": "in/wf"}}
    assert plan["data"] == {"expressions": ["filter(data, {# endsWith '.csv'})", "data"]}
    keys = [inputs(world, f"each({item})")[0]["location"]["plugin"]["key"] for item in ITEMS]
    assert keys == ["x.csv", "y.csv"]


ITEMS = ["0:x.csv", "1:y.csv"]


def test_the_manifest_of_a_resource_may_be_an_artifact() -> None:
    """Its pod loads it by itself."""
    main = """
- name: main
  resource: {action: create, manifestFrom: {artifact: {name: m, s3: {key: k}}}}
"""
    world = run(f"entrypoint: main\ntemplates:{main}")
    plan = plan_of(world.pods()[0], "main")
    expected = {"name": "m", "location": {"plugin": {"name": "directory", "key": "k"}}}
    assert plan["inputs"] == [expected]
    assert "artifact-claim" in str(world.pods()[0]["spec"]["containers"][0]["volumeMounts"])
