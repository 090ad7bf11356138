"""Observing: everything that one decision about an application reads, in one place.

The source is asked for as a request; what it rendered to is normalised and compared with
the live objects that the world shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruleengine.apimachinery.kinds import KindTable
from ruleengine.environments.comparison import Comparison, Merge, compare
from ruleengine.environments.problems import (
    COMPARISON,
    INVALID_SPEC,
    SOURCE,
    UNSUPPORTED_HOOK,
    Problem,
)
from ruleengine.environments.projects import (
    check_project,
    check_targets,
    effective_project,
    permitted,
    project_target,
)
from ruleengine.environments.specification import Specification
from ruleengine.environments.targets import Desired, created_kinds, normalise_targets
from ruleengine.environments.tracking import application_key
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Request, World
from ruleengine.model.values import Object
from ruleengine.rendering.answers import RenderAnswer, read_answer

TRACKED_INDEX = "application"
"""The index of a world whose values are :func:`tracking.application_of` of every object."""

_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all decisions have in common: the kinds, the merge, where applications live.

    ``repository`` is the URL of the config repo, where it has one.
    """

    kinds: KindTable
    merge: Merge
    control_namespace: str
    repository: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen. Without a comparison the sync status is unknown.

    ``missing`` is the request that has no answer yet: nothing can be said before.
    ``project`` is absent where it is not declared.
    """

    comparison: Comparison | None = None
    revision: str = ""
    source_type: str = ""
    pinned: bool = True
    problems: tuple[Problem, ...] = ()
    missing: Request | None = None
    live: Mapping[Target, Object] = field(default_factory=dict, repr=False)

    @property
    def blocked(self) -> bool:
        """Whether a sync must not start."""
        return any(one.blocks for one in self.problems)


def render_request(specification: Specification, source: Object, revision: str) -> Request:
    """Return the request for what a source renders to; no revision means its own target."""
    application = {
        "name": specification.name,
        "namespace": specification.namespace,
        "project": specification.project,
        "destination": specification.destination,
    }
    payload = {"source": source, "revision": revision, "application": application}
    return Request(kind="render", payload=payload)


def tracked_objects(
    specification: Specification, world: World, surroundings: Surroundings
) -> tuple[Object, ...]:
    """Return every live object that says it belongs to the application."""
    key = _key(specification, surroundings)
    return tuple(world.list("", "", index=(TRACKED_INDEX, key)))


def observe(
    specification: Specification,
    world: World,
    surroundings: Surroundings,
    source: Object,
    revision: str,
) -> Observation:
    """Return what an application wants of ``source`` at ``revision``, and what there is."""
    project = effective_project(
        specification, world.get(project_target(specification, surroundings.control_namespace))
    )
    denied = check_project(
        specification, project, surroundings.control_namespace, surroundings.repository
    )
    problems = (*specification.problems, *denied)
    if project is None or any(one.blocks for one in problems):
        return Observation(problems=problems)
    if not source:
        text = "spec.source is missing: nothing says what the application is made of"
        problem = Problem(type=INVALID_SPEC, code="environment-field-invalid", message=text)
        return Observation(problems=(*problems, problem))
    request = render_request(specification, source, revision)
    answer = world.answer(request)
    if answer is None:
        return Observation(problems=problems, missing=request)
    if answer.error:
        failure = _source_failed(answer.error, answer.remedy)
        return Observation(problems=(*problems, failure))
    rendered = read_answer(answer.value)
    problems += tuple(_source_warning(text) for text in rendered.warnings)
    if rendered.errors:
        problems += tuple(_source_failed(text, "nothing is pruned") for text in rendered.errors)
        return Observation(problems=problems, revision=rendered.revision)
    return _compare(specification, world, surroundings, project, rendered, problems)


def _compare(
    specification: Specification,
    world: World,
    surroundings: Surroundings,
    project: Object,
    rendered: RenderAnswer,
    problems: tuple[Problem, ...],
) -> Observation:
    """Return the observation of a source that was rendered whole."""
    kinds = _kinds(rendered, world, surroundings)
    key = _key(specification, surroundings)
    desired, wrong = normalise_targets(rendered.objects, specification, kinds, key)
    live = {Target.of(one): one for one in tracked_objects(specification, world, surroundings)}
    for one in desired:
        found = world.get(one.target)
        if found is not None:
            live[one.target] = found
    comparison = compare(desired, live, specification, key, surroundings.merge)
    seen = permitted(project, comparison.resources)
    comparison = comparison.only(seen)
    scopes = [(one.target, _is_namespaced(one, kinds)) for one in desired]
    problems = (
        *problems,
        *wrong,
        *comparison.problems,
        *check_targets(specification, project, scopes),
        *(_unsupported_hook(one) for one in desired if one.hook and one.hook.deletes),
    )
    return Observation(
        comparison=comparison,
        revision=rendered.revision,
        source_type=rendered.source_type,
        pinned=rendered.pinned,
        problems=problems,
        live=live,
    )


def _kinds(rendered: RenderAnswer, world: World, surroundings: Surroundings) -> KindTable:
    """Return the kinds that exist, with those of rendered and, where needed, live CRDs."""
    kinds = surroundings.kinds
    crds = created_kinds(rendered.objects)
    if crds:
        kinds = kinds.with_custom(crds)
    named = {(one.object["apiVersion"], one.object["kind"]) for one in rendered.objects}
    if all(kinds.find(*one) for one in named):
        return kinds
    return kinds.with_custom(world.list(*_CRD))


def _is_namespaced(one: Desired, kinds: KindTable) -> bool:
    info = kinds.find(one.target.api_version, one.target.kind)
    return info is None or info.namespaced


def _key(specification: Specification, surroundings: Surroundings) -> str:
    return application_key(
        specification.name, specification.namespace, surroundings.control_namespace
    )


def _source_failed(message: str, remedy: str) -> Problem:
    return Problem(
        type=COMPARISON, code="environment-source-failed", message=message, remedy=remedy
    )


def _source_warning(message: str) -> Problem:
    return Problem(type=SOURCE, code="environment-source-doubtful", message=message)


def _unsupported_hook(one: Desired) -> Problem:
    phases = " and ".join(one.hook.deletes if one.hook else ())
    return Problem(
        type=UNSUPPORTED_HOOK,
        code="environment-hook-unsupported",
        message=f"the {phases} hook {one.target} is not run when the application is deleted",
    )
