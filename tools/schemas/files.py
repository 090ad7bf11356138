"""The whole of what is generated below ``schemas/``, as text by path."""

import json
from pathlib import Path
from typing import Any

from tools.schemas import constraints as written
from tools.schemas import crds, kinds, marks, short_forms
from tools.schemas.definitions import BASE, DIALECT, Definitions
from tools.schemas.facts import Facts

_WIDTH = 100


def generate(schemas: Path) -> dict[str, str]:
    """Return every generated file by its path below ``schemas``."""
    facts = Facts(schemas)
    constraints = written.load(schemas / "constraints", facts)
    definitions = Definitions(facts, constraints)
    found: dict[str, Any] = {}
    index: dict[str, dict[str, str]] = {"kinds": {}, "short": {}, "files": {}}
    for kind in sorted(constraints.kinds):
        path, schema = kinds.argo_kind(kind, facts, constraints, definitions)
        found[path] = schema
        index["kinds"][f"{kinds.ARGO_API_VERSION}/{kind}"] = path
    found["kubernetes/kinds.json"] = kinds.kubernetes_kinds(facts, definitions)
    for type_name, api_version in sorted(facts.kubernetes_roots.items()):
        kind = type_name.rpartition(".")[2]
        entry = f"kubernetes/kinds.json#/$defs/{kinds.kubernetes_entry(type_name)}"
        index["kinds"][f"{api_version}/{kind}"] = entry
    for names, path, schema in short_forms.make(schemas, facts, definitions):
        found[path] = schema
        for section, name in names:
            index[section][name] = path
    found.update(_definitions(definitions))
    found["marks.json"] = _marks(found, index)
    found["index.json"] = index
    texts = {path: dump(content) for path, content in found.items()}
    texts.update(crds.generate(facts))
    return texts


def _marks(found: dict[str, Any], index: dict[str, dict[str, str]]) -> dict[str, Any]:
    finder = marks.Marks(found)
    paths = sorted({path for section in index.values() for path in section.values()} & set(found))
    return {path: below for path in paths if (below := finder.of(path, found[path])) is not None}


def _definitions(definitions: Definitions) -> dict[str, Any]:
    by_area: dict[str, dict[str, Any]] = {}
    for area, name, schema in definitions.pending():
        by_area.setdefault(area, {})[name] = schema
    return {
        f"{area}/definitions.json": {
            "$schema": DIALECT,
            "$id": f"{BASE}/{area}/definitions.json",
            "description": f"The types that the schemas of {area} share; generated.",
            "$defs": dict(sorted(types.items())),
        }
        for area, types in by_area.items()
    }


def dump(value: Any, indent: int = 0) -> str:
    """Return JSON that people can read: what fits on one line stays on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat + ("" if indent else "\n")
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key)}: {dump(one, indent + 1).strip()}" for key, one in value.items()
        ]
        opening, closing = "{", "}"
    else:
        parts = [dump(one, indent + 1).strip() for one in value]
        opening, closing = "[", "]"
    body = f",\n{pad}".join(parts)
    text = f"{opening}\n{pad}{body}\n{' ' * indent}{closing}"
    return text if indent else text + "\n"
