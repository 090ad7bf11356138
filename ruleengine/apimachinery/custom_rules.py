"""The rules of a schema (``x-kubernetes-validations``): when each is asked, and what it yields.

The rules themselves are CEL; whoever knows the language hands in how one is evaluated (see
:mod:`ruleengine.apimachinery.custom_languages`). A rule that speaks of ``oldSelf`` holds for
transitions and is skipped where nothing was before, unless it says that it may do without
(reference, Kubernetes API section 8, "CEL").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ruleengine.apimachinery.causes import Cause, Reason, format_field
from ruleengine.apimachinery.custom_languages import Evaluate, Maybe, RuleError, is_about_transition
from ruleengine.apimachinery.custom_validating import ABSENT, correlated, invalid_text
from ruleengine.model.values import Object, Path, Value, equal

_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\['([^']+)'\]")
_BEGINNINGS: Final = {
    Reason.INVALID: "Invalid value",
    Reason.FORBIDDEN: "Forbidden",
    Reason.REQUIRED: "Required value",
    Reason.DUPLICATE: "Duplicate value",
}
"""The reasons that a rule may give, and how their messages begin."""


def check_rules(
    value: Value, openapi: Object, evaluate: Evaluate, old: Value = ABSENT
) -> Iterator[Cause]:
    """Yield what the rules of a schema find wrong with a value that fits the schema.

    ``old`` is what an update replaces; what equals it only has to meet rules about
    transitions.
    """
    yield from _check(value, openapi, evaluate, (), old)


def _check(
    value: Value, openapi: Object, evaluate: Evaluate, path: Path, old: Value
) -> Iterator[Cause]:
    if value is None:
        return
    for rule in openapi.get("x-kubernetes-validations") or ():
        if isinstance(rule, dict):
            yield from _rule(rule, value, openapi, evaluate, (path, old))
    for step, inner, schema in _children(value, openapi):
        before = ABSENT if old is ABSENT else correlated(old, step, openapi, inner)
        yield from _check(inner, schema, evaluate, (*path, step), before)


def _children(value: Value, openapi: Object) -> Iterator[tuple[str | int, Value, Object]]:
    """Yield the step, the value and the schema of each part that has one."""
    if isinstance(value, list):
        items = openapi.get("items")
        if isinstance(items, dict):
            yield from ((number, item, items) for number, item in enumerate(value))
    elif isinstance(value, dict):
        properties = openapi.get("properties") or {}
        for name, inner in value.items():
            schema = properties.get(name, openapi.get("additionalProperties"))
            if isinstance(schema, dict):
                yield name, inner, schema


def _rule(
    rule: Object, value: Value, openapi: Object, evaluate: Evaluate, place: tuple[Path, Value]
) -> Iterator[Cause]:
    path, old = place
    text = str(rule.get("rule") or "")
    about_transition = is_about_transition(text)
    optional = rule.get("optionalOldSelf") is True
    if about_transition and old is ABSENT and not optional:
        return
    if not about_transition and old is not ABSENT and equal(value, old):
        return
    variables: dict[str, Value | Maybe] = {"self": value}
    if optional:
        variables["oldSelf"] = Maybe(present=False) if old is ABSENT else Maybe(True, old)
    elif about_transition:
        variables["oldSelf"] = old
    try:
        holds = evaluate(text, variables, openapi)
    except RuleError as error:
        yield _failed(rule, value, path, f"rule compile or evaluation error: {error}")
        return
    if holds is not True:
        yield _failed(rule, value, path, _message(rule, variables, openapi, evaluate))


def _message(
    rule: Object, variables: Mapping[str, Value | Maybe], openapi: Object, evaluate: Evaluate
) -> str:
    """Return what a failed rule says: its computed message, its message, or itself."""
    expression = rule.get("messageExpression")
    if isinstance(expression, str) and expression.strip():
        try:
            computed = evaluate(expression, variables, openapi)
        except RuleError:
            computed = None
        if isinstance(computed, str) and computed.strip() and "\n" not in computed:
            return computed
    message = rule.get("message")
    if isinstance(message, str) and message.strip():
        return message.strip()
    return f"failed rule: {str(rule.get('rule') or '').strip()}"


def _failed(rule: Object, value: Value, path: Path, message: str) -> Cause:
    stated = rule.get("reason")
    reason = next((one for one in _BEGINNINGS if one == stated), Reason.INVALID)
    field = rule.get("fieldPath")
    steps = [one or other for one, other in _STEP.findall(field)] if isinstance(field, str) else []
    listed = "array" if isinstance(value, list) else value
    beginning = invalid_text("object" if isinstance(value, dict) else listed)
    if reason is Reason.DUPLICATE:
        beginning = beginning.replace("Invalid", "Duplicate", 1)
    if reason in (Reason.FORBIDDEN, Reason.REQUIRED):
        beginning = _BEGINNINGS[reason]
    return Cause(format_field((*path, *steps)), reason, f"{beginning}: {message}")
