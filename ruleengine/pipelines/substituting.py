"""Tags and expressions in documents of workflows (reference, Workflows 5).

The languages are those of :mod:`ruleengine.expressions`; their errors become errors of nodes.
"""

import hashlib
from typing import Final

from ruleengine.expressions import tags
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.surroundings import Surroundings
from ruleengine.expressions.tags import LENIENT, Policy, Scope
from ruleengine.formats.json_text import dump_bytes
from ruleengine.model.values import Value
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.variables import NOW, Variables

_OPEN: Final = b"{{"
"""What opens a tag; nothing else in JSON looks like it."""

OF_OTHERS: Final = Policy(("steps", "tasks"))
"""Tags of other steps and tasks must have a value when a step is begun."""

OF_LEAVES: Final = LENIENT
"""What a template without steps cannot evaluate, nobody evaluates later: that is an error."""

OF_PARENTS: Final = Policy(failures_wait=True)
"""What fails in a template of steps or tasks may stand in a step that never begins."""


def substitute(value: Value, variables: Variables, policy: Policy = LENIENT) -> Value:
    """Return a value with the tags replaced that have a value; the others stay as they are.

    Raises ``NodeError`` for tags that the policy demands, and for expressions that fail.
    """
    if _OPEN not in dump_bytes(value):
        return value
    try:
        return tags.replace(value, _scope(variables, artifacts=False), policy)
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
    from ruleengine.expressions import expr
    from ruleengine.expressions.expr.dialects import WORKFLOWS

    try:
        return expr.compile(text, WORKFLOWS).eval(_scope(variables, artifacts=True).nested)
    except ExpressionError as error:
        raise NodeError(f"expression '{text}': {error}") from error


def _scope(variables: Variables, *, artifacts: bool) -> Scope:
    """Return the names, and the time of the decision; chance that is the same each time."""
    names = {
        name: known
        for name, known in variables.items()
        if name != NOW and (artifacts or not isinstance(known, dict))
    }
    whose = f"{variables.get('workflow.uid', '')}/{variables.get('node.name', '')}"

    def random(count: int) -> bytes:
        return hashlib.shake_256(whose.encode()).digest(count)

    return Scope(names, Surroundings(now=variables.get(NOW), random=random))
