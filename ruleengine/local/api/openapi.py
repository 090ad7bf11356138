"""OpenAPI v3 documents made from the table of types: what kubectl asks before it writes.

They tell the fields of every kind, how lists merge, and that server-side validation and
apply exist (reference, section 2, "OpenAPI"), with descriptions of what people write most.
"""

import hashlib
from functools import cache
from typing import Final

from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.apimachinery.schema import ListType, Scalar, Schema, Shape, schema_for
from ruleengine.formats import json_text
from ruleengine.local.api import bodies
from ruleengine.local.api.catalog import Catalog, Served
from ruleengine.local.api.descriptions import described, of_field, of_type
from ruleengine.model.values import Object, lookup

_PREFIX: Final = "io.k8s.api."
_SCALARS: Final[dict[Scalar, Object]] = {
    Scalar.STRING: {"type": "string"},
    Scalar.INTEGER: {"type": "integer", "format": "int64"},
    Scalar.NUMBER: {"type": "number", "format": "double"},
    Scalar.BOOLEAN: {"type": "boolean"},
    Scalar.BYTES: {"type": "string", "format": "byte"},
    Scalar.QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    Scalar.INT_OR_STRING: {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    Scalar.TIME: {"type": "string", "format": "date-time"},
    Scalar.ANY: {},
}
_QUERY: Final = ("dryRun", "fieldManager", "fieldValidation", "force")


def index(catalog: Catalog) -> Object:
    """Return the answer of ``/openapi/v3``: one document per group version, with its hash."""
    paths = {}
    for path in paths_of(catalog):
        found = document(catalog, path)
        digest = hashlib.sha256(json_text.dump_bytes(found)).hexdigest()[:32].upper()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def paths_of(catalog: Catalog) -> list[str]:
    """Return which documents there are."""
    return sorted({_path_of(info) for info in catalog.table().resources()})


def document(catalog: Catalog, path: str) -> Object | None:
    """Return the document of ``api/v1`` or ``apis/GROUP/VERSION``; ``None`` if unknown."""
    infos = [info for info in catalog.table().resources() if _path_of(info) == path]
    if not infos:
        return None
    if all(info.type_name for info in infos):
        return _built_in_document(tuple(infos))
    served = [catalog.find(info.group, info.version, info.plural) for info in infos]
    return _document([one for one in served if one is not None])


@cache
def _built_in_document(infos: tuple[KindInfo, ...]) -> Object:
    return _document([Served(one, schema_for(one.api_version, one.kind)) for one in infos])


def _path_of(info: KindInfo) -> str:
    return f"apis/{info.api_version}" if info.group else f"api/{info.api_version}"


def _document(served: list[Served]) -> Object:
    schemas: Object = {}
    paths: Object = {}
    for one in served:
        name = _component(one)
        _collect(one.schema, schemas)
        schemas[name] = _root(one, schemas)
        paths.update(_paths(one, name))
    return {
        "openapi": "3.0.0",
        "info": {"title": "ruleengine", "version": "v1.34.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _component(served: Served) -> str:
    info = served.info
    if info.type_name:
        return _name(info.type_name)
    return f"{'.'.join(reversed(info.group.split('.')))}.{info.version}.{info.kind}"


def _name(type_name: str) -> str:
    return _PREFIX + type_name.replace("/", ".")


def _group_version_kind(info: KindInfo) -> Object:
    return {"group": info.group, "version": info.version, "kind": info.kind}


def _root(served: Served, schemas: Object) -> Object:
    gvk = [_group_version_kind(served.info)]
    stated = lookup(served.definition, "schema", "openAPIV3Schema")
    if stated is not None:
        identity = schema_for("v1", "ConfigMap").fields
        metadata = identity["metadata"]
        _collect(metadata, schemas)
        properties = {
            **(stated.get("properties") or {}),
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": _node(metadata),
        }
        return {**stated, "properties": properties, "x-kubernetes-group-version-kind": gvk}
    return {**_struct(served.schema), "x-kubernetes-group-version-kind": gvk}


def _collect(schema: Schema, schemas: Object) -> None:
    """Add every type that a node reaches."""
    match schema.shape:
        case Shape.LIST | Shape.MAP:
            _collect(schema.element, schemas)
        case Shape.STRUCT:
            name = _name(schema.type_name)
            if name in schemas:
                return
            schemas[name] = {}
            schemas[name] = _struct(schema)
            for child in schema.fields.values():
                _collect(child, schemas)


def _struct(schema: Schema) -> Object:
    owner = schema.type_name
    properties = {
        name: described(_node(child), of_field(owner, name))
        for name, child in schema.fields.items()
    }
    required = sorted(name for name, child in schema.fields.items() if child.required)
    found: Object = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    if schema.atomic:
        found["x-kubernetes-map-type"] = "atomic"
    return described(found, of_type(owner))


def _node(schema: Schema) -> Object:
    found = _shape(schema)
    if schema.patch_strategy:
        found["x-kubernetes-patch-strategy"] = ",".join(sorted(schema.patch_strategy))
    if schema.merge_key:
        found["x-kubernetes-patch-merge-key"] = schema.merge_key
    return found


def _shape(schema: Schema) -> Object:
    match schema.shape:
        case Shape.SCALAR:
            found = dict(_SCALARS[schema.scalar])
            return {**found, "enum": list(schema.enum)} if schema.enum else found
        case Shape.LIST:
            found = {"type": "array", "items": _node(schema.element)}
            found["x-kubernetes-list-type"] = str(schema.list_type)
            if schema.list_type is ListType.MAP:
                found["x-kubernetes-list-map-keys"] = list(schema.keys)
            return found
        case Shape.MAP:
            found = {"type": "object", "additionalProperties": _node(schema.element)}
            return {**found, "x-kubernetes-map-type": "atomic"} if schema.atomic else found
        case Shape.STRUCT:
            return {"allOf": [{"$ref": f"#/components/schemas/{_name(schema.type_name)}"}]}
    return {"x-kubernetes-preserve-unknown-fields": True}


def _paths(served: Served, name: str) -> Object:
    info = served.info
    base = f"/{_path_of(info)}/"
    if info.namespaced:
        base += "namespaces/{namespace}/"
    collection = base + info.plural
    content = {bodies.JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    found: Object = {}
    found[collection] = {
        "get": _operation(info, "list", None),
        "post": _operation(info, "post", content),
    }
    found[collection + "/{name}"] = {
        "get": _operation(info, "get", None),
        "put": _operation(info, "put", content),
        "patch": _operation(info, "patch", _patches(served)),
        "delete": _operation(info, "delete", None),
    }
    return found


def _patches(served: Served) -> Object:
    kinds = [bodies.APPLY_PATCH, bodies.JSON_PATCH, bodies.MERGE_PATCH]
    if not served.custom:
        kinds.append(bodies.STRATEGIC_PATCH)
    return {kind: {"schema": {"type": "object"}} for kind in kinds}


def _operation(info: KindInfo, action: str, content: Object | None) -> Object:
    found: Object = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _group_version_kind(info),
        "responses": {"200": {"description": "OK"}},
    }
    if content is not None:
        found["requestBody"] = {"content": content}
        found["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in _QUERY
        ]
    return found
