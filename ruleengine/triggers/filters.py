"""The filters of a dependency: which of its events count (reference, Events 8).

Each kind of filter is a section with a module of its own; here is how they are joined. With
``and`` (the default) the first error ends the asking; with ``or`` the sections that are
present are alternatives, whose errors are gathered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruleengine.model.events import CloudEvent
from ruleengine.triggers.filter_context import ContextFilter
from ruleengine.triggers.filter_time import TimeFilter
from ruleengine.triggers.verdicts import PASSED, Verdict

AND: Final = "and"
OR: Final = "or"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of one dependency; a section that is absent is ``None``."""

    context: ContextFilter | None = None
    time: TimeFilter | None = None
    operator: str = AND

    def judge(self, event: CloudEvent) -> Verdict:
        """Tell whether an event passes."""
        verdicts = list(self._sections(event))
        if self.operator == OR:
            errors = [one.error for one in verdicts if one.error]
            return Verdict(any(one.passed for one in verdicts), " / ".join(errors))
        for one in verdicts:
            if one.error:
                return Verdict(passed=False, error=one.error)
        return Verdict(all(one.passed for one in verdicts))

    def _sections(self, event: CloudEvent) -> Iterator[Verdict]:
        """Yield the verdicts of the sections that are present, in Argo's order."""
        if self.context is not None:
            yield self.context.judge(event)
        if self.time is not None:
            yield self.time.judge(event)


def judge(filters: Filters | None, event: CloudEvent) -> Verdict:
    """Tell whether an event passes; without any filters each does."""
    return PASSED if filters is None else filters.judge(event)
