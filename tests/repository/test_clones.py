"""Other repositories are cloned whole or not at all, and revisions resolved as in Argo CD."""

import contextlib
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.model.secrets import Secret
from ruleengine.repository.clones import Clones, Login, shown_url
from ruleengine.repository.versions import highest
from tests.repository.conftest import Repo

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


class Backend(http.server.BaseHTTPRequestHandler):
    """Serves repositories as a Git host does, behind a login, quietly."""

    root = Path()

    def do_GET(self) -> None:
        """Let ``git http-backend`` answer those who are logged in."""
        if self.headers.get("Authorization") != "Basic bWU6aHVudGVyMg==":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = {
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.root),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        answer = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env=os.environ | request,
        ).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().splitlines():
            name, _, text = line.partition(": ")
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        """Fetching posts what it has and wants."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def served(repository: Path) -> Iterator[str]:
    """Serve a repository over HTTP on a loopback port."""
    handler = type("Handler", (Backend,), {"root": repository.parent})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{repository.name}/.git"
        finally:
            server.shutdown()
            thread.join()


def test_a_repository_is_fetched_over_http_with_a_login(repo: Repo, tmp_path: Path) -> None:
    """The callback is asked; a second fetch brings what is new."""
    repo.commit({"a.yaml": "a: 1\n"})
    login = Login(username="me", password=Secret("hunter2"))
    with served(repo.folder) as url:
        clones = Clones(tmp_path / "clones", lambda _: login)
        clones.fetch(url)
        second = repo.commit({"a.yaml": "a: 2\n"})
        clone = clones.fetch(url)
    assert clone.resolve("HEAD") == second
    assert clone.tree("main").read("a.yaml") == b"a: 2\n"


@pytest.mark.parametrize("login", [None, Login(username="me", password=Secret("wrong-one"))])
def test_a_wrong_login_is_said_so(repo: Repo, tmp_path: Path, login: Login | None) -> None:
    """Once, without showing it."""
    repo.commit({"a.yaml": "a: 1\n"})
    with served(repo.folder) as url, pytest.raises(UnreachableError, match="login") as caught:
        Clones(tmp_path / "clones", lambda _: login).fetch(url)
    assert "wrong-one" not in str(caught.value)
