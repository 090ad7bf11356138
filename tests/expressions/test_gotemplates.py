"""Go templates say what they say in Go; what is wrong is told with its place and a hint."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import gotemplates
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError, Limits
from ruleengine.formats.go_durations import Duration
from tests.expressions.reading import cases

DATA: dict[str, Any] = {
    "a": 1,
    "f": 2.5,
    "s": "str",
    "t": True,
    "z": False,
    "n": None,
    "l": [1, "b", None],
    "e": [],
    "m": {"y": 2, "x": {"deep": "v"}},
    "em": {},
    "h": "<a&b>'\"",
    "big": 1e21,
    "int": 5,
    "u": "é☃",
}
MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def rendered(text: str, data: Any = None, **options: Any) -> str:
    """Compile a template and evaluate it."""
    return gotemplates.compile(text, **options).eval(DATA if data is None else data)


@pytest.mark.parametrize("case", cases("gotemplates"))
def test_a_template_gives_what_it_gives_in_go(case: dict[str, Any]) -> None:
    """Text for text, and an error where Go has one."""

    def result() -> str:
        template = gotemplates.compile(
            case["text"],
            options=case.get("options", ()),
            delimiters=tuple(case.get("delimiters", ("", ""))),
        )
        return template.eval(case.get("data", None if "data" in case else DATA))

    if "error" in case:
        with pytest.raises(ExpressionError) as raised:
            result()
        assert case["error"] in str(raised.value)
        assert raised.value.offset is not None
    else:
        assert result() == case["out"]


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("{{ .a", 0, "line 1: unclosed action", "close it with }}"),
        ("x\ny{{ .m.y.z }}", 6, "line 2: at <.m.y.z>: can't evaluate field z in type int", ""),
        ("{{ prinnt .a }}", 3, "function 'prinnt' not defined", "did you mean print"),
        ("{{ xyzzy .a }}", 3, "function 'xyzzy' not defined", "written .name"),
        ("{{ .a-b }}", 5, "bad character '-'", 'index . "a-b"'),
        ("{{ if .a }}x", 12, "unexpected EOF in if", "write {{end}}"),
        ("{{ end }}", 0, "unexpected {{end}}", "nothing is open"),
        ("{{ $x }}", 3, "undefined variable '$x'", "declare it with $x :="),
        ("{{ 1 + 1 }}", 5, "bad number syntax", "use add and sub"),
        ('{{ "a }}', 3, "unterminated quoted string", 'close it with "'),
        ("{{ (.a }}", 7, "unclosed left paren", ")"),
        ("{{ .a | 1 }}", 8, "non executable command in pipeline stage 2", "only functions"),
        ("{{ .n.x }}", 3, "nil pointer evaluating interface {}.x", "test it with if"),
        ("{{ index .l 5 }}", 3, "index out of range: 5", ""),
        ('{{ template "no" }}', 3, "template 'no' not defined", '{{define "no"}}'),
        ("{{ range .s }}{{ end }}", 9, "range can't iterate", "take a list"),
        ("{{ 1i }}", 3, "complex numbers are not supported", ""),
        ("{{ a : b }}", 5, "expected :=", "to declare"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_hint(
    text: str, offset: int, message: str, hint: str
) -> None:
    """The line stands in the message, the character beside it."""
    with pytest.raises(ExpressionError) as raised:
        rendered(text)
    assert message in raised.value.message
    assert raised.value.offset == offset
    assert raised.value.text == text
    assert hint in raised.value.hint


def test_a_missing_key_is_an_error_where_the_option_says_so() -> None:
    """And the message names a key that is nearly the same."""
    with pytest.raises(
        ExpressionError, match=r"no entry for key 'nam'.*did you mean name"
    ) as raised:
        rendered("{{ .nam }}", {"name": "x"}, options=["missingkey=error"])
    assert raised.value.offset == 3
    for option in ("missingkey=never", "other", ""):
        with pytest.raises(ExpressionError, match="unrecognized option"):
            rendered("", options=[option])


def test_values_never_stand_in_messages() -> None:
    """They may be secrets; types and keys say enough."""
    data = {"password": "hunter2", "list": ["hunter2"], "map": {"k": "hunter2"}}
    for text in (
        "{{ .password.x }}",
        "{{ eq .list .list }}",
        "{{ eq .map .map }}",
        "{{ len 3 | index .password }}",
        "{{ lt .password 1 }}",
        "{{ index .map .list }}",
        "{{ range .password }}{{ end }}",
        "{{ call .password }}",
        "{{ slice .password 99 }}",
        "{{ .password | .map }}",
    ):
        with pytest.raises(ExpressionError) as raised:
            rendered(text, data)
        assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("{{ .at }}", "2026-03-04 05:06:07 +0000 UTC"),
        ('{{ .at.Format "Jan 2, 2006" }}', "Mar 4, 2026"),
        ('{{ (.at.AddDate 0 -1 0).Format "2006-01-02" }}', "2026-02-04"),
        ('{{ (.at.AddDate 0 0 30).Format "2006-01-02" }}', "2026-04-03"),
        ("{{ .at.Unix }} {{ .at.UnixMilli }} {{ .at.UnixNano }}", None),
        ("{{ .at.Year }} {{ .at.Month }} {{ .at.Weekday }} {{ .at.YearDay }}", None),
        ('{{ printf "%d %d" .at.Month .at.Weekday }}', "3 3"),
        ("{{ (.at.Add .for).Minute }}", "36"),
        ("{{ .at.Sub .at }} {{ .at.Before .at }} {{ .at.Equal .at }}", "0s false true"),
        ('{{ "2006" | .at.UTC.Format }}', "2026"),
        ("{{ .at.IsZero }} {{ .at.In .zone }}", "false 2026-03-04 05:06:07 +0000 UTC"),
        ("{{ .for }} {{ .for.Hours }} {{ .for.Minutes }} {{ .for.Milliseconds }}", None),
        ("{{ .for.Round 3600000000000 }} {{ .for.Truncate 3600000000000 }}", "2h0m0s 1h0m0s"),
        ("{{ .for.Abs.String }} {{ if .for }}x{{ end }}", "1h30m0s x"),
    ],
)
def test_times_and_durations_have_their_methods(text: str, out: str | None) -> None:
    """Called with or without arguments, also by a pipe."""
    data = {"at": MOMENT, "for": Duration(5400 * 10**9), "zone": UTC}
    others = {
        "Unix": "1772600767 1772600767000 1772600767000000000",
        "Year": "2026 March Wednesday 63",
        "Hours": "1h30m0s 1.5 90 5400000",
    }
    assert rendered(text, data) == (out or next(others[key] for key in others if key in text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ .at.Format }}", "wrong number of args for Format: want 1 got 0"),
        ("{{ .at.Format 1 }}", "expected string; found 1"),
        ("{{ .at.Sub 1 }}", "expected time.Time; found 1"),
        ("{{ .at.Year 1 }}", "wrong number of args for Year: want 0 got 1"),
        ("{{ .at.Foo }}", "can't evaluate field Foo in type time.Time"),
        ("{{ .at.AddDate 9999 0 0 }}", "after the year 9999"),
        ("{{ .at.In 1 }}", "a time zone is expected"),
        ("{{ .at.Add .at }}", "expected time.Duration; got time.Time"),
    ],
)
def test_methods_check_their_arguments(text: str, message: str) -> None:
    """As functions do."""
    with pytest.raises(ExpressionError) as raised:
        rendered(text, {"at": MOMENT})
    assert message in str(raised.value)


def test_functions_come_with_the_compilation_or_as_values() -> None:
    """Values of the data are called by ``call``; neither can be printed."""
    shout = Function("shout", lambda text, times: text.upper() * times, (Kind.STRING, Kind.INT))
    functions = {"shout": shout}
    assert rendered('{{ shout "a" 2 }} {{ 3 | shout "b" }}', functions=functions) == "AA BBB"
    assert rendered("{{ call .f.shout .s 2 }}", {"f": functions, "s": "x"}) == "XX"
    with pytest.raises(ExpressionError, match="a function cannot be printed"):
        rendered("{{ .f }}", {"f": shout})
    with pytest.raises(ExpressionError, match="expected string; got int"):
        rendered("{{ shout .a 1 }}", functions=functions)
    with pytest.raises(ExpressionError, match="expected int; got float64"):
        rendered("{{ shout .s .f }}", functions=functions)
    with pytest.raises(ExpressionError, match="cannot assign nil to string"):
        rendered("{{ shout nil 1 }}", functions=functions)
    assert rendered("{{ len 7 }}", functions={"len": Function("len", str, (Kind.ANY,))}) == "7"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ range 1000000000 }}{{ end }}", "more than 100000 steps"),
        ('{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', "nest"),
        ("{{ range 5000 }}{{ $.long }}{{ end }}", "1000000"),
        ('{{ printf "%1000000d%1000000d" 1 2 }}', "1000000 characters"),
        ("{{ " + "(" * 200 + "1" + ")" * 200 + " }}", "nests deeper than 100"),
        ("{{ if 1 }}" * 200 + "{{ end }}" * 200, "nests deeper than 100"),
        ("{{ if 1 }}{{ else if 1 }}" + "{{ else if 1 }}" * 200 + "{{ end }}", "nests deeper"),
        ("x" * 300_000, "more than 262144 characters"),
        ("{{ " + "1" * 500 + " }}", "too many digits"),
        ("{{ print .cyclic }}", "nests deeper"),
    ],
)
def test_no_template_runs_away(text: str, message: str) -> None:
    """Loops, recursion, output and syntax have limits."""
    cyclic: dict[str, Any] = {}
    cyclic["self"] = cyclic
    with pytest.raises(ExpressionError, match=message):
        rendered(text, {"long": "x" * 1000, "cyclic": cyclic})


def test_limits_are_those_of_the_evaluation() -> None:
    """The same template may be given more or less."""
    template = gotemplates.compile("{{ range 10 }}x{{ end }}")
    assert template.eval({}) == "x" * 10
    with pytest.raises(ExpressionError, match="5 steps"):
        template.eval({}, Limits(steps=5))
    with pytest.raises(ExpressionError, match="more than 9 elements"):
        template.eval({}, Limits(size=9))


def test_bytes_that_are_no_text_end_as_replacement_characters() -> None:
    """What a template gives can always be written."""
    assert rendered('{{ printf "%s" "a\\xff" }}') == "a\ufffd"
    assert rendered('{{ len "\\xff\\xfe" }}') == "2"


PIECES = st.sampled_from(
    [
        *("{{", "}}", "{{-", " -}}", "/*", "*/", "(", ")", "|", ":=", "=", ",", ".", "$", "$x"),
        *(".a", ".m.x", ".l", ".n", ".missing", "if ", "else", "end", "range ", "with ", "break"),
        *("continue", "define ", "template ", "block ", '"t"', "`r`", "'c'", "1", "-2.5", "0x1p3"),
        *("nil", "true", "print ", "printf ", "index ", "slice ", "len ", "eq ", "lt ", "and "),
        *("or ", "not ", "html ", "js ", "call ", " ", "\n", "text", "{{end}}", "{{range .l}}"),
        *("{{if .a}}", "{{.}}", "{{$x := .m}}", '{{define "t"}}', '{{template "t" .}}'),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(["default", "zero", "error"]))
def test_nothing_but_an_expression_error_comes_out(text: str, missing: str) -> None:
    """Whatever the pieces of the template."""
    with suppress(ExpressionError):
        template = gotemplates.compile(text, options=[f"missingkey={missing}"])
        assert isinstance(template.eval(DATA, Limits(steps=2000, depth=50)), str)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.just(MOMENT)
    | st.integers(-(2**63), 2**63 - 1).map(Duration),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters()) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES, st.sampled_from(sorted(gotemplates.BUILTINS)))
def test_every_function_takes_or_refuses_every_value(one: Any, other: Any, name: str) -> None:
    """With one, two and three arguments."""
    for arguments in ((one,), (one, other), (one, other, 1)):
        names = {f"v{number}": value for number, value in enumerate(arguments)}
        call = " ".join(f".{key}" for key in names)
        with suppress(ExpressionError):
            assert isinstance(rendered(f"{{{{ {name} {call} }}}}", names).encode(), bytes)
        with suppress(ExpressionError):
            assert rendered(f"{{{{ range .v0 }}}}{{{{ {name} . }}}}{{{{ end }}}}x", names).encode()
