"""Which events pass the filters of a dependency; the messages are Argo's own."""

from collections.abc import Mapping
from typing import Any

import pytest

from ruleengine.model.events import CloudEvent
from ruleengine.triggers.filter_context import ContextFilter
from ruleengine.triggers.filter_data import DataEntry, DataFilter
from ruleengine.triggers.filter_exprs import ExpressionEntry, ExpressionFilter
from ruleengine.triggers.filter_time import TimeFilter
from ruleengine.triggers.filters import Filters
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.verdicts import Verdict
from tests.triggers.vectors import cases, judge, report

_GO = "parsing time "


def event_of(value: Mapping[str, Any] | None) -> CloudEvent:
    """Return the event of a vector; what it leaves out is empty."""
    value = value or {}
    context = value.get("context") or {}
    return CloudEvent(
        id=context.get("id") or "",
        source=context.get("source") or "",
        subject=context.get("subject") or "",
        type=context.get("type") or "",
        time=context.get("time") or "",
        data=value.get("data") or "",
        content_type=context.get("datacontenttype") or "",
    )


def wrong(case: dict[str, Any], verdict: Verdict) -> str:
    """Return why a verdict is not the expected one, or an empty text."""
    if verdict.passed is not case["out"]["result"]:
        return f"{case['id']} {case['case']}: {verdict}"
    expected = case["out"]["error"]
    if expected and _GO in expected:  # the words of Go's own parser of times
        case = {**case, "error_match": "prefix", "error_prefix": expected.partition(_GO)[0]}
    return judge(case, verdict.error or None)


@pytest.mark.vectors
def test_the_context_is_compared_as_upstream() -> None:
    """Exactly, and only four of its fields."""
    found = [one for one in cases("filterContext") if one["in"]["actual"] is not None]
    problems = []
    for case in found:
        given = {name: one for name, one in case["in"]["expected"].items() if one}
        verdict = ContextFilter(given).judge(event_of({"context": case["in"]["actual"]}))
        problems.append(wrong(case, verdict))
    report("filterContext", len(found), [one for one in problems if one])


@pytest.mark.vectors
def test_times_of_day_are_compared_as_upstream() -> None:
    """Start is in, stop is out, over midnight, in any time zone, around changes of clocks."""
    problems = []
    found = [one for one in cases("filterTime") if one["in"]["filter"] is not None]
    for case in found:
        given = case["in"]["filter"]
        filtered = TimeFilter(given["start"], given["stop"], given.get("timezone", ""))
        verdict = filtered.judge(event_of({"context": {"time": case["in"]["eventTime"]}}))
        problems.append(wrong(case, verdict))
    report("filterTime", len(found), [one for one in problems if one])


@pytest.mark.vectors
def test_data_is_compared_as_upstream() -> None:
    """Of every recorded case whose event has any data; ours always have."""
    found = [one for one in cases("filterData") if one["in"]["event"]["data"] is not None]
    problems = []
    for case in found:
        given = {"data": case["in"]["filters"], "dataLogicalOperator": case["in"]["operator"]}
        filtered = data_of(given)
        problems.append(wrong(case, filtered.judge(event_of(case["in"]["event"]))))
    report("filterData", len(found), [one for one in problems if one])


@pytest.mark.vectors
def test_expressions_are_evaluated_as_upstream() -> None:
    """Of every recorded case whose event has any data."""
    found = [one for one in cases("filterExpr") if one["in"]["event"]["data"] is not None]
    problems = []
    for case in found:
        given = {"exprs": case["in"]["filters"], "exprLogicalOperator": case["in"]["operator"]}
        filtered = expressions_of(given)
        problems.append(wrong(case, filtered.judge(event_of(case["in"]["event"]))))
    report("filterExpr", len(found), [one for one in problems if one])


@pytest.mark.vectors
def test_filters_are_joined_as_upstream() -> None:
    """Every recorded case without a script, which is not honoured yet."""
    problems, count = [], 0
    for case in cases("filterEvent"):
        given = case["in"]["filter"] or {}
        if given.get("script"):
            continue
        count += 1
        operator = case["in"]["filtersLogicalOperator"] or "and"
        filters = Filters(
            operator=operator,
            exprs=expressions_of(given) if given.get("exprs") is not None else None,
            data=data_of(given) if given.get("data") is not None else None,
            context=context_of(given) if given.get("context") is not None else None,
            time=time_of(given) if given.get("time") is not None else None,
        )
        problems.append(wrong(case, filters.judge(event_of(case["in"]["event"]))))
    report("filterEvent", count, [one for one in problems if one])


