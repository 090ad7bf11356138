"""What is learnt from one file on its own, in the form in which the index keeps it.

Facts depend on the file's content, its path, the rules, schemas and defaults that apply and
our own code, and on nothing else: a digest of all these is their key. They travel from
worker processes as plain tuples, because those are cheap to send and to store.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ruleengine.model.findings import Finding, Place, Related, Severity
from ruleengine.model.references import Definition, Reference
from ruleengine.model.values import Object
from ruleengine.validation.identities import Identity
from ruleengine.validation.references import PATH, normal_path

RECORDED = "support-kind-recorded"
"""The finding that nearly every document may have: kept apart, so that others are quick to read."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


class FileKey(NamedTuple):
    """What facts are kept by. ``context`` digests everything that applies to the path."""

    path: str
    blob: str
    context: str

    @property
    def number(self) -> int:
        """A 63-bit number for the key: entries are told by it."""
        digest = hashlib.sha256("\0".join(self).encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") >> 1


class FileFacts(NamedTuple):
    """What one file says.

    ``applications`` are those with a source in the same repo, as their objects.
    """

    key: FileKey
    documents: int
    findings: tuple[Finding, ...] = ()
    identities: tuple[Identity, ...] = ()
    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()
    applications: tuple[Object, ...] = ()


class FactRows(NamedTuple):
    """File facts as rows of the index; see :mod:`ruleengine.validation.index`."""

    key: FileKey
    documents: int
    findings: str
    recorded: str
    recorded_documents: int
    applications: str
    identities: list[tuple[str, str]]
    definitions: list[tuple[str, str, str]]
    pointers: list[tuple[str, str, str]]


def rows_of(facts: FileFacts) -> FactRows:
    """Return facts as rows."""
    recorded = [one for one in facts.findings if one.code == RECORDED]
    others = [one for one in facts.findings if one.code != RECORDED] if recorded else facts.findings
    return FactRows(
        key=facts.key,
        documents=facts.documents,
        findings=encode_findings(others),
        recorded=encode_findings(recorded),
        recorded_documents=len(recorded),
        applications=_dumps(facts.applications) if facts.applications else "",
        identities=[
            (
                _storable(one.key),
                _dumps([one.name, *(_place(each) for each in (one.place, one.manifest) if each)]),
            )
            for one in facts.identities
        ],
        definitions=[
            (
                _storable(one.kind),
                _storable(one.name),
                _dumps([one.namespace, _place(one.place), one.offers]),
            )
            for one in facts.definitions
        ],
        pointers=[
            (_storable(one.kind), _storable(_pointed_name(one)), encode_reference(one))
            for one in facts.references
        ],
    )


def _pointed_name(one: Reference) -> str:
    """Return the name under which the other end of a pointer is found."""
    return normal_path(one.name) if one.kind == PATH else one.name


def encode_findings(findings: Iterable[Finding]) -> str:
    """Return findings as text; an empty text where there are none."""
    rows = [
        [
            one.severity.value,
            one.code,
            one.message,
            one.remedy,
            _place(one.place),
            [[_place(related.place), related.message] for related in one.related],
        ]
        for one in findings
    ]
    return _dumps(rows) if rows else ""


def decode_findings(text: str) -> Sequence[Finding]:
    """Return the findings of a text made by :func:`encode_findings`."""
    return [
        Finding(
            severity=Severity(severity),
            code=code,
            message=message,
            remedy=remedy,
            place=Place(*place),
            related=tuple(Related(Place(*where), why) for where, why in related),
        )
        for severity, code, message, remedy, place, related in (json.loads(text) if text else ())
    ]


def decode_identity(key: str, data: str) -> Identity:
    """Return the identity of a row."""
    name, *places = json.loads(data)
    return Identity(key, name, *(Place(*one) for one in places))


def decode_definition(kind: str, name: str, data: str) -> Definition:
    """Return the definition of a row."""
    namespace, place, offers = json.loads(data)
    return Definition(kind=kind, namespace=namespace, name=name, place=Place(*place), offers=offers)


def encode_reference(one: Reference) -> str:
    """Return all of a reference but its kind and name as text."""
    passes = {
        aspect: [[name, _place(place)] for name, place in names]
        for aspect, names in one.passes.items()
    }
    flags = [one.partial, one.severity.value, one.optional]
    words = [one.message, one.remedy, one.rule]
    return _dumps([one.namespace, _place(one.place), passes, flags, words])


def decode_reference(kind: str, name: str, data: str) -> Reference:
    """Return the reference of a row."""
    namespace, place, passes, flags, words = json.loads(data)
    return Reference(
        kind=kind,
        namespace=namespace,
        name=name,
        place=Place(*place),
        passes={
            aspect: tuple((passed, Place(*where)) for passed, where in names)
            for aspect, names in passes.items()
        },
        partial=flags[0],
        severity=Severity(flags[1]),
        message=words[0],
        remedy=words[1],
        rule=words[2],
        optional=flags[2],
    )


def _place(place: Place) -> list[str | int]:
    return [place.path, place.line, place.column]


def _dumps(value: object) -> str:
    return _ENCODER.encode(value)


def _storable(text: str) -> str:
    """Documents can hold half a surrogate pair, which is no text to SQLite."""
    return text.encode("utf-8", "backslashreplace").decode()
