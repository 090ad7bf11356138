"""The filter by context: what an event says about itself is exactly what is asked for."""

from dataclasses import dataclass
from typing import Final, Self

from ruleengine.model.events import CloudEvent
from ruleengine.model.values import Object
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.values import text
from ruleengine.triggers.verdicts import Verdict

_COMPARED: Final = ("type", "subject", "source", "datacontenttype")
"""Fields that are compared; id, specversion and time are not, as in Argo Events."""


@dataclass(frozen=True, slots=True)
class ContextFilter:
    """The values that are asked for, by field."""

    wanted: Object

    @classmethod
    def read(cls, value: Object, where: str) -> Self:
        """Read ``filters.context``. Raises ``WrongError`` where it asks for nothing."""
        wanted = {name: text(value, name, where) for name in _COMPARED}
        wanted = {name: one for name, one in wanted.items() if one}
        if not wanted:
            raise WrongError("no fields specified in ctx filter (aka all events will be discarded)")
        return cls(wanted)

    def judge(self, event: CloudEvent) -> Verdict:
        """Tell whether an event passes."""
        context = event.context
        return Verdict(all(context[name] == one for name, one in self.wanted.items()))
