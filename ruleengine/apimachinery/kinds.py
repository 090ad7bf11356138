"""The table of kinds: which kinds exist, under which names, and how they are scoped.

It answers what discovery answers, without a server: the built-in kinds, Argo's kinds from
the facts, and whatever the CustomResourceDefinitions of a server add.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

from ruleengine.apimachinery.builtin_kinds import READ_ONLY, ROWS, VIRTUAL, Row
from ruleengine.apimachinery.facts import facts
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup

ALL_VERBS: Final = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)
"""The verbs of a stored kind, as discovery lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """One kind of one group version.

    ``plural`` is the resource name in URLs. ``type_name`` names the type in the facts; it
    is empty for kinds that only a CustomResourceDefinition describes.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    type_name: str = ""

    @property
    def api_version(self) -> str:
        """``group/version``; the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def is_called(self, word: str) -> bool:
        """Tell whether a word means this kind to kubectl: ``deploy``, ``deployments.apps``."""
        names = (self.kind.lower(), self.plural, self.singular, *self.short_names)
        return word.lower() in (*names, f"{self.plural}.{self.group}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubresourceInfo:
    """What discovery says of a subresource: its own kind where it has one, and its verbs.

    An empty ``kind`` means the kind of the parent.
    """

    verbs: tuple[str, ...]
    kind: str = ""
    group: str = ""
    version: str = ""


SUBRESOURCES: Final[Mapping[str, SubresourceInfo]] = MappingProxyType(
    {
        "status": SubresourceInfo(verbs=("get", "patch", "update")),
        "scale": SubresourceInfo(
            verbs=("get", "patch", "update"), kind="Scale", group="autoscaling", version="v1"
        ),
        "log": SubresourceInfo(verbs=("get",)),
        "exec": SubresourceInfo(verbs=("create", "get"), kind="PodExecOptions", version="v1"),
        "attach": SubresourceInfo(verbs=("create", "get"), kind="PodAttachOptions", version="v1"),
        "portforward": SubresourceInfo(
            verbs=("create", "get"), kind="PodPortForwardOptions", version="v1"
        ),
        "binding": SubresourceInfo(verbs=("create",), kind="Binding", version="v1"),
        "eviction": SubresourceInfo(
            verbs=("create",), kind="Eviction", group="policy", version="v1"
        ),
        "ephemeralcontainers": SubresourceInfo(verbs=("get", "patch", "update")),
        "finalize": SubresourceInfo(verbs=("update",)),
        "token": SubresourceInfo(
            verbs=("create",), kind="TokenRequest", group="authentication.k8s.io", version="v1"
        ),
    }
)
"""Every subresource that a kind of the table may have."""


@dataclass(frozen=True, slots=True)
class KindTable:
    """An immutable set of kinds that can be asked by kind and by resource name."""

    _kinds: Mapping[tuple[str, str], KindInfo]
    _resources: Mapping[tuple[str, str, str], KindInfo] = field(repr=False)

    @classmethod
    def of(cls, kinds: Iterable[KindInfo]) -> "KindTable":
        """Return a table of ``kinds``; of two with one identity the later counts."""
        by_kind = {(one.api_version, one.kind): one for one in kinds}
        by_plural = {(one.group, one.version, one.plural): one for one in by_kind.values()}
        return cls(MappingProxyType(by_kind), MappingProxyType(by_plural))

    @classmethod
    def built_in(cls) -> "KindTable":
        """Return the kinds of Kubernetes itself that we serve (always the same table)."""
        return _built_in()

    def find(self, api_version: str, kind: str) -> KindInfo | None:
        """Return the kind that a document names, or ``None``."""
        return self._kinds.get((api_version, kind))

    def find_resource(self, group: str, version: str, plural: str) -> KindInfo | None:
        """Return the kind behind the resource name of a URL, or ``None``."""
        return self._resources.get((group, version, plural))

    def resources(self) -> tuple[KindInfo, ...]:
        """Return every kind, in a stable order."""
        return tuple(self._kinds.values())

    def with_kinds(self, kinds: Iterable[KindInfo]) -> "KindTable":
        """Return a table with ``kinds`` added; they replace kinds of the same identity."""
        return KindTable.of((*self.resources(), *kinds))

    def with_custom(self, crds: Iterable[Object]) -> "KindTable":
        """Return a table that also has the served versions of CustomResourceDefinitions."""
        return self.with_kinds(kind for crd in crds for kind in custom_kinds(crd))


@cache
def _built_in() -> KindTable:
    return KindTable.of(_built_in_kind(place, row) for place, rows in ROWS.items() for row in rows)


def _built_in_kind(place: tuple[str, str, str], row: Row) -> KindInfo:
    facts_group, group, version = place
    kind, namespaced, short_names, categories, subresources = row
    return KindInfo(
        group=group,
        version=version,
        kind=kind,
        plural=plural_of(kind),
        singular=kind.lower(),
        namespaced=namespaced,
        short_names=tuple(short_names.split()),
        categories=tuple(categories.split()),
        subresources=tuple(subresources.split()),
        verbs=_verbs(kind),
        type_name=f"{facts_group}.{kind}",
    )


def _verbs(kind: str) -> tuple[str, ...]:
    if kind in READ_ONLY:
        return ("get", "list")
    if kind == "Namespace":  # each is emptied before it goes
        return tuple(one for one in ALL_VERBS if one != "deletecollection")
    return ("create",) if kind in VIRTUAL else ALL_VERBS


def plural_of(kind: str) -> str:
    """Return the resource name that Kubernetes' own kinds have: ``Ingress`` → ``ingresses``."""
    singular = kind.lower()
    if singular == "endpoints":
        return singular
    if singular.endswith("s"):
        return singular + "es"
    if singular.endswith("y"):
        return singular[:-1] + "ies"
    return singular + "s"


def custom_kinds(crd: Object) -> tuple[KindInfo, ...]:
    """Return the kinds that a CustomResourceDefinition serves, one per served version."""
    group = lookup(crd, "spec", "group", default="")
    names = lookup(crd, "spec", "names", default={})
    kind = names.get("kind", "")
    return tuple(
        KindInfo(
            group=group,
            version=version["name"],
            kind=kind,
            plural=names.get("plural", ""),
            singular=names.get("singular") or kind.lower(),
            namespaced=lookup(crd, "spec", "scope") == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=tuple(version.get("subresources") or ()),
        )
        for version in lookup(crd, "spec", "versions", default=())
        if version.get("served")
    )


@cache
def argo_kinds() -> tuple[KindInfo, ...]:
    """Return the kinds of the Argo suite, so that scope and plural need no server."""
    group, _, version = ARGO_API_VERSION.partition("/")
    described = facts("argo")
    types = {name.rpartition(".")[2]: name for name in described["types"]}
    return tuple(
        KindInfo(
            group=group,
            version=version,
            kind=kind,
            plural=row["plural"],
            singular=kind.lower(),
            namespaced=row["scope"] == "Namespaced",
            short_names=tuple(row.get("shortNames", ())),
            subresources=tuple(row.get("subresources", ())),
            type_name=types.get(kind, ""),
        )
        for kind, row in described["kinds"].items()
    )
