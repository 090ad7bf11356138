"""Why an object is invalid: causes as the API lists them, and the message made of them.

The reasons and the form of the message follow the reference, Kubernetes API section 5.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ruleengine.model.values import Object, Path, Value

_SHOWN: int = 512
"""How much of a wrong value a message repeats."""


class Reason(StrEnum):
    """The reason of a cause, as ``details.causes[].reason`` spells it."""

    REQUIRED = "FieldValueRequired"
    INVALID = "FieldValueInvalid"
    NOT_SUPPORTED = "FieldValueNotSupported"
    DUPLICATE = "FieldValueDuplicate"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"
    NOT_FOUND = "FieldValueNotFound"
    TYPE_INVALID = "FieldValueTypeInvalid"


class Key(str):
    """A step of a path that is a key of a map, which the API writes in brackets."""

    __slots__ = ()


def format_field(path: Path) -> str:
    """Return a path as the API writes it: ``spec.ports[0].name``, ``data[key]``."""
    text = ""
    for step in path:
        if isinstance(step, int | Key):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong: ``field`` is its path, ``message`` starts with the sort."""

    field: str
    reason: Reason
    message: str


def required(path: Path, detail: str = "") -> Cause:
    """Return the cause of a field that is missing."""
    text = "Required value" + (f": {detail}" if detail else "")
    return Cause(format_field(path), Reason.REQUIRED, text)


def invalid(path: Path, value: Value, detail: str) -> Cause:
    """Return the cause of a value that is wrong."""
    return Cause(format_field(path), Reason.INVALID, f"Invalid value: {_shown(value)}: {detail}")


def not_supported(path: Path, value: Value, supported: Iterable[str]) -> Cause:
    """Return the cause of a value outside its closed set."""
    listed = ", ".join(f'"{one}"' for one in sorted(supported))
    text = f"Unsupported value: {_shown(value)}: supported values: {listed}"
    return Cause(format_field(path), Reason.NOT_SUPPORTED, text)


def duplicate(path: Path, value: Value) -> Cause:
    """Return the cause of a value that stands there twice."""
    return Cause(format_field(path), Reason.DUPLICATE, f"Duplicate value: {_shown(value)}")


def forbidden(path: Path, detail: str) -> Cause:
    """Return the cause of a field that must not be set or changed."""
    return Cause(format_field(path), Reason.FORBIDDEN, f"Forbidden: {detail}")


def too_long(path: Path, detail: str) -> Cause:
    """Return the cause of a value that is too long."""
    return Cause(format_field(path), Reason.TOO_LONG, f"Too long: {detail}")


def not_found(path: Path, value: Value) -> Cause:
    """Return the cause of a name that points at nothing."""
    return Cause(format_field(path), Reason.NOT_FOUND, f"Not found: {_shown(value)}")


def immutable(path: Path, value: Value) -> Cause:
    """Return the cause of a field that was changed and must not be."""
    return invalid(path, value, "field is immutable")


def wrong_type(path: Path, value: Value, wanted: str) -> Cause:
    """Return the cause of a value of the wrong type."""
    text = f"Invalid value: {_shown(value)}: must be of type {wanted}"
    return Cause(format_field(path), Reason.TYPE_INVALID, text)


def _shown(value: Value) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def invalid_message(group: str, kind: str, name: str, causes: Iterable[Cause]) -> str:
    """Return the message of the 422: ``Kind.group "name" is invalid: field: problem``."""
    listed = [f"{one.field}: {one.message}" for one in causes]
    problems = listed[0] if len(listed) == 1 else "[" + ", ".join(listed) + "]"
    qualified = f"{kind}.{group}" if group else kind
    return f'{qualified} "{name}" is invalid: {problems}'


def status_causes(causes: Iterable[Cause]) -> list[Object]:
    """Return ``details.causes`` of the 422."""
    return [
        {"reason": str(one.reason), "message": one.message, "field": one.field} for one in causes
    ]
