"""Following workflows to their end, driven from here where nobody else does.

Whoever drives holds the lease of the area; where that is another process, this one only
watches, and takes over when the other is gone. What a decision reads in any case is listed
while the modules that decide are imported.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ruleengine.app.pipelines.places import Place
from ruleengine.cluster.watches import Changed, Later, WatchCache, in_thread
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.outlook import is_over, succeeded, waits_for_people
from ruleengine.reconcile.feeds import WatchFeed

if TYPE_CHECKING:
    from ruleengine.pipelines.archiving import ArchivePolicy

_ARCHIVING: Final = timedelta(seconds=5)
"""For how long it is waited for that a workflow that is over gets into the archive."""

_AHEAD: Final = (
    (ARGO_API_VERSION, "Workflow"),
    (ARGO_API_VERSION, "WorkflowTemplate"),
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "Pod"),
    (ARGO_API_VERSION, "WorkflowTaskResult"),
)
"""The kinds that a decision about a workflow reads in any case."""

_LONGEST_WAIT: Final = 0.25
"""Seconds after which a picture of what goes on is drawn anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How workflows are followed.

    ``show`` gets them all whenever one of them changed, and now and then. With ``patient``
    it is waited for people, too; ``timeout`` bounds the waiting. ``cancel`` ends it.
    """

    show: Callable[[Sequence[Object]], None] = field(default=lambda _: None, repr=False)
    patient: bool = False
    timeout: timedelta | None = None
    cancel: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How it ended: the workflows as they were last, by target; ``None`` went before its end.

    ``driver`` tells who drives on in our place, where somebody does and something is left to drive.
    """

    workflows: Mapping[Target, Object | None]
    cancelled: bool = False
    timed_out: bool = False
    driver: str = ""

    @property
    def gone(self) -> tuple[Target, ...]:
        """The workflows that were deleted before their end."""
        return tuple(target for target, value in self.workflows.items() if value is None)

    @property
    def failed(self) -> bool:
        """Whether one of them failed or was deleted before its end."""
        return any(
            one is None or (is_over(one) and not succeeded(one)) for one in self.workflows.values()
        )

    @property
    def waiting(self) -> tuple[tuple[Target, str], ...]:
        """The workflows that wait for people, and what for."""
        found = ((key, waits_for_people(one)) for key, one in self.workflows.items() if one)
        return tuple((key, why) for key, why in found if why)


def follow(place: Place, targets: Sequence[Target], following: Following) -> Followed:
    """Follow workflows until all of them are over, gone, or wait for people.

    Raises ``UnreachableError`` where no server answers.
    """
    with _watching(place, targets, following) as watching:
        driver = _drive(place, watching, following) if place.drives else _look(watching)
    return Followed(
        workflows=dict(watching.workflows),
        cancelled=following.cancel.is_set(),
        timed_out=watching.timed_out,
        driver=driver,
    )


