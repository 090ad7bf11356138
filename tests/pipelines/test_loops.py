"""Loops: one step an item, and what the items make together."""

import pytest

from ruleengine.model.values import Object
from ruleengine.pipelines.loops import aggregate, item_variables, items_of
from ruleengine.pipelines.naming import item_name
from ruleengine.pipelines.problems import NodeError
from tests.pipelines.worlds import End, run


@pytest.mark.parametrize(
    ("loop", "items"),
    [
        ({"withItems": [1, "a", {"k": 1}]}, [1, "a", {"k": 1}]),
        ({"withParam": '["a", 2]'}, ["a", 2]),
        ({"withSequence": {"count": 3}}, ["0", "1", "2"]),
        ({"withSequence": {"count": "2", "start": "5"}}, ["5", "6"]),
        ({"withSequence": {"count": 0}}, []),
        ({"withSequence": {"count": -200_000, "start": None}}, []),
        ({"withSequence": {"start": 2, "end": 4}}, ["2", "3", "4"]),
        ({"withSequence": {"start": 2, "end": 0}}, ["2", "1", "0"]),
        ({"withSequence": {"end": 1, "format": "user%02d"}}, ["user00", "user01"]),
        ({"withSequence": {"start": 10, "end": 11, "format": "%02X"}}, ["0A", "0B"]),
    ],
)
def test_the_items_of_a_loop(loop: Object, items: list[object]) -> None:
    """Sequences are texts; the end belongs to them, and a lower end counts down."""
    assert items_of(loop) == items


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ({"withParam": "a, b"}, "could not be parsed as a JSON list"),
        ({"withParam": '{"a": 1}'}, "could not be parsed as a JSON list"),
        ({"withSequence": {"count": "many"}}, "no whole number"),
        ({"withSequence": {"start": 1}}, "'count' or 'end'"),
        ({"withSequence": {"count": "1_0"}}, "no whole number"),
        ({"withSequence": {"end": 100_000}}, "makes 100001 items, more than 100000"),
        ({"withSequence": {"start": 100_000, "end": 0}}, "makes 100001 items"),
        ({"withSequence": {"count": "9" * 19}}, f"makes {'9' * 19} items"),
    ],
)
def test_what_is_no_loop_is_told(loop: Object, message: str) -> None:
    """With the value that is to blame."""
    with pytest.raises(NodeError, match=message):
        items_of(loop)


@pytest.mark.parametrize(
    ("item", "variables"),
    [
        ("a b", {"item": "a b"}),
        (1, {"item": "1"}),
        (True, {"item": "true"}),
        (
            {"b": {"c": 1}, "a": "x"},
            {"item": '{"a":"x","b":{"c":1}}', "item.a": "x", "item.b": '{"c":1}'},
        ),
        ([1, 2], {"item": "[1,2]"}),
    ],
)
def test_an_item_is_seen_as_text(item: object, variables: dict[str, str]) -> None:
    """Maps and lists as JSON, the values of a map by their keys."""
    assert item_variables(item) == variables


def node(index: int, phase: str = "Succeeded", **outputs: object) -> Object:
    """Return a child of a loop."""
    return {"name": f"wf.A({index}:x)", "phase": phase, "outputs": outputs}


def test_results_of_children_are_put_together_in_the_order_of_items() -> None:
    """As the JSON that they are; only of those that succeeded."""
    children = [node(10, result='"k"'), node(2, result="3"), node(1, "Failed", result="x")]
    assert aggregate(children).result == '[3,"k"]'
    assert aggregate([]).result is None


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Error", "Skipped"])
def test_children_of_which_none_has_a_result_make_an_empty_list(phase: str) -> None:
    """Also where none succeeded."""
    assert aggregate([node(0, phase)]).result == "[]"


@pytest.mark.parametrize("phase", ["Failed", "Error", "Skipped"])
def test_what_did_not_succeed_makes_nothing(phase: str) -> None:
    """Whatever it left."""
    left = [{"name": "p", "value": "1"}]
    made = aggregate([node(0, phase, result="1", parameters=left), node(1, result="2")])
    assert (made.result, made.parameters, made.by_name) == ("[2]", "[]", {})


def test_results_that_are_no_json_cannot_be_put_together() -> None:
    """As in Argo, that is an error of who asks for them."""
    with pytest.raises(NodeError, match="'hello' is none"):
        aggregate([node(0, result="hello")])


def test_parameters_of_children_are_put_together_by_name() -> None:
    """Texts as texts; objects as objects where all of them are. Who has none adds nothing."""
    one = [{"name": "p", "value": "1"}, {"name": "o", "value": '{"a":1}'}]
    two = [{"name": "p", "value": "2"}, {"name": "o", "value": "[2]"}]
    made = aggregate([node(0, parameters=one), node(1, parameters=two), node(2, result="1")])
    assert made.by_name == {"p": '["1","2"]', "o": '[{"a":1},[2]]'}
    assert made.parameters == '[{"o":"{\\"a\\":1}","p":"1"},{"o":"[2]","p":"2"}]'


