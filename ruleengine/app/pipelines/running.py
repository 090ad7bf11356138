"""``pipeline run``: a workflow made of what a person names, created and followed."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ruleengine.app.crds import crd_actions
from ruleengine.app.pipelines import changing, finding
from ruleengine.app.pipelines.places import FOLDER, Place
from ruleengine.model.actions import Action, Plan, Result, Target, Verb
from ruleengine.model.documents import Derived
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.verbs.submitting import (
    RUNNABLE,
    Submission,
    spec_of,
    submitted,
    template_of,
)
from ruleengine.reconcile.executor import perform
from ruleengine.reconcile.planning import Intent, make_plan
from ruleengine.reconcile.records import InventoryStore

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What suffixes of names are made of: no vowels, so that no words come about."""

_TEMPLATES: Final = ("WorkflowTemplate", "ClusterWorkflowTemplate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks to be run: a name or a file of the repo, or ``source`` as it is live.

    ``source`` is ``KIND/NAME``; ``submission`` is what is asked for beside it.
    """

    name: str = ""
    source: str = ""
    submission: Submission = field(default_factory=lambda: Submission(suffix=suffix()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document that can be run. ``origin`` says where it stands; it is absent for live ones."""

    document: Object
    derived: Derived | None = None


def suffix() -> str:
    """Return what makes a generated name unique."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def make(place: Place, asked: Asked) -> Object:
    """Return the workflow to be created; nothing is written yet.

    Raises ``UsageError`` for names, parameters, entrypoints and a namespace that do not fit.
    """
    source = find_source(place, asked)
    submission = replace(asked.submission, namespace=place.namespace)
    made = submitted(source.document, submission, _template(place, spec_of(source.document)))
    own = made["metadata"]["namespace"]
    if place.named and own != place.namespace:
        raise UsageError(
            f"{_named(source.document)} is of the namespace {own}, not of {place.namespace}",
            "leave out -n, or declare it there, too",
        )
    return made


def begin(place: Place, asked: Asked) -> Object:
    """Make and create a workflow, having applied the templates of the repo that it needs.

    Raises as ``make``, and ``FailedError`` where something cannot be written.
    """
    workflow = make(place, asked)
    _bring_templates(place, workflow, asked)
    return changing.create(place, workflow)


def find_source(place: Place, asked: Asked) -> Source:
    """Return the document that a person means: of the repo first, then a live one.

    Raises ``UsageError`` where there is none, or several.
    """
    if asked.source:
        kind, _, name = asked.source.rpartition("/")
        if not kind:
            raise UsageError(f"{asked.source!r} names no kind", "write KIND/NAME after --from")
        return Source(document=finding.live(place, finding.kind_of(kind), name))
    if not asked.name:
        raise UsageError("nothing is named", "name a pipeline, a file, or --from KIND/NAME")
    runnable = [one for one in place.declared.derived if one.object.get("kind") in RUNNABLE]
    found = _of_file(place, runnable, asked.name) or _of_name(place, runnable, asked.name)
    if len(found) > 1:
        names = ", ".join(_named(one.document) for one in found)
        raise UsageError(f"{asked.name!r} means several: {names}", "name one as KIND/NAME")
    if found:
        return found[0]
    raise _nothing(place, runnable, asked.name)


def _of_file(place: Place, runnable: Sequence[Derived], name: str) -> list[Source]:
    """Return the documents of a file, whether the repo declares it or not."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml", ".json") or not path.is_file():
        return []
    relative = place.workspace.relative(path)
    if relative is not None and relative.startswith(f"{FOLDER}/"):
        _check(place, relative)
        found = [
            Source(document=one.object, derived=one)
            for one in runnable
            if one.origin.path == relative
        ]
    else:
        found = [Source(document=one) for one in _read(path)]
    if not found:
        raise UsageError(
            f"{name} holds nothing that can be run",
            f"write one of these kinds into it: {', '.join(RUNNABLE)}; short forms count in "
            f"{FOLDER}/ only",
        )
    workflows = [one for one in found if one.document.get("kind") == "Workflow"]
    return workflows if len(workflows) == 1 else found


def _read(path: Path) -> list[Object]:
    """Return the runnable documents of a file outside the repo. Raises ``UsageError``."""
    from ruleengine.formats import yaml_reader

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "check its owner") from error
    parsed = yaml_reader.read(data, str(path))
    for one in parsed.findings:
        if one.severity is Severity.ERROR:
            raise UsageError(f"{one.place}: {one.message}", one.remedy)
    values = (one.value for one in parsed.documents)
    return [one for one in values if isinstance(one, dict) and one.get("kind") in RUNNABLE]


def _of_name(place: Place, runnable: Sequence[Derived], name: str) -> list[Source]:
    kind, _, rest = name.rpartition("/")
    wanted = finding.kind_of(kind) if kind else ""
    found = [
        one
        for one in runnable
        if rest in _names(one.object) and wanted in ("", one.object.get("kind"))
    ]
    if found:
        for path in sorted({one.origin.path for one in found}):
            _check(place, path)
        return [Source(document=one.object, derived=one) for one in found]
    return [
        Source(document=live)
        for one in (RUNNABLE[1:] if not wanted else (wanted,))
        if (live := finding.get(place, one, rest)) is not None
    ]


