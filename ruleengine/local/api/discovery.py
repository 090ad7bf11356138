"""Discovery: which groups, versions and resources there are, plain and aggregated."""

import re
from collections import defaultdict
from typing import Final

from ruleengine.apimachinery.kinds import SUBRESOURCES, KindInfo, KindTable
from ruleengine.model.values import Object

VERSION: Final[Object] = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0+ruleengine",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "python",
    "platform": "linux/amd64",
}
"""What ``/version`` says; the suffix tells that this is not Kubernetes itself."""

AGGREGATED: Final = "apidiscovery.k8s.io"
_VERSION: Final = re.compile("v([1-9][0-9]{0,9})(?:(alpha|beta)([1-9][0-9]{0,9}))?")
_SORTS: Final = ("", "beta", "alpha")


def core_versions() -> Object:
    """Return the answer of ``/api``."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(table: KindTable) -> Object:
    """Return the answer of ``/apis``."""
    groups = [_group(name, versions) for name, versions in _groups(table).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(table: KindTable, name: str) -> Object | None:
    """Return the answer of ``/apis/GROUP``, ``None`` for an unknown group."""
    versions = _groups(table).get(name)
    if not name or versions is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def resource_list(table: KindTable, group_name: str, version: str) -> Object | None:
    """Return the resources of one group version, ``None`` for an unknown one."""
    infos = _groups(table).get(group_name, {}).get(version)
    if infos is None:
        return None
    rows = [row for info in infos for row in (_row(info), *_subresource_rows(info))]
    name = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": rows}


def aggregated(table: KindTable, version: str, *, core: bool) -> Object:
    """Return aggregated discovery of the core group or of all others."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {},
            "versions": [
                {
                    "version": one,
                    "freshness": "Current",
                    "resources": [_aggregated_row(info) for info in infos],
                }
                for one, infos in versions.items()
            ],
        }
        for name, versions in _groups(table).items()
        if bool(name) is not core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{AGGREGATED}/{version}",
        "metadata": {},
        "items": items,
    }


def group_versions(table: KindTable) -> dict[str, list[str]]:
    """Return every group with its versions, the preferred one first."""
    return {name: list(versions) for name, versions in _groups(table).items()}


def _groups(table: KindTable) -> dict[str, dict[str, list[KindInfo]]]:
    found: dict[str, dict[str, list[KindInfo]]] = defaultdict(lambda: defaultdict(list))
    for info in table.resources():
        found[info.group][info.version].append(info)
    return {
        name: {one: versions[one] for one in sorted(versions, key=_preference)}
        for name, versions in found.items()
    }


def _preference(version: str) -> tuple[object, ...]:
    """Order versions as API servers do: stable ones first, and of a sort the highest."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (len(_SORTS), 0, 0, version)
    major, sort, minor = found.groups(default="")
    return (_SORTS.index(sort), -int(major), -int(minor or 0), "")


def _group(name: str, versions: dict[str, list[KindInfo]]) -> Object:
    listed = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _row(info: KindInfo) -> Object:
    row: Object = {
        "name": info.plural,
        "singularName": info.singular,
        "namespaced": info.namespaced,
        "kind": info.kind,
        "verbs": list(info.verbs),
    }
    if info.short_names:
        row["shortNames"] = list(info.short_names)
    if info.categories:
        row["categories"] = list(info.categories)
    return row


def _subresource_rows(info: KindInfo) -> list[Object]:
    rows = []
    for name in info.subresources:
        known = SUBRESOURCES[name]
        row: Object = {
            "name": f"{info.plural}/{name}",
            "singularName": "",
            "namespaced": info.namespaced,
            "kind": known.kind or info.kind,
            "verbs": list(known.verbs),
        }
        if known.kind:
            row |= {"group": known.group, "version": known.version}
        rows.append(row)
    return rows


def _aggregated_row(info: KindInfo) -> Object:
    row: Object = {
        "resource": info.plural,
        "responseKind": {"group": info.group, "version": info.version, "kind": info.kind},
        "scope": "Namespaced" if info.namespaced else "Cluster",
        "singularResource": info.singular,
        "verbs": list(info.verbs),
    }
    if info.short_names:
        row["shortNames"] = list(info.short_names)
    if info.categories:
        row["categories"] = list(info.categories)
    subresources = [
        {
            "subresource": name,
            "responseKind": {
                "group": SUBRESOURCES[name].group if SUBRESOURCES[name].kind else info.group,
                "version": SUBRESOURCES[name].version or info.version,
                "kind": SUBRESOURCES[name].kind or info.kind,
            },
            "verbs": list(SUBRESOURCES[name].verbs),
        }
        for name in info.subresources
    ]
    if subresources:
        row["subresources"] = subresources
    return row
