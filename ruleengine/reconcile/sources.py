"""Where observations come from: straight from the API server, asked when needed."""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ForbiddenError, NotFoundError
from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from ruleengine.reconcile.indexes import Kind

_NEEDED_VERBS: Final = frozenset({"list", "delete", "get"})
_NOISE: Final = frozenset(
    {"ControllerRevision", "EndpointSlice", "Endpoints", "Event", "Lease", "Node"}
)
"""Kinds that controllers write all the time and no repo declares."""


class Source(Protocol):
    """Where observations come from: a client that is asked, or caches that are fed."""

    def get(self, target: Target) -> Object | None:
        """Return one object."""

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind; none where the kind is unknown.

        Without ``follow`` a later change of the kind need not be told: it was only swept
        for an index over all kinds.
        """

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds that an index over all kinds looks at."""


class ClientSource:
    """Reads through the client, each time it is asked."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, target: Target) -> Object | None:
        """Return one object."""
        return self._client.get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind; none where it is unknown or may not be read.

        The client is told of a kind that is to be followed and may not be read.
        """
        if self._client.kind(api_version, kind) is None:
            return ()
        try:
            return self._client.list(api_version, kind).items
        except NotFoundError:
            return ()
        except ForbiddenError as error:
            if follow:
                self._client.unreadable[(api_version, kind)] = error.message
            return ()

    def kinds(self) -> Sequence[Kind]:
        """Return one version of every kind that can be listed and deleted."""
        found: dict[tuple[str, str], Kind] = {}
        for info in self._client.discover().resources():
            if set(info.verbs) >= _NEEDED_VERBS and info.kind not in _NOISE:
                found.setdefault((info.group, info.kind), (info.api_version, info.kind))
        return tuple(found.values())
