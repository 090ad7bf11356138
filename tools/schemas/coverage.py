"""Lists the fields of the facts that the schemas lack: there must be none.

The facts are read as they are and walked beside the finished schemas, so that a field which the
generator drops on the way comes to light.
"""

import json
import posixpath
from pathlib import Path
from typing import Any

from tools.schemas.facts import Facts, element
from tools.schemas.kinds import ARGO_API_VERSION
from tools.schemas.primitives import ALIASES, PRIMITIVES


class Walker:
    """Walks types and schemas in step, each pair once."""

    def __init__(self, schemas: Path) -> None:
        self.facts = Facts(schemas)
        self.missing: list[str] = []
        self.fields = 0
        self._schemas = schemas
        self._files: dict[str, Any] = {}
        self._seen: set[tuple[str, str]] = set()

    def walk(self, type_name: str, entry: str, place: str) -> None:
        """Compare a type with the schema that an entry of the index names."""
        path, _, fragment = entry.partition("#")
        self._compare(type_name, path, self._at(path, fragment), place)

    def _compare(self, type_name: str, path: str, node: Any, place: str) -> None:
        while "$ref" in node:
            file, _, fragment = node["$ref"].partition("#")
            path = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
            )
            if (type_name, f"{path}#{fragment}") in self._seen:
                return
            self._seen.add((type_name, f"{path}#{fragment}"))
            node = self._at(path, fragment)
        properties = node.get("properties", {})
        for name, field in self.facts.fields(type_name).items():
            self.fields += 1
            if name not in properties:
                self.missing.append(f"{place}.{name}")
                continue
            self._below(field.type, path, properties[name], f"{place}.{name}")

    def _below(self, type_name: str, path: str, node: Any, place: str) -> None:
        inner = element(type_name)
        while type_name != inner or inner in ALIASES:
            if inner in ALIASES and type_name == inner:
                type_name = ALIASES[inner]
                inner = element(type_name)
                continue
            node = node.get("items" if type_name.startswith("[]") else "additionalProperties", {})
            type_name = type_name.removeprefix(
                "[]" if type_name.startswith("[]") else "map[string]"
            )
        if inner in self.facts and inner not in PRIMITIVES:
            self._compare(inner, path, node, place)

    def _at(self, path: str, fragment: str) -> Any:
        if path not in self._files:
            self._files[path] = json.loads((self._schemas / path).read_text())
        node = self._files[path]
        for step in fragment.strip("/").split("/"):
            node = node[step] if step else node
        return node


def missing_fields(schemas: Path) -> tuple[list[str], int]:
    """Return the fields that the schemas lack, and how many were looked at."""
    walker = Walker(schemas)
    index = json.loads((schemas / "index.json").read_text())["kinds"]
    roots = {
        f"{ARGO_API_VERSION}/{kind}": walker.facts.root_of(kind) for kind in walker.facts.kinds
    }
    for type_name, api_version in walker.facts.kubernetes_roots.items():
        roots[f"{api_version}/{type_name.rpartition('.')[2]}"] = type_name
    for name, type_name in roots.items():
        if name not in index:
            walker.missing.append(name)
            continue
        walker.walk(type_name, index[name], name.rpartition("/")[2])
    return walker.missing, walker.fields
