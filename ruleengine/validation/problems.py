"""Findings between files: kept by key, and computed anew for the keys that a change touches.

A key is a pair of kind and name. That of an identity has no kind; a pointer, the definitions
it may mean and the problem with it share one.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
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
    found = [*_declared_twice(index, keys), *_dangling(index, keys)]
    index.replace_problems(
        keys,
        [(*key, one.place.path, encode_findings([one])) for key, one in found],
    )


def _declared_twice(index: ValidationIndex, keys: Iterable[Key]) -> Iterator[tuple[Key, Finding]]:
    identities = index.identities(name for kind, name in keys if not kind)
    for name, several in sorted(identities.items()):
        if len(several) > 1:
            for finding in duplicates(decode_identity(name, data) for data in several):
                yield ("", name), finding


def _dangling(index: ValidationIndex, keys: Iterable[Key]) -> Iterator[tuple[Key, Finding]]:
    pointers = index.named("pointers", (key for key in keys if key[0]))
    definitions = index.named("definitions", (key for key in pointers if key[0] != PATH))
    for key, several in sorted(pointers.items()):
        references = [decode_reference(*key, data) for data in several]
        if key[0] == PATH:
            exists, unread = index.exists(key[1]), unread_at(index, key[1])
            for one in references:
                for finding in resolve_path(one, exists=exists, unread=unread):
                    yield key, finding
            continue
        offered = [decode_definition(*key, data) for data in definitions.get(key, ())]
        for one in references:
            for finding in resolve(one, offered):
                yield key, finding


def unread_at(index: ValidationIndex, path: str) -> str:
    """Return what is at a path if nothing is read behind it: its blob id begins with its mode."""
    found = index.file(path)
    return _UNREAD.get(found[0].partition(":")[0], "") if found else ""


def suggest_names(
    index: ValidationIndex, problems: Sequence[tuple[Key, Finding]], own: Collection[Key] = ()
) -> Sequence[Finding]:
    """Return the findings of problems; those of dangling pointers suggest a near name.

    Names are those that the index holds and ``own``. Those of paths say which folder above is
    not read. Suggestions depend on everything that is declared, so they are made when they are
    shown and not when the problem is found.
    """
    known: dict[str, Sequence[str]] = {}
    findings: list[Finding] = []
    left = _SUGGESTIONS
    for (kind, name), finding in problems:
        better = finding
        if finding.code == "reference-target-missing" and not finding.related and left:
            left -= 1
            if kind not in known:
                known[kind] = [*index.names(kind), *(other for one, other in own if one == kind)]
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
