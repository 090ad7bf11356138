"""The support tables list every field, and coverage tells what a repo uses."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.apimachinery.support import Support, unhonoured
from ruleengine.model.configuration import Engine
from ruleengine.model.values import Object, Value
from ruleengine.validation.support import coverage, support_of, unsupported
from tests.schemas.reading import documents
from tools.schemas.facts import AREAS, Facts, area_of, element
from tools.schemas.primitives import ALIASES, PRIMITIVES

PROJECT = Path(__file__).resolve().parent.parent.parent
TABLES = PROJECT / "docs" / "support"


def rows() -> list[dict[str, str]]:
    """Return all rows of all tables."""
    found = []
    for area in AREAS.values():
        with (TABLES / f"{area}.tsv").open() as table:
            found += list(csv.DictReader(table, delimiter="\t"))
    return found


def fields() -> Iterator[tuple[str, str]]:
    """Walk the facts on their own: every field of every kind, written as in the tables."""
    facts = Facts(PROJECT / "schemas")
    for kind in facts.kinds:
        seen: set[str] = set()
        waiting = [("", facts.root_of(kind))]
        while waiting:
            path, type_name = waiting.pop()
            for name, field in facts.fields(type_name).items():
                inner = element(field.type)
                wrapping = field.type.removesuffix(inner).replace("map[string]", "{}")
                if inner in ALIASES:
                    inner, wrapping = element(ALIASES[inner]), f"{wrapping}[]"
                place = f"{path}.{name}{wrapping}".lstrip(".")
                yield kind, place
                known = inner in facts and inner not in PRIMITIVES
                if known and area_of(inner) != "kubernetes" and inner not in seen:
                    seen.add(inner)
                    waiting.append((place, inner))


def test_every_field_of_every_kind_has_a_row() -> None:
    """No field of the facts is without a state."""
    listed = {(row["kind"], row["path"]) for row in rows()}
    walked = list(fields())
    for kind, place in walked:
        assert support_of(kind, place) in Support
    print(f"support: {len(listed)} rows, {len(walked)} fields walked")
    assert len(listed) > 2000


def holding(place: str) -> Object:
    """Return a spec in which one field has a value."""
    value: Value = "value"
    for part in reversed(place.split(".")[1:]):
        name = part.rstrip("[]{}")
        wrapping = part[len(name) :]
        while wrapping:
            value = [value] if wrapping.endswith("[]") else {"key": value}
            wrapping = wrapping[:-2]
        value = {name: value}
    return value


def test_every_field_that_is_not_honoured_is_found_in_an_object() -> None:
    """Reconcilers that ask for these leave the object alone; what is honoured is none of them."""
    wrong, counts = [], Counter()
    for kind, place in fields():
        state = support_of(kind, place)
        people = place.rpartition(".")[2] == "description"
        if not place.startswith("spec.") or state is Support.WRITTEN or people:
            continue
        found = list(unhonoured(kind, holding(place)))
        counts[state] += 1
        if bool(found) is not (state is Support.RECORDED):
            wrong.append((kind, place, state, found))
    print(f"support: {dict(counts)}")
    assert wrong == []
    assert min(counts.values()) > 300


def test_every_test_that_a_table_names_exists() -> None:
    """A claim without a proof is no claim."""
    for row in rows():
        for test in row["test"].split():
            file, _, name = test.partition("::")
            assert f"def {name}(" in (PROJECT / file).read_text(), test
        if row["native"] == "honoured" and not row["test"]:
            assert row["path"] in ("metadata", "spec"), row


@pytest.mark.parametrize(
    ("kind", "path", "state"),
    [
        ("Application", "spec.source.path", Support.HONOURED),
        ("Application", "spec.source.helm.values", Support.RECORDED),
        ("Application", "spec.sources[].path", Support.RECORDED),
        ("Rollout", "spec.template.spec.containers[].image", Support.HONOURED),
        ("Experiment", "spec.templates[].template.spec.volumes[].name", Support.RECORDED),
        ("Application", "status.sync.status", Support.WRITTEN),
    ],
)
def test_the_state_of_a_field_is_no_better_than_what_holds_it(
    kind: str, path: str, state: Support
) -> None:
    """Also below types that are listed elsewhere, and below types of Kubernetes."""
    assert support_of(kind, path) is state


def test_with_handover_every_field_is_handed_over() -> None:
    """Argo's own controllers honour it."""
    assert support_of("Workflow", "spec.entrypoint", Engine.HANDOVER) is Support.HANDED_OVER


