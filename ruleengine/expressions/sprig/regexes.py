"""Functions of regular expressions, as Go reads them."""

from itertools import islice
from typing import Final

from ruleengine.expressions import regular
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sprig.twins import twins

_INT, _STRING = Kind.INT, Kind.STRING


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text holds a match; a broken pattern matches nothing."""
    try:
        return must_match(pattern, text)
    except ExpressionError:
        return False


def must_match(pattern: str, text: str) -> bool:
    """Tell whether a text holds a match. Raises ``ExpressionError`` for a broken pattern."""
    return regular.compile(pattern).matches(text)


def find(pattern: str, text: str) -> str:
    """Return the first match, or an empty text."""
    match = regular.compile(pattern).find(text)
    return match.group(0) if match else ""


def find_all(pattern: str, text: str, most: int) -> list[str]:
    """Return the matches, at most so many; all for a negative number."""
    found = regular.compile(pattern).find_all(text)
    return [match.group(0) for match in islice(found, most if most >= 0 else None)]


def replace(pattern: str, text: str, template: str) -> str:
    """Return a text with matches replaced; ``$1`` and ``${name}`` stand for groups."""
    return regular.compile(pattern).replace(text, template)


def replace_literally(pattern: str, text: str, replacement: str) -> str:
    """Return a text with matches replaced by exactly one text."""
    return regular.compile(pattern).replace_with(text, lambda _match: replacement)


def split(pattern: str, text: str, most: int) -> list[str]:
    """Return what stands between matches, at most so many parts; all for a negative number."""
    return regular.compile(pattern).split(text, most)


FUNCTIONS: Final = (
    Function("regexMatch", matches, (_STRING, _STRING)),
    Function("mustRegexMatch", must_match, (_STRING, _STRING)),
    *twins(Function("regexFind", find, (_STRING, _STRING))),
    *twins(Function("regexFindAll", find_all, (_STRING, _STRING, _INT))),
    *twins(Function("regexReplaceAll", replace, (_STRING, _STRING, _STRING))),
    *twins(Function("regexReplaceAllLiteral", replace_literally, (_STRING, _STRING, _STRING))),
    *twins(Function("regexSplit", split, (_STRING, _STRING, _INT))),
    Function("regexQuoteMeta", regular.quote, (_STRING,)),
)
