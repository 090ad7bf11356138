"""What a step or task stands for, rule by rule (reference, Workflows 5, 6, 7 and 21)."""

from typing import Any

import pytest

from ruleengine.pipelines.expanding import EMPTY, expand, mentioned
from ruleengine.pipelines.problems import NodeError

KNOWN: dict[str, Any] = {
    "workflow.name": "wf",
    "steps.a.outputs.result": "x",
    "steps.b.outputs.parameters.none": None,
}


def step(**more: Any) -> dict[str, Any]:
    """Return a step with one argument, which is a text."""
    return {"name": "s", "template": "t", **more}


def given(text: str) -> dict[str, Any]:
    """Return arguments of one parameter."""
    return {"parameters": [{"name": "p", "value": text}]}


def test_a_step_is_itself_with_its_tags_replaced() -> None:
    """What is replaced in its own time is left out of it, and is still in what it comes from."""
    stated = step(
        arguments=given("{{steps.a.outputs.result}}"),
        hooks={"exit": {"arguments": given("{{steps.s.outputs.result}}")}},
        onExit="{{steps.s.outputs.result}}",
        when="{{steps.a.outputs.result}} == x",
    )
    (one,) = expand(stated, "wf[0].s", KNOWN)
    assert one.step == step(arguments=given("x"))
    assert (one.name, one.source, one.skipped) == ("wf[0].s", stated, "")


def test_a_condition_that_does_not_hold_comes_before_anything_else() -> None:
    """The arguments of the step are not looked at."""
    stated = step(
        when="{{steps.a.outputs.result}} == y",
        arguments=given("{{steps.unknown.outputs.result}}"),
    )
    (one,) = expand(stated, "s", KNOWN)
    assert (one.skipped, one.name) == ("when 'x == y' evaluated false", "s")


def test_a_condition_of_which_a_tag_leaves_nothing_holds() -> None:
    """As in Argo: nothing is stated then."""
    (one,) = expand(step(when="{{steps.a.outputs.result}}"), "s", {"steps.a.outputs.result": ""})
    assert one.skipped == ""


def test_a_loop_whose_condition_does_not_hold_skips_its_items_one_by_one() -> None:
    """What other steps made is not looked at: a loop over that has no items any more."""
    stated = step(when="{{steps.a.outputs.result}} == y", arguments=given("{{item}}"))
    skipped = expand({**stated, "withItems": ["p", "q"]}, "s", KNOWN)
    assert [one.name for one in skipped] == ["s(0:p)", "s(1:q)"]
    assert {one.skipped for one in skipped} == {"when 'x == y' evaluated false"}
    (none,) = expand({**stated, "withParam": "{{steps.a.outputs.result}}"}, "s", KNOWN)
    assert (none.name, none.skipped) == ("s", EMPTY)


def test_an_expression_sees_the_item_beside_all_else() -> None:
    """It waits for the item, with all that it names."""
    stated = step(arguments=given("{{=item + steps.a.outputs.result}}"), withItems=["p", "q"])
    texts = [one.step["arguments"] for one in expand(stated, "s", KNOWN)]
    assert texts == [given("px"), given("qx")]


def test_a_condition_on_the_item_sees_all_else_as_well() -> None:
    """Item by item; of one that it does not hold for the arguments are not looked at."""
    stated = step(
        when="{{item.n}} == {{steps.a.outputs.result}}",
        arguments=given("{{item.v}}"),
        withItems=[{"n": "x", "v": 1}, {"n": "y"}],
    )
    first, second = expand(stated, "s", KNOWN)
    assert (first.step["arguments"], first.skipped) == (given("1"), "")
    assert second.skipped == "when 'y == x' evaluated false"


def test_an_item_in_the_condition_of_no_loop_is_no_item() -> None:
    """Its tag stays, and is no condition."""
    with pytest.raises(NodeError, match="invalid 'when' expression"):
        expand(step(when="{{item}} == x"), "s", KNOWN)


def test_a_loop_over_nothing_is_one_node_that_is_skipped() -> None:
    """Under the name of the step."""
    (one,) = expand(step(withParam="[]"), "s", KNOWN)
    assert (one.name, one.skipped) == ("s", EMPTY)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{{item}} {{typo}}", "typo"),
        ("{{inputs.parameters.none}}", "inputs.parameters.none"),
        ("{{item.none}}", "item.none"),
        ("{{workflow.nome}}", "workflow.nome"),
    ],
)
def test_where_items_are_put_in_everything_that_is_left_is_an_error(text: str, left: str) -> None:
    """Nothing replaces it any more; without a loop it stays, and its template may know it."""
    stated = step(arguments=given(text))
    with pytest.raises(NodeError, match=rf"failed to resolve \{{\{{{left}\}}\}}"):
        expand({**stated, "withItems": ["a"]}, "s", KNOWN)
    (one,) = expand(stated, "s", KNOWN)
    assert one.step == stated


@pytest.mark.parametrize(
    ("text", "filled"),
    [("{{inputs.parameters.x}} {{pod.name}} {{item}}", "{{inputs.parameters.x}} {{pod.name}} a")],
)
def test_a_template_in_place_keeps_its_own_tags(text: str, filled: str) -> None:
    """Its inputs are bound later."""
    inline = {"container": {"args": [text]}}
    stated = {"name": "s", "inline": inline, "withItems": ["a"]}
    (one,) = expand(stated, "s", KNOWN)
    assert one.step["inline"] == {"container": {"args": [filled]}}
    with pytest.raises(NodeError, match=r"failed to resolve \{\{item.none\}\}"):
        expand({**stated, "inline": {"container": {"args": ["{{item.none}}"]}}}, "s", KNOWN)


def test_an_argument_that_no_step_ever_made_is_left_out_where_it_is_nothing_else() -> None:
    """All other arguments stay; a text that holds it beside others is an error."""
    absent = "{{ steps.b.outputs.parameters.none }}"
    stated = step(
        arguments={
            "parameters": [{"name": "p", "value": absent}, {"name": "q", "value": "{{pod.name}}"}],
            "artifacts": [{"name": "a", "raw": {"data": "x"}}],
        }
    )
    (one,) = expand(stated, "s", KNOWN)
    assert one.step["arguments"] == {
        "parameters": [{"name": "q", "value": "{{pod.name}}"}],
        "artifacts": [{"name": "a", "raw": {"data": "x"}}],
    }
    (one,) = expand(step(arguments={**given(absent), "artifacts": None}), "s", KNOWN)
    assert one.step["arguments"] == {"parameters": [], "artifacts": None}
    with pytest.raises(NodeError):
        expand(step(arguments=given(f"x-{absent}")), "s", KNOWN)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{steps.a.outputs.result}}", {"a"}),
        ("{{=steps.a.status}}", {"a"}),
        ("{{=steps['b-c'].status}}", {"b-c"}),
        ('{{=steps["a"].status + steps.d.status}}', {"a"}),
        ("{{=len(steps)}}", {"a", "b-c"}),
        ("len(steps)", set()),
        ("{{tasks.a.status}}", set()),
        ("nothing", set()),
    ],
)
def test_which_steps_a_text_may_mean(text: str, found: set[str]) -> None:
    """Those it names that are known, and every one where an expression takes all of them."""
    assert mentioned({"value": text}, "steps", ["a", "b-c"]) == found
