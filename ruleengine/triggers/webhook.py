"""One request to a webhook: what its answer is, and what event it makes (reference, Events 4).

Answers, status codes and data are those of Argo Events. Its PUT, PATCH and DELETE never
worked; they do not here either, for a webhook that is moved to Argo must not stop working.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from ruleengine.formats.go_json import compact, marshal
from ruleengine.model.http import HttpRequest
from ruleengine.model.secrets import Secret
from ruleengine.triggers.source_filter import passes
from ruleengine.triggers.source_specification import Route

MASKED: Final = "*** Masked Auth Secret ***"
"""What an event says in place of the credentials of its request."""

SUCCESS: Final = "success"
NOT_RECORDED: Final = "failed to record event"
TOO_LARGE: Final = "failed to parse request body, http: request body too large"

_FORM: Final = "application/x-www-form-urlencoded"
_BEARER: Final = "Bearer "
_NOT_OF_THE_REQUEST: Final = frozenset({"host", "trailer", "transfer-encoding"})
"""Headers that Go takes out of a request before anybody sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """The answer to a request, and the JSON text of the event's data where there is an event.

    A request whose event the filter does not let pass is acknowledged all the same.
    """

    status: int
    text: str
    data: str | None = None


class _RefusedError(Exception):
    """A request that makes no event; the message is the answer."""


def receive(route: Route, request: HttpRequest) -> Reception:
    r"""Return what becomes of a request whose sender may send events.

    Header names are lower case, values that came more than once joined by ``\\n``.
    """
    if request.method != route.method:
        return Reception(status=400, text="http method does not match")
    if len(request.body) > route.largest:
        return Reception(status=400, text=TOO_LARGE)
    try:
        body = _body(request)
    except _RefusedError as error:
        return Reception(status=400, text=str(error))
    parts = [f'"header":{marshal(_headers(request.headers))}', f'"body":{body}']
    if route.metadata:
        parts.append(f'"metadata":{marshal(route.metadata)}')
    data = "{" + ",".join(parts) + "}"
    return Reception(status=200, text=SUCCESS, data=data if passes(route.filter, data) else None)


def refuse(request: HttpRequest, token: Secret | None) -> Reception | None:
    """Return the answer to a sender who may not send events; ``None`` for one who may.

    ``token`` is what the sender must know, and is compared in constant time.
    """
    if token is None:
        return None
    given = request.headers.get("authorization", "")
    if not given.startswith(_BEARER):
        return Reception(status=401, text="Invalid Authorization Header")
    sent = given.removeprefix(_BEARER).encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(sent, token.reveal().encode("utf-8", "surrogateescape")):
        return Reception(status=401, text="Invalid Auth token")
    return None


def _body(request: HttpRequest) -> str:
    """Return the JSON of the body. Raises ``_RefusedError``."""
    if request.method not in ("GET", "POST"):
        raise _RefusedError(f"unsupoorted method: {request.method}")  # as Argo spells it
    try:
        if request.method == "GET":
            return marshal(_gathered(request.query))
        body = request.body.decode()
        if request.headers.get("content-type") == _FORM:
            return marshal(_gathered(parse_qsl(body, keep_blank_values=True)))
        return compact(body)
    except UnicodeDecodeError as error:
        raise _RefusedError("the request body must be JSON: it is no UTF-8") from error
    except ValueError as error:
        raise _RefusedError(f"the request body must be JSON: {error}") from error


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _headers(headers: Mapping[str, str]) -> dict[str, list[str]]:
    """Return headers as Go has them: canonical names, lists of values, no credentials."""
    found = {
        "-".join(part.capitalize() for part in name.split("-")): value.split("\n")
        for name, value in headers.items()
        if name not in _NOT_OF_THE_REQUEST
    }
    if "Authorization" in found:
        found["Authorization"] = [MASKED]
    return found
