"""Lua scripts do what they do in Argo, and can neither run away nor reach anything."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.expressions import lua
from ruleengine.expressions.language import ExpressionError, Limits
from ruleengine.expressions.lua import Dialect
from ruleengine.expressions.lua.runtimes import Runtime
from ruleengine.formats import go_json
from tests.expressions.reading import recorded


def _run(script: str, limits: Limits | None = None, **env: Any) -> list[Any]:
    return lua.compile(script).eval(env, limits or Limits())


@pytest.mark.vectors("events")
def test_filters_decide_what_was_recorded() -> None:
    """Only true as the last result passes. An empty script is the sensor's business."""
    for case in recorded("filterScript"):
        script, data = case["in"]["script"], go_json.unmarshal(case["in"]["event"]["data"])
        if not script or not isinstance(data, dict):
            continue
        try:
            results = _run(script, event=data)
        except ExpressionError:
            assert case["out"]["error"] is not None, case["id"]
            continue
        passes = bool(results) and results[-1] is True
        assert passes is case["out"]["result"], case["id"]


@pytest.mark.vectors("events")
def test_transforms_make_what_was_recorded() -> None:
    """The tables that scripts return, as JSON."""
    for case in recorded("transformLua"):
        want = case["out"]
        try:
            results = _run(case["in"]["program"], event=go_json.unmarshal(case["in"]["data"]))
        except ExpressionError:
            assert want["error"] is not None, case["id"]
            continue
        if want["error"] is None:
            assert go_json.unmarshal(go_json.marshal(results[-1])) == go_json.unmarshal(
                want["data"]
            ), case["id"]
        else:
            assert not isinstance(results[-1:], dict), case["id"]


HEALTH = """
local health = {}
health.status = "Progressing"
health.message = "waiting"
if obj.status ~= nil and obj.status.conditions ~= nil then
  for i, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" and condition.status == "False" then
      health.status = "Degraded"
      health.message = condition.message
      return health
    end
    if condition.type ~= "Ready" then goto continue end
    health.status, health.message = "Healthy", condition.message
    ::continue::
  end
end
return health
"""


def test_health_checks_see_the_object() -> None:
    """Lists are counted from one; what is not there is nil."""
    program = lua.compile(HEALTH, Dialect.CD)
    conditions = [{"type": "Other"}, {"type": "Ready", "status": "True", "message": "é"}]
    assert program.eval({"obj": {"status": {"conditions": conditions}}}) == [
        {"status": "Healthy", "message": "é"}
    ]
    assert program.eval({"obj": {"status": None}})[0]["status"] == "Progressing"


@pytest.mark.parametrize(
    ("script", "results"),
    [
        ("return 1, nil, 2.5, 'a', true, nil", [1, None, 2.5, "a", True, None]),
        ("", []),
        ("return '\\255\\254é'", ["\ufffd\ufffdé"]),
        ("return table.getn({1, 2}), unpack({1, 2})", [2, 1, 2]),
        ("return math.mod(5, 3), string.gfind('a', 'a')(), table.maxn({[7] = 1})", [2, "a", 7]),
        ("local n = 0 table.foreach({a = 1}, function() n = n + 1 end) return n", [1]),
        ("return table.foreachi({4, 5}, function(i, v) if v == 5 then return i end end)", [2]),
        ("return tostring(1234567890123456), tostring(0.1 + 0.2)", None),
        ("return tostring(1e15), tostring(1e21), tostring(nil)", ["1" + "0" * 15, "1e+21", "nil"]),
        ("return tostring(1234567.891), tostring(123456.5)", ["1.234567891e+06", "123456.5"]),
        ("return tostring(1e15 + 0.5), tostring(-2e20)", ["1.0000000000000005e+15", "-2e+20"]),
        ("return tostring(1/0), tostring(-1/0), tostring(0/0)", ["+Inf", "-Inf", "NaN"]),
        ("return tostring(-0.0), tostring(0.00001)", ["0", "1e-05"]),
        ("return ('%s %2s%%%s'):format(1e15, 7, 1e6 + .5)", ["1" + "0" * 15 + "  7%1.0000005e+06"]),
        ("return string.format('%s %5.1f %d %q', true, 2.25, 7, 'x')", ['true   2.2 7 "x"']),
        ("return xpcall(function() error('a', 0) end, string.upper)", [False, "A"]),
        ("return pcall(error, 'x')", [False, "x"]),
        ("return coroutine.wrap(function(a) local b = coroutine.yield(a) end)(5)", [5]),
        ("x = 1 return _G.x, _G._G == _G", [1, True]),
        ("return os.time({year = 2026, month = 14, day = 31, hour = 0})", [1804032000]),
        ("return os.date('!%Y-%m-%d', 86400), os.date('%H', 3600)", ["1970-01-02", "01"]),
        ("return os.difftime(5, 3), type(os), type(print)", [2, "table", "function"]),
        ("return ('a,b'):match('(%w),(%w)')", ["a", "b"]),
        ("return #event.list, event.list[2].n", [2, 2]),
    ],
)  # fmt: skip
def test_scripts_find_the_language_that_they_were_written_for(
    script: str, results: list[Any] | None
) -> None:
    """Lua 5.1 with goto, numbers printed as in Go."""
    wanted = ["1234567890123456", "0.30000000000000004"] if results is None else results
    event = {"list": [{"n": 1}, None, [3], {"n": 2}]}
    assert _run(script, event=event) == wanted


