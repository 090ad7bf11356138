"""Publishing Kubernetes Events: each once, and none is worth a failure."""

from collections.abc import Iterable

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, Change, PlannedAction, Target, Verb
from ruleengine.model.decisions import Reconciler
from ruleengine.model.digests import content_digest, derive_name
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.writing import Writer


class Publisher:
    """Creates the Events that decisions ask for."""

    def __init__(self, client: Client, writer: Writer) -> None:
        self._client = client
        self._writer = writer
        self._published: set[str] = set()

    def publish(self, reconciler: Reconciler, events: Iterable[Object]) -> None:
        """Create the Events that are not there yet."""
        for event in events:
            digest = content_digest(event)
            if digest in self._published:
                continue
            self._published.add(digest)
            named = _named(event)
            target = Target.of(named)
            if self._client.get(target) is None:
                action = Action(
                    verb=Verb.EVENT, target=target, manager=reconciler.manager, object=named
                )
                self._writer.perform(
                    PlannedAction(action=action, change=Change.CREATE, area=reconciler.area)
                )


def _named(event: Object) -> Object:
    """Return an Event with a name that follows from its content."""
    metadata = event.get("metadata") or {}
    if metadata.get("name"):
        return event
    owner = str(lookup(event, "involvedObject", "name", default="event"))
    return {**event, "metadata": {**metadata, "name": derive_name(owner, "event", event)}}
