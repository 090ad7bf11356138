"""The event bus of a simulation: a log of its own, on which a person's events arrive."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from ruleengine.app.standing import BusOfState, Reading
from ruleengine.cluster.client import Client
from ruleengine.formats import json_text
from ruleengine.model.digests import short_digest
from ruleengine.model.events import CloudEvent
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.standing import News, StandingPerformer
from ruleengine.triggers.requests import EVENTS
from ruleengine.triggers.source_specification import DEFAULT_BUS


class SimulatedBus:
    """A bus below a folder that goes with the simulation. ``now`` is the virtual time."""

    def __init__(self, folder: Path, client: Client, now: Callable[[], datetime]) -> None:
        self._bus = BusOfState(folder / "bus.sqlite")
        self._client = client
        self._now = now
        self._sent = 0
        self.news = News()
        self.performers: Mapping[str, StandingPerformer] = {EVENTS: Reading(self._bus)}

    def send(self, subject: str, data: Object) -> str:
        """Let an event ``SOURCE/EVENT`` arrive; return why it cannot, or an empty text.

        The data of a webhook are the body of its request.
        """
        source, _, name = subject.partition("/")
        for one in self._client.list(ARGO_API_VERSION, "EventSource").items:
            if lookup(one, "metadata", "name") != source:
                continue
            kind = next((kind for kind, events in one["spec"].items() if _holds(events, name)), "")
            if kind:
                self._store(one, kind, name, data)
                return ""
        return "no EventSource has such an event"

    def close(self) -> None:
        """Close the log."""
        self._bus.close()

    def _store(self, source: Object, kind: str, name: str, data: Object) -> None:
        self._sent += 1
        content = {"header": {}, "body": data} if kind == "webhook" else data
        event = CloudEvent(
            id=short_digest([self._sent, name, data]),
            source=source["metadata"]["name"],
            subject=name,
            type=kind,
            time=format_time(self._now()),
            data=json_text.dumps(content),
        )
        bus = lookup(source, "spec", "eventBusName", default=DEFAULT_BUS)
        self._bus.store([(f"{source['metadata']['namespace']}/{bus}", event)])
        self.news.tell(EVENTS)


def _holds(events: object, name: str) -> bool:
    return isinstance(events, dict) and name in events
