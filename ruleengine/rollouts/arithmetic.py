"""Replica arithmetic of a canary without traffic routing (reference, Rollouts 4.2).

Weights are met by counts of pods. How far the counts may move in one pass is limited by
``maxSurge`` and ``maxUnavailable``: never more pods than both allow, never fewer available.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 100
"""The weight of all traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many pods one ReplicaSet is to have, and how many are available."""

    spec: int = 0
    available: int = 0

    @property
    def sure(self) -> int:
        """How many pods are available and meant to stay."""
        return min(self.spec, self.available)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many pods there are to be, how many more there may be, and how many may be missing."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """How many pods there may be at most."""
        return self.replicas + self.surge

    @property
    def least(self) -> int:
        """How many pods must be available."""
        return self.replicas - self.unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How many pods the new and the stable ReplicaSet have or should have."""

    new: int
    stable: int


def share(value: int | str | None, total: int, *, round_up: bool) -> int:
    """Return a number as it is, and any text as a percentage of ``total``, as Argo does.

    Raises ``ValueError`` for a text that is no number.
    """
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    try:
        percent = int(value.replace("%", ""))
    except ValueError as error:
        raise ValueError(f"{value!r} is neither a number nor a percentage") from error
    whole, rest = divmod(percent * total, WHOLE)
    return whole + 1 if rest and round_up else whole


def resolve_fenceposts(
    surge: int | str | None, unavailable: int | str | None, total: int
) -> tuple[int, int]:
    """Return surge and unavailable as numbers; at least one of them lets something move."""
    most = share(surge, total, round_up=True)
    missing = share(unavailable, total, round_up=False)
    return (most, missing) if most or missing else (0, 1)


def limits(replicas: int, surge: int | str | None, unavailable: int | str | None) -> Limits:
    """Return the limits of a canary. Raises ``ValueError`` for a text that is no number."""
    most, missing = resolve_fenceposts(surge, unavailable, replicas)
    return Limits(replicas=replicas, surge=most, unavailable=min(missing, replicas))


def approximate(weight: int, bounds: Limits, whole: int = WHOLE) -> Split:
    """Return the counts that come nearest to a weight; a tie goes to the first candidate."""
    total, surge = bounds.replicas, bounds.surge
    if total == 0:
        return Split(new=0, stable=0)
    part = weight / whole
    up, down = math.ceil(total * part), math.floor(total * part)
    zero_is_fine = weight in (0, whole) or (total == 1 and surge == 0)
    options: list[tuple[int, int]] = []
    if up < total or zero_is_fine:
        options.append((up, total))
    if not _is_tied(total * part) and (down or zero_is_fine):
        options.append((down, total))
    if surge > 0:
        options.append((up, total + 1))
        if not _is_tied((total + 1) * part) and (down or zero_is_fine):
            options.append((down, total + 1))
    if not options:
        return Split(new=0, stable=total)
    new, pods = min(options, key=lambda one: abs(one[0] * whole / one[1] - weight))
    return Split(new=new, stable=pods - new)


def _is_tied(exact: float) -> bool:
    return math.modf(exact)[0] == 0.5


def next_split(
    desired: Split, bounds: Limits, new: Count | None, stable: Count | None, others: Sequence[Count]
) -> Split:
    """Return how far the counts may move towards the desired ones now.

    Without a stable ReplicaSet of its own the new one gets everything at once.
    """
    if stable is None:
        return Split(new=bounds.replicas, stable=0)
    has_new, new = new is not None, new or Count()
    grown = _grow(desired, bounds, new, stable, sum(one.spec for one in others))
    if any(one.spec > 0 for one in others):
        return grown
    increasing = not has_new or desired.new >= new.spec
    live = _kept(new, ignore=not increasing) + _kept(stable, ignore=increasing)
    room = live - bounds.least
    if room <= 0:
        return grown
    if increasing:
        drained = max(desired.stable, grown.stable - room)
        drained = drained if grown.stable > desired.stable else grown.stable
        moved = _adjust((grown.new, new), (drained, stable), bounds)
        return Split(new=moved[0], stable=moved[1])
    drained = max(desired.new, grown.new - room) if grown.new > desired.new else grown.new
    moved = _adjust((grown.stable, stable), (drained, new), bounds)
    return Split(new=moved[1], stable=moved[0])


def _grow(desired: Split, bounds: Limits, new: Count, stable: Count, others: int) -> Split:
    """Return the counts after growing as far as the surge allows, stable first."""
    up = bounds.most - (new.spec + stable.spec + others)
    first, second = stable.spec, new.spec
    if first < desired.stable and up > 0:
        first = min(desired.stable, first + up)
        up -= first - stable.spec
    if second < desired.new and up > 0:
        second = min(desired.new, second + up)
    return Split(new=second, stable=first)


def _kept(one: Count, *, ignore: bool) -> int:
    return one.spec if one.spec < one.available or ignore else one.available


def _adjust(
    growing: tuple[int, Count], draining: tuple[int, Count], bounds: Limits
) -> tuple[int, int]:
    """Return both counts so that neither limit is broken by changing them together."""
    grown, drained = growing[0], draining[0]
    over = max(0, grown + drained - bounds.most)
    grown -= over
    sure = min(draining[1].available, drained) + min(growing[1].available, grown)
    extra = max(0, growing[1].available - grown)
    grown += min(extra, max(0, bounds.least - sure))
    drained -= max(0, grown + drained - bounds.most)
    return grown, drained


def drain(others: Sequence[Count], kept: Sequence[Count], bounds: Limits) -> tuple[int, ...]:
    """Return how many pods ReplicaSets that are neither new nor stable keep, newest first.

    What is not available goes at once; the rest as far as enough others are available.
    """
    shrunk = [one.sure for one in others]
    budget = sum(shrunk) + sum(one.sure for one in kept) - bounds.least
    found = []
    for pods in shrunk:
        gone = min(pods, max(budget, 0))
        budget -= gone
        found.append(pods - gone)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """How many of the desired pods must be available for a step to be complete."""

    kind: str
    value: int

    def is_met(self, available: int, desired: int) -> bool:
        """Tell whether enough of the desired pods are available."""
        if self.kind == "Pods":
            return available >= self.value
        slack = 1e-10
        return desired == 0 or available / desired * WHOLE + slack >= self.value


def is_reached(count: Count | None, desired: int, threshold: Threshold | None) -> bool:
    """Tell whether a ReplicaSet has come where a step wants it."""
    if count is None:
        return False
    if threshold is not None:
        return threshold.is_met(count.available, desired)
    return count.spec == desired and count.available == desired
