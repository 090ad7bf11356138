"""Flat templates replace the names that they know, and nothing else."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import fasttemplate
from ruleengine.expressions.language import ExpressionError, Limits

ENV = {"name": "web", "path.basename": "app", "values.a-b": "x", "number": 5, "": "nothing"}


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("{{name}}-{{ path.basename }}", "web-app"),
        ("{{\tvalues.a-b\n}}", "x"),
        ("plain", "plain"),
        ("", ""),
        ("{{ unknown }} {{number}} {{}} {{ }}", "{{ unknown }} {{number}} {{}} {{ }}"),
        ("{{ {{name}} }}", "{{ {{name}} }}"),
        ("{{name}}}", "web}"),
        ("{{=name}} {{ upper name }}", "{{=name}} {{ upper name }}"),
        ("{{ never closed", "{{ never closed"),
        ("{{\nname", "{{\nname"),
    ],
)
def test_known_names_are_replaced_and_the_rest_is_left(text: str, out: str) -> None:
    """Without functions, and without looking into what is replaced."""
    assert fasttemplate.compile(text).eval(ENV) == out


def test_values_are_not_looked_into() -> None:
    """A value that looks like a tag stays as it is."""
    assert fasttemplate.compile("{{a}}{{b}}").eval({"a": "{{b}}", "b": "{{a}}"}) == "{{b}}{{a}}"


def test_a_tag_beside_a_whole_one_must_be_closed() -> None:
    """With its place."""
    with pytest.raises(ExpressionError, match="never closed") as raised:
        fasttemplate.compile("{{name}} {{ name")
    assert raised.value.offset == 9


@pytest.mark.parametrize("text", ["{{ args.nope }}", "{{}}", "{{number}}"])
def test_a_strict_template_refuses_unknown_names(text: str) -> None:
    """With the tag, its place and a hint."""
    with pytest.raises(ExpressionError, match="failed to resolve") as raised:
        fasttemplate.compile("x" + text, strict=True).eval(ENV)
    assert raised.value.offset == 1
    assert raised.value.hint
    with pytest.raises(ExpressionError, match="never closed"):
        fasttemplate.compile("{{ args", strict=True)


def test_values_are_written_as_the_text_around_them_needs_it() -> None:
    """So that a quote in a value does not break JSON."""
    template = fasttemplate.compile('{"a": "{{ args.x }}"}', strict=True)
    assert template.names == ("args.x",)
    made = template.replace({"args.x": 'q"\n'}, encode=lambda value: json.dumps(value)[1:-1])
    assert json.loads(made) == {"a": 'q"\n'}


def test_the_result_has_a_limit() -> None:
    """However often a long value is asked for."""
    template = fasttemplate.compile("{{a}}" * 100)
    with pytest.raises(ExpressionError, match="more than 1000"):
        template.eval({"a": "x" * 100}, Limits(size=1000))


@given(
    st.text("{} \nabc="), st.dictionaries(st.text("abc="), st.text() | st.integers()), st.booleans()
)
def test_nothing_but_an_expression_error_comes_out(
    text: str, env: dict[str, Any], strict: bool
) -> None:
    """And a text without braces stays as it is."""
    with suppress(ExpressionError):
        made = fasttemplate.compile(text, strict=strict).eval(env)
        assert "{{" in text or made == text
