"""Filters of sensors by expressions, with the results that upstream recorded."""

import json
from typing import Any

import pytest

from ruleengine.expressions import when
from ruleengine.expressions.language import ExpressionError
from tests.expressions.reading import recorded

pytestmark = pytest.mark.vectors("events")


def expression_filters() -> list[dict[str, Any]]:
    """Return the cases of one filter by an expression whose fields are all in the event."""
    return [
        one
        for one in recorded("filterExpr")
        if len(one["in"]["filters"]) == 1
        and str(one["in"]["event"]["data"]).startswith("{")
        and "does not exist" not in str(one["out"]["error"])
    ]


def look_up(data: Any, path: str) -> Any:
    """Return the value at a plain path."""
    for part in path.split("."):
        data = data.get(part)
    return data


def passes(case: dict[str, Any]) -> bool | None:
    """Return whether an event passes the filter; ``None`` where the filter fails."""
    data = json.loads(case["in"]["event"]["data"])
    (given,) = case["in"]["filters"]
    fields = {field["name"]: look_up(data, field["path"]) for field in given["fields"]}
    try:
        return when.compile(given["expr"], bare_words=False).eval(fields) is True
    except ExpressionError:
        return None


def test_filters_let_pass_what_upstream_lets_pass() -> None:
    """Every recorded case that is about the expression."""
    cases = expression_filters()
    wrong = [
        one["case"]
        for one in cases
        if passes(one) != (None if one["out"]["error"] else one["out"]["result"])
    ]
    assert (len(cases), wrong) == (25, [])
