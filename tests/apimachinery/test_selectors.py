"""Selectors mean what kubectl users expect of them."""

import pytest

from ruleengine.apimachinery.selectors import (
    FieldRequirement,
    SelectorError,
    label_selector_from_object,
    parse_field_selector,
    parse_label_selector,
)

LABELS = {"app": "web", "tier": "front", "weight": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("app=web", True),
        ("app==web,tier=back", False),
        ("app!=web", False),
        ("other!=web", True),
        ("app in (web, api),tier", True),
        ("app notin (web,api)", False),
        ("other notin (web)", True),
        ("other in (web)", False),
        ("other=", False),
        ("weight>5,weight<8", True),
        ("app>5", False),
        ("metadata.example.com/name!=x , app = web", True),
    ],
)
def test_a_label_selector_matches(text: str, matches: bool) -> None:
    """Every operator, absent labels and white space among them."""
    assert parse_label_selector(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    "text",
    ["a=b,", ",a", "a b", "in (x)", "a in x", "a in (b", "a=b=c", "=b", "!", "-a", "a>x", "a=-b"],
)
def test_a_broken_label_selector_is_refused(text: str) -> None:
    """A text outside the grammar is an error that repeats the text."""
    with pytest.raises(SelectorError, match="unable to parse"):
        parse_label_selector(text)


def test_a_selector_prints_what_parses_to_the_same() -> None:
    """Printing and parsing are inverse."""
    selector = parse_label_selector("a,!b,c=d,e!=f,g in (h,i),j notin (k,l),m>1,n<2")
    assert parse_label_selector(str(selector)) == selector


def test_a_selector_object_needs_all_of_its_conditions() -> None:
    """Labels and expressions must hold together; an empty object matches everything."""
    selector = label_selector_from_object(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "NotIn", "values": ["back"]},
                {"key": "gone", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches(LABELS)
    assert not selector.matches({"app": "web", "gone": ""})
    assert label_selector_from_object({}).matches({})
    assert label_selector_from_object(None).matches(None)


@pytest.mark.parametrize(
    "expression",
    [
        {"key": "a", "operator": "Equals", "values": ["b"]},
        {"key": "a", "operator": "In", "values": []},
        {"key": "a", "operator": "Exists", "values": ["b"]},
        {"key": "a", "operator": "Gt", "values": ["1", "2"]},
    ],
)
def test_a_wrong_expression_is_refused(expression: dict[str, object]) -> None:
    """An unknown operator or values that do not fit it are errors."""
    with pytest.raises(SelectorError):
        label_selector_from_object({"matchExpressions": [expression]})


def test_a_field_selector_is_a_list_of_conditions() -> None:
    """Repetition, escapes and both operators are kept."""
    assert parse_field_selector(
        r"metadata.name=a\,b\=c,status.phase!=Running,metadata.name==x"
    ) == (
        FieldRequirement("metadata.name", "=", "a,b=c"),
        FieldRequirement("status.phase", "!=", "Running"),
        FieldRequirement("metadata.name", "=", "x"),
    )
    assert parse_field_selector("") == ()
    assert parse_field_selector("spec.nodeName=")[0].matches("")
    assert parse_field_selector("a!=b")[0].matches("c")


@pytest.mark.parametrize("text", ["metadata.name", "=x", "a=b=c"])
def test_a_broken_field_selector_is_refused(text: str) -> None:
    """A term without an operator, or with two, is an error."""
    with pytest.raises(SelectorError, match="field selector"):
        parse_field_selector(text)
