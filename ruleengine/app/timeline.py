"""The time line of a simulation: what was decided, written and done by people, and when.

Every moment knows whose decision it belongs to, so that one document can be followed to
everything that came of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ruleengine.apimachinery.durations import format_duration
from ruleengine.model.actions import Outcome, Result, Target, Verb
from ruleengine.model.decisions import Decision, Next, Reconciler, Stop, World
from ruleengine.model.names import INVENTORY_TYPE, RECORD_TYPE
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.reasons import reason_of

_BAD: Final = ("Degraded", "Error", "Failed")


class What(StrEnum):
    """What a moment tells of."""

    DECISION = "decision"
    WRITE = "write"
    PERSON = "person"
    POD = "pod"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened ``at`` a time after the begin.

    ``by`` is the object whose decision it came of; a document of the repo has none.
    """

    at: timedelta
    what: What
    text: str
    target: Target | None = None
    by: Target | None = None


@dataclass(slots=True)
class TimeLine:
    """Takes moments down. ``now`` tells the virtual time; nothing is kept while ``silent``.

    ``bad`` are the objects that stand badly by their last decision, and how.
    """

    now: Callable[[], datetime]
    moments: list[Moment] = field(default_factory=list)
    bad: dict[Target, str] = field(default_factory=dict)
    silent: bool = False
    _begin: datetime | None = None
    _deciding: Target | None = None
    _said: dict[Target, str] = field(default_factory=dict)

    @property
    def passed(self) -> timedelta:
        """The time since the begin."""
        return self.now() - (self._begin or self.now())

    def begin(self) -> None:
        """Count the time from now on."""
        self._begin, self.silent = self.now(), False

    def watch(self, reconcilers: Iterable[Reconciler]) -> tuple[Reconciler, ...]:
        """Return the reconcilers, with their decisions taken down."""
        return tuple(_Watched(one, self) for one in reconcilers)

    def person(self, text: str, target: Target | None = None) -> None:
        """Take down what a person does."""
        self._deciding = None
        self._add(What.PERSON, text, target)

    def pod(self, target: Target, text: str) -> None:
        """Take down what becomes of a pod that would have to run."""
        self._deciding = None
        self._add(What.POD, text, target)

    def outcome(self, outcome: Outcome) -> None:
        """Take down what became of a write; what only we need to know is left out."""
        action = outcome.planned.action
        ours = lookup(action.object, "type") in (INVENTORY_TYPE, RECORD_TYPE)
        untold = action.verb in (Verb.STATUS, Verb.EVENT) or outcome.result is Result.UNCHANGED
        if (ours or untold) and outcome.result is not Result.FAILED:
            return
        why = f": {outcome.message}" if outcome.message else ""
        self._add(What.WRITE, f"{outcome.result.value}{why}", action.target)

    def decided(self, target: Target, decision: Decision) -> None:
        """Take down a decision, where it says anything new."""
        self._deciding = target
        words = [_standing(decision.status or {}), *_requests(decision), self._next(decision.next)]
        if _is_bad(decision.status or {}):
            self.bad[target] = words[0]
        elif decision.status is not None:
            self.bad.pop(target, None)
        text = "; ".join(dict.fromkeys(one for one in words if one))
        if text and self._said.get(target) != text:
            self._said[target] = text
            self._add(What.DECISION, text, target)

    def declared(self) -> None:
        """Note that what follows comes of documents, and not of a decision."""
        self._deciding = None

    def _next(self, following: Next) -> str:
        match following.stop:
            case Stop.AT if following.time is not None:
                at = following.time - (self._begin or self.now())
                if following.time <= self.now():
                    return ""
                return f"waits until +{format_duration(at)}"
            case Stop.ON if following.targets:
                more = len(following.targets) - 1
                return f"waits for {following.targets[0]}" + (f" and {more} more" if more else "")
            case Stop.FOR:
                return f"waits: {following.message}"
        return ""

    def _add(self, what: What, text: str, target: Target | None) -> None:
        if not self.silent:
            by = None if target == self._deciding else self._deciding
            at = self.passed
            self.moments.append(Moment(at=at, what=what, text=text, target=target, by=by))


class _Watched:
    """A reconciler whose decisions are taken down."""

    def __init__(self, inner: Reconciler, line: TimeLine) -> None:
        self._inner = inner
        self._line = line
        self.area, self.manager = inner.area, inner.manager
        self.api_version, self.kind = inner.api_version, inner.kind

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Pass the question on, and take down the answer."""
        decision = self._inner.decide(value, world, now, memo)
        self._line.decided(Target.of(value), decision)
        return decision


def family(moments: Iterable[Moment], target: Target) -> frozenset[Target]:
    """Return an object and everything that came of its decisions, and of theirs in turn."""
    ours = {target}
    for one in moments:
        if one.by in ours and one.target is not None:
            ours.add(one.target)
    return frozenset(ours)


def _standing(status: Object) -> str:
    """Return in a few words how an object stands by its status."""
    parts = (
        lookup(status, "sync", "status"),
        lookup(status, "health", "status"),
        lookup(status, "operationState", "phase"),
        lookup(status, "phase"),
    )
    words = ", ".join(str(one) for one in parts if one)
    message = reason_of(status) or lookup(status, "operationState", "message")
    return f"{words}: {message}" if words and message else words or str(message or "")


def _is_bad(status: Object) -> bool:
    """Tell whether a status says that somebody has to look."""
    found = (
        lookup(status, "phase"),
        lookup(status, "health", "status"),
        lookup(status, "operationState", "phase"),
    )
    return any(one in _BAD for one in found)


def _requests(decision: Decision) -> Iterator[str]:
    """Yield the effects that a decision asks for."""
    kinds = dict.fromkeys(one.kind for one in decision.requests if one.effect)
    return (f"asks for {kind}" for kind in kinds)
