"""Makes the schema of each kind, and the index that says where a document's schema lies."""

from typing import Any

from tools.schemas.constraints import Constraints
from tools.schemas.definitions import ALWAYS_TEMPLATED, BASE, DIALECT, OUTSIDE, Definitions, Mode
from tools.schemas.facts import KUBERNETES, Facts, package
from tools.schemas.primitives import FORM

ARGO_API_VERSION = "argoproj.io/v1alpha1"
_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_NAMED = [{"required": ["name"]}, {"required": ["generateName"]}]
_NAME_LIMIT = 253


def argo_kind(
    kind: str, facts: Facts, constraints: Constraints, definitions: Definitions
) -> tuple[str, dict[str, Any]]:
    """Return path below ``schemas/`` and schema of one Argo kind."""
    written = constraints.kinds[kind]
    area = written["area"]
    mode = Mode(templated=area == ALWAYS_TEMPLATED)
    schema = definitions.define(facts.root_of(kind), mode, OUTSIDE)
    properties = schema["properties"]
    properties["apiVersion"] = {
        "const": ARGO_API_VERSION,
        "description": f"Always {ARGO_API_VERSION}.",
    }
    properties["kind"] = {"const": kind, "description": f"Always {kind}."}
    properties["metadata"] = {**properties["metadata"], **_metadata(written)}
    required = {"apiVersion", "kind", "metadata", *schema.get("required", [])}
    path = f"{area}/{kind}.json"
    return path, {
        "$schema": DIALECT,
        "$id": f"{BASE}/{path}",
        "title": kind,
        "description": written["description"].strip(),
        **{key: value for key, value in schema.items() if key != "description"},
        "required": sorted(required),
    }


def _metadata(written: dict[str, Any]) -> dict[str, Any]:
    name = {
        "type": "string",
        "pattern": _SUBDOMAIN,
        FORM: "lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
        "maxLength": written.get("name_limit", _NAME_LIMIT),
        "description": "The name of the object, unique among its kind in its namespace.",
    }
    return {"anyOf": _NAMED, "properties": {"name": name}}


def kubernetes_kinds(facts: Facts, definitions: Definitions) -> dict[str, Any]:
    """Return the file that holds the entry of every built-in kind."""
    entries = {}
    for type_name, api_version in sorted(facts.kubernetes_roots.items()):
        kind = type_name.rpartition(".")[2]
        reference = definitions.reference(type_name, Mode(), KUBERNETES)["$ref"]
        entry: dict[str, Any] = {
            "$ref": f"definitions.json{reference}",
            "properties": {"apiVersion": {"const": api_version}, "kind": {"const": kind}},
            "required": ["apiVersion", "kind"],
        }
        metadata = facts.fields(type_name).get("metadata")
        if metadata and metadata.type == "meta/v1.ObjectMeta" and not kind.endswith("Review"):
            entry["properties"]["metadata"] = {"anyOf": _NAMED}
            entry["required"].append("metadata")
        entries[kubernetes_entry(type_name)] = entry
    return {
        "$schema": DIALECT,
        "$id": f"{BASE}/{KUBERNETES}/kinds.json",
        "description": "The built-in kinds of Kubernetes, made from types.json.",
        "$defs": entries,
    }


def kubernetes_entry(type_name: str) -> str:
    """Return the name of a built-in kind's entry in ``kubernetes/kinds.json``."""
    return f"{package(type_name).replace('/', '.')}.{type_name.rpartition('.')[2]}"
