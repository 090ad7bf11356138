"""Small checks that the rules of several kinds share, in the words of the API."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeAlias

from ruleengine.apimachinery.causes import (
    Cause,
    Key,
    forbidden,
    invalid,
    not_supported,
    required,
)
from ruleengine.apimachinery.naming import check_label_value, check_port_name, check_qualified_name
from ruleengine.apimachinery.quantities import QuantityError, parse_quantity
from ruleengine.apimachinery.selectors import OBJECT_OPERATORS
from ruleengine.model.values import Object, Path, Value

Causes: TypeAlias = Iterator[Cause]
Check: TypeAlias = Callable[[Object], Causes]
"""Tells what is wrong with an object of one kind."""

LARGEST_PORT: Final = 65535
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
POSITIVE: Final = "must be greater than 0"
PERCENT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
    "'93%', regex used for validation is '[0-9]+%')"
)
_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NETWORK: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def objects(items: Value) -> list[Object]:
    """Return the objects of a list, the list being absent or odd being none."""
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def natural(value: Object, path: Path, *fields: str) -> Causes:
    """Check fields that hold a number from zero on, if anything."""
    for field in fields:
        number: Any = value.get(field)
        if _is_number(number) and number < 0:
            yield invalid((*path, field), number, NOT_NEGATIVE)


def positive(value: Object, path: Path, *fields: str) -> Causes:
    """Check fields that hold a number from one on, if anything."""
    for field in fields:
        number: Any = value.get(field)
        if _is_number(number) and number <= 0:
            yield invalid((*path, field), number, POSITIVE)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def named(path: Path, name: Value, check: Callable[[str], str | None], detail: str = "") -> Causes:
    """Check a name that has to be there."""
    if not name:
        yield required(path, detail)
    else:
        yield from well_named(path, name, check)


def well_named(path: Path, name: Value, check: Callable[[str], str | None]) -> Causes:
    """Check a name if it is there."""
    problem = check(str(name)) if name else None
    if problem:
        yield invalid(path, name, problem)


def one_of(path: Path, value: Value, supported: Iterable[str]) -> Causes:
    """Check a value of a closed set, if it is there."""
    listed = tuple(supported)
    if value and value not in listed:
        yield not_supported(path, value, listed)


def port_number(path: Path, port: Value) -> Causes:
    """Check the number of a port, if it is there."""
    if _is_number(port) and not 1 <= port <= LARGEST_PORT:
        yield invalid(path, port, f"must be between 1 and {LARGEST_PORT}, inclusive")


def port_or_name(path: Path, port: Value) -> Causes:
    """Check a port that is a number or the name of one."""
    if isinstance(port, str):
        yield from named(path, port, check_port_name)
    else:
        yield from port_number(path, port)


def address(path: Path, text: Value) -> Causes:
    """Check an IP address."""
    try:
        ip_address(str(text))
    except ValueError:
        yield invalid(path, text, _ADDRESS)


def network(path: Path, text: Value) -> Causes:
    """Check a range of addresses."""
    try:
        ip_network(str(text), strict=False)
    except ValueError:
        yield invalid(path, text, _NETWORK)
        return
    if "/" not in str(text):
        yield invalid(path, text, _NETWORK)


def amount(path: Path, value: Value, *, most: int = 0) -> Causes:
    """Check a number or percentage; ``most`` bounds the percentage."""
    if isinstance(value, str):
        digits = value.removesuffix("%")
        if digits == value or not digits.isascii() or not digits.isdigit():
            yield invalid(path, value, PERCENT)
        elif most and int(digits[:9]) > most:
            yield invalid(path, value, f"must not be greater than {most}%")
    elif _is_number(value) and value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def quantities(amounts: Value, path: Path) -> Causes:
    """Check a map of amounts: none may be negative."""
    for name, text in (amounts or {}).items():
        try:
            negative = parse_quantity(str(text)).amount < 0
        except QuantityError:
            continue
        if negative:
            yield invalid((*path, Key(name)), str(text), NOT_NEGATIVE)


def labels_of(labels: Value, path: Path) -> Causes:
    """Check the keys and values of a map that labels are compared with."""
    for key, value in (labels or {}).items():
        yield from well_named(path, key, check_qualified_name)
        yield from well_named(path, value, check_label_value)


def operands(operator: Value, values: list[Value], path: Path) -> Causes:
    """Check that the operator of a selector exists, and has the values that it needs."""
    if operator in ("In", "NotIn"):
        if not values:
            detail = "must be specified when `operator` is 'In' or 'NotIn'"
            yield required((*path, "values"), detail)
    elif operator in OBJECT_OPERATORS:
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden((*path, "values"), detail)
    else:
        yield invalid((*path, "operator"), operator or "", "not a valid selector operator")


def label_selector(selector: Value, path: Path) -> Causes:
    """Check a label selector object."""
    if not isinstance(selector, dict):
        return
    yield from labels_of(selector.get("matchLabels"), (*path, "matchLabels"))
    for number, one in enumerate(objects(selector.get("matchExpressions"))):
        place = (*path, "matchExpressions", number)
        values = one.get("values") or []
        yield from operands(one.get("operator"), values, place)
        key = one.get("key")
        problem = check_qualified_name(str(key or ""))
        if problem:
            yield invalid((*place, "key"), key, problem)
        for at, value in enumerate(values):
            yield from well_named((*place, "values", at), value, check_label_value)
