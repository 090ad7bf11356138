"""Whatever a document makes an engine run comes to an end by itself, by a bound that is counted.

A decision is interrupted where it runs Python; what runs elsewhere has to be bounded. One table
of all languages and readers that texts of documents reach, each with the worst that is known of
its kind. A bound that is gone shows as a test that does not end.
"""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import reduce
from typing import Any, Final

import jsonschema_rs
import pytest

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.expressions import (
    cel,
    cron,
    depends,
    expr,
    fasttemplate,
    gjson,
    goessner,
    gotemplates,
    jq,
    jsonpath,
    lua,
    regular,
    sjson,
    sprig,
    tags,
    when,
)
from ruleengine.expressions.language import INPUT, ExpressionError, Limits
from ruleengine.formats import json_text, yaml_reader
from ruleengine.rules.faults import TemplateFault
from ruleengine.rules.templates import Scope, compile_template
from tools.fuzz.languages import LANGUAGES, NOW

LONG: Final = "a" * 1_000_000
NESTED: Final[Any] = reduce(lambda inner, _: [inner, inner], range(9), 1)
PARENTHESES: Final = "(" * 20_000 + "1" + ")" * 20_000
FUNCTIONS: Final = sprig.functions(sprig.Surroundings(now=NOW, random=bytes))
TOO_LARGE: Final = "more than 1000000"
TOO_MANY_STEPS: Final = "more than 100000 steps"
TOO_DEEP: Final = "nests? (deeper|too deeply)"


def _expr(text: str) -> Any:
    return expr.compile(text, expr.WORKFLOWS).eval({})


def _tags(value: Any, **names: str) -> Any:
    return tags.replace(value, tags.Scope(names))


def _gotemplate(text: str) -> Any:
    return gotemplates.compile(text, functions=FUNCTIONS).eval({})


def _lua(script: str) -> Any:
    return lua.compile(script).eval({})


def _rule(expression: str) -> Any:
    return compile_template("${{ " + expression + " }}", ()).render(Scope({"text": LONG}))


def _yaml(text: str) -> str:
    return " ".join(one.code for one in yaml_reader.read(text.encode(), "a.yaml").findings)


def _matches_schema(pattern: str, text: str) -> bool:
    return bool(jsonschema_rs.Draft202012Validator({"pattern": pattern}).is_valid(text))


REFUSED: Final[dict[str, tuple[tuple[Callable[[], Any], str], ...]]] = {
    "expr": (
        (lambda: _expr("reduce(1..100, #acc + #acc, 'ab')"), TOO_LARGE),
        (lambda: _expr("repeat('a', 1000000000)"), TOO_LARGE),
        (lambda: _expr("1..1000000000"), TOO_LARGE),
        (lambda: _expr("map(1..1000, map(1..1000, #))"), TOO_MANY_STEPS),
        (lambda: _expr(PARENTHESES), TOO_DEEP),
    ),
    "when": ((lambda: when.compile(PARENTHESES), TOO_DEEP),),
    "tags": (
        (lambda: _tags("{{a}}" * 50_000, a=LONG), TOO_LARGE),
        (lambda: _tags(["x{{a}}"] * 200_000, a=LONG[1:]), "grow too long"),
        (lambda: _tags("{{=repeat(a, 1000000)}}", a="xx"), TOO_LARGE),
    ),
    "depends": ((lambda: depends.compile("!" * 100_000 + "A"), TOO_DEEP),),
    "gotemplates": (
        (lambda: _gotemplate('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}'), TOO_DEEP),
        (lambda: _gotemplate("{{range until 1000000000}}a{{end}}"), TOO_LARGE),
        (lambda: _gotemplate("{{range until 1000}}{{bcrypt `a`}}{{end}}"), TOO_MANY_STEPS),
        (lambda: _gotemplate("{{repeat 999999 `a` | replace `a` (repeat 999 `b`)}}"), TOO_LARGE),
    ),
    "fasttemplate": (
        (lambda: fasttemplate.compile("{{a}}" * 50_000).eval({"a": LONG}), TOO_LARGE),
    ),
    "gjson": (
        (lambda: gjson.Document(f"[{'[1],' * 100_000}1]").get("#(#(#(==1)#)#)#"), TOO_MANY_STEPS),
        (lambda: gjson.Document("[1]").get("|".join(["[@this,@this]"] * 60)), TOO_LARGE),
        (lambda: gjson.Document("[" * 5000 + "]" * 5000).get("@flatten"), TOO_DEEP),
    ),
    "sjson": ((lambda: sjson.compile("1000000000").set("[]", 1), "more than 100000 elements"),),
    "jsonpath": (
        (lambda: jsonpath.compile("{range $..}" * 9).eval({INPUT: NESTED}), TOO_MANY_STEPS),
    ),
    "goessner": (
        (lambda: goessner.compile("$..*..*..*..*").eval({INPUT: NESTED}), TOO_MANY_STEPS),
    ),
    "jq": (
        (
            lambda: jq.compile("[range(1e9)]").eval({INPUT: None}, Limits(seconds=0.1)),
            r"more than 0\.1 seconds",
        ),
    ),
    "lua": (
        (lambda: _lua("while true do end"), TOO_MANY_STEPS),
        (lambda: _lua("return ('a'):rep(1e9)"), "memory"),
        (lambda: _lua("return ('a'):rep(1e7):find(('a'):rep(5e6) .. 'b')"), TOO_MANY_STEPS),
        (lambda: _lua("return ('a'):rep(3000):find(('a*'):rep(9) .. 'b')"), TOO_MANY_STEPS),
    ),
    "cel": (
        (lambda: cel.compile("lists.range(1000000000)").eval({}), TOO_LARGE),
        (lambda: cel.compile("'%.1000000000f'.format([1.0])").eval({}), "too many"),
        (lambda: cel.compile(PARENTHESES), TOO_DEEP),
    ),
    "cron": ((lambda: cron.compile("0-59," * 50_000 + "1 * * * *"), "too long"),),
    "regular": (
        (lambda: regular.compile("a?" * 20_000), "too long"),
        (lambda: regular.compile(r"(\pL{500}|x){2}" * 3), "too large"),
        (lambda: regular.compile(r"\pL+" * 100).matches(LONG), "too long for a pattern"),
    ),
    "rules' templates": (
        (lambda: _rule("'a' * 1000000000"), "would grow beyond"),
        (lambda: _rule("text * 1000"), "would grow beyond"),
        (lambda: _rule("9 ** 9 ** 9"), "powers are not offered"),
    ),
    "JSON": (
        (lambda: json_text.loads("[" * 1_000_000), "depth limit"),
        (lambda: json_text.loads("[" * 1_000_000 + "1" * 30), "depth limit|nested too deeply"),
        (lambda: json_text.loads("9" * 1_000_000), "infinity|limit"),
    ),
    "quantities": ((lambda: parse_quantity("1e999999999"), "unable to parse"),),
}
"""What is refused, and with which words."""

