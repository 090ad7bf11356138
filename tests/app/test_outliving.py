"""A run that is kept waits for its server, looks anew, and can be stopped meanwhile."""

import threading

import pytest

from ruleengine.app.observing import Observers
from ruleengine.app.outliving import outlive
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import UnauthorizedError
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.errors import UnreachableError
from ruleengine.model.findings import Finding
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.reconcile.settling import Settled

AT_ONCE = Retrying(attempts=1, first_pause=0.0)
LOST = UnreachableError("no API server answers", "check that the cluster runs")


class Answering:
    """A server that answers again after so many requests."""

    def __init__(self, silent: int) -> None:
        self.silent = silent

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer, or do not."""
        del request
        self.silent -= 1
        if self.silent >= 0:
            raise LOST
        return HttpResponse(status=200, body=b"{}")


def test_it_looks_anew_once_the_server_is_back_and_tells_of_each_loss_once() -> None:
    """However often the server has to be asked."""
    told: list[Finding] = []
    ends = [LOST, LOST, None]
    server = Answering(silent=4)

    def settle() -> Settled:
        error = ends.pop(0)
        if error is not None:
            raise error
        return Settled(decisions=1)

    settled = outlive(settle, Client(server, AT_ONCE), Observers(found=told.append), AT_ONCE)
    assert settled.decisions == 1
    assert server.silent < 0
    assert [one.code for one in told] == ["plan-server-lost"] * 2
    assert "no API server answers" in told[0].message


def test_credentials_that_are_refused_are_waited_for_too() -> None:
    """They may be renewed; which is told in words of its own."""
    told: list[Finding] = []
    ends = [UnauthorizedError(401, "Unauthorized", "Unauthorized"), None]

    def settle() -> Settled:
        error = ends.pop(0)
        if error is not None:
            raise error
        return Settled(decisions=1)

    client = Client(Answering(silent=0), AT_ONCE)
    assert outlive(settle, client, Observers(found=told.append), AT_ONCE).decisions == 1
    assert [one.code for one in told] == ["plan-credentials-refused"]


def test_it_can_be_stopped_while_nobody_answers() -> None:
    """Then the loss is its end."""
    observers = Observers(cancel=threading.Event())
    observers.cancel.set()

    def settle() -> Settled:
        raise LOST

    with pytest.raises(UnreachableError, match="no API server"):
        outlive(settle, Client(Answering(silent=99), AT_ONCE), observers, AT_ONCE)
