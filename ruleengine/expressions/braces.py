"""Texts cut at ``{{`` and ``}}``: the scanner of the languages that only replace names.

A tag goes from ``{{`` to the next ``}}``, so what is inside may begin another one.
"""

from typing import Final

from ruleengine.expressions.language import ExpressionError

OPEN: Final = "{{"
CLOSE: Final = "}}"


class OpenTagError(ExpressionError):
    """A text with a tag that is never closed."""


def scan(text: str) -> list[tuple[str, str | None, int]]:
    """Return a text in pieces: a literal, and the inside of the tag after it with its place.

    The last piece has no tag. Raises ``OpenTagError``.
    """
    pieces: list[tuple[str, str | None, int]] = []
    at = 0
    while (begin := text.find(OPEN, at)) >= 0:
        end = text.find(CLOSE, begin + len(OPEN))
        if end < 0:
            raise OpenTagError("a tag is never closed", offset=begin, text=text, hint="add }}")
        pieces.append((text[at:begin], text[begin + len(OPEN) : end], begin))
        at = end + len(CLOSE)
    pieces.append((text[at:], None, len(text)))
    return pieces