def _names(document: Object) -> tuple[str, ...]:
    """Return what a document is called; it may have no name."""
    metadata = document.get("metadata") or {}
    generated = str(metadata.get("generateName") or "").rstrip("-")
    return tuple(filter(None, (str(metadata.get("name") or ""), generated)))


def _name(document: Object) -> str:
    return next(iter(_names(document)), "")


def _named(document: Object) -> str:
    return f"{document['kind']}/{_name(document)}"


def _nothing(place: Place, runnable: Sequence[Derived], name: str) -> UsageError:
    declared = [_name(one.object) for one in runnable]
    for kind in RUNNABLE[1:]:
        namespace = "" if kind == "ClusterWorkflowTemplate" else place.namespace
        declared += finding.names_of(finding.objects(place, kind, namespace))
    return finding.unknown("pipeline", name, sorted(set(declared)), "")


def _check(place: Place, path: str) -> None:
    """Raise ``FailedError`` where a file, or what it is read with, has errors."""
    wrong = [one for one in findings_of(place, path) if one.severity is Severity.ERROR]
    if wrong:
        first = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise FailedError(
            f"{first.place}: {first.message}{more}",
            f"{first.remedy}; see all: ruleengine pipeline lint {path}",
        )


def findings_of(place: Place, path: str) -> tuple[Finding, ...]:
    """Return what is wrong with one file of the repo."""
    from ruleengine.app.checking import check_files

    return check_files(place.workspace.root, (Path(path),))


def _template(place: Place, spec: Object) -> Object | None:
    """Return the template that a spec is made of, of the repo or as it is live."""
    named = template_of(spec)
    if named is None:
        return None
    kind, name = named
    for one in place.declared.derived:
        if one.object.get("kind") == kind and name in _names(one.object):
            return one.object
    return finding.live(place, kind, name)


def _bring_templates(place: Place, workflow: Object, asked: Asked) -> None:
    """Apply what of the repo's templates a workflow is made of, and the kinds of Argo.

    A source that was named as it is live is taken so.
    """
    needed = () if asked.source else tuple(_needed(place, workflow))
    names = {(one.object["kind"], one.object["metadata"]["name"]) for one in needed}
    actions = [
        one
        for one in place.declared.actions
        if (one.target.kind, one.target.name) in names and one.verb is Verb.APPLY
    ]
    if not place.hands_over and place.client.kind(ARGO_API_VERSION, "Workflow") is None:
        actions = [*crd_actions(), *actions]
    if not _has_namespace(place, workflow):
        actions.append(_namespace(workflow))
    if actions:
        _apply(place, actions)


def _has_namespace(place: Place, workflow: Object) -> bool:
    name = str(workflow["metadata"]["namespace"])
    return place.client.get(Target("v1", "Namespace", "", name)) is not None


def _namespace(workflow: Object) -> Action:
    from ruleengine.model.names import MANAGER

    name = str(workflow["metadata"]["namespace"])
    value: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return Action(verb=Verb.APPLY, target=Target.of(value), manager=MANAGER, object=value)


def _apply(place: Place, actions: Sequence[Action]) -> None:
    declared = place.declared
    store = InventoryStore(place.client, declared.repo, place.configuration.control_namespace)
    surroundings = place.bare
    intent = Intent(
        inventory=store.read(),
        configuration=place.configuration,
        revision=declared.tree.revision,
        pruning=False,
    )
    plan: Plan = make_plan(actions, surroundings, intent, changing.now())
    if not plan.changes:
        return
    for one in perform(plan, place.client, store):
        if one.result in (Result.FAILED, Result.REFUSED, Result.CONFLICT, Result.SKIPPED):
            raise FailedError(
                f"{one.planned.action.target}: {one.message}",
                "see what an apply would do: ruleengine plan",
            )


def _needed(place: Place, workflow: Object) -> Iterator[Derived]:
    """Yield the templates of the repo that a workflow is made of or calls, each once."""
    known = {
        (one.object["kind"], str(lookup(one.object, "metadata", "name"))): one
        for one in place.declared.derived
        if one.object.get("kind") in _TEMPLATES
    }
    waiting, seen = [workflow["spec"]], set()
    while waiting:
        for kind, name in _references(waiting.pop()):
            found = known.get((kind, name))
            if found is not None and (kind, name) not in seen:
                seen.add((kind, name))
                waiting.append(found.object.get("spec") or {})
                yield found


def _references(value: Value) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each template of another document that a spec refers to."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("templateRef", "workflowTemplateRef") and isinstance(inner, dict):
                cluster = bool(inner.get("clusterScope"))
                yield _TEMPLATES[cluster], str(inner.get("name"))
            else:
                yield from _references(inner)