def expressions_of(given: Mapping[str, Any]) -> ExpressionFilter:
    """Return the expressions of a vector, as they stand there."""
    entries = tuple(
        ExpressionEntry(one["expr"], tuple((at["name"], at["path"]) for at in one["fields"]))
        for one in given["exprs"]
    )
    return ExpressionFilter(entries, given.get("exprLogicalOperator") or "and")


def data_of(given: Mapping[str, Any]) -> DataFilter:
    """Return the data entries of a vector, as they stand there."""
    entries = tuple(
        DataEntry(
            path=one["path"],
            type=one["type"],
            values=tuple(one["value"] or ()),
            comparator=one.get("comparator", ""),
            template=one.get("template", ""),
        )
        for one in given["data"]
    )
    return DataFilter(entries, given.get("dataLogicalOperator") or "and")


def context_of(given: Mapping[str, Any]) -> ContextFilter:
    """Return the context of a vector, without what is empty."""
    known = ("type", "subject", "source", "datacontenttype")
    return ContextFilter(
        {name: given["context"][name] for name in known if given["context"].get(name)}
    )


def time_of(given: Mapping[str, Any]) -> TimeFilter:
    """Return the times of a vector."""
    time = given["time"]
    return TimeFilter(time["start"], time["stop"], time.get("timezone", ""))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"start": "9", "stop": "10:00:00"}, "invalid event time filter: the text does not fit"),
        ({"start": "10:00:00", "stop": "10:00:00"}, "stop '10:00:00' is equal to start"),
        (
            {"start": "09:00:00", "stop": "10:00:00", "timezone": "Mars/X"},
            "unknown time zone Mars/X",
        ),
        ({"start": 9, "stop": "10:00:00"}, "spec.time.start must be a text, not 9"),
    ],
)
def test_a_time_filter_that_makes_no_sense_is_refused(value: dict, message: str) -> None:
    """Before any event comes."""
    with pytest.raises(WrongError, match=message):
        TimeFilter.read(value, "spec.time")


def test_a_context_filter_that_asks_for_nothing_is_refused() -> None:
    """Its id is not compared, so it would say nothing."""
    with pytest.raises(WrongError, match="no fields specified in ctx filter"):
        ContextFilter.read({"id": "1"}, "spec.context")


@pytest.mark.parametrize(
    ("operator", "type_", "start", "expected"),
    [
        ("and", "webhook", "03:00:00", Verdict(passed=True)),
        ("and", "calendar", "03:00:00", Verdict(passed=False)),
        ("or", "calendar", "03:00:00", Verdict(passed=True)),
        ("or", "calendar", "05:00:00", Verdict(passed=False)),
    ],
)
def test_sections_are_joined_by_the_operator(
    operator: str, type_: str, start: str, expected: Verdict
) -> None:
    """All of those that are present, or any of them."""
    filters = Filters(
        context=ContextFilter({"type": type_}),
        time=TimeFilter(start, "06:00:00"),
        operator=operator,
    )
    event = event_of({"context": {"type": "webhook", "time": "2026-01-02T03:04:05Z"}})
    assert filters.judge(event) == expected
    assert Filters(operator="or").judge(event).passed is False
    assert Filters().judge(event).passed


def test_errors_end_an_and_and_are_gathered_in_an_or() -> None:
    """As upstream: passed in spite of an error is possible with alternatives."""
    broken = TimeFilter("9", "10:00:00")
    context = ContextFilter({"type": "webhook"})
    event = event_of({"context": {"type": "webhook", "time": "2026-01-02T03:04:05Z"}})
    refused = Filters(context=context, time=broken).judge(event)
    assert (refused.passed, refused.error[:19]) == (False, "time filter error (")
    passed = Filters(context=context, time=broken, operator="or").judge(event)
    assert (passed.passed, passed.error) == (True, refused.error)
