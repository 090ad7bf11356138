"""Templates in sensors, with the results that upstream recorded."""

import json
from typing import Any

import pytest

from ruleengine.expressions import gotemplates, regular, sprig
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats import go_json
from tests.expressions.reading import recorded

pytestmark = pytest.mark.vectors("events")


def rendered(text: str, value: Any) -> str | None:
    """Return what a template makes of its input; ``None`` where that counts as no value."""
    try:
        out = gotemplates.compile(text, functions=sprig.functions()).eval({"Input": value})
    except ExpressionError:
        return None
    return out if out not in ("", "<no value>") else None


def parameter(case: dict[str, Any]) -> bool:
    """Tell whether the template gives what was recorded, or nothing where a key came next."""
    source = case["in"]["src"]
    data = go_json.unmarshal(case["in"]["events"][source["dependencyName"]]["data"])
    wanted = None if "dataKey" in source else case["out"]["value"]
    return rendered(source["dataTemplate"], data) == wanted


def test_parameters_are_what_upstream_made_of_them() -> None:
    """Templates over the data of an event; numbers are floating point."""
    cases = [one for one in recorded("resolveParam") if "dataTemplate" in one["in"]["src"]]
    assert (len(cases), [one["case"] for one in cases if not parameter(one)]) == (19, [])


def passes(case: dict[str, Any]) -> bool | None:
    """Return whether a value passes its only filter; ``None`` where the template gives none."""
    (test,) = case["in"]["filters"]
    value = json.loads(case["in"]["event"]["data"])
    for name in test["path"].split("."):
        value = value[name]
    given = value if isinstance(value, str) else json.dumps(value)
    out = rendered(test["template"], given)
    if out is None:
        return None
    (wanted,) = test["value"]
    if test["type"] == "number":
        return float(out) > float(wanted)
    matches = regular.compile(wanted).matches(out)
    return not matches if test.get("comparator") == "!=" else matches


def test_filters_see_what_upstream_saw() -> None:
    """Templates over one value of an event, which is always text."""
    cases = [
        one
        for one in recorded("filterData")
        if any(test.get("template") for test in one["in"]["filters"])
    ]
    wrong = [
        one["case"]
        for one in cases
        if passes(one) != (None if one["out"]["error"] else one["out"]["result"])
    ]
    assert (len(cases), wrong) == (10, [])