HARMLESS: Final[dict[str, tuple[tuple[Callable[[], Any], Any], ...]]] = {
    "numbers": (
        (lambda: _expr("10 ** 1000000000"), float("inf")),
        (lambda: _expr("9223372036854775807 + 1"), -(2**63)),
        (lambda: when.compile("9 ** 9 ** 9 ** 9 > 1").eval({}), True),
        (lambda: _gotemplate("{{mul 9223372036854775807 9223372036854775807}}"), "1"),
        (lambda: _gotemplate('{{printf "%1000000000d" 1}}'), "%!(BADWIDTH)1"),
    ),
    "patterns": (
        (lambda: regular.compile("(a*)*b").matches(LONG), False),
        (lambda: _expr("repeat('a', 1000000) matches '(a*)*b'"), False),
        (lambda: fnmatchcase("a" * 5000, "*a" * 2000 + "b"), False),
        (lambda: _matches_schema(r"(a*)*\1b", "a" * 4000), False),
    ),
    "schedules": ((lambda: cron.compile("0 0 31 2 *").next(NOW), None),),
    "YAML": (
        (lambda: _yaml("a: " + "[" * 200_000), "file-depth-exceeded"),
        (
            lambda: _yaml("a: &a {x: 1}\nb: {<<: [" + "*a," * 100_000 + "*a]}"),
            "file-aliases-exceeded",
        ),
        (lambda: _yaml("a: " + "9" * 200_000), ""),
        (lambda: _yaml("a: 1" + ":59" * 200_000), ""),
    ),
}
"""What is evaluated all the same, for it costs little, and what it comes to."""


def _named(table: Mapping[str, Iterable[tuple[Any, Any]]]) -> list[Any]:
    """Return the cases of a table as parameters of a test."""
    return [
        pytest.param(*case, id=f"{name}-{number}")
        for name, cases in table.items()
        for number, case in enumerate(cases)
    ]


@pytest.mark.parametrize(("evaluate", "words"), _named(REFUSED))
def test_what_would_take_for_ever_is_refused(evaluate: Callable[[], Any], words: str) -> None:
    """By an error of the language, which becomes a finding or a status."""
    with pytest.raises((ExpressionError, TemplateFault, ValueError), match=words):
        evaluate()


@pytest.mark.parametrize(("evaluate", "made"), _named(HARMLESS))
def test_what_looks_endless_and_is_not_has_its_value(
    evaluate: Callable[[], Any], made: Any
) -> None:
    """Numbers have as many bits as Go's, and patterns go through a text once."""
    assert evaluate() == made


def test_every_language_has_its_worst_here() -> None:
    """A new one is added with what bounds it."""
    assert REFUSED.keys() >= LANGUAGES.keys()
