"""Evaluations as plain data, for the index that keeps them by content.

The data is JSON; :func:`from_data` brings back an equal evaluation of an equal document.
A newer :data:`VERSION` makes older data useless: it belongs into the cache's key.
"""

from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.documents import Derived, Document, Origin
from ruleengine.model.findings import Finding, Place, Related, Severity
from ruleengine.model.references import Definition, Reference
from ruleengine.model.values import Object, Value
from ruleengine.rules.results import DocumentEvaluation, NeededNamespace

VERSION: Final = 2
"""The version of the data; any change of shape or of the meaning of rules raises it."""


def to_data(evaluation: DocumentEvaluation) -> Object:
    """Return an evaluation as JSON data. Objects that actions share are stored once."""
    objects = [one.object for one in evaluation.derived]
    return {
        "derived": [
            {"object": one.object, "origin": _origin_data(one.origin)} for one in evaluation.derived
        ],
        "definitions": [
            [one.kind, one.namespace, one.name, _place_data(one.place), _offers_data(one)]
            for one in evaluation.definitions
        ],
        "references": [_reference_data(one) for one in evaluation.references],
        "namespaces": [
            [one.name, one.cluster, _origin_data(one.origin)] for one in evaluation.namespaces
        ],
        "actions": [_action_data(one, objects) for one in evaluation.actions],
        "findings": [_finding_data(one) for one in evaluation.findings],
    }


def from_data(data: Object, document: Document, commit: str = "") -> DocumentEvaluation:
    """Return the evaluation that :func:`to_data` wrote for an equal document.

    ``commit`` is the one that the document is read from now: the same content stands in
    many commits, so the data does not hold it.
    """
    return DocumentEvaluation(
        derived=tuple(
            Derived(object=value, origin=origin, source=document)
            for value, origin in objects_of(data, commit)
        ),
        definitions=tuple(
            Definition(kind=kind, namespace=space, name=name, place=Place(*place), offers=offers)
            for kind, space, name, place, offers in data["definitions"]
        ),
        references=tuple(_reference(one) for one in data["references"]),
        namespaces=tuple(
            NeededNamespace(name, cluster, _origin(origin, commit))
            for name, cluster, origin in data["namespaces"]
        ),
        actions=actions_of(data, commit),
        findings=tuple(_finding(one) for one in data["findings"]),
    )


def objects_of(data: Object, commit: str = "") -> tuple[tuple[Object, Origin], ...]:
    """Return the objects alone of what :func:`to_data` wrote, each with where it comes from."""
    return tuple((one["object"], _origin(one["origin"], commit)) for one in data["derived"])


def actions_of(data: Object, commit: str = "") -> tuple[Action, ...]:
    """Return the actions alone of what :func:`to_data` wrote."""
    objects = [one["object"] for one in data["derived"]]
    return tuple(_action(one, objects, commit) for one in data["actions"])


def _place_data(place: Place) -> Value:
    return [place.path, place.line, place.column]


def _offers_data(definition: Definition) -> Value:
    return {aspect: dict(names) for aspect, names in definition.offers.items()}


def _origin_data(origin: Origin) -> Value:
    return [
        origin.path,
        origin.line,
        origin.blob,
        origin.rule,
        origin.rule_place,
        _origin_data(origin.parent) if origin.parent else None,
    ]


def _origin(data: Value, commit: str) -> Origin:
    path, line, blob, rule, rule_place, parent = data
    return Origin(
        path=path,
        line=line,
        blob=blob,
        commit=commit,
        rule=rule,
        rule_place=rule_place,
        parent=_origin(parent, commit) if parent else None,
    )


def _reference_data(reference: Reference) -> Value:
    return {
        "kind": reference.kind,
        "namespace": reference.namespace,
        "name": reference.name,
        "place": _place_data(reference.place),
        "passes": {
            aspect: [[name, _place_data(place)] for name, place in names]
            for aspect, names in reference.passes.items()
        },
        "partial": reference.partial,
        "severity": str(reference.severity),
        "message": reference.message,
        "remedy": reference.remedy,
        "rule": reference.rule,
    }


def _reference(data: Value) -> Reference:
    return Reference(
        **{
            **data,
            "place": Place(*data["place"]),
            "passes": {
                aspect: tuple((name, Place(*place)) for name, place in names)
                for aspect, names in data["passes"].items()
            },
            "severity": Severity(data["severity"]),
        }
    )


def _action_data(action: Action, objects: list[Object]) -> Value:
    shared = next((at for at, one in enumerate(objects) if one is action.object), None)
    target = action.target
    return {
        "verb": str(action.verb),
        "target": [
            target.api_version,
            target.kind,
            target.namespace,
            target.name,
            target.cluster,
        ],
        "manager": action.manager,
        "derived": shared,
        "object": None if shared is not None else action.object,
        "origin": _origin_data(action.origin) if action.origin else None,
        "wave": action.wave,
        "force": action.force,
        "propagation": action.propagation,
        "reason": action.reason,
        "refusal": action.refusal,
    }


def _action(data: Value, objects: list[Object], commit: str) -> Action:
    shared = data["derived"]
    return Action(
        verb=Verb(data["verb"]),
        target=Target(*data["target"]),
        manager=data["manager"],
        object=data["object"] if shared is None else objects[shared],
        origin=_origin(data["origin"], commit) if data["origin"] else None,
        wave=data["wave"],
        force=data["force"],
        propagation=data["propagation"],
        reason=data["reason"],
        refusal=data["refusal"],
    )


def _finding_data(finding: Finding) -> Value:
    return [
        str(finding.severity),
        finding.code,
        finding.message,
        finding.remedy,
        _place_data(finding.place),
        [[_place_data(one.place), one.message] for one in finding.related],
    ]


def _finding(data: Value) -> Finding:
    severity, code, message, remedy, place, related = data
    return Finding(
        severity=Severity(severity),
        code=code,
        message=message,
        remedy=remedy,
        place=Place(*place),
        related=tuple(Related(Place(*one), text) for one, text in related),
    )
