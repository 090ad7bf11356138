"""HTTP as values, so that a Kubernetes API can be called with or without a socket.

The cluster client sends an :class:`HttpRequest` through a :class:`Transport`; the local
control plane answers the same values in process, which is what makes tests cheap. They are
tuples, because some are made for each write (decision 0015).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who a client is by the certificate of its connection, which was checked."""

    name: str
    groups: tuple[str, ...] = ()


class HttpRequest(NamedTuple):
    """One request. Header names are lower case; ``query`` keeps order and repetition.

    A server finds in ``peer`` whom a certificate speaks for, if the client has shown one.

    ``timeout`` is after how many seconds neither client nor server goes on with it; 0 leaves
    that to both. The answer to a ``streamed`` one is taken in as it comes, like that to a watch.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = _NO_HEADERS
    body: bytes = b""
    timeout: int = 0
    peer: Peer | None = None
    streamed: bool = False


class HttpResponse(NamedTuple):
    """One response. A watch has a ``stream`` of chunks in place of a ``body``."""

    status: int
    headers: Mapping[str, str] = _NO_HEADERS
    body: bytes = b""
    stream: Iterator[bytes] | None = None


class Transport(Protocol):
    """Carries requests to one API server."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """Perform a request. Raises ``UnreachableError`` where no server answers."""
