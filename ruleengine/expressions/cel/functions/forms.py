"""``format.dns1123Label().validate(text)``: the forms that Kubernetes knows by name.

The checks of names are handed in; those of dates, identifiers and the like are here.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.functions.urls import check_url
from ruleengine.expressions.cel.values import NONE, Optional, no_overload
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_time_parsing import TimeError, parse_time
from ruleengine.formats.go_times import RFC3339

CheckName = Callable[[str, str], str | None]
"""Checks a text by the name of a form. Returns what is wrong, or ``None``."""

NAMES: Final = ("dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "labelValue")
"""The forms whose checks are handed in."""

_PREFIXES: Final = ("dns1123Label", "dns1123Subdomain", "dns1035Label")
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a value of CEL."""

    name: str

    cel_type: ClassVar[str] = "kubernetes.NamedFormat"


def _check_uuid(text: str) -> str | None:
    return None if _UUID.fullmatch(text) else "does not match the UUID format"


def _check_base64(text: str) -> str | None:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "invalid base64"
    return None if decoded else "invalid base64"


def _check_date(text: str) -> str | None:
    try:
        fits = bool(_DATE.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        fits = False
    return None if fits else "invalid date"


def _check_time(text: str) -> str | None:
    try:
        parse_time(RFC3339, text.upper())
    except (TimeError, OverflowError):
        return "invalid datetime"
    return None


_CHECKS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "uri": check_url,
    "uuid": _check_uuid,
    "byte": _check_base64,
    "date": _check_date,
    "datetime": _check_time,
}


def functions(check_name: CheckName) -> Mapping[str, Function]:
    """Return the functions of forms; names are checked by ``check_name``."""
    names = (*NAMES, *(f"{name}Prefix" for name in _PREFIXES), *_CHECKS)

    def problem(form: str, text: str) -> str | None:
        if form in _CHECKS:
            return _CHECKS[form](text)
        if form.endswith("Prefix"):
            form = form.removesuffix("Prefix")
            if len(text) > 1 and text.endswith("-"):
                text = f"{text[:-1]}a"  # more of the name will follow
        return check_name(form, text)

    def named(meter: Meter, name: Any) -> Optional:
        del meter
        if not isinstance(name, str):
            raise no_overload("format.named", name)
        return Optional(True, Form(name)) if name in names else NONE

    def validate(meter: Meter, form: Any, text: Any) -> Optional:
        meter.step()
        if not isinstance(form, Form) or not isinstance(text, str):
            raise no_overload("validate", form, text)
        wrong = problem(form.name, text)
        return NONE if wrong is None else Optional(True, [wrong])

    constants = {f"format.{name}": plain(_constant(name), 0, 0) for name in names}
    return {**constants, "format.named": plain(named, 1), "validate": member(validate, 2)}


def _constant(name: str) -> Callable[[Meter], Form]:
    def constant(meter: Meter) -> Form:
        del meter
        return Form(name)

    return constant
