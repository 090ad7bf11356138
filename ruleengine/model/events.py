"""Events: what happened, as a CloudEvent 1.0, the shape that Argo Events gives them.

``data`` is JSON text and stays the text that came: paths into it see its own numbers and the
order of its keys.
"""

from dataclasses import dataclass
from typing import Final, Self

from ruleengine.model.values import Object

JSON_TYPE: Final = "application/json"

SPEC_VERSION: Final = "1.0"
"""The version of CloudEvents that is spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """One event.

    ``source`` is the name of the EventSource, ``subject`` that of the event in it, ``type`` the
    kind of source; ``time`` is RFC 3339 in UTC seconds.
    """

    id: str
    source: str
    subject: str
    type: str
    time: str
    data: str
    content_type: str = JSON_TYPE

    @property
    def context(self) -> Object:
        """What the event says about itself, with the field names that documents use."""
        return {
            "id": self.id,
            "source": self.source,
            "specversion": SPEC_VERSION,
            "type": self.type,
            "datacontenttype": self.content_type,
            "subject": self.subject,
            "time": self.time,
        }

    def as_value(self) -> Object:
        """Return the event as plain data; :meth:`of` reads it back."""
        return {"context": self.context, "data": self.data}

    @classmethod
    def of(cls, value: Object) -> Self:
        """Return the event that plain data holds."""
        context = value["context"]
        return cls(
            id=context["id"],
            source=context["source"],
            subject=context["subject"],
            type=context["type"],
            time=context["time"],
            data=value["data"],
            content_type=context["datacontenttype"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as a bus has it. ``sequence`` counts up in the order of arrival, with gaps."""

    sequence: int
    event: CloudEvent
