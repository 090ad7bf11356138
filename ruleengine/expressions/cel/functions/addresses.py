"""IP addresses and networks in CIDR notation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
)
from typing import Any, ClassVar, Final

from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.values import CelError, no_overload
from ruleengine.expressions.language import Meter

_NETWORK: Final = re.compile(r"[^/%]+/(?:0|[1-9][0-9]{0,2})")
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address as a value of CEL."""

    content: IPv4Address | IPv6Address

    cel_type: ClassVar[str] = "net.IP"

    def cel_text(self) -> str:
        """Return the canonical form."""
        return str(self.content)


@dataclass(frozen=True, slots=True)
class Network:
    """An address with the length of its network's prefix, as a value of CEL."""

    content: IPv4Interface | IPv6Interface

    cel_type: ClassVar[str] = "net.CIDR"

    def cel_text(self) -> str:
        """Return the canonical form."""
        return f"{self.content.ip}/{self.content.network.prefixlen}"


def _read_address(text: Any) -> Address | None:
    if not isinstance(text, str):
        raise no_overload("ip", text)
    try:
        found = ip_address(text) if len(text) < _LONGEST and text.isascii() else None
    except ValueError:
        return None
    if found is None or (found.version == 6 and (found.ipv4_mapped or found.scope_id)):
        return None
    return None if "%" in text else Address(found)


def _read_network(text: Any) -> Network | None:
    if not isinstance(text, str):
        raise no_overload("cidr", text)
    if not _NETWORK.fullmatch(text) or len(text) > _LONGEST or not text.isascii():
        return None
    try:
        found = ip_interface(text)
    except ValueError:
        return None
    return None if found.version == 6 and found.ip.ipv4_mapped else Network(found)


def _address(meter: Meter, value: Any) -> Address:
    """Read an address, or return that of a network."""
    del meter
    if isinstance(value, Network):
        return Address(value.content.ip)
    found = _read_address(value)
    if found is None:
        raise CelError("the text is no IP address")
    return found


def _network(meter: Meter, value: Any) -> Network:
    del meter
    found = _read_network(value)
    if found is None:
        raise CelError("the text is no network such as 10.0.0.0/8")
    return found


def _is_address(meter: Meter, value: Any) -> bool:
    del meter
    return _read_address(value) is not None


def _is_network(meter: Meter, value: Any) -> bool:
    del meter
    return _read_network(value) is not None


def _is_canonical(meter: Meter, value: Any) -> bool:
    return bool(_address(meter, value).cel_text() == value)


def _property(name: str, test: Callable[[IPv4Address | IPv6Address], Any]) -> Function:
    def function(meter: Meter, value: Any) -> Any:
        del meter
        if not isinstance(value, Address):
            raise no_overload(name, value)
        return test(value.content)

    return member(function, 1)


def _is_local_multicast(address: IPv4Address | IPv6Address) -> bool:
    packed = address.packed
    if address.version == 4:
        return packed[:3] == b"\xe0\x00\x00"
    return packed[0] == 0xFF and packed[1] & 0x0F == 0x02


def _is_local_unicast(address: IPv4Address | IPv6Address) -> bool:
    packed = address.packed
    if address.version == 4:
        return packed[:2] == b"\xa9\xfe"
    return packed[0] == 0xFE and packed[1] & 0xC0 == 0x80


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    special = address.is_unspecified or address.is_loopback or address.is_multicast
    broadcast = address.packed == b"\xff\xff\xff\xff"
    return not (special or broadcast or _is_local_unicast(address))


def _contains_address(meter: Meter, value: Any, other: Any) -> bool:
    if not isinstance(value, Network):
        raise no_overload("containsIP", value, other)
    address = other if isinstance(other, Address) else _address(meter, other)
    same = address.content.version == value.content.version
    return same and bool(address.content in value.content.network)


def _contains_network(meter: Meter, value: Any, other: Any) -> bool:
    if not isinstance(value, Network):
        raise no_overload("containsCIDR", value, other)
    network = other if isinstance(other, Network) else _network(meter, other)
    mine, theirs = value.content.network, network.content.network
    same = mine.version == theirs.version
    return same and mine.prefixlen <= theirs.prefixlen and theirs.network_address in mine


def _masked(meter: Meter, value: Any) -> Network:
    del meter
    if not isinstance(value, Network):
        raise no_overload("masked", value)
    return Network(ip_interface(str(value.content.network)))


def _prefix_length(meter: Meter, value: Any) -> int:
    del meter
    if not isinstance(value, Network):
        raise no_overload("prefixLength", value)
    return value.content.network.prefixlen


FUNCTIONS: Mapping[str, Function] = {
    "ip": Function(_address, 1, 1, plain=True),
    "isIP": plain(_is_address, 1),
    "ip.isCanonical": plain(_is_canonical, 1),
    "family": _property("family", lambda address: address.version),
    "isUnspecified": _property("isUnspecified", lambda address: address.is_unspecified),
    "isLoopback": _property("isLoopback", lambda address: address.is_loopback),
    "isLinkLocalMulticast": _property("isLinkLocalMulticast", _is_local_multicast),
    "isLinkLocalUnicast": _property("isLinkLocalUnicast", _is_local_unicast),
    "isGlobalUnicast": _property("isGlobalUnicast", _is_global),
    "cidr": plain(_network, 1),
    "isCIDR": plain(_is_network, 1),
    "containsIP": member(_contains_address, 2),
    "containsCIDR": member(_contains_network, 2),
    "masked": member(_masked, 1),
    "prefixLength": member(_prefix_length, 1),
}
