"""A run that is kept outlives its server: it waits until that answers again, and looks anew.

Servers of clusters are replaced while they run, and credentials run out. Whoever drives then
begins a new look at the world, as after a restart of its own, so that nothing that happened
meanwhile is missed.
"""

from collections.abc import Callable
from itertools import count

from ruleengine.app.observing import Observers
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError, UnauthorizedError
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.errors import UnreachableError
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.reconcile.settling import Settled
from ruleengine.reconcile.unseen import refused_credentials

_MOST_DOUBLED = 6
"""From this try on the pauses grow no longer."""


def outlive(
    settle: Callable[[], Settled],
    client: Client,
    observers: Observers,
    retrying: Retrying | None = None,
) -> Settled:
    """Settle, and again whenever the server was lost and has come back.

    ``observers`` are told of each loss once. Raises ``UnreachableError`` or
    ``UnauthorizedError`` where they cancel meanwhile.
    """
    while True:
        try:
            return settle()
        except (UnreachableError, UnauthorizedError) as error:
            observers.found(_lost(error))
            _wait(client, observers, retrying or Retrying(first_pause=1.0), error)


def _wait(
    client: Client,
    observers: Observers,
    retrying: Retrying,
    error: UnreachableError | UnauthorizedError,
) -> None:
    for attempt in count(1):
        if observers.cancel.wait(retrying.pause(min(attempt, _MOST_DOUBLED))):
            raise error
        try:
            client.version()
        except (ApiError, UnreachableError):
            continue
        return


def _lost(error: UnreachableError | UnauthorizedError) -> Finding:
    if isinstance(error, UnauthorizedError):
        return refused_credentials(error)
    return Finding(
        severity=Severity.WARNING,
        code="plan-server-lost",
        message=f"{error.message}; the run goes on once it does",
        remedy=error.remedy,
        place=Place(""),
    )
