"""CEL rules decide what the API server of Kubernetes decides."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.apimachinery import naming
from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.expressions import cel
from ruleengine.expressions.cel import NONE, Kubernetes, Optional, TypeValue, Uint
from ruleengine.expressions.language import ExpressionError, Limits
from ruleengine.formats.go_durations import Duration, format_duration
from ruleengine.formats.go_numbers import format_float
from ruleengine.formats.go_times import RFC3339_NANO, format_time
from tests.expressions.reading import table

TABLE = table("cel")
CHECKS = {
    "dns1123Label": naming.check_dns_label,
    "dns1123Subdomain": naming.check_dns_subdomain,
    "dns1035Label": naming.check_dns_1035_label,
    "qualifiedName": naming.check_qualified_name,
    "labelValue": naming.check_label_value,
}


def check_name(form: str, text: str) -> str | None:
    """Check a text by the rules of names."""
    return CHECKS[form](text)


KUBERNETES = Kubernetes(parse_quantity, check_name)


def _shown(value: Any) -> Any:
    """Return a value with its type, as the table has it."""
    match value:
        case bool() | str() | None:
            shown: Any = value
        case Uint():
            shown = {"uint": str(int(value))}
        case Duration():
            shown = {"duration": format_duration(value)}
        case int():
            shown = {"int": str(value)}
        case float():
            shown = {"double": format_float(value)}
        case bytes():
            shown = {"bytes": value.hex()}
        case datetime():
            shown = {"timestamp": format_time(value.astimezone(UTC), RFC3339_NANO)}
        case TypeValue():
            shown = {"type": value.name}
        case Optional():
            shown = {"optional": _shown(value.content) if value.present else "none"}
        case list():
            shown = [_shown(one) for one in value]
        case dict():
            keys = {key: json.dumps(_shown(key), separators=(",", ":")) for key in value}
            shown = {"map": {keys[key]: _shown(one) for key, one in value.items()}}
        case _:
            shown = {"other": value.cel_type}
    return shown


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: str(case[0]))
def test_expressions_give_what_the_api_server_gives(case: list[Any]) -> None:
    """The values in the table are those of Kubernetes 1.34; a row without one is an error."""
    text, *wanted = case

    def value() -> Any:
        return cel.compile(text, ("self",), KUBERNETES).eval({"self": TABLE["self"]})

    if wanted:
        assert _shown(value()) == wanted[0]
    else:
        with pytest.raises(ExpressionError):
            value()


def test_rules_see_the_object_and_what_it_was() -> None:
    """Without an old object, transition rules are the caller's to skip."""
    rule = cel.compile("self.replicas >= oldSelf.replicas")
    assert rule.holds({"self": {"replicas": 3}, "oldSelf": {"replicas": 2}})
    assert not rule.holds({"self": {"replicas": 1}, "oldSelf": {"replicas": 2}})
    optional = cel.compile("!oldSelf.hasValue() || self == oldSelf.value()")
    assert optional.holds({"self": 1, "oldSelf": NONE})
    assert not optional.holds({"self": 1, "oldSelf": Optional(True, 2)})
    with pytest.raises(ExpressionError, match="neither true nor false"):
        cel.compile("self").holds({"self": 1})


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("a__dash__b", "a-b"),
        ("a__dot__b", "a.b"),
        ("a__slash__b", "a/b"),
        ("a__underscores__b", "a__b"),
        ("__if__", "if"),
        ("x__underscores____dash__", "x__-"),
        ("plain__name", "plain__name"),
    ],
)
def test_names_of_fields_may_be_escaped(field: str, key: str) -> None:
    """As the rules of custom resources must."""
    assert cel.compile(f"has(self.{field}) && self.{field} == 1").holds({"self": {key: 1}})


