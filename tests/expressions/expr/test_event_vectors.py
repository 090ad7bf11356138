"""Filters of event sources, with the results that upstream recorded."""

import json

import pytest

from ruleengine.expressions import expr
from ruleengine.expressions.expr import EVENTS
from ruleengine.expressions.expr.environment import expand
from ruleengine.expressions.language import ExpressionError
from tests.expressions.reading import recorded

pytestmark = pytest.mark.vectors("events")


def passes(expression: str, data: str) -> bool | None:
    """Return whether an event passes a filter; ``None`` where the filter fails."""
    values = {key.replace("-", "_"): value for key, value in json.loads(data).items()}
    try:
        return expr.compile(expression, EVENTS).holds(expand(values))
    except ExpressionError:
        return None


def test_source_filters_let_pass_what_upstream_lets_pass() -> None:
    """Every recorded case, the failing ones too."""
    cases = recorded("sourceFilter")
    wrong = [
        one["case"]
        for one in cases
        if passes(one["in"]["expression"], one["in"]["data"])
        != (None if one["out"]["error"] else one["out"]["result"])
    ]
    assert (len(cases), wrong) == (20, [])
