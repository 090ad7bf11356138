"""Node-field selectors: which nodes a person means."""

import pytest

from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.selecting import parse_selector, selected

NODE: Object = {
    "id": "wf-1",
    "name": "wf.a",
    "displayName": "a",
    "type": "Suspend",
    "phase": "Running",
    "templateName": "ask",
    "templateRef": {"name": "shared", "template": "ask"},
    "inputs": {"parameters": [{"name": "env", "value": "staging"}]},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("displayName=a", True),
        ("displayName==a, phase=Running", True),
        ("displayName=a,phase=Failed", False),
        ("phase!=Failed", True),
        ("phase!=Running", False),
        ("id=wf-1,name=wf.a,type=Suspend,templateName=ask", True),
        ("templateRef.name=shared,templateRef.template=ask", True),
        ("inputs.parameters.env.value=staging", True),
        ("inputs.parameters.env.value!=staging", False),
        ("inputs.parameters.other.value=", True),
    ],
)
def test_a_selector_means_nodes_by_their_fields(text: str, *, expected: bool) -> None:
    """Every part has to hold."""
    assert parse_selector(text).matches(NODE) is expected


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("displayname=a", "did you mean displayName?"),
        ("colour=red", "known: displayName"),
        ("displayName", "write FIELD=VALUE"),
    ],
)
def test_a_selector_that_is_none_says_so(text: str, remedy: str) -> None:
    """With the field that is meant, where one is near."""
    with pytest.raises(UsageError) as caught:
        parse_selector(text)
    assert remedy in caught.value.remedy


def test_a_workflow_is_shown_with_the_nodes_that_are_meant() -> None:
    """All else of it stays; without a selector, or before it has nodes, it is shown as it is."""
    other = {**NODE, "id": "wf-2", "displayName": "b"}
    workflow = {"spec": {}, "status": {"phase": "Running", "nodes": {"wf-1": NODE, "wf-2": other}}}
    found = selected(workflow, parse_selector("displayName=b"))
    assert found == {"spec": {}, "status": {"phase": "Running", "nodes": {"wf-2": other}}}
    assert selected(workflow, parse_selector("")) is workflow
    assert selected({"spec": {}}, parse_selector("displayName=b")) == {"spec": {}}
