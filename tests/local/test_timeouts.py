"""A request whose caller has given it up is not performed."""

import pytest

from ruleengine.local.bridge import in_time
from ruleengine.model.http import HttpRequest, HttpResponse


def asked(timeout: str, waited: float) -> tuple[HttpResponse, bool]:
    """Return the answer to a request with a timeout, and whether it was performed."""
    performed: list[HttpRequest] = []

    def handle(request: HttpRequest) -> HttpResponse:
        performed.append(request)
        return HttpResponse(status=200)

    query = (("timeout", timeout),) if timeout else ()
    request = HttpRequest(method="POST", path="/api/v1/namespaces", query=query)
    return in_time(handle, request, waited), bool(performed)


@pytest.mark.parametrize(("timeout", "waited"), [("", 99.0), ("0", 99.0), ("9s", 8.9), ("1m", 9.0)])
def test_a_request_is_performed_within_its_timeout(timeout: str, waited: float) -> None:
    """Without one it may wait as long as it takes."""
    response, performed = asked(timeout, waited)
    assert (response.status, performed) == (200, True)


@pytest.mark.parametrize(("timeout", "waited"), [("9s", 9.0), ("500ms", 0.6), ("1m", 61.0)])
def test_a_request_that_has_waited_too_long_is_refused(timeout: str, waited: float) -> None:
    """With the status that says so, and nothing is done."""
    response, performed = asked(timeout, waited)
    assert (response.status, performed) == (504, False)
    assert b"Timeout" in response.body


def test_a_timeout_that_is_none_is_a_bad_request() -> None:
    """As API servers say it."""
    response, performed = asked("soon", 0.0)
    assert (response.status, performed) == (400, False)