def test_an_unknown_field_has_no_state() -> None:
    """A mistake in a caller does not pass for an answer."""
    with pytest.raises(KeyError):
        support_of("Application", "spec.nothing")


def test_coverage_lists_uses_at_their_lines() -> None:
    """Of full documents and of short forms, as deep as the tables go."""
    text = "source:\n  path: apps/web\n  helm: {valueFiles: [a.yaml]}\n"
    text += "syncPolicy: {automated: {prune: true}}\n"
    uses = coverage(documents(text, "environments/staging/web.yaml"), Engine.NATIVE)
    assert [(one.line, one.field, one.state) for one in uses] == [
        (2, "spec.source.path", Support.HONOURED),
        (3, "spec.source.helm.valueFiles[]", Support.RECORDED),
        (4, "spec.syncPolicy.automated.prune", Support.HONOURED),
    ]


def test_coverage_leaves_other_kinds_alone() -> None:
    """Only fields of Argo's kinds are in the tables."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
    assert not coverage(documents(text, "apps/a.yaml"), Engine.NATIVE)


def test_what_is_not_honoured_is_a_warning_at_its_highest_field() -> None:
    """One finding for the whole Helm block, not one for each value in it."""
    text = "source:\n  path: apps/web\n  helm:\n    releaseName: a\n    valueFiles: [a.yaml]\n"
    (document,) = documents(text, "environments/staging/web.yaml")
    (finding,) = unsupported(document)
    assert (finding.severity, finding.place.line) == ("warning", 3)
    assert finding.message == "'source.helm' is not honoured by the native engine yet"


def test_each_element_of_a_list_that_is_not_honoured_has_its_own_line() -> None:
    """Of full documents, too."""
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n"
    text += "  destination: {name: in-cluster}\n  source: {path: a}\n  ignoreDifferences:\n"
    text += "  - {kind: Pod, jsonPointers: [/spec]}\n"
    text += "  - kind: Service\n    jqPathExpressions: [.spec]\n"
    (document,) = documents(text, "environments/web.yaml")
    assert [one.place.line for one in unsupported(document)] == [10]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "rollouts/a.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Experiment\nspec: {a: b, c: d}\n",
        ),
    ],
)
def test_a_kind_that_is_recorded_as_a_whole_is_one_info(path: str, text: str) -> None:
    """However many fields it has: one sentence says it for the document."""
    (document,) = documents(text, path)
    (finding,) = unsupported(document)
    assert (finding.severity, finding.code) == ("info", "support-kind-recorded")
    assert str(finding.place) == f"{path}:1:1"


def test_a_trigger_is_looked_into_key_by_key() -> None:
    """What an entry of ``on`` or ``do`` becomes may not be honoured; each has its own line."""
    text = "on:\n  push:\n    webhook: {port: '1'}\n    transform: {jq: .}\n"
    text += "do:\n- pipeline: a\n  rateLimit: {requestsPerUnit: 1}\n- slack: {channel: a}\n"
    (document,) = documents(text, "triggers/a.yaml")
    found = [(one.place.line, one.message.split("'")[1]) for one in unsupported(document)]
    assert found == [(4, "on.push.transform"), (7, "do[0].rateLimit"), (8, "do[1].slack")]


def test_kinds_of_others_are_not_ours_to_honour() -> None:
    """A ConfigMap is applied, which is all that can be done with it."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    (document,) = documents(text, "environments/a.yaml")
    assert not unsupported(document)


def test_a_description_is_for_people() -> None:
    """Nothing acts on it anywhere, so there is nothing to warn of."""
    text = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: a}\n"
    (document,) = documents(f"{text}spec: {{description: ours}}\n", "environments/a.yaml")
    assert not unsupported(document)


def used(path: str, text: str) -> list[tuple[int, str, str]]:
    """Return line, kind and field of every use in a document."""
    uses = coverage(documents(text, path), Engine.HANDOVER)
    assert {one.state for one in uses} == {Support.HANDED_OVER}
    return [(one.line, one.kind, one.field) for one in uses]


