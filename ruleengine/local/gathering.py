"""The web server's HTTP protocol, with what it lacks for us.

What is written together is sent together, the application is told whom the certificate of a
client speaks for, and a verb that the parser does not know is refused as an API server does it.
The web server writes the head of an answer and its body one after the other. Over TLS that is two
records and two system calls, and the client is woken twice; together they are a third of what a
short answer costs.
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ruleengine.formats import json_text
from ruleengine.local.api.failures import method_not_allowed
from ruleengine.model.http import Peer

_LONG: Final = 16 * 1024
"""Bytes above which a system call more costs nothing beside what is sent."""

_UNKNOWN_VERB: Final = "HttpParserInvalidMethodError"
"""What the parser raises; by name, for the parser is the web server's own choice."""


class _Gathering:
    """A transport that sends what was written when the present turn of the loop is over."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon, or at once what is long: only then the writer is held up by a slow reader."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        if len(data) > _LONG:
            self._flush()

    def close(self) -> None:
        """Send what is left, and hang up."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts = []
            self._transport.write(data)


class GatheringProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, over a transport that gathers.

    ``scope["state"]`` has the client's :class:`~ruleengine.model.http.Peer` as ``peer``.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a connection."""
        gathering = _Gathering(transport, self.loop)
        self.app_state = {**self.app_state, "peer": peer_of(transport.get_extra_info("peercert"))}
        super().connection_made(cast("asyncio.Transport", gathering))

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read; a verb of one's own is one that no resource has (405)."""
        if type(sys.exception()).__name__ != _UNKNOWN_VERB:
            super().send_400_response(msg)
            return
        failure = method_not_allowed()
        body = json_text.dump_bytes(failure.status())
        head = (
            f"HTTP/1.1 {failure.code} Method Not Allowed\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def peer_of(certificate: Mapping[str, Any] | None) -> Peer | None:
    """Return whom a checked certificate names: its common name, and organizations as groups."""
    pairs = [pair for part in (certificate or {}).get("subject", ()) for pair in part]
    names = [text for key, text in pairs if key == "commonName"]
    groups = tuple(text for key, text in pairs if key == "organizationName")
    return Peer(name=names[-1], groups=groups) if names else None
