"""The phases of evaluation: set, emit, definitions, references, require, actions."""

import json

import pytest

from ruleengine.model.actions import Verb
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.findings import Place, Severity
from ruleengine.rules import records
from tests.rules.helpers import document, evaluated, objects

_HEAD = "apiVersion: ruleengine.dev/v1\nkind: Rule\n"
_CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: n}\n"


def _rule(name: str, body: str) -> str:
    return f"{_HEAD}metadata: {{name: {name}}}\n{body}"


def test_a_document_goes_over_a_team_and_a_team_over_a_built_in_rule() -> None:
    """The three ranks of ``set``."""
    team = _rule(
        "ours",
        """match: {kind: Application}
set: {spec: {project: team, revisionHistoryLimit: 3, syncPolicy: {automated: {prune: false}}}}
""",
    )
    text = "source: {path: a}\nproject: mine\n"
    spec = objects("environments/staging/web.yaml", text, team)["Application/web-staging"]["spec"]
    assert (spec["project"], spec["revisionHistoryLimit"]) == ("mine", 3)
    assert spec["syncPolicy"]["automated"] == {"prune": False, "selfHeal": True}


def test_defaults_of_the_folder_lie_between_the_document_and_the_rules() -> None:
    """``_defaults.yaml`` fills what the short form leaves out."""
    found = objects(
        "environments/staging/web.yaml",
        "source: {path: a}\n",
        defaults={"Application": {"spec": {"project": "shop", "source": {"path": "no"}}}},
    )
    spec = found["Application/web-staging"]["spec"]
    assert (spec["project"], spec["source"]) == ("shop", {"path": "a"})


def test_rules_of_equal_rank_that_disagree_are_a_finding() -> None:
    """Both rules are named, each with its line."""
    one = _rule("one", "match: {kind: ConfigMap}\nset: {data: {a: x, b: x}}\n")
    other = _rule("other", "match: {kind: ConfigMap}\nset: {data: {a: y, b: x}}\n")
    (finding,) = evaluated("databases/a.yaml", _CONFIG_MAP, one, other).findings
    assert finding.code == "rule-set-conflict"
    assert "one and other set data.a" in finding.message
    assert [one.place.path for one in finding.related] == ["rules/0.yaml", "rules/1.yaml"]


def test_emitted_objects_are_matched_in_turn() -> None:
    """A chain of rules; provenance leads back through it."""
    first = _rule(
        "first",
        """match: {kind: ConfigMap}
emit: [{apiVersion: v1, kind: Secret, metadata: {name: "${{ metadata.name }}-s", namespace: n}}]
""",
    )
    second = _rule(
        "second",
        """match: {kind: Secret}
emit: [{apiVersion: v1, kind: Service, metadata: {name: "${{ metadata.name }}-t", namespace: n}}]
""",
    )
    found = evaluated("databases/a.yaml", _CONFIG_MAP, first, second).derived
    assert [one.object["metadata"]["name"] for one in found] == ["a", "a-s", "a-s-t"]
    origin = found[2].origin
    assert (origin.rule, origin.parent and origin.parent.rule) == ("second", "first")


def test_rules_that_emit_for_one_another_without_end_are_a_finding() -> None:
    """The finding names the rules of the cycle."""
    ping = _rule(
        "ping",
        "match: {kind: ConfigMap}\nemit: [{apiVersion: v1, kind: Secret, metadata: {name: a}}]\n",
    )
    pong = _rule(
        "pong",
        "match: {kind: Secret}\nemit: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]\n",
    )
    (finding,) = evaluated("databases/a.yaml", _CONFIG_MAP, ping, pong).findings
    assert finding.code == "rule-emit-cycle"
    assert "ping → pong → ping" in finding.message


def test_an_emitted_thing_that_is_no_object_is_a_finding() -> None:
    """It needs apiVersion, kind and a name."""
    rule = _rule("r", "match: {kind: ConfigMap}\nemit: [{kind: Secret}]\n")
    found = evaluated("databases/a.yaml", _CONFIG_MAP, rule)
    assert [one.code for one in found.findings] == ["rule-expression-failed"]
    assert found.findings[0].place.path == "rules/0.yaml"


