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
        {"op": "test", "path": "/x", "value": None},
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
