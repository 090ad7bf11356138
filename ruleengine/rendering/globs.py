"""Globs as Argo CD matches them: ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``.

Without separators ``*`` crosses every character, ``/`` included (the reference, Argo CD
section 1.4); with separators only ``**`` does (section 8, source repos of a project). RE2
matches them, because an engine that goes back tries for years where stars are many.
"""

import re
from functools import lru_cache

from ruleengine.expressions import regular
from ruleengine.expressions.language import ExpressionError


class InvalidGlobError(ValueError):
    """A glob that is not closed, ends in a backslash, or is too large for a text."""


def matches(pattern: str, text: str, separators: str = "") -> bool:
    """Tell whether the whole ``text`` matches. Raises :class:`InvalidGlobError`.

    >>> matches("{*.yaml,charts/*}", "charts/deep/file.txt")
    True
    >>> matches("https://example.com/*", "https://example.com/a/b", separators="/")
    False
    """
    try:
        return compile_glob(pattern, separators).matches(text)
    except ExpressionError as error:
        raise InvalidGlobError(f"the glob {pattern!r} cannot be used: {error}") from None


@lru_cache(maxsize=1024)
def compile_glob(pattern: str, separators: str = "") -> regular.Pattern:
    """Return the regular expression of a glob. Raises :class:`InvalidGlobError`."""
    one = f"[^{re.escape(separators)}]" if separators else "."
    parts: list[str] = []
    depth = 0
    position = 0
    while position < len(pattern):
        text, position, depth = _translate(pattern, position, depth, one)
        parts.append(text)
    if depth:
        raise InvalidGlobError(f"the glob {pattern!r} does not close its '{{'")
    try:
        return regular.compile(rf"(?s)\A(?:{''.join(parts)})\z")
    except ExpressionError as error:
        raise InvalidGlobError(f"the glob {pattern!r} cannot be used: {error}") from None


def _translate(pattern: str, position: int, depth: int, one: str) -> tuple[str, int, int]:  # noqa: PLR0911 - one return for each token
    """Return the expression of the token at ``position``, the next position and depth."""
    character = pattern[position]
    following = position + 1
    match character:
        case "*":
            run = len(pattern) - len(pattern[position:].lstrip("*")) - position
            return (".*" if run > 1 else f"{one}*"), position + run, depth
        case "?":
            return one, following, depth
        case "[":
            return *_character_class(pattern, following), depth
        case "{":
            return "(?:", following, depth + 1
        case "}" if depth:
            return ")", following, depth - 1
        case "," if depth:
            return "|", following, depth
        case "\\":
            if following == len(pattern):
                raise InvalidGlobError(f"the glob {pattern!r} ends in a backslash")
            return re.escape(pattern[following]), following + 1, depth
        case _:
            return re.escape(character), following, depth


def _character_class(pattern: str, start: int) -> tuple[str, int]:
    """Return the expression of a class whose content begins at ``start``, and its end."""
    end = pattern.find("]", start + 1)
    if end < 0:
        raise InvalidGlobError(f"the glob {pattern!r} does not close its '['")
    content = pattern[start:end]
    negated = content.startswith(("!", "^"))
    content = (content[1:] if negated else content).replace("\\", "\\\\").replace("[", "\\[")
    content = content.replace("^", "\\^").replace("&", "\\&").replace("~", "\\~")
    try:
        expression = f"[{'^' if negated else ''}{content}]"
        re.compile(expression)
    except re.error as error:
        raise InvalidGlobError(f"the glob {pattern!r} has a wrong class: {error}") from error
    return expression, end + 1
