"""A text cut into literal parts and tags, and how each tag is replaced.

A tag goes from ``{{`` to the next ``}}``. So a tag inside another is replaced first, and the
rest waits for a later pass: ``{{inputs.parameters.{{x}}}}`` becomes
``{{inputs.parameters.VALUE}}`` (reference, workflows section 5). The language of
expressions is loaded where a text holds one: most hold names only.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ruleengine.expressions.braces import CLOSE, OPEN, scan
from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError, Limits, Meter
from ruleengine.expressions.tags.scope import LENIENT, Policy, Scope
from ruleengine.formats.go_text import SPACES, whole

if TYPE_CHECKING:
    from ruleengine.expressions.expr import Expression

_LATE: Final = frozenset({"workflow.status", "workflow.failures"})
"""Names that come late to what is there before: an expression that reads one waits for it."""

_SPACE: Final = "".join(set(SPACES) - set("\t\n\v\f\r\u2028\u2029"))
"""Space that JSON does not escape: Argo trims the names of tags in JSON text."""

Code = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a text.

    ``source`` is what stands between the braces and ``names`` what it asks for: the name of
    a simple tag, the paths of an expression.
    """

    source: str
    offset: int
    names: tuple[str, ...]
    expression: "Expression | None" = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """Return the tag as it is written."""
        return f"{OPEN}{self.source}{CLOSE}"

    def replaced(self, scope: Scope, policy: Policy, limits: Limits, encode: Code) -> str:
        """Return what the tag becomes, which is itself where it waits for a later pass.

        ``encode`` writes a value as the text around it needs it. Raises ``ExpressionError`` for
        a name that the policy demands, and for an expression that knows all its names and
        fails all the same, unless the policy lets it wait.
        """
        if self.expression is not None:
            result = self._evaluated(self.expression, scope, policy, limits)
            return self.text if result is None else encode(result)
        (name,) = self.names
        if name in scope.names:
            return encode(self._text_of(scope.names[name]))
        outer, _, inner = self.source.rpartition(OPEN)
        if outer and isinstance(scope.names.get(inner), str):
            return OPEN + outer + encode(scope.names[inner])
        if policy.demands_tag(name):
            raise self._error("resolve", f"'{name}' is unknown", hint="look for a misspelt name")
        return self.text

    def _text_of(self, value: Any) -> str:
        if not isinstance(value, str):
            hint = "give a default, or write {{= name ?? 'default'}}"
            raise self._error("resolve", f"'{self.names[0]}' has no value", hint=hint)
        return value

    def _evaluated(
        self, expression: "Expression", scope: Scope, policy: Policy, limits: Limits
    ) -> str | None:
        """Return the result of the expression; ``None`` where it waits for a later pass."""
        missing = [name for name in self.names if not scope.has(name)]
        for name in missing:
            if policy.demands(name):
                raise self._error("evaluate", f"'{name}' is missing")
            if name in _LATE:
                return None
        try:
            return _result(expression.eval(scope.nested, limits))
        except ExpressionError as error:
            if missing or policy.failures_wait:
                return None
            raise self._error("evaluate", error.message, error.offset, error.hint) from None

    def _error(
        self, verb: str, problem: str, within: int | None = None, hint: str = ""
    ) -> ExpressionError:
        offset = self.offset if within is None else self.offset + len(OPEN) + 1 + within
        return ExpressionError(f"failed to {verb} {self.text}: {problem}", offset=offset, hint=hint)


def _result(value: Any) -> str:
    """Return a result as text: texts as they are, all else as JSON. Raises ``ExpressionError``."""
    if isinstance(value, str):
        return whole(value)
    if value is None:
        raise ExpressionError("the result is nil", hint="give a default: ... ?? 'default'")
    from ruleengine.formats import go_json

    try:
        written = go_json.marshal(value)
    except ValueError as error:
        raise ExpressionError(f"the result cannot be written: {error}") from None
    return str(json.loads(written)) if written[0] == '"' else written


class Template:
    """A text in parts. It is immutable and may be used any number of times.

    ``decode`` turns the source of an expression back into its text, where the template is
    the text of something else, such as JSON.
    """

    __slots__ = ("_parts", "_slots", "tags", "text")

    def __init__(self, text: str, decode: Code = str) -> None:
        parts = _parts(text, decode)
        self.text = text
        self.tags = tuple(part for part in parts if isinstance(part, Tag))
        """The tags in the order of the text."""
        self._parts = [part if isinstance(part, str) else "" for part in parts]
        self._slots = [
            (index, None if part.expression else part.names[0], part)
            for index, part in enumerate(parts)
            if isinstance(part, Tag)
        ]

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> str:
        """Return the text with the tags replaced that flat names resolve."""
        return self.replace(Scope(env), LENIENT, limits)

    def replace(
        self,
        scope: Scope,
        policy: Policy = LENIENT,
        limits: Limits = DEFAULT_LIMITS,
        encode: Code = str,
    ) -> str:
        """Return the text with its tags replaced. Raises ``ExpressionError``.

        ``encode`` writes each value as the text around it needs it.
        """
        made = self._parts.copy()
        look_up = scope.names.get
        for index, name, tag in self._slots:
            value = None if name is None else look_up(name)
            if type(value) is str:
                made[index] = encode(value)
            else:
                made[index] = tag.replaced(scope, policy, limits, encode)
        Meter(limits).size(sum(map(len, made)))
        return "".join(made)


@lru_cache(maxsize=4096)
def compile(text: str) -> Template:  # noqa: A001 - the shared shape
    """Return the template of a text. Raises ``ExpressionError`` for broken tags."""
    return Template(text)


def _parts(text: str, decode: Code) -> list[str | Tag]:
    parts: list[str | Tag] = []
    for literal, source, offset in scan(text):
        if literal:
            parts.append(literal)
        if source is not None:
            parts.append(_tag(source, offset, text, decode))
    return parts


def _tag(source: str, offset: int, text: str, decode: Code) -> Tag:
    if not source.startswith("="):
        return Tag(source, offset, (source.strip(_SPACE),))
    from ruleengine.expressions import expr
    from ruleengine.expressions.expr.dialects import WORKFLOWS

    try:
        expression = expr.compile(decode(source[1:]), WORKFLOWS)
    except ExpressionError as error:
        raise ExpressionError(
            f"failed to read {OPEN}{source}{CLOSE}: {error.message}",
            offset=offset + len(OPEN) + 1 + (error.offset or 0),
            text=text,
            hint="a tag cannot stand inside an expression" if OPEN in source else error.hint,
        ) from None
    return Tag(source, offset, expression.names, expression)
