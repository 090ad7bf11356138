"""What becomes of every field of the Argo kinds that a repo uses: ``ruleengine coverage``.

The table is generated (``docs/support/`` shows it to people): each field of each kind with
its state on the native engine. With engine handover Argo's controllers honour every field.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from ruleengine.model.configuration import Engine
from ruleengine.model.data import data_folder
from ruleengine.model.documents import FOLDERS, Document, Form
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, Path, Value, format_path


class Support(StrEnum):
    """What becomes of a field."""

    HONOURED = "honoured"
    HANDED_OVER = "handed over"
    RECORDED = "not honoured"
    WRITTEN = "written by us"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
    """One use of a field: where it stands, which field of which kind, and its state."""

    path: str
    line: int
    kind: str
    field: str
    state: Support


_STATES: Final = {
    "honoured": Support.HONOURED,
    "recorded": Support.RECORDED,
    "written by us": Support.WRITTEN,
}
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

_FOR_PEOPLE: Final = ("description",)
"""Fields that nobody acts on anywhere: there is nothing to honour."""

_OWN_FIELDS: Final = ("metadata", "environments")
_WRAPPINGS: Final = ("", "[]", "{}", "[][]", "{}[]", "[]{}")

_Table = dict[str, dict[str, list[str]]]


def support_of(kind: str, path: str, engine: Engine = Engine.NATIVE) -> Support:
    """Return what becomes of a field of an Argo kind.

    ``path`` is written as in the tables, ``spec.sources[].helm.values``: ``[]`` stands for any
    element of a list, ``{}`` for any key of a map. What lies below a type of Kubernetes has the
    state of the field that holds it. Raises ``KeyError`` for a kind or field that is not known.
    """
    if engine is Engine.HANDOVER:
        _lookup(kind, path)
        return Support.HANDED_OVER
    return _lookup(kind, path)


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
    if not _is_partly_honoured(kind):
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
    return kind in _table() or (document.form is Form.SHORT and document.folder in FOLDERS)


@cache
def _is_partly_honoured(kind: str) -> bool:
    return any(row[0] == "honoured" for row in _table().get(kind, {}).values())


def _uses(document: Document, engine: Engine) -> Iterator[FieldUse]:
    kind, prefix = _kind_of(document)
    used: list[tuple[str, Path, str]] = []
    if kind in _table():
        used += [(kind, path, field) for path, field in _fields(document, kind, prefix)]
    if document.form is Form.SHORT:
        used += _own_forms(document)
    for kind, path, field in used:
        state = _lookup(kind, field)
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
            yield from _leaves(kind, prefix, (name,), value)


def _skipped(prefix: str) -> tuple[str, ...]:
    return _OWN_FIELDS if prefix else ("apiVersion", "kind", "metadata", "status")


def _unhonoured(document: Document, kind: str, prefix: str) -> Iterator[Path]:
    """Yield the fields of a document that are not honoured, and no field inside of those."""
    for name, value in document.value.items():
        if name not in _skipped(prefix):
            yield from _highest(kind, prefix, (name,), value)


def _highest(kind: str, parent: str, path: Path, value: Value) -> Iterator[Path]:
    """Yield the highest fields at and below one value that are not honoured.

    What we write ourselves is not looked into: nothing that is written there counts.
    """
    field = _known(kind, f"{parent}.{path[-1]}" if parent else str(path[-1]))
    if field is None:
        return
    state = _lookup(kind, field)
    if state is Support.RECORDED:
        leaves = _leaves(kind, parent, path, value)
        if any(leaf[-1] not in _FOR_PEOPLE for leaf, _ in leaves):
            yield path
    elif state is Support.HONOURED:
        for below, inner in _elements(value, field, path):
            for name, one in inner.items() if isinstance(inner, dict) else ():
                yield from _highest(kind, field, (*below, name), one)


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
                (one for holder in holders if (one := _known(kind, f"{holder}.{name}"))), None
            )
            if known is not None:
                yield kind, (*path, key, name), known


def _leaves(kind: str, parent: str, path: Path, value: Value) -> Iterator[tuple[Path, str]]:
    """Yield the deepest fields that the tables know at and below one value."""
    field = _known(kind, f"{parent}.{path[-1]}".lstrip("."))
    if field is None:
        return
    deeper = [
        leaf
        for below, inner in _elements(value, field, path)
        if isinstance(inner, dict)
        for name, one in inner.items()
        for leaf in _leaves(kind, field, (*below, name), one)
    ]
    yield from deeper or [(path, field)]


def _elements(value: Value, field: str, path: Path) -> Iterator[tuple[Path, Value]]:
    """Yield the values inside a list or map that a field's wrapping stands for."""
    if field[-1] not in "]}":
        yield path, value
        return
    wrapping = field[len(field.rstrip("[]{}")) :]
    found: list[tuple[Path, Value]] = [(path, value)]
    while wrapping:
        found = [
            ((*place, key), inner)
            for place, one in found
            for key, inner in (
                enumerate(one)
                if wrapping.startswith("[]") and isinstance(one, list)
                else one.items()
                if wrapping.startswith("{}") and isinstance(one, dict)
                else ()
            )
        ]
        wrapping = wrapping[2:]
    yield from found


@cache
def _known(kind: str, field: str) -> str | None:
    """Return a field with its wrapping, or ``None`` where the tables do not go that deep."""
    for wrapping in _WRAPPINGS:
        try:
            _row(kind, field + wrapping)
        except KeyError:
            continue
        return field + wrapping
    return None


@cache
def _lookup(kind: str, field: str) -> Support:
    """Return the state of a field: no better than that of any field that holds it."""
    states = [Support.HONOURED]
    parts = field.split(".")
    for length in range(1, len(parts) + 1):
        try:
            state = _STATES[_row(kind, ".".join(parts[:length]))[0]]
        except KeyError:
            if length == 1 or not _is_opaque(kind, ".".join(parts[: length - 1])):
                raise
            break
        states.append(state)
    weakest = [one for one in states if one is not Support.HONOURED]
    return weakest[0] if weakest else Support.HONOURED


def _row(kind: str, field: str) -> list[str]:
    """Return the row of a field, found where its type is listed. Raises ``KeyError``."""
    fields = _table()[kind]
    if field in fields:
        return fields[field]
    parts = field.split(".")
    for length in range(len(parts) - 1, 0, -1):
        row = fields.get(".".join(parts[:length]))
        if row is not None and len(row) > 1:
            return _row(row[1], ".".join([row[2], *parts[length:]]))
    raise KeyError(f"{kind} {field}")


def _is_opaque(kind: str, field: str) -> bool:
    """Tell whether the tables list nothing below a field: it is handed on as a whole."""
    row = _row(kind, field)
    holder, path = (row[1], row[2]) if len(row) > 1 else (kind, field)
    return not any(one.startswith(f"{path}.") for one in _table().get(holder, {}))


@cache
def _table() -> _Table:
    found: _Table = json.loads((data_folder("schemas") / "support.json").read_bytes())
    return found
