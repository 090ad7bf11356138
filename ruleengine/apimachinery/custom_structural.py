"""Whether the OpenAPI schema of a CustomResourceDefinition is one that a server takes.

It has to be structural: every value has a type, and combinations (``allOf`` and the like)
only add conditions. The rules and their words are the API's (reference, Kubernetes API
section 8).
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.apimachinery.causes import (
    Cause,
    Key,
    forbidden,
    format_field,
    invalid,
    not_supported,
    required,
)
from ruleengine.apimachinery.custom_defaulting import default_custom
from ruleengine.apimachinery.custom_languages import (
    Languages,
    RuleError,
    RulePlace,
    is_about_transition,
)
from ruleengine.apimachinery.custom_validating import check_values
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import schema_node
from ruleengine.model.values import Object, Path, Value

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_LIST_TYPES: Final = ("atomic", "set", "map")
_MAP_TYPES: Final = ("atomic", "granular")
_REASONS: Final = (
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
)
_UNSUPPORTED: Final = (
    "$ref",
    "additionalItems",
    "definitions",
    "dependencies",
    "id",
    "patternProperties",
)
_COMBINATIONS: Final = ("allOf", "anyOf", "oneOf")
_NOT_INSIDE: Final = (
    ("description", "must be empty to be structural"),
    ("title", "must be empty to be structural"),
    ("type", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("default", "must be undefined to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
)
"""What a schema inside a combination must not say."""

_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_Causes = Iterator[Cause]


def check_structural(openapi: Object, path: Path, languages: Languages) -> Iterator[Cause]:
    """Yield what is wrong with the ``openAPIV3Schema`` of a version."""
    if openapi.get("nullable"):
        yield forbidden((*path, "nullable"), "nullable cannot be true at the root")
    sort = openapi.get("type")
    if not sort:
        yield required((*path, "type"), "must not be empty at the root")
    elif sort != "object":
        yield invalid((*path, "type"), sort, "must be object at the root")
    yield from _metadata(openapi, path)
    yield from _Walk(languages, path).node(openapi, path)


def _metadata(openapi: Object, path: Path) -> _Causes:
    properties = _mapping(openapi.get("properties"))
    for name in ("apiVersion", "kind"):
        sort = _mapping(properties.get(name)).get("type", "string")
        if sort != "string":
            yield invalid((*path, "properties", Key(name), "type"), sort, "must be string")
    metadata = _mapping(properties.get("metadata"))
    place = (*path, "properties", Key("metadata"))
    if metadata.get("type", "object") != "object":
        yield invalid((*place, "type"), metadata["type"], "must be object")
    if "default" in metadata:
        yield forbidden((*place, "default"), "must not be set in top-level metadata")
    others = _mapping(metadata.get("properties")).keys() - {"name", "generateName"}
    if others:
        yield forbidden(
            place,
            "must not specify anything other than name and generateName, but metadata is "
            "implicitly specified",
        )


def _mapping(value: Value) -> Object:
    return value if isinstance(value, dict) else {}


class _Walk:
    """Walks a schema node by node."""

    def __init__(self, languages: Languages, root: Path) -> None:
        self._languages = languages
        self._root = root

    def node(
        self, openapi: Object, path: Path, *, inside: bool = False, lost: Path = ()
    ) -> _Causes:
        """Check one node; ``inside`` a combination it may only add conditions.

        ``lost`` is the place from which on parts of an object have no counterpart in the one
        that an update replaces: items of a list that is no map.
        """
        for name in _UNSUPPORTED:
            if openapi.get(name):
                yield forbidden((*path, name), f"{name} is not supported")
        if openapi.get("uniqueItems"):
            yield forbidden(
                (*path, "uniqueItems"),
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            )
        yield from self._pattern(openapi, path)
        if inside:
            for name, detail in _NOT_INSIDE:
                if openapi.get(name) not in (None, False, "", []):
                    yield forbidden((*path, name), detail)
        else:
            yield from _type(openapi, path)
            yield from _extensions(openapi, path)
            yield from _list_extensions(openapi, path)
            yield from self._default(openapi, path)
            yield from self._rules(openapi, path, lost)
        yield from self._children(openapi, path, inside=inside, lost=lost)
        yield from self._combinations(openapi, path)

    def _pattern(self, openapi: Object, path: Path) -> _Causes:
        pattern = openapi.get("pattern")
        if not isinstance(pattern, str):
            return
        try:
            self._languages.matches(pattern, "")
        except ValueError as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield invalid((*path, "pattern"), pattern, detail)

    def _rules(self, openapi: Object, path: Path, lost: Path) -> _Causes:
        for number, rule in enumerate(openapi.get("x-kubernetes-validations") or ()):
            place = (*path, "x-kubernetes-validations", number)
            said = _mapping(rule)
            yield from _around_rule(said, place)
            for name in ("rule", "messageExpression"):
                text = said.get(name)
                if isinstance(text, str) and text.strip():
                    stands = RulePlace(
                        schema=openapi,
                        whole=path == self._root
                        or bool(openapi.get("x-kubernetes-embedded-resource")),
                        optional_old=said.get("optionalOldSelf") is True,
                        is_message=name == "messageExpression",
                    )
                    yield from self._compiles(text, (*place, name), stands)
                    if lost and name == "rule" and is_about_transition(text):
                        detail = (
                            "oldSelf cannot be used on the uncorrelatable portion of the schema "
                            f"within {format_field(lost)}"
                        )
                        yield invalid((*place, name), text, detail)

    def _compiles(self, text: str, place: Path, stands: RulePlace) -> _Causes:
        try:
            self._languages.check(text, stands)
        except RuleError as error:
            yield invalid(place, text, f"compilation failed: {error}")

    def _default(self, openapi: Object, path: Path) -> _Causes:
        default = openapi.get("default")
        if default is None:
            return
        place = (*path, "default")
        if prune(default, schema_node(openapi))[1]:
            yield invalid(place, default, "must not have unknown fields")
        filled = default_custom(default, openapi) if isinstance(default, dict) else default
        for cause in check_values(filled, openapi, self._languages):
            where = Key(cause.field) if cause.field and cause.field != "<nil>" else None
            yield Cause(_joined(place, where), cause.reason, cause.message)

    def _children(self, openapi: Object, path: Path, *, inside: bool, lost: Path) -> _Causes:
        for name, child in _mapping(openapi.get("properties")).items():
            place = (*path, "properties", Key(name))
            if not inside and not _says_type(_mapping(child)):
                yield required((*place, "type"), "must not be empty for specified object fields")
            yield from self.node(_mapping(child), place, inside=inside, lost=lost)
        more = openapi.get("additionalProperties")
        if isinstance(more, dict) and not inside:
            place = (*path, "additionalProperties")
            if not _says_type(more):
                yield required((*place, "type"), "must not be empty for specified object fields")
            yield from self.node(more, place, lost=lost)
        items = openapi.get("items")
        if isinstance(items, list):
            detail = "items must be a schema object and not an array"
            yield forbidden((*path, "items"), detail)
        elif isinstance(items, dict):
            place = (*path, "items")
            if not inside and not _says_type(items):
                yield required((*place, "type"), "must not be empty for specified array items")
            is_map = openapi.get("x-kubernetes-list-type") == "map"
            lost = lost or (() if is_map else place)
            yield from self.node(items, place, inside=inside, lost=lost)
        elif openapi.get("type") == "array" and not inside:
            yield required((*path, "items"), "must be specified")

    def _combinations(self, openapi: Object, path: Path) -> _Causes:
        both = openapi.get("x-kubernetes-int-or-string")
        for name in _COMBINATIONS:
            schemas = openapi.get(name)
            if not isinstance(schemas, list) or (both and name == "anyOf" and _is_both(schemas)):
                continue
            for number, one in enumerate(schemas):
                if both and name == "allOf" and _is_both(_mapping(one).get("anyOf")):
                    one = {key: inner for key, inner in one.items() if key != "anyOf"}  # noqa: PLW2901 - the part that is ours to check
                yield from self.node(_mapping(one), (*path, name, number), inside=True)
        excluded = openapi.get("not")
        if isinstance(excluded, dict):
            yield from self.node(excluded, (*path, "not"), inside=True)


def _is_both(schemas: Value) -> bool:
    """Tell whether a combination is the one that int-or-string may say of itself."""
    return bool(schemas == _INT_OR_STRING)


def _joined(place: Path, inner: str | None) -> str:
    return forbidden(place, "").field + (f".{inner}" if inner else "")


def _says_type(openapi: Object) -> bool:
    return bool(
        openapi.get("type")
        or openapi.get("x-kubernetes-int-or-string")
        or openapi.get("x-kubernetes-preserve-unknown-fields")
    )


def _type(openapi: Object, path: Path) -> _Causes:
    sort = openapi.get("type")
    if sort and sort not in _TYPES:
        yield not_supported((*path, "type"), sort, _TYPES)
    if openapi.get("additionalProperties") is False:
        yield forbidden(
            (*path, "additionalProperties"), "additionalProperties cannot be set to false"
        )
    if "properties" in openapi and isinstance(openapi.get("additionalProperties"), dict):
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden((*path, "additionalProperties"), detail)


def _extensions(openapi: Object, path: Path) -> _Causes:
    preserve = "x-kubernetes-preserve-unknown-fields"
    if openapi.get(preserve) is False:
        yield invalid((*path, preserve), False, "must be true or undefined")
    sort = openapi.get("type")
    if openapi.get("x-kubernetes-embedded-resource"):
        if not openapi.get("properties") and not openapi.get(preserve):
            detail = (
                "must not be empty if x-kubernetes-embedded-resource is true without "
                "x-kubernetes-preserve-unknown-fields"
            )
            yield required((*path, "properties"), detail)
        if sort != "object":
            detail = "must be object if x-kubernetes-embedded-resource is true"
            yield (
                invalid((*path, "type"), sort, detail)
                if sort
                else required((*path, "type"), detail)
            )
    map_type = openapi.get("x-kubernetes-map-type")
    if map_type is not None:
        if map_type not in _MAP_TYPES:
            yield not_supported((*path, "x-kubernetes-map-type"), map_type, _MAP_TYPES)
        if sort != "object":
            detail = "must be object if x-kubernetes-map-type is specified"
            yield invalid((*path, "type"), sort, detail)


def _list_extensions(openapi: Object, path: Path) -> _Causes:
    list_type = openapi.get("x-kubernetes-list-type")
    keys = openapi.get("x-kubernetes-list-map-keys") or []
    place = (*path, "x-kubernetes-list-type")
    if list_type is None:
        if keys:
            yield required(place, "must be map if x-kubernetes-list-map-keys is non-empty")
        return
    if list_type not in _LIST_TYPES:
        yield not_supported(place, list_type, _LIST_TYPES)
    if openapi.get("type") != "array":
        detail = "must be array if x-kubernetes-list-type is specified"
        yield invalid((*path, "type"), openapi.get("type"), detail)
        return
    if keys and list_type != "map":
        yield invalid(place, list_type, "must be map if x-kubernetes-list-map-keys is non-empty")
    items = openapi.get("items")
    if isinstance(items, dict):
        yield from _items_of(items, str(list_type), (*path, "items"))
        if list_type == "map":
            yield from _map_keys(items, keys, path)


def _items_of(items: Object, list_type: str, path: Path) -> _Causes:
    if list_type != "atomic" and items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        yield forbidden((*path, "nullable"), detail)
    if list_type != "set":
        return
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
        yield invalid((*path, "x-kubernetes-map-type"), items.get("x-kubernetes-map-type"), detail)
    elif items.get("type") == "array" and items.get("x-kubernetes-list-type") != "atomic":
        detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
        yield invalid(
            (*path, "x-kubernetes-list-type"), items.get("x-kubernetes-list-type"), detail
        )


def _map_keys(items: Object, keys: Value, path: Path) -> _Causes:
    place = (*path, "x-kubernetes-list-map-keys")
    sort = items.get("type")
    if sort != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid((*path, "items", "type"), sort, detail)
        return
    if not isinstance(keys, list) or not keys:
        yield required(place, "must not be empty if x-kubernetes-list-type is map")
        return
    named = [key for key in keys if isinstance(key, str)]
    if len(set(named)) != len(keys):
        yield invalid(place, keys, "must not contain duplicate entries")
    properties = _mapping(items.get("properties"))
    if any(key not in properties for key in named):
        yield invalid(place, keys, "entries must all be names of item properties")
    for key in sorted(set(named) & properties.keys()):
        where = (*path, "items", "properties", Key(key))
        described = _mapping(properties[key])
        if described.get("type") in ("object", "array"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid((*where, "type"), described["type"], detail)
        if "default" not in described and key not in (items.get("required") or ()):
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or "
                "be a required property"
            )
            yield required((*where, "default"), detail)


def _around_rule(said: Object, place: Path) -> _Causes:
    """Check what surrounds a rule."""
    if not str(said.get("rule") or "").strip():
        yield required((*place, "rule"), "rule is not specified")
    message = said.get("message")
    if isinstance(message, str) and "\n" in message:
        yield invalid((*place, "message"), message, "must not contain line breaks")
    if said.get("reason") not in (None, *_REASONS):
        yield not_supported((*place, "reason"), said["reason"], _REASONS)
    field = said.get("fieldPath")
    if isinstance(field, str) and not field.startswith((".", "[")):
        yield invalid((*place, "fieldPath"), field, "must be a valid path")
