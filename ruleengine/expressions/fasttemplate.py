"""The dialect of ``fasttemplate``: ``{{name}}`` is replaced by a text of a flat map.

ApplicationSets without Go templates and the arguments of analysis templates are written in
it. There are no functions and no expressions. ApplicationSets leave a name alone that they do
not know, analyses refuse it; a program is compiled for one of the two.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from ruleengine.expressions.braces import CLOSE, OPEN, OpenTagError, scan
from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError, Limits, Meter
from ruleengine.formats.go_text import SPACES

_HINT: Final = "look for a misspelt name, or give the argument a value"


class Template:
    """A text in parts. It is immutable and may be used any number of times."""

    __slots__ = ("_end", "_parts", "_strict", "text")

    def __init__(self, text: str, *, strict: bool) -> None:
        self.text = text
        self._strict = strict
        *pieces, (self._end, _, _) = _pieces(text, strict=strict)
        self._parts = [
            (literal, source, source.strip(SPACES), offset)
            for literal, source, offset in pieces
            if source is not None
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the text asks for, in its order."""
        return tuple(name for _, _, name, _ in self._parts)

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> str:
        """Return the text with its names replaced. Raises ``ExpressionError``."""
        return self.replace(env, limits)

    def replace(
        self,
        env: Mapping[str, Any],
        limits: Limits = DEFAULT_LIMITS,
        encode: Callable[[str], str] = str,
    ) -> str:
        """Return the text with its names replaced. Raises ``ExpressionError``.

        ``encode`` writes each value as the text around it needs it, such as JSON.
        """
        made: list[str] = []
        for literal, source, name, offset in self._parts:
            value = env.get(name) if name else None
            if isinstance(value, str):
                made += (literal, encode(value))
            elif self._strict:
                raise ExpressionError(
                    f"failed to resolve {OPEN}{source}{CLOSE}",
                    offset=offset,
                    text=self.text,
                    hint=_HINT,
                )
            else:
                made += (literal, OPEN, source, CLOSE)
        made.append(self._end)
        Meter(limits).size(sum(map(len, made)))
        return "".join(made)


@lru_cache(maxsize=4096)
def compile(text: str, *, strict: bool = False) -> Template:  # noqa: A001 - the shared shape
    """Return the template of a text; ``strict`` refuses names that are unknown or no texts.

    Raises ``ExpressionError`` for a tag that is never closed.
    """
    return Template(text, strict=strict)


def _pieces(text: str, *, strict: bool) -> list[tuple[str, str | None, int]]:
    try:
        return scan(text)
    except OpenTagError:
        # Argo CD looks for tags in lines first: braces that open nothing are no template.
        if strict or any(CLOSE in line.partition(OPEN)[2] for line in text.splitlines()):
            raise
        return [(text, None, len(text))]
