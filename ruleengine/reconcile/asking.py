"""Requests and those who perform them: the answer is always a value."""

from collections.abc import Callable, Mapping

from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import RuleEngineError

Performer = Callable[[Request], Answer]
"""Performs requests of one kind."""

Performers = Mapping[str, Performer]
"""Performers by the kind of request."""


def perform_request(request: Request, performers: Performers) -> Answer:
    """Return the answer to a request; errors of the outside become answers too."""
    performer = performers.get(request.kind)
    if performer is None:
        return Answer(
            error=f"nobody here performs requests of the kind {request.kind!r}",
            remedy="run with a version of ruleengine that does",
        )
    try:
        return performer(request)
    except RuleEngineError as error:
        return Answer(error=error.message, remedy=error.remedy)
