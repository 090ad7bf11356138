"""The answer to a request of kind ``render``, in both directions, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ruleengine.model.digests import short_digest
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.values import Object, Value
from ruleengine.rendering.results import Rendered, RenderedObject


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderAnswer:
    """What a render came to: objects with their places, and the revision they are of.

    ``errors`` and ``warnings`` are texts with place, message and remedy. ``pinned`` tells
    that the revision is a commit, so that the same objects can be had again.
    """

    objects: tuple[RenderedObject, ...] = field(repr=False)
    revision: str
    source_type: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pinned: bool = True


def to_answer(rendered: Rendered, revision: str, *, dirty: bool = False) -> Object:
    """Return the value of the answer to a ``render`` request.

    ``revision`` is the commit that was rendered, empty where there is none yet; ``dirty``
    tells that files differ from it.
    """
    return {
        "objects": [
            {"object": one.object, "path": one.path, "line": one.line} for one in rendered.objects
        ],
        "revision": revision,
        "dirty": dirty,
        "sourceType": str(rendered.source_type),
        "findings": [_finding(one) for one in rendered.findings],
    }


def read_answer(value: Value) -> RenderAnswer:
    """Return what an answer says.

    Objects of a tree without a commit of its own get a revision derived from their
    content, so that a change of an uncommitted file is a new revision.
    """
    objects = tuple(
        RenderedObject(object=one["object"], path=one["path"], line=one["line"])
        for one in value["objects"]
    )
    revision, pinned = str(value.get("revision") or ""), True
    if not revision or value.get("dirty"):
        pinned = False
        digest = short_digest([one.object for one in objects])
        revision = f"{revision}-dirty-{digest}" if revision else f"uncommitted-{digest}"
    findings: Sequence[Object] = value.get("findings") or []
    return RenderAnswer(
        objects=objects,
        revision=revision,
        source_type=str(value.get("sourceType") or ""),
        errors=_texts(findings, Severity.ERROR),
        warnings=_texts(findings, Severity.WARNING),
        pinned=pinned,
    )


def _finding(one: Finding) -> Object:
    """Return a finding as scripts know it (design, section 9)."""
    return {
        "severity": str(one.severity),
        "code": one.code,
        "message": one.message,
        "remedy": one.remedy,
        "path": one.place.path,
        "line": one.place.line,
        "column": one.place.column,
    }


def _texts(findings: Sequence[Object], severity: Severity) -> tuple[str, ...]:
    """Return the findings of one severity as texts: where, what, and what to do."""
    return tuple(
        f"{one['path']}{':' + str(one['line']) if one.get('line') else ''}: {one['message']}; "
        f"{one['remedy']} [{one['code']}]"
        for one in findings
        if one.get("severity") == severity
    )
