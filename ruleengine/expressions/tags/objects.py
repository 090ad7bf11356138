"""Tags in whole objects: as if the object were JSON text, at the cost of what has tags.

Argo writes an object as JSON, replaces the tags of that text and reads it again, so tags are
replaced in every text and every key. Where each text closes the tags that it opens, texts do
not touch one another, and each is replaced by itself; only where one leaves a tag open is the
object really written as JSON.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from ruleengine.expressions.braces import OPEN, OpenTagError
from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError, Limits
from ruleengine.expressions.tags.scope import LENIENT, Policy, Scope
from ruleengine.expressions.tags.template import Tag, Template
from ruleengine.expressions.tags.template import compile as compile_text

_TEXTS: Final = 16
"""How many of the longest texts all texts of a value may come to together."""


def replace(
    value: Any, scope: Scope, policy: Policy = LENIENT, limits: Limits = DEFAULT_LIMITS
) -> Any:
    """Return a value with the tags of all its texts and keys replaced.

    Parts without tags are not copied. Raises ``ExpressionError`` for broken tags, for names
    that the policy demands, for expressions that fail and for values that grow too large.
    """
    try:
        return _Replacing(scope, policy, limits).value(value)
    except OpenTagError:
        return _as_json(value, scope, policy, limits)
    except RecursionError:
        raise _too_deep() from None


def find(value: Any) -> tuple[Tag, ...]:
    """Return the tags of all texts and keys of a value; after a pass, those it left.

    Raises ``ExpressionError`` for broken tags.
    """
    try:
        return tuple(tag for text in _texts(value) for tag in compile_text(text).tags)
    except OpenTagError:
        return Template(_dumped(value), _decoded).tags


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


class _Replacing:
    """One walk over a value; what stays as it is, is not copied."""

    __slots__ = ("_how", "_left")

    def __init__(self, scope: Scope, policy: Policy, limits: Limits) -> None:
        self._how = (scope, policy, limits)
        self._left = limits.size * _TEXTS

    def value(self, value: Any) -> Any:
        """Return a value with its tags replaced."""
        if isinstance(value, str):
            return self._text(value) if OPEN in value else value
        if isinstance(value, dict):
            return self._map(value)
        return self._list(value) if isinstance(value, list) else value

    def _text(self, text: str) -> str:
        made = compile_text(text).replace(*self._how)
        self._left -= len(made)
        if self._left < 0:
            raise ExpressionError(
                "the texts grow too long by what their tags stand for", hint="hand on less at once"
            )
        return made

    def _map(self, value: dict[str, Any]) -> dict[str, Any]:
        made = value
        for key, old in value.items():
            if OPEN in key:
                return {self.value(name): self.value(one) for name, one in value.items()}
            kind = type(old)
            if kind is str:
                new = self._text(old) if OPEN in old else old
            else:
                new = self.value(old) if kind is dict or kind is list else old
            if new is not old:
                if made is value:
                    made = value.copy()
                made[key] = new
        return made

    def _list(self, value: list[Any]) -> list[Any]:
        made = value
        for index, old in enumerate(value):
            new = self.value(old)
            if new is not old:
                if made is value:
                    made = value.copy()
                made[index] = new
        return made


def _as_json(value: Any, scope: Scope, policy: Policy, limits: Limits) -> Any:
    made = Template(_dumped(value), _decoded).replace(scope, policy, limits, _encoded)
    try:
        return json.loads(made)
    except ValueError:
        raise ExpressionError(
            "replacing the tags breaks the object", hint="a text opens a tag and never closes it"
        ) from None


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> ExpressionError:
    return ExpressionError("the value nests too deeply", hint="nest lists and maps less")


def _encoded(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _decoded(source: str) -> str:
    try:
        return str(json.loads(f'"{source}"'))
    except ValueError:
        return source
