"""Selectors mean what kubectl users expect of them."""

import pytest

from ruleengine.apimachinery.field_selectors import FieldRequirement, parse_field_selector
from ruleengine.apimachinery.selectors import (
    SelectorError,
    label_selector_from_object,
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


NAME = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b,", "found '', expected: identifier after ','"),
        ("a=b,,c", "found ',', expected: identifier after ','"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a in (b)c", "found 'c', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a=!b", "unable to parse requirement: found '!', expected: identifier"),
        (
            "a b",
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        ),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        (
            "a in (",
            "unable to parse requirement: found '', expected: ',', ')' or identifier",
        ),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        (
            "a>x",
            (
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
                "operators, the value must be an integer"
            ),
        ),
        ("-a", f'unable to parse requirement: <nil>: Invalid value: "-a": name part {NAME}'),
        (
            "a/b/c",
            (
                'unable to parse requirement: <nil>: Invalid value: "a/b/c": '
                f"a qualified name {NAME} with an optional DNS subdomain "
                "prefix and '/' (e.g. 'example.com/MyName')"
            ),
        ),
        (
            f"a={'x' * 64}",
            (
                f'unable to parse requirement: values[0][a]: Invalid value: "{"x" * 64}": '
                "must be no more than 63 characters"
            ),
        ),
    ],
)
def test_a_broken_label_selector_is_refused(text: str, message: str) -> None:
    """In the words of the API."""
    with pytest.raises(SelectorError) as caught:
        parse_label_selector(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("b==c, a!=d", "a!=d,b==c"),
        ("x in (c,b,b)", "x in (b,c)"),
        ("x in ()", "x in ()"),
        ("x in (,a)", "x in (,a)"),
        ("in in (in),notin=in", "in in (in),notin=in"),
        (" !a ", "!a"),
        ("a=,b!=", "a=,b!="),
    ],
)
def test_a_selector_is_printed_as_the_api_prints_it(text: str, printed: str) -> None:
    """By key, values in order, each operator as it was written."""
    assert str(parse_label_selector(text)) == printed


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
        {"key": "a", "operator": "Gt", "values": ["1"]},
        {"key": "-a", "operator": "Exists"},
        {"key": "a", "operator": "In", "values": ["-"]},
        {"key": "a", "operator": "In", "values": [1]},
        {"key": "a", "operator": "In", "values": "b"},
        {"key": 1, "operator": "Exists"},
        {"operator": []},
        "a",
    ],
)
def test_a_wrong_expression_is_refused(expression: object) -> None:
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


@pytest.mark.parametrize("selector", [[], {"matchLabels": []}, {"matchExpressions": {}}])
def test_a_selector_object_of_the_wrong_shape_is_refused(selector: object) -> None:
    """Whatever it is, with the one error."""
    with pytest.raises(SelectorError):
        label_selector_from_object(selector)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_broken_field_selector_is_refused(text: str, message: str) -> None:
    """In the words of the API."""
    with pytest.raises(SelectorError) as caught:
        parse_field_selector(text)
    assert str(caught.value) == message
