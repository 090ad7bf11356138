"""Globs as Argo CD matches them: ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``.

Without separators ``*`` crosses every character, ``/`` included (the reference, Argo CD
section 1.4); with separators only ``**`` does (section 8, source repos of a project).
"""

import re
from functools import lru_cache


class InvalidGlobError(ValueError):
    """A glob that is not closed or ends in a backslash."""


def matches(pattern: str, text: str, separators: str = "") -> bool:
    """Tell whether the whole ``text`` matches. Raises :class:`InvalidGlobError`.

    >>> matches("{*.yaml,charts/*}", "charts/deep/file.txt")
    True
    >>> matches("https://example.com/*", "https://example.com/a/b", separators="/")
    False
    """
    return compile_glob(pattern, separators).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def compile_glob(pattern: str, separators: str = "") -> re.Pattern[str]:
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
    return re.compile("".join(parts), re.DOTALL)


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
