"""Templates: in place, by default, and from other documents."""

import pytest

from ruleengine.formats.yaml_reader import read
from ruleengine.model.values import Object
from tests.pipelines.worlds import run, succeed, world_of

SHARED = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared, namespace: pipelines}
spec:
  entrypoint: both
  arguments: {parameters: [{name: who, value: template}, {name: how, value: loud}]}
  templates:
  - name: both
    steps:
    - - {name: one, template: say}
  - name: say
    container:
      image: alpine
      command: [echo]
      args: ["{{workflow.parameters.who}} {{workflow.parameters.how}}"]
"""


def shared(**changes: str) -> Object:
    """Return the shared template, or one for the whole cluster."""
    text = SHARED
    for old, new in changes.items():
        text = text.replace(old, new)
    value: Object = read(text.encode(), "t").documents[0].value
    if value["kind"].startswith("Cluster"):
        value["metadata"].pop("namespace")
    return value


def test_a_workflow_made_of_a_template_runs_it_with_its_own_arguments() -> None:
    """Argument by argument; what it was made of is kept in its status."""
    world = run(
        "workflowTemplateRef: {name: shared}\narguments: {parameters: [{name: who, value: mine}]}",
        succeed,
        shared(),
    )
    assert world.status("phase") == "Succeeded"
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["mine loud"]
    assert world.status("storedWorkflowTemplateSpec", "entrypoint") == "both"


def test_a_workflow_goes_on_as_it_began_whatever_becomes_of_its_template() -> None:
    """It was frozen at the beginning."""
    world = world_of("workflowTemplateRef: {name: shared}", succeed, shared())
    world.turn()
    world.put(shared(echo="changed"))
    world.memo = None
    world.settle()
    assert world.pods()[0]["spec"]["containers"][0]["command"] == ["echo"]


def test_a_workflow_whose_template_is_not_there_says_so() -> None:
    """And one that has templates beside the reference."""
    world = run("workflowTemplateRef: {name: absent}")
    assert world.status("message") == "WorkflowTemplate 'absent' not found"
    world = run("workflowTemplateRef: {name: shared}\ntemplates: [{name: x}]", succeed, shared())
    assert "may not stand beside" in world.status("message")


REFERRING = """
entrypoint: main
arguments: {parameters: [{name: who, value: me}, {name: how, value: softly}]}
templates:
- name: main
  steps:
  - - name: far
      templateRef: {name: shared, template: both}
"""


def test_a_template_of_another_document_runs_in_its_own_scope() -> None:
    """The names inside of it are looked up where it comes from."""
    world = run(REFERRING, succeed, shared())
    assert world.status("phase") == "Succeeded"
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["me softly"]
    assert world.node("far")["templateRef"] == {"name": "shared", "template": "both"}
    assert world.node("one")["templateScope"] == "namespaced/shared"
    assert set(world.status("storedTemplates")) == {
        "namespaced/shared/both",
        "namespaced/shared/say",
    }


@pytest.mark.parametrize("template", ["say", "both"])
def test_a_template_of_another_document_knows_the_name_of_its_pod(template: str) -> None:
    """Which tells the template, called by its document or by another of that."""
    document = shared()
    document["spec"]["templates"][1]["container"]["args"] = ["{{pod.name}}"]
    world = run(
        f"""
entrypoint: main
templates:
- name: main
  steps: [[{{name: far, templateRef: {{name: shared, template: {template}}}}}]]
""",
        succeed,
        document,
    )
    (pod,) = world.pods()
    assert pod["spec"]["containers"][0]["args"] == [pod["metadata"]["name"]]
    assert "-say-" in pod["metadata"]["name"]


def test_templates_of_the_whole_cluster_are_found() -> None:
    """For a reference of a step and of a workflow."""
    cluster = shared(WorkflowTemplate="ClusterWorkflowTemplate")
    step = REFERRING.replace("template: both}", "template: both, clusterScope: true}")
    assert run(step, succeed, cluster).status("phase") == "Succeeded"
    whole = "workflowTemplateRef: {name: shared, clusterScope: true}"
    assert run(whole, succeed, cluster).status("phase") == "Succeeded"
    assert run(whole, succeed, shared()).status("phase") == "Error"


def test_a_reference_to_nothing_is_an_error_of_its_step() -> None:
    """It names what is not there."""
    world = run(REFERRING)
    assert world.node("far")["message"] == "WorkflowTemplate 'shared' not found"
    world = run(REFERRING.replace("both", "none"), succeed, shared())
    assert world.node("far")["message"] == "template 'none' not found in shared"


def test_a_template_may_be_written_in_place() -> None:
    """With the tags of its step; also steps in steps."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  steps:
  - - name: each
      inline:
        steps:
        - - name: in
            inline: {container: {image: alpine, command: [echo], args: ["{{item}}"]}}
      withItems: [a, b]
"""
    )
    assert world.status("phase") == "Succeeded"
    args = sorted(one["spec"]["containers"][0]["args"][0] for one in world.pods())
    assert args == ["a", "b"]


def test_defaults_stand_under_every_template() -> None:
    """Those for another type of template do not concern it; what it says itself wins."""
    world = run(
        """
entrypoint: main
templateDefaults:
  container: {image: alpine, imagePullPolicy: Always}
  activeDeadlineSeconds: 9
templates:
- name: main
  steps:
  - - {name: one, template: one}
    - {name: two, template: two}
- name: one
  container: {command: [echo], imagePullPolicy: Never}
- name: two
  activeDeadlineSeconds: 5
  script: {image: bash, command: [bash], source: echo}
"""
    )
    two, one = sorted(world.pods(), key=lambda pod: pod["spec"]["activeDeadlineSeconds"])
    main = one["spec"]["containers"][0]
    assert (main["image"], main["imagePullPolicy"]) == ("alpine", "Never")
    assert one["spec"]["activeDeadlineSeconds"] == 9
    assert two["spec"]["activeDeadlineSeconds"] == 5
    assert "imagePullPolicy" not in two["spec"]["containers"][0]


def test_a_hook_may_be_a_template_of_another_document() -> None:
    """As a step may."""
    world = run(
        """
entrypoint: main
arguments: {parameters: [{name: who, value: me}, {name: how, value: so}]}
hooks: {exit: {templateRef: {name: shared, template: say}}}
templates:
- name: main
  container: {image: alpine, command: [work]}
""",
        succeed,
        shared(),
    )
    assert world.began == ["", ".onExit"]
    assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize(
    "calls",
    [
        "steps: [[{name: again, template: main}]]",
        "dag: {tasks: [{name: again, template: main}]}",
        "retryStrategy: {limit: 0}\n  dag: {tasks: [{name: a, template: main, withItems: [1]}]}",
    ],
)
def test_recursion_without_end_is_cut_off(calls: str) -> None:
    """A template may call itself, but not for ever."""
    world = run(f"entrypoint: main\ntemplates:\n- name: main\n  {calls}\n")
    assert world.status("phase") in ("Failed", "Error")
    deepest = max(world.nodes(), key=lambda one: len(one["name"]))
    assert deepest["message"] == "Maximum recursion depth exceeded"
