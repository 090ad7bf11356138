"""Observations from a control plane in this process whose time passes only when we wait.

Waiting moves the clock from one thing that happens to the next, so that an hour in which
nothing happens costs nothing.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from ruleengine.cluster.client import Client
from ruleengine.cluster.watches import Changed
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.store import Event, EventType
from ruleengine.model.actions import Target
from ruleengine.model.values import Object, version_of
from ruleengine.reconcile.indexes import Kind
from ruleengine.reconcile.sources import ClientSource

_MOMENT: Final = timedelta(milliseconds=1)


class Onlooker:
    """Somebody who sees what happens on the control plane, and may do something later."""

    def see(self, event: Event) -> None:
        """Look at one thing that happened, at the moment when it did."""

    def next_time(self) -> datetime | None:
        """Return when there is something to do, ``None`` for never."""
        return None

    def act(self, now: datetime) -> None:
        """Do what is due."""


class VirtualFeed:
    """A :class:`~ruleengine.reconcile.feeds.Feed`; the clock moves in :meth:`changes`.

    ``clock`` is that of the control plane. ``onlookers`` act at their times, too.
    """

    def __init__(
        self,
        plane: ControlPlane,
        clock: VirtualClock,
        client: Client,
        onlookers: Sequence[Onlooker] = (),
    ) -> None:
        self._plane = plane
        self._clock = clock
        self._source = ClientSource(client)
        self._onlookers = onlookers
        self._kinds: set[Kind] = set()
        self._stop: tuple[datetime, threading.Event] | None = None
        self._seen = plane.store.revision

    def get(self, target: Target) -> Object | None:
        """Return one object; its kind is followed from now on."""
        self._kinds.add((target.api_version, target.kind))
        return self._source.get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind."""
        if follow:
            self._kinds.add((api_version, kind))
        return self._source.list(api_version, kind, follow=follow)

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds that an index over all kinds looks at."""
        return self._source.kinds()

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind was read."""
        return (api_version, kind) in self._kinds

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return what happens next, within so many seconds."""
        return self.wait(self._clock.now() + timedelta(seconds=timeout))

    def stop_at(self, moment: datetime, stop: threading.Event) -> None:
        """Let no time pass beyond a moment, and set ``stop`` when it has come."""
        self._stop = (moment, stop)

    def wait(self, end: datetime) -> Sequence[Changed]:
        """Let time pass until something happens to a kind in use, or up to a moment."""
        if self._stop is not None:
            end = min(end, self._stop[0])
        while True:
            for one in self._onlookers:
                one.act(self._clock.now())
            self._plane.settle()
            changed = self._take()
            if self._stop is not None and self._clock.now() >= self._stop[0]:
                self._stop[1].set()
            if changed or self._clock.now() >= end:
                return changed
            self._move(end)  # nothing happens before

    def _move(self, end: datetime) -> None:
        """Move to the next moment at which the control plane has something to do."""
        soon = self._clock.now() + _MOMENT
        times = (self._plane.next_time(), *(one.next_time() for one in self._onlookers))
        self._clock.move_to(min((end, *(max(one, soon) for one in times if one is not None))))

    def _take(self) -> Sequence[Changed]:
        events = self._plane.store.events(self._seen)
        self._seen = self._plane.store.revision
        for event in events:
            for one in self._onlookers:
                one.see(event)
        changed = (_changed(event) for event in events)
        return [one for one in changed if self.follows(one.target.api_version, one.target.kind)]


def _changed(event: Event) -> Changed:
    gone = event.type is EventType.DELETED
    return Changed(
        target=Target.of(event.object),
        object=None if gone else event.object,
        version=version_of(event.object),
    )