@pytest.mark.parametrize(
    ("values", "together"),
    [
        (['{"a":1}', "[2]"], '[{"a":1},[2]]'),
        (['{"a":1}', "x"], '["{\\"a\\":1}","x"]'),
        (['{"a":1}', "2"], '["{\\"a\\":1}","2"]'),
        (["1", "2"], '["1","2"]'),
    ],
)
def test_values_are_put_together_as_what_all_of_them_are(values: list[str], together: str) -> None:
    """Objects and lists, or else texts."""
    children = [
        node(index, parameters=[{"name": "p", "value": value}])
        for index, value in enumerate(values)
    ]
    assert aggregate(children).by_name == {"p": together}


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (1, "t(0:1)"),
        ("a b", "t(0:a b)"),
        ("f(x)", "t(0:fx)"),
        ({"tag": 9.1, "image": "debian"}, "t(0:image:debian,tag:9.1)"),
        ({"a": 1, "a-b": 2}, "t(0:a-b:2,a:1)"),
        ({"a": 'say "x"'}, 't(0:a:say \\"x\\")'),
        (["a", 1, ["b"], {"c": 2}], 't(0:[a 1 ["b"] {"c":2}])'),
    ],
)
def test_an_item_is_named_by_its_index_and_its_text(item: object, name: str) -> None:
    """What a map says is in order, a list without commas; parentheses are left out."""
    assert item_name("t", 0, item) == name


def test_a_looped_step_is_known_by_the_group_of_its_items() -> None:
    """Its id, its phase and its times are those of the group."""
    world = run("""
entrypoint: main
templates:
- name: main
  steps:
  - - {name: all, template: say, withItems: [1, 2]}
  - - name: told
      template: say
      arguments:
        parameters: [{name: p, value: "{{steps.all.id}} {{steps.all.status}}"}]
- name: say
  inputs: {parameters: [{name: p, default: ""}]}
  container: {image: alpine, command: [say]}
""")
    (told,) = world.node("told")["inputs"]["parameters"]
    assert told["value"] == f"{world.node('[0]')['id']} Succeeded"


LOOPED = """
entrypoint: main
templates:
- name: main
  steps:
  - - name: say
      template: say
      arguments: {parameters: [{name: text, value: "{{item}}"}]}
      withItems: [hello world, 2]
- name: say
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""


def test_a_looped_step_is_one_node_an_item_under_its_group() -> None:
    """Named by index and item."""
    world = run(LOOPED)
    assert world.began == ["[0].say(0:hello world)", "[0].say(1:2)"]
    args = [one["spec"]["containers"][0]["args"] for one in world.pods()]
    assert sorted(args) == [["2"], ["hello world"]]
    assert world.node("say(0:hello world)")["templateName"] == "say"
    children = [world.node(f"say({item})")["id"] for item in ("0:hello world", "1:2")]
    assert world.node("[0]")["children"] == children
    assert world.node("wf")["children"] == [world.node("[0]")["id"]]
    assert "[0].say" not in world.phases()


def test_a_looped_task_is_a_group_with_a_child_an_item() -> None:
    """The group has the worst phase of its children."""
    spec = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: A, template: say, withSequence: {count: 3}}
    - {name: B, template: say, depends: A.AnySucceeded}
    - {name: C, template: say, depends: A.AllFailed}
- name: say
  container: {image: alpine, command: [echo]}
"""
    world = run(spec, lambda name, _: End(code=int("A(1" in name)))
    assert world.phases() == {
        ".A": "Failed",
        ".A(0:0)": "Succeeded",
        ".A(1:1)": "Failed",
        ".A(2:2)": "Succeeded",
        ".B": "Succeeded",
        ".C": "Omitted",
    }
    assert world.node("A")["type"] == "TaskGroup"
    children = [world.node(f"A({index}:{index})")["id"] for index in range(3)]
    assert world.node("A")["children"] == children
    assert world.node("wf")["children"] == [world.node("A")["id"]]


def test_a_looped_task_ends_when_all_its_items_have() -> None:
    """Then what waits for it begins."""
    spec = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: A, template: say, withItems: [x, z]}
    - {name: B, template: say, depends: A.AnySucceeded}
- {name: say, container: {image: alpine, command: [say]}}
"""
    world = run(spec, lambda name, _: End(seconds=9 if "0:x" in name else 1))
    assert world.node("A")["finishedAt"] >= world.node("A(0:x)")["finishedAt"]
    assert world.node("B")["startedAt"] >= world.node("A(0:x)")["finishedAt"]
    assert world.node("A")["phase"] == "Succeeded"


def test_an_empty_loop_is_skipped_and_says_so() -> None:
    """What follows goes on."""
    spec = LOOPED.replace("withItems: [hello world, 2]", "withParam: '[]'")
    world = run(spec)
    assert world.phases()["[0].say"] == "Skipped"
    assert world.node("say")["message"] == "Skipped, empty params"
    assert world.status("phase") == "Succeeded"


def test_a_condition_on_the_item_skips_single_items() -> None:
    """The others run."""
    conditional = LOOPED.replace("withItems", 'when: "{{item}} == 2"\n      withItems')
    world = run(conditional.replace("hello world", "1"))
    assert world.phases()["[0].say(0:1)"] == "Skipped"
    assert world.phases()["[0].say(1:2)"] == "Succeeded"
    assert world.node("say(0:1)")["message"] == "when '1 == 2' evaluated false"


def test_a_loop_over_what_a_step_printed_runs_for_each() -> None:
    """And the results of the loop reach the step after it."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: list, template: list}
  - - name: each
      template: each
      arguments: {parameters: [{name: number, value: "{{item}}"}]}
      withParam: "{{steps.list.outputs.result}}"
  - - name: sum
      template: each
      arguments: {parameters: [{name: number, value: "{{steps.each.outputs.result}}"}]}
