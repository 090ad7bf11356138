"""What an API server refuses, as one tree of exceptions of our own.

The tree follows the reasons of the reference, Kubernetes API section 5. Messages are cut,
and those about Secrets keep field names only, so that no payload reaches a user.
"""

from collections.abc import Mapping
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.errors import ExitCode, RuleEngineError
from ruleengine.model.http import HttpResponse
from ruleengine.model.values import Object, lookup

_LONGEST: Final = 600
_VERBOSE_REASONS: Final = frozenset({"", "BadRequest", "Invalid", "InternalError"})
"""Reasons whose messages may quote what was sent."""


class ApiError(RuleEngineError):
    """A request that the API server answered with a failure.

    ``status`` is the HTTP status, ``reason`` the machine-readable reason, ``details`` the
    server's ``details`` (causes, retryAfterSeconds); the message never holds a payload.
    """

    exit_code = ExitCode.FAILED
    advice = "look at the message; the API server refused the request"

    def __init__(
        self, status: int, reason: str, message: str, details: Object | None = None
    ) -> None:
        super().__init__(message, self.advice)
        self.status = status
        self.reason = reason
        self.details = details or {}

    @property
    def causes(self) -> tuple[Object, ...]:
        """The single causes that the server lists, each a map with reason, message, field."""
        found = self.details.get("causes") or ()
        return tuple(cause for cause in found if isinstance(cause, dict))

    @property
    def retry_after(self) -> float:
        """Seconds that the server asks to wait; 0 where it does not say."""
        seconds = self.details.get("retryAfterSeconds", 0)
        return float(seconds) if isinstance(seconds, int | float) else 0.0


class BadRequestError(ApiError):
    """400: the request cannot be understood, often an unknown field."""

    advice = "correct the field that the message names"


class UnauthorizedError(ApiError):
    """401: the credentials are missing, wrong or expired."""

    exit_code = ExitCode.UNREACHABLE
    advice = "log in again, or correct the user of the kubeconfig's context"


class ForbiddenError(ApiError):
    """403: the credentials are good, but the action is not permitted."""

    advice = "grant the permission that the message names, or use another user"


class NotFoundError(ApiError):
    """404: the object, or the kind, does not exist."""

    advice = "check the name, and that the kind is installed on this cluster"


class ConflictError(ApiError):
    """409: a stale resourceVersion, a failed precondition, or fields of another manager."""

    advice = "run the command again; the object was changed meanwhile"

    @property
    def managers(self) -> tuple[str, ...]:
        """Who owns the fields in dispute, as the server says it; empty for other conflicts."""
        messages = (
            str(cause.get("message", ""))
            for cause in self.causes
            if cause.get("reason") == "FieldManagerConflict"
        )
        return tuple(dict.fromkeys(text.removeprefix("conflict with ") for text in messages))


class AlreadyExistsError(ConflictError):
    """409: an object of that name is there already."""

    advice = "choose another name, or apply in place of creating"


class GoneError(ApiError):
    """410: the resourceVersion is too old; the list has to be read anew."""


class InvalidError(ApiError):
    """422: the object breaks a rule of its kind."""

    advice = "correct the fields that the message names"


class TooManyRequestsError(ApiError):
    """429: the server is busy, or an eviction is not allowed yet."""

    advice = "try again later"


class ServerError(ApiError):
    """5xx: the server failed; the request may have been performed."""

    advice = "try again; if it stays, look at the logs of the API server"


_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    422: InvalidError,
    429: TooManyRequestsError,
}


def error_of(response: HttpResponse, *, secret: bool = False) -> ApiError:
    """Return the error that an answer with a failure stands for.

    ``secret`` says that the request was about Secrets: then only reason and field names of
    messages that may quote the payload are kept.
    """
    status = _read_status(response.body)
    details = dict(lookup(status, "details", default={}))
    header = response.headers.get("retry-after", "")
    if header.isdecimal():
        details.setdefault("retryAfterSeconds", int(header))
    return error_of_status({**status, "code": response.status, "details": details}, secret=secret)


def error_of_status(status: Object, *, secret: bool = False) -> ApiError:
    """Return the error that a ``Status`` object stands for (also the one inside a watch)."""
    code = int(status.get("code") or 500)
    reason = str(status.get("reason") or "")
    details = lookup(status, "details", default={})
    message = str(status.get("message") or f"the API server answered {code}")
    if secret and reason in _VERBOSE_REASONS:
        message, details = _without_payload(code, reason, details)
    kind = _BY_STATUS.get(code, ServerError if code >= 500 else ApiError)
    if reason == "AlreadyExists":
        kind = AlreadyExistsError
    return kind(code, reason, _cut(message), details)


def _read_status(body: bytes) -> Object:
    try:
        found = json_text.loads(body)
    except ValueError:
        return {"message": body[:_LONGEST].decode("utf-8", "replace").strip()}
    return found if isinstance(found, dict) else {}


def _without_payload(code: int, reason: str, details: Object) -> tuple[str, Object]:
    causes = [
        {key: cause[key] for key in ("reason", "field") if key in cause}
        for cause in details.get("causes") or ()
        if isinstance(cause, dict)
    ]
    fields = ", ".join(str(cause.get("field", "")) for cause in causes if cause.get("field"))
    where = f" at {fields}" if fields else ""
    kept = {key: value for key, value in details.items() if key != "causes"}
    text = f"the API server refused the Secret: {reason or code}{where}"
    return text, {**kept, "causes": causes}


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