def test_the_clock_is_handed_in() -> None:
    """Without one, asking for the time is an error."""
    env = {lua.NOW: datetime(2026, 1, 1, tzinfo=UTC)}
    assert _run("return os.time(), os.date('%Y')", **env) == [1767225600, "2026"]
    for script in ("return os.time()", "return os.date('%c')"):
        with pytest.raises(ExpressionError, match="no clock"):
            _run(script)


@pytest.mark.parametrize(
    ("script", "events", "cd"),
    [
        ("return {}", {}, []),
        ("return {a = {}}", {"a": {}}, {"a": []}),
        ("return setmetatable({}, {__is_array = true})", [], []),
        ("return {1, 2}", [1, 2], [1, 2]),
        ("local t = {1, 2} t.x = 3 return t", [1, 2], None),
        ("return {[3] = 1}", [None, None, 1], None),
        ("return {[true] = 1}", None, None),
        ("return {print}", None, None),
        ("return {a = 1/0}", {"a": float("inf")}, {"a": float("inf")}),
    ],
)
def test_tables_become_what_each_system_makes_of_them(script: str, events: Any, cd: Any) -> None:
    """None stands for an error."""
    for dialect, wanted in ((Dialect.EVENTS, events), (Dialect.CD, cd)):
        program = lua.compile(script, dialect)
        if wanted is None:
            with pytest.raises(ExpressionError, match="the script returns"):
                program.eval({})
        else:
            assert program.eval({}) == [wanted]


def test_lists_of_lists_survive_in_health_checks_only() -> None:
    """Events lose them, as upstream does."""
    env = {"v": {"l": [[1], 2]}}
    assert lua.compile("return v", Dialect.CD).eval(env) == [{"l": [[1], 2]}]
    assert lua.compile("return v", Dialect.EVENTS).eval(env) == [{"l": [2]}]


def test_what_an_action_returns_keeps_its_empty_objects() -> None:
    """Lua cannot tell an empty object from an empty list; the object before can."""
    before = {"spec": {"a": {}, "b": [], "c": [{"d": {}}, {}]}, "x": {"y": 1}}
    made = {"spec": {"a": [], "b": [], "c": [{"d": []}]}, "x": [], "new": []}
    assert lua.restored(made, before) == {
        "spec": {"a": {}, "b": [], "c": [{"d": {}}]},
        "x": {"y": 1},
        "new": [],
    }


LOOP = "while true do end"


