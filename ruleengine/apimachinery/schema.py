"""The shape of values: what a field is, and how lists and maps of it merge.

A :class:`Schema` is one node: a scalar, a struct with named fields, a map, a list, or a
*deduced* value whose shape is that of whatever is there (objects granular, lists atomic).
Nodes of built-in types are made from the facts when they are first visited; those of
custom kinds from the OpenAPI schema of their definition. List types, map types and patch
strategies follow the reference, Kubernetes API section 6.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from ruleengine.apimachinery.facts import builtin_type, fields_of, type_facts
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.model.values import Object, Value


class Shape(StrEnum):
    """What a node is."""

    SCALAR = "scalar"
    STRUCT = "struct"
    MAP = "map"
    LIST = "list"
    DEDUCED = "deduced"


class Scalar(StrEnum):
    """Which scalar a node is, where that matters for comparing or checking it."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    BYTES = "bytes"
    QUANTITY = "quantity"
    INT_OR_STRING = "int-or-string"
    TIME = "time"
    ANY = "any"


class ListType(StrEnum):
    """How a list merges: as a whole, as a set of scalars, or as a map by keys."""

    ATOMIC = "atomic"
    SET = "set"
    MAP = "map"


class Schema:
    """One node of a type; treat it as immutable.

    ``atomic`` means that the value is owned and replaced as a whole. ``keys`` and
    ``key_defaults`` tell list-map items apart. ``patch_strategy`` and ``merge_key`` serve
    the strategic merge patch only. ``preserve_unknown`` keeps undeclared fields of a
    struct. ``has_status`` on a root says that ``/status`` is a subresource of the kind.
    ``always_present``: the server writes the field even where it is empty, so that it never
    counts as added or removed itself. ``drops_zero``: it leaves the field out where the
    value is zero or empty. ``milli``: of an amount it keeps thousandths at most.
    ``fields``, what follows from them, ``element`` and ``others`` are made when one of them is
    first asked for.
    """

    fields: "Mapping[str, Schema]"
    """The declared fields of a struct by JSON name; empty for other shapes."""
    element: "Schema"
    """What the items of a list or the values of a map are."""
    others: "Schema"
    """What fields are that are not declared: the values of a map, or whatever they are."""
    required_fields: tuple[str, ...]
    """The names of the fields without which a struct is incomplete."""

    __slots__ = (
        "_make_element",
        "_make_fields",
        "always_present",
        "atomic",
        "drops_zero",
        "element",
        "enum",
        "fields",
        "has_status",
        "key_defaults",
        "keys",
        "list_type",
        "merge_key",
        "milli",
        "nullable",
        "others",
        "patch_strategy",
        "preserve_unknown",
        "required",
        "required_fields",
        "scalar",
        "shape",
        "sorted_keys",
        "type_name",
    )

    def __init__(  # noqa: PLR0913 - one argument per fact, all by name
        self,
        shape: Shape,
        *,
        atomic: bool = False,
        scalar: Scalar = Scalar.ANY,
        fields: "Callable[[], Mapping[str, Schema]] | None" = None,
        element: "Callable[[], Schema] | None" = None,
        list_type: ListType = ListType.ATOMIC,
        keys: tuple[str, ...] = (),
        key_defaults: Mapping[str, Value] | None = None,
        patch_strategy: frozenset[str] = frozenset(),
        merge_key: str = "",
        preserve_unknown: bool = False,
        has_status: bool = False,
        required: bool = False,
        nullable: bool = False,
        always_present: bool = False,
        drops_zero: bool = False,
        enum: tuple[Value, ...] = (),
        milli: bool = False,
        type_name: str = "",
    ) -> None:
        self.shape = shape
        self.atomic = atomic or (shape is Shape.LIST and list_type is ListType.ATOMIC)
        self.scalar = scalar
        self.list_type = list_type
        self.keys = keys
        self.sorted_keys = tuple(sorted(keys))
        self.key_defaults = key_defaults or {}
        self.patch_strategy = patch_strategy
        self.merge_key = merge_key
        self.preserve_unknown = preserve_unknown
        self.has_status = has_status
        self.required = required
        self.nullable = nullable
        self.always_present = always_present
        self.drops_zero = drops_zero
        self.enum = enum
        self.milli = milli
        self.type_name = type_name
        self._make_fields = fields
        self._make_element = element
        self.__class__ = _Unopened  # noqa: PLE0237 - every object has it
        if fields is None and element is None and shape is not Shape.DEDUCED:
            self.open()

    def open(self) -> None:
        """Make what lies below this node, and of that no more than the nodes themselves."""
        self.fields = self._make_fields() if self._make_fields else {}
        self.required_fields = tuple(name for name, one in self.fields.items() if one.required)
        self.element = self._make_element() if self._make_element else DEDUCED
        self.others = self.element if self.shape is Shape.MAP else DEDUCED
        self.__class__ = Schema

    def child(self, name: str) -> "Schema":
        """Return the node of a field; an undeclared one is deduced from its value."""
        return self.fields.get(name) or self.others

    def declares(self, name: str) -> bool:
        """Tell whether a field is declared by name (the keys of maps are not)."""
        return name in self.fields

    def __repr__(self) -> str:
        return f"Schema({self.shape}, {self.type_name!r})"


