"""Revisions of other repositories, checked out as Argo's ``git`` artifacts ask for."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.model.secrets import Secret
from ruleengine.repository.checkouts import Wanted, check_out
from ruleengine.repository.clones import Login
from tests.repository.conftest import Repo
from tests.repository.servers import served, ssh_server

LOGIN = Login(username="me", password=Secret("hunter2"))


def git(folder: Path, *arguments: str) -> str:
    """Return what git says of a folder."""
    done = subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def history(repo: Repo) -> Repo:
    """Return a repository with two commits, a tag, and a branch with another one."""
    repo.commit({"file": "1\n"})
    repo.git("tag", "v1")
    repo.commit({"file": "2\n"})
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"file": "3\n"})
    repo.git("checkout", "-q", "main")
    return repo


REVISIONS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "2\n", "main"),
    ({"branch": "other"}, "3\n", "other"),
    ({"revision": "other"}, "3\n", "other"),
    ({"revision": "refs/heads/other"}, "3\n", "other"),
    ({"revision": "v1"}, "1\n", ""),
    ({"branch": "other", "single_branch": True}, "3\n", "other"),
]


@pytest.mark.parametrize(("wanted", "text", "branch"), REVISIONS)
def test_a_revision_is_a_branch_a_tag_or_a_commit(
    history: Repo, tmp_path: Path, wanted: dict[str, Any], text: str, branch: str
) -> None:
    """The default branch where none is named; a step can go on with Git in it."""
    folder = tmp_path / "out"
    check_out(Wanted(url=history.folder.as_uri(), **wanted), folder)
    assert (folder / "file").read_text() == text
    assert git(folder, "branch", "--show-current") == branch
    assert git(folder, "status", "--porcelain") == ""


def test_a_commit_is_found_by_its_id(history: Repo, tmp_path: Path) -> None:
    """Also by a part of it."""
    commit = git(history.folder, "rev-parse", "main~1")
    check_out(Wanted(url=history.folder.as_uri(), revision=commit[:10]), tmp_path / "out")
    assert git(tmp_path / "out", "rev-parse", "HEAD") == commit


def test_one_branch_alone_is_fetched_where_that_is_asked(history: Repo, tmp_path: Path) -> None:
    """Others are there otherwise."""
    for single, expected in ((True, ["origin/main"]), (False, ["origin/main", "origin/other"])):
        folder = tmp_path / str(single)
        check_out(Wanted(url=history.folder.as_uri(), single_branch=single), folder)
        assert git(folder, "branch", "-r", "--format=%(refname:short)").split() == expected


def test_history_goes_back_as_far_as_is_asked(history: Repo, tmp_path: Path) -> None:
    """Over HTTP, behind a login."""
    with served(history.folder) as url:
        wanted = Wanted(url=url, depth=1, single_branch=True)
        check_out(wanted, tmp_path / "out", lambda _: LOGIN)
    assert git(tmp_path / "out", "rev-list", "--count", "HEAD") == "1"


def test_more_references_are_fetched_where_they_are_named(history: Repo, tmp_path: Path) -> None:
    """Such as those of pull requests."""
    history.git("update-ref", "refs/pull/1/head", "other")
    wanted = Wanted(
        url=history.folder.as_uri(),
        fetch=("refs/pull/*:refs/pull/*",),
        revision="refs/pull/1/head",
    )
    check_out(wanted, tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "3\n"


def test_submodules_come_along_unless_that_is_disabled(history: Repo, tmp_path: Path) -> None:
    """At the commit that the revision names."""
    allowed = ("-c", "protocol.file.allow=always")
    history.git(*allowed, "submodule", "add", "-q", history.folder.as_uri(), "inner")
    history.git("commit", "-q", "-m", "inner")
    for submodules in (True, False):
        folder = tmp_path / str(submodules)
        check_out(Wanted(url=history.folder.as_uri(), submodules=submodules), folder)
        assert (folder / "inner" / "file").exists() is submodules


def test_submodules_may_lie_beside_their_repository_and_in_one_another(
    history: Repo, tmp_path: Path
) -> None:
    """Their address is then relative to that of the repository which names them."""
    allowed = ("-c", "protocol.file.allow=always")
    for outer, inner in (("middle", history.folder.name), ("outer", "middle")):
        folder = history.folder.parent / outer
        git(history.folder.parent, "clone", "-q", str(history.folder), outer)
        git(folder, "remote", "set-url", "origin", folder.as_uri())
        git(folder, *allowed, "submodule", "add", "-q", f"../{inner}", "inner")
        git(folder, "commit", "-q", "-m", "inner")
    check_out(Wanted(url=(history.folder.parent / "outer").as_uri()), tmp_path / "out")
    assert (tmp_path / "out" / "inner" / "inner" / "file").exists()


def test_a_login_is_shown_to_no_host_of_a_submodule(history: Repo, tmp_path: Path) -> None:
    """Who owns a repository may name any address in it."""
    asked: list[str] = []

    def login(url: str) -> Login:
        asked.append(url)
        return LOGIN

    with served(history.folder) as url:
        (history.folder / ".gitmodules").write_text(
            f'[submodule "inner"]\n  path = inner\n  url = {url}\n'
        )
        commit = history.git("rev-parse", "HEAD")
        history.git("update-index", "--add", "--cacheinfo", f"160000,{commit},inner")
        history.git("add", ".gitmodules")
        history.git("commit", "-q", "-m", "inner")
        with pytest.raises(UnreachableError, match=r"the submodule inner: .* a login is needed"):
            check_out(Wanted(url=history.folder.as_uri()), tmp_path / "out", login)
    assert asked == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"revision": "none"}, "has no revision 'none'"),
        ({"branch": "none"}, "has no revision 'none'"),
        ({"url": "/etc"}, "is no address of a Git repository"),
        ({"url": "ext::sh"}, "is no address of a Git repository"),
    ],
)
def test_what_does_not_exist_is_told(
    history: Repo, tmp_path: Path, wanted: dict[str, Any], message: str
) -> None:
    """With the name that was looked for."""
    stated: dict[str, Any] = {"url": history.folder.as_uri(), **wanted}
    with pytest.raises(UsageError, match=message):
        check_out(Wanted(**stated), tmp_path / "out")


def test_a_server_that_lets_us_not_in_is_told(history: Repo, tmp_path: Path) -> None:
    """Without the word that it refused."""
    with served(history.folder) as url:
        wrong = Login(username="me", password=Secret("wrong-word"))
        with pytest.raises(UnreachableError, match="the login was refused") as caught:
            check_out(Wanted(url=url), tmp_path / "out", lambda _: wrong)
    assert "wrong-word" not in str(caught.value)


def test_an_unknown_server_is_trusted_only_where_that_is_asked(
    history: Repo, tmp_path: Path
) -> None:
    """Over SSH with a key."""
    with ssh_server(history.folder, tmp_path / "ssh", "a passphrase") as server:
        key = Login(
            username="git",
            private_key=Secret(server.key.read_text()),
            password=Secret("a passphrase"),
        )
        with pytest.raises(UnreachableError):
            check_out(Wanted(url=server.url), tmp_path / "no", lambda _: key)
        wanted = Wanted(url=server.url, trusting=True)
        check_out(wanted, tmp_path / "out", lambda _: key)
    assert (tmp_path / "out" / "file").read_text() == "2\n"
