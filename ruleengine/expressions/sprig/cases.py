"""Words joined in other ways: ``snake_case``, ``kebab-case`` and ``PascalCase``.

A text is cut into runs of one kind: capitals, letters, digits, connectors, punctuation and
the rest. Digits belong to the word before them unless letters follow directly.
"""

import unicodedata
from typing import Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.formats.go_case import lower, upper
from ruleengine.formats.go_text import SPACES

_CONNECTOR, _PUNCTUATION, _CAPITAL, _LETTER, _DIGIT, _OTHER = range(6)
_END: Final = -1
_APART: Final = (_END, _CONNECTOR, _PUNCTUATION)
"""What needs no connector before it."""


def _kind(one: str) -> int:
    category = unicodedata.category(one)
    if one in "-_" or one in SPACES:
        return _CONNECTOR
    if category[0] == "P":
        return _PUNCTUATION
    if category == "Lu":
        return _CAPITAL
    if _is_letter(one, category):
        return _LETTER
    return _DIGIT if category[0] == "N" else _OTHER


def _is_letter(one: str, category: str) -> bool:
    """Tell whether it is a letter of a script that has capitals."""
    return category[0] == "L" and (category != "Lo" or one.isupper() or one.islower())


def _continues(kind: int, one: str) -> bool:
    """Tell whether a character belongs to a run; punctuation takes ``-`` and ``_`` too."""
    if kind == _PUNCTUATION:
        return unicodedata.category(one)[0] == "P"
    return _kind(one) == kind


def _runs(text: str) -> list[tuple[int, str]]:
    """Return the runs of a text: a capital takes the letters that follow it."""
    runs: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        kind = _kind(text[at])
        end = at + 1
        while end < len(text) and _continues(kind, text[end]):
            end += 1
        if kind == _CAPITAL and end < len(text) and _kind(text[end]) == _LETTER:
            if end - at > 1:
                end -= 1
            else:
                while end < len(text) and _kind(text[end]) == _LETTER:
                    end += 1
        runs.append((kind, text[at:end]))
        at = end
    return runs


def _connected(text: str, connector: str) -> str:
    runs = _runs(text)
    made: list[str] = []
    at = 0
    while at < len(runs):
        kind, word = runs[at]
        following = runs[at + 1][0] if at + 1 < len(runs) else _END
        at += 1
        if kind == _CONNECTOR:
            made.append(connector * len(word))
            continue
        made.append(lower(word) if kind == _CAPITAL else word)
        if kind == _PUNCTUATION:
            continue
        if kind == _DIGIT:
            at = _take_letters(runs, at, made)
        elif following == _DIGIT:
            at = _take_digits(runs, at, made, connector)
        kind_after = runs[at][0] if at < len(runs) else _END
        if kind_after not in _APART:
            made.append(connector)
    return "".join(made)


def _take_letters(runs: list[tuple[int, str]], at: int, made: list[str]) -> int:
    """Append small letters and digits that follow directly; return what comes next."""
    while at < len(runs) and runs[at][0] in (_LETTER, _DIGIT):
        made.append(runs[at][1])
        at += 1
    return at


def _take_digits(runs: list[tuple[int, str]], at: int, made: list[str], connector: str) -> int:
    """Append digits after a word: to it, or apart with the letters that follow them."""
    if at + 1 < len(runs) and runs[at + 1][0] == _LETTER:
        made.append(connector)
        return _take_letters(runs, at, made)
    made.append(runs[at][1])
    return at + 1


def snakecase(text: str) -> str:
    """Return ``some_words`` for ``SomeWords``."""
    return _connected(text, "_")


def kebabcase(text: str) -> str:
    """Return ``some-words`` for ``SomeWords``."""
    return _connected(text, "-")


def camelcase(text: str) -> str:
    """Return ``SomeWords`` for ``some_words``; connectors at both ends stay."""
    words = list(text)
    start = 0
    while start < len(words) and _kind(words[start]) == _CONNECTOR:
        start += 1
    made = words[:start]
    capital = True
    shouts = False
    for at in range(start, len(words)):
        one = words[at]
        if _kind(one) == _CONNECTOR:
            following = words[at + 1] if at + 1 < len(words) else "-"
            if _kind(following) == _CONNECTOR:
                made.append(one)
            capital = True
            continue
        is_capital = _kind(one) == _CAPITAL
        if capital:
            shouts = is_capital
            made.append(upper(one))
        elif shouts and is_capital:
            made.append(lower(one))
        else:
            shouts = False
            made.append(one)
        capital = False
    return "".join(made)


FUNCTIONS: Final = (
    Function("snakecase", snakecase, (Kind.STRING,)),
    Function("kebabcase", kebabcase, (Kind.STRING,)),
    Function("camelcase", camelcase, (Kind.STRING,)),
)
