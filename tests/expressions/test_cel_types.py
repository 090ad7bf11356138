"""Types of rules are checked before there are values, by what schemas say."""

import re
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import cel
from ruleengine.expressions.cel.fields import escaped, unescaped
from ruleengine.expressions.cel.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    Type,
    list_of,
    map_of,
    object_of,
    optional_of,
)
from ruleengine.expressions.language import ExpressionError
from tests.expressions.reading import table
from tests.expressions.test_cel import KUBERNETES

ITEM = object_of({"name": STRING, "v": INT})
SELF = object_of(
    {
        "i": INT,
        "n": Type("double"),
        "s": STRING,
        "b": BOOL,
        "l": list_of(STRING),
        "m": map_of(STRING, INT),
        "o": object_of({"x": STRING, "a__dash__b": INT, "__if__": STRING}),
        "items": list_of(ITEM),
        "p": DYN,
        "any": object_of({}),
        "t": Type("timestamp"),
        "d": Type("duration"),
    }
)
VARIABLES = {"self": SELF, "oldSelf": SELF}


def check(text: str, wanted: Type = BOOL) -> None:
    """Check a rule about the object above."""
    cel.check(text, VARIABLES, wanted, KUBERNETES)


@pytest.mark.parametrize(
    "text",
    [
        "self.i > 3 && self.n < 3 && self.i < self.n",
        "self.i in [1, 2, 3] || 'a' in self.m || self.s in self.l",
        "has(self.o) && has(self.o.x)",
        "self.l.all(x, x.startsWith('a')) || self.l.all(n, x, n > 1 && x != '')",
        "self.items.filter(i, i.v > 1).map(i, i.name).isSorted()",
        "self.items.map(i, i.v > 1, i.name) == self.l",
        "self.m.all(k, k.matches('a.*') && self.m[k] > 1)",
        "self.m.transformMap(k, v, v + 1)['a'] == 2",
        "self.o.a__dash__b > 1 && self.o.__if__ == 'x'",
        "type(self.p) == int ? self.p > 0 : self.p.endsWith('%')",
        "self.p == 5 || self.p == '5%'",
        "self.t > timestamp('2020-01-01T00:00:00Z') && self.d <= duration('1h')",
        "int(self.d) > 0",
        "self.t + self.d > self.t && self.t - self.t < self.d && self.t.getFullYear() > 2000",
        "self.?o.?x.orValue('') == '' && self.?m['a'].optMap(x, x + 1).orValue(0) > 0",
        "quantity('1Gi').isGreaterThan(quantity('1Mi')) && sign(quantity('1').add(1)) == 1",
        "self == oldSelf || self.i >= oldSelf.i",
        "!has(self.any) || self.o == null",
        "self.l.map(x, size(x)).sum() < 100 && size(self.l + ['a']) < 10",
        "ip(self.s).family() == 4 && cidr('10.0.0.0/8').containsIP(self.s)",
        "url(self.s).getScheme() == 'https' && url(self.s).getQuery()['a'][0] == 'b'",
        "string(self.i) + self.s == '1a' && int(self.s) > 1 && -self.i < 0",
        "(has(self.s) ? self.s : 'none') != ''",
        "!format.dns1123Label().validate(self.s).hasValue()",
        "format.named('uuid').orValue(format.uri()).validate(self.s) == optional.none()",
        "self.items.map(e, e.name) == ['a'] && sets.contains(self.l, ['a'])",
        "'%s is %d'.format([self.s, self.i]) == 'x' && [1, 2].exists(e, e == 1)",
        "self.l.exists_one(n, x, x == 'a') && self.s.matches(self.s) && matches('a', '[a-z]')",
        "[?self.?s].size() == 1 && {'a': 1}.a == 1 && {?'b': self.?i}['b'] == 1",
        "google.protobuf.Timestamp == type(self.t)",
    ],
)
def test_what_fits_is_taken(text: str) -> None:
    """Numbers of all types are compared; what is of no type fits everything."""
    check(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("self.nope == 1", "undefined field 'nope' at character 6"),
        ("has(self.nope)", "undefined field 'nope'"),
        ("self.?o.y == optional.none()", "undefined field 'y'"),
        ("self.any.x == 1", "undefined field 'x'"),
        ("self.items.all(i, i.w > 1)", "undefined field 'w'"),
        ("self.o.if == 'x'", "undefined field 'if'"),
        ("self.i.x == 1", "type 'int' does not support field selection"),
        ("self.i + 1.0 > 2.0", "no matching overload for '_+_' applied to '(int, double)'"),
        ("self.i == 'a'", "no matching overload for '_==_' applied to '(int, string)'"),
        ("self.i == self.n", "'_==_' applied to '(int, double)'"),
        ("self.b < 3", "'_<_' applied to '(bool, int)'"),
        ("self.t > self.d", "'_>_' applied to '(timestamp, duration)'"),
        ("self.o < self.o", "'_<_' applied to"),
        ("self.l.all(x, x > 3)", "'_>_' applied to '(string, int)'"),
        ("self.l['a'] == 'b'", "'_[_]' applied to '(list(string), string)'"),
        ("self.m[1] == 1", "'_[_]' applied to '(map(string, int), int)'"),
        ("self.i[0] == 1", "'_[_]' applied to '(int, int)'"),
        ("self.i in ['a']", "'@in' applied to '(int, list(string))'"),
        ("self.s && true", "expected type 'bool' but found 'string'"),
        ("null || true", "expected type 'bool' but found 'null_type'"),
        ("-self.s == ''", "'-_' applied to '(string)'"),
        ("self.l[?'a'].hasValue()", "'_[?_]' applied to '(list(string), string)'"),
        ("self.s ? true : false", "'_?_:_' applied to '(string, bool, bool)'"),
        ("true ? self.i : self.s", "'_?_:_' applied to '(bool, int, string)'"),
        ("!self.i", "'!_' applied to '(int)'"),
        ("size(self.i) > 1", "'size' applied to '(int)'"),
        ("self.i.startsWith('a')", "'startsWith' applied to 'int.(string)'"),
        ("[1, 'a'] == self.p", "expected type 'int' but found 'string' at character 5"),
        ("[[1], ['a']] == self.p", "expected type 'list(int)' but found 'list(string)'"),
        ("{1: 'a', 'b': 'c'} == self.p", "expected type 'int' but found 'string'"),
        ("{'a': 1, 'b': 2.0} == self.p", "expected type 'int' but found 'double'"),
        ("self.s.matches('[')", "invalid matches argument: the pattern is wrong"),
        ("matches(self.s, '(')", "invalid matches argument"),
        ("self.s.find('(') == ''", "invalid find argument"),
        ("self.d > duration('x')", "invalid duration argument: the text is no duration"),
        ("self.t > timestamp('x')", "invalid timestamp argument: the text is no time"),
        ("self.l.sort() == self.l", "API servers of version 1.34 take no new rule with 'sort'"),
        ("lists.range(3) == self.p", "take no new rule with 'lists.range'"),
        ("self.l.sortBy(e, e) == self.l", "take no new rule with 'sortBy'"),
        ("self.s.optMap(x, x).hasValue()", "'optMap' applied to '(string)'"),
        ("self.i.all(x, x > 1)", "expression of type 'int' cannot be range of a comprehension"),
        ("self.l.filter(x, size(x)) == []", "expected type 'bool' but found 'int'"),
        ("self.i", "must evaluate to bool, and this is int"),
        ("self.l.map(x, x)", "must evaluate to bool, and this is list(string)"),
        ("self.", "expected"),
    ],
)
def test_what_cannot_be_is_refused(text: str, words: str) -> None:
    """By the words that an API server has for it, at its place."""
    with pytest.raises(ExpressionError) as told:
        check(text)
    assert words in str(told.value)


