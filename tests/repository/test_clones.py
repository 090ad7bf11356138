"""Other repositories are cloned whole or not at all, and revisions resolved as in Argo CD."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.model.secrets import Secret
from ruleengine.repository.clones import Clones, Login, shown_url
from ruleengine.repository.versions import highest
from tests.repository.conftest import Repo
from tests.repository.servers import served, ssh_server

TAGS = ["v1.0.0", "v1.2.3", "1.4.0", "v2.0.0", "v2.1.0-rc.1", "nightly"]


def test_a_clone_follows_its_origin(repo: Repo, tmp_path: Path) -> None:
    """A second fetch brings new commits and drops deleted branches."""
    first = repo.commit({"a.yaml": "a: 1\n"})
    repo.git("branch", "old")
    clones = Clones(tmp_path / "clones")
    url = repo.folder.as_uri()
    assert clones.fetch(url).resolve("old") == first
    second = repo.commit({"a.yaml": "a: 2\n"})
    repo.git("branch", "-D", "old")
    clone = clones.fetch(url)
    assert clone.resolve("HEAD") == clone.resolve("") == clone.resolve("main") == second
    assert clone.tree("main").read("a.yaml") == b"a: 2\n"
    with pytest.raises(UsageError):
        clone.resolve("old")


def test_a_target_revision_is_a_name_a_commit_or_a_constraint(repo: Repo, tmp_path: Path) -> None:
    """The highest tag that a constraint allows."""
    commits = {tag: repo.commit({"a.yaml": f"{tag}\n"}) for tag in TAGS}
    for tag, commit in commits.items():
        repo.git("tag", tag, commit)
    clone = Clones(tmp_path / "clones").fetch(repo.folder.as_uri())
    asked = ["v1.0.0", "^1.0", "1.x", "refs/tags/nightly", commits["v2.0.0"], commits["v2.0.0"][:9]]
    found = ["v1.0.0", "1.4.0", "1.4.0", "nightly", "v2.0.0", "v2.0.0"]
    assert [clone.resolve(one) for one in asked] == [commits[tag] for tag in found]


@pytest.mark.parametrize(
    ("constraint", "tag"),
    [
        ("*", "v2.0.0"),
        ("^1.0.0", "1.4.0"),
        ("~1.2", "v1.2.3"),
        ("1.2.x", "v1.2.3"),
        (">=1.0 <1.4", "v1.2.3"),
        (">= 1.0.0, < 2.0.0", "1.4.0"),
        ("1.0 - 1.3", "v1.2.3"),
        (">2.0.0-0", "v2.1.0-rc.1"),
        ("3.x || 1.0.0", "v1.0.0"),
        ("<=1", "1.4.0"),
        (">1", "v2.0.0"),
        ("!=2.0.0", "1.4.0"),
        ("^3", None),
    ],
)
def test_a_constraint_means_its_highest_version(constraint: str, tag: str | None) -> None:
    """A pre-release only where one is named."""
    assert highest(TAGS, constraint) == tag


def test_an_unfinished_clone_is_made_again(repo: Repo, tmp_path: Path) -> None:
    """What a killed process left behind is in nobody's way."""
    repo.commit({"a.yaml": "a: 1\n"})
    clones = Clones(tmp_path / "clones")
    clones.fetch(repo.folder.as_uri())
    (place,) = (tmp_path / "clones").glob("*.git")
    place.rename(place.with_suffix(".partial"))
    assert clones.fetch(repo.folder.as_uri()).tree("main").read("a.yaml") == b"a: 1\n"
    assert not list((tmp_path / "clones").glob("*.partial"))


def test_what_cannot_be_fetched_leaves_nothing_behind(tmp_path: Path) -> None:
    """And the message holds no password."""
    clones = Clones(tmp_path / "clones")
    for url in ((tmp_path / "gone").as_uri(), "http://me:hunter2@127.0.0.1:9/x.git"):
        with pytest.raises(UnreachableError) as caught:
            clones.fetch(url)
        assert "hunter2" not in str(caught.value)
    assert not [*(tmp_path / "clones").glob("*.git"), *(tmp_path / "clones").glob("*.partial")]


@pytest.mark.parametrize("url", ["ext::sh -c id", "--upload-pack=x", "/etc", "ftp://x/y", ""])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    """Some of them would run a program."""
    with pytest.raises(UsageError):
        Clones(tmp_path).fetch(url)


