"""Planning: from the actions of the rules to the plan that is shown and performed.

Reads only. What a write would change is computed
(:mod:`ruleengine.reconcile.predicting`), what reconcilers would do is foreseen
(:mod:`ruleengine.reconcile.foreseeing`), and what nothing declares any more is pruned
(:mod:`ruleengine.reconcile.pruning`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ruleengine.model.actions import Action, Change, Plan, PlannedAction, Target, Verb
from ruleengine.model.configuration import Configuration
from ruleengine.model.findings import Finding, Place, Severity, order_findings
from ruleengine.model.names import ARGO_API_VERSION, MANAGER, OWNER
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.foreseeing import Forecast, in_form
from ruleengine.reconcile.inventory import Inventory, is_tracked
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.pruning import prune
from ruleengine.reconcile.runs import find_past
from ruleengine.reconcile.sequence import in_order
from ruleengine.reconcile.sources import ClientSource
from ruleengine.reconcile.stamping import folder_of, stamped
from ruleengine.reconcile.surroundings import Surroundings

RULES = "rules"
"""The area of the actions that the repo itself asks for."""

_MANY = 8
"""From more than so many objects of a kind on, the kind is listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is to be planned, beside the actions themselves.

    ``inventory`` is what the repo owned so far; without ``pruning`` nothing is deleted
    (a plan of some files only); without ``floor`` any number of objects may go.
    """

    inventory: Inventory
    configuration: Configuration
    revision: str = ""
    pruning: bool = True
    floor: bool = True


def make_plan(
    actions: Sequence[Action], surroundings: Surroundings, intent: Intent, now: datetime
) -> Plan:
    """Return the plan for what the rules ask for. Reads from the cluster, writes nothing.

    Raises ``ApiError`` and ``UnreachableError`` where the cluster cannot be read.
    """
    observations = Observations(ClientSource(surroundings.client))
    forecast = Forecast(surroundings, observations, now)
    _read_ahead(actions, observations)
    _expect_definitions(actions, surroundings, observations)
    declared = [_prepared(one, surroundings, intent) for one in actions]
    ordered = in_order(
        PlannedAction(action=one, change=Change.UNCHANGED)
        for one in [*_needed_namespaces(declared, observations, intent), *declared]
    )
    for one in ordered:
        _add(forecast, one.action, intent.inventory)
    pruned: Sequence[PlannedAction] = ()
    if intent.pruning:
        targets = {one.target: folder_of(one.origin) for one in declared if is_tracked(one.target)}
        result = prune(intent.inventory, targets, observations.get, floor=intent.floor)
        forecast.findings.extend(result.findings)
        pruned = result.planned
        for one in pruned:
            if one.change is Change.DELETE:
                forecast.add(one.action, RULES)
    forecast.run()
    return _gather(forecast, pruned, intent)


def _read_ahead(actions: Iterable[Action], observations: Observations) -> None:
    """Read kinds with many objects as a whole, in place of one request per object."""
    counts = Counter((one.target.api_version, one.target.kind) for one in actions)
    for (api_version, kind), count in counts.items():
        if count > _MANY:
            observations.list(api_version, kind)


def _expect_definitions(
    actions: Iterable[Action], surroundings: Surroundings, observations: Observations
) -> None:
    """Have kinds defined as they will be: as the plan does, but for what others installed."""
    for one in actions:
        if _is_crd(one.target) and one.object is not None:
            live = observations.get(one.target)
            surroundings.shapes.expect(live if live and _is_of_others(live) else one.object)


def _prepared(action: Action, surroundings: Surroundings, intent: Intent) -> Action:
    """Return an action of the rules as it is performed: stamped and in canonical form."""
    value = stamped(action, intent.inventory.repo, intent.configuration.engine)
    return in_form(replace(action, object=value), surroundings)


def _add(forecast: Forecast, action: Action, inventory: Inventory) -> None:
    if _is_crd(action.target) and _is_of_others(forecast.observations.get(action.target)):
        _keep(forecast, action, "kept: somebody else installed it")
        return
    past = find_past(action, forecast.observations.get, inventory)
    if past is not None:
        forecast.findings.extend(past.findings)
        _keep(forecast, action, past.message)
        return
    planned = forecast.add(action, RULES)
    if planned.change is Change.WAITING:
        forecast.findings.append(_unknown_kind(action))


def _keep(forecast: Forecast, action: Action, message: str) -> None:
    """Plan that an object stays as it is, or away, whatever is declared."""
    planned = PlannedAction(action=action, change=Change.UNCHANGED, message=message)
    forecast.planned[(action.verb, action.target, RULES)] = planned


def _needed_namespaces(
    actions: Sequence[Action], observations: Observations, intent: Intent
) -> Iterator[Action]:
    """Yield an action for every namespace that is used, missing and not declared itself.

    The control namespace is among them: the inventory is kept there.
    """
    declared = {one.target.name for one in actions if one.target.kind == "Namespace"}
    needed: dict[str, Action] = {}
    if actions:
        needed[intent.configuration.control_namespace] = actions[0]
    for one in actions:
        if one.target.namespace and one.verb is not Verb.DELETE and not one.target.cluster:
            needed.setdefault(one.target.namespace, one)
    for name, one in sorted(needed.items()):
        target = Target("v1", "Namespace", "", name)
        if name in declared or observations.get(target) is not None:
            continue
        value: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        yield Action(
            verb=Verb.APPLY,
            target=target,
            manager=MANAGER,
            object=value,
            origin=one.origin,
            reason=f"needed by {one.target}" if one.target.namespace == name else "for our records",
        )


def _gather(forecast: Forecast, pruned: Sequence[PlannedAction], intent: Intent) -> Plan:
    planned = list(forecast.planned.values())
    refused = [one for one in pruned if one.change is Change.REFUSED]
    own = in_order([one for one in planned if one.area == RULES] + refused)
    # What a reconciler finds as it wants it, it does not write: ``apply`` does not list it either.
    others = (one for one in planned if one.area != RULES and one.change is not Change.UNCHANGED)
    return Plan(
        actions=(*own, *others),
        findings=order_findings(forecast.findings),
        then=tuple(forecast.then),
        recorded=tuple(_recorded(own, forecast.surroundings)),
        revision=intent.revision,
    )


def _recorded(planned: Iterable[PlannedAction], surroundings: Surroundings) -> Iterator[Target]:
    """Yield Argo's documents that no reconciler of ours acts on."""
    for one in planned:
        target = one.action.target
        kept = one.action.verb is not Verb.DELETE and is_recorded(target)
        if kept and surroundings.reconciler_of(target) is None:
            yield target


_PASSIVE = frozenset({"AppProject", "ClusterWorkflowTemplate", "WorkflowTemplate"})
"""Kinds that are only read by others."""


def is_recorded(target: Target) -> bool:
    """Tell whether an object is one of Argo's that only a reconciler of its kind acts on."""
    return target.api_version == ARGO_API_VERSION and target.kind not in _PASSIVE


def _is_crd(target: Target) -> bool:
    return target.kind == "CustomResourceDefinition" and target.group == "apiextensions.k8s.io"


def _is_of_others(live: Object | None) -> bool:
    return live is not None and not lookup(live, "metadata", "annotations", OWNER)


def _unknown_kind(action: Action) -> Finding:
    origin = action.origin
    return Finding(
        severity=Severity.INFO,
        code="plan-kind-unknown",
        message=f"{action.target}: the server knows no kind {action.target.kind} "
        f"of {action.target.api_version}; the object waits",
        remedy="install what brings the kind, or correct apiVersion and kind",
        place=Place(origin.path, origin.line) if origin else Place(""),
    )
