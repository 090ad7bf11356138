"""JSON patches and merge patches behave as their RFCs say."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.apimachinery.patches import (
    PatchError,
    json_patch,
    make_merge_patch,
    merge_patch,
)

SCALARS = st.integers(-2, 2) | st.text("ab", max_size=2) | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_follows_the_table_of_rfc_7386(
    document: object, patch: object, result: object
) -> None:
    """The fifteen cases of the appendix."""
    assert merge_patch(document, patch) == result


@given(OBJECTS, OBJECTS)
def test_a_made_merge_patch_leads_to_the_new_object(
    old: dict[str, object], new: dict[str, object]
) -> None:
    """Applying the difference gives the new object, and equal objects differ by nothing."""
    kept = copy.deepcopy(old)
    result = merge_patch(old, make_merge_patch(old, new))
    assert make_merge_patch(result, new) == {}
    assert result == new
    assert make_merge_patch(new, new) == {}
    assert old == kept


def test_a_made_merge_patch_holds_only_the_difference() -> None:
    """Equal fields are left out, vanished ones are null."""
    old = {"spec": {"replicas": 1, "paused": True}, "kind": "X"}
    assert make_merge_patch(old, {"spec": {"replicas": 2}, "kind": "X"}) == {
        "spec": {"replicas": 2, "paused": None}
    }


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/1", "value": 9}, {"a": [1, 9, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2]}),
        ({"a": 1}, {"op": "add", "path": "", "value": [3]}, [3]),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ([1, 2, 3], {"op": "remove", "path": "/1"}, [1, 3]),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": None}, {"a": None}),
        ([1, 2], {"op": "replace", "path": "/0", "value": 5}, [5, 2]),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/a~1b"}, {"m~n": 2}),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/m~0n"}, {"a/b": 1}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ([1, 2, 3], {"op": "move", "from": "/0", "path": "/2"}, [2, 3, 1]),
        ({"a": 1}, {"op": "move", "from": "/a", "path": "/a"}, {"a": 1}),
        ({"a": [1]}, {"op": "copy", "from": "/a/0", "path": "/a/-"}, {"a": [1, 1]}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1.0}, {"a": 1}),
        ({"": 1}, {"op": "test", "path": "/", "value": 1}, {"": 1}),
        ([{"a": [1]}, 2], {"op": "add", "path": "/0/a/0", "value": 0}, [{"a": [0, 1]}, 2]),
        ({"a": None}, {"op": "test", "path": "/a", "value": None}, {"a": None}),
        ({"a": 1}, {"op": "test", "path": "/b", "value": None}, {"a": 1}),
        ([1], {"op": "test", "path": "", "value": [1]}, [1]),
    ],
)
def test_an_operation_changes_the_document(
    document: object, operation: dict[str, object], result: object
) -> None:
    """Each kind of operation, on objects, lists and the document itself."""
    before = copy.deepcopy(document)
    assert json_patch(document, [operation]) == result
    assert document == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/list/3", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/a"},
        {"op": "add", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "remove", "path": "/x"},
        {"op": "remove", "path": "/list/-"},
        {"op": "remove", "path": "/list/2"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "move", "from": "/x", "path": "/y"},
        {"op": "move", "from": "/map", "path": "/map/inner"},
        {"op": "copy", "path": "/y"},
        {"op": "test", "path": "/a", "value": True},
        {"op": "test", "path": "/a", "value": "1"},
        {"op": "test", "path": "/x", "value": 1},
        {"op": "test", "path": "/x/y", "value": None},
        {"op": "spam", "path": "/a"},
        {"path": "/a"},
        "add",
    ],
)
def test_an_impossible_operation_is_refused(operation: dict[str, object]) -> None:
    """Missing paths, bad indexes and pointers, failed tests."""
    document = {"a": 1, "list": [1, 2], "map": {}}
    with pytest.raises(PatchError):
        json_patch(document, [operation])


def test_a_patch_is_a_list_of_bounded_length() -> None:
    """Anything else, or more than ten thousand operations, is refused."""
    with pytest.raises(PatchError, match="list of operations"):
        json_patch({}, {"op": "add"})  # type: ignore[arg-type]
    with pytest.raises(PatchError, match="maximum"):
        json_patch({}, [{"op": "test", "path": "", "value": {}}] * 10_001)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "test", "path": "/a", "value": 2}, "testing value /a failed: test failed"),
        (
            {"op": "add", "path": "/x/y", "value": 2},
            'add operation does not apply: doc is missing path: "/x/y": missing value',
        ),
        (
            {"op": "replace", "path": "/x", "value": 2},
            "replace operation does not apply: doc is missing key: /x: missing value",
        ),
        (
            {"op": "copy", "from": "/x", "path": "/y"},
            (
                "copy operation does not apply: doc is missing from path: /x or the way to /y: "
                "missing value"
            ),
        ),
        (
            {"op": "remove", "path": "/l/7"},
            "Unable to access invalid index: 7: invalid index referenced",
        ),
        ({"op": "spam", "path": "/a"}, "Unexpected kind: spam"),
    ],
)
def test_a_refusal_says_what_and_where(operation: dict[str, object], message: str) -> None:
    """In the words of the API, as far as they tell people something."""
    with pytest.raises(PatchError) as caught:
        json_patch({"a": 1, "l": []}, [operation])
    assert caught.value.message == message


def test_copies_are_bounded() -> None:
    """Thirty doublings would make gigabytes of a few bytes."""
    document = {"a": {"text": "x" * 100}}
    doubling = [{"op": "copy", "from": "/a", "path": f"/a/{number}"} for number in range(30)]
    with pytest.raises(PatchError, match="exceeding the limit"):
        json_patch(document, doubling)


@pytest.mark.parametrize("name", ["add", "copy", "move"])
def test_the_depth_of_a_document_is_bounded(name: str) -> None:
    """What walks documents recurses, so that none may be too deep."""
    operations = [
        {"op": name, "path": "/a" * depth, "from": "/b", "value": {}} for depth in range(1, 300)
    ]
    if name == "move":
        fresh = {"op": "add", "path": "/b", "value": {}}
        operations = [one for operation in operations for one in (fresh, operation)]
    with pytest.raises(PatchError, match="deeper than 100"):
        json_patch({"b": {}}, operations)
