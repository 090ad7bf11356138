"""Lists: selection, resourceVersion semantics and pages (reference, section 4)."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ruleengine.formats import json_text
from ruleengine.local.api.failures import ApiFailure, bad_request, expired
from ruleengine.local.api.options import flag, invalid_option, number
from ruleengine.local.api.preparing import presented
from ruleengine.local.api.registry import Registry
from ruleengine.local.api.routing import Route
from ruleengine.local.api.selecting import read_selection
from ruleengine.local.store import CompactedError, Snapshot, Store
from ruleengine.model.values import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a collection and the ``metadata`` of the list."""

    items: Sequence[Object] = field(repr=False)
    metadata: Object


def list_objects(registry: Registry, route: Route, query: Mapping[str, str]) -> Listed:
    """Return what a list request asks for. Raises ``ApiFailure`` 400, 410, 422 and 504."""
    if "sendInitialEvents" in query:
        problem = "Forbidden: sendInitialEvents is forbidden for list"
        raise invalid_option("ListOptions", "sendInitialEvents", problem)
    selection = read_selection(query, route.served, route.namespace)
    limit = _limit(query)
    token = query.get("continue", "")
    if token:
        at, after = _continued(token, query)
    else:
        at, after = _wanted_revision(registry.store, query), None
    snapshot = _snapshot(registry, route, at, after)
    found = snapshot.items
    if not selection.everything:
        found = [one for one in found if selection.matches(one)]
    if after is not None:
        found = [one for one in found if _place(one) > after]
    metadata: Object = {"resourceVersion": str(snapshot.revision)}
    if limit and len(found) > limit:
        metadata["continue"] = _make_token(snapshot.revision, found[limit - 1])
        if selection.everything:
            metadata["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    return Listed(items=[presented(one, route.served) for one in found], metadata=metadata)


def _limit(query: Mapping[str, str]) -> int:
    """Return how many are asked for at most; 0 for all, also where it is less than that."""
    text = query.get("limit", "")
    found = number({"limit": text.removeprefix("-")}, "limit") or 0
    return 0 if text.startswith("-") else found


def _snapshot(registry: Registry, route: Route, at: int, after: tuple[str, str] | None) -> Snapshot:
    try:
        return registry.list(route.served.resource, route.namespace, at)
    except CompactedError:
        raise expired(
            "The provided continue parameter or resourceVersion is too old to display a "
            "consistent list result; start the list anew, or go on with the new continue token "
            "at the state of now",
            _token(0, after) if after else "",
        ) from None


def _wanted_revision(store: Store, query: Mapping[str, str]) -> int:
    """Return the revision that a list has to show; 0 for the latest."""
    match = query.get("resourceVersionMatch", "")
    text = query.get("resourceVersion", "")
    if match not in ("", "Exact", "NotOlderThan"):
        listed = '"Exact", "NotOlderThan", ""'
        raise _unmatched(f'Unsupported value: "{match}": supported values: {listed}')
    if match and not text:
        raise _unmatched(
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        )
    revision = number(query, "resourceVersion") or 0
    if match == "Exact" and not revision:
        raise _unmatched(
            'Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
        )
    check_not_future(store, revision)
    return revision if match == "Exact" else 0


def _unmatched(problem: str) -> ApiFailure:
    return invalid_option("ListOptions", "resourceVersionMatch", problem)


def check_not_future(store: Store, revision: int) -> None:
    """Refuse a revision that does not exist yet. Raises ``ApiFailure`` 504."""
    current = store.revision
    if revision > current:
        text = f"Too large resource version: {revision}, current: {current}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise ApiFailure(504, "Timeout", text, {"causes": [cause], "retryAfterSeconds": 1})


def wants_watch(query: Mapping[str, str]) -> bool:
    """Tell whether a request for a collection is a watch."""
    return flag(query, "watch")


def _place(value: Object) -> tuple[str, str]:
    return (value["metadata"].get("namespace", ""), value["metadata"]["name"])


def _make_token(revision: int, last: Object) -> str:
    return _token(revision, _place(last))


def _token(revision: int, place: tuple[str, str]) -> str:
    data = json_text.dump_bytes([revision, *place])
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _continued(token: str, query: Mapping[str, str]) -> tuple[int, tuple[str, str]]:
    """Return where a list goes on; it is the token that says at which revision."""
    if query.get("resourceVersion", "") not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    if query.get("resourceVersionMatch"):
        raise _unmatched("Forbidden: resourceVersionMatch is forbidden when continue is provided")
    return _read_token(token)


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        padded = token + "=" * (-len(token) % 4)
        revision, namespace, name = json_text.loads(base64.urlsafe_b64decode(padded))
        return int(revision), (str(namespace), str(name))
    except (binascii.Error, ValueError, TypeError):
        raise bad_request("continue key is not valid") from None