def test_a_shown_address_has_no_login() -> None:
    """Names and passwords stay hidden."""
    assert shown_url("https://me:hunter2@example.com/r.git") == "https://example.com/r.git"


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_repository_is_fetched_with_a_login(repo: Repo, tmp_path: Path, *, tls: bool) -> None:
    """The callback is asked; a second fetch brings what is new."""
    repo.commit({"a.yaml": "a: 1\n"})
    login = Login(username="me", password=Secret("hunter2"))
    authority = tmp_path / "tls" if tls else None
    with served(repo.folder, authority) as url:
        environment = {**os.environ, "GIT_SSL_CAINFO": str(tmp_path / "tls" / "ca.crt")}
        clones = Clones(tmp_path / "clones", lambda _: login, environment)
        clones.fetch(url)
        second = repo.commit({"a.yaml": "a: 2\n"})
        clone = clones.fetch(url)
    assert clone.resolve("HEAD") == second
    assert clone.tree("main").read("a.yaml") == b"a: 2\n"


def test_the_authority_of_a_server_may_stand_in_the_settings_of_git(
    repo: Repo, tmp_path: Path
) -> None:
    """For one URL or for all."""
    commit = repo.commit({"a.yaml": "a: 1\n"})
    login = Login(username="me", password=Secret("hunter2"))
    with served(repo.folder, tmp_path / "tls") as url:
        settings = tmp_path / "gitconfig"
        settings.write_text(f'[http "{url}"]\n  sslCAInfo = {tmp_path}/tls/ca.crt\n')
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": str(settings), "GIT_SSL_CAINFO": ""}
        clone = Clones(tmp_path / "clones", lambda _: login, environment).fetch(url)
    assert clone.resolve("HEAD") == commit


def test_a_server_of_an_unknown_authority_is_not_trusted(repo: Repo, tmp_path: Path) -> None:
    """It gets no password, and the remedy names Git's setting."""
    repo.commit({"a.yaml": "a: 1\n"})
    asked: list[str] = []
    with served(repo.folder, tmp_path / "tls") as url, pytest.raises(UnreachableError) as caught:
        Clones(tmp_path / "clones", asked.append).fetch(url)
    assert "http.sslCAInfo" in caught.value.remedy
    assert asked == []


@pytest.mark.parametrize("login", [None, Login(username="me", password=Secret("wrong-one"))])
def test_a_wrong_login_is_said_so(repo: Repo, tmp_path: Path, login: Login | None) -> None:
    """Once, without showing it."""
    repo.commit({"a.yaml": "a: 1\n"})
    with served(repo.folder) as url, pytest.raises(UnreachableError, match="login") as caught:
        Clones(tmp_path / "clones", lambda _: login).fetch(url)
    assert "wrong-one" not in str(caught.value)


SSH = """
import sys
from pathlib import Path
from ruleengine.model.errors import UnreachableError
from ruleengine.model.secrets import Secret
from ruleengine.repository.clones import Clones, Login

url, key, phrase, place = sys.argv[1:]
login = Login(
    username="x", password=Secret(phrase), private_key=Secret(Path(key).read_text())
)
try:
    print(Clones(Path(place), lambda _: login).fetch(url).resolve("HEAD"))
except UnreachableError as error:
    print(error.message, error.remedy)
"""
"""Fetches in a process of its own: the library looks once for the home folder."""


def test_a_repository_is_fetched_over_ssh_with_a_key(repo: Repo, tmp_path: Path) -> None:
    """A key with a passphrase, from memory; a server with another key is not trusted."""
    first = repo.commit({"a.yaml": "a: 1\n"})

    def fetch(phrase: str = "open sesame") -> str:
        done = subprocess.run(
            [sys.executable, "-c", SSH, server.url, server.key, phrase, tmp_path / "clones"],
            env={**os.environ, "HOME": str(server.home)},
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        return done.stdout.strip()

    with ssh_server(repo.folder, tmp_path / "ssh", "open sesame") as server:
        assert "known_hosts" in fetch()
        server.be_known()
        assert "cannot be fetched" in fetch("wrong")
        assert fetch() == first
        assert fetch() == first == repo.git("rev-parse", "HEAD")
        second = repo.commit({"a.yaml": "a: 2\n"})
        assert fetch() == second
        server.be_known_by_another_key()
        assert "known_hosts" in fetch()
