"""jq transforms what sensors transform, sees nothing but its input, and always ends."""

import json
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.expressions import jq
from ruleengine.expressions.language import ExpressionError, Limits
from ruleengine.formats import go_json
from tests.expressions.reading import recorded

QUICK = Limits(seconds=0.5)


@pytest.mark.vectors("events")
def test_transforms_make_what_was_recorded() -> None:
    """The first output; that it must be an object is the sensor's rule."""
    for case in recorded("transformJQ"):
        if case["in"]["data"] is None:
            continue
        want = case["out"]
        try:
            program = jq.compile(case["in"]["program"])
        except ExpressionError:
            assert want["error"] is not None, case["id"]
            continue
        (output,) = program.run(go_json.unmarshal(case["in"]["data"]))
        if want["error"] is None:
            assert go_json.marshal(output) == want["data"], case["id"]
        else:
            assert not isinstance(output, dict), case["id"]


@pytest.mark.parametrize(
    ("text", "value", "outputs"),
    [
        (".a", {"a": 1}, [1]),
        (".[]", [1, None, "x"], [1, None, "x"]),
        ("empty", 1, []),
        ("{a: .b, c: (.d // 5)}", {"b": 2.5}, [{"a": 2.5, "c": 5}]),
        ("map(select(.n > 1).s)", [{"n": 1}, {"n": 2, "s": "é<>"}], [["é<>"]]),
        ('test("^a+$")', "aaa", [True]),
        (".", 12345678901234567890, [1.2345678901234567e19]),
        ("@json", [2**53 + 1, 2**53 - 1], ["[9007199254740992,9007199254740991]"]),
        ("env, $ENV", None, [{}, {}]),
        ("input_filename", None, [None]),
        ('"\\(1 + 1)\\n"', None, ["2\n"]),
    ],
)
def test_programs_give_all_their_outputs(text: str, value: Any, outputs: list[Any]) -> None:
    """Plain values in, plain values out."""
    assert jq.compile(text).eval({"input": value}) == outputs


def test_only_as_many_outputs_are_made_as_are_asked_for() -> None:
    """The rest may be endless."""
    assert jq.compile("repeat(1)").run(0, most=3) == [1, 1, 1]
    with pytest.raises(ExpressionError, match="more than 10000 outputs"):
        jq.compile("repeat(1)").eval({"input": 0})


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (".body |", 6),
        (".a\n| .b @", 8),
        ('"é" | {a:', 8),
        ('"\ud800" | {a:', 8),
        (".a as x | .", 6),
        ('import "a" as a; .', 0),
        ('include "a"; .', 0),
        ("nope", 0),
    ],
)
def test_a_broken_program_is_told_with_its_place(text: str, offset: int) -> None:
    """Importing is one of the mistakes: files are none of a program's business."""
    with pytest.raises(ExpressionError) as failure:
        jq.compile(text)
    assert failure.value.offset == offset
    assert "top-level" not in failure.value.message


@pytest.mark.parametrize("text", ["now", "input", ".a.b", '"x" | tonumber', 'error("no")', "@sh"])
def test_a_program_that_fails_is_told(text: str) -> None:
    """Without the values that it failed on."""
    with pytest.raises(ExpressionError, match="the program failed") as failure:
        jq.compile(text).eval({"input": {"a": "s3cret"}})
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    "text",
    ["def f: f; f", "[repeat(1)]", "def f: 1 + f; f", "[range(1e9)] | length"],
)
def test_a_program_that_never_ends_is_ended(text: str) -> None:
    """And the next one runs as if nothing had been."""
    with pytest.raises(ExpressionError, match=r"was ended|failed"):
        jq.compile(text).run(0, QUICK)
    assert jq.compile(". + 1").run(1) == [2]


def test_an_output_that_is_too_large_is_refused() -> None:
    """The answer is not read to its end."""
    with pytest.raises(ExpressionError, match="too large"):
        jq.compile('"x" * 100000').run(0, Limits(size=1000))
    with pytest.raises(ExpressionError, match="more than 1000"):
        jq.compile(".").run("x" * 2000, Limits(size=1000))


def test_a_value_without_json_is_told() -> None:
    """Only plain values have JSON."""
    with pytest.raises(ExpressionError, match="no JSON"):
        jq.compile(".").run(float("nan"))


def test_threads_do_not_wait_for_one_another() -> None:
    """Each gets a process; none gets the answer of another."""
    program = jq.compile(". * 2")
    found: list[tuple[int, Any]] = []
    threads = [
        threading.Thread(target=lambda n=number: found.append((n, program.run(n))))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(number, [number * 2]) for number in range(8)]


_PIECES = st.sampled_from(
    [*'.[]{}()|,:;"\\ab1+-*/=<>?$@ ', "reduce ", " as $x ", "def f: ", "..", "//", "if ", " then "]
)


@settings(max_examples=60)
@given(st.lists(_PIECES, max_size=10).map("".join), st.sampled_from([None, 1, "a", [1], {"a": 1}]))
def test_any_text_is_a_program_or_a_told_error(text: str, value: Any) -> None:
    """What it gives are plain values."""
    try:
        json.dumps(jq.compile(text).run(value, QUICK, most=5))
    except ExpressionError as error:
        assert error.offset is None or 0 <= error.offset <= len(text)  # noqa: PT017 - if at all
