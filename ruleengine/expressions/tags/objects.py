"""Tags in whole objects: as if the object were JSON text, at the cost of what has tags.

Argo writes an object as JSON, replaces the tags of that text and reads it again, so tags are
replaced in every text and every key. Where each text closes the tags that it opens, texts do
not touch one another, and each is replaced by itself; only where one leaves a tag open is the
object really written as JSON.
"""

import json
from collections.abc import Iterator
from typing import Any

from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError, Limits
from ruleengine.expressions.tags.scope import LENIENT, Policy, Scope
from ruleengine.expressions.tags.template import CLOSE, OPEN, Tag, Template
from ruleengine.expressions.tags.template import compile as compile_text


def replace(
    value: Any, scope: Scope, policy: Policy = LENIENT, limits: Limits = DEFAULT_LIMITS
) -> Any:
    """Return a value with the tags of all its texts and keys replaced.

    Parts without tags are not copied. Raises ``ExpressionError`` for broken tags, for names
    that the policy demands and for expressions that fail.
    """
    texts = list(_texts(value))
    if not texts:
        return value
    if any(map(_is_open, texts)):
        return _as_json(value, scope, policy, limits)
    return _replaced(value, scope, policy, limits)


def find(value: Any) -> tuple[Tag, ...]:
    """Return the tags of all texts and keys of a value; after a pass, those it left.

    Raises ``ExpressionError`` for broken tags.
    """
    texts = list(_texts(value))
    if any(map(_is_open, texts)):
        return Template(_dumped(value), _decoded).tags
    return tuple(tag for text in texts for tag in compile_text(text).tags)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a value that open a tag, in the order of its JSON."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            if OPEN in one:
                yield one
        elif isinstance(one, dict):
            stack += [part for entry in reversed(one.items()) for part in reversed(entry)]
        elif isinstance(one, list):
            stack += reversed(one)


def _is_open(text: str) -> bool:
    """Return whether a text opens a tag that it does not close."""
    at = 0
    while (begin := text.find(OPEN, at)) >= 0:
        end = text.find(CLOSE, begin + len(OPEN))
        if end < 0:
            return True
        at = end + len(CLOSE)
    return False


def _replaced(value: Any, scope: Scope, policy: Policy, limits: Limits) -> Any:
    if isinstance(value, str):
        return compile_text(value).replace(scope, policy, limits) if OPEN in value else value
    if isinstance(value, dict):
        made = {
            _replaced(key, scope, policy, limits): _replaced(one, scope, policy, limits)
            for key, one in value.items()
        }
        same = len(made) == len(value) and all(made.get(key) is value[key] for key in value)
        return value if same else made
    if isinstance(value, list):
        items = [_replaced(one, scope, policy, limits) for one in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    return value


def _as_json(value: Any, scope: Scope, policy: Policy, limits: Limits) -> Any:
    made = Template(_dumped(value), _decoded).replace(scope, policy, limits, _encoded)
    try:
        return json.loads(made)
    except ValueError:
        raise ExpressionError(
            "replacing the tags breaks the object", hint="a text opens a tag and never closes it"
        ) from None


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _encoded(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _decoded(source: str) -> str:
    try:
        return str(json.loads(f'"{source}"'))
    except ValueError:
        return source