@pytest.mark.parametrize(
    "script",
    [
        LOOP,
        f"while true do pcall(function() {LOOP} end) end",
        "local function f() return pcall(f) end while true do f() end",
        f"xpcall(function() {LOOP} end, function() {LOOP} end) {LOOP}",
        f"coroutine.wrap(function() {LOOP} end)()",
        "while true do coroutine.wrap(function() end)() end",
        "local c = coroutine.create(function() while true do pcall(coroutine.yield) end end)\
        while true do coroutine.resume(c) end",
        f"return setmetatable({{}}, {{__index = function() {LOOP} end}}).x",
        f"setmetatable({{}}, {{__gc = function() {LOOP} end}}) {LOOP}",
        f"table.sort({{3, 1, 2}}, function() {LOOP} end)",
        f"string.gsub('aaa', 'a', function() {LOOP} end)",
        "return string.find(string.rep('a', 3000), string.rep('a-', 8) .. 'b')",
        "for w in string.gmatch(string.rep('a', 3000), string.rep('a*', 9) .. 'b') do end",
        "return ('x'):rep(2^24):rep(2^24)",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local function f() return 1 + f() end return f()",
        "local t = {} for i = 1, 60 do t = {t, t} end return t",
        "local t = {} t.t = t return t",
        "return {[1e9] = 1}",
        "return string.rep('x', 2000000)",
        "local s = ('a'):rep(2e7) return s:find(('a'):rep(1e7) .. 'b', 1, true)",
        "local s = ('a'):rep(1e7) return s:find(('a'):rep(5e6) .. 'b')",
        "local s = ('a'):rep(1e7) return s:find(('a'):rep(5e6) .. '.b')",
        "while true do local s = ('a'):rep(3e7) end",
        "local s = ('a'):rep(2e7) while true do s:reverse() s:upper() s:lower() end",
        "local t = {} for i = 1, 2e5 do t[i] = i end while true do table.sort(t) end",
        "local t = {} for i = 1, 2e5 do t[i] = i end while true do table.insert(t, 1, i) end",
    ],
)
def test_no_script_runs_away(script: str) -> None:
    """Nor can it catch what ends it."""
    with pytest.raises(ExpressionError):
        _run(script, Limits(steps=2000))


def test_what_is_done_at_once_to_long_texts_counts_by_its_length() -> None:
    """A body of a megabyte may be searched, turned and repeated; not without end."""
    text = "a" * 1_000_000
    assert _run("return s:find('b'), s:find('aa', 9, true)", s=text) == [None, 9, 10]
    assert _run("return #s:upper(), #s:reverse(), #(('ab'):rep(3, ', '))", s=text) == [
        1_000_000,
        1_000_000,
        10,
    ]
    looped = "for i = 1, {} do s:reverse() end return #s"
    assert _run(looped.format(100), Limits(steps=5000), s=text) == [1_000_000]
    with pytest.raises(ExpressionError, match="more than 5000 steps"):
        _run(looped.format(1000), Limits(steps=5000), s=text)


def test_what_is_left_of_the_steps_is_for_the_results_too() -> None:
    """Asking each of many tables whether it is a list takes some."""
    script = "for i = 1, 193000 do end local t = {} for i = 1, 900 do t[i] = {} end return t"
    outcomes: set[int | str] = set()
    for steps in range(1950, 2150, 10):
        try:
            outcomes.add(len(_run(script, Limits(steps=steps))[0]))
        except ExpressionError as error:
            outcomes.add(error.message.partition(":")[0])
    assert outcomes == {900, "the script was ended"}


def test_seconds_end_what_steps_do_not() -> None:
    """One instruction on a long text takes long."""
    with pytest.raises(ExpressionError, match=r"0\.2 seconds"):
        _run("local s = 'x' while true do s = s .. 'y' end", Limits(steps=10_000_000, seconds=0.2))


def test_scripts_reach_nothing() -> None:
    """No files, no host, no code from texts, no way to the real globals."""
    names = "io debug python package require load loadstring loadfile dofile getfenv setfenv module"
    names += " newproxy collectgarbage rawlen bit32 string.dump os.execute os.getenv os.exit"
    names += " os.remove os.rename os.tmpname os.setlocale math.random math.randomseed"
    for name in names.split():
        assert _run(f"return {name}") == [None], name
    assert _run("return getmetatable('')") == [False]


def test_one_script_does_not_see_another() -> None:
    """Every evaluation has its own world."""
    _run("x = 1 string.upper = nil _G.print = 5")
    assert _run("return x, ('a'):upper(), type(print)") == [None, "A", "function"]


