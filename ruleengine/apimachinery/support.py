"""What becomes of every field of the Argo kinds on the native engine.

The table is generated (``docs/support/`` shows it to people). It is asked by whoever warns of
a field that is not honoured, and by the reconcilers that leave an object alone because of one:
so the two can never disagree.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Final

from ruleengine.model.data import data_folder
from ruleengine.model.values import Object, Path, Value


class Support(StrEnum):
    """What becomes of a field."""

    HONOURED = "honoured"
    HANDED_OVER = "handed over"
    RECORDED = "not honoured"
    WRITTEN = "written by us"


_STATES: Final = {
    "honoured": Support.HONOURED,
    "recorded": Support.RECORDED,
    "written by us": Support.WRITTEN,
}
_FOR_PEOPLE: Final = ("description",)
"""Fields that nobody acts on anywhere: there is nothing to honour."""

_WRAPPINGS: Final = ("", "[]", "{}", "[][]", "{}[]", "[]{}")
_UNSET: Final[tuple[Value, ...]] = (None, False, "", [], {})

_Table = dict[str, dict[str, list[str]]]


def is_listed(kind: str) -> bool:
    """Tell whether the table lists a kind."""
    return kind in _table()


@cache
def is_partly_honoured(kind: str) -> bool:
    """Tell whether any field of a kind is honoured."""
    return any(row[0] == "honoured" for row in _table().get(kind, {}).values())


def unhonoured(kind: str, spec: Object) -> Iterator[Path]:
    """Yield the fields of an object's spec that have a value and are not honoured.

    Each is the highest such field, with ``spec`` as the first part of its path.
    """
    for name, value in spec.items():
        for path in highest_unhonoured(kind, "spec", ("spec", name), value):
            if _value_at(spec, path[1:]) not in _UNSET:
                yield path


def highest_unhonoured(kind: str, parent: str, path: Path, value: Value) -> Iterator[Path]:
    """Yield the highest fields at and below one value that are not honoured.

    ``path`` leads to the value, ``parent`` is the field that holds it as the table writes it.
    What we write ourselves is not looked into: nothing that is written there counts.
    """
    field, state = _told(kind, parent, path[-1])
    if state is Support.RECORDED:
        deepest = leaves(kind, parent, path, value)
        if any(leaf[-1] not in _FOR_PEOPLE for leaf, _ in deepest):
            yield path
    elif state is Support.HONOURED and isinstance(value, dict | list):
        for below, inner in _elements(value, field, path):
            for name, one in inner.items() if isinstance(inner, dict) else ():
                yield from highest_unhonoured(kind, field, (*below, name), one)


@cache
def _told(kind: str, parent: str, name: str | int) -> tuple[str, Support | None]:
    """Return the field of a name below another, and its state; none where it is not listed."""
    field = known_field(kind, f"{parent}.{name}" if parent else str(name))
    return ("", None) if field is None else (field, state_of(kind, field))


def unhonoured_in(kind: str, field: str, path: Path, value: Value) -> Iterator[Path]:
    """Yield the highest fields at and below the value of a field that are not honoured.

    ``field`` is written with or without the wrapping that the value still has.
    """
    known = known_field(kind, field)
    if known is None:
        return
    if state_of(kind, known) is Support.RECORDED:
        yield path
        return
    found = [(path, value)] if known == field else _elements(value, known, path)
    for below, inner in found:
        for name, one in inner.items() if isinstance(inner, dict) else ():
            yield from highest_unhonoured(kind, known, (*below, name), one)


def leaves(kind: str, parent: str, path: Path, value: Value) -> Iterator[tuple[Path, str]]:
    """Yield the deepest fields that the table knows at and below one value."""
    field = known_field(kind, f"{parent}.{path[-1]}".lstrip("."))
    if field is None:
        return
    deeper = [
        leaf
        for below, inner in _elements(value, field, path)
        if isinstance(inner, dict)
        for name, one in inner.items()
        for leaf in leaves(kind, field, (*below, name), one)
    ]
    yield from deeper or [(path, field)]


@cache
def known_field(kind: str, field: str) -> str | None:
    """Return a field with its wrapping, or ``None`` where the table does not go that deep."""
    for wrapping in _WRAPPINGS:
        try:
            _row(kind, field + wrapping)
        except KeyError:
            continue
        return field + wrapping
    return None


@cache
def state_of(kind: str, field: str) -> Support:
    """Return the state of a field: no better than that of any field that holds it.

    ``field`` is written as in the table, ``spec.sources[].helm.values``: ``[]`` stands for any
    element of a list, ``{}`` for any key of a map. What lies below a type of Kubernetes has the
    state of the field that holds it. Raises ``KeyError`` for a kind or field that is not known.
    """
    states = [Support.HONOURED]
    parts = field.split(".")
    for length in range(1, len(parts) + 1):
        try:
            state = _STATES[_row(kind, ".".join(parts[:length]))[0]]
        except KeyError:
            if length == 1 or not _is_opaque(kind, ".".join(parts[: length - 1])):
                raise
            break
        states.append(state)
    weakest = [one for one in states if one is not Support.HONOURED]
    return weakest[0] if weakest else Support.HONOURED


def _value_at(value: Value, path: Path) -> Value:
    for step in path:
        value = value[step]
    return value


def _elements(value: Value, field: str, path: Path) -> Iterator[tuple[Path, Value]]:
    """Yield the values inside a list or map that a field's wrapping stands for."""
    if field[-1] not in "]}":
        yield path, value
        return
    wrapping = field[len(field.rstrip("[]{}")) :]
    found: list[tuple[Path, Value]] = [(path, value)]
    while wrapping:
        found = [
            ((*place, key), inner)
            for place, one in found
            for key, inner in (
                enumerate(one)
                if wrapping.startswith("[]") and isinstance(one, list)
                else one.items()
                if wrapping.startswith("{}") and isinstance(one, dict)
                else ()
            )
        ]
        wrapping = wrapping[2:]
    yield from found


def _row(kind: str, field: str) -> list[str]:
    """Return the row of a field, found where its type is listed. Raises ``KeyError``."""
    fields = _table()[kind]
    if field in fields:
        return fields[field]
    parts = field.split(".")
    for length in range(len(parts) - 1, 0, -1):
        row = fields.get(".".join(parts[:length]))
        if row is not None and len(row) > 1:
            return _row(row[1], ".".join([row[2], *parts[length:]]))
    raise KeyError(f"{kind} {field}")


def _is_opaque(kind: str, field: str) -> bool:
    """Tell whether the table lists nothing below a field: it is handed on as a whole."""
    row = _row(kind, field)
    holder, path = (row[1], row[2]) if len(row) > 1 else (kind, field)
    return not any(one.startswith(f"{path}.") for one in _table().get(holder, {}))


@cache
def _table() -> _Table:
    found: _Table = json.loads((data_folder("schemas") / "support.json").read_bytes())
    return found
