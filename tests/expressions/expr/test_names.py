"""Which names a program reads, and how flat names become nested maps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import expr
from ruleengine.expressions.expr.dialects import WORKFLOWS
from ruleengine.expressions.expr.environment import expand
from ruleengine.expressions.language import ExpressionError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1 + 2", ()),
        ("a", ("a",)),
        ("a.b.c + a.d", ("a", "a.b", "a.b.c", "a.d")),
        ("a['b-c'].d", ("a", "a.b-c", "a.b-c.d")),
        ("a[b].c", ("a", "b")),
        ("a?.b.c", ("a",)),
        ("let x = a.b; x.c + x", ("a", "a.b")),
        ("filter(a, {.b > c})", ("a", "c")),
        ("asInt(a) + len(b)", ("a", "b")),
        ("toJson(a)", ("a",)),
        ("f(a).b", ("f", "a")),
        ("now() > a", ("a",)),
        ("$env['a']", ()),
        ("{a: b}", ("b",)),
        ("true ? nil : a", ("a",)),
    ],
)
def test_a_program_tells_the_names_that_it_reads(text: str, names: tuple[str, ...]) -> None:
    """Variables, functions of the language and of the host are no such names."""
    assert expr.compile(text, WORKFLOWS).names == names


def test_a_path_without_end_is_told_by_its_beginning() -> None:
    """Each path that leads along it is as long again."""
    names = expr.compile("a" + ".b" * 50_000, WORKFLOWS).names
    assert names[:2] == ("a", "a.b")
    assert len(names) == 101


@pytest.mark.parametrize(
    ("names", "nested"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 1}),
        ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
        ({"a.b": 1, "a": 2}, {"a": {"b": 1}}),
        ({"a": {"x": 1}, "a.b": 2}, {"a": {"b": 2}}),
        ({"a.b.c": 1, "a.b": 2, "a": 3}, {"a": {"b": {"c": 1}}}),
        ({"w.labels": "{}", "w.labels.app": "x"}, {"w": {"labels": {"app": "x"}}}),
        ({"a.b": None}, {"a": {"b": None}}),
    ],
)
def test_flat_names_become_nested_maps(names: dict[str, Any], nested: dict[str, Any]) -> None:
    """The less specific of two names in conflict is dropped."""
    assert expand(names) == nested


@given(st.dictionaries(st.text("ab.", min_size=1, max_size=5), st.integers(), max_size=6))
def test_no_order_of_the_names_matters(names: dict[str, int]) -> None:
    """A map has none."""
    assert expand(names) == expand(dict(reversed(names.items())))


def test_names_can_be_nil_where_the_host_wants_it() -> None:
    """Event sources know not what an event holds."""
    assert expr.compile("a == nil", expr.EVENTS).eval({}) is True
    with pytest.raises(ExpressionError, match="asked of nil"):
        expr.compile("a.b", expr.EVENTS).eval({})


def test_the_whole_environment_has_a_name() -> None:
    """It reaches names that no identifier can spell, and tells whether one exists."""
    program = expr.compile("$env['a b'] + ('c' in $env ? 1 : 2)")
    assert program.eval({"a b": 1}) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.b + 1", []),
        ("b + a", [("unknown name 'b'", 0)]),
        ("1 + asint(a)", [("unknown name 'asint'", 4)]),
        ("true ? a : sprig.uper(a)", [("sprig has no function 'uper'", 17)]),
        ("sprig.upper(a) + sprig.lower(a)", []),
        ("let x = {b: a}; x.c", []),
        ("let sprig = {own: a}; sprig.own", []),
        ("a ?? c ?? c", [("unknown name 'c'", 5)]),
    ],
)
def test_what_no_evaluation_will_find_is_told_before_any(
    text: str, told: list[tuple[str, int]]
) -> None:
    """Names at their first place, functions of a host's map at each."""
    found = expr.compile(text, WORKFLOWS).unknown({"a"})
    assert [(one.message, one.offset) for one in found] == told
    assert all(one.text == text for one in found)
