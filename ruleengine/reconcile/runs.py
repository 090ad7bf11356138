"""Runs: documents that happen once, such as a Workflow (design, section 4).

Whatever else is declared shall be there, and is made again where it is gone. A run that was
created and is gone is done: what it did is not done a second time (decision 0020).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ruleengine.model.actions import Action, Outcome, Result, Target, Verb
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.inventory import (
    Entries,
    Inventory,
    begun_entry,
    has_begun,
    is_run,
    key_of,
    union,
)

GONE = "it ran and is gone; it is not run again"
_OVER = "it is over; what it ran stays as it was"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Why nothing is written for a run, and what has to be said about it."""

    message: str
    findings: tuple[Finding, ...] = ()


def find_past(
    action: Action, look_up: Callable[[Target], Object | None], inventory: Inventory
) -> Past | None:
    """Return why a declared run is left alone: it is gone, or over and declared differently.

    ``None`` for one that was never begun, that is on its way, or that has nothing new.
    """
    if not is_run(action.target) or action.object is None:
        return None
    entry = _begun_entry(action.target, inventory)
    if not entry:
        return None
    live = look_up(action.target)
    if live is not None and not lookup(live, "status", "finishedAt"):
        return None
    if entry != begun_entry(action.target, action.object):
        message = GONE if live is None else _OVER
        return Past(message=message, findings=(_changed(action, message),))
    return Past(message=GONE) if live is None else None


def is_past(target: Target, inventory: Inventory) -> bool:
    """Tell whether an object that is not there is a run that was begun once."""
    return is_run(target) and bool(_begun_entry(target, inventory))


class Begun:
    """The runs that are there, or that were written, according to the outcomes of a plan."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._there: dict[str, str] = {}
        self._written: dict[str, str] = {}
        for one in outcomes:
            action = one.planned.action
            if action.verb is not Verb.APPLY or not is_run(action.target):
                continue
            entry = begun_entry(action.target, action.object or {})
            if one.result in (Result.CREATED, Result.UPDATED):
                self._written[key_of(action.target)] = entry
            elif one.result is Result.UNCHANGED:
                self._there[key_of(action.target)] = entry

    def noted(self, entries: Entries) -> Entries:
        """Return entries with the runs among them that have begun; what one ran stays."""
        there, written = (
            {key: entry for key, entry in runs.items() if key in entries}
            for runs in (self._there, self._written)
        )
        return {**union(entries, there), **written}


def _begun_entry(target: Target, inventory: Inventory) -> str:
    """Return what is remembered of a run that was begun, whichever folder declared it."""
    key = key_of(target)
    entries = (folder.get(key, "") for folder in inventory.folders.values())
    return next((entry for entry in entries if has_begun(entry)), "")


def _changed(action: Action, message: str) -> Finding:
    origin = action.origin
    return Finding(
        severity=Severity.WARNING,
        code="plan-run-changed",
        message=f"{action.target} is declared differently from what was run: {message}",
        remedy="use generateName, give it another name, or resubmit it: "
        "ruleengine pipeline resubmit",
        place=Place(origin.path, origin.line) if origin else Place(""),
    )
