"""Requests and those who perform them: the answer is always a value."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import RuleEngineError, UnreachableError

Performer = Callable[[Request], Answer]
"""Performs requests of one kind."""

Performers = Mapping[str, Performer]
"""Performers by the kind of request."""

_Answered = TypeVar("_Answered", Answer, Answer | None)


def perform_request(request: Request, performers: Performers) -> Answer:
    """Return the answer to a request; errors of the outside become answers too.

    A performer that fails otherwise is a fault of ours; it costs its one request only.
    """
    try:
        return perform_effect(request, performers)
    except UnreachableError as error:
        return Answer(error=error.message, remedy=error.remedy)


def perform_effect(request: Request, performers: Performers) -> Answer:
    """Return the answer as :func:`perform_request` does, except where nobody answers.

    Raises ``UnreachableError`` there: whether the effect happened is not known, and it may
    be tried again with the same key.
    """
    performer = performers.get(request.kind)
    if performer is None:
        return Answer(
            error=f"nobody here performs requests of the kind {request.kind!r}",
            remedy="run with a version of ruleengine that does",
        )
    return _answer(request, performer)


def answered(request: Request, perform: Callable[[Request], Answer | None]) -> Answer | None:
    """Return what ``perform`` answers, which may be nothing yet; errors become answers."""
    try:
        return _answer(request, perform)
    except UnreachableError as error:
        return Answer(error=error.message, remedy=error.remedy)


def _answer(request: Request, perform: Callable[[Request], _Answered]) -> _Answered | Answer:
    try:
        return perform(request)
    except UnreachableError:
        raise
    except RuleEngineError as error:
        return Answer(error=error.message, remedy=error.remedy)
    except Exception as error:  # noqa: BLE001 - one failing performer never stops the others
        return Answer(
            error=f"performing the request {request.kind!r} failed ({type(error).__name__})",
            remedy="report it with the object; this is a fault of ruleengine",
        )