class _Watching:
    """A feed that keeps an eye on some workflows, and says when all have come to rest.

    ``begin`` lets the watches begin, which the first decision does not wait for; ``check`` raises
    ``UnreachableError`` once they have got no answer for a while: somebody looks on, and waits.
    """

    def __init__(
        self,
        feed: WatchFeed,
        targets: Sequence[Target],
        following: Following,
        place: Place,
        *,
        begin: Callable[[], None],
        check: Callable[[], None],
    ) -> None:
        self._feed = feed
        self._begin = begin
        self._check = check
        self._unpack = place.packing.unpack
        self._following = following
        self._policy = _archive_policy(place)
        self._over_since: datetime | None = None
        timeout = following.timeout
        self._deadline = None if timeout is None else datetime.now(UTC) + timeout
        self.workflows: dict[Target, Object | None] = {}
        for one in targets:
            self._note(one, feed.get(one))
        self.done = threading.Event()
        self.timed_out = False
        self._look()

    def get(self, target: Target) -> Object | None:
        """Return one object; its kind is followed from now on."""
        return self._feed.get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Sequence[Object]:
        """Return every object of a kind."""
        return tuple(self._feed.list(api_version, kind, follow=follow))

    def kinds(self) -> Sequence[tuple[str, str]]:
        """Return the kinds that an index over all kinds looks at."""
        return self._feed.kinds()

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether changes of a kind are told from now on."""
        return self._feed.follows(api_version, kind)

    def wake(self) -> None:
        """End the waiting for changes."""
        self._feed.wake()

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return what changed; a change of a workflow that is followed is shown."""
        self._begin()
        self._check()
        found = self._feed.changes(timeout)
        for one in found:
            if one.target in self.workflows and one.object is None:
                self._note_gone(one.target, one.last)
            elif one.target in self.workflows:
                self._note(one.target, one.object)
        self._look()
        return found

    def _note(self, target: Target, value: Object | None) -> None:
        self.workflows[target] = None if value is None else self._unpack(value)

    def _note_gone(self, target: Target, last: Object | None) -> None:
        """Keep what came to its end before it was deleted, by ``ttlStrategy``, say."""
        found = self.workflows[target] if last is None else self._unpack(last)
        self.workflows[target] = found if found is not None and is_over(found) else None

    def _look(self) -> None:
        self._following.show([one for one in self.workflows.values() if one is not None])
        at_rest = self._is_at_rest()
        late = self._deadline is not None and datetime.now(UTC) >= self._deadline
        self.timed_out = late and not at_rest
        if late or self._following.cancel.is_set() or (at_rest and self._is_put_away()):
            self.done.set()

    def _is_put_away(self) -> bool:
        """Tell whether what is over is archived, too, or is waited for no longer."""
        if self._over_since is None:
            self._over_since = datetime.now(UTC)
        if self._policy is None or datetime.now(UTC) - self._over_since > _ARCHIVING:
            return True
        found = (one for one in self.workflows.values() if one is not None)
        return not any(is_over(one) and self._policy.wants(one) for one in found)

    def _is_at_rest(self) -> bool:
        patient = self._following.patient
        return all(
            one is None or is_over(one) or (not patient and waits_for_people(one))
            for one in self.workflows.values()
        )


@contextmanager
def _watching(place: Place, targets: Sequence[Target], following: Following) -> Iterator[_Watching]:
    later = Later()
    cache = WatchCache(place.client, spawn=later)
    if place.drives:
        in_thread(lambda: _read_ahead(cache))
    try:
        feed = WatchFeed(place.client, cache)
        begin, check = later.begin, cache.check_answered
        yield _Watching(feed, targets, following, place, begin=begin, check=check)
    finally:
        cache.close()


def _read_ahead(cache: WatchCache) -> None:
    with suppress(UnreachableError):  # whoever needs what was not read is told
        for api_version, kind in _AHEAD:
            cache.follow(api_version, kind)


def _archive_policy(place: Place) -> "ArchivePolicy | None":
    if not place.drives:
        return None
    from ruleengine.app.acting import archive_policy

    return archive_policy(place.configuration)


def _drive(place: Place, watching: _Watching, following: Following) -> str:
    """Drive until all is at rest; return who drives what is left in our place, if somebody does."""
    if watching.done.is_set():
        return ""
    from ruleengine.app.acting import workflow_standing
    from ruleengine.app.leasing import area_leases
    from ruleengine.reconcile.settling import Settling, settle
    from ruleengine.reconcile.standing import News

    surroundings, news = place.surroundings, News()
    with (
        area_leases(surroundings) as leases,
        workflow_standing(
            place.configuration, place.cluster, place.state, news, leases
        ) as standing,
    ):
        news.wakes(watching.wake)
        settling = Settling(
            now=lambda: datetime.now(UTC),
            feed=watching,
            deadline=None,
            news=news,
            cancel=_Either(watching.done, following.cancel),
            leases=leases,
            seed=os.getpid(),
            longest_wait=_LONGEST_WAIT,
        )
        settle(replace(surroundings, standing=standing), settling)
        left = any(one is not None and not is_over(one) for one in watching.workflows.values())
        return next((one.why for one in leases.values() if one.why), "") if left else ""


def _look(watching: _Watching) -> str:
    while not watching.done.is_set():
        watching.changes(_LONGEST_WAIT)
    return ""


class _Either(threading.Event):
    """An event that is set once one of two others is."""

    def __init__(self, *events: threading.Event) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        """Tell whether one of the events is set."""
        return any(one.is_set() for one in self._events)
