"""Templates: values keep their types, and nothing gets out of the sandbox or runs away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.values import Value
from ruleengine.rules.templates import (
    Scope,
    TemplateFault,
    Variables,
    compile_template,
    measure,
)


def _render(template: Value, **variables: Value) -> Value:
    return compile_template(template, ()).render(Scope(variables))


@pytest.mark.parametrize("text", ["1.10", "1e3", "0x10", "True", "null", "[1]", "", " a\n"])
def test_a_text_stays_a_text(text: str) -> None:
    """What looks like a number is not read again as one."""
    assert _render("${{ value }}", value=text) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_value_passes_through_an_expression_untouched(value: Value) -> None:
    """A lone expression yields the very value, markup in it included."""
    assert _render("${{ value }}", value=value) == value
    assert _render({"a": ["${{ value }}"]}, value=value) == {"a": [value]}


def test_text_from_a_document_is_never_a_template() -> None:
    """Rendering happens once."""
    assert _render("x ${{ value }}", value="${{ 1 + 1 }}") == "x ${{ 1 + 1 }}"


def test_argos_own_tags_and_shell_pass_untouched() -> None:
    """Only ``${{ }}`` is markup."""
    text = "{{workflow.name}} ${#list[@]} ${x%%y} {% raw %} {# no #}"
    assert _render(text) == text
    assert _render(text + "${{ 1 }}") == text + "1"


def test_texts_around_values_are_written_as_kubernetes_has_them() -> None:
    """``true`` and not ``True``."""
    assert _render("${{ a }}-${{ b }}-${{ c }}", a=True, b=1.5, c=None) == "true-1.5-null"


@pytest.mark.parametrize(
    "text", ["${{ missing }}", "${{ document.a.b }}", "a-${{ document.a }}", "${{ missing == 1 }}"]
)
def test_an_undefined_value_is_a_fault(text: str) -> None:
    """Nothing undefined ends up in an object."""
    with pytest.raises(TemplateFault) as fault:
        _render(text, document={})
    assert fault.value.undefined


def test_a_default_reaches_through_missing_parents() -> None:
    """``default`` works however deep the path ends."""
    assert _render("${{ document.a.b.c | default('x') }}", document={}) == "x"


def test_fields_named_like_methods_are_fields() -> None:
    """Helm's ``values`` is data, not a method of a map."""
    assert _render("${{ document.values }}", document={"values": "v"}) == "v"


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__",
        "document.__class__",
        "document.get.__globals__",
        "document.update({'a': 1})",
        "document.pop('a')",
        "cycler",
        "lipsum()",
        "'{0.__class__}'.format(document)",
        "'%1000000000d' % 1",
        "'a'.ljust(1000000000)",
        "document | attr('__class__')",
        "2 ** 99",
        "9223372036854775807 * 9223372036854775807",
        "'a' * 1000000",
        "[1] * 1000000",
        "range(1000000)",
        "range(9000) | map('string') | join('" + "x" * 500 + "')",
        "('a' * 200000) | replace('a', 'bbbbbbbbbb')",
        "document | random",
        "document | pprint",
    ],
)
def test_nothing_leaves_the_sandbox_or_runs_away(expression: str) -> None:
    """Escapes and explosions are faults, at once."""
    with pytest.raises(TemplateFault):
        _render("${{ " + expression + " }}", document={"a": 1})


@pytest.mark.parametrize(
    "text", ["${{ a", "${{ }}", "${{ a b }}", "${{ 1 | nothing }}", "${{ {% if a %} }}"]
)
def test_a_broken_expression_is_a_fault(text: str) -> None:
    """Syntax errors are told, not raised."""
    with pytest.raises(TemplateFault):
        _render(text, a=1)


def test_a_value_that_shares_its_parts_is_measured_as_it_would_be_written() -> None:
    """Forty lines can describe more than all disks hold."""
    value: Value = ["x"]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(TemplateFault):
        measure(value, ())