def test_a_policy_is_reported_at_the_field_that_it_names() -> None:
    """Severity, message and remedy are the team's; the rule is related."""
    policy = _rule(
        "production-is-pinned",
        """match: {kind: Application, path: "environments/production/**"}
require:
- that: "spec.source.targetRevision not in ['HEAD', 'main']"
  at: spec.source.targetRevision
  severity: warning
  message: production must name a tag or commit
  remedy: set source.targetRevision
""",
    )
    text = "source:\n  path: a\n  targetRevision: main\n"
    (finding,) = evaluated("environments/production/web.yaml", text, policy).findings
    assert finding.severity is Severity.WARNING
    assert finding.place == Place("environments/production/web.yaml", 3, 3)
    assert "production must name a tag or commit" in finding.message
    assert finding.related[0].place.path == "rules/0.yaml"
    assert evaluated("environments/staging/web.yaml", text, policy).findings == ()


def test_a_field_that_is_not_there_fails_a_policy_and_is_named() -> None:
    """Nothing said is not the same as the right thing said."""
    policy = _rule(
        "pinned",
        """match: {kind: Application}
require:
- {that: "spec.source.targetRevision != 'HEAD'", at: spec.source.targetRevision, message: pin it}
""",
    )
    text = "source:\n  path: a\n"
    (finding,) = evaluated("environments/production/web.yaml", text, policy).findings
    assert "`targetRevision` is not there" in finding.message
    assert finding.place.line == 1


def test_a_rule_matches_by_labels_and_condition() -> None:
    """Selector and ``when`` narrow a rule down."""
    rule = _rule(
        "r",
        """match: {kind: ConfigMap, labels: "tier in (a, b)"}
when: document.data.x == 1
set: {data: {seen: "yes"}}
""",
    )
    plain = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {tier: %s}}\ndata: {x: %d}\n"
    )
    seen = [
        objects("databases/a.yaml", plain % case, rule)["ConfigMap/a"]["data"].get("seen")
        for case in (("a", 1), ("c", 1), ("a", 2))
    ]
    assert seen == ["yes", None, None]


def test_references_name_what_is_passed_and_where() -> None:
    """A trigger's parameters are located one by one."""
    text = """\
on: {push: {webhook: {}}}
do:
- pipeline: build
  parameters:
    revision: main
    name: x
"""
    found = evaluated("triggers/t.yaml", text).references
    (reference,) = [one for one in found if one.kind == "WorkflowTemplate"]
    assert reference.place == Place("triggers/t.yaml", 3, 13)
    assert [(name, place.line) for name, place in reference.passes["parameters"]] == [
        ("revision", 5),
        ("name", 6),
    ]


WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: w, namespace: shop}
spec:
  templates:
  - name: main
    dag:
      tasks:
      - name: one
        templateRef: {name: other, template: work}
        arguments:
          parameters: [{name: image, value: x}]
          artifacts: [{name: source, raw: {data: x}}]
"""


def test_one_reference_hands_over_for_several_aspects() -> None:
    """A task passes parameters and artifacts to the one template that it names."""
    found = evaluated("pipelines/w.yaml", WORKFLOW).references
    (reference,) = [one for one in found if one.kind == "Template"]
    told = {aspect: [name for name, _ in names] for aspect, names in reference.passes.items()}
    assert told == {"parameters": ["image"], "artifacts": ["source"]}


def test_definitions_offer_parameters_and_which_must_be_passed() -> None:
    """A parameter without a default is required."""
    found = evaluated(
        "pipelines/b.yaml",
        "parameters: {a: null, b: 1}\nsteps: [{name: s, image: i, run: r}]\n",
    ).definitions
    (definition,) = [one for one in found if one.kind == "WorkflowTemplate"]
    assert definition.offers == {"parameters": {"a": True, "b": False}}


def test_every_event_of_a_source_is_a_definition() -> None:
    """A sensor can depend on it by source and name."""
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: hooks, namespace: n}
spec: {eventBusName: default, webhook: {push: {}}, calendar: {tick: {}}}
"""
    found = evaluated("triggers/s.yaml", text).definitions
    assert [one.name for one in found if one.kind == "Event"] == ["hooks/tick", "hooks/push"]


def test_a_team_may_decide_what_is_written() -> None:
    """``actions`` replace the apply; an empty list writes nothing."""
    create = _rule(
        "r",
        "match: {kind: ConfigMap}\nactions: [{verb: create, wave: 3, cluster: \"${{ 'far' }}\"}]\n",
    )
    (action,) = evaluated("databases/a.yaml", _CONFIG_MAP, create).actions
    assert (action.verb, action.wave, action.target.cluster) == (Verb.CREATE, 3, "far")
    nothing = _rule("r", "match: {kind: ConfigMap}\nactions: []\n")
    assert evaluated("databases/a.yaml", _CONFIG_MAP, nothing).actions == ()