def test_values_of_formats_come_in_as_what_they_are() -> None:
    """Times, durations and bytes, which a schema makes of texts."""
    env = {"self": {"t": datetime(2026, 1, 2, tzinfo=UTC), "d": Duration(10**9), "b": b"x"}}
    assert cel.compile("self.t.getDate() == 2 && self.d < duration('2s')").holds(env)
    assert cel.compile("self.b == b'x'").holds(env)


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("self.a +", 8, "ends too early"),
        ("self.a + nope", 9, "there is no variable nope"),
        ("self.nope()", 5, "there is no function nope"),
        ("self.size(1)", 5, "does not take 1 arguments"),
        ("startsWith('a', 'b')", 0, "called on a value"),
        ("self.int()", 5, "int is called on no value"),
        ("quantity('1')", 0, "there is no function quantity"),
        ("1 == '\\q'", 6, "escape"),
        ("'abc", 0, "never closed"),
        ("self.a ? 1", 10, ": is expected"),
        ("[1, 2", 5, ", is expected"),
        ("if", 0, "reserved word"),
        ("Foo{a: 1}", 3, "messages"),
        ("has(self)", 0, "has() takes a field"),
        ("self.map(1, 2)", 9, "a variable is expected"),
        ("self.all(i, i, true)", 12, "different names"),
        ("9223372036854775808", 0, "too large"),
        ("1 # 2", 2, "no meaning"),
        ("self.`a`", 5, "no meaning"),
        ("(" * 200, None, "nests too deeply"),
        ("1" + " + 1" * 500, None, "in a row"),
        ("self" + ".a" * 500, None, "in a row"),
    ],
)
def test_a_broken_expression_is_told_with_its_place(
    text: str, offset: int | None, words: str
) -> None:
    """Unknown names and wrong numbers of arguments are told before there are values."""
    with pytest.raises(ExpressionError) as failure:
        cel.compile(text)
    assert words in failure.value.message
    assert offset is None or failure.value.offset == offset


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("self.a.b", 7, "there is no key b"),
        ("1 + self.a / 0", 11, "divided by zero"),
        ("self.l[5] == 1", 6, "the list has 2 elements"),
        ("self.a == 1 && self.a + 'x' == ''", 22, "+ does not take (int, string)"),
        ("self.l.all(x, x > 'a')", 16, "< does not take"),
    ],
)
def test_what_fails_is_told_with_its_place(text: str, offset: int, words: str) -> None:
    """The innermost place, and the types, never the values."""
    env = {"self": {"a": 1, "l": [1, 2], "b": {}}}
    text = text.replace("self.a.b", "self.b.b")
    with pytest.raises(ExpressionError) as failure:
        cel.compile(text).eval(env)
    assert words in failure.value.message
    assert failure.value.offset == offset


BIG = {"self": {"l": list(range(2000)), "s": "x" * 50_000}}


@pytest.mark.parametrize(
    "text",
    [
        "self.l.all(a, self.l.all(b, self.l.all(c, true)))",
        "self.l.all(a, self.s.contains('y') || true)",
        "self.l.exists(a, self.l.map(b, b) == self.l.map(b, b + a + 1))",
        "self.l.map(a, self.l.map(b, self.l)).size() > 0",
        "self.l.filter(a, sets.contains(self.l, self.l)).size() > 0",
        "[self.l]" + ".map(a, a + a)" * 40 + ".size() > 0",
        "[self.s]" + ".map(a, a + a)" * 40 + ".size() > 0",
        "lists.range(100000000).size() > 0",
        "self.l.map(a, self.s.replace('x', self.s)).size() > 0",
        "self.l.exists(a, self.l.exists(b, self.l.exists(c, false))) || true",
    ],
)
def test_no_rule_runs_away(text: str) -> None:
    """Loops in loops and values that double are counted; no other side of || hides it."""
    with pytest.raises(ExpressionError, match=r"more than"):
        cel.compile(text).eval(BIG)


