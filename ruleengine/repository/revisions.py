"""Commits through libgit2: revisions by name, their trees, their blobs.

For everything long-running: a repository stays open, and a blob or a branch is looked up
in microseconds. Importing this module loads libgit2, so import it where it is used.
"""

import difflib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pygit2

from ruleengine.model.errors import UsageError
from ruleengine.model.trees import Entry
from ruleengine.repository.blobs import LazyMapping
from ruleengine.repository.entries import sort_entries
from ruleengine.repository.git import refusal


class RevisionTree:
    """A :class:`ruleengine.model.trees.Tree` of one commit."""

    dirty = False

    def __init__(self, repository: Any, commit: Any, prefix: str) -> None:
        self._repository = repository
        self.revision = str(commit.id)
        folder = _folder(commit.tree, prefix.rstrip("/"))
        self._blobs, findings = sort_entries(_walk(folder) if folder is not None else ())
        self.findings = tuple(findings)

    @cached_property
    def _entries(self) -> LazyMapping[Entry]:
        return LazyMapping(
            self._blobs, lambda path: Entry(self._blobs[path], self._blob(path).size)
        )

    def blobs(self) -> Mapping[str, str]:
        """Return the blob id of every file by path, without looking at sizes."""
        return self._blobs

    def files(self) -> Mapping[str, Entry]:
        """Return every regular file by path, in the order of the paths."""
        return self._entries

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises ``KeyError`` for a path that is not there."""
        data: bytes = self._blob(path).data
        return data

    def _blob(self, path: str) -> Any:
        return self._repository[self._blobs[path]]


class Repository:
    """An open Git repository, with a working tree or bare.

    Raises ``UsageError`` where ``folder`` is none that libgit2 can open.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._repository = pygit2.Repository(str(folder))
        except (pygit2.GitError, KeyError) as error:
            raise refusal(
                str(error).replace("not owned by current user", "dubious ownership"), folder
            ) from error
        self._folder = folder

    def tree(self, revision: str, prefix: str = "") -> RevisionTree:
        """Return the tree of a commit, branch or tag; of one folder of it with ``prefix``.

        Raises ``UsageError`` where there is no commit yet, or no such revision.
        """
        return RevisionTree(self._repository, self._commit(revision), prefix)

    def resolve(self, revision: str) -> str:
        """Return the commit id that a name stands for. Raises ``UsageError`` as :meth:`tree`."""
        return str(self._commit(revision).id)

    def references(self) -> dict[str, str]:
        """Return the commit id of every branch and tag by its full name."""
        found: dict[str, str] = {}
        for name in self._repository.references:
            try:
                commit = self._repository.references[name].peel(pygit2.Commit)
            except (pygit2.GitError, KeyError, ValueError):
                continue
            found[name] = str(commit.id)
        return found

    def _commit(self, revision: str) -> Any:
        try:
            return self._repository.revparse_single(revision).peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise self._unknown(revision) from error

    def _unknown(self, revision: str) -> UsageError:
        if self._repository.is_empty or not self.references():
            return UsageError(
                f"{self._folder} has no commit yet, so there is no revision {revision!r}",
                "commit something first, or leave out the option that names a revision",
            )
        names = [name.split("/", 2)[-1] for name in self.references()]
        close = difflib.get_close_matches(revision, names, n=1)
        if close:
            remedy = f"did you mean {close[0]}?"
        elif self._repository.is_shallow:
            remedy = "this clone is shallow: `git fetch --unshallow` brings what is older"
        else:
            remedy = (
                "name a commit, branch or tag that `git log` knows; fetch it if it is elsewhere"
            )
        return UsageError(f"there is no revision {revision!r} in this repository", remedy)


def _folder(tree: Any, path: str) -> Any | None:
    if not path:
        return tree
    found = tree[path] if path in tree else None  # noqa: SIM401 - a pygit2 tree has no get
    return found if isinstance(found, pygit2.Tree) else None


def _walk(folder: Any) -> list[tuple[str, str, str]]:
    """Return mode, blob id and path of everything below a folder, sorted by path."""
    entries: list[tuple[str, str, str]] = []
    waiting = [("", folder)]
    while waiting:
        prefix, tree = waiting.pop()
        for one in tree:
            path = f"{prefix}{one.raw_name.decode('utf-8', 'surrogateescape')}"
            if one.filemode == pygit2.enums.FileMode.TREE:
                waiting.append((f"{path}/", one))
            else:
                entries.append((f"{int(one.filemode):o}", str(one.id), path))
    return sorted(entries, key=lambda one: one[2])
