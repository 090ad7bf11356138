"""How far a sensor has come: the record that survives everything (reference, Events 6 and 10).

For each trigger: up to which event of the log it has handled everything, and which events of
its dependencies it holds until its conditions are met. Events themselves stay on the bus; the
record names them by sequence.

A new sensor begins with the first event since it was created, a trigger that is added to it
later with the next one. One whose conditions were changed holds
nothing any more, nor does a dependency that was changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from ruleengine.model.values import Object
from ruleengine.triggers.sensor_specification import Dependency, Trigger

PURPOSE: Final = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one trigger has come. An empty ``log``: it has no place yet.

    ``held`` are sequences by dependency, ``conditions`` and ``dependencies`` the digests of
    what they were gathered for.
    """

    log: str = ""
    after: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    conditions: str = ""
    dependencies: Mapping[str, str] = field(default_factory=dict)

    def as_value(self) -> Object:
        """Return what the record keeps."""
        return {
            "log": self.log,
            "after": self.after,
            "held": dict(self.held),
            "conditions": self.conditions,
            "dependencies": dict(self.dependencies),
        }

    @classmethod
    def of(cls, content: Object, trigger: Trigger, dependencies: tuple[Dependency, ...]) -> Self:
        """Return how far a trigger has come, as far as that counts for what it is now."""
        digests = {one.name: one.digest for one in dependencies}
        known = content.get("triggers", {}).get(trigger.name)
        if known is None:
            return cls(conditions=trigger.digest, dependencies=digests)
        before = known["dependencies"] if known["conditions"] == trigger.digest else {}
        same = [name for name, digest in digests.items() if before.get(name) == digest]
        held = {name: one for name, one in known["held"].items() if name in same}
        return cls(
            log=known["log"],
            after=known["after"],
            held=held,
            conditions=trigger.digest,
            dependencies=digests,
        )


def known_content(record: Object | None, uid: str) -> Object:
    """Return what a record says about the sensor with this uid; nothing for an earlier one."""
    return record if record is not None and record.get("uid") == uid else {}


def as_content(uid: str, progress: Mapping[str, Progress]) -> Object:
    """Return the content of the record."""
    return {"uid": uid, "triggers": {name: one.as_value() for name, one in progress.items()}}
