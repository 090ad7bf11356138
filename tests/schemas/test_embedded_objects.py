"""Objects inside documents are checked as deeply as documents."""

from tests.schemas.reading import check, errors

SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: on-push}}
spec:
  dependencies:
  - {{name: push, eventSourceName: hooks, eventName: push}}
  triggers:
  - template:
      name: build
      {action}:
        operation: {operation}
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {{generateName: build-}}
            spec:
{spec}"""

MANIFEST = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: outer-}}
spec:
  entrypoint: main
  templates:
  - name: main
    resource:
      action: create
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: "{{{{workflow.name}}}}"
{rest}"""


def test_a_workflow_inside_a_sensor_is_checked() -> None:
    """The finding is at the line of the sensor's file."""
    spec = "              entrypoint: main\n              templats: []\n"
    text = SENSOR.format(action="argoWorkflow", operation="submit", spec=spec)
    (finding,) = errors(check(text, "triggers/a.yaml"))
    assert finding.place.line == 19
    assert finding.remedy == "did you mean 'templates'?"


def test_a_patch_may_leave_out_what_an_object_needs() -> None:
    """What is merged into a live object is no whole object."""
    text = SENSOR.format(action="k8s", operation="patch", spec="              suspend: true\n")
    text = text.replace("kind: Workflow", "kind: CronWorkflow").replace(
        "generateName: build-", "name: b"
    )
    assert not errors(check(text, "triggers/a.yaml"))


def test_a_created_object_may_not() -> None:
    """What is created must be whole."""
    text = SENSOR.format(action="k8s", operation="create", spec="              suspend: true\n")
    text = text.replace("kind: Workflow", "kind: CronWorkflow").replace(
        "generateName: build-", "name: b"
    )
    assert "schema-field-missing" in {one.code for one in check(text, "triggers/a.yaml")}


def test_a_manifest_in_a_text_is_checked_at_its_line() -> None:
    """The text is a block, so each of its lines is a line of the file."""
    text = MANIFEST.format(rest="        dta: {a: b}\n")
    (finding,) = errors(check(text, "pipelines/a.yaml"))
    assert finding.place.line == 15
    assert finding.remedy == "did you mean 'data'?"


def test_a_manifest_that_only_tags_make_valid_is_left_alone() -> None:
    """What is no YAML before its tags are rendered may be YAML afterwards."""
    text = MANIFEST.format(rest="        data: {{inputs.parameters.data}}\n")
    assert not check(text, "pipelines/a.yaml")


def test_objects_of_a_list_are_checked() -> None:
    """A ``List`` is a way to write several documents as one."""
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n"
    text += "  metadata: {name: web}\n  spec: {prts: []}\n"
    (finding,) = errors(check(text, "apps/list.yaml"))
    assert (finding.place.line, finding.remedy) == (7, "did you mean 'ports'?")
