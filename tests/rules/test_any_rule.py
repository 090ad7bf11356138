"""Whatever stands in a rule, loading answers with a rule or with findings."""

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.documents import Document
from ruleengine.model.values import Object, Value
from ruleengine.rules.evaluation import evaluate_document
from ruleengine.rules.loading import built_in_sources
from ruleengine.rules.parsing import parse_rule
from ruleengine.rules.ruleset import Rank, RuleSet
from tests.rules.helpers import Configuration, document, documents
from tests.rules.test_any_document import VALUES, Nowhere, replaced


@cache
def _rules() -> tuple[Object, ...]:
    return tuple(
        one.value
        for source in built_in_sources()
        for one in documents(source.path, source.data.decode())
    )


@st.composite
def _mutated(draw: st.DrawFn) -> Value:
    value = draw(st.sampled_from(_rules()))
    key = draw(st.sampled_from([one for one in value if one not in ("apiVersion", "kind")]))
    return {**value, key: replaced(draw, value[key])}


@given(_mutated(), VALUES)
def test_a_mutated_rule_is_a_rule_or_has_findings(value: Value, other: Value) -> None:
    """And where it is a rule, it can be asked about any document."""
    one = Document(path="rules/a.yaml", index=0, line=1, blob="b", value=value, locator=Nowhere())
    rule, findings = parse_rule(one, Rank.TEAM, eager=True)
    assert (rule is None) == bool(findings)
    if rule is not None:
        for path, text in (
            ("environments/staging/web.yaml", "source: {path: a}"),
            ("pipelines/b.yaml", "steps: [{name: a, image: b, run: c}]"),
            ("pipelines/c.yaml", "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, spec: {}}"),
        ):
            given_document = document(path, text)
            found = evaluate_document(
                given_document, {"Application": other}, Configuration(), RuleSet((rule,), "d")
            )
            assert found.definitions is not None
