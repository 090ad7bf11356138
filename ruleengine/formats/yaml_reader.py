"""Reads YAML and JSON files into plain data with kubectl's types.

Whatever the bytes are, reading returns: what is wrong becomes findings at their line, and
one broken document of a file does not hide the others.
"""

import codecs
import re
from typing import Final, NamedTuple

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from ruleengine.formats.yaml_builder import Builder, Built, Limits, RefusedError
from ruleengine.formats.yaml_errors import character_finding, file_finding, syntax_finding
from ruleengine.formats.yaml_positions import FileLocator, Positions
from ruleengine.model.documents import Locator
from ruleengine.model.findings import Finding, Place, Related, Severity
from ruleengine.model.values import Value

__all__ = ["Limits", "Parsed", "ParsedDocument", "read"]

_DOCUMENT_LINE: Final = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_SURROGATE_PAIR: Final = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_MOST_RESTARTS: Final = 50
"""So often the reader goes on behind a broken document; more would be no work of people."""
_PARSER_TOO_DEEP: Final = "exceeded maximum nesting"


class ParsedDocument(NamedTuple):
    """One document of a file: plain data, the line of its first key, and where things are."""

    value: Value
    line: int
    locator: Locator


class Parsed(NamedTuple):
    """What a file holds, and what is wrong with it. Documents without content are left out."""

    documents: tuple[ParsedDocument, ...]
    findings: tuple[Finding, ...]


def read(
    data: bytes,
    path: str,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    *,
    locate: bool = False,
) -> Parsed:
    """Read a YAML or JSON file. Never raises for any bytes; ``path`` is for the findings.

    A document that cannot be understood is left out and has a finding of severity error;
    one with a duplicate key is kept (the last one counts, as in kubectl) beside its finding.
    ``locate`` for whoever will ask where things stand in nearly every file: positions are
    then noted while reading, which takes more memory, and not by reading a second time.
    """
    if len(data) > limits.bytes:
        finding = file_finding(
            "file-size-exceeded",
            f"the file has {len(data)} bytes, more than {limits.bytes}",
            "split it, or keep generated files elsewhere",
            Place(path),
        )
        return Parsed((), (finding,))
    text = _decode(data, path)
    if isinstance(text, Finding):
        return Parsed((), (text,))
    if path.endswith(".json") and "\\u" in text:
        text = _SURROGATE_PAIR.sub(_join_surrogates, text)
    built, findings = _build(text, path, limits, locate=locate)
    positions = Positions(lambda: built if locate else _build(text, path, limits, locate=True)[0])
    if any(one.duplicates for one in built):
        for index in range(len(built)):
            findings += _duplicates(positions.document(index), path)
    documents = tuple(
        ParsedDocument(one.value, one.position[0], FileLocator(positions, index))
        for index, one in enumerate(built)
    )
    return Parsed(documents, tuple(findings))


def _build(
    text: str, path: str, limits: Limits, *, locate: bool
) -> tuple[tuple[Built, ...], list[Finding]]:
    """Return the usable documents of a text, going on behind those that are no YAML."""
    documents: list[Built] = []
    findings: list[Finding] = []
    rest, line = text, 0
    for _ in range(_MOST_RESTARTS):
        builder = _TextBuilder(rest, path, limits, locate=locate)
        stopped = builder.build(documents, findings)
        if stopped is None:
            break
        start = _next_document(text, max(stopped, line + 1))
        if start is None:
            break
        # Empty lines in place of what was read keep every later line number right.
        line = text.count("\n", 0, start)
        rest = "\n" * line + text[start:]
    return tuple(documents), findings


class _TextBuilder:
    """Builds the documents of a text as far as it is YAML."""

    def __init__(self, text: str, path: str, limits: Limits, *, locate: bool) -> None:
        self._text = text
        self._path = path
        self._limits = limits
        self._parser = CParser(text)
        self._builder = Builder(self._parser.get_event, limits, locate=locate)

    def build(self, documents: list[Built], findings: list[Finding]) -> int | None:
        """Add what the text holds, up to its first error.

        Returns behind how many lines the next document may begin, or ``None`` at the end.
        """
        try:
            while (built := self._builder.next_document()) is not None:
                if built.refused is not None:
                    findings.append(_refusal(built.refused, self._path))
                    return built.refused.position[0]
                if not built.empty:
                    documents.append(built)
        except MarkedYAMLError as error:
            stopped = error.problem_mark.line if error.problem_mark else 0
            finding = self._refused_before(error) or syntax_finding(error, self._text, self._path)
        except ReaderError as error:
            finding = character_finding(error, self._text, self._path)
            stopped = finding.place.line - 1
        else:
            return None
        finally:
            self._parser.dispose()
        findings.append(finding)
        return stopped

    def _refused_before(self, error: MarkedYAMLError) -> Finding | None:
        """Return what is wrong before the place where the parser gives up on deep nesting.

        It has a limit of its own, and looks so far ahead for the colon of a key that it stops
        before the builder sees the level that is too deep. Cut there, the text comes as events.
        """
        if error.problem_mark is None or _PARSER_TOO_DEEP not in (error.problem or ""):
            return None
        text = self._text[: error.problem_mark.index]
        findings: list[Finding] = []
        _TextBuilder(text, self._path, self._limits, locate=False).build([], findings)
        return findings[0] if findings else None


def _next_document(text: str, lines: int) -> int | None:
    """Return where the first document begins that starts behind so many lines."""
    offset = 0
    for _ in range(lines):
        offset = text.find("\n", offset) + 1
        if not offset:
            return None
    found = _DOCUMENT_LINE.search(text, offset)
    return found.start() if found else None


def _decode(data: bytes, path: str) -> str | Finding:
    """Return the text of a file: UTF-8, or UTF-16 that a byte order mark announces."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not utf16 and b"\0" in data:
        return file_finding(
            "file-text-binary",
            "the file is binary, not a text",
            "remove it, or give it another ending than .yaml, .yml and .json",
            Place(path),
        )
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        return file_finding(
            "file-encoding-invalid",
            f"the file is no valid {'UTF-16' if utf16 else 'UTF-8'}",
            "save it as UTF-8",
            Place(path, 0 if utf16 else data.count(b"\n", 0, error.start) + 1),
        )


def _join_surrogates(match: re.Match[str]) -> str:
    """Write the two halves of a JSON escape as the one character that they mean."""
    halves = bytes.fromhex(match[2] + match[3])
    return match[1] + halves.decode("utf-16-be")


def _duplicates(built: Built, path: str) -> list[Finding]:
    return [
        Finding(
            severity=Severity.ERROR,
            code="file-key-duplicate",
            message=f"the key {one.key!r} is written twice in one mapping",
            remedy="remove one of the two",
            place=Place(path, *one.second),
            related=(Related(Place(path, *one.first), "it is first written here"),),
        )
        for one in built.duplicates
    ]


def _refusal(refused: RefusedError, path: str) -> Finding:
    return file_finding(
        refused.code, refused.message, refused.remedy, Place(path, *refused.position)
    )