class _Unopened(Schema):
    """A node that nobody has looked into yet.

    Where a class has ``__getattr__`` every attribute is slow to read: an opened node has it not.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> "Mapping[str, Schema] | Schema | tuple[str, ...]":
        """Open the node for whoever asks for what lies below."""
        if name not in ("fields", "required_fields", "element", "others"):
            raise AttributeError(name)
        self.open()
        found: Mapping[str, Schema] | Schema | tuple[str, ...] = getattr(self, name)
        return found


DEDUCED: Final = Schema(Shape.DEDUCED, preserve_unknown=True)
DEDUCED.open()
"""The node of a value whose type nobody declared."""

_RESOURCE: Final = Schema(Shape.SCALAR, scalar=Scalar.QUANTITY, milli=True, type_name="Quantity")
"""The node of an amount in a list of resources."""

_SCALARS: Final = {
    "string": Scalar.STRING,
    "bool": Scalar.BOOLEAN,
    "int": Scalar.INTEGER,
    "int32": Scalar.INTEGER,
    "int64": Scalar.INTEGER,
    "uint64": Scalar.INTEGER,
    "float64": Scalar.NUMBER,
    "Time": Scalar.TIME,
    "MicroTime": Scalar.TIME,
    "Quantity": Scalar.QUANTITY,
    "IntOrString": Scalar.INT_OR_STRING,
    "[]byte": Scalar.BYTES,
}


@cache
def _type(name: str) -> Schema:
    """Return the node of a type without anything that a field adds to it."""
    return _node(name, {})


def _node(name: str, field: Object) -> Schema:
    """Return the node of a field whose type is spelt ``name`` in the facts."""
    name = name.lstrip("*")
    common = {
        "patch_strategy": frozenset(filter(None, field.get("patchStrategy", "").split(","))),
        "merge_key": field.get("patchMergeKey", ""),
        "required": bool(field.get("required")),
        "drops_zero": bool(field.get("omitempty")) and not field.get("pointer"),
        "enum": tuple(field.get("enum", ())),
        "type_name": name,
    }
    if name in _SCALARS:
        return Schema(Shape.SCALAR, scalar=_SCALARS[name], **common)
    if name.startswith("[]"):
        return _list_node(name[2:], field, common)
    if name.startswith("map[string]"):
        element = name.removeprefix("map[string]")
        atomic = field.get("mapType") == "atomic"
        if _SCALARS.get(element) is Scalar.QUANTITY:
            return Schema(Shape.MAP, atomic=atomic, element=lambda: _RESOURCE, **common)
        return Schema(Shape.MAP, atomic=atomic, element=lambda: _type(element), **common)
    own = type_facts(name)
    if own is None or not fields_of(name):
        return Schema(Shape.DEDUCED, preserve_unknown=True, **common)
    atomic = bool(own.get("atomic")) or field.get("structType") == "atomic"
    present = bool(field) and not field.get("pointer")
    return Schema(
        Shape.STRUCT,
        atomic=atomic,
        fields=lambda: _struct_fields(name),
        always_present=present,
        **common,
    )


def _list_node(element: str, field: Object, common: Object) -> Schema:
    keys = tuple(field.get("listMapKeys", ()))
    described = fields_of(element) if keys else {}
    defaults = {
        key: json.loads(described[key]["default"])
        for key in keys
        if "default" in described.get(key, {})
    }
    return Schema(
        Shape.LIST,
        element=lambda: _type(element),
        list_type=ListType(field.get("listType", "atomic")),
        keys=keys,
        key_defaults=defaults,
        always_present=bool(field) and not field.get("omitempty"),
        **common,
    )


@cache
def _struct_fields(type_name: str) -> Mapping[str, Schema]:
    return {name: _node(one["type"], one) for name, one in fields_of(type_name).items()}


def _identity_fields() -> dict[str, Schema]:
    text = Schema(Shape.SCALAR, scalar=Scalar.STRING)
    return {"apiVersion": text, "kind": text, "metadata": _type("meta/v1.ObjectMeta")}


@cache
def schema_for(api_version: str, kind: str) -> Schema:
    """Return the schema of a built-in kind; a deduced one with typed metadata for others."""
    name = builtin_type(api_version, kind)
    if not name:
        return deduced_object()
    info = KindTable.built_in().find(api_version, kind)
    return Schema(
        Shape.STRUCT,
        fields=lambda: {**_struct_fields(name), **_identity_fields()},
        has_status=info is not None and "status" in info.subresources,
        type_name=name,
    )


@cache
def deduced_object(*, has_status: bool = False) -> Schema:
    """Return the schema of an object of which only the metadata is known."""
    return Schema(
        Shape.STRUCT, fields=_identity_fields, preserve_unknown=True, has_status=has_status
    )


def schema_from_openapi(openapi: Object | None, *, has_status: bool = False) -> Schema:
    """Return the schema of a custom kind from the ``openAPIV3Schema`` of one version.

    Lists are atomic unless ``x-kubernetes-list-type`` says otherwise; the metadata is
    always that of every object. ``has_status``: the version has the status subresource.
    What a malformed schema says wrongly counts as not said.
    """
    described = _mapping(openapi) or {"x-kubernetes-preserve-unknown-fields": True}
    return Schema(
        Shape.STRUCT,
        fields=lambda: {**_open_fields(described), **_identity_fields()},
        preserve_unknown=bool(described.get("x-kubernetes-preserve-unknown-fields")),
        has_status=has_status,
    )


def _mapping(value: Value) -> Object:
    return value if isinstance(value, dict) else {}


def _listing(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _open_fields(openapi: Object) -> dict[str, Schema]:
    required = _listing(openapi.get("required"))
    properties = _mapping(openapi.get("properties"))
    return {
        name: schema_node(_mapping(one), required=name in required)
        for name, one in properties.items()
    }


_OPEN_SCALARS: Final = {
    "string": Scalar.STRING,
    "integer": Scalar.INTEGER,
    "number": Scalar.NUMBER,
    "boolean": Scalar.BOOLEAN,
}


def schema_node(openapi: Object, *, required: bool = False) -> Schema:
    """Return the schema of a single value of a custom kind."""
    common: Object = {"required": required, "nullable": bool(openapi.get("nullable"))}
    if openapi.get("x-kubernetes-int-or-string"):
        return Schema(Shape.SCALAR, scalar=Scalar.INT_OR_STRING, **common)
    sort = openapi.get("type")
    if sort == "object":
        return _open_object(openapi, common)
    if sort == "array":
        return _open_list(openapi, common)
    if isinstance(sort, str) and sort in _OPEN_SCALARS:
        enum = tuple(_listing(openapi.get("enum")))
        return Schema(Shape.SCALAR, scalar=_OPEN_SCALARS[sort], enum=enum, **common)
    return DEDUCED


def _open_object(openapi: Object, common: Object) -> Schema:
    preserve = bool(openapi.get("x-kubernetes-preserve-unknown-fields"))
    atomic = openapi.get("x-kubernetes-map-type") == "atomic"
    values = openapi.get("additionalProperties")
    embedded = bool(openapi.get("x-kubernetes-embedded-resource"))
    if isinstance(values, dict):
        return Schema(Shape.MAP, atomic=atomic, element=lambda: schema_node(values), **common)
    if not openapi.get("properties") and not embedded and (preserve or values):
        return Schema(Shape.DEDUCED, atomic=atomic, preserve_unknown=True, **common)

    def fields() -> dict[str, Schema]:
        return {**_open_fields(openapi), **(_identity_fields() if embedded else {})}

    return Schema(Shape.STRUCT, atomic=atomic, fields=fields, preserve_unknown=preserve, **common)


def _open_list(openapi: Object, common: Object) -> Schema:
    items = _mapping(openapi.get("items"))
    keys = [key for key in _listing(openapi.get("x-kubernetes-list-map-keys")) if type(key) is str]
    described = _mapping(items.get("properties"))
    stated = openapi.get("x-kubernetes-list-type")
    return Schema(
        Shape.LIST,
        element=lambda: schema_node(items),
        list_type=ListType(stated) if stated in tuple(ListType) else ListType.ATOMIC,
        keys=tuple(keys),
        key_defaults={
            key: described[key]["default"]
            for key in keys
            if "default" in _mapping(described.get(key))
        },
        **common,
    )