def test_what_may_be_absent_is_used_as_such() -> None:
    """An optional value has the fields of its content, as optional values."""
    variables = {"self": SELF, "oldSelf": optional_of(SELF)}
    cel.check("!oldSelf.hasValue() || oldSelf.value().i < self.i", variables, BOOL)
    cel.check("oldSelf.i.orValue(0) < self.i && oldSelf.?m['a'].hasValue()", variables, BOOL)
    for text in ("oldSelf.i < self.i", "oldSelf.nope.hasValue()", "oldSelf.i.orValue('a') == 'a'"):
        with pytest.raises(ExpressionError):
            cel.check(text, variables, BOOL)


def test_a_text_is_wanted_of_a_message() -> None:
    """And no truth."""
    check("'size is ' + string(self.i)", STRING)
    with pytest.raises(ExpressionError, match="must evaluate to string"):
        check("self.i > 3", STRING)


def test_deep_expressions_are_told() -> None:
    """As when they are compiled."""
    with pytest.raises(ExpressionError):
        check("(" * 5000 + "true" + ")" * 5000)


@pytest.mark.parametrize("case", [one for one in table("cel")["cases"] if len(one) == 2])
def test_what_has_a_value_is_not_refused(case: list[Any]) -> None:
    """Every expression to which an API server gives a value passes where nothing is known.

    But for functions that it knows of rules which are there already alone.
    """
    variables = {"self": DYN, "oldSelf": DYN}
    later = re.search(r"\.(distinct|flatten|range|reverse|slice|sort|sortBy)\(", case[0])
    words = f"take no new rule with '(lists.)?{later[1]}'" if later else ""
    with pytest.raises(ExpressionError, match=words) if later else nullcontext():
        cel.check(case[0], variables, DYN, KUBERNETES)


@given(st.text(alphabet="ab_-./1", max_size=8))
def test_an_escaped_name_is_read_back(name: str) -> None:
    """Where it can be spelt at all."""
    spelt = escaped(name)
    assert spelt is None or unescaped(spelt) == name
