"""Finding what a person names: workflows that run, and documents that can be run."""

from collections.abc import Iterable, Sequence
from typing import Final

from ruleengine.app.pipelines.places import Place
from ruleengine.model.actions import Target
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW
from ruleengine.model.suggestions import near, some_of
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.submitting import RUNNABLE

LATEST: Final = "@latest"
"""Stands for the workflow that was created last."""

TEMPLATES: Final = ("WorkflowTemplate", "ClusterWorkflowTemplate")
"""The kinds of what workflows are made of, or call; the second is of the whole cluster."""

_SHORT: Final = {
    "wf": "Workflow",
    "wftmpl": "WorkflowTemplate",
    "clusterwftmpl": "ClusterWorkflowTemplate",
    "cwft": "ClusterWorkflowTemplate",
    "cronwf": "CronWorkflow",
    "cwf": "CronWorkflow",
}
"""Short names of kinds, as kubectl and Argo know them."""


def kind_of(word: str, kinds: Sequence[str] = RUNNABLE, what: str = "that can be run") -> str:
    """Return the kind, one of some, that a word means. Raises ``UsageError``."""
    lower = word.lower()
    names = {one.lower(): one for one in kinds} | {f"{one.lower()}s": one for one in kinds}
    names |= {short: one for short, one in _SHORT.items() if one in kinds}
    if lower in names:
        return names[lower]
    meant = near(lower, names)
    raise UsageError(
        f"{word!r} is no kind {what}",
        f"did you mean {names[meant]}?" if meant else f"kinds: {', '.join(kinds)}",
    )


def pods(place: Place, workflow: Object, labels: str) -> set[str]:
    """Return the names of the pods of a workflow that labels select: of those that are there."""
    metadata = workflow["metadata"]
    found = place.client.list(
        "v1",
        "Pod",
        namespace=str(metadata.get("namespace") or ""),
        label_selector=f"{ARGO_WORKFLOW}={metadata['name']},{labels}",
    )
    return {str(one["metadata"]["name"]) for one in found.items}


def workflow(place: Place, name: str) -> Object:
    """Return a workflow by its name; ``@latest`` is the newest one. Raises ``UsageError``.

    Its nodes are where they are read, however it is stored.
    """
    return place.packing.unpack(live(place, "Workflow", name))


def live(place: Place, kind: str, name: str) -> Object:
    """Return a live object of a kind of pipelines. Raises ``UsageError``, with what is near."""
    found = get(place, kind, name) if name != LATEST else None
    if found is not None:
        return found
    namespace = _namespace_of(place, kind)
    listed = objects(place, kind, namespace)
    if name == LATEST and listed:
        return max(listed, key=_age)
    _refuse_unapplied(place, kind, name)
    raise unknown(kind, name, names_of(listed), namespace)


def _refuse_unapplied(place: Place, kind: str, name: str) -> None:
    """Raise ``UsageError`` for what the repo declares and nobody has applied yet."""
    declared = (one for one, _ in place.declared.objects if one.get("kind") == kind)
    if kind != "Workflow" and any(lookup(one, "metadata", "name") == name for one in declared):
        raise UsageError(
            f"the {kind} {name!r} is declared, and not on the cluster yet",
            f"apply it: ruleengine apply; or run it as it is here: ruleengine pipeline run {name}",
        )


def runnable(place: Place, kind: str, name: str) -> Object:
    """Return a live document that a workflow can be made of.

    Raises ``UsageError`` where there is none, ``FailedError`` where nobody could make one of it.
    """
    return well_shaped(live(place, kind, name))


def well_shaped(value: Object) -> Object:
    """Return a live document whose values are of the types of its kind. Raises ``FailedError``.

    Not every cluster makes sure of that, as not every one has the whole schemas of Argo's kinds.
    """
    from ruleengine.validation.schemas import SchemaChecker

    wrong = SchemaChecker().ill_shaped(value)
    if wrong:
        what = f"{value['kind']}/{value['metadata']['name']}"
        raise FailedError(f"{what}, as it is live: {wrong[0].message}", wrong[0].remedy)
    return value


_OF_NODES: Final = ("id", "name", "displayName", "type", "phase")
"""What every node of a workflow states, whoever drives it."""


def blame(value: Object) -> None:
    """Raise ``FailedError`` where somebody may have stumbled over a live document."""
    wrong = _oddity(well_shaped(value).get("status") or {})
    if wrong:
        what = f"{value['kind']}/{value['metadata']['name']}"
        remedy = "correct it, or delete it: it was written past all checks"
        raise FailedError(f"{what}, as it is live: {wrong}", remedy)


def _oddity(status: Object) -> str:
    """Return what of a status is missing, or is no time; empty where nothing is."""
    nodes = {f"status.nodes.{key}": node for key, node in (status.get("nodes") or {}).items()}
    for where, node in nodes.items():
        for name in _OF_NODES:
            if name not in node:
                return f"'{where}' lacks the field {name!r}"
    for where, one in {"status": status, **nodes}.items():
        for name in ("startedAt", "finishedAt"):
            if one.get(name) and not _is_time(str(one[name])):
                return f"'{where}.{name}' is no time: {one[name]!r}"
    return ""


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def get(place: Place, kind: str, name: str) -> Object | None:
    """Return a live object of a kind of pipelines, if there is one; no name is that of none."""
    target = Target(ARGO_API_VERSION, kind, _namespace_of(place, kind), name)
    found = place.client.get(target) if name else None
    place.seen.extend([found] if found else [])
    return found


def _namespace_of(place: Place, kind: str) -> str:
    return "" if kind == "ClusterWorkflowTemplate" else place.namespace


def objects(place: Place, kind: str, namespace: str, label_selector: str = "") -> Sequence[Object]:
    """Return the live objects of a kind; none where the cluster does not know the kind.

    Those of a kind of the whole cluster are in every namespace.
    """
    if place.client.kind(ARGO_API_VERSION, kind) is None:
        return ()
    listed = place.client.list(
        ARGO_API_VERSION, kind, namespace=namespace, label_selector=label_selector
    )
    place.seen.extend(listed.items)
    return listed.items


def unknown(kind: str, name: str, known: Sequence[str], namespace: str) -> UsageError:
    """Return the error that says that nothing has a name, and what is meant perhaps."""
    where = f" in the namespace {namespace}" if namespace else ""
    meant = near(name, known)
    remedy = f"there are: {some_of(sorted(known))}" if known else f"there is none at all{where}"
    elsewhere = "; or name another namespace with -n" if namespace else ""
    return UsageError(
        f"there is no {kind} {name!r}{where}",
        f"did you mean {meant}?" if meant else f"{remedy}{elsewhere}",
    )


def names_of(values: Iterable[Object]) -> list[str]:
    """Return the names of objects."""
    return [str(one["metadata"]["name"]) for one in values]


def _age(value: Object) -> tuple[str, str]:
    metadata = value["metadata"]
    return str(lookup(metadata, "creationTimestamp", default="")), str(metadata["name"])
