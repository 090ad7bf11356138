"""What the API refuses, as ``Status`` objects (reference, Kubernetes API section 5)."""

from collections.abc import Iterable

from ruleengine.apimachinery.causes import Cause, invalid_message, status_causes
from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.apimachinery.structured_merge import Conflict, conflict_causes, conflict_message
from ruleengine.model.values import Object


class ApiFailure(Exception):  # noqa: N818 - it is the API's word for the answer, not an error of ours
    """A request that is answered by a ``Status`` of failure."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata: Object = {}

    def status(self) -> Object:
        """Return the ``Status`` object."""
        found: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            found["details"] = self.details
        return found


def resource_name(info: KindInfo) -> str:
    """Return ``plural.group``, or the plural alone for the core group."""
    return f"{info.plural}.{info.group}" if info.group else info.plural


def details_of(info: KindInfo, name: str, **more: object) -> Object:
    """Return ``details`` that point at an object by its resource."""
    found: Object = {"name": name, "kind": info.plural, **more}
    return {**found, "group": info.group} if info.group else found


def not_found(info: KindInfo, name: str) -> ApiFailure:
    """Return the 404 of an object that does not exist."""
    text = f'{resource_name(info)} "{name}" not found'
    return ApiFailure(404, "NotFound", text, details_of(info, name))


def no_such_path() -> ApiFailure:
    """Return the 404 of a path that nothing is served at."""
    return ApiFailure(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(info: KindInfo, name: str) -> ApiFailure:
    """Return the 409 of a create whose name is taken."""
    text = f'{resource_name(info)} "{name}" already exists'
    return ApiFailure(409, "AlreadyExists", text, details_of(info, name))


def conflict(info: KindInfo, name: str, problem: str = "") -> ApiFailure:
    """Return the 409 of a write to an object that has changed, or of another conflict."""
    problem = problem or (
        "the object has been modified; please apply your changes to the latest version "
        "and try again"
    )
    text = f'Operation cannot be fulfilled on {resource_name(info)} "{name}": {problem}'
    return ApiFailure(409, "Conflict", text, details_of(info, name))


def owned_by_others(info: KindInfo, name: str, conflicts: Iterable[Conflict]) -> ApiFailure:
    """Return the 409 of an apply that would change fields of other managers."""
    listed = list(conflicts)
    details = details_of(info, name, causes=conflict_causes(listed))
    return ApiFailure(409, "Conflict", conflict_message(listed), details)


def bad_request(message: str) -> ApiFailure:
    """Return the 400 of a request that cannot be understood."""
    return ApiFailure(400, "BadRequest", message)


def invalid(info: KindInfo, name: str, causes: Iterable[Cause]) -> ApiFailure:
    """Return the 422 of an object that breaks the rules of its kind."""
    listed = list(causes)
    details: Object = {"name": name, "kind": info.kind, "causes": status_causes(listed)}
    if info.group:
        details["group"] = info.group
    return ApiFailure(422, "Invalid", invalid_message(info.group, info.kind, name, listed), details)


def forbidden(info: KindInfo, name: str, problem: str, causes: list[Object]) -> ApiFailure:
    """Return the 403 of a request that is not allowed in the present state."""
    text = f'{resource_name(info)} "{name}" is forbidden: {problem}'
    return ApiFailure(403, "Forbidden", text, details_of(info, name, causes=causes))


def expired(message: str, token: str = "") -> ApiFailure:
    """Return the 410 of a revision that is no longer known.

    ``token`` goes on from where a list was, at the state of today.
    """
    failure = ApiFailure(410, "Expired", message)
    if token:
        failure.metadata = {"continue": token}
    return failure


def method_not_allowed() -> ApiFailure:
    """Return the 405 of a verb that the resource does not have."""
    text = "the server does not allow this method on the requested resource"
    return ApiFailure(405, "MethodNotAllowed", text, {})


def unsupported(message: str) -> ApiFailure:
    """Return the 415 of a body that the server cannot read."""
    return ApiFailure(415, "UnsupportedMediaType", message)