def test_handover_leaves_argo_to_argo() -> None:
    """No label or opt-out of ours in the pack ``handover``."""
    settings = Configuration(engine=Engine.HANDOVER, control_namespace="argocd", repo="https://x/y")
    found = objects("environments/staging/web.yaml", "source: {path: a}\n", configuration=settings)[
        "Application/web-staging"
    ]
    assert found["metadata"] == {"name": "web-staging", "namespace": "argocd"}
    assert found["spec"]["source"]["repoURL"] == "https://x/y"


def test_a_very_long_name_is_shortened_with_a_digest() -> None:
    """63 characters hold, and different names stay different."""
    names = {
        next(iter(objects(f"environments/staging/{'x' * 80}{end}.yaml", "source: {path: a}\n")))
        for end in "ab"
    }
    assert len(names) == 2
    assert {len(one.removeprefix("Application/")) for one in names} == {63}


def test_a_short_form_that_no_rule_knows_is_a_finding() -> None:
    """It names the folder in its remedy."""
    (finding,) = evaluated("databases/orders.yaml", "size: 1\n").findings
    assert finding.code == "rule-document-unmatched"
    assert "folder: databases, form: short" in finding.remedy


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pipelines/a.yaml", "steps: 5\n"),
        ("pipelines/a.yaml", "steps: [a, [b]]\n"),
        ("pipelines/a.yaml", "steps: [{name: 3, run: [x]}]\nparameters: 7\n"),
        ("triggers/a.yaml", "on: push\ndo: {}\n"),
        ("triggers/a.yaml", "on: {push: null}\ndo: [null]\n"),
        ("rollouts/a.yaml", "environments: {a: b}\n"),
        ("environments/a/b.yaml", "metadata: 1\nsource: 2\ndestination: []\n"),
        ("environments/a/b.yaml", "{}\n"),
    ],
)
def test_a_document_of_the_wrong_shape_never_raises(path: str, text: str) -> None:
    """What comes of it are findings at the document, or an object for the schemas to judge."""
    found = evaluated(path, text)
    assert {one.place.path for one in found.findings} <= {path}


def test_an_evaluation_survives_being_written_down() -> None:
    """The index may keep it as JSON."""
    text = "on: {push: {webhook: {}}}\ndo: [{pipeline: b, parameters: {a: 1}}, {pipelin: b}]\n"
    evaluation = evaluated("triggers/t.yaml", text)
    data = json.loads(json.dumps(records.to_data(evaluation)))
    again = records.from_data(data, document("triggers/t.yaml", text))
    assert again == evaluation


def test_a_full_document_that_a_team_changes_says_so() -> None:
    """``why`` can show the rule; documents left alone have none."""
    rule = _rule("labels", "match: {kind: ConfigMap}\nset: {data: {a: b}}\n")
    (derived,) = evaluated("databases/a.yaml", _CONFIG_MAP, rule).derived
    assert (derived.origin.rule, derived.origin.rule_place) == ("labels", "rules/0.yaml:5")
    (untouched,) = evaluated("databases/a.yaml", _CONFIG_MAP).derived
    assert untouched.origin.rule == ""
    assert untouched.object is untouched.source.value


def test_an_evaluation_is_read_back_for_another_commit() -> None:
    """The same content stands in many commits."""
    one = document("databases/a.yaml", _CONFIG_MAP)
    data = records.to_data(evaluated("databases/a.yaml", _CONFIG_MAP))
    again = records.from_data(data, one, "c0ffee")
    assert again.derived[0].origin.commit == "c0ffee"
    assert again.actions[0].origin == again.derived[0].origin


def test_the_current_steps_own_name_stays_in_its_template() -> None:
    """Argo knows ``{{tasks.name}}`` inside templates too."""
    text = "steps: [{name: s, image: i, run: 'echo {{steps.name}} {{item}}', withItems: [1]}]\n"
    spec = objects("pipelines/b.yaml", text)["WorkflowTemplate/b"]["spec"]
    assert (
        spec["templates"][1]["script"]["source"] == "echo {{steps.name}} {{inputs.parameters.item}}"
    )
    ((step,),) = spec["templates"][0]["steps"]
    assert step["arguments"] == {"parameters": [{"name": "item", "value": "{{item}}"}]}
