"""``step data``: lists the paths of artifacts, and transforms the list by expressions."""

from ruleengine.expressions import expr
from ruleengine.expressions.expr.dialects import WORKFLOWS
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.json_text import dumps
from ruleengine.model.values import Value
from ruleengine.services.artifacts.opening import open_store
from ruleengine.services.artifacts.store import Access, ArtifactError
from ruleengine.step.plan import Plan, StepError


def result_of(plan: Plan, access: Access) -> str:
    """Return what a ``data`` template comes to, as JSON text. Raises ``StepError``."""
    (source,) = plan.inputs
    try:
        store, key = open_store(source["location"], access, source)
        found: Value = list(store.list(key))
    except ArtifactError as error:
        raise StepError(f"the paths of artifacts cannot be listed: {error}") from error
    for text in plan.data.get("expressions") or ():
        try:
            found = expr.compile(text, WORKFLOWS).eval({"data": found})
        except ExpressionError as error:
            raise StepError(f"the expression {text!r} of the transformation: {error}") from error
    return dumps(found, ordered=True)
