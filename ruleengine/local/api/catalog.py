"""Which kinds the server serves at this moment, with schemas and where they are stored.

Custom kinds follow from the stored CustomResourceDefinitions. What is made of them is kept
until one of the definitions changes.
"""

import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from ruleengine.apimachinery.kinds import KindInfo, KindTable
from ruleengine.apimachinery.schema import Schema, schema_for, schema_from_openapi
from ruleengine.formats import json_text
from ruleengine.local.api.views import STORED_AS
from ruleengine.local.store import Key, Store
from ruleengine.model.values import Object, lookup

DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"
_RULES: Final = b"x-kubernetes-validations"

_WITH_GENERATION: Final = frozenset(
    {
        "CronJob",
        "CustomResourceDefinition",
        "DaemonSet",
        "Deployment",
        "EndpointSlice",
        "Ingress",
        "IngressClass",
        "Job",
        "MutatingWebhookConfiguration",
        "NetworkPolicy",
        "Pod",
        "PodDisruptionBudget",
        "PriorityClass",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)


@dataclass(frozen=True)
class Served:
    """One kind as it is served. ``definition`` is the version of a CRD, else ``None``.

    ``versions`` are the API versions in which the kind is served. ``has_rules`` tells whether its
    definition has any ``x-kubernetes-validations``. What follows from these is found once: each
    write asks for it a dozen times.
    """

    info: KindInfo
    schema: Schema
    definition: Object | None = None
    versions: frozenset[str] | None = None
    has_rules: bool = False

    @cached_property
    def resource(self) -> str:
        """Under which resource its objects are stored."""
        name = f"{self.info.plural}.{self.info.group}" if self.info.group else self.info.plural
        return STORED_AS.get(name, name)

    @cached_property
    def custom(self) -> bool:
        """Whether a CustomResourceDefinition describes it."""
        return self.definition is not None

    @cached_property
    def openapi(self) -> Object | None:
        """The schema of objects of a custom kind; ``None`` for built-in kinds."""
        if self.definition is None:
            return None
        found: Object = lookup(self.definition, "schema", "openAPIV3Schema", default={})
        return found

    @cached_property
    def has_status(self) -> bool:
        """Whether ``/status`` is a subresource."""
        return "status" in self.info.subresources

    @cached_property
    def has_generation(self) -> bool:
        """Whether changes of the specification are counted."""
        return self.custom or self.info.kind in _WITH_GENERATION

    def key(self, namespace: str, name: str) -> Key:
        """Return where an object of the kind is stored."""
        return Key(self.resource, namespace if self.info.namespaced else "", name)


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What is served, and of that what was asked for, by identity and by place in a URL."""

    fingerprint: tuple[str, ...]
    table: KindTable
    versions: dict[tuple[str, str], Object]
    served: dict[tuple[str, str], Served] = field(default_factory=dict)
    found: dict[tuple[str, str, str], Served] = field(default_factory=dict)


class Catalog:
    """Answers from the built-in kinds and the definitions in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kinds = _Kinds((), KindTable.built_in(), {})
        self._checked = -1

    def table(self) -> KindTable:
        """Return every kind that is served."""
        return self._current().table

    def find(self, group: str, version: str, plural: str) -> Served | None:
        """Return the kind behind the resource name of a URL, or ``None``."""
        kinds, place = self._current(), (group, version, plural)
        found = kinds.found.get(place)
        if found is None:
            info = kinds.table.find_resource(*place)
            if info is None:
                return None
            found = kinds.found[place] = _served(kinds, info)
        return found

    def kind(self, api_version: str, kind: str) -> Served | None:
        """Return a kind by the identity that objects state, or ``None``."""
        kinds = self._current()
        info = kinds.table.find(api_version, kind)
        return _served(kinds, info) if info else None

    def stored(self) -> tuple[Served, ...]:
        """Return one served version of every stored resource."""
        found: dict[str, Served] = {}
        kinds = self._current()
        for info in kinds.table.resources():
            if "list" in info.verbs:
                served = _served(kinds, info)
                found.setdefault(served.resource, served)
        return tuple(found.values())

    def _current(self) -> _Kinds:
        if self._store.last_write(DEFINITIONS) <= self._checked:
            return self._kinds
        with self._lock:
            revision = self._store.revision
            crds = [one for one in self._store.list(DEFINITIONS).items if _has_its_names(one)]
            fingerprint = tuple(str(crd["metadata"]["resourceVersion"]) for crd in crds)
            if fingerprint != self._kinds.fingerprint:
                self._kinds = _with_definitions(crds, fingerprint)
            self._checked = revision
            return self._kinds


def _served(kinds: _Kinds, info: KindInfo) -> Served:
    place = (info.api_version, info.kind)
    found = kinds.served.get(place)
    if found is None:
        found = _make(info, kinds.versions.get(place))
        group_kind = (info.group, info.kind)
        versions = frozenset(
            one.api_version
            for one in kinds.table.resources()
            if (one.group, one.kind) == group_kind
        )
        found = replace(found, versions=versions)
        kinds.served[place] = found
    return found


def _has_its_names(crd: Object) -> bool:
    """Tell whether a definition is served: from the start, unless its names are another's.

    Whoever writes to its status may leave anything out, and all kinds are read through here.
    """
    conditions = {
        one.get("type"): one.get("status")
        for one in lookup(crd, "status", "conditions", default=())
    }
    return bool(conditions.get("Established", conditions.get("NamesAccepted", "True")) == "True")


def _with_definitions(crds: list[Object], fingerprint: tuple[str, ...]) -> _Kinds:
    versions: dict[tuple[str, str], Object] = {}
    for crd in crds:
        group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
        for version in crd["spec"]["versions"]:
            versions[(f"{group}/{version['name']}", kind)] = version
    table = KindTable.built_in().with_custom(crds)
    return _Kinds(fingerprint, table, versions)


def _make(info: KindInfo, version: Object | None) -> Served:
    if version is None:
        return Served(info, schema_for(info.api_version, info.kind))
    has_status = "status" in (version.get("subresources") or {})
    openapi = lookup(version, "schema", "openAPIV3Schema")
    subresources = tuple(version.get("subresources") or ())
    return Served(
        replace(info, subresources=subresources),
        schema_from_openapi(openapi, has_status=has_status),
        version,
        has_rules=_RULES in json_text.dump_bytes(openapi),
    )
