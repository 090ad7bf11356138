"""Tests of rules: the built-in rules pass theirs, and a wrong expectation is told."""

import pytest

from ruleengine.model.configuration import Engine
from ruleengine.rules.loading import Source, load_sources
from ruleengine.rules.ruleset import RuleSet
from ruleengine.rules.testing import RuleTestOutcome, built_in_tests, run_tests


def _rules(engine: Engine) -> RuleSet:
    return load_sources([], engine).rules


_OUTCOMES = run_tests(built_in_tests(), _rules, Engine.NATIVE)


@pytest.mark.parametrize("outcome", _OUTCOMES, ids=lambda one: one.name.replace(" ", "_"))
def test_a_built_in_rule_does_what_its_test_says(outcome: RuleTestOutcome) -> None:
    """Each test beside the built-in rules passes."""
    assert [f"{one.place}: {one.message}" for one in outcome.problems] == []


def test_every_area_tests_its_rules() -> None:
    """No area of the built-in rules is without tests."""
    areas = {one.place.split("/")[2] for one in _OUTCOMES}
    assert areas == {"environments", "pipelines", "rollouts", "triggers"}


def _run(text: str) -> RuleTestOutcome:
    (outcome,) = run_tests(
        [Source("rules/tests/t.yaml", "b", text.encode())], _rules, Engine.NATIVE
    )
    return outcome


_TEST = """\
apiVersion: ruleengine.dev/v1
kind: RuleTest
metadata: {name: t}
given:
  path: environments/staging/web.yaml
  document: {source: {path: apps/web}}
"""


def test_a_wrong_field_fails_the_test_at_its_line() -> None:
    """The finding names the field, what it is, and where the test expects something else."""
    outcome = _run(
        _TEST
        + """expect:
  objects:
  - kind: Application
    metadata: {name: web-staging}
    spec:
      project: other
"""
    )
    assert [(one.code, one.place.line) for one in outcome.problems] == [("rule-test-failed", 12)]
    assert "is default, not other" in outcome.problems[0].message


def test_an_object_that_is_not_expected_fails_the_test() -> None:
    """What a test does not name must not be there."""
    assert not _run(_TEST + "expect: {objects: []}\n").passed


def test_a_misspelt_key_of_a_test_is_told() -> None:
    """A key that tests do not have would test nothing."""
    outcome = _run(_TEST + "expect: {object: []}\n")
    assert [one.code for one in outcome.problems] == ["rule-test-invalid"]
    assert "did you mean 'objects'" in outcome.problems[0].message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a\n", 1),
        ("text\n", 1),
        (_TEST.replace("given:\n", "given: 5\nother:\n") + "expect: {}\n", 4),
        (_TEST + "  defaults: [a]\nexpect: {}\n", 7),
        (_TEST + "  configuration: 5\nexpect: {}\n", 7),
        (_TEST + "  configuration: {namespace: [a]}\nexpect: {}\n", 7),
        (_TEST + "  configuration: {engine: {a: b}}\nexpect: {}\n", 7),
        (_TEST + "expect: 5\n", 7),
        (_TEST + "expect: {objects: 5}\n", 7),
        (_TEST + "expect:\n  objects:\n  - 5\n", 9),
        (_TEST + "expect:\n  objects:\n  - {kind: A, metadata: b}\n", 9),
        (_TEST + "expect: {findings: {a: b}}\n", 7),
        (_TEST + "expect:\n  references:\n  - [a]\n", 9),
    ],
)
def test_a_test_of_the_wrong_shape_is_told_at_its_line(text: str, line: int) -> None:
    """Whatever stands there, the test is not run and nothing raises."""
    outcome = _run(text)
    assert {one.code for one in outcome.problems} == {"rule-test-invalid"}
    assert line in {one.place.line for one in outcome.problems}
