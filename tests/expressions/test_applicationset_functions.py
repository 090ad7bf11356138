"""Templates of ApplicationSets make names that Kubernetes takes, and read and write YAML."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import gotemplates, sprig
from ruleengine.expressions.applicationset_functions import FUNCTIONS
from ruleengine.expressions.language import ExpressionError

ALL = {**sprig.functions(), **FUNCTIONS}


def rendered(text: str, data: Any = None) -> str:
    """Evaluate a template as an ApplicationSet does."""
    return gotemplates.compile(text, functions=ALL, options=["missingkey=error"]).eval(data)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ('{{ normalize "Feature/My_Branch é." }}', "feature-my-branch"),
        ('{{ normalize "-.a.b.-" }} {{ normalize "" }}', "a.b "),
        ('{{ slugify "feat/a_really+awesome.feature" }}', "feat-a-really-awesome-feature"),
        ('{{ slugify 23 "feat/a_really+awesome.feature" }}', "feat-a-really-awesome-f"),
        ('{{ slugify 23 true "feat/a_really+awesome.feature" }}', "feat-a-really-awesome"),
        ('{{ slugify 3 true "abcdef" }} {{ slugify 0 true "ab" }} {{ slugify 0 "ab" }}', "abc ab "),
        ("{{ toYaml .values }}", "a: 1\nb:\n- x\n- null\n- true\nc: 1.5"),
        ("{{ toYaml 5 }} {{ toYaml nil }} {{ toYaml .at }}", "5 null 2026-03-04T00:00:00Z"),
        ('{{ (fromYaml "a: {b: 7}").a.b }}', "7"),
        ('{{ fromYaml "" }} {{ fromYamlArray "- 1\\n- x" }}', "map[] [1 x]"),
        ("{{ fromYaml \"a: 2.5\\nb: [yes, 'no']\" | toJson }}", '{"a":2.5,"b":[true,"no"]}'),
    ],
)
def test_names_and_yaml_are_those_of_argo(text: str, out: str) -> None:
    """Numbers of YAML are floating point, as they are in Go."""
    values = {"b": ["x", None, True], "a": 1.0, "c": 1.5}
    data = {"values": values, "at": datetime(2026, 3, 4, tzinfo=UTC)}
    assert rendered(text, data).replace("'", "") == out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ slugify }}", "the arguments are a length"),
        ("{{ slugify 1 2 3 }}", "the arguments are a length"),
        ('{{ slugify -1 "a" }}', "positive int"),
        ('{{ slugify "x" "a" }}', "positive int, not string"),
        ('{{ slugify 1 true false "a" }}', "the arguments are a length"),
        ('{{ fromYaml "- 1" }}', "the YAML is no map"),
        ('{{ fromYamlArray "a: 1" }}', "the YAML is no list"),
        ('{{ fromYaml "a: [" }}', "no YAML"),
        ("{{ toYaml .f }}", "has no YAML"),
        (
            "{{ $x := list 1 }}{{ range until 40 }}{{ $x = list $x $x }}{{ end }}{{ toYaml $x }}",
            "steps",
        ),
    ],
)
def test_wrong_arguments_are_refused(text: str, message: str) -> None:
    """With what is expected."""
    with pytest.raises(ExpressionError, match=message):
        rendered(text, {"f": ALL["upper"]})


@given(st.text())
def test_a_normalized_name_stays_as_it_is(name: str) -> None:
    """And a slug of it has its length."""
    normal = FUNCTIONS["normalize"](name)
    assert FUNCTIONS["normalize"](normal) == normal
    assert len(FUNCTIONS["slugify"](10, True, name)) <= 10


@given(st.text("ab:-[]{}'\"\n &*!1.~#", max_size=20))
def test_nothing_but_an_expression_error_comes_out(text: str) -> None:
    """Whatever the YAML; what is read is written and read alike."""
    with suppress(ExpressionError):
        value = FUNCTIONS["fromYaml"](text)
        assert FUNCTIONS["fromYaml"](FUNCTIONS["toYaml"](value)) == value
