"""What this area asks of the outside: requests and what their answers hold.

``receive`` has a webhook served for as long as it is read, ``events`` asks a bus for what
arrived. Both are standing reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from ruleengine.model.decisions import Request
from ruleengine.model.events import CloudEvent, StoredEvent
from ruleengine.model.values import Object
from ruleengine.triggers.source_specification import Route

RECEIVE: Final = "receive"
EVENTS: Final = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What ``receive`` asks for: the routes of one EventSource, and the bus for its events.

    ``versions`` are the resourceVersions of the Secrets in use: with another one it is
    another request, for which they are read again.
    """

    namespace: str
    source: str
    bus: str
    routes: tuple[Route, ...]
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def request(self) -> Request:
        """The request."""
        payload: Object = {
            "namespace": self.namespace,
            "source": self.source,
            "bus": self.bus,
            "routes": [one.as_value() for one in self.routes],
            "versions": dict(self.versions),
        }
        return Request(kind=RECEIVE, payload=payload, standing=True)

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return what a request asks for."""
        routes = tuple(Route.of(one) for one in request.payload["routes"])
        return cls(**{**request.payload, "routes": routes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The answer: per event the address at which it is received, or why it is not."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)

    def as_value(self) -> Object:
        """Return the answer as plain data; :meth:`of` reads it back."""
        return {"addresses": dict(self.addresses), "refusals": dict(self.refusals)}

    @classmethod
    def of(cls, value: Object) -> Self:
        """Return the answer that plain data holds."""
        return cls(addresses=value["addresses"], refusals=value["refusals"])


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsWanted:
    """What ``events`` asks for: those of some subjects after a place in a log.

    ``reader`` names who asks. ``log`` and ``after`` are the place; an empty log is none yet:
    then it is what comes next, or what came ``since`` a time. ``held`` are events from before
    the place whose content is needed, too.
    """

    bus: str
    reader: str
    subjects: tuple[tuple[str, str], ...]
    log: str = ""
    after: int = 0
    since: str = ""
    held: tuple[int, ...] = ()

    @property
    def request(self) -> Request:
        """The request."""
        payload: Object = {
            "bus": self.bus,
            "reader": self.reader,
            "subjects": [list(one) for one in self.subjects],
            "log": self.log,
            "after": self.after,
            "since": self.since,
            "held": list(self.held),
        }
        return Request(kind=EVENTS, payload=payload, standing=True)

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return what a request asks for."""
        payload = request.payload
        subjects = tuple((source, event) for source, event in payload["subjects"])
        return cls(**{**payload, "subjects": subjects, "held": tuple(payload["held"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The answer: what arrived after a place in a log.

    Where the place that was asked from is none of this log, ``after`` is where to begin.
    ``full`` tells that more is there than one answer holds.
    """

    log: str
    after: int
    events: tuple[StoredEvent, ...] = ()
    held: Mapping[int, StoredEvent] = field(default_factory=dict)
    full: bool = False

    def as_value(self) -> Object:
        """Return the answer as plain data; :meth:`of` reads it back."""
        return {
            "log": self.log,
            "after": self.after,
            "events": [_stored_value(one) for one in self.events],
            "held": [_stored_value(one) for one in self.held.values()],
            "full": self.full,
        }

    @classmethod
    def of(cls, value: Object) -> Self:
        """Return the answer that plain data holds."""
        held = [_stored(one) for one in value["held"]]
        return cls(
            log=value["log"],
            after=value["after"],
            events=tuple(_stored(one) for one in value["events"]),
            held={one.sequence: one for one in held},
            full=value["full"],
        )


def _stored_value(stored: StoredEvent) -> Object:
    return {"sequence": stored.sequence, **stored.event.as_value()}


def _stored(value: Object) -> StoredEvent:
    return StoredEvent(sequence=value["sequence"], event=CloudEvent.of(value))
