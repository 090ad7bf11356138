"""Bringing what a workflow needs to where it runs.

Kinds, its namespace, templates of the repo, and the ConfigMaps, Secrets and claims that these name.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from ruleengine.app.pipelines import changing
from ruleengine.app.pipelines.finding import TEMPLATES
from ruleengine.app.pipelines.places import Place
from ruleengine.model.actions import Action, Result, Target, Verb
from ruleengine.model.errors import FailedError
from ruleengine.model.names import ARGO_API_VERSION, MANAGER
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.admitting import read_settings
from ruleengine.pipelines.locations import location_of
from ruleengine.pipelines.repositories import USUAL_NAME
from ruleengine.reconcile.commands import is_in_place

_NAMED: Final = {
    **dict.fromkeys(("configMap", "configMapKeyRef", "configMapRef"), "ConfigMap"),
    **dict.fromkeys(("secret", "secretKeyRef", "secretRef", "imagePullSecrets"), "Secret"),
    "persistentVolumeClaim": "PersistentVolumeClaim",
}
"""Fields that name an object of the namespace, and its kind; so do those that end on `Secret`."""

_NAMES: Final = ("name", "secretName", "claimName")


def bring_templates(place: Place, workflow: Object, *, of_repo: bool) -> None:
    """Apply what a workflow needs and is not there yet: kinds, its namespace, its templates.

    Templates, and what they name, are brought where the workflow is made of what the repo
    declares: ``of_repo``.
    Raises ``FailedError`` where something cannot be written.
    """
    needed = tuple(_needed(place, workflow)) if of_repo else ()
    targets = {Target.of(one) for one in needed}
    actions = [
        one for one in place.declared.actions if one.verb is Verb.APPLY and one.target in targets
    ]
    if not place.hands_over and place.client.kind(ARGO_API_VERSION, "Workflow") is None:
        from ruleengine.app.crds import crd_actions

        actions = [*crd_actions(), *actions]
    elif all(_is_in_place(place, one) for one in actions):
        actions = []
    namespace = str(workflow["metadata"]["namespace"])
    if actions or not _has_namespace(place, namespace, needed):
        _apply(place, [*actions, _namespace(namespace)])


def _is_in_place(place: Place, action: Action) -> bool:
    from ruleengine.reconcile.stamping import stamped

    value = stamped(action, place.repo, place.configuration.engine)
    return is_in_place(replace(action, object=value), place.bare, changing.now())


def _has_namespace(place: Place, name: str, found: Iterable[Object]) -> bool:
    """Tell whether a namespace is there; objects that were ``found`` in it say so."""
    if any(lookup(one, "metadata", "namespace") == name for one in found):
        return True
    return place.client.get(Target("v1", "Namespace", "", name)) is not None


def _namespace(name: str) -> Action:
    value: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return Action(verb=Verb.APPLY, target=Target.of(value), manager=MANAGER, object=value)


def _apply(place: Place, actions: Sequence[Action]) -> None:
    from ruleengine.reconcile.executor import perform
    from ruleengine.reconcile.planning import Intent, make_plan
    from ruleengine.reconcile.records import InventoryStore

    store = InventoryStore(place.client, place.repo, place.configuration.control_namespace)
    intent = Intent(
        inventory=store.read(),
        configuration=place.configuration,
        revision=place.declared.revision,
        pruning=False,
    )
    plan = make_plan(actions, place.bare, intent, changing.now())
    for one in perform(plan, place.client, store):
        if one.result in (Result.FAILED, Result.REFUSED, Result.CONFLICT, Result.SKIPPED):
            raise FailedError(
                f"{one.planned.action.target}: {one.message}",
                "see what an apply would do: ruleengine plan",
            )


def _needed(place: Place, workflow: Object) -> Iterator[Object]:
    """Yield what a workflow is made of, calls or names, as the repo declares it, each once."""
    known = {
        (str(one.get("kind")), str(lookup(one, "metadata", "name"))): one
        for one, _ in place.declared.objects
        if one.get("kind") in TEMPLATES or _is_beside(one, workflow)
    }
    waiting, seen = [workflow["spec"]], set()
    while waiting:
        for kind, name in _references(waiting.pop()):
            found = known.get((kind, name))
            if found is not None and (kind, name) not in seen:
                seen.add((kind, name))
                waiting += _inside(found)
                yield found


def _inside(value: Object) -> Iterator[Object]:
    """Yield what of an object may name others: its spec, or the repositories that it states."""
    yield value.get("spec") or {}
    data = value.get("data")
    if value["kind"] == "ConfigMap" and isinstance(data, dict):
        yield from (location_of(read_settings(text)) for text in data.values())


def _is_beside(value: Object, workflow: Object) -> bool:
    return Target.of(value).namespace == Target.of(workflow).namespace


def _references(value: Value) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each other object that a spec refers to."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("templateRef", "workflowTemplateRef") and isinstance(inner, dict):
                cluster = bool(inner.get("clusterScope"))
                yield TEMPLATES[cluster], str(inner.get("name"))
                continue
            if key == "artifactRepositoryRef" and isinstance(inner, dict):
                yield "ConfigMap", str(inner.get("configMap") or USUAL_NAME)
            kind = _NAMED.get(key) or ("Secret" if key.endswith("Secret") else "")
            for one in inner if isinstance(inner, list) else (inner,):
                if kind and isinstance(one, dict):
                    yield from ((kind, str(one[name])) for name in _NAMES if name in one)
            yield from _references(inner)