@pytest.mark.parametrize(
    ("script", "offset", "words"),
    [
        ("local a = 1\nlocal x = = 2", 22, "unexpected symbol"),
        ("if true then", 12, "'end' expected"),
        ("return 'abc", 11, "unfinished string"),
        ("goto nowhere", 0, "no visible label"),
        ("return " + "(" * 500, None, "C levels"),
        ("\x1bLua", 0, "compiled"),
    ],
)
def test_a_broken_script_is_told_with_its_place(
    script: str, offset: int | None, words: str
) -> None:
    """The line, and what stands there."""
    with pytest.raises(ExpressionError) as failure:
        lua.compile(script)
    assert words in failure.value.message
    assert offset is None or failure.value.offset == offset


def test_a_script_that_fails_is_told_with_its_line() -> None:
    """Errors that are no texts are told too."""
    with pytest.raises(ExpressionError, match="nil value") as failure:
        _run("local a\nreturn a.b")
    assert failure.value.offset == 8
    with pytest.raises(ExpressionError, match="no text"):
        _run("error({})")
    with pytest.raises(ExpressionError, match="value expected"):
        _run("return tostring()")


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {"b": (1,)}}])
def test_only_plain_data_goes_in(value: Any) -> None:
    """An object of Python's would be a way out."""
    with pytest.raises(ExpressionError, match=r"plain data|must be texts"):
        _run("return v", v=value)


CALLS = """
local name, text, pattern, by, init = name, text, pattern, by, init
local function all(...) return {n = select('#', ...), ...} end
if name == 'find' then return pcall(function() return all(text:find(pattern, init)) end) end
if name == 'match' then return pcall(function() return all(text:match(pattern, init)) end) end
if name == 'gsub' then return pcall(function() return all(text:gsub(pattern, by, init)) end) end
return pcall(function()
  local found = {n = 0}
  for a, b in text:gmatch(pattern) do
    found[#found + 1] = tostring(a) found[#found + 1] = tostring(b)
    if #found > 60 then break end
  end
  return found
end)
"""
_PARTS = st.sampled_from(
    [
        *("a", "b", ".", "%a", "%d", "%s", "%W", "[ab]", "[^a]", "[a-c%d]", "(a)", "()", "(", ")"),
        *("%1", "%b()", "%f[%w]", "$", "^", "%%", "[]]", "[^]]", "%", "[a", "a*", "a+", "b-", "c?"),
        *(".-", ".*", "(.-)", "(%a+)", "x", "[%a", "%f", "%b", "-", "*"),
    ]
)


def _called(native_work: int, values: dict[str, Any]) -> tuple[bool, Any]:
    fine, results = Runtime(lambda: False, None, native_work).run(CALLS.encode(), values)
    if not (fine and results[0]):
        return False, re.sub(r"^\w+:\d+: ", "", str(results[-1]))
    return True, sorted((str(key), one) for key, one in results[1].items())


@settings(max_examples=150)
@given(
    name=st.sampled_from(["find", "match", "gmatch", "gsub"]),
    text=st.text("abcx1 ()%", max_size=8),
    pattern=st.lists(_PARTS, max_size=5).map("".join),
    by=st.sampled_from(["x", "%0", "%1", "<%1%%>", "%2"]),
    init=st.integers(-4, 5),
)
def test_our_patterns_match_what_the_library_matches(
    name: str, text: str, pattern: str, by: str, init: int
) -> None:
    """Captures, anchors, balances, frontiers, mistakes; the library is the judge."""
    values = {"name": name, "text": text, "pattern": pattern, "by": by, "init": init}
    fine, found = _called(0, values)
    if not fine and ("malformed" in found or "pattern" in found or "capture" in found):
        return  # the library tells a mistake only where it comes to it
    assert (fine, found) == _called(10**9, values)


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(
            [
                *"xyz=+-*/%^#()[]{};:,.'\"\n 1",
                *("local ", "function ", "end ", "return ", "if ", "then ", "for i=1,3 do "),
                *("event.", "..", "goto a ", "::a::", "pcall", "string.rep"),
            ]
        ),
        max_size=14,
    ).map("".join)
)  # fmt: skip
def test_any_text_is_a_script_or_a_told_error(script: str) -> None:
    """Nothing else is ever raised, and nothing hangs."""
    try:
        _run(script, Limits(steps=500), event={"a": 1})
    except ExpressionError as error:
        assert error.offset is None or 0 <= error.offset <= len(script)  # noqa: PT017 - if at all
