"""Functions of texts."""

from typing import Any

import pytest

from ruleengine.expressions.language import ExpressionError
from tests.expressions.expr.kit import evaluate

GIVES: list[tuple[str, Any]] = [
    ('trim("  a ")', "a"),
    ('trim("__a__","_")', "a"),
    ('trim("abcba","ab")', "c"),
    ('trim("\\u00a0a\\u2003")', "a"),
    ('trimPrefix("abc","a")', "bc"),
    ('trimPrefix("abc")', "abc"),
    ('trimSuffix("abc","c")', "ab"),
    ('trimSuffix("abc","x")', "abc"),
    ('upper("straße")', "STRAßE"),
    ('lower("ÀÉ")', "àé"),
    ('lower("İ")', "i"),
    ('upper("ŉ")', "ŉ"),
    ('upper("ﬁ")', "ﬁ"),
    ('split("a,b,c",",")', ["a", "b", "c"]),
    ('split("a,b,c",",",2)', ["a", "b,c"]),
    ('split("a,b,c",",",0)', []),
    ('split("a,b,c",",",-1)', ["a", "b", "c"]),
    ('split("abc","")', ["a", "b", "c"]),
    ('split("","")', []),
    ('split("",",")', [""]),
    ('split("héé","")', ["h", "é", "é"]),
    ('splitAfter("a,b,c",",")', ["a,", "b,", "c"]),
    ('splitAfter("a,b,c",",",2)', ["a,", "b,c"]),
    ('splitAfter("abc","")', ["a", "b", "c"]),
    ('replace("aaa","a","b")', "bbb"),
    ('replace("aaa","a","b",2)', "bba"),
    ('replace("aaa","a","b",-1)', "bbb"),
    ('replace("aaa","","b")', "bababab"),
    ('replace("aaa","","b",2)', "babaa"),
    ('repeat("ab",3)', "ababab"),
    ('repeat("ab",0)', ""),
    ('join(["a","b"],",")', "a,b"),
    ('join(["a","b"])', "ab"),
    ('join([],",")', ""),
    ('indexOf("abc","c")', 2),
    ('indexOf("abc","x")', -1),
    ('indexOf("héé","é")', 1),
    ('lastIndexOf("abab","b")', 3),
    ('hasPrefix("abc","a")', True),
    ('hasSuffix("abc","c")', True),
]

REFUSED = [
    "trim(1)",
    "trim(v.i)",
    'split("a,b",v.i)',
    'repeat("ab",-1)',
    'repeat("ab",10000000)',
    'repeat("ab",1.5)',
    'join([1,2],",")',
    'join("a",",")',
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_a_function_gives(text: str, value: Any) -> None:
    """Positions count bytes, letters change one by one."""
    assert repr(evaluate(text)) == repr(value)


@pytest.mark.parametrize("text", REFUSED)
def test_a_function_refuses(text: str) -> None:
    """Only texts are texts, and none is repeated without end."""
    with pytest.raises(ExpressionError):
        evaluate(text)
