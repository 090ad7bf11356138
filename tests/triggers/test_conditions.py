"""Which events a trigger fires with, and what it keeps until then."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.times import format_time, parse_time
from ruleengine.triggers.combinations import CombinationError, read_combination
from ruleengine.triggers.gathering import gather
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.resets import Reset
from tests.triggers.vectors import cases, judge, report

MENDED = {"dash and underscore same key"}
"""Two dependencies that Argo Events takes for one; here they are two."""


def replay(text: str, dependencies: list[str], arrivals: list[str]) -> tuple[list[dict], dict]:
    """Return every firing of a trigger, and what it holds at the end."""
    combination = read_combination(text, dependencies)
    fires, held = [], {}
    for number, name in enumerate(arrivals):
        if name == "!reset":
            held = {}
            continue
        gathered = gather(combination, held, name, number)
        held = gathered.held
        if gathered.fired is not None:
            fires.append({"at": number, "events": gathered.fired})
    return fires, held


@pytest.mark.vectors
def test_triggers_fire_as_upstream() -> None:
    """For every recorded sequence of events, but for the names that are told apart here."""
    wrong = []
    found = [one for one in cases("conditions") if one["case"] not in MENDED]
    for case in found:
        given_, wanted = case["in"], case["out"]
        try:
            fires, held = replay(given_["conditions"], given_["dependencies"], given_["arrivals"])
        except CombinationError as error:
            wrong.append(judge(case, str(error)))
            continue
        if wanted["error"] or fires != wanted["fires"] or held != wanted["remaining"]:
            wrong.append(f"{case['case']}: {fires}, {held}")
    report("conditions", len(found), [one for one in wrong if one])


def test_without_conditions_every_dependency_has_to_happen() -> None:
    """Whatever their order; one event more of the same dependency replaces the one before."""
    fires, held = replay("", ["a", "b-c"], ["b-c", "b-c", "a", "a"])
    assert fires == [{"at": 2, "events": {"a": 2, "b-c": 1}}]
    assert held == {"a": 3}


def test_names_that_differ_in_dashes_are_two_dependencies() -> None:
    """Argo Events takes them for one."""
    fires, _ = replay("d-1 && d_1", ["d-1", "d_1"], ["d-1", "d_1"])
    assert fires == [{"at": 1, "events": {"d-1": 0, "d_1": 1}}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a && !b", "cannot be read from '!b' on"),
        ("a b", "'b' of the conditions 'a b' is out of place"),
        ("(a", "is not closed"),
        ("a)", "')' of the conditions"),
        ("a &&", "end too early"),
        ("a && && b", "'&&' of 'a && && b' cannot be the name"),
        ("a && or", "'or' of"),
        ("a && zz", "'zz' is no dependency of this sensor"),
        ("(" * 200 + "a" + ")" * 200, "nest deeper"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, message: str) -> None:
    """The message shows the place."""
    with pytest.raises(CombinationError) as refused:
        read_combination(text, ["a", "b"])
    assert message in str(refused.value)


@given(
    st.sampled_from(["a && b", "a || b && c", "(a || b) && c", "a || b", "a && b && c"]),
    st.lists(st.sampled_from("abc")),
)
def test_no_event_is_used_twice_and_none_is_invented(text: str, arrivals: list[str]) -> None:
    """What fires and what is held are events that came, each at most once, newest first."""
    combination = read_combination(text, ["a", "b", "c"])
    fires, held = replay(text, ["a", "b", "c"], arrivals)
    used = [number for one in fires for number in one["events"].values()]
    assert len(used) == len(set(used))
    for one in fires:
        assert combination.holds(one["events"])
        assert all(arrivals[number] == name for name, number in one["events"].items())
    assert not combination.holds(held)
    assert not set(held.values()) & set(used)


@pytest.mark.vectors
def test_the_time_before_is_found_as_upstream() -> None:
    """An instant at which there is a reset belongs to it."""
    found = [one for one in cases("cronPrev") if not one["out"]["error"]]
    wrong = []
    for case in found:
        reset = Reset.read({"byTime": {"cron": case["in"]["cron"]}}, "spec")
        before = reset.last(parse_time(case["in"]["at"]) - timedelta(seconds=1))
        if before is None or format_time(before) != case["out"]["prev"]:
            wrong.append(f"{case['case']}: {before}")
    report("cronPrev", len(found), wrong)
    at = parse_time("2026-03-04T18:00:00Z")
    assert Reset.read({"byTime": {"cron": "0 18 * * *"}}, "spec").last(at) == at


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"byTime": {"cron": "x"}},
        {"byTime": {"cron": "@daily"}},
        {"byTime": {"cron": "0 0 * * *", "timezone": "Nope/Z"}},
    ],
)
def test_a_reset_at_no_time_is_refused(value: dict) -> None:
    """Before any event comes."""
    with pytest.raises(WrongError, match="invalid"):
        Reset.read(value, "spec")
