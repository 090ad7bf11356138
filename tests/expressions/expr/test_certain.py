"""What an expression fails by whatever its names stand for; what may go well is never told."""

import pytest

from ruleengine.expressions import expr
from ruleengine.expressions.language import ExpressionError

TEXTS = ("inputs.parameters",)


def faults(text: str) -> list[tuple[str, int | None]]:
    """Return messages and places of what is certain to fail."""
    found = expr.compile(text, expr.WORKFLOWS).faults(TEXTS)
    return [(one.message, one.offset) for one in found]


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("1 > 'a'", "'>' is not defined on an integer and a text", 2),
        ("x == (1 > 'a')", "'>' is not defined on an integer and a text", 8),
        ("'a' + 1", "'+' is not defined on a text and an integer", 4),
        ("nil + 1", "'+' is not defined on nil and an integer", 4),
        ("1 % 0", "an integer is divided by zero", 2),
        ("10 % lower(x)", "'%' is not defined on an integer and a text", 3),
        ("1 % (x > 1)", "'%' is not defined on an integer and a boolean", 2),
        ("'a' matches len(x)", "'matches' takes texts, not an integer", 4),
        ("x['a' * 2]?.y", "'*' is not defined on a text and an integer", 6),
        ("upper(x) + 1", "'+' is not defined on a text and an integer", 9),
        ("asInt(x) - 'a'", "'-' is not defined on an integer and a text", 9),
        ("x.y + -'a'", "'-' cannot stand before a text", 6),
        ("not upper(x)", "a text stands where true or false must", 0),
        ("1 && x", "an integer stands where true or false must", 0),
        ("upper(x) || x || x", "a text stands where true or false must", 0),
        ("len(x) ? 1 : 2", "an integer stands where true or false must", 0),
        ("1 ?? x", "", 0),
        ("(1 > 'a') ?? x", "'>' is not defined on an integer and a text", 3),
        ("(x == y) + 1", "'+' is not defined on a boolean and an integer", 9),
        ("(x > y) + 1", "'+' is not defined on a boolean and an integer", 8),
        ("1..'a'", "a text stands where an integer must", 1),
        ("len(1)", "an integer has no length", 0),
        ("[x, 'a' * 2]", "'*' is not defined on a text and an integer", 8),
        ("{a: 'a' * 2, b: x}", "'*' is not defined on a text and an integer", 8),
        ("x; 'a' * 2; y", "'*' is not defined on a text and an integer", 7),
        ("let y = x > 1; 'a' * y", "", 0),
        ("let y = 'a' * 2; x", "'*' is not defined on a text and an integer", 12),
        ("let y = x; 'a' * 2 + y", "'*' is not defined on a text and an integer", 15),
        ("filter('a' * 2, # > x)", "'*' is not defined on a text and an integer", 11),
        ("x['a' * 2]", "'*' is not defined on a text and an integer", 6),
        ("x[1:'a' * 2]", "'*' is not defined on a text and an integer", 8),
        ("asInt('a' * 2)", "'*' is not defined on a text and an integer", 10),
        ("lower('a' * 2 + x)", "'*' is not defined on a text and an integer", 10),
        ("'x'.y", "a text has no 'y'", 4),
        ("asInt(x, 1)", "'asInt' takes 1 arguments, not 2", 0),
        ("toJson()", "'toJson' takes 1 arguments, not 0", 0),
        ("sprig.upper(x, x)", "wrong number of args for upper: want 1 got 2", 6),
        ("inputs.parameters.n > 1", "'>' is not defined on a text and an integer", 20),
        ("inputs.parameters['n'] > 1", "'>' is not defined on a text and an integer", 23),
        ("'a' in inputs.parameters.n", "'in' is not defined on a text", 4),
        ("inputs.parameters.n + 'a' - 1", "'-' is not defined on a text and an integer", 26),
    ],
)
def test_what_fails_for_certain_is_told_at_its_place(text: str, message: str, offset: int) -> None:
    """An empty message stands for none: it may go well."""
    assert faults(text) == ([(message, offset)] if message else [])


@pytest.mark.parametrize(
    "text",
    [
        "x > 1",
        "x ? 1 > 'a' : 3",
        "x && 1",
        "x || 1 > 'a'",
        "x ?? (1 + 'a')",
        "filter(x, # > 'a')",
        "map([], # + 1)",
        "asInt(inputs.parameters.n) > 1",
        "date(inputs.parameters.n).Year() > 1",
        "fromJSON(inputs.parameters.n).a + 1",
        "inputs.parameters.n matches '^a' and inputs.parameters.n contains 'a'",
        "len(inputs.parameters) > 1",
        "inputs.parameters.n[0:2] + 'a'",
        "inputs.parameters.n == 1",
        "let inputs = {parameters: {n: 1}}; inputs.parameters.n > 1",
        "let asInt = x; asInt(1, 2)",
        "inputs.other.n > 1",
        "inputs.parameters?.n == nil",
        "now() > x",
        "sprig.now()",
        "sprig.trunc(x, x)",
        "sprig.nothing(1)",
        "nothing(1)",
        "asFloat(x) % 2",
        "1 + 2 * 3 > 4 ? 'a' : 'b'",
        "x | split(',') | len() > 1",
        "[1, 2][0] + 1",
        "{a: 1}.a + 1",
        "-1 + +1",
        "{a: x}.b(1)",
        "[x + 1]",
        "{a: x + 1}",
        "x + 1; y",
        "x[1:] == x[:1]",
        "inputs.parameters[x] > 1",
        "asInt(x).y(1, 2)",
        "asInt(x).String() + 'a'",
    ],
)
def test_what_may_go_well_is_not_told(text: str) -> None:
    """A value that is not known, or a part that may never be looked at."""
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("10 % (asInt(x) - 1)", "4", 1),
        ("10 % (len(x) - 1)", "abcd", 1),
        ("'B' matches '(?' + lower(x) + ')b'", "i", True),
        ("1 in groupBy(x, # % 2)", [1, 2], True),
        ("1 in fromPairs(x)", [[1, 2]], True),
        ("x?.y['a' * 2]", None, None),
        ("x?.y('a' * 2)", None, None),
    ],
)
def test_what_goes_well_for_some_value_is_not_told(
    text: str, value: object, result: object
) -> None:
    """Whatever it comes to for others."""
    assert faults(text) == []
    assert expr.compile(text, expr.WORKFLOWS).eval({"x": value}) == result


@pytest.mark.parametrize("text", ["1 > 'a'", "asInt(x, 1)", "x['a' * 2]", "1..'a'", "not 'a'"])
def test_what_is_told_fails(text: str) -> None:
    """Whatever the names stand for."""
    program = expr.compile(text, expr.WORKFLOWS)
    for value in (1, "a", True, {}, []):
        with pytest.raises(ExpressionError):
            program.eval({"x": value})


def test_what_is_too_long_to_be_looked_at_is_let_pass() -> None:
    """A row of operators has no end that matters to who evaluates it."""
    assert faults("x" + " + 1" * 5000) == []
