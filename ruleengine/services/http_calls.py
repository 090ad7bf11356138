"""One HTTP call and its reply, to allowed addresses only, within a time.

The standard library alone: what starts for every step must start quickly.
"""

import http.client
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urljoin, urlsplit

from ruleengine.services.addresses import connect

_MOST_REDIRECTS: Final = 10
_BLOCK: Final = 64 * 1024
_LARGEST: Final = 4 * 1024 * 1024
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_SENSITIVE: Final = frozenset({"authorization", "www-authenticate", "cookie", "cookie2"})


class CallError(Exception):
    """A call came to no reply; says why, without what might be secret in its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked; ``seconds`` bounds the whole of it, redirects included."""

    url: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    seconds: float = 30.0
    verifies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What was answered; headers by their names, each with all of its values."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


def send(call: Call) -> Reply:
    """Send a call, follow where it is redirected to, and return the reply.

    Credentials stay with the host that they were meant for, and with the way that they took to
    it: what was sent in TLS is never sent in the clear. Raises ``CallError``.
    """
    ends = time.monotonic() + call.seconds
    for _ in range(_MOST_REDIRECTS + 1):
        reply = _once(call, ends)
        where = reply.headers.get("Location", [""])[0]
        if reply.status not in _REDIRECTS or not where:
            return reply
        call = _redirected(call, reply.status, where)
    raise CallError(f"{shown(call.url)}: more than {_MOST_REDIRECTS} redirects")


def shown(url: str) -> str:
    """Return an address without what might be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _redirected(call: Call, status: int, where: str) -> Call:
    try:
        url = urljoin(call.url, where)
        before, after = urlsplit(call.url), urlsplit(url)
    except ValueError as error:
        raise CallError(f"{shown(call.url)} leads to an address that is none") from error
    headers = call.headers
    if (before.scheme, before.netloc) != (after.scheme, after.netloc):
        headers = [one for one in headers if one[0].lower() not in _SENSITIVE]
    if status in (307, 308) or call.method in ("GET", "HEAD"):
        return replace(call, url=url, headers=headers)
    return replace(call, url=url, headers=headers, method="GET", body=b"")


def _once(call: Call, ends: float) -> Reply:
    try:
        parts = urlsplit(call.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CallError(f"{shown(call.url)} is no address of the kinds http and https")
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        connection = http.client.HTTPConnection(parts.hostname, port)
        sock = connect(parts.hostname, port, _left(ends))
        connection.sock = (
            _trust(verifies=call.verifies).wrap_socket(sock, server_hostname=parts.hostname)
            if secure
            else sock
        )
        try:
            return _exchanged(connection, call, ends)
        finally:
            connection.close()
            sock.close()
    except TimeoutError as error:
        raise CallError(f"{shown(call.url)} did not answer within {call.seconds:g} s") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CallError(f"{shown(call.url)} cannot be reached: {error}") from error


def _exchanged(connection: http.client.HTTPConnection, call: Call, ends: float) -> Reply:
    parts = urlsplit(call.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    names = {name.lower() for name, _ in call.headers}
    connection.putrequest(call.method, target, skip_host="host" in names)
    for name, value in call.headers:
        connection.putheader(name, value)
    if call.body and "content-length" not in names:
        connection.putheader("Content-Length", str(len(call.body)))
    connection.endheaders(call.body or None)
    sock = connection.sock  # the connection forgets it where the reply is the last
    response = connection.getresponse()
    body = b""
    while block := response.read1(_BLOCK):
        body += block
        if len(body) > _LARGEST:
            raise CallError(f"{shown(call.url)} answered with more than {_LARGEST} bytes")
        if not response.isclosed():
            sock.settimeout(_left(ends))
    headers: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        headers.setdefault(_canonical(name), []).append(value)
    return Reply(status=response.status, headers=headers, body=body)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _canonical(name: str) -> str:
    """Return a header's name as Go writes it.

    >>> _canonical("content-TYPE")
    'Content-Type'
    """
    return "-".join(part.capitalize() for part in name.split("-"))


def _trust(*, verifies: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
