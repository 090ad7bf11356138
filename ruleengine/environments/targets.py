"""Targets: what a source rendered, made ready to be applied by one application.

Namespaces are filled in or cleared by the scope of the kind, a repeated object counts once,
and every object is marked as the application's (the reference, Argo CD sections 1.7 and 5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ruleengine.apimachinery.kinds import KindTable
from ruleengine.environments.annotations import Hook, hook_of, sync_wave
from ruleengine.environments.problems import INVALID_SPEC, REPEATED, Problem
from ruleengine.environments.specification import Specification
from ruleengine.environments.tracking import tracking_id
from ruleengine.model.actions import Target
from ruleengine.model.digests import derive_name
from ruleengine.model.documents import Origin
from ruleengine.model.names import ARGO_TRACKING, ORIGIN
from ruleengine.model.values import Object, lookup
from ruleengine.rendering.results import RenderedObject

_UNTRACKED = "CustomResourceDefinition"
"""Argo CD puts no tracking on these when it renders, so they are never pruned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One object as the application wants it, with what its annotations ask for.

    ``generated`` is the prefix of a hook's name that each sync completes anew.
    """

    target: Target
    object: Object = field(repr=False)
    origin: Origin | None = None
    wave: int = 0
    hook: Hook | None = None
    generated: str = ""


def normalise_targets(
    rendered: Sequence[RenderedObject],
    specification: Specification,
    kinds: KindTable,
    key: str,
) -> tuple[tuple[Desired, ...], tuple[Problem, ...]]:
    """Return the targets of an application in the order of the source, and what is wrong."""
    found: dict[tuple[str, str, str, str], Desired] = {}
    problems: list[Problem] = []
    for one in rendered:
        desired = _normalise(one, specification, kinds, key)
        identity = desired.target
        if not identity.namespace and _namespaced(desired.object, kinds):
            problems.append(_without_namespace(one))
        where = (identity.group, identity.kind, identity.namespace, identity.name)
        if found.pop(where, None) is not None:
            problems.append(_repeated(identity, one))
        found[where] = desired
    return tuple(found.values()), tuple(problems)


def created_kinds(rendered: Iterable[RenderedObject]) -> tuple[Object, ...]:
    """Return the CustomResourceDefinitions among rendered objects: they add kinds.

    Those that say too little to add one are left to the API server to refuse.
    """
    return tuple(
        one.object
        for one in rendered
        if one.object.get("kind") == "CustomResourceDefinition" and _adds_kinds(one.object)
    )


def _adds_kinds(crd: Object) -> bool:
    names = lookup(crd, "spec", "names", default={})
    versions = lookup(crd, "spec", "versions", default=[])
    return (
        isinstance(names, dict)
        and isinstance(names.get("kind"), str)
        and isinstance(versions, list)
        and all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in versions)
    )


def with_metadata(value: Object, **fields: object) -> Object:
    """Return an object with fields of its metadata replaced; ``None`` removes one."""
    metadata = {**(value.get("metadata") or {}), **fields}
    kept = {name: one for name, one in metadata.items() if one is not None}
    return {**value, "metadata": kept}


def with_annotation(value: Object, name: str, text: str) -> Object:
    """Return an object with one annotation more."""
    annotations = lookup(value, "metadata", "annotations", default={})
    return with_metadata(value, annotations={**annotations, name: text})


def _normalise(
    one: RenderedObject, specification: Specification, kinds: KindTable, key: str
) -> Desired:
    """Return one rendered object with its namespace, name and tracking settled."""
    value = one.object
    hook = hook_of(value)
    metadata = value["metadata"]
    namespace = metadata.get("namespace") or specification.destination_namespace
    name, generated = metadata.get("name") or "", ""
    if not name:
        prefix = str(metadata["generateName"])
        name = derive_name(prefix.rstrip("-"), "", [value, specification.name])
        generated = prefix if hook else ""
    value = with_metadata(
        value,
        name=name,
        generateName=None,
        namespace=namespace if namespace and _namespaced(value, kinds) else None,
    )
    target = Target.of(value)
    if target.kind != _UNTRACKED:
        text = tracking_id(key, target, specification.destination_namespace)
        value = with_annotation(value, ARGO_TRACKING, text)
    value = with_annotation(value, ORIGIN, f"{one.path}:{one.line}")
    return Desired(
        target=target,
        object=value,
        origin=Origin(path=one.path, line=one.line),
        wave=sync_wave(value),
        hook=hook,
        generated=generated,
    )


def _namespaced(value: Object, kinds: KindTable) -> bool:
    """Tell whether objects of this kind live in a namespace; unknown kinds are taken to."""
    info = kinds.find(str(value["apiVersion"]), str(value["kind"]))
    return info is None or info.namespaced


def _without_namespace(one: RenderedObject) -> Problem:
    name = lookup(one.object, "metadata", "name", default="")
    return Problem(
        type=INVALID_SPEC,
        code="environment-namespace-missing",
        message=f"{one.object['kind']} {name} of {one.path}:{one.line} has no namespace",
    )


def _repeated(target: Target, one: RenderedObject) -> Problem:
    return Problem(
        type=REPEATED,
        code="environment-object-repeated",
        message=f"{target} is declared more than once, last in {one.path}:{one.line}",
    )
