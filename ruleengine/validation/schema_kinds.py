"""Decides what a document of an unknown kind is: misspelt, or somebody else's.

A misspelt group, version or kind is an error, because nothing would ever act on the
document. A kind of a foreign group is an info: the cluster may know it (design, section 11).
"""

from collections.abc import Collection

from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding, Severity
from ruleengine.validation.schema_names import nearest

KindName = tuple[str, str]
"""``apiVersion`` and ``kind``."""


def unknown_kind(document: Document, name: KindName, known: Collection[KindName]) -> Finding:
    """Return the finding for a document whose kind has no schema."""
    api_version, kind = name
    same_version = [one for version, one in known if version == api_version]
    versions = sorted({version for version, one in known if one == kind})
    if same_version:
        if versions and not nearest(kind, same_version):
            return _wrong_version(document, name, versions)
        return _misspelt_kind(document, name, known)
    if _group(api_version) in {_group(version) for version, _ in known}:
        meant = [one for one in versions if _group(one) == _group(api_version)]
        if not meant and not _group(api_version):
            # Nobody adds kinds to the core group: the group was forgotten, or all is wrong.
            meant = versions or ["v1"]
        return _wrong_version(document, name, meant) if meant else _foreign(document, name)
    groups = {_group(version) for version in versions if _group(version)}
    if nearest(_group(api_version), groups):
        return _wrong_version(document, name, versions)
    return _foreign(document, name)


def incomplete(document: Document) -> Finding:
    """Return the finding for a document that has only one of ``apiVersion`` and ``kind``."""
    given, absent = ("kind", "apiVersion") if "kind" in document.value else ("apiVersion", "kind")
    return Finding(
        severity=Severity.ERROR,
        code="schema-kind-incomplete",
        message=f"the document has '{given}' and no '{absent}'",
        remedy=f"add '{absent}', or remove '{given}' to write the short form",
        place=document.place(given),
    )


def not_a_text(document: Document) -> Finding:
    """Return the finding for a document whose ``apiVersion`` or ``kind`` is no text."""
    wrong = next(
        name for name in ("apiVersion", "kind") if not isinstance(document.value[name], str)
    )
    return Finding(
        severity=Severity.ERROR,
        code="schema-value-type",
        message=f"'{wrong}' must be a text",
        remedy="write the name of a version or kind, such as 'v1' or 'ConfigMap'",
        place=document.place(wrong),
    )


def _misspelt_kind(document: Document, name: KindName, known: Collection[KindName]) -> Finding:
    api_version, kind = name
    remedy = "correct apiVersion and kind"
    if meant := nearest(kind, (one for version, one in known if version == api_version)):
        remedy = f"did you mean '{meant}'?"
    elif meant := nearest(kind, sorted({one for _, one in known})):
        versions = sorted(version for version, one in known if one == meant)
        remedy = f"did you mean '{meant}' of {versions[-1]}?"
    return Finding(
        severity=Severity.ERROR,
        code="schema-kind-unknown",
        message=f"{api_version} has no kind '{kind}'",
        remedy=remedy,
        place=document.place_of_value("kind"),
    )


def _wrong_version(document: Document, name: KindName, versions: list[str]) -> Finding:
    api_version, kind = name
    meant = nearest(api_version, versions) or versions[-1]
    return Finding(
        severity=Severity.ERROR,
        code="schema-kind-unknown",
        message=f"there is no '{kind}' in '{api_version}'",
        remedy=f"did you mean 'apiVersion: {meant}'?",
        place=document.place_of_value("apiVersion"),
    )


def _foreign(document: Document, name: KindName) -> Finding:
    api_version, kind = name
    return Finding(
        severity=Severity.INFO,
        code="schema-kind-foreign",
        message=f"there is no schema for {kind} of {api_version}; its fields are not checked",
        remedy="nothing, if the cluster knows the kind; or put a schema for it into schemas/",
        place=document.place("kind"),
    )


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
