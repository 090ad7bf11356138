"""Who looks on while something goes on: told of what happens, and able to stop it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ruleengine.model.actions import Outcome
from ruleengine.model.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Observers:
    """Who is told what happens and what cannot be seen, and who may stop it.

    ``driving`` is told when all is written and the reconcilers begin.
    """

    progress: Callable[[Outcome], None] = field(default=lambda _: None)
    driving: Callable[[], None] = field(default=lambda: None)
    found: Callable[[Finding], None] = field(default=lambda _: None)
    cancel: threading.Event = field(default_factory=threading.Event)
