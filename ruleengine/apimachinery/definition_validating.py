"""Checks of CustomResourceDefinitions: names, versions, schemas, columns and subresources.

The words are the API's (reference, Kubernetes API section 8).
"""

from collections.abc import Callable, Iterator
from typing import Final

from ruleengine.apimachinery.causes import Cause, forbidden, invalid, not_supported, required
from ruleengine.apimachinery.custom_languages import Languages
from ruleengine.apimachinery.custom_structural import check_structural
from ruleengine.apimachinery.naming import check_dns_1035_label, check_dns_subdomain
from ruleengine.model.values import Object, Path, Value, equal, lookup

DEFINITION: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")

_SPEC: Final[Path] = ("spec",)
_NAMES: Final[Path] = ("spec", "names")
_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = (
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
)


def check_definition(value: Object) -> Iterator[Cause]:
    """Yield what is wrong with a definition apart from its schemas."""
    spec = value.get("spec") or {}
    names = spec.get("names") or {}
    name = lookup(value, "metadata", "name")
    if name != f"{names.get('plural', '')}.{spec.get('group', '')}":
        yield invalid(("metadata", "name"), name, 'must be spec.names.plural+"."+spec.group')
    yield from _named((*_SPEC, "group"), spec.get("group"), check_dns_subdomain)
    if not spec.get("scope"):
        yield required((*_SPEC, "scope"))
    elif spec["scope"] not in ("Cluster", "Namespaced"):
        yield not_supported((*_SPEC, "scope"), spec["scope"], ("Cluster", "Namespaced"))
    yield from _check_names(names)
    yield from _check_versions(spec.get("versions") or [])
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        yield invalid((*_SPEC, "preserveUnknownFields"), spec["preserveUnknownFields"], detail)
    yield from _check_conversion(spec.get("conversion") or {})


def _named(path: Path, name: Value, check: Callable[[str], str | None]) -> Iterator[Cause]:
    if not name:
        yield required(path)
        return
    problem = check(str(name))
    if problem:
        yield invalid(path, name, problem)


def _check_names(names: Object) -> Iterator[Cause]:
    yield from _named((*_NAMES, "plural"), names.get("plural"), check_dns_1035_label)
    if names.get("singular"):
        yield from _named((*_NAMES, "singular"), names["singular"], check_dns_1035_label)
    for field in ("kind", "listKind"):
        kind = names.get(field)
        if not kind:
            yield required((*_NAMES, field))
            continue
        problem = check_dns_1035_label(str(kind).lower())
        if problem:
            detail = f"may have mixed case, but should otherwise match: {problem}"
            yield invalid((*_NAMES, field), kind, detail)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        detail = "kind and listKind may not be the same"
        yield invalid((*_NAMES, "listKind"), names["listKind"], detail)
    for field in ("shortNames", "categories"):
        for number, name in enumerate(names.get(field) or ()):
            yield from _named((*_NAMES, field, number), name, check_dns_1035_label)


def _check_versions(versions: list[Object]) -> Iterator[Cause]:
    stated = [str(one.get("name", "")) for one in versions]
    if len(set(stated)) != len(stated):
        yield invalid((*_SPEC, "versions"), stated, "must contain unique version names")
    if sum(bool(one.get("storage")) for one in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        yield invalid((*_SPEC, "versions"), stated, detail)
    for number, version in enumerate(versions):
        place = (*_SPEC, "versions", number)
        yield from _named((*place, "name"), version.get("name"), check_dns_1035_label)
        if not lookup(version, "schema", "openAPIV3Schema"):
            yield required((*place, "schema", "openAPIV3Schema"), "schemas are required")
        for at, column in enumerate(version.get("additionalPrinterColumns") or ()):
            yield from _check_column(column, (*place, "additionalPrinterColumns", at))
        scale = lookup(version, "subresources", "scale")
        if isinstance(scale, dict):
            yield from _check_scale(scale, (*place, "subresources", "scale"))


def _check_column(column: Object, path: Path) -> Iterator[Cause]:
    for field in ("name", "jsonPath"):
        if not column.get(field):
            yield required((*path, field))
    sort, style = column.get("type"), column.get("format")
    if not sort:
        yield required((*path, "type"), f"must be one of {','.join(_COLUMN_TYPES)}")
    elif sort not in _COLUMN_TYPES:
        yield invalid((*path, "type"), sort, f"must be one of {','.join(_COLUMN_TYPES)}")
    if style and style not in _COLUMN_FORMATS:
        yield invalid((*path, "format"), style, f"must be one of {','.join(_COLUMN_FORMATS)}")


def _check_scale(scale: Object, path: Path) -> Iterator[Cause]:
    fields = {
        "specReplicasPath": (".spec.",),
        "statusReplicasPath": (".status.",),
        "labelSelectorPath": (".spec.", ".status."),
    }
    for field, beginnings in fields.items():
        stated = scale.get(field)
        if not stated:
            if field != "labelSelectorPath":
                yield required((*path, field))
        elif not str(stated).startswith("."):
            yield invalid((*path, field), stated, "must be a simple json path starting with .")
        elif not str(stated).startswith(beginnings):
            wanted = " or ".join(one.rstrip(".") for one in beginnings)
            either = "either " if len(beginnings) > 1 else ""
            detail = f"should be a json path under {either}{wanted}"
            yield invalid((*path, field), stated, detail)


def _check_conversion(conversion: Object) -> Iterator[Cause]:
    place = (*_SPEC, "conversion")
    strategy = conversion.get("strategy", "None")
    webhook = conversion.get("webhook")
    if strategy not in ("None", "Webhook"):
        yield not_supported((*place, "strategy"), strategy, ("None", "Webhook"))
    elif strategy == "Webhook":
        if not lookup(webhook, "clientConfig"):
            detail = "required when strategy is set to Webhook"
            yield required((*place, "webhookClientConfig"), detail)
        if not lookup(webhook, "conversionReviewVersions"):
            yield required((*place, "conversionReviewVersions"))
    elif webhook is not None:
        detail = "should not be set when strategy is not set to Webhook"
        yield forbidden((*place, "webhookClientConfig"), detail)


def check_schemas(value: Object, languages: Languages) -> Iterator[Cause]:
    """Yield what is wrong with the schemas of a definition.

    A schema that all versions share is named as one.
    """
    versions = lookup(value, "spec", "versions", default=[])
    schemas = [lookup(one, "schema", "openAPIV3Schema", default={}) for one in versions]
    if schemas and all(equal(one, schemas[0]) for one in schemas):
        schemas = schemas[:1]
        places: list[Path] = [(*_SPEC, "validation", "openAPIV3Schema")]
    else:
        places = [
            (*_SPEC, "versions", number, "schema", "openAPIV3Schema")
            for number in range(len(schemas))
        ]
    for schema, place in zip(schemas, places, strict=True):
        if isinstance(schema, dict) and schema:
            yield from check_structural(schema, place, languages)
