"""``why``: the chain from a live object back to the commit that asked for it.

Live object ← owner ← action ← rule ← document ← commit. Every link names a place where
there is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.planning import Engagement, engaged, plan_now
from ruleengine.app.refusing import refuse_errors
from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, PlannedAction, Target, Verb
from ruleengine.model.documents import CONFIGURATION_FILE, Origin
from ruleengine.model.errors import UsageError
from ruleengine.model.names import ARGO_API_VERSION, ARGO_TRACKING, MANAGER
from ruleengine.model.suggestions import near
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.stamping import origin_of
from ruleengine.repository.git import Git

_NAMED = (Verb.APPLY, Verb.CREATE, Verb.REPLACE)
_MOST_OWNERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the chain: what it is, its name, and where it stands."""

    what: str
    name: str
    place: str = ""


def explain(
    directory: Path, choice: ClusterChoice, name: str, namespace: str, now: datetime
) -> tuple[Link, ...]:
    """Return the chain behind ``KIND/NAME``, the live object first.

    Raises ``UsageError`` where neither the cluster nor the repo knows the object, and where
    ``ruleengine.yaml`` has errors: it says which cluster is meant.
    """
    kind, _, wanted = name.partition("/")
    with engaged(directory, choice) as engagement:
        wrong = engagement.declared.findings
        refuse_errors(one for one in wrong if one.place.path == CONFIGURATION_FILE)
        planned = plan_now(engagement, now).actions
        client = engagement.surroundings.client
        target = _find(client, planned, kind, wanted, namespace)
        return tuple(_chain(engagement, planned, target))


def _find(
    client: Client, planned: tuple[PlannedAction, ...], kind: str, name: str, namespace: str
) -> Target:
    kinds = {
        (one.api_version, one.kind) for one in client.discover().resources() if one.is_called(kind)
    }
    names = []
    for one in planned:
        target = one.action.target
        known = (target.api_version, target.kind) in kinds or target.kind.lower() == kind.lower()
        if known and namespace in ("", target.namespace):
            if target.name == name:
                return target
            names.append(target.name)
    for api_version, found in sorted(kinds):
        for value in client.list(api_version, found, namespace=namespace).items:
            if lookup(value, "metadata", "name") == name:
                return Target.of(value)
            names.append(str(lookup(value, "metadata", "name")))
    meant = near(name, names)
    raise UsageError(
        f"neither the cluster nor this repo knows {kind}/{name}",
        f"did you mean {kind}/{meant}?"
        if meant
        else "list the objects there are: ruleengine get KIND",
    )


def _chain(
    engagement: Engagement, planned: tuple[PlannedAction, ...], target: Target
) -> Iterator[Link]:
    client = engagement.surroundings.client
    live = client.get(target) if client.kind(target.api_version, target.kind) else None
    yield Link(what="live object" if live else "object, not live yet", name=str(target))
    for _ in range(_MOST_OWNERS):
        owner = _owner(live, target)
        if owner is None or live is None:
            break
        target, live = owner, client.get(owner)
        yield Link(what="owned by", name=str(owner))
    yield from _behind(engagement, planned, target, live)


def _owner(live: Object | None, target: Target) -> Target | None:
    for one in lookup(live, "metadata", "ownerReferences", default=()):
        if one.get("controller"):
            return Target(one["apiVersion"], one["kind"], target.namespace, one["name"])
    return None


def _behind(
    engagement: Engagement, planned: tuple[PlannedAction, ...], target: Target, live: Object | None
) -> Iterator[Link]:
    found = next(
        (one for one in planned if one.action.target == target and one.action.verb in _NAMED), None
    )
    action = found.action if found else _written(target, live)
    if action is None:
        managers = lookup(live, "metadata", "managedFields", default=())
        names = sorted({str(one.get("manager", "")) for one in managers})
        yield Link(what="written by", name=", ".join(names) or "nobody known")
        yield Link(what="not declared in this repo", name="at this revision")
        return
    yield Link(what="action", name=f"{action.verb} by the field manager {action.manager}")
    if action.origin is not None:
        yield from _origin(engagement, action.origin)
    tracking = str(lookup(action.object, "metadata", "annotations", ARGO_TRACKING, default=""))
    if tracking:
        namespace = engagement.declared.configuration.control_namespace
        application = Target(ARGO_API_VERSION, "Application", namespace, _name(tracking))
        yield Link(what="rendered for", name=str(application))
        yield from _behind(engagement, planned, application, None)


def _written(target: Target, live: Object | None) -> Action | None:
    """Return the action that last wrote a live object, as its annotations remember it."""
    origin = origin_of(live or {})
    if origin is None:
        return None
    managers = lookup(live, "metadata", "managedFields", default=())
    ours = [str(one.get("manager")) for one in managers if one.get("operation") == "Apply"]
    return Action(
        verb=Verb.APPLY,
        target=target,
        manager=next((name for name in ours if name.startswith(MANAGER)), MANAGER),
        object=live,
        origin=origin,
    )


def _name(tracking: str) -> str:
    return tracking.partition(":")[0].rpartition("_")[2]


def _origin(engagement: Engagement, origin: Origin) -> Iterator[Link]:
    step: Origin | None = origin
    while step is not None:
        if step.rule:
            yield Link(what="rule", name=step.rule, place=step.rule_place)
        last = step
        step = step.parent
    place = f"{last.path}:{last.line}"
    yield Link(what="document", name=place, place=place)
    yield _commit(engagement, last.path)


def _commit(engagement: Engagement, path: str) -> Link:
    workspace = engagement.workspace
    if workspace.git_root is None:
        return Link(what="commit", name="none: this is no Git repository")
    git = Git(workspace.root)
    said = git.ask("log", "-1", "--format=%h %an, %as: %s", "--", path)
    dirty = git.ask("status", "--porcelain", "--", path)
    note = " (changed since)" if said and dirty else ""
    return Link(what="commit", name=f"{said or 'not committed yet'}{note}")
