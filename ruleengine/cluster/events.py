"""Watch events: a stream of JSON lines as values."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from ruleengine.cluster.errors import error_of_status
from ruleengine.formats import json_text
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpResponse
from ruleengine.model.values import Object, lookup


class EventType(StrEnum):
    """What happened to an object; a bookmark carries a resourceVersion only."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


_TYPES: Final = {str(one): one for one in EventType}


class WatchEvent(NamedTuple):
    """One event of a watch."""

    type: EventType
    object: Object

    @property
    def resource_version(self) -> str:
        """The version that a watch may go on from after this event."""
        return str(lookup(self.object, "metadata", "resourceVersion", default=""))


def read_events(response: HttpResponse) -> Iterator[WatchEvent]:
    """Yield the events of the answer to a watch.

    Raises the ``ApiError`` that an ERROR event carries (``GoneError`` for 410), and
    ``UnreachableError`` for a line that is no event.
    """
    chunks: Iterable[bytes] = [response.body] if response.stream is None else response.stream
    for line in _lines(chunks):
        try:
            event = json_text.loads(line)
            name, value = event["type"], event["object"]
            if name == "ERROR":
                raise error_of_status(value)
            kind = _TYPES[name]
        except (ValueError, KeyError, TypeError) as error:
            raise UnreachableError(
                "the watch was cut off in the middle of an event", "try again"
            ) from error
        yield WatchEvent(type=kind, object=value)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest
