"""Paths of gjson: how event sources, filters and parameters point into JSON.

``body.items.#(name=="web").ports.0``: keys, indexes, wildcards, ``#`` for all of an array,
queries, modifiers (``@reverse``), multipaths (``{a,b.c}``) and literals (``!true``). Answers
keep the text of the JSON, as users see it: the digits of a number, the spelling of a string.
Every text is a path; one that means nothing in a document finds nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ruleengine.expressions.gjson import scanning
from ruleengine.expressions.gjson.results import Kind, Result
from ruleengine.expressions.gjson.walking import Walker
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
    text_input,
)

__all__ = ["Document", "Kind", "Path", "Result", "compile"]


class Document:
    """JSON text that paths look into. Raises ``ExpressionError`` where it is none."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        if problem := scanning.problem(text):
            message, offset = problem
            raise ExpressionError(
                f"this is no JSON: {message}", offset=offset, text=text, hint=scanning.NO_JSON_HINT
            )
        self.text = text

    def get(self, path: str, limits: Limits = DEFAULT_LIMITS) -> Result:
        """Return what a path finds. Raises ``ExpressionError`` beyond the limits."""
        return compile(path).find(self, limits)


class Path:
    """A path that is ready to be followed."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Result:
        """Return what the path finds in the JSON text under ``input``.

        Raises ``ExpressionError`` for a text that is no JSON, and beyond the limits.
        """
        return self.find(Document(text_input(env, limits)), limits)

    def find(self, document: Document, limits: Limits = DEFAULT_LIMITS) -> Result:
        """Return what the path finds. Raises ``ExpressionError`` beyond the limits."""
        try:
            return Walker(Meter(limits)).get(document.text, self.text)
        except RecursionError:
            raise ExpressionError("the JSON or the path nests too deeply") from None


@lru_cache(maxsize=1024)
def compile(text: str) -> Path:  # noqa: A001 - every language names it so
    """Return the path of a text. Raises ``ExpressionError`` where it is too long."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the path is too long", text=text)
    return Path(text)
