"""Faults as values: what goes wrong, and at which opportunity.

Every kind of fault belongs to a channel: the writes, reads, watch events, pauses and effects
of a run are counted from 0, and a fault names the number at which it strikes. So a schedule
is plain data that can be made from a seed, printed, made smaller and run again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final


class Channel(StrEnum):
    """What is counted, and may go wrong."""

    WRITE = "write"
    READ = "read"
    EVENT = "event"
    PAUSE = "pause"
    EFFECT = "effect"


class FaultKind(StrEnum):
    """What goes wrong. *Before* and *after* are seen from the effect of a request."""

    CRASH_BEFORE_WRITE = "crash before a write"
    CRASH_AFTER_WRITE = "crash after a write"
    CONFLICT_BEFORE = "409 before a write"
    CONFLICT_AFTER = "409 after a write"
    BUSY_BEFORE = "429 before a write"
    BUSY_AFTER = "429 after a write"
    ERROR_BEFORE = "500 before a write"
    ERROR_AFTER = "500 after a write"
    TIMEOUT_BEFORE = "timeout before a write"
    TIMEOUT_AFTER = "timeout after a write"
    TAKEN_OVER = "another process takes over during a write"
    TAKEN_OVER_LATE = "another process takes over before a write is answered"
    LEASE_LOST = "lease lost"
    READ_BUSY = "429 for a read"
    READ_ERROR = "500 for a read"
    READ_TIMEOUT = "timeout of a read"
    EVENT_LOST = "watch event lost"
    EVENT_DUPLICATED = "watch event duplicated"
    EVENT_REORDERED = "watch event reordered"
    EVENT_LATE = "watch event late"
    WATCH_GONE = "watch ended by 410"
    CLOCK_FORWARD = "clock jumps forward"
    CLOCK_BACK = "clock jumps back"
    CRASH_BEFORE_EFFECT = "crash before an effect"
    CRASH_AFTER_EFFECT = "crash after an effect"
    EFFECT_FAILED_BEFORE = "no answer, effect not performed"
    EFFECT_FAILED_AFTER = "no answer, effect performed"


CHANNELS: Final = {
    **dict.fromkeys(FaultKind, Channel.WRITE),
    **dict.fromkeys([kind for kind in FaultKind if kind.name.startswith("READ")], Channel.READ),
    **dict.fromkeys([kind for kind in FaultKind if kind.name.startswith("EVENT")], Channel.EVENT),
    **dict.fromkeys([kind for kind in FaultKind if "EFFECT" in kind.name], Channel.EFFECT),
    FaultKind.WATCH_GONE: Channel.EVENT,
    FaultKind.CLOCK_FORWARD: Channel.PAUSE,
    FaultKind.CLOCK_BACK: Channel.PAUSE,
}
"""The channel of every kind of fault."""

BURSTS: Final = frozenset(
    kind
    for kind in FaultKind
    if kind.name.endswith(("_BEFORE", "_AFTER")) or kind.name.startswith("READ")
)
"""Kinds whose ``amount`` says at how many opportunities in a row they strike."""

_LATEST: Final = {
    Channel.READ: 30,
    Channel.EVENT: 12,
    Channel.EFFECT: 4,
}
"""Up to which number a schedule places faults of a channel; for others it is asked."""

UNANSWERED: Final = frozenset({FaultKind.EFFECT_FAILED_BEFORE, FaultKind.EFFECT_FAILED_AFTER})
"""Effects without an answer. After five in a row the engine gives up, so a schedule has fewer."""

_LONGEST: Final = {
    FaultKind.CLOCK_FORWARD: 300,
    FaultKind.CLOCK_BACK: 120,
    **dict.fromkeys(UNANSWERED, 4),
}
"""The largest amounts: of clock jumps in seconds, of unanswered effects in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: which, at which opportunity of its channel, and how much of it.

    ``amount`` is a number of opportunities for :data:`BURSTS`, of turns for watch events,
    of seconds for clock jumps. Where a process takes over, 1 lets it end in good order, more
    let it crash at its write number ``4 * amount``. A lease is lost to nobody (an odd amount)
    or to a stranger who never acts.
    """

    kind: FaultKind
    at: int
    amount: int = 1

    def strikes(self, number: int) -> bool:
        """Tell whether the fault strikes at an opportunity."""
        span = self.amount if self.kind in BURSTS else 1
        return self.at <= number < self.at + span


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All faults of one run, and before which write (by number) the user acts."""

    faults: tuple[Fault, ...] = ()
    acts: tuple[int, ...] = ()
    seed: int = 0


def make_schedule(
    seed: int,
    *,
    acts: int = 0,
    kinds: Sequence[FaultKind] = tuple(FaultKind),
    writes: int = 60,
    pauses: int = 6,
    most: int = 12,
) -> Schedule:
    """Return the schedule of a seed: up to ``most`` faults, and when each act happens.

    ``writes`` is about how many writes a run takes, ``pauses`` how many pauses matter; faults are
    placed among them. Most of what
    happens at writes happens near one of them: what goes wrong alone is seldom the problem.
    """
    latest = {**_LATEST, Channel.WRITE: writes, Channel.PAUSE: pauses}
    randomness = Random(seed)
    focus = randomness.randrange(writes)

    def moment(channel: Channel) -> int:
        if channel is Channel.WRITE and randomness.random() < 0.75:
            return max(focus + randomness.randint(-1, 2), 0)
        return randomness.randrange(latest[channel])

    faults: list[Fault] = []
    for _ in range(randomness.randint(1, most)):
        kind = randomness.choice(kinds)
        if kind in UNANSWERED and any(one.kind in UNANSWERED for one in faults):
            continue
        at = moment(CHANNELS[kind])
        amount = randomness.randint(1, _LONGEST.get(kind, 5))
        faults.append(Fault(kind=kind, at=at, amount=amount))
    moments = sorted(moment(Channel.WRITE) for _ in range(acts))
    faults.sort(key=lambda one: (one.kind, one.at))
    return Schedule(faults=tuple(faults), acts=tuple(moments), seed=seed)


@dataclass(slots=True)
class Injector:
    """Counts opportunities, and says which fault strikes at each."""

    schedule: Schedule
    quiet: bool = False
    injected: Counter[FaultKind] = field(default_factory=Counter)
    counts: Counter[Channel] = field(default_factory=Counter)

    def next(self, channel: Channel) -> Fault | None:
        """Return the fault that strikes at the next opportunity of a channel."""
        if self.quiet:
            return None
        number = self.counts[channel]
        self.counts[channel] += 1
        for fault in self.schedule.faults:
            if CHANNELS[fault.kind] is channel and fault.strikes(number):
                self.injected[fault.kind] += 1
                return fault
        return None


def add_up(counted: Iterable[Counter[FaultKind]]) -> dict[FaultKind, int]:
    """Return how often every kind of fault was injected, those that never were included."""
    total: Counter[FaultKind] = sum(counted, Counter())
    return {kind: total[kind] for kind in FaultKind}
