"""Says what a YAML parser's complaint means to somebody who writes config files."""

import re
from typing import Any, Final, NamedTuple

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import ScalarEvent
from yaml.reader import ReaderError

from ruleengine.model.findings import Finding, Place, Severity

TEMPLATE_UNQUOTED: Final = (
    "file-template-unquoted",
    "a value that begins with {{ must be in quotes: YAML takes the braces for a mapping",
    'write "{{ ... }}" with quotes around the whole value',
)
"""Code, message and remedy of the commonest mistake in files for Argo."""

_UNQUOTED_TEMPLATE: Final = re.compile(r"(?:^\s*-|:)\s+(\{\{)")
_LONGEST_KEY: Final = 1024


class _Explanation(NamedTuple):
    """Which complaint (a regular expression), what to say, and where it really began."""

    pattern: str
    message: str
    remedy: str
    at_context: bool = False


_EXPLANATIONS: Final = (
    _Explanation(
        r"while scanning a quoted scalar.*(end of stream|document indicator)",
        "a quote is opened here and never closed",
        "add the closing quote",
        at_context=True,
    ),
    _Explanation(
        r"unknown escape character|expected hexdecimal|invalid Unicode character escape",
        "a text in double quotes has a backslash that YAML does not know",
        "double the backslash, or use single quotes",
    ),
    _Explanation(
        r"mapping values are not allowed",
        "a colon stands where no key can be",
        "put a text that holds `: ` in quotes, or correct the indentation",
    ),
    _Explanation(
        r"while parsing a flow (mapping|sequence)",
        "a bracket is opened here and the list or mapping in it is not well-formed",
        "close the bracket, and separate the items with commas",
        at_context=True,
    ),
    _Explanation(
        r"could not find expected ':'",
        "this line is neither a key with a colon nor part of a text",
        "add `: ` after the key, or correct the indentation",
        at_context=True,
    ),
    _Explanation(
        r"cannot start any token",
        "a text begins with a character that has a meaning in YAML",
        "put the text in quotes",
    ),
    _Explanation(
        r"while parsing a block (mapping|collection)",
        "the indentation fits neither what is above nor a new key",
        "align the line with its neighbours; put a text that begins with {{, [ or a quote "
        "in quotes as a whole",
    ),
    _Explanation(
        r"incompatible YAML document",
        "the %YAML directive names a version that does not exist",
        "remove the directive",
    ),
    _Explanation(
        r"duplicate anchor",
        "an anchor is defined twice",
        "rename one of the two",
    ),
)


def syntax_finding(error: MarkedYAMLError, text: str, path: str) -> Finding:
    """Return the finding for a document that is no YAML. ``text`` is the whole file."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return _finding(f"this is no YAML: {error.problem}", "correct it", Place(path))
    words = f"{error.context or ''} {error.problem or ''}".strip()
    line = _line(text, mark.line)
    place = Place(path, mark.line + 1, mark.column + 1)
    if _UNQUOTED_TEMPLATE.search(line):
        column = _UNQUOTED_TEMPLATE.search(line).start(1) + 1  # type: ignore[union-attr]
        return file_finding(*TEMPLATE_UNQUOTED, Place(path, place.line, column))
    if line[mark.column : mark.column + 1] == "\t":
        return _finding("a tab is used for indentation", "indent with spaces", place)
    if mark.column > _LONGEST_KEY and "mapping values" in words:
        return _finding(f"a key is longer than {_LONGEST_KEY} characters", "shorten the key", place)
    opened = _open_quote(text, mark.line)
    if opened is not None:
        message = "a quote is opened here and not closed on its line"
        return _finding(message, "add the closing quote", Place(path, *opened))
    return _explained(error, words, place)


def _explained(error: MarkedYAMLError, words: str, place: Place) -> Finding:
    for explanation in _EXPLANATIONS:
        if re.search(explanation.pattern, words):
            context = error.context_mark
            if explanation.at_context and context:
                place = Place(place.path, context.line + 1, context.column + 1)
            return _finding(explanation.message, explanation.remedy, place)
    return _finding(f"this is no YAML: {words}", "correct this line, or the one above it", place)


def _open_quote(text: str, problem_line: int) -> tuple[int, int] | None:
    """Return where the quoted text of several lines began that ended on the problem's line.

    A forgotten quote swallows lines up to the next quote; only behind that one does the
    parser notice.
    """
    parser = CParser(text)
    last: Any = None
    try:
        while (event := parser.get_event()) is not None:
            if type(event) is ScalarEvent:
                last = event
    except (MarkedYAMLError, ReaderError):
        pass
    finally:
        parser.dispose()
    if last is None or last.style not in ("'", '"'):
        return None
    start, end = last.start_mark, last.end_mark
    swallowed = end.line == problem_line and start.line < end.line
    return (start.line + 1, start.column + 1) if swallowed else None


def _line(text: str, number: int) -> str:
    """Return one line of a text, counted from 0, without splitting the whole text."""
    start = 0
    for _ in range(number):
        start = text.find("\n", start) + 1
        if not start:
            return ""
    end = text.find("\n", start)
    return text[start:] if end < 0 else text[start:end]


def _finding(message: str, remedy: str, place: Place) -> Finding:
    return file_finding("file-syntax-invalid", message, remedy, place)


def character_finding(error: ReaderError, text: str, path: str) -> Finding:
    """Return the finding for a character that no YAML may hold."""
    before = text.encode("utf-8", "surrogatepass")[: error.position].count(b"\n")
    return file_finding(
        "file-character-invalid",
        "the file holds a control character",
        "remove the character, or write it as an escape in double quotes",
        Place(path, before + 1),
    )


def file_finding(
    code: str, message: str, remedy: str, place: Place, severity: Severity = Severity.ERROR
) -> Finding:
    """Return a finding of the area ``file``."""
    return Finding(severity=severity, code=code, message=message, remedy=remedy, place=place)
