"""Parameters take from events what upstream takes, and write it where upstream writes it."""

import json
from typing import Any

import pytest

from ruleengine.model.events import CloudEvent
from ruleengine.triggers.parameters import (
    Parameter,
    ParameterError,
    Source,
    apply,
    resolve,
    text_of,
)
from ruleengine.triggers.problems import WrongError
from tests.triggers.test_filters import event_of
from tests.triggers.vectors import cases, judge, report


def source_of(value: dict[str, Any]) -> Source:
    """Return the source of a vector, as it stands there."""
    return Source(
        dependency=value["dependencyName"],
        context_key=value.get("contextKey", ""),
        context_template=value.get("contextTemplate", ""),
        data_key=value.get("dataKey", ""),
        data_template=value.get("dataTemplate", ""),
        value=value.get("value"),
        raw=value.get("useRawData", False),
    )


def parameters_of(values: list[dict[str, Any]]) -> list[Parameter]:
    """Return the parameters of a vector."""
    return [
        Parameter(
            source=source_of(one["src"]), dest=one["dest"], operation=one.get("operation", "")
        )
        for one in values
    ]


def events_of(case: dict[str, Any]) -> dict[str, CloudEvent]:
    """Return the events of a vector by dependency."""
    return {name: event_of(one) for name, one in case["in"]["events"].items()}


@pytest.mark.vectors
def test_values_are_resolved_as_upstream() -> None:
    """Type, text and error of every recorded case."""
    problems = []
    for case in cases("resolveParam"):
        try:
            result = resolve(source_of(case["in"]["src"]), events_of(case))
        except ParameterError as error:
            problems.append(judge(case, str(error)))
            continue
        problems.append(judge(case, None))
        found = ("", None) if result is None else (str(result.kind), text_of(result))
        wanted = case["out"]
        if not wanted["error"] and found != (wanted["type"], wanted["value"]):
            problems.append(f"{case['case']}: {found}")
    report("resolveParam", len(problems), [one for one in problems if one])


@pytest.mark.vectors
def test_values_are_written_as_upstream() -> None:
    """Into the same place, in the same form, in the same order."""
    found, problems = cases("applyParams"), []
    for case in found:
        given = case["in"]
        try:
            written = apply(given["object"], parameters_of(given["parameters"]), events_of(case))
        except ParameterError as error:
            problems.append(judge(case, str(error)))
            continue
        problems.append(judge(case, None))
        wanted = case["out"]["object"]
        if not case["out"]["error"] and json.loads(written) != json.loads(wanted):
            problems.append(f"{case['case']}: {written}")
    report("applyParams", len(found), [one for one in problems if one])


def happened() -> dict[str, CloudEvent]:
    """Return one event of the dependency ``push``."""
    event = CloudEvent(
        id="e1",
        source="on-push",
        subject="push",
        type="webhook",
        time="2026-01-02T03:04:05Z",
        data='{"body": {"n": 10, "nothing": null}}',
    )
    return {"push": event}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"contextKey": "subject"}, "push"),
        ({"contextTemplate": "{{ .Input.source }}/{{ .Input.id }}"}, "on-push/e1"),
        ({"contextKey": "subject", "dataKey": "body.n"}, "10"),
        ({"dataKey": "body.nothing"}, "null"),
        ({"dataTemplate": '{{ now | date "2006-01-02" }}'}, "2026-01-02"),
        ({"value": ""}, ""),
    ],
)
def test_a_value_comes_from_the_data_or_from_the_context(source: dict, text: str) -> None:
    """From the data where anything of it is asked for; the time is that of the event."""
    result = resolve(source_of({"dependencyName": "push", **source}), happened())
    assert result is not None
    assert text_of(result) == text


def test_chance_follows_from_the_event() -> None:
    """What a template draws is the same whenever it is asked for, and differs by event."""
    source = source_of({"dependencyName": "push", "dataTemplate": "{{ uuidv4 }} {{ randAlpha 5 }}"})
    first, again = resolve(source, happened()), resolve(source, happened())
    assert first == again
    other = {"push": CloudEvent(**{**_fields(happened()["push"]), "id": "e2"})}
    assert resolve(source, other) != first


def _fields(event: CloudEvent) -> dict[str, str]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def test_without_a_key_it_is_the_whole_event() -> None:
    """Its context, and its data in base64."""
    result = resolve(Source(dependency="push"), happened())
    assert result is not None
    whole = json.loads(result.raw)
    assert (whole["context"]["id"], whole["data"][:4]) == ("e1", "eyJi")


def test_a_dependency_that_has_not_happened_is_left_out() -> None:
    """As with conditions of alternatives; a default is taken."""
    parameters = parameters_of(
        [
            {"src": {"dependencyName": "tag", "dataKey": "body.n"}, "dest": "a"},
            {"src": {"dependencyName": "tag", "value": "v"}, "dest": "b"},
        ]
    )
    assert json.loads(apply('{"a": 1}', parameters, happened())) == {"a": 1, "b": "v"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"dest": "a"}, "parameter source can't be empty"),
        ({"src": {}, "dest": "a"}, "parameter dependency name can't be empty"),
        ({"src": {"dependencyName": "a"}}, "parameter destination can't be empty"),
        (
            {"src": {"dependencyName": "a"}, "dest": "a", "operation": "merge"},
            "parameter operation merge is invalid",
        ),
        ({"src": {"dependencyName": "a", "dataTemplate": "{{"}, "dest": "a"}, "spec.src: "),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(value: dict, message: str) -> None:
    """Before any event comes."""
    with pytest.raises(WrongError) as refused:
        Parameter.read(value, "spec")
    assert message in str(refused.value)
