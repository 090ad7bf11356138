"""What a decision about a pod is made of while it is being made."""

from dataclasses import dataclass, field
from datetime import datetime

from ruleengine.local.runtime.checks import Check
from ruleengine.local.runtime.values import ContainerPlan


@dataclass(frozen=True, slots=True)
class End:
    """A container that has to end: asked to, or by force."""

    container: str
    kill: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that people should hear of; ``of`` tells two of the same words apart."""

    reason: str
    message: str
    warning: bool = True
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a pod as a whole has to end, since when, and how many seconds it has for that.

    Without a ``reason`` it was deleted.
    """

    reason: str = ""
    message: str = ""
    since: datetime
    grace: int = 0


@dataclass(slots=True)
class Steps:
    """The steps that were found so far.

    ``waiting`` is why containers wait, by name: a reason and a message. ``times`` are when to
    look again.
    """

    starts: list[ContainerPlan] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    impossible: Ending | None = None
