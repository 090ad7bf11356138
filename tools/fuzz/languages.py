"""Every language of ``ruleengine/expressions``: a value in its limits, or ``ExpressionError``."""

import contextlib
from collections.abc import Callable, Sized
from datetime import UTC, datetime
from typing import Any, Final

from ruleengine.expressions import (
    applicationset_functions,
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
from ruleengine.expressions.cel import types as cel_types
from ruleengine.expressions.language import INPUT, ExpressionError, Limits
from ruleengine.formats import json_text
from tools.fuzz.targets import Target, parts_of, value_of

LIMITS: Final = Limits(steps=5_000, size=50_000, depth=50, seconds=2.0)

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VALUES: Final[dict[str, Any]] = {
    "a": {"b": [1, 2.5, "x", None, {"c": True}], "d": "2026-01-02", "e": -1},
    "items": [{"name": "web", "size": 3}, {"name": "db", "tags": ["x", "y"]}],
    "text": "héllo 12 wörld",
    "n": 12345678901234567890,
    "empty": {},
    "none": None,
}


def _language(evaluate: Callable[[str, str], Any]) -> Callable[[bytes], None]:
    """Return how a language is tried: what it makes keeps its limits, or it says why not."""

    def run(data: bytes) -> None:
        with contextlib.suppress(ExpressionError):
            made = evaluate(*parts_of(data))
            if isinstance(made, Sized) and len(made) > LIMITS.size:
                raise AssertionError(f"a value of {len(made)} is larger than its limit")

    return run


def _expr(text: str, _document: str) -> Any:
    made = None
    for dialect in (expr.PLAIN, expr.WORKFLOWS, expr.ROLLOUTS, expr.EVENTS):
        with contextlib.suppress(ExpressionError):
            made = expr.compile(text, dialect).eval(VALUES, LIMITS)
    return made


def _when(text: str, _document: str) -> Any:
    with contextlib.suppress(ExpressionError):
        when.compile(text, bare_words=False).eval(VALUES, LIMITS)
    return when.compile(text).eval({}, LIMITS)


def _tags(text: str, document: str) -> Any:
    surroundings = sprig.Surroundings(now=NOW, random=bytes)
    scope = tags.Scope({"a": "1", "b.c": document or "x", "d": None}, surroundings)
    made: Any = None
    for policy in (tags.LENIENT, tags.STRICT):
        with contextlib.suppress(ExpressionError):
            made = tags.replace({"k": text, text: ["{{a}}" + text]}, scope, policy, LIMITS)
    return made


_FUNCTIONS: Final = {
    **sprig.functions(sprig.Surroundings(now=NOW, random=bytes)),
    **applicationset_functions.FUNCTIONS,
}


def _gotemplates(text: str, document: str) -> Any:
    return gotemplates.compile(text, functions=_FUNCTIONS).eval(value_of(document, VALUES), LIMITS)


def _fasttemplate(text: str, document: str) -> Any:
    with contextlib.suppress(ExpressionError):
        fasttemplate.compile(text, strict=True).eval({"a": document}, LIMITS)
    return fasttemplate.compile(text).eval({"a": document}, LIMITS)


_JSON: Final = json_text.dumps(VALUES)


def _gjson(path: str, document: str) -> Any:
    found = gjson.compile(path).eval({INPUT: document or _JSON}, LIMITS)
    return (found.raw, found.text, found.number, found.truth)


def _sjson(path: str, document: str) -> Any:
    compiled, text = sjson.compile(path), document or _JSON
    made = [compiled.delete(text, LIMITS)]
    with contextlib.suppress(ExpressionError):
        made.append(compiled.set(text, {"x": [1]}, LIMITS))
    for one in made:
        # What points at nothing leaves a document alone, also one that is empty.
        if one.strip():
            json_text.loads(one)


def _jsonpath(text: str, document: str) -> Any:
    compiled = jsonpath.compile(text, allow_missing_keys=True)
    return compiled.eval({INPUT: value_of(document, VALUES)}, LIMITS)


def _goessner(path: str, document: str) -> Any:
    return goessner.compile(path).eval({INPUT: value_of(document, VALUES)}, LIMITS)


def _jq(text: str, document: str) -> Any:
    return jq.compile(text).eval({INPUT: value_of(document, VALUES)}, LIMITS)


def _lua(text: str, document: str) -> Any:
    made = None
    for dialect in lua.Dialect:
        with contextlib.suppress(ExpressionError):
            env = {"obj": value_of(document, VALUES), lua.NOW: NOW}
            made = lua.compile(text, dialect).eval(env, LIMITS)
    return made


_DECLARED: Final = cel_types.object_of(
    {
        "a": cel_types.object_of({"d": cel_types.STRING, "e": cel_types.INT}),
        "items": cel_types.list_of(cel_types.map_of(cel_types.STRING, cel_types.DYN)),
        "text": cel_types.STRING,
    }
)


def _cel(text: str, document: str) -> Any:
    with contextlib.suppress(ExpressionError):
        variables = {"self": _DECLARED, "oldSelf": cel_types.optional_of(_DECLARED)}
        cel.check(text, variables, cel_types.BOOL)
    env = {
        "self": value_of(document, VALUES),
        "oldSelf": cel.Optional(present=True, content=VALUES),
    }
    return cel.compile(text).eval(env, LIMITS)


def _cron(text: str, _document: str) -> Any:
    schedule = cron.compile(text)
    for at in (schedule.next(NOW), schedule.previous(NOW)):
        if at is not None and schedule.next(at) == at:
            raise AssertionError("a schedule that stays where it is")


def _regular(text: str, document: str) -> Any:
    pattern, found = regular.compile(text), document or VALUES["text"]
    list(pattern.find_all(found, LIMITS))
    pattern.split(found, 3, LIMITS)
    return pattern.replace(found, "$1${name}$$", LIMITS)


LANGUAGES: Final[dict[str, Target]] = {
    "expr": Target(
        _language(_expr),
        (
            "filter(items, .size > 2) | map(#.name) | len",
            "let x = a.b[0] + 1; x ** 2 >= 3 ? `y` : toJson(a) ?? nil",
            "sprig.trunc(3, text) matches '^h' && date(a.d) > now() - duration('1h')",
            "reduce(1..9, #acc + #, 0) in [1, 2.5] or a?.x not contains 'b'[1:]",
            "jsonpath(toJson(a), '$.b[?(@.c)]') | groupBy(#) | sortBy(#, 'desc')",
        ),
    ),
    "when": Target(
        _language(_when),
        (
            "a == 'b' && 1 <= 2 ** 3 || !(x in (1, 'x'))",
            '"2020-01-01" < "v1" =~ "^v" ? 1 : -2 ?? 3',
        ),
    ),
    "tags": Target(
        _language(_tags),
        ("{{a}} {{b.c}} {{=asInt(a) + 1}} {{inputs.{{a}}}}", "{{=toJson({x: b.c}) }}{{ d }}\0y"),
    ),
    "depends": Target(
        _language(lambda text, _: depends.compile(text).eval({"A": {"", "Failed"}, "B": set()})),
        ("A.Failed && (!B || A.AnySucceeded)",),
    ),
    "gotemplates": Target(
        _language(_gotemplates),
        (
            "{{range $i, $e := .items}}{{if gt $i 0}}, {{end}}{{$e.name | quote}}{{else}}-{{end}}",
            '{{define "t"}}{{. | toJson | nindent 2}}{{end}}{{template "t" .a}}{{- /* c */ -}}',
            '{{with .text}}{{printf "%-5.2s|%v|%d" . 1.5 3}}{{end}}',
            '{{dict "a" (list 1 2) | dig "a" 0}}{{semver "1.2.3-a"}}{{splitList "" .text}}',
            '{{ now | date "2006" }}{{ randAlpha 3 }}{{ regexReplaceAll "a(x*)b" .text "${1}W" }}',
        ),
    ),
    "fasttemplate": Target(_language(_fasttemplate), ("x {{a}} {{ b }}\0y",)),
    "gjson": Target(
        _language(_gjson),
        ('items.#(name=="web").size|@this', '{a.b.#,"n":items.#.name}.@ugly', "a.b.4.c.@tostr"),
    ),
    "sjson": Target(_language(_sjson), ("a.b.-1", "items.5.name", "x.:1.y", "a\\.b")),
    "jsonpath": Target(
        _language(_jsonpath),
        ('{range .items[?(@.name=="web")]}{.name}{"\\n"}{end}', "{..b[-1:]['c','d']}{.a.*}"),
    ),
    "goessner": Target(
        _language(_goessner),
        ("$.items[?(@.size > 2 && @.name =~ /w/)].name", "$..b[(@.length-1)]['c'][0:3,1]"),
    ),
    "jq": Target(
        _language(_jq),
        (".items[] | select(.size > 2) | {name, n: (.tags // [] | length)}", "[.a.b[] | numbers]"),
    ),
    "lua": Target(
        _language(_lua),
        (
            "local t = {}; for i, v in ipairs(obj.items) do t[i] = v.name:upper() end; return t",
            'return string.format("%5.1f %s", obj.a.e, ("x"):rep(3)), obj.text:gsub("%a+", "y")',
            "local ok, e = pcall(error, {1}); obj.a = nil; return obj, os.time(), ok",
        ),
    ),
    "cel": Target(
        _language(_cel),
        (
            "self.items.all(i, i.name.matches('^[a-z]+$') && size(i.name) < 10)",
            "self.?x.orValue(1) + int('2') > oldSelf.?a.e.orValue(0) ? [1].sum() : 0",
            "'%s %d'.format(['x', 1]) in {'a': b'b'} || duration('1h') < timestamp(self.a.d)",
            "url('https://a/b?c=d').getHost() == ip('::1').string() || isCIDR('10.0.0.0/8')",
        ),
    ),
    "cron": Target(
        _language(_cron),
        ("*/5 1-4,8 ? jan-mar/2 MON", "CRON_TZ=Europe/Berlin 30 2 * * *", "@every 1h30m", "@daily"),
    ),
    "regular": Target(
        _language(_regular),
        (r"(?i)(?P<name>w[[:alpha:]]+|\d{1,3}?)\b", r"^(a|b*)+$\0aab", r"\Qx.y\E\pL[^\x00-\x7f]"),
    ),
}
"""Every language of ``ruleengine/expressions``, by the name of its module."""