def test_deep_values_are_refused() -> None:
    """Neither comparing nor converting them runs out of stack."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="nests too deeply"):
        cel.compile("self == self").eval({"self": deep})
    while deep:  # taken apart, for what frees it has a stack too
        deep = deep.pop()


def test_amounts_beyond_all_numbers_are_told_or_endless() -> None:
    """A document may hold any number of digits, and a quantity any exponent."""
    with pytest.raises(ExpressionError, match="a number is too large"):
        cel.compile("self").eval({"self": {"a": [10**400]}})
    assert cel.compile("self.a > 1.0").holds({"self": {"a": 10**300}})
    for text in ("quantity('1e999')", "quantity('0').sub(quantity('1e999'))"):
        rule = cel.compile(f"{text}.asApproximateFloat()", cel.SELF, KUBERNETES)
        assert abs(rule.eval({})) == float("inf")
    with pytest.raises(ExpressionError, match="too long"):
        cel.compile(
            "timestamp('9999-01-01T00:00:00Z') - timestamp('0001-01-01T00:00:00Z')", ()
        ).eval({})


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}])
def test_only_plain_data_goes_in(value: Any) -> None:
    """And what CEL has types for."""
    with pytest.raises(ExpressionError, match="no plain data"):
        cel.compile("self").eval({"self": value})


_ATOMS = st.sampled_from(
    [
        *("0", "1", "-2", "2.5", "1u", "''", "'a'", "true", "null", "[]", "{}", "self", "self.a"),
        *("self.l", "self.m", "x", "duration('1h')", "timestamp('2026-01-01T00:00:00Z')", "b'a'"),
        *("optional.of(1)", "ip('::1')", "semver('1.2.3')", "int", "'%s'", "quantity('1Gi')"),
    ]
)
_OPERATORS = st.sampled_from(["+", "-", "*", "/", "%", "==", "<", ">=", "in", "&&", "||"])
_CALLS = st.sampled_from(
    [
        *("size()", "all(x, x > 0)", "map(x, x)", "filter(x, x == 1)", "exists(i, x, i < x)", "a"),
        *("sum()", "split('a')", "format([1])", "matches('[')", "?a", "orValue(1)", "getHours()"),
        *(
            "transformMap(k, x, x)",
            "first()",
            "sortBy(x, x)",
            "isLessThan(quantity('1'))",
            "sort()",
        ),
        *("optMap(x, x)", "flatten()", "indexOf('a')", "substring(1)", "distinct()", "reverse()"),
    ]
)
_TEXTS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, _OPERATORS, inner),
        st.builds("{}.{}".format, inner, _CALLS),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("string({})".format, inner),
    ),
    max_leaves=6,
)
_PIECES = st.lists(
    st.sampled_from(
        [*"\ud800()[]{}.,:?!-+*/%<>=&|\"'x1 \\", "self", "in", "0x", "1e", "r'", 'b"', "//"]
    ),
    max_size=10,
).map("".join)


@settings(max_examples=300)
@given(st.one_of(_TEXTS, _PIECES))
def test_any_text_is_an_expression_or_a_told_error(text: str) -> None:
    """Nothing else is ever raised."""
    env = {"self": {"a": 1, "l": [1, 2.5, "a"], "m": {"k": None}}, "x": 1}
    try:
        cel.compile(text, ("self", "x"), KUBERNETES).eval(env, Limits(steps=2000))
    except ExpressionError as error:
        assert error.offset is None or 0 <= error.offset <= len(text)  # noqa: PT017 - if at all


def test_a_set_has_no_order() -> None:
    """Its items are equal in any, and an item that it has is not added once more."""
    env = {"self": {"s": cel.Unordered(["a", "b"]), "l": ["b", "a"]}}
    assert cel.compile("self.s == ['b', 'a'] && self.s == self.l && self.s != ['a']").holds(env)
    assert cel.compile("self.s != ['a', 'c'] && self.l != ['a', 'b']").holds(env)
    assert cel.compile("self.s + ['b', 'c']").eval(env) == ["a", "b", "c"]
    assert cel.compile("self.l + ['b']").eval(env) == ["b", "a", "b"]
    assert cel.compile("type(self.s) == list && self.s[1] == 'b'").holds(env)
    assert cel.compile("self.s.map(x, x + '!') == ['a!', 'b!']").holds(env)


def test_items_of_a_map_are_told_apart_by_their_keys() -> None:
    """One of the same keys takes the place of the one that is there."""
    items = [{"k": 1, "v": "a"}, {"k": 2, "v": "b"}]
    env = {"self": {"m": cel.Unordered(items, ["k"])}}
    other = "[{'k': 2, 'v': 'b'}, {'k': 1, 'v': 'a'}]"
    assert cel.compile(f"self.m == {other}").holds(env)
    assert cel.compile("self.m != [{'k': 1, 'v': 'a'}, {'k': 2, 'v': 'c'}]").holds(env)
    found = cel.compile("self.m + [{'k': 1, 'v': 'z'}, {'k': 3, 'v': 'c'}]").eval(env)
    assert found == [{"k": 1, "v": "z"}, {"k": 2, "v": "b"}, {"k": 3, "v": "c"}]
