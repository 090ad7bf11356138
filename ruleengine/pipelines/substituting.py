"""Tags and expressions in documents of workflows (reference, Workflows 5).

The languages are those of :mod:`ruleengine.expressions`; their errors become errors of nodes.
"""

from typing import Final

from ruleengine.expressions import expr, tags
from ruleengine.expressions.expr.dialects import WORKFLOWS
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.tags import LENIENT, Policy, Scope
from ruleengine.model.values import Value
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.variables import Variables

OF_OTHERS: Final = Policy(("steps", "tasks"))
"""Tags of other steps and tasks must have a value when a step is begun."""


def substitute(value: Value, variables: Variables, policy: Policy = LENIENT) -> Value:
    """Return a value with the tags replaced that have a value; the others stay as they are.

    Raises ``NodeError`` for tags that the policy demands, and for expressions that fail.
    """
    names = {name: known for name, known in variables.items() if not isinstance(known, dict)}
    try:
        return tags.replace(value, Scope(names), policy)
    except ExpressionError as error:
        raise NodeError(str(error)) from error


def tags_of(value: Value) -> tuple[str, ...]:
    """Return the names in the tags that a value holds, in their order. Raises ``NodeError``."""
    try:
        return tuple(name for tag in tags.find(value) for name in tag.names)
    except ExpressionError as error:
        raise NodeError(str(error)) from error


def evaluate(text: str, variables: Variables) -> Value:
    """Return the value of an expression. Raises ``NodeError``."""
    try:
        return expr.compile(text, WORKFLOWS).eval(Scope(variables).nested)
    except ExpressionError as error:
        raise NodeError(f"expression '{text}': {error}") from error
