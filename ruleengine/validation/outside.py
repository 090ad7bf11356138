"""Pointers of files that a run names and that lie in none of the folders.

They are resolved among the named files and what the repo declares; what a named file declares
goes before the repo's. The repo's own pointers never see it, and a copy of a file is no second
object. Where there is no repo, a pointer that leads out of the named files is not wrong: that
nobody looked is told once.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ruleengine.model.findings import Finding, Severity
from ruleengine.model.references import Definition, Reference
from ruleengine.validation.facts import FactRows, decode_definition, decode_reference
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.problems import Key, suggest_names, unread_at
from ruleengine.validation.references import PATH, TEMPLATE, resolve, resolve_path

_MOST_NAMED: Final = 3
"""So many of the things that nobody looked for are named."""

_Declared = Mapping[Key, Sequence[Definition]]


def findings_outside(
    index: ValidationIndex, rows: Sequence[FactRows], *, in_repo: bool
) -> Sequence[Finding]:
    """Return what is wrong with the pointers of files outside the folders, given their facts."""
    own: dict[Key, list[Definition]] = {}
    for row in rows:
        for kind, name, data in row.definitions:
            own.setdefault((kind, name), []).append(decode_definition(kind, name, data))
    followed: list[tuple[Key, Reference]] = []
    left: list[Reference] = []
    documents = _documents(own)
    for row in rows:
        for kind, name, data in row.pointers:
            key, one = (kind, name), decode_reference(kind, name, data)
            if in_repo or key in own or _document(name) in documents:
                followed.append((key, one))
            elif not one.optional:
                left.append(one)
    known = index.named("definitions", {key for key, _ in followed if key[0] != PATH})
    problems = [
        (key, finding)
        for key, one in followed
        for finding in (
            resolve_path(one, exists=index.exists(key[1]), unread=unread_at(index, key[1]))
            if key[0] == PATH
            else resolve(one, _offered(one, own.get(key, ()), known.get(key, ())))
        )
    ]
    return [*suggest_names(index, problems, own), *_unchecked(left)]


def _documents(own: _Declared) -> set[str]:
    """Return what the names of parts begin with whose documents are among the named files."""
    return {f"{kind}/{name}" for kind, name in own} | {_document(name) for _, name in own} - {""}


def _document(name: str) -> str:
    return name.rpartition("/")[0]


def _offered(
    pointer: Reference, own: Sequence[Definition], known: Sequence[str]
) -> Sequence[Definition]:
    """Return what a pointer is looked up among.

    A document without a namespace gets one where it is applied or rendered: it is in any.
    """
    others = [decode_definition(pointer.kind, pointer.name, data) for data in known]
    for several in (own, others):
        near = [one for one in several if _together(one.namespace, pointer.namespace)]
        if near:
            return [one._replace(namespace=pointer.namespace) for one in near]
    return [*own, *others]


def _together(namespace: str, other: str) -> bool:
    return namespace == other or not (namespace and other)


def _unchecked(left: Sequence[Reference]) -> Sequence[Finding]:
    """Return that nobody looked for what pointers outside of any repo lead to: once for all."""
    if not left:
        return []
    named = list(
        dict.fromkeys(
            _document(one.name) if one.kind == TEMPLATE else f"{one.kind} {one.name}"
            for one in left
        )
    )
    more = len(named) - _MOST_NAMED
    words = ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return [
        Finding(
            severity=Severity.INFO,
            code="reference-target-unchecked",
            message=f"this is no config repo, and the named files do not declare {words}: "
            "what they refer to there is not checked",
            remedy="name the files that declare it, too, or check this file in a config repo",
            place=left[0].place,
        )
    ]
