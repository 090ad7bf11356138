"""Differences say field by field what would change, and never what a Secret holds."""

from hypothesis import given

from ruleengine.formats.differences import compare, mask_secrets, same
from ruleengine.model.actions import ABSENT, Difference
from ruleengine.model.secrets import MASK
from ruleengine.model.values import Value
from tests.formats.test_writing import PLAIN


def test_fields_are_compared_one_by_one() -> None:
    """A part that one side lacks is one difference."""
    old, new = {"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 4}, "e": {"f": 5}}
    assert compare(old, new) == (
        Difference(("b", "c"), 2, 4),
        Difference(("b", "d"), 3, ABSENT),
        Difference(("e",), ABSENT, {"f": 5}),
    )


def test_items_with_names_are_matched_by_name() -> None:
    """An item put in front does not change the others."""
    old = [{"name": "web", "image": "a:1"}]
    new = [{"name": "log", "image": "l:1"}, {"name": "web", "image": "a:2"}]
    assert compare(old, new) == (
        Difference((1, "image"), "a:1", "a:2"),
        Difference((0,), ABSENT, new[0]),
    )


def test_a_new_order_is_a_change() -> None:
    """Equal items in other places are not equal lists."""
    old = [{"name": "a"}, {"name": "b"}]
    assert compare(old, old[::-1]) == (Difference((), old, old[::-1]),)


def test_true_is_not_one() -> None:
    """Python thinks so; JSON does not."""
    assert not same({"a": True}, {"a": 1})
    assert same({"a": 1.0}, {"a": 1})
    assert not same({"a": None}, {})


@given(PLAIN, PLAIN)
def test_only_different_values_differ(old: Value, new: Value) -> None:
    """Nothing is missed, nothing is made up."""
    assert compare(old, old) == ()
    if old != new:
        assert compare(old, new)


def test_what_a_secret_holds_is_masked_and_its_change_still_seen() -> None:
    """The copy that kubectl keeps of the object among it."""
    copy = "kubectl.kubernetes.io/last-applied-configuration"
    head = {"apiVersion": "v1", "kind": "Secret"}
    old = {**head, "data": {"a": "b2xk"}, "metadata": {"annotations": {copy: "b2xk"}}}
    new = {**head, "data": {"a": "bmV3"}, "stringData": {"c": "new"}, "metadata": {"labels": {}}}
    shown = mask_secrets(old, new, compare(old, new))
    assert Difference(("data", "a"), MASK, MASK) in shown
    assert Difference(("stringData",), ABSENT, {"c": MASK}) in shown
    assert not any(word in repr(shown) for word in ("b2xk", "bmV3", "'new'"))
    whole = mask_secrets(None, new, compare(ABSENT, new))
    assert "bmV3" not in repr(whole)


def test_other_kinds_are_shown_as_they_are() -> None:
    """A ConfigMap is no Secret."""
    old, new = {"kind": "ConfigMap", "data": {"a": "1"}}, {"kind": "ConfigMap", "data": {"a": "2"}}
    assert mask_secrets(old, new, compare(old, new)) == (Difference(("data", "a"), "1", "2"),)
