"""Objects are replaced as if they were JSON text: compared with a plain model of that."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.expressions import expr, tags
from ruleengine.expressions.expr.dialects import WORKFLOWS
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.tags import Scope

NAMES = {"a": "x", "b.c": 'q"\\', "b.d": "{{a}}", "e": ""}
NESTED = {"a": "x", "b": {"c": 'q"\\', "d": "{{a}}"}, "e": ""}


def model(value: Any) -> Any:
    """Replace the tags of an object in its JSON text, as Argo describes it."""
    text, made = json.dumps(value), ""
    while "{{" in text:
        before, _, text = text.partition("{{")
        if "}}" not in text:
            raise ValueError("a tag is never closed")
        tag, _, text = text.partition("}}")
        made += before + replaced(tag)
    return json.loads(made + text)


def replaced(tag: str) -> str:
    """Return what one tag of a JSON text becomes."""
    if tag.startswith("="):
        try:
            value = expr.compile(json.loads(f'"{tag[1:]}"'), WORKFLOWS).eval(NESTED)
        except ExpressionError as error:
            if "unknown name" in error.message:
                return "{{" + tag + "}}"
            raise ValueError(str(error)) from None
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]
    if tag.strip(" ") in NAMES:
        return json.dumps(NAMES[tag.strip(" ")])[1:-1]
    outer, opened, inner = tag.rpartition("{{")
    if opened and outer and inner in NAMES:
        return "{{" + outer + json.dumps(NAMES[inner])[1:-1]
    return "{{" + tag + "}}"


PIECES = ["{{a}}", "{{ b.c }}", "{{b.{{a}}}}", "{{zz}}", "{{=a}}", "{{=a + 'é'}}", "{{=zz}}"]
SCRAPS = ["{{", "}}", "{", "text ", '"', "\\", "é", "{{=1 + 2}}", "{{=b.c}}", "{{=e == ''}}", "\n"]
TEXTS = st.lists(st.sampled_from(PIECES + SCRAPS), max_size=5).map("".join)
OBJECTS = st.recursive(
    st.one_of(TEXTS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=10,
)


@settings(max_examples=200)
@given(OBJECTS)
def test_an_object_is_replaced_as_its_json_text_would_be(value: Any) -> None:
    """Whatever opens and closes where; what breaks the text is an error here, too."""
    try:
        expected = model(value)
    except ValueError:
        expected = ValueError
    try:
        actual = tags.replace(value, Scope(NAMES))
    except ExpressionError:
        actual = ValueError
    assert actual == expected


@given(OBJECTS)
def test_a_second_pass_over_a_resolved_object_changes_nothing_more(value: Any) -> None:
    """A pass is finished when it leaves no tag that the scope knows."""
    scope = Scope({"a": "x", "b.c": "y"})
    try:
        once = tags.replace(value, scope)
        names = {name for tag in tags.find(once) for name in tag.names}
    except ExpressionError:
        return
    if not any(scope.has(name) for name in names):
        assert tags.replace(once, scope) == once
