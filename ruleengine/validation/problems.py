"""Findings between files: kept by key, and computed anew for the keys that a change touches.

A key is a pair of kind and name. That of an identity has no kind; a pointer, the definitions
it may mean and the problem with it share one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

from ruleengine.model.findings import Finding
from ruleengine.validation.facts import (
    decode_definition,
    decode_identity,
    decode_reference,
    encode_findings,
)
from ruleengine.validation.identities import duplicates
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.references import PATH, resolve, resolve_path, suggestion

Key: TypeAlias = tuple[str, str]

_UNREAD = {"120000": "a symbolic link", "160000": "another Git repository"}
"""What nothing is read behind, by the mode that its blob id begins with."""

_SUGGESTIONS = 50
"""So many dangling pointers get a suggestion: a repo with more has another problem."""


def keys_of_paths(paths: Iterable[str]) -> set[Key]:
    """Return the keys of pointers that may mean one of ``paths``: itself and its folders."""
    keys = {(PATH, "")}
    for path in paths:
        keys.update((PATH, name) for name in accumulate(path.split("/"), "{}/{}".format))
    return keys


def refresh_problems(index: ValidationIndex, keys: set[Key]) -> None:
    """Compute the problems of keys anew. ``index`` holds a transaction."""
    index.replace_problems(
        keys,
        [
            (kind, name, finding.place.path, encode_findings([finding]))
            for kind, name in sorted(keys)
            for finding in _problems(index, kind, name)
        ],
    )


def _problems(index: ValidationIndex, kind: str, name: str) -> Iterator[Finding]:
    if not kind:
        identities = index.identities(name)
        if len(identities) > 1:
            yield from duplicates(decode_identity(name, data) for _, data in identities)
        return
    pointers = index.pointers(kind, name)
    if not pointers:
        return
    if kind == PATH:
        exists, unread = index.exists(name), unread_at(index, name)
        for _, data in pointers:
            reference = decode_reference(kind, name, data)
            yield from resolve_path(reference, exists=exists, unread=unread)
        return
    definitions = [decode_definition(kind, name, data) for _, data in index.definitions(kind, name)]
    for _, data in pointers:
        yield from resolve(decode_reference(kind, name, data), definitions)


def unread_at(index: ValidationIndex, path: str) -> str:
    """Return what is at a path if nothing is read behind it: its blob id begins with its mode."""
    found = index.file(path)
    return _UNREAD.get(found[0].partition(":")[0], "") if found else ""


def suggest_names(
    index: ValidationIndex, problems: Sequence[tuple[Key, Finding]]
) -> Sequence[Finding]:
    """Return the findings of problems; those of dangling pointers suggest a near name.

    Those of paths say which folder above is not read. Suggestions depend on everything that
    is declared, so they are made when they are shown and not when the problem is found.
    """
    known: dict[str, Sequence[str]] = {}
    findings: list[Finding] = []
    left = _SUGGESTIONS
    for (kind, name), finding in problems:
        better = finding
        if finding.code == "reference-target-missing" and not finding.related and left:
            left -= 1
            if kind not in known:
                known[kind] = index.names(kind)
            better = _with_suggestion(finding, suggestion(name, known[kind]))
        elif finding.code == "reference-path-missing":
            better = _with_suggestion(finding, _unread_above(index, name))
        findings.append(better)
    return findings


def _unread_above(index: ValidationIndex, path: str) -> str:
    """Return which folder that a path leads through is not read, or an empty text."""
    for folder in accumulate(path.split("/")[:-1], "{}/{}".format):
        if unread := unread_at(index, folder):
            return f"{folder!r} is {unread}, which is not followed;"
    return ""


def _with_suggestion(finding: Finding, text: str) -> Finding:
    if not text:
        return finding
    from dataclasses import replace

    return replace(finding, remedy=text if not finding.remedy else f"{text} {finding.remedy}")
