"""``git`` artifacts: what the document says reaches Git, and credentials come from Secrets."""

from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.repository.checkouts import Wanted
from ruleengine.services.artifacts.store import ArtifactError
from ruleengine.step import git as under_test
from ruleengine.step.loading import load_all
from ruleengine.step.plan import StepError
from tests.repository.conftest import Repo
from tests.repository.servers import served
from tests.repository.test_checkouts import git
from tests.services.test_artifact_stores import Keys, selector

KEYS = Keys(user="me", word="hunter2", key="private")


@pytest.fixture
def history(tmp_path: Path) -> Repo:
    """Return a repository with two commits."""
    made = Repo(tmp_path / "origin")
    made.commit({"file": "1\n"})
    made.git("tag", "v1")
    made.commit({"file": "2\n"})
    return made


def test_what_a_location_says_is_what_is_checked_out(history: Repo, tmp_path: Path) -> None:
    """Behind a login, at the path of the artifact, with its history."""
    place = tmp_path / "src"
    with served(history.folder, tmp_path / "tls") as url:
        location: Object = {
            "repo": url,
            "revision": "v1",
            "usernameSecret": selector("user"),
            "passwordSecret": selector("word"),
        }
        artifact = {"name": "a", "path": str(place), "location": {"git": location}}
        with pytest.raises(StepError, match=r"'a' cannot be loaded: .* cannot be fetched"):
            load_all([artifact], KEYS)
        location["insecureSkipTLS"] = True
        load_all([artifact], KEYS)
    assert (place / "file").read_text() == "1\n"
    assert git(place, "rev-list", "--count", "HEAD") == "1"


def test_a_revision_that_does_not_exist_is_told(history: Repo, tmp_path: Path) -> None:
    """As an error of the artifact, with the remedy."""
    stated = {"repo": history.folder.as_uri(), "revision": "none"}
    with pytest.raises(ArtifactError, match="no revision 'none'; name a branch"):
        under_test.check_out_artifact(stated, tmp_path / "out", KEYS)


@pytest.mark.parametrize("depth", ["deep", -1, [1], 1.5])
def test_a_depth_that_is_none_is_told(history: Repo, tmp_path: Path, depth: Any) -> None:
    """As an error of the artifact."""
    stated = {"repo": history.folder.as_uri(), "depth": depth}
    with pytest.raises(ArtifactError, match="`depth` must be a whole number of 0 or more"):
        under_test.check_out_artifact(stated, tmp_path / "out", KEYS)


ASKED: list[tuple[Object, Wanted]] = [
    ({}, Wanted(url="u")),
    ({"revision": "v1", "branch": "b"}, Wanted(url="u", revision="v1", branch="b")),
    ({"depth": 3}, Wanted(url="u", depth=3)),
    ({"depth": 0}, Wanted(url="u")),
    ({"singleBranch": True}, Wanted(url="u", single_branch=True)),
    ({"fetch": ["refs/a:refs/a"]}, Wanted(url="u", fetch=("refs/a:refs/a",))),
    ({"disableSubmodules": True}, Wanted(url="u", submodules=False)),
    ({"insecureIgnoreHostKey": True}, Wanted(url="u", trusting=True)),
    ({"insecureSkipTLS": True}, Wanted(url="u", trusting=True)),
]


@pytest.mark.parametrize(("stated", "wanted"), ASKED)
def test_each_option_of_a_location_is_asked_of_git(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stated: Object, wanted: Wanted
) -> None:
    """And nothing that it does not state."""
    asked = []
    monkeypatch.setattr(under_test, "check_out", lambda *all_: asked.append(all_[:2]))
    under_test.check_out_artifact({"repo": "u", **stated}, tmp_path, KEYS)
    assert asked == [(wanted, tmp_path)]


LOGINS: list[tuple[Object, Any]] = [
    ({}, None),
    ({"usernameSecret": "user", "passwordSecret": "word"}, ("me", "hunter2", None)),
    ({"sshPrivateKeySecret": "key"}, ("git", None, "private")),
    ({"repo": "ssh://she@h/r", "sshPrivateKeySecret": "key"}, ("she", None, "private")),
]


@pytest.mark.parametrize(("stated", "expected"), LOGINS)
def test_who_we_are_is_read_from_secrets(stated: Object, expected: Any) -> None:
    """The name of the user may stand in the address."""
    location = {
        name: selector(text) if name.endswith("Secret") else text for name, text in stated.items()
    }
    login = under_test._login({"repo": "ssh://h/r", **location}, KEYS)
    found = login and (
        login.username,
        login.password and login.password.reveal(),
        login.private_key and login.private_key.reveal(),
    )
    assert found == expected


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    """Also where its user would be looked for in it."""
    stated = {"repo": "ssh://[h/r", "sshPrivateKeySecret": selector("key")}
    with pytest.raises(ArtifactError, match="no address of a Git repository"):
        under_test.check_out_artifact(stated, tmp_path / "out", KEYS)
