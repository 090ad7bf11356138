"""What this area asks of the outside: requests and what their answers hold.

``receive`` has a webhook served for as long as it is read, ``events`` asks a bus for what
arrived. Both are standing reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from ruleengine.model.decisions import Request
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