- name: list
  script: {image: alpine, command: [sh], source: echo}
- name: each
  inputs: {parameters: [{name: number}]}
  script: {image: alpine, command: [sh], source: "echo {{inputs.parameters.number}}"}
"""

    def script(name: str, _: Object) -> End:
        if ".list" in name:
            return End(result="[1, 2]")
        return End(result=name.partition(":")[2].rstrip(")"))

    world = run(spec, script)
    assert world.status("phase") == "Succeeded"
    assert world.began[1:] == ["[1].each(0:1)", "[1].each(1:2)", "[2].sum"]
    assert world.node("sum")["inputs"]["parameters"] == [{"name": "number", "value": "[1,2]"}]


def test_loops_side_by_side_make_a_list_each() -> None:
    """Also where the name of one begins with that of the other."""
    given = "arguments: {parameters: [{name: text, value: VALUE}]}"
    both = given.replace("VALUE", '"{{steps.a.outputs.result}} {{steps.ab.outputs.result}}"')
    item = given.replace("VALUE", '"{{item}}"')
    spec = f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: a, template: print, withItems: [1, 2], {item}}}
    - {{name: ab, template: print, withItems: [3], {item}}}
  - - {{name: sum, template: print, {both}}}
- name: print
  inputs: {{parameters: [{{name: text}}]}}
  script: {{image: alpine, command: [sh], source: "echo {{{{inputs.parameters.text}}}}"}}
"""
    world = run(spec, lambda name, _: End(result=name.partition(":")[2].rstrip(")") or "0"))
    assert world.node("sum")["inputs"]["parameters"] == [{"name": "text", "value": "[1,2] [3]"}]


UNREADABLE = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: each, template: print, withItems: [1, 2]}
  - - {name: between, template: print}
  - - name: sum
      template: print
      arguments: {parameters: [{name: number, value: "{{steps.each.outputs.result}}"}]}
- name: print
  inputs: {parameters: [{name: number, value: "0"}]}
  script: {image: alpine, command: [sh], source: "echo {{inputs.parameters.number}}"}
"""


def test_results_that_are_no_json_end_the_steps_before_the_next_group() -> None:
    """The steps are in error, as with Argo, and no group of theirs is."""
    world = run(UNREADABLE, lambda *_: End(result="hello"))
    assert world.phases() == {
        "[0]": "Succeeded",
        "[0].each(0:1)": "Succeeded",
        "[0].each(1:2)": "Succeeded",
    }
    told = "the results of a loop are put together as JSON, and 'hello' is none"
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Error", told)
    assert "outboundNodes" not in world.node("wf")
    assert world.status("phase") == "Error"


def test_results_that_are_no_json_are_an_error_of_the_dag_whose_task_reads_them() -> None:
    """With its message, as with Argo, and the task says it too."""
    before, inner = UNREADABLE.split("  steps:\n", 1)
    tasks = """  dag:
    tasks:
    - {name: each, template: print, withItems: [1, 2]}
    - name: sum
      template: print
      depends: each
      arguments: {parameters: [{name: number, value: "{{tasks.each.outputs.result}}"}]}
"""
    spec = f"{before}{tasks}{inner[inner.index('- name: print') :]}"
    world = run(spec, lambda *_: End(result="hello"))
    told = "the results of a loop are put together as JSON, and 'hello' is none"
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Error", told)
    assert (world.node("sum")["phase"], world.node("sum")["message"]) == ("Error", told)
    assert world.status("message") == f"error in entry template execution: {told}"
    assert "outboundNodes" not in world.node("wf")


def test_results_that_are_json_let_the_next_group_begin() -> None:
    """Or the other test would prove nothing."""
    world = run(UNREADABLE, lambda *_: End(result="5"))
    assert world.status("phase") == "Succeeded"
    assert world.node("sum")["inputs"]["parameters"] == [{"name": "number", "value": "[5,5]"}]


def test_a_loop_over_more_than_anybody_can_run_is_an_error() -> None:
    """Whatever made the list."""
    items = "[" + ",".join(["1"] * 100_001) + "]"
    with pytest.raises(NodeError, match="withParam has 100001 items, more than 100000"):
        items_of({"withParam": items})
    assert len(items_of({"withSequence": {"count": 100_000}})) == 100_000
