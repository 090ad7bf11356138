"""What the tables of expressions are evaluated with: one value of each type, under ``v``."""

from typing import Any

from ruleengine.expressions import expr
from ruleengine.expressions.expr.dialects import WORKFLOWS

VALUES: dict[str, Any] = {
    "v": {
        "i": 7,
        "z": 0,
        "n": -3,
        "f": 2.5,
        "g": 3.0,
        "s": "abc",
        "t": "3",
        "e": "",
        "b": True,
        "x": None,
        "l": [1, 2.0, "a"],
        "k": [],
        "m": {"a": 1, "b": "x"},
        "u": "héé",
    }
}


def evaluate(text: str) -> Any:
    """Return the value of an expression of Workflows."""
    return expr.compile(text, WORKFLOWS).eval(VALUES)
