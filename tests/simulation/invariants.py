"""Invariants: what must hold after every write, at every effect and at the end.

An invariant is made anew for every run and may remember what it saw. It raises
:class:`ViolationError`, which passes through everything that tolerates failing reconcilers.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.store import Event, EventType
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Request
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object


class ViolationError(BaseException):
    """An invariant does not hold; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request of a process that was meant to write, after it was performed.

    ``events`` are what it changed in the store, ``told`` whether the process was told of
    its success.
    """

    process: int
    request: HttpRequest
    status: int
    events: tuple[Event, ...] = field(repr=False)
    told: bool
    plane: ControlPlane = field(repr=False)


class Invariant:
    """The base of all invariants: none of the hooks demands anything."""

    def written(self, write: Write) -> None:
        """Look at a write of a process."""

    def effect(self, request: Request, plane: ControlPlane) -> None:
        """Look at an effect that is about to be performed."""

    def finished(self, plane: ControlPlane) -> None:
        """Look at the end of the run."""


class NoWriteIsRepeated(Invariant):
    """A process never repeats a write whose success it was told, unless something changed."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, str, str, bytes], int] = {}

    def written(self, write: Write) -> None:
        """Raise for the same request twice with nothing changed in between."""
        request = write.request
        key = (write.process, request.method, request.path, request.body)
        if not write.events and self._told.get(key) == write.plane.store.revision:
            raise ViolationError(f"{request.method} {request.path} was sent twice for nothing")
        if write.told and write.status < 300:
            self._told[key] = write.plane.store.revision


class WritesAreBounded(Invariant):
    """No run writes more than so many times, whatever goes wrong."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0

    def written(self, write: Write) -> None:
        """Raise for one write too many."""
        self._count += 1
        if self._count > self._most:
            raise ViolationError(f"{self._most} writes were not enough: {write.request.path}")


class OthersAreLeftAlone(Invariant):
    """Only objects that ``owns`` accepts are changed by the processes."""

    def __init__(self, owns: Callable[[Object], bool]) -> None:
        self._owns = owns

    def written(self, write: Write) -> None:
        """Raise where an object of somebody else was changed."""
        for event in write.events:
            if not self._owns(event.object):
                verb = event.type.value.lower()
                raise ViolationError(f"{Target.of(event.object)} of somebody else was {verb}")


class EffectsHappen(Invariant):
    """Every effect of a kind is performed at least once, and always with the same key.

    ``subject`` names whose effect a request is; ``wanted`` says which subjects must have
    one at the end.
    """

    def __init__(
        self, subject: Callable[[Request], str], wanted: Callable[[ControlPlane], set[str]]
    ) -> None:
        self._subject = subject
        self._wanted = wanted
        self.performed: dict[str, Counter[str]] = {}

    def effect(self, request: Request, plane: ControlPlane) -> None:
        """Raise where one subject's effect has a second key."""
        del plane
        keys = self.performed.setdefault(self._subject(request), Counter())
        keys[request.key] += 1
        if len(keys) > 1:
            raise ViolationError(f"{self._subject(request)}: its effect has {len(keys)} keys")

    def finished(self, plane: ControlPlane) -> None:
        """Raise where an effect never happened."""
        lacking = self._wanted(plane) - self.performed.keys()
        if lacking:
            raise ViolationError(f"never performed: the effect of {', '.join(sorted(lacking))}")


def created(write: Write, kind: str) -> list[Object]:
    """Return the objects of a kind that a write created."""
    return [
        event.object
        for event in write.events
        if event.type is EventType.ADDED and event.object.get("kind") == kind
    ]
