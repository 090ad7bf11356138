"""The formats that schemas of custom resources may ask of texts; others are not checked.

The list is that of the API server (reference, Kubernetes API section 8); where it accepts
oddities of Go's parsers, we accept what the format's name says.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Final
from urllib.parse import urlsplit

_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)"
    r"([.,][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_UUID: Final = (
    r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?VERSION[0-9a-fA-F]{3}-?VARIANT[0-9a-fA-F]{3}-?[0-9a-fA-F]{12}"
)
_DURATION: Final = re.compile(
    r"(?>[0-9]+(\.[0-9]+)?\s*(ns|nano|us|µs|μs|micro|ms|milli|s|sec|second|m|min|minute|h|hr|hour|d|"
    r"day|w|wk|week)s?\s*(?=[0-9]|\Z))+"
)
"""Each part is read once: ``ms`` is a unit, and ``m`` with an ``s``, which would take for ever."""
_HOSTNAME: Final = re.compile(
    r"([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?\.?"
)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_URI: Final = re.compile(r"[!-~]+")
_COLOR: Final = r"\s*(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\s*"
_LONGEST_HOSTNAME: Final = 255
_ISBN_10: Final = 10
_ISBN_13: Final = 13


def _fits(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _uuid(version: str, variant: str = "[0-9a-fA-F]") -> Callable[[str], bool]:
    return _fits(_UUID.replace("VERSION", version).replace("VARIANT", variant))


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


def is_date_time(text: str) -> bool:
    """Tell whether a text is a moment in the form of RFC 3339."""
    found = _DATE_TIME.fullmatch(text)
    return found is not None and _parses(date.fromisoformat)(found[1])


def _is_date(text: str) -> bool:
    return len(text) == len("2006-01-02") and _parses(date.fromisoformat)(text)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_cidr(text: str) -> bool:
    return "/" in text and _parses(lambda one: ip_network(one, strict=False))(text)


def _is_uri(text: str) -> bool:
    if not _URI.fullmatch(text) or re.search("%(?![0-9a-fA-F]{2})", text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) or text.startswith("/")


def _is_hostname(text: str) -> bool:
    return len(text) <= _LONGEST_HOSTNAME and _HOSTNAME.fullmatch(text) is not None


def _is_isbn_10(text: str) -> bool:
    digits = re.sub("[- ]", "", text)
    if not re.fullmatch("[0-9]{9}[0-9Xx]", digits):
        return False
    numbers = [10 if sign in "Xx" else int(sign) for sign in digits]
    return sum(number * (_ISBN_10 - at) for at, number in enumerate(numbers)) % 11 == 0


def _is_isbn_13(text: str) -> bool:
    digits = re.sub("[- ]", "", text)
    if not re.fullmatch("[0-9]{13}", digits):
        return False
    return sum(int(sign) * (3 if at % 2 else 1) for at, sign in enumerate(digits)) % 10 == 0


def _is_isbn(text: str) -> bool:
    return _is_isbn_10(text) or _is_isbn_13(text)


def _is_card(text: str) -> bool:
    digits = re.sub("[- ]", "", text)
    if not re.fullmatch("[0-9]{13,19}", digits):
        return False
    doubled = [int(sign) * (2 if at % 2 else 1) for at, sign in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "bsonobjectid": _fits("[0-9a-fA-F]{24}"),
    "byte": _is_base64,
    "cidr": _is_cidr,
    "creditcard": _is_card,
    "date": _is_date,
    "date-time": is_date_time,
    "datetime": is_date_time,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hexcolor": _fits("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "hostname": _is_hostname,
    "ipv4": _parses(IPv4Address),
    "ipv6": _parses(IPv6Address),
    "isbn": _is_isbn,
    "isbn10": _is_isbn_10,
    "isbn13": _is_isbn_13,
    "mac": _fits("([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}[.]){2}[0-9a-fA-F]{4}"),
    "rgbcolor": _fits(rf"rgb\({_COLOR},{_COLOR},{_COLOR}\)"),
    "ssn": _fits("[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    "uri": _is_uri,
    "uuid": _uuid("[0-9a-fA-F]"),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
}
"""The check of each format by its name."""
