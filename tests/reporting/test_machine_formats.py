"""JSON, SARIF and JUnit: what machines read."""

import json
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from ruleengine.model.actions import Plan, Result
from ruleengine.model.codes import Code
from ruleengine.model.data import data_folder
from ruleengine.model.values import Object
from ruleengine.reporting.as_json import as_text, findings_data, outcomes_data, plan_data
from ruleengine.reporting.junit import junit_text
from ruleengine.reporting.sarif import sarif_data
from tests.reporting.samples import DOUBTFUL, PLAN, SECRET_CHANGE, WRONG, outcome


def _check(data: Object, name: str) -> None:
    schema = json.loads((data_folder("schemas") / "output" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(data)


def test_findings_follow_their_schema() -> None:
    """Every field of the design's section 9 is there."""
    data = findings_data([WRONG, DOUBTFUL])
    _check(data, "findings")
    assert data["findings"][1] == {
        "severity": "error",
        "code": "schema-field-unknown",
        "message": 'the field "replica" is not known',
        "remedy": 'did you mean "replicas"?',
        "path": "rollouts/web.yaml",
        "line": 2,
        "column": 3,
        "related": [
            {"path": "schemas/rollout.json", "line": 0, "column": 0, "message": "the schema"}
        ],
    }


def test_a_plan_follows_its_schema() -> None:
    """Actions keep their order; totals are by change."""
    data = plan_data(PLAN)
    _check(data, "plan")
    assert data["summary"]["update"] == 2
    assert data["actions"][0]["diff"] == [{"path": "spec.replicas", "old": 2, "new": 3}]


def test_outcomes_follow_their_schema() -> None:
    """An outcome is its planned action with a result and a message."""
    data = outcomes_data([outcome(Result.UPDATED), outcome(Result.UNCHANGED, writes=0)])
    _check(data, "outcomes")
    assert (data["writes"], data["summary"]) == (1, {"updated": 1, "unchanged": 1})


def test_no_structured_output_holds_a_secret() -> None:
    """Values of a Secret are masked, its keys are not."""
    text = as_text(plan_data(Plan(actions=(SECRET_CHANGE,))), "json")
    assert "password" in text
    for value in ("b2xk", "bmV3", "hunter2"):
        assert value not in text


def test_an_unknown_format_is_refused() -> None:
    """Only JSON and YAML are spellings of data."""
    with pytest.raises(ValueError, match="structured"):
        as_text({}, "toml")


def test_sarif_names_each_rule_once() -> None:
    """Codes in use become rules, results point at them."""
    codes = {WRONG.code: Code(WRONG.code, "a field that does not exist", "correct it")}
    (run,) = sarif_data([WRONG, WRONG, DOUBTFUL], codes, "1.2.3")["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["policy-tag-missing", "schema-field-unknown"]
    assert rules[1]["shortDescription"]["text"] == "a field that does not exist"
    assert [(one["level"], one["ruleIndex"]) for one in run["results"]] == [
        ("warning", 0),
        ("error", 1),
    ]
    region = run["results"][1]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 3}


def test_sarif_shows_waived_findings_as_suppressed() -> None:
    """A code host closes them with the team's reason."""
    (run,) = sarif_data([], {}, "1.2.3", waived=[(DOUBTFUL, "moving next week")])["runs"]
    (result,) = run["results"]
    assert result["suppressions"][0]["justification"] == "moving next week"


def test_junit_fails_the_files_that_have_errors() -> None:
    """A warning is no failure; the run as a whole is a test of its own."""
    suite = ET.fromstring(junit_text([WRONG, DOUBTFUL], files=2, documents=3))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["rollouts/web.yaml"]


def test_a_clean_run_is_one_passed_test() -> None:
    """CI servers complain about reports without tests."""
    suite = ET.fromstring(junit_text([], files=2, documents=3))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
