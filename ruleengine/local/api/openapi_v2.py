"""The OpenAPI 2 document, made from those of version 3: one of all group versions.

Older tools read it as JSON, kubectl in protobuf: older ones whenever they write, newer ones
for a kind that they find nowhere else (reference, section 2). What version 2 cannot say
(``oneOf``) is left out.
"""

from typing import Final

from ruleengine.formats import json_text
from ruleengine.local.api import bodies, openapi
from ruleengine.local.api.catalog import Catalog
from ruleengine.local.api.tables import accepted
from ruleengine.model.http import HttpResponse
from ruleengine.model.values import Object, Value

_REFERENCES: Final = ("#/components/schemas/", "#/definitions/")
_WITHOUT: Final = frozenset({"oneOf", "anyOf", "not", "nullable"})


def answer(catalog: Catalog, accept: str) -> HttpResponse:
    """Answer ``/openapi/v2`` in the first form that is asked for. Raises ``ApiFailure`` 406."""
    from ruleengine.local.api import openapi_protobuf  # late, as few ask

    found = document(catalog)
    for media in accept.split(","):
        if media.strip().startswith(openapi_protobuf.MEDIA):
            headers = {"content-type": openapi_protobuf.CONTENT_TYPE}
            return HttpResponse(status=200, headers=headers, body=openapi_protobuf.encode(found))
        if media.strip().startswith(bodies.JSON):
            break
    accepted(accept)
    return HttpResponse(
        status=200, headers={"content-type": bodies.JSON}, body=json_text.dump_bytes(found)
    )


def document(catalog: Catalog) -> Object:
    """Return the document of all kinds."""
    definitions: Object = {}
    paths: Object = {}
    for path in openapi.paths_of(catalog):
        found = openapi.document(catalog, path) or {}
        definitions.update(_older(found["components"]["schemas"], names=True))
        for url, operations in found["paths"].items():
            paths[url] = {verb: _operation(one) for verb, one in operations.items()}
    return {
        "swagger": "2.0",
        "info": {"title": "ruleengine", "version": "v1.34.0"},
        "paths": paths,
        "definitions": definitions,
    }


def _older(value: Value, *, names: bool = False) -> Value:
    """Return a schema as version 2 says it; ``names`` where the keys are names of fields."""
    if isinstance(value, dict):
        found = {
            name: _older(one, names=name == "properties" and not names)
            for name, one in value.items()
            if names or name not in _WITHOUT
        }
        match found.get("allOf"):
            case [{"$ref": str()} as only] if not names:  # beside a description, for version 3
                return {**{name: one for name, one in found.items() if name != "allOf"}, **only}
        return found
    if isinstance(value, list):
        return [_older(one) for one in value]
    return value.replace(*_REFERENCES) if isinstance(value, str) else value


def _operation(stated: Object) -> Object:
    content = (stated.get("requestBody") or {}).get("content") or {}
    found = {name: one for name, one in stated.items() if name not in ("requestBody", "parameters")}
    found |= {"consumes": list(content) or ["*/*"], "produces": [bodies.JSON]}
    query = [
        {"name": one["name"], "in": "query", "type": "string"}
        for one in stated.get("parameters") or ()
    ]
    schemas = [one["schema"] for one in content.values()]
    body = [{"name": "body", "in": "body", "schema": _older(schemas[0])}] if schemas else []
    return {**found, "parameters": [*body, *query]}
