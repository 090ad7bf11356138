"""What becomes of every field of the Argo kinds that a repo uses: ``ruleengine coverage``.

With engine handover Argo's controllers honour every field.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ruleengine.apimachinery.support import (
    Support,
    highest_unhonoured,
    is_listed,
    is_partly_honoured,
    known_field,
    leaves,
    state_of,
)
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import FOLDERS, Document, Form
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, Path, format_path


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
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

_TASK: Final = "spec.templates[].dag.tasks[]"
_STEP: Final = {"needs": f"{_TASK}.dependencies[]", "run": "spec.templates[].script"}
_ACTION: Final = {
    "abort": "spec.triggers[].template.argoWorkflow",
    "pipeline": "spec.triggers[].template.argoWorkflow",
    "promote": "spec.triggers[].template.k8s",
    "sync": "spec.triggers[].template.k8s",
}
"""What the words of the short forms become."""

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

    Fields are listed as deep as the tables know them; identity (``apiVersion``, ``kind``,
    ``metadata``) and status are left out. Documents of other kinds have no uses.
    """
    return tuple(use for document in documents for use in _uses(document, engine))


def unsupported(document: Document) -> tuple[Finding, ...]:
    """Return what the native engine does not honour of a document.

    That is a warning for each part, or one info for a document of an Argo kind that it only
    records, however many fields that has. Documents of other kinds have no findings.
    """
    kind, prefix = _kind_of(document)
    if not is_partly_honoured(kind):
        return (_recorded(document, kind),) if _is_of_argo(document, kind) else ()
    return tuple(
        Finding(
            severity=Severity.WARNING,
            code="support-field-recorded",
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
    kind, prefix = _kind_of(document)
    used: list[tuple[str, Path, str]] = []
    if is_listed(kind):
        used += [(kind, path, field) for path, field in _fields(document, kind, prefix)]
    if document.form is Form.SHORT:
        used += _own_forms(document)
    for kind, path, field in used:
        state = state_of(kind, field)
        yield FieldUse(
            path=document.path,
            line=document.place(*path).line,
            kind=kind,
            field=field,
            state=Support.HANDED_OVER if engine is Engine.HANDOVER else state,
        )


def _kind_of(document: Document) -> tuple[str, str]:
    """Return the kind that a document declares, and what stands before its fields."""
    if document.form is Form.SHORT:
        return _FORMS.get(document.folder, ""), "spec"
    if document.value["apiVersion"] != ARGO_API_VERSION:
        return "", ""
    return str(document.value["kind"]), ""


def _fields(document: Document, kind: str, prefix: str) -> Iterator[tuple[Path, str]]:
    for name, value in document.value.items():
        if name not in _skipped(prefix):
            yield from leaves(kind, prefix, (name,), value)


def _skipped(prefix: str) -> tuple[str, ...]:
    return _OWN_FIELDS if prefix else ("apiVersion", "kind", "metadata", "status")


def _unhonoured(document: Document, kind: str, prefix: str) -> Iterator[Path]:
    """Yield the fields of a document that are not honoured, and no field inside of those."""
    for name, value in document.value.items():
        if name not in _skipped(prefix):
            yield from highest_unhonoured(kind, prefix, (name,), value)


def _own_forms(document: Document) -> Iterator[tuple[str, Path, str]]:
    """Yield the uses that stand behind a short form's own lists and maps."""
    value = document.value
    if document.folder == "pipelines":
        holders = ("spec.templates[]", _TASK, "spec.templates[].container")
        yield from _entries("Workflow", ("steps",), value, holders, _STEP)
    elif document.folder == "triggers":
        yield from _entries("EventSource", ("on",), value, ("spec",), {})
        yield from _entries("Sensor", ("on",), value, ("spec.dependencies[]",), {})
        actions = ("spec.triggers[].template", "spec.triggers[]")
        yield from _entries("Sensor", ("do",), value, actions, _ACTION)


def _entries(
    kind: str, path: Path, value: Object, holders: tuple[str, ...], words: dict[str, str]
) -> Iterator[tuple[str, Path, str]]:
    """Yield the uses in each entry of a list or map, whose keys are fields of ``holders``."""
    entries = value.get(str(path[0]))
    listed = entries if isinstance(entries, list) else []
    pairs = entries.items() if isinstance(entries, dict) else enumerate(listed)
    for key, entry in pairs:
        for name in entry if isinstance(entry, dict) else ():
            known = words.get(name) or next(
                (one for holder in holders if (one := known_field(kind, f"{holder}.{name}"))), None
            )
            if known is not None:
                yield kind, (*path, key, name), known
