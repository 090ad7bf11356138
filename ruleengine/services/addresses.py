"""Addresses that nothing of ours may reach: where machines and clouds keep what is theirs alone.

A name is judged by what it leads to, and what was judged is what is connected to.
"""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Final

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA: Final = frozenset({"fd00:ec2::254", "100.100.100.200", "168.63.129.16"})
"""Where clouds tell about a machine, besides link-local addresses."""

_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
_IPV4: Final = 0xFFFFFFFF


class AddressError(OSError):
    """A name leads nowhere, or to an address that is not allowed."""


def is_allowed(text: str) -> bool:
    """Tell whether an IP address may be reached.

    >>> is_allowed("192.0.2.1"), is_allowed("::ffff:169.254.169.254")
    (True, False)
    """
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    barred = address.is_link_local or address.is_multicast or address.is_unspecified
    return not barred and str(address) not in _METADATA


def _inner(address: _Address) -> _Address:
    """Return the address of version 4 that one of version 6 stands for, else itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return ipaddress.IPv4Address(int(address) & _IPV4)
    return address


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """Connect to the first address of a host that is allowed and answers.

    Raises ``AddressError`` where none is allowed, ``OSError`` where none answers.
    """
    last: OSError | None = None
    for family, where in _addresses(host, port):
        made = socket.socket(family, socket.SOCK_STREAM)
        made.settimeout(seconds)
        try:
            made.connect(where)
        except OSError as error:
            made.close()
            last = error
            continue
        return made
    raise last or AddressError(f"the host {host} leads nowhere")


def _addresses(host: str, port: int) -> Iterator[tuple[socket.AddressFamily, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressError(f"the host {host} is not known") from error
    barred = [str(where[0]) for *_, where in found if not is_allowed(str(where[0]))]
    if barred and len(barred) == len(found):
        raise AddressError(f"the host {host} leads to {barred[0]}, which nobody may reach")
    for family, _, _, _, where in found:
        if str(where[0]) not in barred:
            yield family, where  # type: ignore[misc]
