"""Keeps what applications render to: rendered anew where a file of their source has changed.

The facts of a render (findings, definitions) are kept like those of a file, under the path
of the file that declares the application with ``//render/`` before it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ruleengine.model.names import ARGO_CLUSTER, ARGO_CLUSTER_SERVER
from ruleengine.model.values import Object, lookup
from ruleengine.validation.facts import FactRows, FileKey
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.references import normal_path

PREFIX = "//render/"

Render: TypeAlias = Callable[[FileKey, Sequence[Object]], FactRows]
"""Renders the applications of a file and returns what is learnt as facts of the key."""


def described(application: Object, line: int, repo: str = "") -> Object | None:
    """Return what a render needs of an application, ``None`` without a source in this repo.

    ``line`` is where its file declares it. ``repo`` is the URL that means this repo, besides an
    omitted one. A source at another revision than the one looked at is not among ``sources``.
    """
    spec = lookup(application, "spec", default={})
    sources = lookup(spec, "sources") or [lookup(spec, "source")]
    own = [one for one in sources if isinstance(one, dict) and _is_own(one, repo)]
    if not own:
        return None
    return {
        "name": lookup(application, "metadata", "name", default=""),
        "line": line,
        "namespace": str(lookup(spec, "destination", "namespace", default="")),
        "cluster": _cluster(spec),
        "sources": own,
    }


def _cluster(spec: Object) -> str:
    """Return how a destination names its cluster; an empty text for the one worked on."""
    server, name = (lookup(spec, "destination", one, default="") for one in ("server", "name"))
    name = str(server or name).rstrip("/")
    return "" if name in (ARGO_CLUSTER, ARGO_CLUSTER_SERVER) else name


def _is_own(source: Object, repo: str) -> bool:
    url, revision = source.get("repoURL"), source.get("targetRevision") or "HEAD"
    here = revision == "HEAD" and (not url or url == repo)
    return here and isinstance(source.get("path"), str) and not source.get("chart")


def source_folder(source: Object) -> str:
    """Return the folder of a source relative to the root; the root is an empty text."""
    return normal_path(str(source.get("path") or ""))


def update_renders(
    index: ValidationIndex,
    changed: Iterable[str],
    renewed: Iterable[str],
    context: str,
    render: Render,
) -> set[int]:
    """Bring the renders to the state of the files; return the entries that came and went.

    ``changed`` are the paths that differ from the last state, ``renewed`` the files with
    other facts than before.
    """
    folders = {""}
    for path in changed:
        parts = path.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    paths = sorted({*renewed, *index.rendered_from(folders)})
    applications = index.applications(paths)
    wanted = _wanted(index, applications, context)
    before = {
        name.removeprefix(PREFIX): entry
        for name, entry in index.files(f"{PREFIX}{path}" for path in paths).items()
    }
    gone = [path for path in before if path not in wanted]
    fresh = {path: one for path, one in wanted.items() if before.get(path) != one.number}
    numbers = {one.number: path for path, one in fresh.items()}
    for number in index.known_entries(numbers):
        del numbers[number]
    index.store(render(fresh[path].key, fresh[path].applications) for path in numbers.values())
    index.put_sources(
        {**dict.fromkeys(gone, ()), **{path: one.folders for path, one in fresh.items()}}
    )
    index.remove_files(f"{PREFIX}{path}" for path in gone)
    index.put_files((one.key.path, one.key.blob) for one in fresh.values())
    index.assign((one.number, one.key.path) for one in fresh.values())
    left = (before[path] for path in (*gone, *fresh) if path in before)
    return {one.number for one in fresh.values()} | {one for one in left if one is not None}


class _Wanted(NamedTuple):
    """What the applications of a file are to be rendered to: by which key, and from where."""

    key: FileKey
    number: int
    applications: Sequence[Object]
    folders: tuple[str, ...]


def _wanted(
    index: ValidationIndex, applications: Mapping[str, str], context: str
) -> dict[str, _Wanted]:
    below: dict[str, bytes] = {}
    found = {}
    for path, text in applications.items():
        several = json.loads(text)
        folders = sorted({source_folder(source) for one in several for source in one["sources"]})
        digest = hashlib.sha256(text.encode())
        for folder in folders:
            if folder not in below:
                rows = index.files_below(folder)
                below[folder] = "".join("\0".join(row[:2]) for row in rows).encode()
            digest.update(below[folder])
        key = FileKey(f"{PREFIX}{path}", digest.hexdigest(), context)
        found[path] = _Wanted(key, key.number, several, tuple(folders))
    return found
