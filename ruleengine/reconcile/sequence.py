"""In which order actions are performed: what others need first, deletions last, in reverse."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from ruleengine.apimachinery.ordering import rank
from ruleengine.model.actions import Action, PlannedAction, Verb

Step = tuple[int, int, int]
"""Deletion or not, rank of the kind, wave; actions of one step are independent."""


def step_of(action: Action) -> Step:
    """Return when an action is due: small steps come first."""
    place = rank(action.target.group, action.target.kind)
    if action.verb is Verb.DELETE:
        return (1, -place, -action.wave)
    return (0, place, action.wave)


def in_order(planned: Iterable[PlannedAction]) -> tuple[PlannedAction, ...]:
    """Return planned actions in the order of their steps, then by identity."""
    return tuple(sorted(planned, key=lambda one: (step_of(one.action), one.action.target)))


def groups(planned: Iterable[PlannedAction]) -> Sequence[tuple[PlannedAction, ...]]:
    """Return planned actions in groups of one step, in order."""
    ordered = in_order(planned)
    return [tuple(group) for _, group in groupby(ordered, lambda one: step_of(one.action))]
