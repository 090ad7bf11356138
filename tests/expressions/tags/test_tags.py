"""Tags: what replaces them, what waits for a later pass, and what must be known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ruleengine.expressions import tags
from ruleengine.expressions.language import ExpressionError, Limits
from ruleengine.expressions.sprig import Surroundings
from ruleengine.expressions.tags import LENIENT, STRICT, Policy, Scope

SCOPE = Scope(
    {
        "inputs.parameters.message": "hello world",
        "inputs.parameters.count": "3",
        "inputs.parameters.quoted": 'a "b"\n\\c',
        "inputs.parameters.absent": None,
        "name": "message",
        "workflow.labels": "{}",
        "workflow.labels.app": "web",
        "steps.name": "this",
    }
)

REPLACED = [
    ("plain", "plain"),
    ("{{inputs.parameters.message}}", "hello world"),
    ("{{ inputs.parameters.message }}!", "hello world!"),
    ("a{{name}}b{{name}}c", "amessagebmessagec"),
    ("{{inputs.parameters.{{name}}}}", "{{inputs.parameters.message}}"),
    ("{{unknown}}", "{{unknown}}"),
    ("{{ unknown }}", "{{ unknown }}"),
    ("{{name.more}}", "{{name.more}}"),
    ("{{=lastRetry.message ?? 'x'}}", "{{=lastRetry.message ?? 'x'}}"),
    ("{{=workflow.failures ?? 'x'}}", "{{=workflow.failures ?? 'x'}}"),
    ("{{=inputs.parameters.message}}", "hello world"),
    ("{{= inputs.parameters.message }}", "hello world"),
    ("{{=asInt(inputs.parameters.count) + 1}}", "4"),
    ("{{=asInt(inputs.parameters.count) / 2}}", "1.5"),
    ("{{=[1, 'a<b']}}", '[1,"a\\u003cb"]'),
    ("{{=name == 'message'}}", "true"),
    ("{{ =name}}", "{{ =name}}"),
    ("{{=workflow.labels.app}}", "web"),
    ("{{workflow.labels}}", "{}"),
    ("{{=date('2020-01-01')}}", "2020-01-01T00:00:00Z"),
    ("""{{=jsonpath('{"a": 43}', '$.a')}}""", "43"),
    ("{{=steps.a.outputs.result}}", "{{=steps.a.outputs.result}}"),
    ("{{=steps.a == nil ? 'x' : 'y'}}", "x"),
    ("{{=retries == nil}}", "{{=retries == nil}}"),
    ("{{=item ?? 'x'}}", "{{=item ?? 'x'}}"),
    ("{{=workflow.status == 'x'}}", "{{=workflow.status == 'x'}}"),
    ("{{=inputs.parameters.absent ?? 'none'}}", "none"),
    ("{{=inputs.parameters.quoted}}", 'a "b"\n\\c'),
    ('{{- with secret "{{name}}" -}} {{ .Data }}', '{{- with secret "message" -}} {{ .Data }}'),
]


@pytest.mark.parametrize(("text", "expected"), REPLACED)
def test_a_lenient_pass_replaces_what_it_knows(text: str, expected: str) -> None:
    """Unknown names stay as they are written, to be resolved by a later pass."""
    assert tags.replace(text, SCOPE, LENIENT) == expected


def test_half_a_character_becomes_one_that_can_be_written() -> None:
    """Texts are cut by bytes; what is inserted can always be encoded, as in JSON of Go."""
    assert tags.replace("{{=name[:1]}}", Scope({"name": "é"}), LENIENT) == "\ufffd"


def test_a_tag_ends_at_the_first_closing_braces() -> None:
    """So a map literal needs a space before them, and the error says what was read."""
    with pytest.raises(ExpressionError, match="failed to read"):
        tags.compile("{{={a: {b: nil}}}}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{unknown}}", "failed to resolve {{unknown}}: 'unknown' is unknown"),
        ("{{steps.a.outputs.artifacts.b}}", "failed to resolve"),
        ("{{=unknown ?? 'x'}}", "'unknown' is missing"),
        ("{{=steps.a.outputs.result}}", "'steps.a' is missing"),
        ("{{=item}}", "'item' is missing"),
    ],
)
def test_a_strict_pass_refuses_what_it_does_not_know(text: str, message: str) -> None:
    """After it no tag is left."""
    with pytest.raises(ExpressionError) as caught:
        tags.replace(text, SCOPE, STRICT)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "text", ["{{steps.a.status}}", "{{tasks}}", "{{=tasks.a.status}}", "{{ steps.a.id }}"]
)
def test_strict_prefixes_demand_what_lies_below_them(text: str) -> None:
    """Arguments of a step must find the steps that they name."""
    with pytest.raises(ExpressionError):
        tags.replace(text, SCOPE, Policy(("steps", "tasks")))


@pytest.mark.parametrize(
    "text", ["{{item}}", "{{stepsize}}", "{{=tasksize}}", "{{steps.a.outputs.artifacts.b}}"]
)
def test_strict_prefixes_let_all_else_wait(text: str) -> None:
    """Names of other passes stay, and artifacts are resolved elsewhere."""
    assert tags.replace(text, SCOPE, Policy(("steps", "tasks"))) == text


@pytest.mark.parametrize("policy", [LENIENT, STRICT])
@pytest.mark.parametrize(
    "text",
    [
        "{{=name > 1}}",
        "{{=asInt(name)}}",
        "{{=inputs.parameters.absent}}",
        "{{=1 / 0}}",
        "{{inputs.parameters.absent}}",
        "{{=foo(}}",
        "{{=!}}",
        "{{=inputs.parameters['{{name}}']}}",
        "{{name",
    ],
)
def test_what_no_later_pass_could_mend_is_an_error(text: str, policy: Policy) -> None:
    """All its names are known, or it is no expression at all."""
    with pytest.raises(ExpressionError):
        tags.replace(text, SCOPE, policy)


def test_an_error_points_into_the_expression() -> None:
    """The offset counts from the start of the text."""
    with pytest.raises(ExpressionError) as caught:
        tags.replace("abc {{=1 + name}}", SCOPE)
    assert caught.value.offset == len("abc {{=1 ")


def test_values_are_inserted_as_they_are() -> None:
    """Whatever would need escaping in JSON arrives unchanged, control characters too."""
    value = 'a "quoted" \\ line\nbreak\x07 ünï \u2028'
    assert tags.replace({"a": ["x {{v}}"]}, Scope({"v": value})) == {"a": [f"x {value}"]}


def test_all_texts_and_keys_of_an_object_are_replaced() -> None:
    """Numbers, truth values and nulls hold no tags."""
    value = {"{{name}}": ["{{name}}", 1, True, None, {"a": "{{=name}}"}]}
    assert tags.replace(value, SCOPE) == {"message": ["message", 1, True, None, {"a": "message"}]}


def test_what_has_no_tags_is_not_copied() -> None:
    """Cost follows what changes."""
    inner = {"image": "alpine"}
    value = {"a": inner, "b": "{{name}}"}
    assert tags.replace(inner, SCOPE) is inner
    assert tags.replace(value, SCOPE)["a"] is inner


def test_a_tag_that_one_text_leaves_open_is_read_on_in_the_next() -> None:
    """That is how Argo sees it: the object is one text."""
    value = {"args": ["echo {{", "{{inputs.parameters.quoted}}"], "b": "{{=name}}"}
    expected = {"args": ["echo {{", 'a "b"\n\\c'], "b": "message"}
    assert tags.replace(value, SCOPE) == expected


def test_a_tag_that_nothing_closes_is_an_error() -> None:
    """It is told like any other broken tag."""
    with pytest.raises(ExpressionError, match="never closed"):
        tags.replace({"a": "{{name}}", "b": "echo {{"}, SCOPE)


def test_the_tags_of_an_object_can_be_listed() -> None:
    """After a pass these are the names that are still missing."""
    value: dict[str, Any] = {"a": "{{b.c}} {{=d.e + f}}", "{{k}}": 1}
    found = tags.find(tags.replace(value, Scope({"k": "key", "d.e": 1})))
    assert [(tag.text, tag.names) for tag in found] == [
        ("{{b.c}}", ("b.c",)),
        ("{{=d.e + f}}", ("d", "d.e", "f")),
    ]


def test_expressions_see_the_surroundings_that_the_scope_has() -> None:
    """Without any they have no clock and no chance."""
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    scope = Scope({}, Surroundings(now=moment, random=bytes))
    for text, expected in (
        ("{{=now().Year()}}", "2026"),
        ("{{=sprig.now().Year()}}", "2026"),
        ("{{=sprig.randAlpha(2)}}", "aa"),
    ):
        assert tags.replace(text, scope) == expected
        with pytest.raises(ExpressionError, match=r"no clock|no chance"):
            tags.replace(text, Scope({}))


def test_a_template_can_be_evaluated_like_any_program() -> None:
    """Its environment is flat names."""
    assert tags.compile("{{a.b}} {{c}}").eval({"a.b": "x"}) == "x {{c}}"


def test_a_result_cannot_grow_without_end() -> None:
    """Many tags of a long value are refused."""
    with pytest.raises(ExpressionError, match="more than 100"):
        tags.replace("{{v}}" * 10, Scope({"v": "x" * 50}), limits=Limits(size=100))


@pytest.mark.parametrize("text", ["{{name}}", "{{name}} {{"])
def test_a_value_that_nests_too_deeply_is_refused(text: str) -> None:
    """Before it could exhaust the stack; listing its tags needs none."""
    value: Any = text
    for _ in range(200_000):
        value = [value]
    with pytest.raises(ExpressionError, match="too deeply"):
        tags.replace(value, SCOPE)
