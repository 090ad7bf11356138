"""What becomes of every field of the Argo kinds that a repo uses: ``ruleengine coverage``.

With engine handover Argo's controllers honour every field.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ruleengine.apimachinery.support import (
    Support,
    highest_unhonoured,
    is_listed,
    is_partly_honoured,
    state_of,
    unhonoured_in,
)
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import FOLDERS, Document, Form
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Path, format_path
from ruleengine.validation.field_uses import fields_in
from ruleengine.validation.short_forms import parts_of


class FieldUse(NamedTuple):
    """One use of a field: where it stands, which field of which kind, and its state."""

    path: str
    line: int
    kind: str
    field: str
    state: Support


_FORMS: Final = {
    "environments": "Application",
    "pipelines": "WorkflowTemplate",
    "rollouts": "Rollout",
}
"""Folders whose short form is the spec of a kind, hoisted."""

_FIRST_OF: Final = {"triggers": "EventSource"}
"""Folders whose short form stands for several kinds: the first of them."""

_OWN_FIELDS: Final = ("metadata", "environments")


def support_of(kind: str, path: str, engine: Engine = Engine.NATIVE) -> Support:
    """Return what becomes of a field of an Argo kind.

    ``path`` is written as in the tables, ``spec.sources[].helm.values``: ``[]`` stands for any
    element of a list, ``{}`` for any key of a map. What lies below a type of Kubernetes has the
    state of the field that holds it. Raises ``KeyError`` for a kind or field that is not known.
    """
    state = state_of(kind, path)
    return Support.HANDED_OVER if engine is Engine.HANDOVER else state


def coverage(documents: Iterable[Document], engine: Engine) -> tuple[FieldUse, ...]:
    """Return every use of a field of an Argo kind in ``documents``, in their order.

    Identity (``apiVersion``, ``kind``, ``metadata``) and status are left out, and so are
    documents of other kinds. What lies below a type of Kubernetes has the state of the field
    that holds it.
    """
    uses = (use for document in documents for use in _uses(document, engine))
    return tuple(dict.fromkeys(uses))  # the items of a list may stand on one line


def unsupported(document: Document) -> tuple[Finding, ...]:
    """Return what the native engine does not honour of a document.

    That is a warning for each part, or one info for a document of an Argo kind that it only
    records, however many fields that has. Documents of other kinds have no findings.
    """
    kind, prefix = _kind_of(document)
    if not is_partly_honoured(kind or _FIRST_OF.get(document.folder, "")):
        return (_recorded(document, kind),) if _is_of_argo(document, kind) else ()
    return tuple(
        Finding(
            severity=Severity.WARNING,
            code="support-field-unsupported",
            message=f"'{format_path(path)}' is not honoured by the native engine yet",
            remedy="leave it out, or use engine handover where Argo's controllers run",
            place=document.place(*path),
        )
        for path in _unhonoured(document, kind, prefix)
    )


def _recorded(document: Document, kind: str) -> Finding:
    what = f"this {kind}" if kind else f"the short form in {document.folder}/"
    return Finding(
        severity=Severity.INFO,
        code="support-kind-recorded",
        message=f"{what} is recorded: no reconciler of the native engine acts on it yet",
        remedy="use engine handover where Argo's controllers run, or wait for a later release",
        place=document.place(),
    )


def _is_of_argo(document: Document, kind: str) -> bool:
    return is_listed(kind) or (document.form is Form.SHORT and document.folder in FOLDERS)


def _uses(document: Document, engine: Engine) -> Iterator[FieldUse]:
    for used in fields_in(document):
        state = state_of(used.kind, used.field)
        yield FieldUse(
            path=document.path,
            line=document.place(*used.path).line,
            kind=used.kind,
            field=used.field,
            state=Support.HANDED_OVER if engine is Engine.HANDOVER else state,
        )


def _kind_of(document: Document) -> tuple[str, str]:
    """Return the kind that a document declares, and what stands before its fields."""
    if document.form is Form.SHORT:
        return _FORMS.get(document.folder, ""), "spec"
    if document.value["apiVersion"] != ARGO_API_VERSION:
        return "", ""
    return str(document.value["kind"]), ""


def _skipped(prefix: str) -> tuple[str, ...]:
    return _OWN_FIELDS if prefix else ("apiVersion", "kind", "metadata", "status")


def _unhonoured(document: Document, kind: str, prefix: str) -> Iterator[Path]:
    """Yield the fields of a document that are not honoured, and no field inside of those."""
    if not kind:
        for part in parts_of(document) if document.form is Form.SHORT else ():
            yield from unhonoured_in(*part)
        return
    for name, value in document.value.items():
        if name not in _skipped(prefix):
            yield from highest_unhonoured(kind, prefix, (name,), value)