def test_coverage_lists_fields_of_kubernetes_types_one_by_one() -> None:
    """A pod template is not one line."""
    text = "template:\n  metadata: {labels: {app: web}}\n  spec:\n    containers:\n"
    text += "    - name: web\n      resources: {limits: {cpu: 1}}\n      command: [a, b]\n"
    inside = "spec.template.spec.containers[]"
    assert used("rollouts/staging/web.yaml", text) == [
        (2, "Rollout", "spec.template.metadata.labels{}"),
        (5, "Rollout", f"{inside}.name"),
        (6, "Rollout", f"{inside}.resources.limits{{}}"),
        (7, "Rollout", f"{inside}.command[]"),
    ]


def test_coverage_sees_through_the_words_of_pipelines() -> None:
    """What parameters, steps and needs become is listed at their lines."""
    text = """\
parameters:
  one: 1
  two: {description: b}
steps:
- name: a
  image: b
  run: c
  outputs: {version: /tmp/version}
- name: d
  needs: [a]
  template: e
  env:
    KEY: value
parallelism: 2
"""
    template = "spec.templates[]"
    assert used("pipelines/a.yaml", text) == [
        (2, "WorkflowTemplate", "spec.arguments.parameters[].value"),
        (3, "WorkflowTemplate", "spec.arguments.parameters[].description"),
        (5, "WorkflowTemplate", f"{template}.name"),
        (6, "WorkflowTemplate", f"{template}.script.image"),
        (7, "WorkflowTemplate", f"{template}.script.source"),
        (8, "WorkflowTemplate", f"{template}.outputs.parameters[].valueFrom.path"),
        (9, "WorkflowTemplate", f"{template}.dag.tasks[].name"),
        (10, "WorkflowTemplate", f"{template}.dag.tasks[].dependencies[]"),
        (11, "WorkflowTemplate", f"{template}.dag.tasks[].template"),
        (13, "WorkflowTemplate", f"{template}.container.env[].value"),
        (14, "WorkflowTemplate", "spec.parallelism"),
    ]


def test_coverage_knows_that_schedules_make_a_cron_workflow() -> None:
    """Its own fields, and those of the workflow inside of it."""
    text = 'schedules: ["0 3 * * *"]\nsteps:\n- {name: a, image: b, when: c}\n'
    spec = "spec.workflowSpec.templates[]"
    assert used("pipelines/a.yaml", text) == [
        (1, "CronWorkflow", "spec.schedules[]"),
        (3, "CronWorkflow", f"{spec}.name"),
        (3, "CronWorkflow", f"{spec}.container.image"),
        (3, "CronWorkflow", f"{spec}.steps[][].when"),
    ]


def test_coverage_sees_through_the_words_of_triggers() -> None:
    """What events and actions become is listed at their lines."""
    text = """\
on:
  push:
    webhook: {}
    filters: {script: "return true"}
  daily: {schedule: "0 3 * * *"}
do:
- pipeline: a
  parameters:
    one: "{{ .Input.body }}"
    two: fixed
- http:
    url: https://example.com
    payload: {a: {dataKey: body.a}}
- publish: {slack: {}}
- sync: staging/web
  retryStrategy: {steps: 3}
"""
    assert used("triggers/a.yaml", text) == [
        (3, "EventSource", "spec.webhook{}"),
        (4, "Sensor", "spec.dependencies[].filters.script"),
        (5, "EventSource", "spec.calendar{}.schedule"),
        (7, "Sensor", "spec.triggers[].template.argoWorkflow.source.resource"),
        (9, "Sensor", "spec.triggers[].template.argoWorkflow.parameters[].src.dataTemplate"),
        (10, "Sensor", "spec.triggers[].template.argoWorkflow.source.resource"),
        (12, "Sensor", "spec.triggers[].template.http.url"),
        (13, "Sensor", "spec.triggers[].template.http.payload[].src.dataKey"),
        (14, "Sensor", "spec.triggers[].template.slack"),
        (15, "Sensor", "spec.triggers[].template.k8s.source.resource"),
        (16, "Sensor", "spec.triggers[].retryStrategy.steps"),
    ]


def test_coverage_looks_into_a_workflow_that_a_sensor_starts() -> None:
    """The fields of both are listed, each under its kind."""
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
spec:
  triggers:
  - template:
      argoWorkflow:
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            spec: {entrypoint: main}
"""
    assert used("triggers/a.yaml", text) == [
        (8, "Sensor", "spec.triggers[].template.argoWorkflow.source.resource"),
        (11, "Workflow", "spec.entrypoint"),
    ]
