"""The filter of an event in its EventSource: an expression over the event's data.

Names are the keys of the data at its top, with ``_`` for ``-``; dotted keys are maps of
maps (reference, Events 2). An event that does not pass, or about which the expression
fails, is acknowledged and dropped.
"""

from ruleengine.expressions import expr
from ruleengine.expressions.expr import EVENTS
from ruleengine.expressions.expr.environment import expand
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_json import unmarshal
from ruleengine.triggers.problems import WrongError


def check_filter(expression: str, where: str) -> str:
    """Return an expression that can be evaluated. Raises ``WrongError`` with what is wrong."""
    try:
        expr.compile(expression, EVENTS)
    except ExpressionError as error:
        raise WrongError(f"{where}: {error}") from error
    return expression


def passes(expression: str, data: str) -> bool:
    """Tell whether an event with this JSON as its data passes; an empty expression lets all."""
    if not expression:
        return True
    try:
        values = {name.replace("-", "_"): one for name, one in unmarshal(data).items()}
        return expr.compile(expression, EVENTS).holds(expand(values))
    except ExpressionError:
        return False
