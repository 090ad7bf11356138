"""How objects are shown: as they are, as a Table for kubectl, or as their metadata."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from ruleengine.local.api import cells
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.column_making import AGE, NAME, Column
from ruleengine.local.api.columns import COLUMNS, NAMED_LAST
from ruleengine.local.api.failures import ApiFailure, bad_request
from ruleengine.local.api.views import to_store
from ruleengine.model.values import Object, Value, lookup

_META: Final = "meta.k8s.io"
_ACCEPTABLE: Final = ("application/json", "application/*", "*/*", "")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client accepts: ``kind`` is ``Table``, ``PartialObjectMetadata``… or empty."""

    kind: str = ""
    version: str = "v1"

    @property
    def content_type(self) -> str:
        """The content type of the answer."""
        if not self.kind:
            return "application/json"
        return f"application/json;as={self.kind};g={_META};v={self.version}"


@lru_cache(maxsize=256)
def accepted(header: str) -> Shown:
    """Return the first form of the Accept header that we can give. Raises ``ApiFailure`` 406."""
    for one in header.split(","):
        media, *stated = (part.strip() for part in one.split(";"))
        if media not in _ACCEPTABLE:
            continue
        parameters = dict(part.partition("=")[::2] for part in stated)
        kind = parameters.get("as", "")
        if not kind:
            return Shown()
        known = kind in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
        if known and parameters.get("g") == _META and parameters.get("v") in ("v1", "v1beta1"):
            return Shown(kind, parameters["v"])
    text = (
        "only the following media types are accepted: application/json; "
        "this server does not answer in protobuf"
    )
    raise ApiFailure(406, "NotAcceptable", text)


def included(query: Mapping[str, str]) -> str:
    """Return how much of its object a row shall carry. Raises ``ApiFailure`` 400."""
    include = query.get("includeObject") or "Metadata"
    if include not in ("None", "Metadata", "Object"):
        raise bad_request(f"unrecognized includeObject value: {include!r}")
    return include


def columns_of(served: Served) -> tuple[Column, ...]:
    """Return the columns of a kind, the name first."""
    if served.definition is not None:
        stated = served.definition.get("additionalPrinterColumns")
        return (NAME, *(_custom_column(one) for one in stated)) if stated else (NAME, AGE)
    columns = COLUMNS.get(served.resource, (AGE,))
    return columns if served.resource in NAMED_LAST else (NAME, *columns)


def _custom_column(stated: Object) -> Column:
    path, kind = str(stated.get("jsonPath", "")), str(stated.get("type", "string"))
    get = json_path(path)

    def cell(value: Object, now: datetime) -> Value:
        found = get(value)
        if kind == "date":
            return cells.age(found, now) if found is not None else None
        return found if kind in ("integer", "number") or found is None else _text(found)

    return Column(
        str(stated.get("name", "")),
        "string" if kind == "date" else kind,
        cell,
        int(stated.get("priority") or 0),
    )


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def json_path(path: str) -> Callable[[Value], Value]:
    r"""Return a function for the simple paths of printer columns.

    Fields, quoted fields, indexes and filters of the form
    ``.status.conditions[?(@.type=="Ready")].status`` are understood; where a path leads
    nowhere, or is of another form, the cell is empty.
    """
    steps = _steps(path)

    def get(value: Value) -> Value:
        for step in steps:
            if isinstance(step, tuple):
                field, wanted = step
                items = value if isinstance(value, list) else []
                value = next((one for one in items if lookup(one, field) == wanted), None)
            else:
                value = lookup(value, step)
        return value

    return get


def _steps(path: str) -> list[str | int | tuple[str, str]]:
    steps: list[str | int | tuple[str, str]] = []
    rest = path.strip().removeprefix("{").removesuffix("}")
    while rest:
        if rest.startswith("["):
            inner, _, rest = rest[1:].partition("]")
            steps.append(_bracket(inner))
            continue
        rest = rest.removeprefix(".")
        field = ""
        while rest and rest[0] not in ".[":
            escaped = rest.startswith("\\") and len(rest) > 1
            field, rest = field + rest[int(escaped)], rest[1 + int(escaped) :]
        if field:
            steps.append(field)
    return steps


def _bracket(inner: str) -> str | int | tuple[str, str]:
    if inner.lstrip("-").isdecimal():
        return int(inner)
    if inner.startswith("?("):
        field, _, wanted = inner[2:].rstrip(")").partition("==")
        return field.strip().removeprefix("@."), wanted.strip().strip("\"'")
    return inner.strip("\"'")


def table(
    items: Sequence[Object],
    served: Served,
    now: datetime,
    metadata: Object,
    *,
    include: str = "Metadata",
    version: str = "v1",
) -> Object:
    """Return objects as a Table; ``include`` says how much of the object a row carries."""
    columns = columns_of(served)
    rows = []
    for value in items:
        stored = to_store(value)
        row: Object = {"cells": [column.cell(stored, now) for column in columns]}
        if include == "Object":
            row["object"] = value
        elif include == "Metadata":
            row["object"] = partial(value, version)
        rows.append(row)
    definitions = [
        {
            "name": one.name,
            "type": one.type,
            "format": one.format,
            "description": "",
            "priority": one.priority,
        }
        for one in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": f"{_META}/{version}",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def partial(value: Object, version: str = "v1") -> Object:
    """Return the metadata of an object as an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"{_META}/{version}",
        "metadata": value["metadata"],
    }
