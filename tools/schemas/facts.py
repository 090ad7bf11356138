"""The facts of the types: which field has which type, with what the tables lack put right.

``schemas/kubernetes/types.json`` and ``schemas/argo/types.json`` are tables made from the
upstream sources; ``schemas/argo/corrections.yaml`` names the few types that they miss.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

AREAS = {
    "argoproj.io/cd": "environments",
    "argoproj.io/workflows": "pipelines",
    "argoproj.io/rollouts": "rollouts",
    "argoproj.io/events": "triggers",
}
"""The package of an Argo type, and the area (and folder of ``schemas/``) it belongs to."""

KUBERNETES = "kubernetes"
_NO_KINDS = ("meta/v1", "runtime")
"""Packages whose types the API uses on its own behalf: nobody keeps those in a repo."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type: its type as the tables write it, and the other facts."""

    type: str
    facts: dict[str, Any]

    @property
    def required(self) -> bool:
        """Whether the API server refuses an object without the field, going by the facts."""
        facts = self.facts
        return bool(facts.get("required") or not (facts.get("omitempty") or facts.get("optional")))

    @property
    def values(self) -> list[str]:
        """The closed set of values, without repetition; empty where any value will do."""
        return list(dict.fromkeys(self.facts.get("enum") or self.facts.get("values") or []))


def package(type_name: str) -> str:
    """Return the package of a type: ``core/v1`` of ``core/v1.Pod``."""
    return type_name.rpartition(".")[0]


def area_of(type_name: str) -> str:
    """Return the folder of ``schemas/`` that holds the definition of a type."""
    return AREAS.get(package(type_name), KUBERNETES)


def element(type_name: str) -> str:
    """Return the innermost type of lists and maps: ``string`` of ``map[string][]string``."""
    while True:
        if type_name.startswith("[]"):
            type_name = type_name[2:]
        elif type_name.startswith("map[string]"):
            type_name = type_name[len("map[string]") :]
        else:
            return type_name


class Facts:
    """Both tables with their corrections."""

    def __init__(self, schemas: Path) -> None:
        kubernetes = json.loads((schemas / "kubernetes" / "types.json").read_text())
        argo = json.loads((schemas / "argo" / "types.json").read_text())
        corrections = yaml.safe_load((schemas / "argo" / "corrections.yaml").read_text())
        self.groups: dict[str, str] = kubernetes["groups"]
        self.kinds: dict[str, dict[str, Any]] = argo["kinds"]
        self._types: dict[str, dict[str, Any]] = {
            **kubernetes["types"],
            **argo["types"],
            **{name: {"fields": fields} for name, fields in corrections["types"].items()},
        }
        self._inline: dict[str, list[str]] = corrections["inline"]
        self._added: dict[str, dict[str, Any]] = corrections["fields"]
        self._cache: dict[str, dict[str, Field]] = {}

    def __contains__(self, type_name: str) -> bool:
        """Tell whether a name is a type with fields."""
        return type_name in self._types

    def __iter__(self) -> Any:
        """Iterate over the names of all types."""
        return iter(self._types)

    def fields(self, type_name: str) -> dict[str, Field]:
        """Return the fields of a type by JSON name, those of inlined types included."""
        if type_name not in self._cache:
            self._cache[type_name] = self._collect(type_name)
        return self._cache[type_name]

    def _collect(self, type_name: str) -> dict[str, Field]:
        facts = self._types[type_name]
        written = [inline["type"] for inline in facts.get("inline", [])]
        found: dict[str, Field] = {}
        for inlined in self._inline.get(type_name, written):
            if inlined != "meta/v1.TypeMeta":
                found.update(self.fields(inlined))
        own = {**facts.get("fields", {}), **self._added.get(type_name, {})}
        found.update({name: Field(one["type"], one) for name, one in own.items()})
        return found

    @cached_property
    def kubernetes_roots(self) -> dict[str, str]:
        """The built-in kinds: type name to ``apiVersion``."""
        roots = {}
        for name, facts in self._types.items():
            if facts.get("root") and area_of(name) == KUBERNETES and package(name) not in _NO_KINDS:
                group, _, version = package(name).rpartition("/")
                server_group = self.groups.get(f"{group}/{version}", group)
                roots[name] = f"{server_group}/{version}" if server_group else version
        return roots

    def is_root(self, type_name: str) -> bool:
        """Tell whether objects of a type stand on their own, with ``apiVersion`` and ``kind``."""
        return bool(self._types[type_name].get("root"))

    def is_cluster_scoped(self, type_name: str) -> bool:
        """Tell whether objects of a kind live outside namespaces."""
        return bool(self._types[type_name].get("cluster"))

    def root_of(self, kind: str) -> str:
        """Return the type of an Argo kind."""
        return next(f"{prefix}.{kind}" for prefix in AREAS if f"{prefix}.{kind}" in self._types)
