"""Tasks and triggers that wait for nothing, or for each other, are told where they say so."""

from pathlib import Path

import pytest

from ruleengine.model.findings import Severity
from tests.validation.config_repos import make_repo, told

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: build}
spec:
  entrypoint: main
  templates:
  - {name: work, container: {image: alpine}}
  - name: main
    dag:
      tasks:
"""
SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s}
spec:
  dependencies:
  - {name: push, eventSourceName: t, eventName: push}
  triggers:
"""
SOURCE = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: t}
spec: {webhook: {push: {port: "12000", endpoint: /push, method: POST}}}
"""
RULE = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: graphs}
match: {folder: graphs, form: short}
emit:
- apiVersion: argoproj.io/v1alpha1
  kind: WorkflowTemplate
  metadata: {name: made, namespace: x}
  spec:
    entrypoint: main
    templates:
    - {name: work, container: {image: alpine}}
    - name: main
      dag: {tasks: [{name: made, template: work, dependencies: [made]}]}
"""


def found(folder: Path, files: dict[str, str]) -> list[str]:
    """Return line, column, code and message of every error in a repo."""
    report = make_repo(folder / "config", files).validate()
    return [
        f"{one.place.line}:{one.place.column} {one.code} {one.message}"
        for one in told(report)
        if one.severity is Severity.ERROR
    ]


def tasks(*lines: str) -> dict[str, str]:
    """Return a template with tasks, the first of which stands on line 11."""
    text = "".join(f"      - {{template: work, {one}}}\n" for one in lines)
    return {"pipelines/build.yaml": TEMPLATE + text}


def test_tasks_that_wait_for_their_neighbours_are_fine(tmp_path: Path) -> None:
    """With names, with conditions, and with tags that are known only later."""
    named = tasks(
        "name: one", "name: two, dependencies: [one]", "name: three, dependencies: ['{{item}}']"
    )
    conditions = tasks(
        "name: one", "name: two, depends: one", 'name: three, depends: "one.Failed || !two.Skipped"'
    )
    assert found(tmp_path / "named", named) == []
    assert found(tmp_path / "conditions", conditions) == []


@pytest.mark.parametrize("key", ["dependencies: [oen]", 'depends: "oen.Failed"'])
def test_a_task_that_waits_for_an_unknown_one_is_told(tmp_path: Path, key: str) -> None:
    """At its own line."""
    (text,) = found(tmp_path, tasks("name: one", f"name: two, {key}"))
    assert text.startswith("12:37 reference-task-missing task 'two' waits for 'oen'")


def test_a_circle_is_told_once_with_all_its_tasks(tmp_path: Path) -> None:
    """From the first of its tasks around to it."""
    first = "name: one, depends: three.Failed"
    (text,) = found(tmp_path, tasks(first, "name: two, depends: one", "name: three, depends: two"))
    assert text.startswith("11:37 reference-task-cycle")
    assert "one → three → two → one" in text


def test_a_condition_that_is_none_is_told(tmp_path: Path) -> None:
    """Argo would say so when the workflow is submitted."""
    (text,) = found(tmp_path, tasks("name: one", 'name: two, depends: "one.Done"'))
    assert text.startswith("12:37 reference-condition-invalid")


def test_a_circle_of_steps_in_a_short_form_is_told_at_the_step(tmp_path: Path) -> None:
    """Over however many steps it goes."""
    steps = "".join(
        f"- name: {name}\n  image: alpine\n  needs: {needed}\n"
        for name, needed in (("a", "[c]"), ("b", "a"), ("c", "[b]"))
    )
    (text,) = found(tmp_path, {"pipelines/build.yaml": f"steps:\n{steps}"})
    assert text.startswith("4:3 reference-task-cycle")
    assert text.endswith("a → c → b → a")


def test_a_circle_that_a_team_rule_makes_is_told_at_the_rule(tmp_path: Path) -> None:
    """The document says nothing of it."""
    report = make_repo(
        tmp_path / "config", {"rules/graphs.yaml": RULE, "graphs/x.yaml": "a: 1\n"}
    ).validate()
    (finding,) = told(report)
    assert finding.message == "task 'made' waits for itself, so it never runs"
    assert (finding.place.path, finding.related[0].place.path) == (
        "rules/graphs.yaml",
        "graphs/x.yaml",
    )


@pytest.mark.parametrize(
    "spec",
    [
        "5",
        "{templates: [{name: a, containerSet: {containers: [{name: a, dependencies: 5}]}}]}",
        "{templates: [{name: a, containerSet: {containers: [{name: a, dependencies: [{}]}]}}]}",
        "{templates: [{name: a, steps: [[{template: a, arguments: {parameters: [{name: []}]}}]]}]}",
    ],
)
@pytest.mark.parametrize("kind", ["CronWorkflow", "WorkflowTemplate"])
def test_what_a_team_rule_makes_in_another_shape_is_told_as_that(
    tmp_path: Path, kind: str, spec: str
) -> None:
    """Its shape is told at the rule, and nothing else is asked of it."""
    rule = RULE[: RULE.index("  spec:")].replace("WorkflowTemplate", kind) + f"  spec: {spec}\n"
    report = make_repo(
        tmp_path / "config", {"rules/graphs.yaml": rule, "graphs/x.yaml": "a: 1\n"}
    ).validate()
    codes = {one.code for one in told(report) if one.place.path == "rules/graphs.yaml"}
    assert codes
    assert codes <= {"schema-value-type", "schema-field-missing", "schema-field-unknown"}


@pytest.mark.parametrize(
    ("trigger", "place", "words"),
    [
        ("{template: {name: x, conditions: push, log: {}}}", "", ""),
        ("{template: {name: x, conditions: psh, log: {}}}", "8:26", "'psh' is no dependency"),
        ("{template: {name: x, conditions: '!push', log: {}}}", "8:26", "with `!` never fires"),
        (
            "{template: {name: x, log: {}}, parameters: [{src: {dependencyName: a}, dest: log.x}]}",
            "8:56",
            "'a' is no dependency",
        ),
    ],
)
def test_a_trigger_waits_for_dependencies_of_its_sensor(
    tmp_path: Path, trigger: str, place: str, words: str
) -> None:
    """With others it would wait forever."""
    files = {"triggers/s.yaml": f"{SENSOR}  - {trigger}\n", "triggers/t.yaml": SOURCE}
    texts = found(tmp_path, files)
    assert [one.partition(" ")[0] for one in texts] == [place] * bool(place)
    assert all(words in one for one in texts)


def test_conditions_of_a_short_form_are_told_where_they_are_written(tmp_path: Path) -> None:
    """The sensor that is made of it stands in no file."""
    text = "on:\n  push: {webhook: {}}\ndo:\n- log: {}\n  conditions: push || pull\n"
    (only,) = found(tmp_path, {"triggers/x.yaml": text})
    assert only.startswith("5:3 reference-dependency-missing 'pull'")
