"""The filters of a dependency: which of its events count (reference, Events 8).

Each kind of filter is a section with a module of its own; here is how they are joined. With
``and`` (the default) the first error ends the asking; with ``or`` the sections that are
present are alternatives, whose errors are gathered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from ruleengine.model.events import CloudEvent
from ruleengine.model.values import Object
from ruleengine.triggers.filter_context import ContextFilter
from ruleengine.triggers.filter_data import DataFilter
from ruleengine.triggers.filter_exprs import ExpressionFilter
from ruleengine.triggers.filter_time import TimeFilter
from ruleengine.triggers.sections import AND, OR
from ruleengine.triggers.values import mapping
from ruleengine.triggers.verdicts import PASSED, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of one dependency; a section that is absent is ``None``."""

    exprs: ExpressionFilter | None = None
    data: DataFilter | None = None
    context: ContextFilter | None = None
    time: TimeFilter | None = None
    operator: str = AND

    @classmethod
    def read(cls, filters: Object, operator: str, where: str) -> Self:
        """Read ``filters``. Raises ``WrongError``."""

        def present(name: str) -> bool:
            return filters.get(name) is not None

        def section(name: str) -> tuple[Object, str]:
            return mapping(filters, name, where), f"{where}.{name}"

        return cls(
            operator=operator,
            exprs=ExpressionFilter.read(filters, where) if present("exprs") else None,
            data=DataFilter.read(filters, where) if present("data") else None,
            context=ContextFilter.read(*section("context")) if present("context") else None,
            time=TimeFilter.read(*section("time")) if present("time") else None,
        )

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
        for section in (self.exprs, self.data, self.context, self.time):
            if section is not None:
                yield section.judge(event)


def judge(filters: Filters | None, event: CloudEvent) -> Verdict:
    """Tell whether an event passes; without any filters each does."""
    return PASSED if filters is None else filters.judge(event)
