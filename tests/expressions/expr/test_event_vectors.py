"""Filters of event sources, with the results that upstream recorded."""

import json
from typing import Any

import pytest

from ruleengine.expressions import expr
from ruleengine.expressions.expr import EVENTS
from ruleengine.expressions.expr.environment import expand
from ruleengine.expressions.language import ExpressionError
from tests.vectors import vectors_folder

pytestmark = pytest.mark.vectors("events")


def source_filters() -> list[dict[str, Any]]:
    """Return the cases of filters of event sources."""
    text = (vectors_folder("events") / "vectors.json").read_text(encoding="utf-8")
    return [one for one in json.loads(text)["vectors"] if one["fn"] == "sourceFilter"]


def passes(expression: str, data: str) -> bool | None:
    """Return whether an event passes a filter; ``None`` where the filter fails."""
    values = {key.replace("-", "_"): value for key, value in json.loads(data).items()}
    try:
        return expr.compile(expression, EVENTS).holds(expand(values))
    except ExpressionError:
        return None


def test_source_filters_let_pass_what_upstream_lets_pass() -> None:
    """Every recorded case, the failing ones too."""
    cases = source_filters()
    wrong = [
        one["case"]
        for one in cases
        if passes(one["in"]["expression"], one["in"]["data"])
        != (None if one["out"]["error"] else one["out"]["result"])
    ]
    assert (len(cases), wrong) == (20, [])
