"""Comparing two revisions without a cluster: what their objects would become of each other."""

from collections.abc import Iterable, Mapping

from ruleengine.apimachinery.schema import schema_for
from ruleengine.formats.differences import compare, mask_secrets
from ruleengine.model.actions import Action, Change, Plan, PlannedAction, Target, Verb
from ruleengine.model.documents import Origin
from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object
from ruleengine.reconcile.predicting import prepare
from ruleengine.reconcile.sequence import in_order

Declared = tuple[Object, Origin | None]
"""An object that a revision declares, and where."""


def compare_revisions(
    old: Iterable[Declared], new: Iterable[Declared], *, area: str = "rules", revision: str = ""
) -> Plan:
    """Return the plan that leads from what ``old`` declares to what ``new`` declares.

    Both are what the rules made of a revision, or what its applications render to; of two
    declarations of one object the later counts. Values count in their canonical form, so
    that ``1000m`` and ``1`` of a CPU are the same.
    """
    before, after = _by_identity(old), _by_identity(new)
    planned = []
    for key, (target, value, origin) in after.items():
        was = before.get(key)
        planned.append(_declared(target, was[1] if was else None, value, origin, area))
    for key, (target, value, origin) in before.items():
        if key not in after:
            planned.append(_gone(target, value, origin, area))
    return Plan(actions=in_order(planned), revision=revision)


def _by_identity(
    declared: Iterable[Declared],
) -> Mapping[tuple[str, str, str, str], tuple[Target, Object, Origin | None]]:
    found = {}
    for value, origin in declared:
        target = Target.of(value)
        key = (target.group, target.kind, target.namespace, target.name)
        schema = schema_for(target.api_version, target.kind)
        found[key] = (target, prepare(value, schema), origin)
    return found


def _declared(
    target: Target, old: Object | None, new: Object, origin: Origin | None, area: str
) -> PlannedAction:
    action = Action(verb=Verb.APPLY, target=target, manager=MANAGER, object=new, origin=origin)
    base = {name: new[name] for name in ("apiVersion", "kind")} if old is None else old
    differences = mask_secrets(old, new, compare(base, new))
    change = Change.UPDATE if differences else Change.UNCHANGED
    if old is None:
        change = Change.CREATE
    return PlannedAction(action=action, change=change, differences=differences, area=area)


def _gone(target: Target, old: Object, origin: Origin | None, area: str) -> PlannedAction:
    action = Action(verb=Verb.DELETE, target=target, manager=MANAGER, origin=origin)
    differences = mask_secrets(old, None, compare(old, {}))
    message = "nothing declares it any more"
    return PlannedAction(
        action=action, change=Change.DELETE, differences=differences, message=message, area=area
    )
