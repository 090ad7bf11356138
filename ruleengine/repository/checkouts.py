"""Checks a revision of another repository out into a folder, as Argo's ``git`` artifacts ask for.

The folder is a repository with its working tree, so that a step can go on with Git in it.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.repository.clones import (
    Credentials,
    check_address,
    make_callbacks,
    shown_url,
    unreachable,
)

_EVERY_BRANCH: Final = "+refs/heads/*:refs/remotes/origin/*"
_EVERY_TAG: Final = "+refs/tags/*:refs/tags/*"
_ORIGIN: Final = "origin"
_START: Final = re.compile(r"[a-z]+://[^/]*|[^/:]+:")
"""What an address has before the path on its host."""

_DEEPEST: Final = 10
"""So deep submodules lie in one another, as Argo brings them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be checked out, in the words of Argo's ``git`` artifacts.

    ``depth`` is how many commits back the history goes, 0 for all of it. ``fetch`` are more
    references to fetch. ``trusting`` takes the server for who it says it is.
    """

    url: str
    revision: str = ""
    branch: str = ""
    depth: int = 0
    single_branch: bool = False
    fetch: Sequence[str] = ()
    submodules: bool = True
    trusting: bool = False


def check_out(wanted: Wanted, folder: Path, credentials: Credentials | None = None) -> None:
    """Check a revision out into a folder that does not exist.

    Raises ``UsageError`` for an address or a revision that is none, ``UnreachableError`` where
    the server does not answer or does not let us in.
    """
    import pygit2

    check_address(wanted.url)
    repository = pygit2.init_repository(str(folder))
    remote = repository.remotes.create(_ORIGIN, wanted.url)
    callbacks = make_callbacks(wanted.url, credentials, trusting=wanted.trusting)
    try:
        heads = remote.list_heads(callbacks=callbacks)
        callbacks = make_callbacks(wanted.url, credentials, trusting=wanted.trusting)
        branch = wanted.branch or _default_branch(heads)
        remote.fetch(_asked(wanted, branch), callbacks=callbacks, depth=wanted.depth)
    except (pygit2.GitError, KeyError, ValueError) as error:
        raise unreachable(wanted.url, str(error)) from error
    _switch(repository, wanted, branch)
    if wanted.submodules:
        _bring_submodules(repository, wanted.url, wanted, credentials)


def _default_branch(heads: Sequence[Any]) -> str:
    for head in heads:
        if head.name == "HEAD" and head.symref_target:
            return str(head.symref_target).removeprefix("refs/heads/")
    return "main"


def _asked(wanted: Wanted, branch: str) -> list[str]:
    branches = _EVERY_BRANCH
    if wanted.single_branch:
        branches = f"+refs/heads/{branch}:refs/remotes/{_ORIGIN}/{branch}"
    return [branches, _EVERY_TAG, *map(str, wanted.fetch)]


def _switch(repository: Any, wanted: Wanted, branch: str) -> None:
    """Put the working tree at the revision; a branch is checked out as a branch."""
    import pygit2
    from pygit2.enums import CheckoutStrategy

    revision = wanted.revision or branch
    name = revision.removeprefix("refs/heads/")
    tracked = repository.references.get(f"refs/remotes/{_ORIGIN}/{name}")
    try:
        found = repository.revparse_single(tracked.name if tracked else revision)
        commit = found.peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise UsageError(
            f"the repository has no revision {revision!r}",
            "name a branch, a tag or a commit; a small `depth` or `singleBranch` may hide it",
        ) from error
    if tracked:
        local = repository.branches.local.create(name, commit, force=True)
        repository.set_head(local.name)
    else:
        repository.set_head(commit.id)
    repository.checkout_tree(commit, strategy=CheckoutStrategy.FORCE)


def _bring_submodules(
    repository: Any, url: str, wanted: Wanted, credentials: Credentials | None, depth: int = 1
) -> None:
    """Check the submodules out at the commits that the revision names, and theirs in turn.

    ``url`` is that of the repository itself. The login is for its host and shown to no other.
    """
    import pygit2

    for path in repository.listall_submodules():
        module = repository.submodules[path]
        inner = _beside(url, module.url or "")
        check_address(inner)
        login = credentials if _host(inner) == _host(wanted.url) else None
        callbacks = make_callbacks(inner, login, trusting=wanted.trusting)
        try:
            repository.config[f"submodule.{module.name}.url"] = inner
            repository.submodules.update([path], init=True, callbacks=callbacks)
            opened = repository.submodules[path].open()
        except (pygit2.GitError, KeyError, ValueError) as error:
            raise UnreachableError(
                f"the submodule {path}: {unreachable(inner, str(error)).message}",
                "set `disableSubmodules`, or check its address and the credentials",
            ) from error
        if depth < _DEEPEST:
            _bring_submodules(opened, inner, wanted, credentials, depth + 1)


def _beside(url: str, stated: str) -> str:
    """Return the address of a submodule, which may be stated relative to its repository's.

    >>> _beside("git@example.com:team/app.git", "../library.git")
    'git@example.com:team/library.git'
    """
    if not stated.startswith(("./", "../")):
        return stated
    host = _START.match(url)
    start = host[0] if host else ""
    return start + posixpath.normpath(f"{url.removeprefix(start)}/{stated}")


def _host(url: str) -> str:
    host = _START.match(shown_url(url))
    return host[0] if host else ""
