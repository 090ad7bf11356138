"""Looks into JSON text without making values of it: every part keeps its own text.

Paths answer with the text as it was written (the digits of a number, the escapes of a string,
spaces), so nothing is decoded that is only passed. The text must be valid JSON, which
:func:`is_valid` says; only then do the positions here mean anything.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from ruleengine.formats.go_text import whole

_SCALAR: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,\]}]+')
_KEY: Final = re.compile(r'[\s,]*("[^"\\]*(?:\\.[^"\\]*)*")\s*:\s*')
_ELEMENT: Final = re.compile(r"[\s,]*(?=[^\s,\]])")

NO_JSON_HINT: Final = "texts stand in double quotes, and nothing stands behind the value"


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# Numbers stay texts: to make integers of millions of digits would take long.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def problem(text: str) -> tuple[str, int] | None:
    """Return why a text is no JSON and where; ``None`` where it is."""
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return error.msg, error.pos
    except ValueError as error:
        return str(error), 0
    except RecursionError:
        return "it nests too deeply", 0
    return None


def is_valid(text: str) -> bool:
    """Tell whether a text is JSON."""
    return problem(text) is None


def end_of(text: str, at: int) -> int:
    """Return where the value ends that begins at a place."""
    if text[at] in "{[":
        end: int = _DECODER.raw_decode(text, at)[1]
        return end
    found = _SCALAR.match(text, at)
    return found.end() if found else at + 1


def members(text: str, at: int = 0) -> Iterator[tuple[str, int]]:
    """Yield the key of each member of an object, with its quotes, and where its value begins."""
    found = _KEY.match(text, at + 1)
    while found:
        yield found[1], found.end()
        found = _KEY.match(text, end_of(text, found.end()))


def elements(text: str, at: int = 0) -> Iterator[int]:
    """Yield where each element of an array begins."""
    found = _ELEMENT.match(text, at + 1)
    while found:
        yield found.end()
        found = _ELEMENT.match(text, end_of(text, found.end()))


def content(literal: str) -> str:
    """Return the text that a JSON string means."""
    if "\\" not in literal:
        return literal[1:-1]
    try:
        text: str = json.loads(literal, strict=False)
    except ValueError:
        return ""
    return whole(text)
