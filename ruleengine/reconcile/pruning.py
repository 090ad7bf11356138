"""What is to be pruned: previously owned minus now declared, and the floor under it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ruleengine.model.actions import Action, Change, PlannedAction, Target, Verb
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.names import MANAGER, OWNER
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.inventory import Inventory, is_run, key_of, owner_text, target_of

_MANY: Final = 10
"""From so many objects of a folder on, pruning more than half of them is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """The deletions of one plan, with what is to be said about them."""

    planned: tuple[PlannedAction, ...] = ()
    findings: tuple[Finding, ...] = ()


def prune(
    inventory: Inventory,
    declared: Mapping[Target, str],
    live: Callable[[Target], Object | None],
    *,
    floor: bool = True,
) -> Pruning:
    """Return what to delete because nothing declares it any more.

    ``declared`` is everything declared now, with the folder that declares it. An object is
    deleted only where the inventory and its own owner annotation agree. With ``floor``, a
    folder that was emptied, or of which more than half of ten or more would go, is refused as
    a whole; what the folder declares anew counts as kept. Runs stay: they have happened.
    """
    keys = {key_of(target) for target in declared}
    planned: list[PlannedAction] = []
    findings: list[Finding] = []
    for folder, entries in sorted(inventory.folders.items()):
        known = (target_of(key, entries[key]) for key in sorted(entries) if key not in keys)
        gone = [one for one in known if not is_run(one)]
        kept = sum(where == folder for where in declared.values())
        owner = owner_text(inventory.repo, folder)
        deletions = []
        for one, finding in _deletions(gone, owner, live, folder):
            if one is not None:
                deletions.append(one)
            if finding is not None:
                findings.append(finding)
        refusal = _refusal(folder, len(deletions), kept) if floor else ""
        if refusal and deletions:
            findings.append(_refused(folder, refusal))
            deletions = [_refuse(one, refusal) for one in deletions]
        planned.extend(deletions)
    return Pruning(planned=tuple(planned), findings=tuple(findings))


def _deletions(
    gone: list[Target], owner: str, live: Callable[[Target], Object | None], folder: str
) -> Iterator[tuple[PlannedAction | None, Finding | None]]:
    for target in gone:
        found = live(target)
        if found is None or lookup(found, "metadata", "deletionTimestamp"):
            continue
        says = lookup(found, "metadata", "annotations", OWNER, default="")
        if says != owner:
            yield None, _disowned(target, says, folder)
            continue
        action = Action(
            verb=Verb.DELETE,
            target=target,
            manager=MANAGER,
            uid=str(lookup(found, "metadata", "uid", default="")),
            reason="nothing declares it any more",
        )
        message = f"no file in {folder or 'the root'} declares it any more"
        yield PlannedAction(action=action, change=Change.DELETE, message=message), None


def _refusal(folder: str, gone: int, kept: int) -> str:
    place = f"{folder}/" if folder else "the root of the repo"
    if kept == 0:
        return f"{place} declares nothing any more, where it declared {gone} before"
    if gone + kept >= _MANY and gone * 2 > gone + kept:
        return f"{gone} of the {gone + kept} objects of {place} would be pruned, more than half"
    return ""


def _refuse(one: PlannedAction, refusal: str) -> PlannedAction:
    action = replace(one.action, refusal=refusal)
    return replace(one, action=action, change=Change.REFUSED, message=refusal)


def _refused(folder: str, refusal: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="plan-prune-refused",
        message=f"nothing is pruned: {refusal}",
        remedy="check that the folder is whole; if it is meant, apply with --allow-prune",
        place=Place(folder),
    )


def _disowned(target: Target, says: str, folder: str) -> Finding:
    owner = f"it belongs to {says}" if says else "it has no owner annotation"
    return Finding(
        severity=Severity.INFO,
        code="plan-prune-disowned",
        message=f"{target} is not pruned, although {folder}/ declared it once: {owner}",
        remedy="delete it by hand if it is not needed",
        place=Place(folder),
    )
