"""Keeps what applications render to: rendered anew where a file of their source has changed.

The facts of a render (findings, definitions) are kept like those of a file, under the path
of the file that declares the application with ``//render/`` before it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ruleengine.model.values import Object, lookup
from ruleengine.validation.facts import FactRows, FileKey
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.references import normal_path

PREFIX = "//render/"

Render: TypeAlias = Callable[[FileKey, Sequence[Object]], FactRows]
"""Renders the applications of a file and returns what is learnt as facts of the key."""


def described(application: Object, repo: str = "") -> Object | None:
    """Return what a render needs of an application, ``None`` without a source in this repo.

    ``repo`` is the URL that means this repo, besides an omitted one. A source at another
    revision than the one that is looked at is not among ``sources``.
    """
    spec = lookup(application, "spec", default={})
    sources = lookup(spec, "sources") or [lookup(spec, "source")]
    own = [one for one in sources if isinstance(one, dict) and _is_own(one, repo)]
    if not own:
        return None
    return {
        "name": lookup(application, "metadata", "name", default=""),
        "namespace": lookup(spec, "destination", "namespace", default=""),
        "sources": own,
    }


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
    touched: set[int] = set()
    for path in sorted({*renewed, *index.rendered_from(folders)}):
        touched |= _update_render(index, path, context, render)
    return touched


def _update_render(index: ValidationIndex, path: str, context: str, render: Render) -> set[int]:
    name = f"{PREFIX}{path}"
    before = index.file(name)
    touched = {before[1]} if before and before[1] is not None else set()
    text = index.applications(path)
    if not text:
        if before:
            index.put_sources(path, ())
            index.remove_files([name])
        return touched
    applications = json.loads(text)
    folders = sorted({source_folder(source) for one in applications for source in one["sources"]})
    digest = hashlib.sha256(text.encode())
    for folder in folders:
        for row in index.files_below(folder):
            digest.update("\0".join(row[:2]).encode())
    key = FileKey(name, digest.hexdigest(), context)
    if before and before[1] == key.number:
        return set()
    if not index.known_entries([key.number]):
        index.store([render(key, applications)])
    index.put_sources(path, folders)
    index.put_files([(name, key.blob)])
    index.assign([(key.number, name)])
    return touched | {key.number}
