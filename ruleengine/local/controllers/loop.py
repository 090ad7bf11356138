"""Drives the controllers: events become keys, keys are reconciled, writes are made.

One queue, in order and without doubles. A write that meets a changed object makes its key
come again; a failure makes it come again later. The same code runs in virtual time and
in the real process.
"""

import heapq
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import ApiFailure
from ruleengine.local.api.options import DeleteOptions, WriteOptions
from ruleengine.local.api.registry import Registry
from ruleengine.local.controllers.pods import delay_after
from ruleengine.local.controllers.telling import event_of, told_again
from ruleengine.local.controllers.work import (
    Controller,
    Create,
    Delete,
    Reader,
    Refusal,
    Replace,
    SetStatus,
    Tell,
    Wakeups,
    Write,
)
from ruleengine.local.store import CompactedError, Event, EventType, Key
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object, lookup

_LOG: Final = logging.getLogger(__name__)
_RETRY: Final = timedelta(seconds=5)
_REFUSED: Final = (403, 422)
_Item = tuple[int, Key]


class _RefusedError(Exception):
    """The server has refused what a controller would make for an owner."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Loop:
    """Runs controllers over one registry."""

    def __init__(
        self,
        registry: Registry,
        controllers: Sequence[Controller],
        *,
        wakeups: Wakeups | None = None,
        strict: bool = False,
    ) -> None:
        self._registry = registry
        self._controllers = controllers
        self._reader = Reader(registry.store, registry.catalog)
        self._known: dict[Key, Object] = {}
        self._queue: dict[_Item, None] = {}
        self._timers: list[tuple[datetime, _Item]] = []
        self._timer_of: dict[_Item, datetime] = {}
        self._seen = -1
        self._wakeups = wakeups
        self._strict = strict

    @property
    def seen(self) -> int:
        """The revision up to which events have been taken in."""
        return self._seen

    def next_time(self) -> datetime | None:
        """Return when the next key is due, ``None`` for never."""
        while self._timers and self._timer_of.get(self._timers[0][1]) != self._timers[0][0]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_due(self, most: int = 1_000_000) -> int:
        """Reconcile until nothing is due at the present time; return how many keys were."""
        count = 0
        while count < most:
            self._take_events()
            self._take_timers()
            self._take_wakeups()
            if not self._queue:
                break
            item = next(iter(self._queue))
            del self._queue[item]
            self._reconcile(item)
            count += 1
        return count

    def _take_events(self) -> None:
        store = self._registry.store
        if self._seen == store.revision:
            return
        if self._seen < 0:
            self._look_at_everything()
            return
        try:
            events = store.events(self._seen)
        except CompactedError:
            self._look_at_everything()
            return
        for event in events:
            self._follow(event)
            self._enqueue(event)
            self._seen = event.revision

    def _follow(self, event: Event) -> None:
        self._reader.follow(event)
        if event.type is EventType.DELETED:
            self._known.pop(event.key, None)
        else:
            self._known[event.key] = event.object

    def _look_at_everything(self) -> None:
        """Take in what there is now, and what is there no more: nobody may miss an end.

        Whoever counts what there is, or runs it, would go on with it for ever.
        """
        store = self._registry.store
        self._seen = store.revision
        gone, found = dict(self._known), []
        for resource in store.resources():
            for value in store.list(resource).items:
                metadata = value["metadata"]
                key = Key(resource, metadata.get("namespace", ""), metadata["name"])
                found.append(Event(self._seen, EventType.ADDED, key, value))
                if key in gone and gone[key]["metadata"].get("uid") == metadata.get("uid"):
                    del gone[key]
        ends = [Event(self._seen, EventType.DELETED, key, value) for key, value in gone.items()]
        self._reader.forget()
        for event in (*ends, *found):
            self._follow(event)
        for event in (*ends, *found):
            self._enqueue(event)

    def _enqueue(self, event: Event) -> None:
        for number, controller in enumerate(self._controllers):
            for key in self._keys(controller, event):
                self._queue[number, key] = None

    def _keys(self, controller: Controller, event: Event) -> Iterable[Key]:
        """Return what a controller has to look at; nothing where it fails, and others go on."""
        try:
            return list(controller.keys(event, self._reader))
        except Exception:
            if self._strict:
                raise
            _LOG.exception("%s failed at the news of %s", type(controller).__name__, event.key)
            return ()

    def _take_timers(self) -> None:
        now = self._registry.clock.now()
        while (at := self.next_time()) is not None and at <= now:
            _, item = heapq.heappop(self._timers)
            del self._timer_of[item]
            self._queue[item] = None

    def _take_wakeups(self) -> None:
        for controller, key in self._wakeups.take() if self._wakeups else ():
            self._queue[self._controllers.index(controller), key] = None

    def _later(self, item: _Item, at: datetime) -> None:
        known = self._timer_of.get(item)
        if known is None or at < known or known <= self._registry.clock.now():
            self._timer_of[item] = at
            heapq.heappush(self._timers, (at, item))

    def _reconcile(self, item: _Item) -> None:
        number, key = item
        controller = self._controllers[number]
        now = self._registry.clock.now()
        try:
            result = controller.reconcile(key, self._reader, now)
            refusal = self._perform_all(result.writes, controller.manager)
        except ApiFailure as failure:
            if failure.code == 409:
                self._queue[item] = None
            elif not _is_terminating(failure) and failure.code != 404:
                _LOG.warning("%s of %s: %s", controller.manager, key, failure.reason)
                self._later(item, now + _RETRY)
            return
        except StoreError as error:  # the disk refuses: it is tried again, and nothing is lost
            _LOG.warning("%s of %s: %s", controller.manager, key, error.message)
            self._later(item, now + _RETRY)
            return
        except Exception:
            if self._strict:
                raise
            _LOG.exception("%s failed at %s; tried again later", type(controller).__name__, key)
            self._later(item, now + _RETRY)
            return
        if refusal is not None:
            self._later(item, refusal.until)
            if refusal.times == 1:
                self._queue[item] = None  # so that its status says so
        elif result.again is not None:
            self._later(item, result.again)

    def _perform_all(self, writes: Sequence[Write], manager: str) -> Refusal | None:
        """Make writes; where one may not be made, no other is tried, but the rest goes on."""
        refusal = None
        for write in writes:
            if refusal is not None and isinstance(write, Create):
                continue
            try:
                self._perform(write, manager)
            except _RefusedError as refused:
                refusal = refused.refusal
        return refusal

    def _perform(self, write: Write, manager: str) -> None:
        options = WriteOptions(manager=manager, validation="Ignore")
        match write:
            case Create():
                self._create(write, options)
            case Tell():
                self._tell(write, options)
            case Replace(live, value):
                served, namespace, name = self._place(live)
                self._registry.update(served, namespace, name, _at_version(value, live), options)
            case SetStatus(live, status):
                served, namespace, name = self._place(live)
                subresource = "status" if served.has_status else ""
                value = _at_version({**live, "status": status}, live)
                self._registry.update(
                    served, namespace, name, value, options, subresource=subresource
                )
            case Delete(live, propagation, grace):
                served, namespace, name = self._place(live)
                self._registry.delete(
                    served,
                    namespace,
                    name,
                    DeleteOptions(
                        propagation=propagation,
                        grace=grace,
                        uid=live["metadata"]["uid"],
                        manager=manager,
                    ),
                )

    def _create(self, write: Create, options: WriteOptions) -> None:
        tell = write.tell
        served, namespace, _ = self._place(write.value)
        try:
            made = self._registry.create(served, namespace, write.value, options)
        except ApiFailure as failure:
            if failure.reason == "AlreadyExists":
                return
            if tell is None or failure.code not in _REFUSED or _is_terminating(failure):
                raise
            raise _RefusedError(self._refused(tell, failure, options)) from failure
        if tell is not None:
            self._reader.note(tell.about["metadata"]["uid"], None)
            name = "" if write.named else made["metadata"]["name"]
            message = f"{tell.message}{name}"
            self._tell(replace(tell, message=message), options)

    def _refused(self, tell: Tell, failure: ApiFailure, options: WriteOptions) -> Refusal:
        """Note and tell that an owner may not make what it would make."""
        uid, now = tell.about["metadata"]["uid"], self._registry.clock.now()
        before = self._reader.refusal(uid)
        times = before.times + 1 if before else 1
        refusal = Refusal(failure.message, times, now + delay_after(times))
        self._reader.note(uid, refusal)
        text = f"Error creating: {failure.message}"
        self._tell(replace(tell, reason="FailedCreate", message=text, warning=True), options)
        return refusal

    def _tell(self, tell: Tell, options: WriteOptions) -> None:
        now = self._registry.clock.now()
        event = event_of(tell, now)
        served, namespace, name = self._place(event)
        known = self._reader.get(served.key(namespace, name))
        try:
            if known is None:
                self._registry.create(served, namespace, event, options)
            elif not tell.of:
                again = told_again(known, now)
                self._registry.update(served, namespace, name, again, options)
        except (ApiFailure, StoreError) as failure:  # what is told never stops what is done
            _LOG.debug("the event %s was not recorded: %s", name, failure)

    def _place(self, value: Object) -> tuple[Served, str, str]:
        served = self._registry.catalog.kind(value["apiVersion"], value["kind"])
        if served is None:
            raise ApiFailure(404, "NotFound", f"the kind {value['kind']} is not served any more")
        namespace = str(lookup(value, "metadata", "namespace", default=""))
        return served, namespace, str(lookup(value, "metadata", "name", default=""))


def _is_terminating(failure: ApiFailure) -> bool:
    """Tell whether the namespace is on its way out, where nothing new is wanted."""
    causes = (failure.details or {}).get("causes") or ()
    return any(one.get("reason") == "NamespaceTerminating" for one in causes)


def _at_version(value: Object, live: Object) -> Object:
    version = live["metadata"]["resourceVersion"]
    return {**value, "metadata": {**value["metadata"], "resourceVersion": version}}