def test_a_loop_yields_an_item_per_turn() -> None:
    """Maps are taken apart, conditions leave items out, ``index`` counts."""
    template = [
        {"forEach": "${{ m }}", "as": ["k", "v"], "when": "v", "value": "${{ index }}${{ k }}"},
        "${{ omit }}",
        {"when": "false", "value": 1},
        "last",
    ]
    assert _render(template, m={"a": 1, "b": 0, "c": 2}) == ["0a", "2c", "last"]


def test_loops_do_not_run_without_end() -> None:
    """Loops inside loops share one allowance."""
    inner = {"forEach": "${{ range(9000) }}", "value": 1}
    with pytest.raises(TemplateFault, match="turns"):
        _render([{"forEach": "${{ range(9000) }}", "value": [inner]}])


@pytest.mark.parametrize("value", ["", 0, False, None, 1.5])
def test_a_loop_needs_a_list_or_a_map(value: Value) -> None:
    """Also where the value counts as nothing."""
    with pytest.raises(TemplateFault, match="forEach needs a list or a map"):
        _render([{"forEach": "${{ x }}", "value": 1}], x=value)


def test_a_text_that_would_grow_too_long_is_a_fault() -> None:
    """Whether its parts are texts already or not."""
    assert _render("${{ x }}-${{ y }}", x="a", y="b") == "a-b"
    assert _render("{'${{ x }}\\'}", x="a") == "{'a\\'}"
    for parts in ({"x": "a" * 200_000, "y": "b" * 200_000}, {"x": ["a" * 300_000], "y": 1}):
        with pytest.raises(TemplateFault, match=r"gr[eo]w"):
            _render("${{ x }}-${{ y }}", **parts)


def _given(scope: dict[str, Value], measured: bool = False, **variables: Value) -> Scope:
    """Return a scope with a document's fields and the variables of a rule."""
    parts = tuple((name, compile_template(one, ("v", name))) for name, one in variables.items())
    found = Scope(scope)
    Variables(parts, measured=measured).program(found)
    return found


def test_a_variable_hides_a_field_of_its_name_from_then_on() -> None:
    """Before it has a value, also in its own, the name is the field's."""
    scope = {"steps": [1, 2], "document": {"steps": [1, 2]}}
    found = _given(
        scope,
        before="${{ steps | length }}",
        steps="${{ steps + [3] }}",
        after=[{"forEach": "${{ steps }}", "as": "steps", "value": "${{ steps }}"}, "${{ steps }}"],
        when=[{"when": "steps | length == 3", "value": {"n": "${{ steps[2] }}"}}],
    )
    assert (found["before"], found["steps"]) == (2, [1, 2, 3])
    assert found["after"] == [1, 2, 3, [1, 2, 3]]
    assert found["when"] == [{"n": 3}]


def test_what_lists_of_keys_always_say_is_known_ahead() -> None:
    """Sums of constant lists select as lists do that depend on the document."""
    found = _given(
        {"x": {"a": 1, "b": 2, "c": 3}, "more": ["b"]},
        some=["a"],
        known="${{ some + ['b'] }}",
        asked="${{ some + more }}",
        kept="${{ [x | only(known), x | only(asked), x | without(known), x | without(asked)] }}",
    )
    assert (found["known"], found["asked"]) == (["a", "b"], ["a", "b"])
    assert found["kept"] == [{"a": 1, "b": 2}, {"a": 1, "b": 2}, {"c": 3}, {"c": 3}]


def test_a_fault_among_variables_is_located() -> None:
    """The one that fails is named; what a team's rule makes is measured on the way."""
    with pytest.raises(TemplateFault) as failed:
        _given({"x": 1}, first="${{ x }}", second="${{ x.y.z + 1 }}")
    assert (failed.value.path, failed.value.undefined) == (("v", "second"), True)
    doubled = {f"v{at}": f"${{{{ [v{at - 1}, v{at - 1}] }}}}" for at in range(1, 40)}
    with pytest.raises(TemplateFault, match="too large"):
        _given({}, measured=True, v0="x", **doubled)


def test_a_key_may_be_omitted() -> None:
    """``omit`` leaves out the key, wherever the map stands."""
    template = {"a": "${{ omit if x else 1 }}", "${{ 'b' }}": {"c": "${{ omit }}"}}
    assert _render(template, x=True) == {"b": {}}
