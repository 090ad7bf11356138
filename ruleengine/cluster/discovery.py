"""Discovery: which kinds a server knows, read in one go or group by group.

Aggregated discovery is asked for first; a server that does not speak it answers the plain
lists, which are followed (the reference, Kubernetes API section 2).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ruleengine.apimachinery.kinds import KindInfo, KindTable
from ruleengine.apimachinery.remembering import ByIdentity
from ruleengine.cluster.errors import ApiError
from ruleengine.model.values import Object, lookup

ACCEPT: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
)
"""The Accept header of discovery: aggregated where it can be had."""

Fetch = Callable[[str], Object]
"""Gets the JSON object at a path of the server."""


def discover(fetch: Fetch) -> KindTable:
    """Return the kinds of a server. A group that cannot be read is left out.

    Raises ``ApiError`` where the lists of groups cannot be read at all.
    """
    return KindTable.of([*_group_list(fetch, "/api"), *_group_list(fetch, "/apis")])


def _group_list(fetch: Fetch, root: str) -> Iterator[KindInfo]:
    answer = fetch(root)
    if answer.get("kind") == "APIGroupDiscoveryList":
        yield from _AGGREGATED.of(answer, None)
        return
    for group_version in _versions(answer):
        path = f"{root}/{group_version}"
        try:
            listed = fetch(path)
        except ApiError:
            continue
        yield from _plain(group_version, listed.get("resources") or ())


def _versions(answer: Object) -> Iterator[str]:
    """Yield every group version of a plain list, the preferred one of a group last.

    Of two rows for one kind of one version the later counts, so order hardly matters.
    """
    if "groups" not in answer:
        yield from answer.get("versions") or ()
        return
    for group in answer["groups"] or ():
        for version in group.get("versions") or ():
            yield str(version["groupVersion"])


def _every_group(answer: Object, _: None) -> tuple[KindInfo, ...]:
    return tuple(info for group in answer.get("items") or () for info in _aggregated(group))


_AGGREGATED: Final = ByIdentity(_every_group, most=8)
"""An answer that was read before is the same value, and means the same kinds."""


def _aggregated(group: Object) -> Iterator[KindInfo]:
    name = str(lookup(group, "metadata", "name", default=""))
    for version in group.get("versions") or ():
        for row in version.get("resources") or ():
            kind = str(lookup(row, "responseKind", "kind", default=""))
            if not kind:
                continue
            yield _kind(
                name,
                str(version["version"]),
                row
                | {
                    "kind": kind,
                    "name": row["resource"],
                    "singularName": row.get("singularResource", ""),
                    "namespaced": row.get("scope") == "Namespaced",
                },
                [str(one["subresource"]) for one in row.get("subresources") or ()],
            )


def _plain(group_version: str, rows: Iterable[Object]) -> Iterator[KindInfo]:
    group, _, version = group_version.rpartition("/")
    rows = list(rows)
    subresources: dict[str, list[str]] = {}
    for row in rows:
        plural, slash, subresource = str(row["name"]).partition("/")
        if slash:
            subresources.setdefault(plural, []).append(subresource)
    for row in rows:
        if "/" not in str(row["name"]):
            yield _kind(group, version, row, subresources.get(str(row["name"]), ()))


def _kind(group: str, version: str, row: Object, subresources: Iterable[str]) -> KindInfo:
    kind = str(row["kind"])
    api_version = f"{group}/{version}" if group else version
    known = KindTable.built_in().find(api_version, kind)
    return KindInfo(
        group=group,
        version=version,
        kind=kind,
        plural=str(row["name"]),
        singular=str(row.get("singularName") or kind.lower()),
        namespaced=bool(row.get("namespaced")),
        short_names=tuple(row.get("shortNames") or ()),
        categories=tuple(row.get("categories") or ()),
        subresources=tuple(subresources),
        verbs=tuple(row.get("verbs") or ()),
        type_name=known.type_name if known else "",
    )
