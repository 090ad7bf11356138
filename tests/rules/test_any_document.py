"""Whatever stands in a document, evaluation answers with values and never raises."""

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import Configuration
from ruleengine.model.documents import Document
from ruleengine.model.findings import Severity
from ruleengine.model.values import Value
from ruleengine.rules import records
from ruleengine.rules.evaluation import evaluate_document
from ruleengine.rules.loading import load_sources
from ruleengine.rules.ruleset import RuleSet
from ruleengine.rules.testing import built_in_tests
from tests.rules.helpers import documents
from tests.vectors import vectors_folder

_SETTINGS = Configuration()


@cache
def _rules() -> RuleSet:
    return load_sources([], _SETTINGS.engine).rules


@cache
def _given_documents() -> tuple[tuple[str, Value], ...]:
    """The documents of the built-in rules' own tests, with their paths."""
    return tuple(
        (test.value["given"]["path"], test.value["given"]["document"])
        for source in built_in_tests()
        for test in documents(source.path, source.data.decode())
    )


class Nowhere:
    """Places of a document that was never text."""

    def key(self, path: tuple[str | int, ...]) -> tuple[int, int]:
        """Make up a position, the deeper the path the further down."""
        return len(path) + 1, 1

    value = key


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("${{ 1 }}{{x}}"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def replaced(draw: st.DrawFn, node: Value) -> Value:
    """Return ``node`` with one value, somewhere in it, replaced by any other."""
    if not node or not isinstance(node, dict | list) or draw(st.integers(0, 3)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
    copy = node.copy()
    copy[key] = replaced(draw, node[key])
    return copy


@st.composite
def _mutated(draw: st.DrawFn) -> Document:
    path, value = draw(st.sampled_from(_given_documents()))
    key = draw(st.sampled_from(list(value)))
    return Document(
        path=path,
        index=0,
        line=1,
        blob="b",
        value={**value, key: replaced(draw, value[key])},
        locator=Nowhere(),
    )


@given(_mutated())
def test_a_mutated_document_yields_values(document: Document) -> None:
    """Objects or findings, all of which can be written down and read back."""
    evaluation = evaluate_document(document, {}, _SETTINGS, _rules())
    assert {one.place.path for one in evaluation.findings} <= {document.path}
    data = json.loads(json.dumps(records.to_data(evaluation)))
    assert records.from_data(data, document) == evaluation


@given(_mutated())
def test_evaluation_is_a_function_of_its_arguments(document: Document) -> None:
    """Twice the same, and the document is as it was."""
    before = json.dumps(document.value)
    first = evaluate_document(document, {}, _SETTINGS, _rules())
    assert evaluate_document(document, {}, _SETTINGS, _rules()) == first
    assert json.dumps(document.value) == before


@pytest.mark.vectors
def test_public_documents_pass_the_built_in_rules_without_an_error() -> None:
    """Every Argo document means what it means there."""
    count = 0
    for file in sorted(vectors_folder("documents").glob("accept/*/*.yaml")):
        path = f"{file.parent.name}/{file.name}"
        for index, one in enumerate(yaml_reader.read(file.read_bytes(), path).documents):
            document = Document(
                path=path,
                index=index,
                line=one.line,
                blob="b",
                value=one.value,
                locator=one.locator,
            )
            evaluation = evaluate_document(document, {}, _SETTINGS, _rules())
            errors = [one for one in evaluation.findings if one.severity is Severity.ERROR]
            assert errors == []
            # Labels and a namespace may be added; what the document specifies is untouched.
            assert evaluation.derived[0].object.get("spec") == document.value.get("spec")
            count += 1
    assert count >= 150
